/*
 * Entries too large for one: they come as pieces, each an entry of its own,
 * and are joined and applied at the index of the last one.
 *
 * Whose leader changes sends all of it again, under another number: the first
 * piece of a new term drops what was not whole. Snapshots carry it, so that a
 * server that begins with one knows what the others know.
 *
 * Source  wire/raft.md 4; hashicorp/go-raftchunking 0.6
 */
#ifndef CATALOGD_PIECES_H
#define CATALOGD_PIECES_H

#include "arena.h"
#include "bytes.h"
#include "err.h"

#define PIECE_BYTES (512U * 1024) /* of an entry; the rest is in the last */
#define PIECES_MAX  1024	  /* of one entry */

struct piece_head {
	uint64_t number; /* of the whole, the same in all of its pieces */
	uint32_t sequence;
	uint32_t count;
};

struct pieces_whole;

struct pieces {
	struct pieces_whole *wholes; /* owned; the newest first */
	uint64_t term;		     /* of all of them */
};

void pieces_deinit(struct pieces *); /* usable again as if initialised */

/* The extensions of a piece, and back. ERR_INVALID: they are none of ours. */
void piece_head_put(const struct piece_head *, struct buf *);
MUST_CHECK enum err piece_head_read(
    struct slice extensions, struct piece_head *);

/* One more. When it is the last that was missing, *whole gets all of it;
 * otherwise *whole stays empty. ERR_INVALID: not a piece; nothing is kept. */
MUST_CHECK enum err pieces_add(struct pieces *, uint64_t term,
    struct slice extensions, struct slice data, struct buf *whole);

/* The record of a snapshot, behind its type byte. */
void pieces_write(const struct pieces *, struct buf *);
MUST_CHECK enum err pieces_load(
    struct pieces *, struct reader *, struct arena *);

#endif
