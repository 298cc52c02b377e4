/*
 * A leader's duties, and what only the leader remembers.
 *
 *	leader.c      gaining and losing it
 *	reconcile.c   members into the catalog
 *	peers.c       servers among them into Raft (quorum.h decides)
 *	sessions.c    sessions end when they are not renewed in time
 *	locks.c       keys that may not be locked again yet
 *	tombstones.c  when the tombstones of deleted keys may go
 *
 * Source  api/semantics.md 3, 4 and 6
 */
#ifndef CATALOGD_LEADER_H
#define CATALOGD_LEADER_H

#include <ev.h>
#include <sys/queue.h>

#include "clock.h"
#include "local_types.h"
#include "members.h"
#include "rpc_types.h"
#include "tree.h"

struct catalogd;

#define TOMBSTONE_STEPS_MAX 64

struct tombstone_step {
	struct instant expires;
	uint64_t index; /* tombstones up to this one */
};

/* Changes to Raft's servers, one at a time. */
struct peers {
	bool is_busy;
	bool is_due; /* something has happened meanwhile */
};

struct leader {
	bool is_leading;
	bool is_announced;	/* to all agents, by gossip */
	struct members members; /* kept by everyone */
	ev_timer reconcile;
	struct peers peers;
	int session_timer_count;
	struct tree session_timers;			  /* by UUID */
	struct tree lock_delays;			  /* by key */
	struct tombstone_step steps[TOMBSTONE_STEPS_MAX]; /* oldest first */
	size_t step_count;
	ev_timer reap;
};

void leader_init(struct catalogd *);
/* Whether we lead may have changed. */
void leader_update(struct catalogd *);
/* The last entry has changed the state; or another state stands there. */
void leader_changes(struct catalogd *);
void leader_restored(struct catalogd *);
void leader_member(struct catalogd *, const struct serf_member *);
/* gossipd is there (again), and will tell its members. */
void leader_gossipd_up(struct catalogd *);
/* The name of the member with this node id; empty if there is none. */
struct slice leader_member_name(struct catalogd *, struct slice id);

/* --- reconcile.c --- */
void reconcile_member(struct catalogd *, const struct serf_member *);
void reconcile_all(struct catalogd *);

/* --- peers.c --- */
/* Raft's servers may not be those of the pool: on a leader, mend it. */
void peers_check(struct catalogd *);
/* Tell raftd where this member is, or every one. */
void peers_address(struct catalogd *, const struct serf_member *);
void peers_addresses(struct catalogd *);

/* --- sessions.c --- */
void sessions_start(struct catalogd *); /* all anew, at full length */
void sessions_stop(struct catalogd *);
void session_timer_reset(struct catalogd *, const struct session *);
void session_timer_clear(struct catalogd *, const struct session *);

/* --- locks.c --- */
void lock_delay_set(struct catalogd *, struct slice key, struct duration);
bool lock_is_delayed(struct catalogd *, struct slice key);
void lock_delays_sweep(struct catalogd *); /* forget those that are over */
void lock_delays_clear(struct catalogd *);

/* --- tombstones.c --- */
void tombstones_start(struct catalogd *);
void tombstones_stop(struct catalogd *);
/* Those up to this index may go in a quarter of an hour. */
void tombstones_hint(struct catalogd *, uint64_t index);

#endif
