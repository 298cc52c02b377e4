/* The pools of this agent; see pool.h. */
#include "pool.h"

#define POOL_TAGS_MAX	 20
#define STATUS_ALIVE	 1
#define SERF_PROTOCOL	 2 /* what 1.8.7 speaks, of what it understands */
#define SERF_DELEGATE	 4
#define SERF_VERSION_MAX 5

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

static struct pair_list
tags_of(const struct config *c, bool is_wan, struct arena *arena)
{
	struct tags tags = {
		.items = arena_array(arena, POOL_TAGS_MAX, sizeof(struct pair)),
	};

	tag_add_text(&tags, "acls", "0");
	if (c->is_server && c->has_bootstrap)
		tag_add_text(&tags, "bootstrap", "1");
	tag_add(&tags, "build", arena_printf(arena, "%s:", c->version));
	tag_add_text(&tags, "dc", c->datacenter);
	if (c->is_server)
		tag_add_text(&tags, "ft_fs", "1");
	tag_add_text(&tags, "id", c->node_id);
	if (c->is_server) {
		tag_add(
		    &tags, "port", arena_printf(arena, "%d", c->server_port));
		tag_add_text(&tags, "raft_vsn", "3");
	}
	tag_add_text(&tags, "role", c->is_server ? "consul" : "node");
	tag_add_text(&tags, "segment", "");
	tag_add_text(&tags, "vsn", "2");
	tag_add_text(&tags, "vsn_max", "3");
	tag_add_text(&tags, "vsn_min", "2");
	if (c->is_server && !is_wan && c->serf_wan_port > 0)
		tag_add(&tags, "wan_join_port",
		    arena_printf(arena, "%d", c->serf_wan_port));
	return ((struct pair_list){ tags.items, tags.count });
}

static struct serf_member
self(const struct config *c, bool is_wan, struct arena *arena)
{
	return ((struct serf_member){
	    .name = is_wan ? arena_printf(
				 arena, "%s.%s", c->node_name, c->datacenter)
			   : slice_of_text(c->node_name),
	    .addr = slice_of_text(c->advertise_address),
	    .port = (uint64_t)(is_wan ? c->serf_wan_port : c->serf_lan_port),
	    .tags = tags_of(c, is_wan, arena),
	    .status = STATUS_ALIVE,
	    .protocol_min = 1,
	    .protocol_max = SERF_VERSION_MAX,
	    .protocol_cur = SERF_PROTOCOL,
	    .delegate_min = 2,
	    .delegate_max = SERF_VERSION_MAX,
	    .delegate_cur = SERF_DELEGATE,
	});
}

static bool
has_wan(const struct config *c)
{
	return (c->is_server && c->serf_wan_port > 0);
}

void
pool_members(const struct config *c, bool is_wan, struct arena *arena,
    struct serf_members *out)
{
	out->members.items = arena_array(arena, 1, sizeof(*out->members.items));
	out->members.count = 0;
	if (is_wan && !has_wan(c))
		return;
	out->members.items[0] = self(c, is_wan, arena);
	out->members.count = 1;
}

/* A pool of one has seen its own join, and nothing else. */
static struct pair_list
section_values(struct arena *arena)
{
	static const char *const values[][2] = {
		{ "coordinate_resets", "0" },
		{ "encrypted", "false" },
		{ "event_queue", "0" },
		{ "event_time", "1" },
		{ "failed", "0" },
		{ "health_score", "0" },
		{ "intent_queue", "0" },
		{ "left", "0" },
		{ "member_time", "1" },
		{ "members", "1" },
		{ "query_queue", "0" },
		{ "query_time", "1" },
	};
	size_t count = sizeof(values) / sizeof(values[0]);
	struct pair *items = arena_array(arena, count, sizeof(*items));

	for (size_t i = 0; i < count; i++)
		items[i] = (struct pair){ slice_of_text(values[i][0]),
			slice_of_text(values[i][1]) };
	return ((struct pair_list){ items, count });
}

void
pool_stats(const struct config *c, struct arena *arena, struct stats *out)
{
	struct stats_section *sections =
	    arena_array(arena, 2, sizeof(*sections));
	size_t count = 0;

	sections[count++] =
	    (struct stats_section){ SLICE("serf_lan"), section_values(arena) };
	if (has_wan(c))
		sections[count++] = (struct stats_section){ SLICE("serf_wan"),
			section_values(arena) };
	out->sections.items = sections;
	out->sections.count = count;
}
