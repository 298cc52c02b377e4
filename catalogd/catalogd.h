/*
 * catalogd's edges and what they share: the state (pure, state.h) and around it
 * the log as it comes from raftd, writes on their way, questions that wait, and
 * a leader's duties.
 *
 *	on_raftd   entries, snapshots and raft's state come in; applying
 *	propose    writes: one entry in the log each
 *	forward    who answers: we, the leader, or another server
 *	servers    the servers that a client agent may choose from
 *	apply      what an entry changed, told to those who wait for it
 *	read       questions: look (view.h), then answer or watch
 *	watch      questions that wait for something to change
 *	route      calls that another daemon answers
 *	leader     reconciling members, timers of sessions, locks, tombstones
 */
#ifndef CATALOGD_CATALOGD_H
#define CATALOGD_CATALOGD_H

#include <sys/queue.h>

#include "autopilot_run.h"
#include "bootstrap.h"
#include "daemon.h"
#include "forward.h"
#include "fsm.h"
#include "genpage.h"
#include "leader.h"
#include "pending.h"
#include "propose.h"
#include "servers.h"
#include "snapshot.h"
#include "state.h"
#include "watch.h"

/* What raftd said last of itself. */
struct raft_view {
	struct arena arena; /* of the texts in `state` */
	struct raft_state state;
	struct raft_contact contact;
	bool is_known;		    /* said since its edge came up */
	struct instant leads_since; /* as raftd says */
	bool has_caught_up;	    /* we have applied all it had committed */
	bool has_replayed;	    /* the same, when its edge came up */
};

struct catalogd {
	struct daemon *daemon; /* lent */
	struct state *state;   /* owned; replaced by a restore */
	uint64_t applied;      /* index of the last entry, of any type */
	uint64_t applied_term;
	struct fsm_result result; /* of the last entry */
	struct genpage *page;	  /* owned */
	struct raft_view raft;
	struct instant turned_at; /* end of the loop's last turn */
	struct proposals proposals;
	struct watches watches;
	struct forwarding forwarding;
	struct servers servers;
	struct leader leader;
	struct bootstrap bootstrap;
	bool has_left_raft; /* as the leader, on our way out */
	struct autopilot autopilot;
	struct pending_coordinates coordinates;
	struct snapshot *snapshot; /* being sent; owned */
	uint64_t snapshot_index;
	uint64_t snapshot_term;
	uint64_t snapshot_offset;
	ev_idle snapshot_idle;
	struct state *loading; /* owned; a snapshot that is coming in */
	struct snapshot_load load;
	struct state *trial; /* owned; one that a user wants restored */
	struct snapshot_load trial_load;
	struct arena scratch;	/* of one look or notice */
	bool has_met_healthd;	/* in this life of ours */
	uint64_t monitor_level; /* LOG_LEVEL_NONE: nobody monitors */
};

static inline struct catalogd *
catalogd_of(struct daemon *d)
{
	return (d->state);
}

/* May this server answer questions, and take writes? */
bool catalogd_can_read(const struct catalogd *);
bool catalogd_can_write(const struct catalogd *);
/* May a default read be answered from our state, now? Else raft is asked
 * first (Raft.Verify). Renews the page's trust. */
bool catalogd_is_fresh(struct catalogd *);
/* What may be old? Its asker looks at how old it is (max_stale). */
bool catalogd_can_read_stale(const struct catalogd *);
/* What a reply says of the leader, and how long ago it was heard. */
void catalogd_meta(const struct catalogd *, struct query_meta *);
/* One of these may have come true: let the calls that wait go on. */
void catalogd_ready(struct catalogd *);

/* --- on_raftd.c --- */
void raftd_up(struct catalogd *);
void raftd_down(struct catalogd *);
void raftd_init(struct catalogd *);
void on_raft_committed(struct daemon *, struct call *, const void *);
void on_raft_refused(struct daemon *, struct call *, const void *);
void on_raft_state(struct daemon *, struct call *, const void *);
void on_raft_contact(struct daemon *, struct call *, const void *);
void on_raft_snapshot_wanted(struct daemon *, struct call *, const void *);
void on_raft_restore_piece(struct daemon *, struct call *, const void *);

/* --- on_snapshot.c --- */
void on_snapshot_open(struct daemon *, struct call *, const void *);
void on_raft_try_snapshot(struct daemon *, struct call *, const void *);
/* raftd is gone, and with it who wanted to know. */
void trial_end(struct catalogd *);

/* --- apply.c --- */
/* Tell pages, watches and the leader what the last entry has changed. */
void apply_changes(struct catalogd *);
/* Another state stands in the place of the old one. */
void apply_restored(struct catalogd *);

/* --- read.c --- */
/* Any row of the read table. */
void on_read(struct daemon *, struct call *, const void *);
/* The leader may be another: questions that wait here for the leader's word go
 * to the door again. */
void read_moved(struct catalogd *);
/* False, and the call is answered, where the datacenter is not ours. */
bool datacenter_is_ours(struct catalogd *, struct call *, struct slice);

/* --- What edges may ask, a file a service. --- */
void on_catalog_register(struct daemon *, struct call *, const void *);
void on_catalog_deregister(struct daemon *, struct call *, const void *);
void on_catalog_datacenters(struct daemon *, struct call *, const void *);
void on_kvs_apply(struct daemon *, struct call *, const void *);
void on_session_apply(struct daemon *, struct call *, const void *);
void on_session_renew(struct daemon *, struct call *, const void *);
void on_txn_apply(struct daemon *, struct call *, const void *);
void on_txn_read(struct daemon *, struct call *, const void *);
void on_query_apply(struct daemon *, struct call *, const void *);
void on_query_explain(struct daemon *, struct call *, const void *);
void on_query_execute(struct daemon *, struct call *, const void *);
void on_query_execute_remote(struct daemon *, struct call *, const void *);
void on_status_leader(struct daemon *, struct call *, const void *);
void on_status_peers(struct daemon *, struct call *, const void *);
void on_status_ping(struct daemon *, struct call *, const void *);
void on_raft_configuration(struct daemon *, struct call *, const void *);
void on_remove_by_address(struct daemon *, struct call *, const void *);
void on_remove_by_id(struct daemon *, struct call *, const void *);
void on_autopilot_get(struct daemon *, struct call *, const void *);
void on_autopilot_set(struct daemon *, struct call *, const void *);
void on_server_health(struct daemon *, struct call *, const void *);
void on_leave(struct daemon *, struct call *, const void *);
void on_keyring(struct daemon *, struct call *, const void *);
void on_coordinate_update(struct daemon *, struct call *, const void *);
void on_coordinate_datacenters(struct daemon *, struct call *, const void *);
void coordinates_init(struct catalogd *);
void on_agent_stats(struct daemon *, struct call *, const void *);
void on_event_fire(struct daemon *, struct call *, const void *);
/* The leader's word to all agents that it is that. */
void event_new_leader(struct catalogd *);
void on_member_changed(struct daemon *, struct call *, const void *);
void on_reloaded(struct daemon *, struct call *, const void *);
void on_monitor(struct daemon *, struct call *, const void *);
void on_log_line(struct daemon *, struct call *, const void *);
/* A daemon is there (again): it learns whether somebody monitors. */
void monitor_peer_up(struct catalogd *, struct edge *);
void monitor_httpd_down(struct catalogd *);

/* --- route.c --- */
/* Every method that another daemon answers. */
void on_routed(struct daemon *, struct call *, const void *);

#endif
