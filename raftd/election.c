/*
 * Elections: when a server asks for votes, and when it gives one.
 *
 * Source  dissertation 3.4 and 3.6; hashicorp/raft's own rules as wire/raft.md
 *         section 2 lists them, in its order
 */
#include <assert.h>
#include <string.h>

#include "core.h"

/* From one server's place to the next: a vote's way there and back, with an
 * fsync at both ends. */
#define LEADER_GONE_NEXT MILLISECONDS(60)
#define BEGUN_FIRST	 MILLISECONDS(50)
#define BEGUN_NEXT	 MILLISECONDS(200)

static struct duration
shorter(struct duration a, struct duration b)
{
	return (a.ns < b.ns ? a : b);
}

/*
 * A leader counts its lease from when it sent what we have answered, so it has
 * ended one lease after we were asked; the tenth is for clocks that do not run
 * alike, and for a leader that counts from the answer, as Consul's does.
 *
 * hashicorp/raft knows its leader for HeartbeatTimeout, twice as long as the
 * lease, and gives no vote until then. It needs no more than this.
 */
struct duration
election_hold(const struct raft *raft)
{
	const struct raft_options *options = &raft->options;

	return (shorter(NANOSECONDS(options->lease_timeout.ns * 11 / 10),
	    options->heartbeat_timeout));
}

/* Voters before us by id, without that one. Not by their place in the
 * configuration: servers that begin together may each have another order. */
static int64_t
our_place(const struct raft *raft, const struct raft_name *without)
{
	int64_t before = 0;

	for (size_t i = 0; i < raft->latest.count; i++) {
		const struct member *one = &raft->latest.members[i];

		if (one->suffrage == SUFFRAGE_VOTER &&
		    !raft_name_is(&one->address, without) &&
		    strcmp(one->id.text, raft->options.id.text) < 0)
			before++;
	}
	return (before);
}

/*
 * hashicorp/raft: a follower waits 1..2 times HeartbeatTimeout, that is for 5
 * to 20 heartbeats. We have heard nothing for at least three when the leader's
 * lease has ended for a fifth of that timeout: then it leads nobody. So that
 * two don't stand against each other they take turns, with a little chance.
 */
static struct duration
silence(struct step *s)
{
	const struct raft *raft = s->raft;
	const struct raft_options *options = &raft->options;
	int64_t tenth = options->heartbeat_timeout.ns / 10;
	struct duration least =
	    shorter(NANOSECONDS(options->lease_timeout.ns + 2 * tenth),
		options->heartbeat_timeout);
	struct duration some = step_random(s, NANOSECONDS(tenth / 2));

	return (NANOSECONDS(least.ns + some.ns - tenth / 2 +
			    our_place(raft, &raft->leader) * tenth));
}

/* hashicorp/raft: a candidate waits 1..2 times ElectionTimeout. Votes take a
 * fraction of that; we begin with a fifth and come to the whole. */
static struct duration
patience(struct step *s)
{
	const struct raft *raft = s->raft;
	struct duration whole = raft->options.election_timeout;
	unsigned doublings = raft->defeats < 3 ? raft->defeats : 3;

	return (step_random(
	    s, shorter(NANOSECONDS((whole.ns / 5) << doublings), whole)));
}

void
election_arm(struct step *s)
{
	struct raft *raft = s->raft;
	struct duration wait =
	    raft->role == ROLE_CANDIDATE ? patience(s) : silence(s);

	raft->election_at = instant_add(s->now, wait);
}

static void
ask_for_votes(struct step *s)
{
	struct raft *raft = s->raft;
	uint64_t after = step_after_state(s);

	for (size_t i = 0; i < raft->latest.count; i++) {
		const struct member *member = &raft->latest.members[i];
		struct message *ask;

		if (member->suffrage != SUFFRAGE_VOTER ||
		    raft_name_is(&member->id, &raft->options.id))
			continue;
		ask = effects_message(
		    s->fx, MESSAGE_VOTE, &member->address, raft->term);
		/* Who asks has voted for itself, and must not forget it. */
		ask->after = after;
		ask->as.vote.last_index = raft->trail.last_index;
		ask->as.vote.last_term = trail_last_term(&raft->trail);
		ask->as.vote.is_transfer = raft->is_transfer;
	}
}

void
election_start(struct step *s, bool is_transfer)
{
	struct raft *raft = s->raft;

	assert(raft->role != ROLE_LEADER);
	/* Figure 3.1, Candidates: on conversion to candidate, start election:
	 * increment currentTerm, vote for self, reset election timer, send
	 * RequestVote RPCs to all other servers. */
	raft->defeats = raft->role == ROLE_CANDIDATE ? raft->defeats + 1 : 0;
	raft->role = ROLE_CANDIDATE;
	raft->term++;
	raft->vote = raft->options.address;
	raft->votes = 0;
	raft->is_transfer = is_transfer;
	step_set_leader(s, &(struct raft_name){ "" });
	s->fx->has_changed = true;
	effects_note(s->fx, NOTE_ENTERING_CANDIDATE, raft->term, NULL);
	step_write_state(s);
	election_arm(s);
	ask_for_votes(s);
}

static void
follower_timed_out(struct step *s)
{
	struct raft *raft = s->raft;
	struct raft_name last_leader = raft->leader;
	enum note_kind idle;

	step_set_leader(s, &(struct raft_name){ "" });
	election_arm(s);
	/* hashicorp/raft, runFollower: no election without a configuration, nor
	 * when it is known for certain that we have no vote. */
	if (raft->latest_index == 0)
		idle = NOTE_NO_KNOWN_PEERS;
	else if (raft->latest_index == raft->committed_index &&
		 !membership_is_voter(&raft->latest, &raft->options.id))
		idle = NOTE_NOT_IN_CONFIGURATION;
	else {
		effects_note(s->fx, NOTE_HEARTBEAT_TIMEOUT, 0, &last_leader);
		election_start(s, false);
		return;
	}
	if (!raft->was_told_idle)
		effects_note(s->fx, idle, 0, NULL);
	raft->was_told_idle = true;
}

void
election_tick(struct step *s)
{
	struct raft *raft = s->raft;

	if (instant_before(s->now, raft->election_at))
		return;
	/* A snapshot is on its way to the disk: what our log ends with is not
	 * decided. hashicorp/raft does nothing else meanwhile either. */
	if (raft->installing.is_running) {
		election_arm(s);
		return;
	}
	if (raft->role == ROLE_FOLLOWER) {
		follower_timed_out(s);
		return;
	}
	/* Figure 3.1, Candidates: if election timeout elapses: start new
	 * election. */
	effects_note(s->fx, NOTE_ELECTION_TIMEOUT, raft->term, NULL);
	election_start(s, false);
}

/*
 * The first configuration was written: there never was a leader, so there is
 * none to wait for. All that begin do so within moments of each other; they
 * take turns in the order of their ids, and the timer is as ever if that fails.
 * (Consul waits out its timer.)
 */
void
election_begun(struct step *s)
{
	struct raft *raft = s->raft;
	int64_t before = our_place(raft, &(struct raft_name){ "" });

	raft->election_at = instant_add(
	    s->now, NANOSECONDS(BEGUN_FIRST.ns + before * BEGUN_NEXT.ns));
}

/*
 * The leader's process has died: its connections were closed, and its port
 * refuses, or is that of one which does not lead. Nobody has to wait for the
 * timer then, for all that a timeout is, is a guess that the leader has gone.
 *
 * But raftd is not all of it. The catalogd and httpd beside it live on, and may
 * answer from a page that is trusted by the lease for up to 200 ms more
 * (DESIGN.md 5): catalogd renews that trust only as long as its raftd is there.
 * So nothing may be committed before gone_wait (300 ms) has passed since the
 * connections were closed. We don't stand before, and give no vote: with ours
 * on neither side there is no quorum that has not waited.
 *
 * All followers learn of it at once. So that they don't stand against each
 * other they take turns, with a little chance; who is before us and cannot win
 * has asked, and so has renewed nobody's timer.
 */
void
election_leader_gone(
    struct step *s, const struct raft_name *leader, struct instant at)
{
	struct raft *raft = s->raft;
	struct duration some;

	if (raft->role != ROLE_FOLLOWER || !raft_name_is_set(leader) ||
	    !raft_name_is(&raft->leader, leader))
		return;
	effects_note(s->fx, NOTE_LEADER_GONE, 0, leader);
	step_set_leader(s, &(struct raft_name){ "" });
	raft->lease_end = instant_add(at, raft->options.gone_wait);
	some = step_random(s, NANOSECONDS(LEADER_GONE_NEXT.ns / 4));
	raft->election_at = instant_add(raft->lease_end,
	    NANOSECONDS(
		some.ns + our_place(raft, leader) * LEADER_GONE_NEXT.ns));
}

static size_t
count_votes(const struct raft *raft)
{
	return ((size_t)__builtin_popcountll(raft->votes));
}

static void
take_vote(struct step *s, const struct member *from)
{
	struct raft *raft = s->raft;
	uint64_t bit = 1ULL << (from - raft->latest.members);

	if (from->suffrage != SUFFRAGE_VOTER || (raft->votes & bit) != 0)
		return;
	raft->votes |= bit;
	effects_note(
	    s->fx, NOTE_VOTE_GRANTED, count_votes(raft), &from->address);
	/* Figure 3.1, Candidates: if votes received from majority of servers:
	 * become leader. */
	if (count_votes(raft) < membership_quorum(&raft->latest))
		return;
	effects_note(s->fx, NOTE_ELECTION_WON, count_votes(raft), NULL);
	replication_start(s);
}

/* Our own vote counts once it is on disk. */
void
election_persisted(struct step *s)
{
	struct raft *raft = s->raft;
	const struct member *self =
	    membership_find(&raft->latest, &raft->options.id);

	assert(raft->role == ROLE_CANDIDATE);
	if (self == NULL || raft->is_state_unsaved ||
	    raft->state_write > raft->persisted_write)
		return;
	take_vote(s, self);
}

/* May this candidate have our vote? The order is hashicorp/raft's. */
static bool
may_grant(struct step *s, const struct message *ask)
{
	struct raft *raft = s->raft;
	uint64_t last_term = trail_last_term(&raft->trail);

	/* "already voted in this term: granted only for the same candidate";
	 * Figure 3.1, RequestVote 2: if votedFor is null or candidateId ... */
	if (raft_name_is_set(&raft->vote))
		return (raft_name_is(&raft->vote, &ask->peer));
	/* ... and candidate's log is at least as up-to-date as receiver's log,
	 * grant vote (3.6.1: the later last term, then the longer log). */
	if (last_term > ask->as.vote.last_term ||
	    (last_term == ask->as.vote.last_term &&
		raft->trail.last_index > ask->as.vote.last_index)) {
		effects_note(
		    s->fx, NOTE_REJECTING_VOTE_LOG, last_term, &ask->peer);
		return (false);
	}
	return (true);
}

static void
answer(struct step *s, const struct message *ask, bool is_granted)
{
	uint64_t after = step_after_state(s);
	struct message *reply = effects_message(
	    s->fx, MESSAGE_VOTE_REPLY, &ask->peer, s->raft->term);

	reply->after = after;
	reply->ticket = ask->ticket;
	reply->as.vote_reply.is_granted = is_granted;
}

static bool
has_leader(const struct step *s, const struct message *ask)
{
	const struct raft *raft = s->raft;

	if (raft_name_is(&raft->leader, &ask->peer))
		return (false); /* it has forgotten that it was */
	return (raft->role == ROLE_LEADER ||
		instant_before(s->now, raft->lease_end));
}

void
election_on_vote(struct step *s, const struct message *ask)
{
	struct raft *raft = s->raft;

	/* hashicorp/raft: a known leader other than the candidate, and no
	 * transfer of leadership: refuse, and keep our term, so that a removed
	 * server cannot disturb (dissertation 4.2.3). Known is a leader for us
	 * as long as it may hold a lease by our word; and while we lead. */
	if (has_leader(s, ask) && !ask->as.vote.is_transfer) {
		effects_note(
		    s->fx, NOTE_REJECTING_VOTE_LEADER, ask->term, &ask->peer);
		answer(s, ask, false);
		return;
	}
	/* Figure 3.1, RequestVote 1: reply false if term < currentTerm. */
	if (ask->term < raft->term) {
		answer(s, ask, false);
		return;
	}
	if (ask->term > raft->term) {
		effects_note(s->fx, NOTE_NEWER_TERM, ask->term, &ask->peer);
		step_become_follower(s, ask->term);
		step_set_leader(s, &(struct raft_name){ "" });
	}
	/* A snapshot on its way would make our log look older than it is. */
	if (raft->installing.is_running || !may_grant(s, ask)) {
		answer(s, ask, false);
		return;
	}
	if (!raft_name_is_set(&raft->vote)) {
		raft->vote = ask->peer;
		step_write_state(s);
	}
	/* Figure 3.1, Followers: granting a vote counts as hearing from one. */
	if (raft->role == ROLE_FOLLOWER)
		election_arm(s);
	answer(s, ask, true);
}

void
election_on_vote_reply(struct step *s, const struct message *reply)
{
	struct raft *raft = s->raft;
	const struct member *from;

	if (reply->term > raft->term) {
		effects_note(s->fx, NOTE_NEWER_TERM, reply->term, &reply->peer);
		step_become_follower(s, reply->term);
		return;
	}
	if (raft->role != ROLE_CANDIDATE || reply->term < raft->term ||
	    !reply->as.vote_reply.is_granted)
		return;
	from = membership_find_address(&raft->latest, &reply->peer);
	if (from != NULL)
		take_vote(s, from);
}

/* Dissertation 3.10: TimeoutNow starts an election as if the timer had run
 * out; its requests say so, or no follower would vote. */
void
election_on_timeout_now(struct step *s, const struct message *message)
{
	struct raft *raft = s->raft;

	(void)message;
	if (raft->role == ROLE_LEADER || raft->installing.is_running ||
	    !membership_is_voter(&raft->latest, &raft->options.id))
		return;
	election_start(s, true);
}
