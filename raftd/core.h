/*
 * What the files of the core share; nobody else includes this.
 *
 * A step is one event at work: the server, what comes out, and the time.
 */
#ifndef RAFTD_CORE_H
#define RAFTD_CORE_H

#include "raft.h"

struct step {
	struct raft *raft;
	struct effects *fx;
	struct instant now;
};

#define RAFT_PIPELINE_MAX 128 /* hashicorp/raft, rpcMaxPipeline */

/* --- effects.c --- */

/* A message to be filled in; zeroed but for these. Lent until the next. */
struct message *effects_message(struct effects *, enum message_kind,
    const struct raft_name *to, uint64_t term);
void effects_refuse(struct effects *, uint64_t id, enum refusal);
void effects_note(struct effects *, enum note_kind, uint64_t number,
    const struct raft_name *); /* NULL: no name */
void effects_entry(struct effects *, const struct entry *);
/* Entries from here on, if they wait in these effects, are not to be
 * written. */
void effects_truncate(struct effects *, uint64_t from);

/* --- raft.c --- */

/* From `low` on, up to twice that. */
struct duration step_random(struct step *, struct duration low);
/* Term and vote must be on disk before anyone hears of them. */
void step_write_state(struct step *);
/* The write to wait for, or 0: term and vote; and everything else too. */
uint64_t step_after_state(struct step *);
uint64_t step_after_all(struct step *);
/* Append to our own log, and have it written. */
void step_append(struct step *, const struct entry *);
/* Take the log back to before `from`, which is not committed. */
void step_truncate(struct step *, uint64_t from);
/* Any role to follower; a higher term is taken over. */
void step_become_follower(struct step *, uint64_t term);
void step_set_leader(struct step *, const struct raft_name *);
void step_set_commit(struct step *, uint64_t index);
/* Proposals from here on will not be answered by a commit. */
void step_lose_from(struct step *, uint64_t index, enum refusal why);

/* --- election.c --- */

void election_arm(struct step *);
/* As long as nobody gets our vote behind a leader's word. */
struct duration election_hold(const struct raft *);
void election_start(struct step *, bool is_transfer);
void election_tick(struct step *);
void election_persisted(struct step *);
void election_begun(struct step *);
void election_leader_gone(
    struct step *, const struct raft_name *leader, struct instant at);
void election_on_vote(struct step *, const struct message *);
void election_on_vote_reply(struct step *, const struct message *);
void election_on_timeout_now(struct step *, const struct message *);

/* --- replication.c: the leader --- */

void replication_start(struct step *);	/* this server has been elected */
void replication_flush(struct step *);	/* send what there is to send */
void replication_commit(struct step *); /* count; commit what a quorum has */
void replication_tick(struct step *);
void replication_verify(struct step *);
void replication_transfer(struct step *);
/* It only waits to hand over. */
bool replication_leaves(const struct raft *);
void replication_disconnected(struct step *, const struct raft_name *);
void replication_set_members(struct step *);
void replication_restored(struct step *);
void replication_on_reply(struct step *, const struct message *);
void replication_on_unreachable(
    struct step *, const struct raft_name *, const struct ticket *);
struct instant replication_deadline(const struct raft *);

/* --- follower.c --- */

void follower_on_append(struct step *, const struct message *);
void follower_on_install(struct step *, const struct message *);
void follower_installed(struct step *, bool is_success);
void follower_commit(struct step *);

#endif
