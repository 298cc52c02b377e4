/* What views have in common; see view.h. */
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "index.h"
#include "node.h"
#include "view.h"

static void
thing_add(struct view *v, struct thing thing)
{
	assert(v->thing_count < WATCH_THINGS_MAX);
	v->things[v->thing_count++] = thing;
}

void
view_watches(struct view *v, unsigned kind, struct slice key)
{
	thing_add(v, thing_of(kind, key));
}

void
view_shows(struct view *v, enum gen_kind kind, struct slice key)
{
	uint32_t bucket = genpage_bucket(kind, key);

	for (size_t i = 0; i < v->bucket_count; i++)
		if (v->buckets[i] == bucket)
			return;
	assert(v->bucket_count < VIEW_BUCKETS_MAX);
	v->buckets[v->bucket_count++] = bucket;
}

void
view_depends(struct view *v, enum gen_kind kind, struct slice key)
{
	view_watches(v, kind, key);
	view_shows(v, kind, key);
}

struct slice
view_name(struct view *v, struct slice name)
{
	uint8_t *to = arena_alloc(v->arena, name.size + 1);

	for (size_t i = 0; i < name.size; i++)
		to[i] = (uint8_t)tolower(name.data[i]);
	return (slice(to, name.size));
}

void *
view_grow(struct view *v, void *items, size_t count, size_t *room, size_t size)
{
	void *more;

	if (count < *room)
		return (items);
	*room = *room * 2 + 8;
	more = arena_array(v->arena, *room, size);
	if (count > 0)
		memcpy(more, items, count * size);
	return (more);
}

static bool
meta_has(const struct pair_list *meta, const struct pair *wanted)
{
	for (size_t i = 0; i < meta->count; i++)
		if (slice_equal(meta->items[i].key, wanted->key))
			return (
			    slice_equal(meta->items[i].value, wanted->value));
	return (false);
}

bool
meta_matches(const struct pair_list *meta, const struct pair_list *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!meta_has(meta, &wanted->items[i]))
			return (false);
	return (true);
}

bool
node_matches(struct view *v, struct slice node, const struct pair_list *wanted)
{
	struct row *row;

	if (wanted->count == 0)
		return (true);
	row = node_find(v->state, v->arena, node);
	return (row != NULL && meta_matches(&NODE_OF(row)->meta, wanted));
}

static bool
tags_have(const struct slice_list *have, struct slice tag)
{
	for (size_t i = 0; i < have->count; i++)
		if (slice_equal_fold(have->items[i], tag))
			return (true);
	return (false);
}

bool
tags_match(const struct slice_list *have, const struct slice_list *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!tags_have(have, wanted->items[i]))
			return (false);
	return (true);
}

void
view_service_index(
    struct view *v, struct slice name, bool is_there, bool with_checks)
{
	v->index = index_of_service(v->state, name, is_there, with_checks);
	view_depends(v, GEN_SERVICE, view_name(v, name));
	if (is_there)
		return;
	/* All absent names show one index, which tables move. */
	view_shows(v, GEN_SERVICES_TABLE, SLICE(""));
	view_shows(v, GEN_NODES_TABLE, SLICE(""));
	view_shows(v, GEN_CHECKS_TABLE, SLICE(""));
}

void
view_near(struct view *v, const struct query_source *source, void *items,
    size_t count, size_t size, rtt_node_fn *node_of)
{
	/* Coordinates of different datacenters do not compare. */
	if (source->node.size == 0 ||
	    !slice_equal(source->datacenter, v->datacenter))
		return;
	view_shows(v, GEN_COORDINATES_TABLE, SLICE(""));
	rtt_sort(v->state, v->arena, source->node, items, count, size, node_of);
}
