/*
 * What must always hold: Figure 3.2 of the dissertation, and that nothing is
 * promised that is not on disk. See raft_sim.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "raft_sim.h"

#define TERMS_MAX  65536
#define WALK_EVERY 97 /* steps between two walks over a whole log */

/* Every entry that any log ever had, by index, one for each term. */
struct known {
	uint64_t term;
	uint64_t prev_term;
	uint64_t sum; /* of type and data */
	struct known *next;
};

struct committed {
	uint64_t term;
	uint64_t sum;
	uint64_t in_term; /* in which it was committed */
};

struct checks {
	size_t leader_of[TERMS_MAX]; /* node + 1 */
	struct known **known;	     /* by index */
	size_t known_count;
	struct committed *committed; /* by index - 1 */
	size_t committed_count, committed_capacity;
	uint64_t acknowledged; /* highest index a client was told of */
	uint64_t *lost;	       /* ids that were refused for certain */
	size_t lost_count, lost_capacity;
};

struct checks *
checks_new(void)
{
	return (xcalloc(1, sizeof(struct checks)));
}

void
checks_free(struct checks *checks)
{
	for (size_t i = 0; i < checks->known_count; i++)
		while (checks->known[i] != NULL) {
			struct known *next = checks->known[i]->next;

			free(checks->known[i]);
			checks->known[i] = next;
		}
	free(checks->known);
	free(checks->committed);
	free(checks->lost);
	free(checks);
}

static void
describe(const struct cluster *c)
{
	for (size_t i = 0; i < c->node_count; i++) {
		const struct node *node = &c->nodes[i];
		const struct raft *raft = &node->raft;

		printf("# node %zu: %s role %d term %" PRIu64 " vote '%s' "
		       "leader '%s' log %" PRIu64 "..%" PRIu64 " (%" PRIu64
		       ") on disk %" PRIu64 " committed %" PRIu64
		       " members %zu of %" PRIu64 "/%" PRIu64 "%s\n",
		    i, node->is_alive ? "up" : "down", (int)raft->role,
		    raft->term, raft->vote.text, raft->leader.text,
		    raft->trail.first_index, raft->trail.last_index,
		    trail_last_term(&raft->trail), raft->persisted_index,
		    raft->commit_index, raft->latest.count, raft->latest_index,
		    raft->committed_index,
		    raft->installing.is_running ? " installing" : "");
	}
}

void
broken(struct cluster *c, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	printf(
	    "not ok - seed %" PRIu64 ", step %" PRIu64 ": ", c->seed, c->steps);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	describe(c);
	printf("# see it again: make sim SEED=%" PRIu64 "\n", c->seed);
	exit(1);
}

static uint64_t
sum_of(const struct entry *entry)
{
	uint64_t sum = slice_hash(entry->data);

	return (
	    entry->type == ENTRY_CONFIGURATION ? 5 : sum * 31 + entry->type);
}

/* --- Log Matching. --- */

static struct known **
known_at(struct checks *checks, uint64_t index)
{
	if (index >= checks->known_count) {
		size_t count = (size_t)index * 2 + 64;

		checks->known =
		    xreallocarray(checks->known, count, sizeof(*checks->known));
		memset(checks->known + checks->known_count, 0,
		    (count - checks->known_count) * sizeof(*checks->known));
		checks->known_count = count;
	}
	return (&checks->known[index]);
}

/* An index and a term name one entry, and one entry before it, in all logs for
 * ever; by induction the logs are the same up to there. */
static void
check_known(struct cluster *c, size_t at, uint64_t index, uint64_t term,
    uint64_t prev_term, uint64_t sum)
{
	struct known **head = known_at(c->checks, index), *one = *head;

	while (one != NULL && one->term != term)
		one = one->next;
	if (one == NULL) {
		one = xcalloc(1, sizeof(*one));
		*one = (struct known){ term, prev_term, sum, *head };
		*head = one;
	}
	if (one->prev_term != prev_term || one->sum != sum)
		broken(c,
		    "Log Matching: entry %" PRIu64 " of term %" PRIu64
		    " is another on node %zu",
		    index, term, at);
}

void
check_appended(struct cluster *c, size_t at, const struct entry *entry)
{
	uint64_t prev_term = 0;

	/* Not known if the entry before it was trimmed in this very step. */
	if (trail_term_of(
		&c->nodes[at].raft.trail, entry->index - 1, &prev_term))
		check_known(
		    c, at, entry->index, entry->term, prev_term, sum_of(entry));
}

void
check_unmade(struct cluster *c, uint64_t index, uint64_t term)
{
	struct known **at = known_at(c->checks, index), *gone;

	while (*at != NULL && (*at)->term != term)
		at = &(*at)->next;
	gone = *at;
	if (gone == NULL)
		return;
	*at = gone->next;
	free(gone);
}

static void
walk_log(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	struct trail *trail = &node->raft.trail;

	for (uint64_t index = trail->first_index; index <= trail->last_index;
	     index++) {
		uint64_t term, prev_term;
		struct entry *entries;

		if (recent_find(&node->log, index, &entries) == 0 ||
		    !trail_term_of(trail, index, &term) ||
		    entries[0].term != term)
			broken(c, "node %zu: trail and log differ at %" PRIu64,
			    at, index);
		if (trail_term_of(trail, index - 1, &prev_term))
			check_known(
			    c, at, index, term, prev_term, sum_of(&entries[0]));
	}
}

/* --- Election Safety, Leader Completeness. --- */

static bool
has_entry(const struct node *node, uint64_t index, uint64_t term)
{
	uint64_t own;

	if (index <= node->raft.trail.snapshot_index)
		return (true); /* check_snapshot has seen it */
	return (trail_term_of(&node->raft.trail, index, &own) && own == term);
}

static void
check_leader(struct cluster *c, size_t at)
{
	struct raft *raft = &c->nodes[at].raft;
	size_t *leader;

	if (raft->role != ROLE_LEADER)
		return;
	if (raft->term >= TERMS_MAX)
		broken(c, "more terms than can be looked at");
	leader = &c->checks->leader_of[raft->term];
	if (*leader == at + 1)
		return;
	if (*leader != 0)
		broken(c,
		    "Election Safety: nodes %zu and %zu lead term "
		    "%" PRIu64,
		    *leader - 1, at, raft->term);
	*leader = at + 1;
	/* A vote may come so late that there is a newer term: what that one
	 * has committed this leader need not have. */
	for (size_t i = 0; i < c->checks->committed_count; i++)
		if (c->checks->committed[i].in_term < raft->term &&
		    !has_entry(
			&c->nodes[at], i + 1, c->checks->committed[i].term))
			broken(c,
			    "Leader Completeness: node %zu leads term "
			    "%" PRIu64 " without entry %zu",
			    at, raft->term, i + 1);
}

/* --- State Machine Safety. --- */

static void
check_fate(struct cluster *c, const struct entry *entry)
{
	struct checks *checks = c->checks;
	uint64_t id;

	if (entry->type != ENTRY_COMMAND || entry->data.size != sizeof(id))
		return;
	memcpy(&id, entry->data.data, sizeof(id));
	for (size_t i = 0; i < checks->lost_count; i++)
		if (checks->lost[i] == id)
			broken(c,
			    "proposal %" PRIu64 " was refused for "
			    "certain, and is committed at %" PRIu64,
			    id, entry->index);
}

/*
 * A default read: who holds a lease, or whose page is still trusted, answers
 * without asking anyone. So nothing may be committed in a newer term before the
 * last of them has lost it.
 */
static void
check_trust(struct cluster *c, uint64_t term)
{
	/* These have no lease that would be shorter than an election. */
	if (c->seed % 3 == 0)
		return;
	for (size_t i = 0; i < c->node_count; i++) {
		const struct node *node = &c->nodes[i];

		if (!instant_before(node_now(c, i), node->page_until))
			continue;
		if (node->page_term < term)
			broken(c,
			    "Lease: an entry of term %" PRIu64
			    " is committed while node %zu is trusted by its "
			    "lease of term %" PRIu64,
			    term, i, node->page_term);
		c->trusted++;
	}
}

static void
apply(struct cluster *c, size_t at, const struct entry *entry)
{
	struct checks *checks = c->checks;
	struct committed one = { entry->term, sum_of(entry),
		c->nodes[at].raft.term },
			 *known;

	if (entry->index > checks->committed_count + 1)
		broken(c, "node %zu applies %" PRIu64 " before its turn", at,
		    entry->index);
	if (entry->index <= checks->committed_count) {
		known = &checks->committed[entry->index - 1];
		if (known->term != one.term || known->sum != one.sum)
			broken(c,
			    "State Machine Safety: node %zu applies "
			    "another entry %" PRIu64,
			    at, entry->index);
		return;
	}
	if (checks->committed_count == checks->committed_capacity) {
		checks->committed_capacity =
		    checks->committed_capacity * 2 + 256;
		checks->committed = xreallocarray(checks->committed,
		    checks->committed_capacity, sizeof(*checks->committed));
	}
	checks->committed[checks->committed_count++] = one;
	check_fate(c, entry);
	check_trust(c, one.in_term);
}

static void
apply_all(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];

	while (node->applied < node->raft.commit_index) {
		struct entry *entries;

		if (recent_find(&node->log, node->applied + 1, &entries) == 0)
			broken(c,
			    "node %zu has not got entry %" PRIu64
			    " that it says is committed",
			    at, node->applied + 1);
		apply(c, at, &entries[0]);
		node->applied++;
		if (entries[0].id != 0 &&
		    c->checks->acknowledged < node->applied)
			c->checks->acknowledged = node->applied;
	}
}

void
check_snapshot(struct cluster *c, uint64_t index, uint64_t term)
{
	if (index > c->checks->committed_count ||
	    c->checks->committed[index - 1].term != term)
		broken(c,
		    "a snapshot of %" PRIu64 " of term %" PRIu64
		    ", which is not committed",
		    index, term);
}

/* A consistent read: a leader that was verified had all that any client had
 * been told of when it was asked. */
static void
check_verified(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];
	struct asked *asked = &node->asked;

	if (!asked->is_open)
		return;
	if (node->raft.role != ROLE_LEADER || node->raft.term != asked->term) {
		asked->is_open = false;
		return;
	}
	if (raft_verified_round(&node->raft) < asked->round)
		return;
	asked->is_open = false;
	c->verified++;
	if (asked->commit_index < asked->acknowledged)
		broken(c,
		    "node %zu was verified as leader with %" PRIu64
		    " committed, when %" PRIu64 " was acknowledged",
		    at, asked->commit_index, asked->acknowledged);
}

void
check_step(struct cluster *c, size_t at)
{
	check_leader(c, at);
	apply_all(c, at);
	check_verified(c, at);
	if (c->steps % WALK_EVERY == 0)
		walk_log(c, at);
}

/* --- Promises. --- */

static void
check_vote_promise(struct cluster *c, size_t at, uint64_t term,
    const struct raft_name *candidate)
{
	const struct disk *disk = &c->nodes[at].disk;

	if (disk->term > term)
		return;
	if (disk->term < term || !raft_name_is(&disk->vote, candidate))
		broken(c,
		    "node %zu speaks of its vote for %s in term %" PRIu64
		    " before it is on disk",
		    at, candidate->text, term);
}

void
check_promise(struct cluster *c, size_t at, const struct message *message)
{
	const struct node *node = &c->nodes[at];
	const struct disk *disk = &node->disk;
	uint64_t match = message->ticket.match_index;

	if (disk->term < message->term)
		broken(c,
		    "node %zu speaks in term %" PRIu64 " before it is on disk",
		    at, message->term);
	if (message->kind == MESSAGE_VOTE)
		check_vote_promise(c, at, message->term, &node->address);
	if (message->kind == MESSAGE_VOTE_REPLY &&
	    message->as.vote_reply.is_granted)
		check_vote_promise(c, at, message->term, &message->peer);
	if (message->kind == MESSAGE_APPEND_REPLY &&
	    message->as.append_reply.is_success &&
	    disk->term == message->term && disk_last_index(disk) < match)
		broken(c,
		    "node %zu says that it has %" PRIu64 ", and has %" PRIu64,
		    at, match, disk_last_index(disk));
	if (message->kind == MESSAGE_INSTALL_REPLY &&
	    message->as.install_reply.is_success &&
	    disk->snapshot.index < match && disk_last_index(disk) < match)
		broken(
		    c, "node %zu has not got the snapshot it says it has", at);
}

void
check_lost(struct cluster *c, uint64_t id)
{
	struct checks *checks = c->checks;

	if (checks->lost_count == checks->lost_capacity) {
		checks->lost_capacity = checks->lost_capacity * 2 + 64;
		checks->lost = xreallocarray(
		    checks->lost, checks->lost_capacity, sizeof(*checks->lost));
	}
	checks->lost[checks->lost_count++] = id;
}

uint64_t
checks_acknowledged(const struct cluster *c)
{
	return (c->checks->acknowledged);
}

uint64_t
checks_committed(const struct cluster *c)
{
	return (c->checks->committed_count);
}

/* --- The end. --- */

bool
check_converged(struct cluster *c)
{
	const struct raft *leader = NULL;

	for (size_t i = 0; i < c->node_count; i++)
		if (c->nodes[i].is_alive && raft_is_ready(&c->nodes[i].raft) &&
		    (leader == NULL || c->nodes[i].raft.term > leader->term))
			leader = &c->nodes[i].raft;
	if (leader == NULL || leader->commit_index != leader->trail.last_index)
		return (false);
	for (size_t i = 0; i < c->node_count; i++) {
		const struct raft *raft = &c->nodes[i].raft;

		if (membership_find(&leader->latest, &c->nodes[i].id) == NULL)
			continue;
		if (!c->nodes[i].is_alive ||
		    raft->commit_index != leader->commit_index ||
		    !raft_name_is(&raft->leader, &leader->options.address))
			return (false);
	}
	return (true);
}
