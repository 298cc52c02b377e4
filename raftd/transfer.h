/*
 * Snapshots on their way from and to users: archives that are read from us or
 * written to us piece by piece, by httpd (through catalogd) or by another agent
 * (first byte 5 of port 8300).
 *
 *	transfer.c   the handles, who waits for what, and their time
 *	saving.c     our own state, as an archive
 *	restoring.c  an archive, checked and then put in place of our state
 *	remote.c     either of them, at the server that leads
 *	visits.c     other agents that ask us for either
 *
 * catalogd decides whether and where (Raft.OpenSnapshot); a transfer then goes
 * on without it.
 *
 * Memory   a piece of TRANSFER_PIECE_BYTES and zlib's, for each
 * Bounds   TRANSFERS_MAX at a time, one of them a restore into this server
 * Time     one that is not read or written for TRANSFER_IDLE ends
 * Source   wire/rpc.md 10, wire/raft.md 7
 */
#ifndef RAFTD_TRANSFER_H
#define RAFTD_TRANSFER_H

#include <ev.h>

#include "common/archive.h"
#include "common/idmap.h"
#include "link.h"
#include "snapshot.h"
#include "store.h"

#define TRANSFERS_MAX	     64
#define TRANSFER_IDLE	     SECONDS(60)
#define TRANSFER_PIECE_BYTES (256 * 1024)

struct raftd;
struct call;
struct transfer;
struct install;

/* How a read or a write has ended. After `why`, or a last piece, the transfer
 * is gone. */
struct transfer_result {
	const char *why;   /* NULL: it was right */
	struct slice data; /* read; may be empty before the last */
	bool is_last;
};

/* May be called before the read or write returns. */
typedef void transfer_fn(void *arg, const struct transfer_result *);

enum transfer_kind {
	TRANSFER_SAVE,
	TRANSFER_RESTORE,
	TRANSFER_REMOTE,
};

struct saving {
	enum {
		SAVING_WAITS,  /* for its turn */
		SAVING_TAKING, /* catalogd makes one for it */
		SAVING_READY,
	} stage;
	struct snapshot snapshot;
	struct snapshot_file file;
	struct archive_writer *writer; /* owned */
	struct buf piece;
};

struct restoring {
	struct archive_reader *reader; /* owned */
	struct snapshot_file file;
	uint64_t tried;	     /* bytes that catalogd has looked at */
	uint64_t ask;	     /* Raft.TrySnapshot; 0: none */
	uint64_t index;	     /* of the snapshot, where it was made */
	uint64_t noop_index; /* restored when that is committed; 0: not yet */
	bool is_failed;
};

struct remote {
	struct link *link; /* NULL: it has ended */
	bool is_save;
	bool has_head;	 /* of its answer */
	bool is_written; /* our last piece has been put */
	struct buf piece;
};

struct transfer {
	TAILQ_ENTRY(transfer) entry;
	struct idmap_node node; /* node.id is the handle */
	struct raftd *d;	/* lent */
	enum transfer_kind kind;
	struct call *opening; /* until it is open */
	transfer_fn *done;    /* of the read or write that waits, or NULL */
	void *arg;
	struct instant used_at;
	union {
		struct saving saving;
		struct restoring restoring;
		struct remote remote;
	} as;
};

struct transfers {
	TAILQ_HEAD(transfers_list, transfer) all;
	struct idmap by_handle;
	size_t count;
	uint64_t last_handle;
	struct transfer *restore; /* into this server; lent, or NULL */
	ev_timer timer;		  /* runs while there are any */
};

/* --- transfer.c --- */

void transfers_init(struct raftd *);
void transfers_stop(struct raftd *, const char *why);
struct transfer *transfer_find(struct raftd *, uint64_t handle);
void transfer_read(struct transfer *, transfer_fn *, void *arg);
/* `data` is lent for the call. */
void transfer_write(struct transfer *, struct slice data, bool is_last,
    transfer_fn *, void *arg);
/* Whoever used it is gone. */
void transfer_close(struct transfer *);

/* For those who do it. */
void transfer_opened(struct transfer *, const struct query_meta *);
void transfer_piece(struct transfer *, struct slice, bool is_last);
void transfer_fail(struct transfer *, const char *why); /* it is gone then */

/* --- saving.c --- */

void saving_begin(struct transfer *);
void saving_read(struct transfer *);
void saving_deinit(struct saving *);
/* Whose turn it is gets a snapshot. */
void saving_turn(struct raftd *);
/* The one that was asked for has ended; `why` is NULL if it is there. */
void saving_taken(struct raftd *, const char *why);

/* --- restoring.c --- */

void restoring_begin(struct transfer *);
void restoring_write(struct transfer *, struct slice data, bool is_last);
void restoring_deinit(struct transfer *);
void restoring_turn(struct raftd *);
/* The core has said where. */
void restoring_keep(struct raftd *, const struct install *);
void restoring_kept(struct raftd *, const struct store_result *);

/* --- remote.c --- */

void remote_begin(
    struct transfer *, struct slice address, uint64_t op, struct slice request);
void remote_read(struct transfer *);
void remote_write(struct transfer *, struct slice data, bool is_last);
void remote_deinit(struct transfer *);

#endif
