/* The newest entries, in memory. See recent.h. */
#include "recent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"

void
recent_init(struct recent *recent)
{
	*recent = (struct recent){ 0 };
}

static void
pop_first(struct recent *recent)
{
	struct batch *batch = recent->nodes[recent->first++].batch;

	recent->bytes -= batch->bytes;
	batch_drop(batch);
}

static void
pop_last(struct recent *recent)
{
	struct batch *batch = recent->nodes[--recent->last].batch;

	recent->bytes -= batch->bytes;
	batch_drop(batch);
}

void
recent_deinit(struct recent *recent)
{
	while (recent->first < recent->last)
		pop_first(recent);
	free(recent->nodes);
	recent_init(recent);
}

static uint64_t
first_of(const struct recent_node *node)
{
	return (node->batch->entries[0].index);
}

static uint64_t
end_of(const struct recent_node *node)
{
	return (first_of(node) + node->count);
}

static void
make_room(struct recent *recent)
{
	size_t count = recent->last - recent->first;

	if (recent->last < recent->capacity)
		return;
	if (recent->first <= recent->capacity / 2) {
		recent->capacity = recent->capacity * 2 + 16;
		recent->nodes = xreallocarray(
		    recent->nodes, recent->capacity, sizeof(*recent->nodes));
	}
	if (count > 0)
		memmove(recent->nodes, recent->nodes + recent->first,
		    count * sizeof(*recent->nodes));
	recent->first = 0;
	recent->last = count;
}

void
recent_put(struct recent *recent, struct batch *batch)
{
	uint64_t index = batch->entries[0].index;
	struct recent_node *newest;

	assert(batch->count > 0);
	while (recent->first < recent->last &&
	       first_of(&recent->nodes[recent->last - 1]) >= index)
		pop_last(recent);
	make_room(recent);
	newest = &recent->nodes[recent->last];
	if (recent->first < recent->last && end_of(newest - 1) > index)
		newest[-1].count = (size_t)(index - first_of(newest - 1));
	/* A gap (after a snapshot): what lies before it is of no use. */
	if (recent->first < recent->last && end_of(newest - 1) < index) {
		while (recent->first < recent->last)
			pop_first(recent);
		newest = &recent->nodes[recent->last];
	}
	*newest = (struct recent_node){ batch_hold(batch), batch->count };
	recent->last++;
	recent->bytes += batch->bytes;
}

void
recent_shrink(struct recent *recent, uint64_t keep_behind)
{
	while (recent->bytes > RECENT_BYTES_MAX &&
	       recent->first < recent->last &&
	       end_of(&recent->nodes[recent->first]) <= keep_behind + 1)
		pop_first(recent);
}

size_t
recent_find(const struct recent *recent, uint64_t index, struct entry **entries)
{
	size_t low = recent->first, high = recent->last;

	if (low == high || index < first_of(&recent->nodes[low]) ||
	    index >= end_of(&recent->nodes[high - 1]))
		return (0);
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (first_of(&recent->nodes[middle]) <= index)
			low = middle;
		else
			high = middle;
	}
	index -= first_of(&recent->nodes[low]);
	*entries = &recent->nodes[low].batch->entries[index];
	return (recent->nodes[low].count - (size_t)index);
}
