/*
 * The seam to the disk: what must outlive this process. store_sqlite.c is the
 * real one; tests/sim/store_mem.c loses at a crash what was not synced.
 *
 * Nothing here waits. Calls queue work; `wake` says (from any thread) that
 * store_next() has something. Work ends in the order it was asked for, and
 * all writes that wait while one is synced become one transaction (group
 * commit).
 *
 * Failure  a failed write takes with it all that were queued behind it: the
 *          log must have no hole. Nothing of them is on disk then. What is
 *          written after STORE_FAILED was taken by store_next() counts again
 * Source   DESIGN.md 7, FIGURES.md 4
 */
#ifndef RAFTD_STORE_H
#define RAFTD_STORE_H

#include "batch.h"
#include "raft.h"

struct store;

#define SNAPSHOT_NAME_MAX 96
#define STORE_WHY_BYTES	  1024

/* A snapshot's row; its state.bin is a file, snapshot.h. */
struct snapshot {
	char name[SNAPSHOT_NAME_MAX]; /* TERM-INDEX-MS; "" is none */
	uint64_t index;
	uint64_t term;
	uint64_t membership_index;
	struct membership membership;
	uint64_t size; /* bytes of state.bin */
	uint64_t crc;  /* CRC-64 of it */
};

struct store_options {
	const char *folder; /* of raft.db; "" keeps all in memory */
	void (*wake)(void *arg);
	void *wake_arg;
};

/* Fails with ERR_CORRUPT or ERR_IO and why, naming the file, when what is
 * there is not ours, cut, damaged or of another version; nothing is changed or
 * deleted then. */
MUST_CHECK enum err store_open(
    const struct store_options *, struct store **, struct buf *why);
void store_close(struct store *); /* NULL is fine; waits for what is queued */

/* Everything that was kept, into a fresh raft and *newest. Before any of the
 * calls below, which start the work. */
MUST_CHECK enum err store_load(
    struct store *, struct raft *, struct snapshot *newest, struct buf *why);

/* An operator's word of who the servers are, as of this end of the log: on disk
 * when this returns. Like store_load, before the work starts. */
MUST_CHECK enum err store_recover(
    struct store *, uint64_t index, const struct membership *, struct buf *why);

/* One write of the core; `batch` holds its entries, and is NULL if it has
 * none. */
void store_write(struct store *, const struct write *, struct batch *);
/* Entries from first_index on, up to `bytes`, at least one. */
void store_read(struct store *, uint64_t first_index, size_t bytes);
/* Drop entries up to this index, bit by bit, between writes. */
void store_trim(struct store *, uint64_t to);

enum snapshot_origin {
	SNAPSHOT_OURS,
	/* From a leader: the log behind its last entry stays if it has that
	 * entry, of that term; else all of it goes. */
	SNAPSHOT_INSTALLED,
};

/* state.bin is complete in the folder NAME.tmp: sync it, give it its name, keep
 * the row, and let go of all but the newest two. */
void store_keep_snapshot(
    struct store *, const struct snapshot *, enum snapshot_origin);

enum store_result_kind {
	STORE_WRITTEN,
	STORE_FAILED,
	STORE_ENTRIES,
	STORE_SNAPSHOT_KEPT,
	STORE_SNAPSHOT_FAILED,
};

struct store_result {
	enum store_result_kind kind;
	uint64_t number;     /* WRITTEN, FAILED: the newest write it covers */
	uint64_t last_index; /* WRITTEN: as in the write */
	uint64_t last_term;
	struct batch *batch;	   /* ENTRIES: the taker's; NULL: not there */
	struct snapshot *snapshot; /* SNAPSHOT_*: the taker's */
	enum snapshot_origin origin;
	char why[STORE_WHY_BYTES]; /* FAILED: for people, naming the file */
};

/* The next thing that has ended; false if there is none. */
bool store_next(struct store *, struct store_result *);

#endif
