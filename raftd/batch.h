/*
 * Entries with their bytes, in one piece of memory: what one write puts on
 * disk, and what is kept of it to be read again soon.
 *
 * Ownership  counted, because the store and the recent entries both hold it
 * Threads    the store's thread reads entries; only the loop counts and frees
 */
#ifndef RAFTD_BATCH_H
#define RAFTD_BATCH_H

#include "raft.h"

struct batch {
	size_t references;
	size_t bytes; /* of the whole, for limits */
	size_t count;
	struct entry entries[]; /* consecutive; data of all types is encoded,
				 * and membership is NULL */
};

/* Copies; the caller holds the first reference. */
struct batch *batch_new(const struct entry *, size_t count);
struct batch *batch_hold(struct batch *);
void batch_drop(struct batch *); /* NULL is fine */

#endif
