/*
 * state.bin: the state as a stream of records, and back.
 *
 * Writing does not stop the world: snapshot_take() only counts references to
 * the rows of one moment; they are encoded piece by piece later, while writes
 * go on. Reading takes pieces as they come and keeps only what it cannot
 * decode yet.
 *
 * Source  wire/raft.md 7
 */
#ifndef CATALOGD_SNAPSHOT_H
#define CATALOGD_SNAPSHOT_H

#include "state.h"

struct snapshot;

struct snapshot *snapshot_take(const struct state *);
void snapshot_free(struct snapshot *); /* NULL is fine */
/* Append records until at least `size` bytes came; false when all are out. */
bool snapshot_write(struct snapshot *, size_t size, struct buf *);

/* A load into a fresh state of the caller's. */
struct snapshot_load {
	struct state *state; /* lent; only to be used once all is loaded */
	struct buf pending;  /* not decoded yet */
	bool has_head;
	uint64_t index; /* LastIndex of the head */
};

void snapshot_load_init(struct snapshot_load *, struct state *);
void snapshot_load_deinit(struct snapshot_load *);
/* What records of a type are that we keep, but do not serve; or NULL. */
const char *snapshot_kept_name(uint8_t type);
/* One more piece. ERR_CORRUPT, ERR_UNAVAILABLE (records of a later capability):
 * *why is a sentence, and the state is of no use. */
MUST_CHECK enum err snapshot_load_piece(
    struct snapshot_load *, struct slice piece, bool is_last, struct buf *why);

#endif
