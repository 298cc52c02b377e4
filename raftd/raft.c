/*
 * One server of a Raft cluster: its state, and which rule an event wakes. The
 * rules are in election.c, replication.c (leader) and follower.c.
 */
#include "raft.h"

#include <assert.h>
#include <string.h>

#include "core.h"

void
raft_init(struct raft *raft, const struct raft_options *options)
{
	assert(raft_name_is_set(&options->id));
	assert(raft_name_is_set(&options->address));
	assert(options->append_entries_max > 0);
	memset(raft, 0, sizeof(*raft));
	raft->options = *options;
	raft->random = options->seed;
	raft->election_at = INSTANT_NEVER;
	raft->heartbeat_at = INSTANT_NEVER;
	raft->leaving_at = INSTANT_NEVER;
	trail_init(&raft->trail);
}

void
raft_deinit(struct raft *raft)
{
	trail_deinit(&raft->trail);
}

/* --- Loading. --- */

void
raft_load_state(struct raft *raft, uint64_t term, const struct raft_name *vote)
{
	raft->term = term;
	raft->vote = *vote;
}

void
raft_load_snapshot(struct raft *raft, uint64_t index, uint64_t term,
    const struct membership *membership, uint64_t membership_index)
{
	trail_reset(&raft->trail, index, term);
	raft->latest = raft->committed = *membership;
	raft->latest_index = raft->committed_index = membership_index;
	raft->commit_index = index; /* snapshots hold only what is committed */
	raft->persisted_index = index;
}

void
raft_load_first(struct raft *raft, uint64_t first_index)
{
	struct trail *trail = &raft->trail;

	assert(first_index > 0);
	assert(first_index <= trail->snapshot_index + 1);
	trail->first_index = first_index;
	trail->last_index = first_index - 1;
}

void
raft_load_entry(
    struct raft *raft, uint64_t term, const struct membership *membership)
{
	struct trail *trail = &raft->trail;

	trail_append(trail, term);
	if (trail->last_index > raft->persisted_index)
		raft->persisted_index = trail->last_index;
	/* A server takes a configuration from the log whether it is committed
	 * or not; the one before it must be (dissertation 4.1). */
	if (membership != NULL && trail->last_index > raft->latest_index) {
		raft->committed = raft->latest;
		raft->committed_index = raft->latest_index;
		raft->latest = *membership;
		raft->latest_index = trail->last_index;
	}
}

void
raft_load_recovered(
    struct raft *raft, uint64_t index, const struct membership *membership)
{
	assert(index <= raft->trail.last_index);
	raft->latest = raft->committed = *membership;
	raft->latest_index = raft->committed_index = index;
	raft->is_recovered = true;
}

/* --- What the rules share. --- */

struct duration
step_random(struct step *s, struct duration low)
{
	uint64_t mixed = s->raft->random += 0x9e3779b97f4a7c15; /* splitmix64 */

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
	mixed ^= mixed >> 31;
	return (NANOSECONDS(low.ns + (int64_t)(mixed % (uint64_t)low.ns)));
}

/* All that a turn writes is one write, with one number. */
static void
begin_write(struct step *s)
{
	struct raft *raft = s->raft;

	if (s->fx->write.number == 0)
		s->fx->write.number = ++raft->write;
	assert(s->fx->write.number == raft->write);
	if (raft->is_state_unsaved) {
		raft->is_state_unsaved = false;
		raft->state_write = raft->write;
	}
}

void
step_write_state(struct step *s)
{
	s->raft->is_state_unsaved = true;
	begin_write(s);
}

uint64_t
step_after_state(struct step *s)
{
	struct raft *raft = s->raft;

	if (raft->is_state_unsaved)
		begin_write(s);
	return (
	    raft->state_write > raft->persisted_write ? raft->state_write : 0);
}

uint64_t
step_after_all(struct step *s)
{
	struct raft *raft = s->raft;

	(void)step_after_state(s);
	return (raft->write > raft->persisted_write ? raft->write : 0);
}

/* A configuration is in force when it is appended, not when it is committed
 * (dissertation 4.1). */
static void
take_membership(
    struct step *s, const struct membership *membership, uint64_t index)
{
	struct raft *raft = s->raft;

	raft->committed = raft->latest;
	raft->committed_index = raft->latest_index;
	raft->latest = *membership;
	raft->latest_index = index;
	raft->is_recovered = false;
	raft->was_told_idle = false;
	s->fx->has_changed = true;
	if (raft->role == ROLE_LEADER)
		replication_set_members(s);
}

void
step_append(struct step *s, const struct entry *entry)
{
	struct raft *raft = s->raft;

	assert(entry->index == raft->trail.last_index + 1);
	assert((entry->type == ENTRY_CONFIGURATION) ==
	       (entry->membership != NULL));
	trail_append(&raft->trail, entry->term);
	begin_write(s);
	effects_entry(s->fx, entry);
	if (entry->membership != NULL)
		take_membership(s, entry->membership, entry->index);
}

void
step_truncate(struct step *s, uint64_t from)
{
	struct raft *raft = s->raft;

	assert(from > raft->commit_index); /* committed entries stay */
	if (from > raft->trail.last_index)
		return;
	effects_note(s->fx, NOTE_LOG_TRUNCATED, from, NULL);
	trail_truncate(&raft->trail, from);
	effects_truncate(s->fx, from);
	if (raft->persisted_index >= from)
		raft->persisted_index = from - 1;
	if (raft->leader_commit >= from)
		raft->leader_commit = from - 1;
	if (raft->latest_index < from)
		return;
	/* Another one came behind it, so it is committed, although its entry
	 * may go, too: on a follower that was catching up when its disk
	 * failed. It will come again. */
	if (raft->committed_index >= from)
		raft->committed_index = from - 1;
	raft->latest = raft->committed;
	raft->latest_index = raft->committed_index;
	s->fx->has_changed = true;
}

void
step_set_leader(struct step *s, const struct raft_name *leader)
{
	if (raft_name_is(&s->raft->leader, leader))
		return;
	s->raft->leader = *leader;
	s->fx->has_changed = true;
}

void
step_lose_from(struct step *s, uint64_t index, enum refusal why)
{
	if (s->fx->lost_from != 0 && s->fx->lost_from <= index)
		return;
	s->fx->lost_from = index;
	s->fx->lost_why = why;
}

/* Our own readers may trust us so long, whatever happens to us now. */
static struct instant
lease_left(const struct raft *raft, struct instant now)
{
	struct instant lease = raft_lease(raft);

	if (replication_leaves(raft))
		return (raft->leaving_at);
	return (lease.ns == INSTANT_NEVER.ns ? now : lease);
}

void
step_become_follower(struct step *s, uint64_t term)
{
	struct raft *raft = s->raft;
	enum role was = raft->role;

	assert(term >= raft->term);
	if (was == ROLE_LEADER)
		raft->lease_end = lease_left(raft, s->now);
	if (term > raft->term) {
		/* Figure 3.1, Rules for Servers: if RPC request or response
		 * contains term T > currentTerm: set currentTerm = T, convert
		 * to follower. */
		raft->term = term;
		raft->vote = raft_name_of("");
		step_write_state(s);
		s->fx->has_changed = true;
	}
	raft->role = ROLE_FOLLOWER;
	if (was == ROLE_FOLLOWER)
		return;
	if (was == ROLE_LEADER) {
		step_lose_from(
		    s, raft->commit_index + 1, REFUSED_LEADERSHIP_LOST);
		step_set_leader(s, &(struct raft_name){ "" });
		raft->progress_count = 0;
		raft->heartbeat_at = INSTANT_NEVER;
		raft->leaving_at = INSTANT_NEVER;
		raft->leader_commit = raft->commit_index;
	}
	s->fx->has_changed = true;
	effects_note(s->fx, NOTE_ENTERING_FOLLOWER, raft->term, &raft->leader);
	election_arm(s);
}

void
step_set_commit(struct step *s, uint64_t index)
{
	struct raft *raft = s->raft;

	assert(index > raft->commit_index);
	assert(index <= raft->persisted_index);
	raft->commit_index = index;
	s->fx->has_committed = true;
	if (raft->latest_index <= index &&
	    raft->committed_index != raft->latest_index) {
		raft->committed = raft->latest;
		raft->committed_index = raft->latest_index;
		s->fx->has_changed = true;
	}
}

/* --- Events. --- */

static void
start(struct step *s)
{
	struct raft *raft = s->raft;

	effects_note(
	    s->fx, NOTE_INITIAL_CONFIGURATION, raft->latest_index, NULL);
	effects_note(s->fx, NOTE_ENTERING_FOLLOWER, raft->term, &raft->leader);
	s->fx->has_changed = true;
	/* Before we died we may have answered a leader. */
	if (raft->trail.last_index > 0)
		raft->lease_end = instant_add(s->now, election_hold(raft));
	election_arm(s);
	/* Who is the only voter has nobody to wait for. (Consul waits out its
	 * timer; nobody could tell, but for the seconds.) */
	if (raft_is_sole_voter(raft))
		election_start(s, false);
}

/* wire/raft.md 5: only on empty state, index 1, term 1. */
static void
bootstrap(struct step *s, const struct membership *membership)
{
	struct raft *raft = s->raft;

	assert(membership_is_sound(membership));
	if (raft->term != 0 || raft->trail.last_index != 0)
		return;
	raft->term = 1;
	step_write_state(s);
	s->fx->membership = *membership;
	step_append(s, &(struct entry){
			   .index = 1,
			   .term = 1,
			   .type = ENTRY_CONFIGURATION,
			   .membership = &s->fx->membership,
		       });
	election_begun(s);
}

static void
propose(struct step *s, const struct proposal *items, size_t count)
{
	struct raft *raft = s->raft;

	for (size_t i = 0; i < count; i++) {
		if (raft->role != ROLE_LEADER || replication_leaves(raft)) {
			effects_refuse(s->fx, items[i].id, REFUSED_NOT_LEADER);
			continue;
		}
		if (raft->installing.is_running) {
			effects_refuse(s->fx, items[i].id, REFUSED_RESTORED);
			continue;
		}
		/* Figure 3.1, Leaders: if command received from client: append
		 * entry to local log, respond after entry applied. */
		step_append(s, &(struct entry){
				   .index = raft->trail.last_index + 1,
				   .term = raft->term,
				   .type = ENTRY_COMMAND,
				   .data = items[i].data,
				   .extensions = items[i].extensions,
				   .id = items[i].id,
			       });
	}
	if (raft->role == ROLE_LEADER)
		replication_flush(s);
}

static void
change(struct step *s, uint64_t id, const struct change *wanted)
{
	struct raft *raft = s->raft;

	if (raft->role != ROLE_LEADER) {
		effects_refuse(s->fx, id, REFUSED_NOT_LEADER);
		return;
	}
	/* One uncommitted configuration at a time, and only after an entry of
	 * the leader's own term is committed (wire/raft.md 2; the second half
	 * mends the fault of dissertation 4.1 as first published). */
	if (!raft_is_ready(raft) || raft->installing.is_running ||
	    raft->latest_index != raft->committed_index) {
		effects_refuse(s->fx, id, REFUSED_CHANGE_PENDING);
		return;
	}
	if (!membership_change(&raft->latest, wanted, &s->fx->membership)) {
		effects_refuse(s->fx, id, REFUSED_CHANGE_UNSOUND);
		return;
	}
	step_append(s, &(struct entry){
			   .index = raft->trail.last_index + 1,
			   .term = raft->term,
			   .type = ENTRY_CONFIGURATION,
			   .membership = &s->fx->membership,
			   .id = id,
		       });
	effects_note(
	    s->fx, NOTE_CONFIGURATION_CHANGED, raft->latest_index, NULL);
	replication_flush(s);
}

/*
 * hashicorp/raft, restoreUserSnapshot: an index that no log has is burnt for
 * it, behind our last entry and the snapshot's, and at that index it stands as
 * if it had always been there. So all followers need it: their logs end before.
 *
 * Nobody is asked whether they agree. Consul's restore is for disasters: if we
 * die before anyone has it, another leads without it, and we are left with
 * what nobody shares (follower.c refuses to go on from there).
 */
static void
restore(struct step *s, uint64_t index)
{
	struct raft *raft = s->raft;
	struct message *request = &raft->installing.request;

	assert(raft_may_restore(raft, &(const char *){ NULL }));
	if (index < raft->trail.last_index)
		index = raft->trail.last_index;
	index++;
	raft->installing.is_running = raft->installing.is_restore = true;
	raft->installing.membership = raft->latest;
	*request = (struct message){ .kind = MESSAGE_INSTALL };
	request->as.install.index = index;
	request->as.install.index_term = raft->term;
	request->as.install.membership_index = raft->latest_index;
	s->fx->install = (struct install){
		.is_wanted = true,
		.is_restore = true,
		.index = index,
		.term = raft->term,
		.membership_index = raft->latest_index,
		.membership = &raft->installing.membership,
	};
}

static void
persisted(
    struct step *s, uint64_t number, uint64_t last_index, uint64_t last_term)
{
	struct raft *raft = s->raft;
	uint64_t term;

	assert(number > raft->persisted_write);
	assert(number <= raft->write);
	raft->persisted_write = number;
	/* An index and a term name one entry for ever (Log Matching); if the
	 * log ends elsewhere by now, a later write will say so. */
	if (last_index > raft->persisted_index &&
	    trail_term_of(&raft->trail, last_index, &term) && term == last_term)
		raft->persisted_index = last_index;
	if (raft->role == ROLE_CANDIDATE)
		election_persisted(s);
	else if (raft->role == ROLE_LEADER)
		replication_commit(s);
	else
		follower_commit(s);
}

/*
 * Nothing of this write, or of any before it that had not ended, is on disk.
 *
 * That is what a crash would have left, so the log goes back to what is on
 * disk and no promise is broken: replies that depended on it never left. A
 * leader whose lost entries nobody has seen may go on leading (reads go on
 * while a disk is full); any other steps down, and its entries may yet be
 * committed by those who have them.
 */
static void
write_failed(struct step *s, uint64_t number)
{
	struct raft *raft = s->raft;
	uint64_t from = raft->persisted_index + 1;
	bool can_stay = raft_is_ready(raft) &&
			raft->sent_index <= raft->persisted_index &&
			raft->latest_index <= raft->persisted_index;

	assert(s->fx->write.number == 0);
	assert(number == raft->write); /* all that were queued fail together */
	effects_note(s->fx, NOTE_WRITE_FAILED, from, NULL);
	if (raft->state_write > raft->persisted_write)
		raft->is_state_unsaved = true;
	raft->persisted_write = number;
	if (raft->role == ROLE_LEADER && can_stay)
		step_lose_from(s, from, REFUSED_WRITE_FAILED);
	else
		step_become_follower(s, raft->term);
	step_truncate(s, from);
}

/* Snapshot up to here: forget what followers will hardly ask for. */
static void
snapshot_saved(struct step *s, uint64_t index, uint64_t term)
{
	struct raft *raft = s->raft;
	struct trail *trail = &raft->trail;
	uint64_t to = index;

	if (index <= trail->snapshot_index)
		return;
	assert(index <= raft->commit_index);
	trail_set_snapshot(trail, index, term);
	/* hashicorp/raft, compactLogs. */
	if (trail->last_index <= raft->options.trailing_logs)
		return;
	if (to > trail->last_index - raft->options.trailing_logs)
		to = trail->last_index - raft->options.trailing_logs;
	if (to < trail->first_index)
		return;
	trail_trim(trail, to);
	s->fx->trim_to = to;
}

static void
receive(struct step *s, const struct message *message)
{
	switch (message->kind) {
	case MESSAGE_APPEND:
		follower_on_append(s, message);
		break;
	case MESSAGE_INSTALL:
		follower_on_install(s, message);
		break;
	case MESSAGE_APPEND_REPLY:
	case MESSAGE_INSTALL_REPLY:
		replication_on_reply(s, message);
		break;
	case MESSAGE_VOTE:
		election_on_vote(s, message);
		break;
	case MESSAGE_VOTE_REPLY:
		election_on_vote_reply(s, message);
		break;
	case MESSAGE_TIMEOUT_NOW:
		election_on_timeout_now(s, message);
		break;
	}
}

static void
dispatch(struct step *s, const struct event *event)
{
	switch (event->kind) {
	case RAFT_START:
		start(s);
		break;
	case RAFT_BOOTSTRAP:
		bootstrap(s, event->as.bootstrap);
		break;
	case RAFT_TICK:
		if (s->raft->role == ROLE_LEADER)
			replication_tick(s);
		else
			election_tick(s);
		break;
	case RAFT_PROPOSE:
		propose(s, event->as.propose.items, event->as.propose.count);
		break;
	case RAFT_CHANGE:
		change(s, event->as.change.id, &event->as.change.change);
		break;
	case RAFT_VERIFY:
		if (s->raft->role == ROLE_LEADER)
			replication_verify(s);
		break;
	case RAFT_TRANSFER:
		if (s->raft->role == ROLE_LEADER)
			replication_transfer(s);
		break;
	case RAFT_RECEIVE:
		receive(s, event->as.receive);
		break;
	case RAFT_UNREACHABLE:
		replication_on_unreachable(s, &event->as.unreachable.peer,
		    &event->as.unreachable.ticket);
		break;
	case RAFT_LEADER_GONE:
		election_leader_gone(
		    s, &event->as.leader_gone.leader, event->as.leader_gone.at);
		break;
	case RAFT_DISCONNECTED:
		replication_disconnected(s, &event->as.disconnected);
		break;
	case RAFT_PERSISTED:
		persisted(s, event->as.persisted.number,
		    event->as.persisted.last_index,
		    event->as.persisted.last_term);
		break;
	case RAFT_WRITE_FAILED:
		write_failed(s, event->as.write_failed.number);
		break;
	case RAFT_SNAPSHOT_SAVED:
		snapshot_saved(s, event->as.snapshot_saved.index,
		    event->as.snapshot_saved.term);
		break;
	case RAFT_INSTALLED:
		follower_installed(s, event->as.installed.is_success);
		break;
	case RAFT_RESTORE:
		restore(s, event->as.restore.index);
		break;
	}
}

void
raft_step(struct raft *raft, const struct event *event, struct effects *fx)
{
	struct step s = { raft, fx, event->now };
	struct write *write = &fx->write;

	dispatch(&s, event);
	if (write->number != 0) {
		write->term = raft->term;
		write->vote = raft->vote;
		write->last_index = raft->trail.last_index;
		write->last_term = trail_last_term(&raft->trail);
	}
	assert(raft->commit_index <= raft->persisted_index);
	assert(raft->persisted_index <= raft->trail.last_index);
	assert(raft->committed_index <= raft->latest_index);
}

struct instant
raft_deadline(const struct raft *raft)
{
	if (raft->role == ROLE_LEADER)
		return (replication_deadline(raft));
	return (raft->election_at);
}

bool
raft_is_ready(const struct raft *raft)
{
	return (raft->role == ROLE_LEADER && !replication_leaves(raft) &&
		raft->commit_index >= raft->noop_index);
}

bool
raft_is_sole_voter(const struct raft *raft)
{
	return (membership_voter_count(&raft->latest) == 1 &&
		membership_is_voter(&raft->latest, &raft->options.id));
}

bool
raft_may_restore(const struct raft *raft, const char **why)
{
	if (!raft_is_ready(raft))
		*why = "node is not the leader";
	else if (raft->installing.is_running)
		*why = "another snapshot is being restored";
	else if (raft->latest_index != raft->committed_index)
		*why = "cannot restore snapshot now, wait until the "
		       "configuration entry has been applied";
	else
		return (true);
	return (false);
}

bool
raft_is_restoring(const struct raft *raft)
{
	return (raft->installing.is_running && raft->installing.is_restore);
}
