/* A disk in memory. See store_mem.h. */
#include "store_mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "raftd/codec.h"

enum mem_kind {
	MEM_WRITE,
	MEM_READ,
	MEM_TRIM,
	MEM_SNAPSHOT,
};

struct mem_op {
	struct mem_op *next;
	enum mem_kind kind;
	uint64_t epoch;
	struct write write;
	struct batch *batch;
	uint64_t index; /* READ, TRIM */
	struct snapshot *snapshot;
	enum snapshot_origin origin;
};

struct mem_result {
	struct mem_result *next;
	struct store_result result;
};

struct store {
	struct disk *disk; /* lent */
	struct mem_op *queue, **queue_end;
	struct mem_op *working;
	struct mem_result *results, **results_end;
	uint64_t epoch, failed_epoch, last_number;
};

/* --- The disk. --- */

void
disk_init(struct disk *disk)
{
	*disk = (struct disk){ 0 };
}

static void
cut_tail(struct disk *disk, uint64_t from)
{
	while (disk->count > 0 &&
	       disk->entries[disk->count - 1]->entries[0].index >= from)
		batch_drop(disk->entries[--disk->count]);
}

static void
cut_head(struct disk *disk, uint64_t to)
{
	size_t count = 0;

	while (
	    count < disk->count && disk->entries[count]->entries[0].index <= to)
		batch_drop(disk->entries[count++]);
	disk->count -= count;
	memmove(disk->entries, disk->entries + count,
	    disk->count * sizeof(*disk->entries));
}

void
disk_deinit(struct disk *disk)
{
	cut_tail(disk, 0);
	free(disk->entries);
	disk_init(disk);
}

const struct entry *
disk_entry(const struct disk *disk, uint64_t index)
{
	uint64_t first;

	if (disk->count == 0)
		return (NULL);
	first = disk->entries[0]->entries[0].index;
	if (index < first || index >= first + disk->count)
		return (NULL);
	return (&disk->entries[index - first]->entries[0]);
}

uint64_t
disk_last_index(const struct disk *disk)
{
	if (disk->count == 0)
		return (disk->snapshot.index);
	return (disk->entries[disk->count - 1]->entries[0].index);
}

static void
put_entry(struct disk *disk, const struct entry *entry)
{
	assert(disk->count == 0 || entry->index == disk_last_index(disk) + 1);
	if (disk->count == disk->capacity) {
		disk->capacity = disk->capacity * 2 + 64;
		disk->entries = xreallocarray(
		    disk->entries, disk->capacity, sizeof(*disk->entries));
	}
	disk->entries[disk->count++] = batch_new(entry, 1);
}

static void
put_write(struct disk *disk, const struct mem_op *op)
{
	disk->term = op->write.term;
	disk->vote = op->write.vote;
	if (op->batch == NULL)
		return;
	cut_tail(disk, op->batch->entries[0].index);
	for (size_t i = 0; i < op->batch->count; i++)
		put_entry(disk, &op->batch->entries[i]);
}

static void
put_snapshot(struct disk *disk, const struct mem_op *op)
{
	const struct entry *entry;

	disk->snapshot = *op->snapshot;
	if (op->origin != SNAPSHOT_INSTALLED)
		return;
	entry = disk_entry(disk, op->snapshot->index);
	if (entry != NULL && entry->term == op->snapshot->term)
		cut_head(disk, op->snapshot->index);
	else
		cut_tail(disk, 0);
}

/* --- The store. --- */

struct store *
store_mem_open(struct disk *disk)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store->disk = disk;
	store->queue_end = &store->queue;
	store->results_end = &store->results;
	store->epoch = 1;
	return (store);
}

enum err
store_load(struct store *store, struct raft *raft, struct snapshot *newest,
    struct buf *why)
{
	struct disk *disk = store->disk;

	(void)why;
	*newest = disk->snapshot;
	raft_load_state(raft, disk->term, &disk->vote);
	if (newest->index > 0)
		raft_load_snapshot(raft, newest->index, newest->term,
		    &newest->membership, newest->membership_index);
	if (disk->count > 0)
		raft_load_first(raft, disk->entries[0]->entries[0].index);
	for (size_t i = 0; i < disk->count; i++) {
		const struct entry *entry = &disk->entries[i]->entries[0];
		struct membership membership;
		bool has = entry->type == ENTRY_CONFIGURATION;

		if (has &&
		    codec_get_membership(entry->data, &membership) != ERR_OK)
			return (ERR_CORRUPT);
		raft_load_entry(raft, entry->term, has ? &membership : NULL);
	}
	return (ERR_OK);
}

static struct mem_op *
queue(struct store *store, enum mem_kind kind)
{
	struct mem_op *op = xcalloc(1, sizeof(*op));

	op->kind = kind;
	*store->queue_end = op;
	store->queue_end = &op->next;
	return (op);
}

void
store_write(struct store *store, const struct write *write, struct batch *batch)
{
	struct mem_op *op = queue(store, MEM_WRITE);

	assert(write->number > store->last_number);
	store->last_number = write->number;
	op->epoch = store->epoch;
	op->write = *write;
	op->batch = batch == NULL ? NULL : batch_hold(batch);
}

void
store_read(struct store *store, uint64_t first_index, size_t bytes)
{
	(void)bytes;
	queue(store, MEM_READ)->index = first_index;
}

void
store_trim(struct store *store, uint64_t to)
{
	queue(store, MEM_TRIM)->index = to;
}

void
store_keep_snapshot(struct store *store, const struct snapshot *snapshot,
    enum snapshot_origin origin)
{
	struct mem_op *op = queue(store, MEM_SNAPSHOT);

	op->snapshot = xmalloc(sizeof(*snapshot));
	*op->snapshot = *snapshot;
	op->origin = origin;
}

static struct store_result *
give(struct store *store, enum store_result_kind kind)
{
	struct mem_result *one = xcalloc(1, sizeof(*one));

	one->result.kind = kind;
	*store->results_end = one;
	store->results_end = &one->next;
	return (&one->result);
}

bool
store_mem_begin(struct store *store)
{
	assert(store->working == NULL);
	store->working = store->queue;
	store->queue = NULL;
	store->queue_end = &store->queue;
	return (store->working != NULL);
}

static void
end_write(struct store *store, const struct mem_op *op, bool is_failure)
{
	struct store_result *result;

	if (op->epoch <= store->failed_epoch)
		return;
	if (is_failure) {
		store->failed_epoch = op->epoch;
		result = give(store, STORE_FAILED);
	} else {
		put_write(store->disk, op);
		result = give(store, STORE_WRITTEN);
		result->last_index = op->write.last_index;
		result->last_term = op->write.last_term;
	}
	result->number = op->write.number;
}

static void
end_op(struct store *store, struct mem_op *op, bool is_failure)
{
	struct store_result *result;
	const struct entry *entry;

	switch (op->kind) {
	case MEM_WRITE:
		end_write(store, op, is_failure);
		break;
	case MEM_READ:
		result = give(store, STORE_ENTRIES);
		entry = disk_entry(store->disk, op->index);
		result->batch = entry == NULL ? NULL : batch_new(entry, 1);
		break;
	case MEM_TRIM:
		cut_head(store->disk, op->index);
		break;
	case MEM_SNAPSHOT:
		if (!is_failure)
			put_snapshot(store->disk, op);
		result = give(store,
		    is_failure ? STORE_SNAPSHOT_FAILED : STORE_SNAPSHOT_KEPT);
		result->snapshot = op->snapshot;
		result->origin = op->origin;
		op->snapshot = NULL;
		break;
	}
}

static void
free_ops(struct mem_op *op)
{
	while (op != NULL) {
		struct mem_op *next = op->next;

		batch_drop(op->batch);
		free(op->snapshot);
		free(op);
		op = next;
	}
}

void
store_mem_end(struct store *store, bool is_failure)
{
	for (struct mem_op *op = store->working; op != NULL; op = op->next)
		end_op(store, op, is_failure);
	free_ops(store->working);
	store->working = NULL;
}

bool
store_next(struct store *store, struct store_result *out)
{
	struct mem_result *one = store->results;

	if (one == NULL)
		return (false);
	store->results = one->next;
	if (store->results == NULL)
		store->results_end = &store->results;
	*out = one->result;
	free(one);
	if (out->kind == STORE_FAILED) {
		out->number = store->last_number;
		store->epoch++;
	}
	return (true);
}

/* A crash: what was not synced is gone. */
void
store_close(struct store *store)
{
	struct store_result result;

	if (store == NULL)
		return;
	while (store_next(store, &result)) {
		batch_drop(result.batch);
		free(result.snapshot);
	}
	free_ops(store->working);
	free_ops(store->queue);
	free(store);
}
