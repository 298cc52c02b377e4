/* Tags; see tags.h. */
#include <stdlib.h>

#include "common/msgpack.h"
#include "message.h"
#include "meta.h"
#include "tags.h"

#define OWN_TAGS_MAX  24
#define META_TAGS_MAX GOSSIP_META_BYTES_MAX /* a tag takes two bytes */
#define META_IS_MAP   0xff

struct tags {
	struct pair *items; /* in the arena; in bytewise order of their keys */
	size_t count;
};

static void
tag_add(struct tags *tags, const char *key, struct slice value)
{
	tags->items[tags->count++] = (struct pair){ slice_of_text(key), value };
}

static void
tag_add_text(struct tags *tags, const char *key, const char *value)
{
	tag_add(tags, key, slice_of_text(value));
}

static void
tag_add_number(
    struct tags *tags, const char *key, int64_t value, struct arena *arena)
{
	tag_add(tags, key, arena_printf(arena, "%lld", (long long)value));
}

static int
pair_compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (slice_compare(x->key, y->key));
}

static void
server_tags_add(
    struct tags *tags, const struct config *c, bool is_wan, struct arena *arena)
{
	if (c->has_bootstrap)
		tag_add_text(tags, "bootstrap", "1");
	if (c->bootstrap_expect != 0)
		tag_add_number(tags, "expect", c->bootstrap_expect, arena);
	tag_add_text(tags, "ft_fs", "1");
	if (c->keys.non_voting_server)
		tag_add_text(tags, "nonvoter", "1");
	tag_add_number(tags, "port", c->server_port, arena);
	tag_add_text(tags, "raft_vsn", "3");
	if (!is_wan && c->serf_wan_port > 0)
		tag_add_number(tags, "wan_join_port", c->serf_wan_port, arena);
}

struct pair_list
tags_of_config(const struct config *c, bool is_wan, struct arena *arena)
{
	struct tags tags = {
		.items = arena_array(arena, OWN_TAGS_MAX, sizeof(struct pair)),
	};

	tag_add_text(&tags, "acls", "0");
	tag_add(&tags, "build", arena_printf(arena, "%s:", c->version));
	tag_add_text(&tags, "dc", c->datacenter);
	tag_add_text(&tags, "id", c->node_id);
	tag_add_text(&tags, "role", c->is_server ? "consul" : "node");
	tag_add_text(&tags, "segment", "");
	tag_add_text(&tags, "vsn", "2");
	tag_add_text(&tags, "vsn_max", "3");
	tag_add_text(&tags, "vsn_min", "2");
	if (c->is_server)
		server_tags_add(&tags, c, is_wan, arena);
	qsort(tags.items, tags.count, sizeof(*tags.items), pair_compare);
	return ((struct pair_list){ tags.items, tags.count });
}

void
tags_encode(const struct pair_list *tags, struct buf *out)
{
	buf_put_u8(out, META_IS_MAP);
	pack_map(out, tags->count);
	for (size_t i = 0; i < tags->count; i++) {
		pack_raw(out, tags->items[i].key);
		pack_raw(out, tags->items[i].value);
	}
}

struct pair_list
tags_of_meta(struct slice meta, struct arena *arena)
{
	struct meta_tags from = meta_tags(meta);
	struct pair_list list = { 0 };
	struct pair pair;

	list.items = arena_array(arena,
	    from.count < META_TAGS_MAX ? from.count + 1 : META_TAGS_MAX,
	    sizeof(*list.items));
	while (meta.size > 0 && list.count < META_TAGS_MAX &&
	       meta_next(&from, &pair.key, &pair.value))
		list.items[list.count++] = pair;
	qsort(list.items, list.count, sizeof(*list.items), pair_compare);
	return (list);
}
