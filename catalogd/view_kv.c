/* Looks at keys and values. */
#include <string.h>

#include "index.h"
#include "kv.h"
#include "view.h"

void
view_kv_get(struct view *v, const void *request)
{
	const struct key_request *q = request;
	struct indexed_dir_entries *reply = v->reply;
	struct row *row = kv_find(v->state, q->key);
	struct dir_entry *entry;

	view_depends(v, GEN_KV_KEY, q->key);
	if (row == NULL) {
		v->index = index_of_kv(v->state);
		view_shows(v, GEN_KV_TABLE, SLICE(""));
		return;
	}
	entry = arena_alloc(v->arena, sizeof(*entry));
	*entry = *KV_OF(row);
	reply->entries.items = entry;
	reply->entries.count = 1;
	v->index = entry->indexes.modify_index;
}

/* The first part of a prefix, with its slash; empty where it has none. */
static struct slice
top_of(struct slice prefix)
{
	size_t at = slice_find(prefix, '/', 0);

	return (at == SIZE_MAX ? SLICE("") : slice_head(prefix, at + 1));
}

/* Woken by changes below the prefix only. */
static void
prefix_depends(struct view *v, struct slice prefix, bool is_empty)
{
	struct slice top = top_of(prefix);
	enum gen_kind kind = top.size > 0 ? GEN_KV_TOP : GEN_KV_TABLE;
	struct thing thing = thing_of(kind, top);

	thing.prefix = prefix;
	v->things[v->thing_count++] = thing;
	view_shows(v, kind, top);
	/* What is empty shows the index of the table. */
	if (is_empty)
		view_shows(v, GEN_KV_TABLE, SLICE(""));
}

void
view_kv_list(struct view *v, const void *request)
{
	const struct key_request *q = request;
	struct indexed_dir_entries *reply = v->reply;
	uint64_t last = 0;
	size_t room = 0;
	struct row *row;

	STATE_EACH(v->state, ORDER_KV, q->key, row)
	{
		const struct dir_entry *entry = KV_OF(row);

		reply->entries.items = view_grow(v, reply->entries.items,
		    reply->entries.count, &room, sizeof(*entry));
		reply->entries.items[reply->entries.count++] = *entry;
		if (entry->indexes.modify_index > last)
			last = entry->indexes.modify_index;
	}
	v->index = kv_index_of_prefix(v->state, q->key, last);
	prefix_depends(v, q->key, reply->entries.count == 0);
}

/* Cut behind the first separator after the prefix. */
static struct slice
key_cut(struct slice key, size_t prefix_size, struct slice separator)
{
	const uint8_t *at;
	size_t rest = key.size - prefix_size;

	if (separator.size == 0)
		return (key);
	at = memmem(
	    key.data + prefix_size, rest, separator.data, separator.size);
	if (at == NULL)
		return (key);
	return (slice_head(key, (size_t)(at - key.data) + separator.size));
}

/* Keys that are cut to the same follow each other. */
static bool
is_repeated(const struct slice_list *keys, struct slice key, bool is_cut)
{
	return (is_cut && keys->count > 0 &&
		slice_equal(keys->items[keys->count - 1], key));
}

void
view_kv_keys(struct view *v, const void *request)
{
	const struct key_list_request *q = request;
	struct indexed_key_list *reply = v->reply;
	uint64_t last = 0;
	size_t room = 0;
	struct row *row;

	STATE_EACH(v->state, ORDER_KV, q->prefix, row)
	{
		const struct dir_entry *entry = KV_OF(row);
		struct slice key =
		    key_cut(entry->key, q->prefix.size, q->seperator);

		if (entry->indexes.modify_index > last)
			last = entry->indexes.modify_index;
		if (is_repeated(&reply->keys, key,
			key.size < entry->key.size ||
			    (q->seperator.size > 0 &&
				slice_ends_with(key, q->seperator))))
			continue;
		reply->keys.items = view_grow(v, reply->keys.items,
		    reply->keys.count, &room, sizeof(key));
		reply->keys.items[reply->keys.count++] = key;
	}
	v->index = kv_index_of_prefix(v->state, q->prefix, last);
	prefix_depends(v, q->prefix, reply->keys.count == 0);
}
