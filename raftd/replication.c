/*
 * The leader: what each other server has, what to send it next, what is
 * committed, and whether we still lead.
 *
 * Source  dissertation 3.5, 3.6.2, 6.2, 6.4, 10.2.1; hashicorp/raft's own
 *         rules as wire/raft.md sections 1 to 3 list them
 */
#include <assert.h>
#include <string.h>

#include "core.h"

/* hashicorp/raft: failureWait, doubling up to maxFailureScale. */
#define BACKOFF_FIRST_MS   10
#define BACKOFF_DOUBLE_MAX 10

#define MISMATCH_DOUBLE_MAX 12

#define HEIR_AGAIN MILLISECONDS(10) /* nobody has all of our log yet */

static struct progress *
find(struct raft *raft, const struct raft_name *address)
{
	for (size_t i = 0; i < raft->progress_count; i++)
		if (raft_name_is(&raft->progress[i].address, address))
			return (&raft->progress[i]);
	return (NULL);
}

static void
forget(struct raft *raft, struct progress *one)
{
	size_t at = (size_t)(one - raft->progress);

	raft->progress_count--;
	memmove(one, one + 1,
	    (raft->progress_count - at) * sizeof(raft->progress[0]));
}

/* --- Sending. --- */

static struct ticket
make_ticket(struct step *s, const struct progress *to)
{
	return ((struct ticket){
	    .sent_at = s->now,
	    .round = s->raft->round,
	    .generation = to->generation,
	});
}

static void
await_reply(struct step *s, struct progress *to)
{
	if (to->in_flight++ == 0)
		to->give_up_at =
		    instant_add(s->now, s->raft->options.reply_timeout);
}

static void
send_install(struct step *s, struct progress *to)
{
	struct raft *raft = s->raft;
	struct message *install =
	    effects_message(s->fx, MESSAGE_INSTALL, &to->address, raft->term);

	assert(raft->trail.snapshot_index > 0);
	install->after = step_after_state(s);
	install->ticket = make_ticket(s, to);
	install->ticket.match_index = raft->trail.snapshot_index;
	install->as.install.index = raft->trail.snapshot_index;
	install->as.install.index_term = raft->trail.snapshot_term;
	effects_note(s->fx, NOTE_SNAPSHOT_SENT, raft->trail.snapshot_index,
	    &to->address);
	to->mode = REPLICATE_SNAPSHOT;
	to->in_flight = 1;
	/* Its time depends on its size: the transport says when it is over. */
	to->give_up_at = INSTANT_NEVER;
}

static void
send_append(struct step *s, struct progress *to)
{
	struct raft *raft = s->raft;
	struct message *append;
	uint64_t prev_index = to->next_index - 1, prev_term, count;

	assert(to->next_index <= raft->trail.last_index + 1);
	/* Section 5 of the dissertation: what is no longer in the log comes
	 * with the snapshot. */
	if (to->next_index < raft->trail.first_index ||
	    !trail_term_of(&raft->trail, prev_index, &prev_term)) {
		send_install(s, to);
		return;
	}
	count = raft->trail.last_index - prev_index;
	if (count > raft->options.append_entries_max)
		count = raft->options.append_entries_max;
	append =
	    effects_message(s->fx, MESSAGE_APPEND, &to->address, raft->term);
	/* Entries may leave before they are on our own disk (10.2.1); term and
	 * vote were there before we were elected. */
	append->ticket = make_ticket(s, to);
	append->ticket.prev_index = prev_index;
	append->ticket.match_index = prev_index + count;
	append->as.append.prev_index = prev_index;
	append->as.append.prev_term = prev_term;
	append->as.append.commit_index = raft->commit_index;
	append->as.append.first_index = to->next_index;
	append->as.append.count = (size_t)count;
	/* A follower can believe it only as far as this message reaches. */
	to->sent_commit = prev_index + count < raft->commit_index
			      ? prev_index + count
			      : raft->commit_index;
	if (raft->sent_index < prev_index + count)
		raft->sent_index = prev_index + count;
	if (to->mode == REPLICATE_PIPELINE)
		to->next_index += count;
	await_reply(s, to);
}

static void
send_what_there_is(struct step *s, struct progress *to)
{
	struct raft *raft = s->raft;

	if (instant_before(s->now, to->wait_until))
		return;
	if (to->mode == REPLICATE_PROBE && to->in_flight == 0)
		send_append(s, to);
	while (to->mode == REPLICATE_PIPELINE &&
	       to->in_flight < RAFT_PIPELINE_MAX &&
	       to->next_index <= raft->trail.last_index)
		send_append(s, to);
	/* What is committed goes with the next entries, or alone if there are
	 * none. hashicorp/raft repeats it each 50 ms; we say it at once, and
	 * again with each heartbeat, for a follower that has started anew. */
	if (to->mode == REPLICATE_PIPELINE && to->in_flight == 0 &&
	    to->sent_commit < raft->commit_index)
		send_append(s, to);
}

void
replication_flush(struct step *s)
{
	for (size_t i = 0; i < s->raft->progress_count; i++)
		send_what_there_is(s, &s->raft->progress[i]);
}

/* Term and leader, and everything else zero: it is answered even by a server
 * that is busy with its log (wire/raft.md 1). */
static void
send_heartbeats(struct step *s)
{
	struct raft *raft = s->raft;
	struct duration tenth =
	    NANOSECONDS(raft->options.heartbeat_timeout.ns / 10);

	for (size_t i = 0; i < raft->progress_count; i++) {
		struct progress *to = &raft->progress[i];
		struct message *beat = effects_message(
		    s->fx, MESSAGE_APPEND, &to->address, raft->term);

		beat->ticket = make_ticket(s, to);
		beat->ticket.is_heartbeat = true;
	}
	raft->heartbeat_at = INSTANT_NEVER;
	if (raft->progress_count > 0)
		raft->heartbeat_at = instant_add(s->now, step_random(s, tenth));
}

/* --- Who is there. --- */

static void
start_one(struct step *s, struct progress *one, const struct member *member)
{
	struct raft *raft = s->raft;
	*one = (struct progress){
		.id = member->id,
		.address = member->address,
		.mode = REPLICATE_PROBE,
		.generation = ++raft->generation,
		.next_index = raft->trail.last_index + 1,
		.contact = s->now, /* but trusted only once it answers */
		.wait_until = s->now,
		.give_up_at = INSTANT_NEVER,
	};
}

static struct progress *
find_id(struct raft *raft, const struct raft_name *id)
{
	for (size_t i = 0; i < raft->progress_count; i++)
		if (raft_name_is(&raft->progress[i].id, id))
			return (&raft->progress[i]);
	return (NULL);
}

/* There is one when the list is full and a member is not in it. */
static struct progress *
find_leaving(struct raft *raft)
{
	size_t i = 0;

	while (i < raft->progress_count && raft->progress[i].stop_at == 0)
		i++;
	assert(i < raft->progress_count);
	return (&raft->progress[i]);
}

void
replication_set_members(struct step *s)
{
	struct raft *raft = s->raft;

	/* Who was removed gets the entry that says so, if it can be had
	 * (wire/raft.md 2, "removed server"). */
	for (size_t i = 0; i < raft->progress_count; i++) {
		struct progress *one = &raft->progress[i];

		if (membership_find(&raft->latest, &one->id) != NULL)
			continue;
		one->is_voter = false;
		if (one->stop_at == 0)
			one->stop_at = raft->latest_index;
	}
	for (size_t i = 0; i < raft->latest.count; i++) {
		const struct member *member = &raft->latest.members[i];
		struct progress *one = find_id(raft, &member->id);

		if (raft_name_is(&member->id, &raft->options.id))
			continue;
		if (one == NULL && raft->progress_count == RAFT_SERVERS_MAX)
			forget(raft, find_leaving(raft));
		if (one == NULL) {
			one = &raft->progress[raft->progress_count++];
			start_one(s, one, member);
		} else if (!raft_name_is(&one->address, &member->address) ||
			   one->stop_at != 0)
			start_one(s, one, member);
		one->is_voter = member->suffrage == SUFFRAGE_VOTER;
	}
	send_heartbeats(s);
}

void
replication_start(struct step *s)
{
	struct raft *raft = s->raft;

	assert(raft->role == ROLE_CANDIDATE);
	raft->role = ROLE_LEADER;
	raft->election_at = INSTANT_NEVER;
	raft->progress_count = 0;
	raft->round = 0;
	raft->sent_index = raft->trail.last_index;
	raft->noop_index = raft->trail.last_index + 1;
	step_set_leader(s, &raft->options.address);
	s->fx->has_changed = true;
	effects_note(s->fx, NOTE_ENTERING_LEADER, raft->term, NULL);
	/* Figure 3.1, Leaders: upon election: send initial empty AppendEntries
	 * RPCs (heartbeat) to each server. */
	replication_set_members(s);
	/* Dissertation 6.4 step 1: a blank no-op entry at the start of its
	 * term, or the leader would not know what is committed. */
	step_append(s, &(struct entry){
			   .index = raft->noop_index,
			   .term = raft->term,
			   .type = ENTRY_NOOP,
		       });
	replication_flush(s);
}

/* --- Counting. --- */

/* Insert into a list that falls; the lists are as long as there are servers,
 * which is a few. */
static void
insert_falling(uint64_t *list, size_t count, uint64_t value)
{
	while (count > 0 && list[count - 1] < value) {
		list[count] = list[count - 1];
		count--;
	}
	list[count] = value;
}

/* The highest index that a quorum of voters has on disk. */
static uint64_t
quorum_index(const struct raft *raft)
{
	uint64_t match[RAFT_SERVERS_MAX] = { 0 };
	size_t count = 0;

	if (membership_is_voter(&raft->latest, &raft->options.id))
		insert_falling(match, count++, raft->persisted_index);
	for (size_t i = 0; i < raft->progress_count; i++)
		if (raft->progress[i].is_voter)
			insert_falling(
			    match, count++, raft->progress[i].match_index);
	assert(count == membership_voter_count(&raft->latest));
	return (match[membership_quorum(&raft->latest) - 1]);
}

/*
 * Of how many others we need to hear to be a quorum: 0 where we are one.
 */
static size_t
others_needed(const struct raft *raft)
{
	size_t quorum = membership_quorum(&raft->latest);

	if (membership_is_voter(&raft->latest, &raft->options.id))
		quorum--;
	return (quorum);
}

/* It is committed that we have no vote. */
static bool
is_removed(const struct raft *raft)
{
	return (raft->committed_index == raft->latest_index &&
		!membership_is_voter(&raft->latest, &raft->options.id));
}

/* What an operator has said becomes an entry like any other: so all have it,
 * also those who join later. */
static void
write_recovered(struct step *s)
{
	struct raft *raft = s->raft;

	if (!raft->is_recovered)
		return;
	s->fx->membership = raft->latest;
	step_append(s, &(struct entry){
			   .index = raft->trail.last_index + 1,
			   .term = raft->term,
			   .type = ENTRY_CONFIGURATION,
			   .membership = &s->fx->membership,
		       });
	effects_note(
	    s->fx, NOTE_CONFIGURATION_CHANGED, raft->latest_index, NULL);
}

void
replication_commit(struct step *s)
{
	struct raft *raft = s->raft;
	uint64_t index = quorum_index(raft);
	bool was_ready = raft_is_ready(raft);

	/* What others have and we don't has to wait: a leader that lost it
	 * would have answered for nothing. hashicorp/raft writes first, too. */
	if (index > raft->persisted_index)
		index = raft->persisted_index;
	/* Figure 3.1, Leaders: if there exists an N such that N > commitIndex,
	 * a majority of matchIndex[i] >= N, and log[N].term == currentTerm: set
	 * commitIndex = N. All from our noop on are of this term. */
	if (index <= raft->commit_index || index < raft->noop_index)
		return;
	step_set_commit(s, index);
	if (!was_ready) {
		s->fx->has_changed = true;
		write_recovered(s);
	}
	/* Dissertation 4.2.2: a leader that is removed steps down once that is
	 * committed. Not without a word: somebody else is to lead. */
	if (is_removed(raft) && !replication_leaves(raft)) {
		effects_note(
		    s->fx, NOTE_REMOVED_SELF, raft->latest_index, NULL);
		replication_transfer(s);
	}
	replication_flush(s);
}

/* --- Leadership. --- */

/* Since when, at the latest, a quorum has known us as its leader; trusted: and
 * is still connected. */
static struct instant
quorum_contact(const struct raft *raft, bool is_trusted)
{
	uint64_t contact[RAFT_SERVERS_MAX] = { 0 };
	size_t count = 0, needed = others_needed(raft);

	if (needed == 0)
		return (INSTANT_NEVER);
	for (size_t i = 0; i < raft->progress_count; i++) {
		const struct progress *one = &raft->progress[i];

		if (one->is_voter)
			insert_falling(contact, count++,
			    (uint64_t)(is_trusted ? one->trusted.ns
						  : one->contact.ns));
	}
	assert(count >= needed);
	return ((struct instant){ (int64_t)contact[needed - 1] });
}

/* When we step down: we have not reached a quorum for a lease's time. */
static struct instant
contact_end(const struct raft *raft)
{
	return (instant_add(
	    quorum_contact(raft, false), raft->options.lease_timeout));
}

/*
 * Readers may trust us so long: who has answered us gives no vote before
 * (election_hold()). A follower whose connection to us was closed and whom our
 * port refuses takes us for dead, though; we see the connection end as well,
 * and do not count on it any more.
 */
struct instant
raft_lease(const struct raft *raft)
{
	assert(raft->role == ROLE_LEADER);
	if (replication_leaves(raft))
		return ((struct instant){ 0 });
	return (instant_add(
	    quorum_contact(raft, true), raft->options.lease_timeout));
}

void
replication_disconnected(struct step *s, const struct raft_name *address)
{
	struct progress *peer = find(s->raft, address);

	if (s->raft->role == ROLE_LEADER && peer != NULL)
		peer->trusted = (struct instant){ 0 };
}

uint64_t
raft_verify_round(const struct raft *raft)
{
	return (raft->round);
}

uint64_t
raft_verified_round(const struct raft *raft)
{
	uint64_t rounds[RAFT_SERVERS_MAX] = { 0 };
	size_t count = 0, needed = others_needed(raft);

	assert(raft->role == ROLE_LEADER);
	if (needed == 0)
		return (raft->round);
	for (size_t i = 0; i < raft->progress_count; i++)
		if (raft->progress[i].is_voter)
			insert_falling(
			    rounds, count++, raft->progress[i].round);
	assert(count >= needed);
	return (rounds[needed - 1]);
}

/* Dissertation 6.4 step 3, hashicorp/raft VerifyLeader: a round of heartbeats
 * that a quorum answers in our term. */
void
replication_verify(struct step *s)
{
	s->raft->round++;
	if (s->raft->progress_count > 0)
		send_heartbeats(s);
}

bool
replication_leaves(const struct raft *raft)
{
	return (raft->leaving_at.ns != INSTANT_NEVER.ns);
}

/*
 * Dissertation 3.10: another server is to lead. From now on nothing is taken
 * any more and the lease is given up. But a follower that is told to stand has
 * every vote at once, so it is told only when nobody can answer by our lease
 * any more: as in election_leader_gone().
 */
void
replication_transfer(struct step *s)
{
	struct raft *raft = s->raft;

	if (replication_leaves(raft) || raft->progress_count == 0)
		return;
	raft->leaving_at = instant_add(s->now, raft->options.gone_wait);
	raft->leaving_limit =
	    instant_add(raft->leaving_at, raft->options.election_timeout);
	s->fx->has_changed = true;
}

/* A voter that has all of our log. */
static struct progress *
find_heir(struct raft *raft)
{
	for (size_t i = 0; i < raft->progress_count; i++)
		if (raft->progress[i].is_voter &&
		    raft->progress[i].match_index == raft->trail.last_index)
			return (&raft->progress[i]);
	return (NULL);
}

/* Go, if there is somebody to go to; a removed one goes anyway. */
static void
leave(struct step *s)
{
	struct raft *raft = s->raft;
	struct progress *heir = find_heir(raft);

	if (heir != NULL)
		(void)effects_message(
		    s->fx, MESSAGE_TIMEOUT_NOW, &heir->address, raft->term);
	if (heir != NULL || is_removed(raft)) {
		step_become_follower(s, raft->term);
		raft->lease_end = s->now;
	} else if (instant_before(s->now, raft->leaving_limit)) {
		raft->leaving_at = instant_add(s->now, HEIR_AGAIN);
	} else {
		raft->leaving_at = INSTANT_NEVER;
		s->fx->has_changed = true;
	}
}

/* --- Replies. --- */

static void
failed(struct step *s, struct progress *from, bool wait)
{
	unsigned doublings;

	from->mode = REPLICATE_PROBE;
	/* Replies to what is still under way are late. */
	from->generation = ++s->raft->generation;
	from->in_flight = 0;
	from->sent_commit = 0;
	from->give_up_at = INSTANT_NEVER;
	if (!wait)
		return;
	doublings = from->failures < BACKOFF_DOUBLE_MAX ? from->failures
							: BACKOFF_DOUBLE_MAX;
	from->failures++;
	from->wait_until =
	    instant_add(s->now, MILLISECONDS(BACKOFF_FIRST_MS << doublings));
}

static void
unreachable(struct step *s, struct progress *peer)
{
	if (peer->failures == 0)
		effects_note(s->fx, NOTE_PEER_UNREACHABLE, 0, &peer->address);
	if (peer->mode == REPLICATE_PIPELINE)
		peer->next_index = peer->match_index + 1;
	failed(s, peer, true);
	if (peer->stop_at != 0)
		forget(s->raft, peer);
}

void
replication_on_unreachable(struct step *s, const struct raft_name *address,
    const struct ticket *ticket)
{
	struct progress *peer = find(s->raft, address);

	if (s->raft->role != ROLE_LEADER || peer == NULL ||
	    ticket->is_heartbeat || ticket->generation != peer->generation)
		return;
	unreachable(s, peer);
}

/*
 * Where to try next after its log did not match ours at prev_index.
 *
 * hashicorp/raft: next := max(min(next - 1, LastLog + 1), 1), one round trip
 * an entry. We step back twice as far each time, because a follower that was
 * long a leader of its own may differ in hundreds of entries; what is sent
 * twice then does no harm. Not past the oldest entry we have, until that has
 * failed, too: a snapshot costs more.
 */
static uint64_t
step_back(
    const struct raft *raft, struct progress *from, const struct message *reply)
{
	uint64_t next = reply->ticket.prev_index;
	uint64_t back = (1ULL << from->mismatches) - 1;
	uint64_t low = from->match_index + 1;

	if (from->mismatches < MISMATCH_DOUBLE_MAX)
		from->mismatches++;
	if (low < raft->trail.first_index && next >= raft->trail.first_index)
		low = raft->trail.first_index;
	next = next > low + back ? next - back : low;
	if (next > reply->as.append_reply.last_index + 1)
		next = reply->as.append_reply.last_index + 1;
	return (next > from->match_index ? next : from->match_index + 1);
}

static void
refused(struct step *s, struct progress *from, const struct message *reply)
{
	bool is_append = reply->kind == MESSAGE_APPEND_REPLY;

	/* It had more: its disk was lost. As in hashicorp/raft it gets all of
	 * it again, and is not counted on for what it does not have. */
	if (is_append && reply->as.append_reply.no_retry_backoff &&
	    from->match_index > reply->as.append_reply.last_index)
		from->match_index = reply->as.append_reply.last_index;
	if (is_append)
		from->next_index = step_back(s->raft, from, reply);
	/* hashicorp/raft waits only if it was not for the log. */
	failed(s, from, !is_append || !reply->as.append_reply.no_retry_backoff);
}

static void
succeeded(struct step *s, struct progress *from, const struct message *reply)
{
	/* Figure 3.1, Leaders: if successful: update nextIndex and matchIndex
	 * for follower. */
	if (from->match_index < reply->ticket.match_index)
		from->match_index = reply->ticket.match_index;
	if (from->next_index <= from->match_index)
		from->next_index = from->match_index + 1;
	if (reply->ticket.generation != from->generation)
		return; /* it has it, but the conversation is another by now */
	assert(from->in_flight > 0);
	from->in_flight--;
	from->failures = from->mismatches = 0;
	from->give_up_at =
	    from->in_flight == 0
		? INSTANT_NEVER
		: instant_add(s->now, s->raft->options.reply_timeout);
	if (from->mode == REPLICATE_PROBE)
		effects_note(s->fx, NOTE_PIPELINE_STARTED, from->next_index,
		    &from->address);
	from->mode = from->mode == REPLICATE_SNAPSHOT ? REPLICATE_PROBE
						      : REPLICATE_PIPELINE;
}

static bool
is_success(const struct message *reply)
{
	return (reply->kind == MESSAGE_APPEND_REPLY
		    ? reply->as.append_reply.is_success
		    : reply->as.install_reply.is_success);
}

void
replication_on_reply(struct step *s, const struct message *reply)
{
	struct raft *raft = s->raft;
	struct progress *from;

	if (reply->term > raft->term) {
		effects_note(s->fx, NOTE_NEWER_TERM, reply->term, &reply->peer);
		step_become_follower(s, reply->term);
		return;
	}
	from = find(raft, &reply->peer);
	if (raft->role != ROLE_LEADER || reply->term < raft->term ||
	    from == NULL)
		return;
	if (instant_before(from->contact, reply->ticket.sent_at))
		from->contact = from->trusted = reply->ticket.sent_at;
	if (from->round < reply->ticket.round)
		from->round = reply->ticket.round;
	if (reply->ticket.is_heartbeat)
		return;
	if (is_success(reply))
		succeeded(s, from, reply);
	else if (reply->ticket.generation == from->generation)
		refused(s, from, reply);
	if (from->stop_at != 0 && from->match_index >= from->stop_at) {
		forget(raft, from);
		return;
	}
	send_what_there_is(s, from);
	if (is_success(reply))
		replication_commit(s);
}

/* A user's snapshot has taken the place of the log: every follower needs it,
 * and, as after an election, an entry behind it says when they have it. */
void
replication_restored(struct step *s)
{
	struct raft *raft = s->raft;

	for (size_t i = 0; i < raft->progress_count; i++) {
		failed(s, &raft->progress[i], false);
		raft->progress[i].next_index = raft->trail.first_index - 1;
	}
	raft->noop_index = raft->trail.last_index + 1;
	step_append(s, &(struct entry){
			   .index = raft->noop_index,
			   .term = raft->term,
			   .type = ENTRY_NOOP,
		       });
	replication_flush(s);
}

/* --- Time. --- */

static struct instant
earlier(struct instant a, struct instant b)
{
	return (instant_before(b, a) ? b : a);
}

void
replication_tick(struct step *s)
{
	struct raft *raft = s->raft;

	/* hashicorp/raft, checkLeaderLease; dissertation 6.2: a leader that
	 * cannot reach a quorum steps down, so that clients look elsewhere. */
	if (instant_before(contact_end(raft), s->now)) {
		effects_note(s->fx, NOTE_LEASE_LOST, raft->term, NULL);
		step_become_follower(s, raft->term);
		return;
	}
	for (size_t i = raft->progress_count; i-- > 0;)
		if (instant_before(raft->progress[i].give_up_at, s->now))
			unreachable(s, &raft->progress[i]);
	if (!instant_before(s->now, raft->heartbeat_at)) {
		send_heartbeats(s);
		for (size_t i = 0; i < raft->progress_count; i++)
			raft->progress[i].sent_commit = 0;
	}
	replication_flush(s);
	if (!instant_before(s->now, raft->leaving_at))
		leave(s);
}

struct instant
replication_deadline(const struct raft *raft)
{
	struct instant next = earlier(raft->heartbeat_at, raft->leaving_at);
	struct instant lease = contact_end(raft);

	/* The lease has run out behind it, not at it; likewise give_up_at. */
	if (lease.ns != INSTANT_NEVER.ns)
		next = earlier(next, instant_add(lease, NANOSECONDS(1)));
	for (size_t i = 0; i < raft->progress_count; i++) {
		const struct progress *one = &raft->progress[i];

		if (one->give_up_at.ns != INSTANT_NEVER.ns)
			next = earlier(
			    next, instant_add(one->give_up_at, NANOSECONDS(1)));
		if (one->mode == REPLICATE_PROBE && one->in_flight == 0)
			next = earlier(next, one->wait_until);
	}
	return (next);
}
