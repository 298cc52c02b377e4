/*
 * The other side of the seam: a disk in memory, that keeps what was synced.
 * store.h over it does nothing by itself: the simulation says when the disk
 * has worked, and whether it failed.
 */
#ifndef TESTS_SIM_STORE_MEM_H
#define TESTS_SIM_STORE_MEM_H

#include "raftd/store.h"

/* What a crash leaves. */
struct disk {
	uint64_t term;
	struct raft_name vote;
	struct batch **entries; /* owned; one entry each */
	size_t count, capacity;
	struct snapshot snapshot; /* the newest */
};

void disk_init(struct disk *);
void disk_deinit(struct disk *);
/* NULL if it is not there. */
const struct entry *disk_entry(const struct disk *, uint64_t index);
uint64_t disk_last_index(const struct disk *);

/* The disk outlives the store; it is lent. */
struct store *store_mem_open(struct disk *);
/* Take up what is queued now; false if there is nothing. */
bool store_mem_begin(struct store *);
/* What was taken up is done, or has failed; results are there. */
void store_mem_end(struct store *, bool is_failure);

#endif
