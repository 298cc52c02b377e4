/*
 * The newest entries, in memory: what is about to be committed is read from
 * here, not from the disk it has just gone to.
 *
 * Memory  above RECENT_BYTES_MAX the oldest go, but never what its reader
 *         (catalogd) has not had yet: that is bounded by its open questions
 */
#ifndef RAFTD_RECENT_H
#define RAFTD_RECENT_H

#include "batch.h"

#define RECENT_BYTES_MAX (1024 * 1024)

struct recent_node {
	struct batch *batch; /* held */
	size_t count;	     /* of its entries; the others were replaced */
};

struct recent {
	struct recent_node *nodes; /* owned; a list with its start moving on */
	size_t first, last;	   /* nodes[first..last) */
	size_t capacity;
	size_t bytes;
};

void recent_init(struct recent *);
void recent_deinit(struct recent *);
/* Takes the place of whatever it has at or behind its first entry. */
void recent_put(struct recent *, struct batch *);
/* Drop old ones that are not needed any more, none behind `keep_behind`. */
void recent_shrink(struct recent *, uint64_t keep_behind);
/* The entry and those that follow it in memory: their number, 0 if it is not
 * here. Lent until the next put or shrink. */
size_t recent_find(
    const struct recent *, uint64_t index, struct entry **entries);

#endif
