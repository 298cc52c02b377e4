/*
 * Snapshots as files: FOLDER/snapshots/TERM-INDEX-MS/state.bin, written as
 * TERM-INDEX-MS.tmp until it is complete and synced.
 *
 * Without a folder (-dev) the last two are kept in memory, as anonymous files:
 * the same calls, nothing on disk.
 *
 * Sum      CRC-64 (ECMA), Consul's own for state.bin; kept in the row and
 *          compared whenever a snapshot is read
 * Threads  snapshot_publish() may run in the store's, all else in the loop
 * Source   wire/raft.md 8, FIGURES.md 4
 */
#ifndef RAFTD_SNAPSHOT_H
#define RAFTD_SNAPSHOT_H

#include "common/bytes.h"
#include "common/err.h"
#include "store.h"

#define SNAPSHOTS_KEPT 2

struct snapshots {
	char folder[512]; /* "" in memory */
	int memory[SNAPSHOTS_KEPT];
	unsigned newest; /* of memory */
};

/* One file being written or read. */
struct snapshot_file {
	int fd; /* -1: none */
	char name[SNAPSHOT_NAME_MAX];
	uint64_t size;	/* so far */
	uint64_t crc;	/* so far */
	bool is_shared; /* fd belongs to struct snapshots */
};

/* `folder` is that of raft.db, or "". Makes what is missing, and clears away
 * what was not finished. Before privileges are dropped where it is "". */
MUST_CHECK enum err snapshots_open(
    struct snapshots *, const char *folder, struct buf *why);
void snapshots_close(struct snapshots *);

bool snapshots_are_in_memory(const struct snapshots *);

uint64_t crc64(uint64_t crc, struct slice);

void snapshot_file_init(struct snapshot_file *);
/* Start one of this name; ERR_IO and why. */
MUST_CHECK enum err snapshot_create(struct snapshots *, const char *name,
    struct snapshot_file *, struct buf *why);
MUST_CHECK enum err snapshot_put(
    struct snapshot_file *, struct slice, struct buf *why);
/* What has been written, from there on; at most `bytes` of it are appended. */
MUST_CHECK enum err snapshot_look(const struct snapshot_file *, uint64_t from,
    size_t bytes, struct buf *out, struct buf *why);
/* It is to have another name than it was begun with. What fails here fails
 * again when it is published. */
void snapshot_rename(
    struct snapshots *, struct snapshot_file *, const char *name);
/* Forget what was written. */
void snapshot_abandon(struct snapshots *, struct snapshot_file *);
/* One that was finished, but could not be published or have its row. */
void snapshot_discard(struct snapshots *, const char *name);
/* The file that was finished is the newest now: its row is kept. */
void snapshots_promote(struct snapshots *);

/* In the store's thread: sync NAME.tmp, rename it, sync the folder, and drop
 * all but the newest two. */
MUST_CHECK enum err snapshot_publish(
    const char *folder, const char *name, char *why, size_t why_size);

/* Read one that has been published. */
MUST_CHECK enum err snapshot_open(struct snapshots *, const struct snapshot *,
    struct snapshot_file *, struct buf *why);
/* The next `bytes` at most, appended to *out; fewer only at the end, where the
 * sum must be right: else ERR_CORRUPT and why. */
MUST_CHECK enum err snapshot_get(struct snapshot_file *,
    const struct snapshot *, size_t bytes, struct buf *out, struct buf *why);
void snapshot_close(struct snapshot_file *);
/* Read all of it once, for its sum. */
MUST_CHECK enum err snapshot_check(
    struct snapshots *, const struct snapshot *, struct buf *why);

#endif
