/*
 * The follower: what it takes from a leader, and what it answers.
 *
 * Source  dissertation 3.5, 5.3 (Figures 3.1 and 5.3); hashicorp/raft's own
 *         rules as wire/raft.md section 2 lists them
 */
#include <assert.h>

#include "core.h"

/* A leader of our term, or of a later one, has spoken. False if it is none. */
static bool
hear_leader(struct step *s, const struct message *message)
{
	struct raft *raft = s->raft;

	if (message->term < raft->term)
		return (false);
	if (message->term > raft->term || raft->role != ROLE_FOLLOWER)
		step_become_follower(s, message->term);
	step_set_leader(s, &message->peer);
	raft->contact = s->now;
	raft->has_contact = true;
	raft->lease_end = instant_add(s->now, election_hold(raft));
	election_arm(s);
	return (true);
}

/* From outside: indexes must follow each other, and terms may not fall nor be
 * later than the sender's. */
static bool
is_sound(const struct message *append)
{
	uint64_t term = append->as.append.prev_term;

	for (size_t i = 0; i < append->as.append.count; i++) {
		const struct entry *entry = &append->as.append.entries[i];

		if (entry->index != append->as.append.prev_index + 1 + i ||
		    entry->term < term || entry->term == 0 ||
		    entry->term > append->term)
			return (false);
		term = entry->term;
	}
	return (append->as.append.prev_term <= append->term);
}

static bool
has_prev(const struct raft *raft, const struct message *append)
{
	uint64_t term;

	/* What is committed here is in every later leader's log (Leader
	 * Completeness), so it needs no comparing; it may be trimmed, too. */
	if (append->as.append.prev_index <= raft->commit_index)
		return (true);
	return (
	    trail_term_of(&raft->trail, append->as.append.prev_index, &term) &&
	    term == append->as.append.prev_term);
}

/*
 * Terms never fall along a log, so an entry before our snapshot's last and of a
 * later term says that this leader has never had our snapshot: a user's, whose
 * restore ended with its leader.
 */
static bool
contradicts(const struct raft *raft, const struct message *append)
{
	for (size_t i = 0; i < append->as.append.count; i++) {
		const struct entry *entry = &append->as.append.entries[i];

		if (entry->index <= raft->trail.snapshot_index &&
		    entry->term > raft->trail.snapshot_term)
			return (true);
	}
	return (false);
}

static void
take_entry(struct step *s, const struct entry *entry)
{
	struct raft *raft = s->raft;
	uint64_t term;

	if (entry->index <= raft->commit_index)
		return;
	if (entry->index <= raft->trail.last_index) {
		if (trail_term_of(&raft->trail, entry->index, &term) &&
		    term == entry->term)
			return;
		/* Figure 3.1, AppendEntries 3: if an existing entry conflicts
		 * with a new one (same index but different terms), delete the
		 * existing entry and all that follow it. */
		step_truncate(s, entry->index);
	}
	/* Figure 3.1, AppendEntries 4: append any new entries not already in
	 * the log. */
	step_append(s, entry);
}

/* Figure 3.1, AppendEntries 5: commitIndex = min(leaderCommit, index of last
 * new entry); and what is not on our disk is not ours yet. */
void
follower_commit(struct step *s)
{
	struct raft *raft = s->raft;
	uint64_t index = raft->leader_commit;

	if (index > raft->persisted_index)
		index = raft->persisted_index;
	if (index > raft->commit_index)
		step_set_commit(s, index);
}

static void
reply_append(struct step *s, const struct message *append, uint64_t last_index,
    bool is_success, bool no_retry_backoff)
{
	/* A heartbeat promises nothing of the log, so it does not wait for
	 * it: only a new term must be on disk first. */
	bool is_heartbeat =
	    append->as.append.prev_index == 0 && append->as.append.count == 0;
	uint64_t after = is_heartbeat || !is_success ? step_after_state(s)
						     : step_after_all(s);
	struct message *reply = effects_message(
	    s->fx, MESSAGE_APPEND_REPLY, &append->peer, s->raft->term);

	reply->after = after;
	reply->ticket = append->ticket;
	reply->as.append_reply.last_index = last_index;
	reply->as.append_reply.is_success = is_success;
	reply->as.append_reply.no_retry_backoff = no_retry_backoff;
}

void
follower_on_append(struct step *s, const struct message *append)
{
	struct raft *raft = s->raft;
	/* LastLog is what we had before this request (wire/raft.md 2). */
	uint64_t last_index = raft->trail.last_index;
	uint64_t matched =
	    append->as.append.prev_index + append->as.append.count;

	/* Figure 3.1, AppendEntries 1: reply false if term < currentTerm. */
	if (!is_sound(append) || !hear_leader(s, append)) {
		reply_append(s, append, last_index, false, false);
		return;
	}
	if (raft->installing.is_running && matched > 0) {
		reply_append(s, append, last_index, false, false);
		return;
	}
	/* Figure 3.1, AppendEntries 2: reply false if log doesn't contain an
	 * entry at prevLogIndex whose term matches prevLogTerm. */
	if (!has_prev(raft, append)) {
		reply_append(s, append, last_index, false, true);
		return;
	}
	if (contradicts(raft, append)) {
		effects_note(s->fx, NOTE_SNAPSHOT_NOT_SHARED,
		    raft->trail.snapshot_index, &append->peer);
		reply_append(s, append, last_index, false, false);
		return;
	}
	for (size_t i = 0; i < append->as.append.count; i++)
		take_entry(s, &append->as.append.entries[i]);
	if (matched > append->as.append.commit_index)
		matched = append->as.append.commit_index;
	if (raft->leader_commit < matched)
		raft->leader_commit = matched;
	follower_commit(s);
	reply_append(s, append, last_index, true, false);
}

static void
reply_install(struct step *s, const struct message *install, bool is_success)
{
	uint64_t after = step_after_state(s);
	struct message *reply = effects_message(
	    s->fx, MESSAGE_INSTALL_REPLY, &install->peer, s->raft->term);

	reply->after = after;
	reply->ticket = install->ticket;
	reply->as.install_reply.is_success = is_success;
}

void
follower_on_install(struct step *s, const struct message *install)
{
	struct raft *raft = s->raft;
	uint64_t index = install->as.install.index;

	/* Figure 5.3, InstallSnapshot 1: reply immediately if term <
	 * currentTerm. */
	if (!hear_leader(s, install) || raft->installing.is_running ||
	    !membership_is_sound(install->as.install.membership)) {
		reply_install(s, install, false);
		return;
	}
	if (index <= raft->commit_index) {
		reply_install(s, install, true); /* all in it is here */
		return;
	}
	raft->installing.is_running = true;
	raft->installing.is_restore = false;
	raft->installing.request = *install;
	raft->installing.membership = *install->as.install.membership;
	s->fx->install = (struct install){
		.is_wanted = true,
		.index = index,
		.term = install->as.install.index_term,
		.membership_index = install->as.install.membership_index,
		.membership = &raft->installing.membership,
	};
}

static void
take_snapshot(struct step *s, const struct message *install)
{
	struct raft *raft = s->raft;
	uint64_t index = install->as.install.index, term;

	/* Figure 5.3, InstallSnapshot 6: if existing log entry has same index
	 * and term as lastIndex and lastTerm, retain entries following it; 7:
	 * else discard the entire log. All that was written before is on disk
	 * by now, or has failed, so the store has come to the same. */
	if (index <= raft->persisted_index &&
	    trail_term_of(&raft->trail, index, &term) &&
	    term == install->as.install.index_term) {
		trail_set_snapshot(
		    &raft->trail, index, install->as.install.index_term);
		trail_trim(&raft->trail, index);
	} else {
		trail_reset(
		    &raft->trail, index, install->as.install.index_term);
		raft->persisted_index = index;
		raft->latest_index = 0;
	}
	if (raft->latest_index <= index) {
		raft->latest = raft->installing.membership;
		raft->latest_index = install->as.install.membership_index;
	}
	raft->committed = raft->installing.membership;
	raft->committed_index = install->as.install.membership_index;
	if (raft->leader_commit < index)
		raft->leader_commit = index;
	/* Figure 5.3, InstallSnapshot 8: reset state machine using snapshot
	 * contents. */
	raft->commit_index = index;
	s->fx->has_committed = true;
	s->fx->has_changed = true;
}

void
follower_installed(struct step *s, bool is_success)
{
	struct raft *raft = s->raft;
	struct message install = raft->installing.request;

	assert(raft->installing.is_running);
	raft->installing.is_running = false;
	if (!raft->installing.is_restore) {
		if (is_success)
			take_snapshot(s, &install);
		reply_install(s, &install, is_success);
		return;
	}
	if (!is_success)
		return;
	/* It is on our disk, and the log is not, whatever we are by now. */
	step_lose_from(s, raft->commit_index + 1, REFUSED_RESTORED);
	take_snapshot(s, &install);
	effects_note(
	    s->fx, NOTE_SNAPSHOT_RESTORED, install.as.install.index, NULL);
	if (raft->role == ROLE_LEADER)
		replication_restored(s);
}
