/*
 * The daemon around the core: what was heard this turn (inbox), what the core
 * wants done (effects), the disk (store), and catalogd (feed, snapshots).
 *
 * A turn: results of the disk, then everything that came, each through
 * raft_step(), its effects at once; then catalogd is told what is committed.
 */
#ifndef RAFTD_RAFTD_H
#define RAFTD_RAFTD_H

#include <ev.h>

#include "common/arena.h"
#include "common/daemon.h"
#include "figures.h"
#include "net.h"
#include "raft.h"
#include "recent.h"
#include "snapshot.h"
#include "store.h"
#include "transfer.h"

#define LOG_RAFT     "agent.server.raft"
#define LOG_SNAPSHOT "agent.server.snapshot"

/* Proposals of one turn; one event for the core. */
struct inbox {
	struct proposal *proposals; /* owned; data is the arena's */
	size_t count;
	size_t capacity;
	struct arena arena;
	bool wants_verify;
};

/* What catalogd has been sent. */
struct feed {
	bool is_on;	 /* it has said Raft.Follow */
	bool is_reading; /* from the disk */
	bool is_restoring;
	bool is_state_due;
	bool told_to_lead; /* by the last Raft.State */
	uint64_t sent_index;
	uint64_t
	    leads_from; /* catalogd leads only once it has all up to here */
	struct raft_contact contact; /* as it was told last */
	struct snapshot_file restore;
	struct snapshot restoring; /* what `restore` reads */
	struct buf piece;
};

/* The snapshot that catalogd was asked for. */
struct taking {
	bool is_wanted;
	struct snapshot_file file;
	uint64_t index;
	uint64_t term;
	struct instant asked_at;
};

/* A Raft.Verify that waits for its round. */
struct verify {
	struct verify *next;
	struct call *call; /* lent by ipc until it is answered */
	uint64_t round;	   /* 0: not begun */
	uint64_t term;
};

/* Who waits for entries from the disk; the store answers in order. */
struct reader_of {
	struct reader_of *next;
	struct follower *follower; /* lent; NULL: the feed */
};

/* A change of the membership that catalogd has asked for. */
struct changing {
	STAILQ_ENTRY(changing) entry;
	struct call *call; /* lent by ipc until it is answered */
	struct change change;
	uint64_t index; /* of its entry; 0: not begun */
	uint64_t term;
	const char *refused; /* why, or NULL */
};

/* Proposals of our own have no answer by the feed. */
#define OWN_PROPOSAL UINT64_MAX

struct raftd {
	struct daemon *daemon; /* lent */
	struct net net;
	struct raft raft;
	struct effects fx;
	struct store *store; /* owned; NULL on a client: no log */
	struct snapshots snapshots;
	struct snapshot newest; /* kept; index 0: none */
	struct recent recent;
	struct inbox inbox;
	struct feed feed;
	struct figures figures;
	struct taking taking;
	struct verify *verifies; /* owned */
	uint64_t log_bytes; /* since a snapshot was asked for, at the most */
	struct transfers transfers;
	STAILQ_HEAD(changings, changing) changes;
	struct reader_of *readers, **readers_end;
	uint64_t snapshot_threshold;
	struct duration snapshot_interval;
	ev_async store_wake;
	ev_timer tick;
	ev_timer again;	   /* the feed had to stop for a full queue */
	ev_timer snapshot; /* is it time for one? */
};

/* --- turn.c --- */

void raftd_turn(struct daemon *);
/* One event through the core, and what comes of it. */
void raftd_step(struct raftd *, struct event *);
/* Entries from this index on: to followers_read(), or feed_read(). */
void raftd_read(
    struct raftd *, uint64_t first_index, size_t bytes, struct follower *);

/* --- feed.c --- */

void feed_start(struct raftd *, uint64_t behind);
void feed_stop(struct raftd *);
void feed_push(struct raftd *);
/* Another state stands in the place of the log: catalogd does not lead until
 * it has that. */
void feed_restored(struct raftd *);
void feed_read(struct raftd *, struct store_result *);
/* Proposals in these entries will get no other answer. */
void feed_lose(struct raftd *, uint64_t from, const char *why);
/* The asker is gone: nobody waits for any of them. */
void feed_forget(struct raftd *);
void feed_refuse(struct raftd *, uint64_t id, const char *why);

/* --- contact.c --- */

/* Tell catalogd whom it may trust and until when, if that has moved. */
void contact_tell(struct raftd *);

/* --- taking.c --- */

void taking_on_timer(struct ev_loop *, ev_timer *, int events);
void taking_on_write(struct raftd *, size_t bytes);
void taking_piece(struct raftd *, const struct snapshot_piece *);
void taking_kept(struct raftd *, const struct store_result *);
void taking_stop(struct raftd *, const char *why);
/* Now, whether it is time or not; false if catalogd cannot be asked. */
bool taking_ask(struct raftd *);

/* --- on_catalogd.c --- */

extern call_fn *const raftd_handlers[METHOD_COUNT];
void raftd_on_peer(struct daemon *, struct edge *, bool is_up);
/* Answer what has been verified, or can't be any more. */
void raftd_answer_verifies(struct raftd *);
/* The reply of Status.RaftStats, encoded. */
void raftd_put_stats(struct raftd *, struct buf *);

/* --- transfer.c --- */

void on_open_snapshot(struct daemon *, struct call *, const void *);
void on_snapshot_read(struct daemon *, struct call *, const void *);
void on_snapshot_write(struct daemon *, struct call *, const void *);
void on_snapshot_close(struct daemon *, struct call *, const void *);

/* --- changes.c --- */

void on_add_voter(struct daemon *, struct call *, const void *);
void on_add_nonvoter(struct daemon *, struct call *, const void *);
void on_remove_server(struct daemon *, struct call *, const void *);
/* Begin the next one, answer those that have ended. */
void changes_turn(struct raftd *);
void changes_refused(struct raftd *, const char *why);

/* --- notes.c --- */

void notes_log(const struct raft *, const struct note *, size_t count);
/* As Go prints it: [{Suffrage:Voter ID:a Address:b}]. */
void notes_print_membership(const struct membership *, struct buf *);

#endif
