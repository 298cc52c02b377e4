/*
 * Who may be in the pool: Consul's merge delegates for LAN and WAN
 * (wire/gossip.md 13.3).
 */
#include "core.h"
#include "meta.h"
#include "names.h"

struct judging {
	const struct gossip *g;
	struct arena *arena;
	struct slice *why;
	struct names ids; /* node ids; the value is the place of its node */
};

static struct slice
tag(const struct push_node *node, const char *name)
{
	struct slice value;

	(void)gossip_meta_tag(node->meta, name, &value);
	return (value);
}

static bool
is_number(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return (false);
	return (text.size > 0);
}

static bool
is_number_or_none(const struct push_node *node, const char *name)
{
	struct slice value;

	return (!gossip_meta_tag(node->meta, name, &value) || is_number(value));
}

static size_t
digits_at(struct slice text, size_t at)
{
	size_t count = 0;

	while (at + count < text.size && text.data[at + count] >= '0' &&
	       text.data[at + count] <= '9')
		count++;
	return (count);
}

/* N.N.N somewhere in it. */
static bool
has_version(struct slice build)
{
	for (size_t start = 0; start < build.size; start++) {
		size_t at = start;
		unsigned parts = 0;

		while (digits_at(build, at) > 0) {
			at += digits_at(build, at);
			parts++;
			if (parts == 3)
				return (true);
			if (at >= build.size || build.data[at] != '.')
				break;
			at++;
		}
	}
	return (false);
}

static bool
has_good_features(const struct push_node *node)
{
	struct meta_tags tags = meta_tags(node->meta);
	struct slice key, value;

	while (meta_next(&tags, &key, &value))
		if (slice_starts_with(key, SLICE("ft_")) && !is_number(value))
			return (false);
	return (true);
}

/* agent/metadata, IsConsulServer (wire/gossip.md 13.1). */
static bool
is_server(const struct push_node *node)
{
	return (slice_is(tag(node, "role"), "consul") &&
		is_number(tag(node, "port")) && is_number(tag(node, "vsn")) &&
		has_version(tag(node, "build")) &&
		is_number_or_none(node, "expect") &&
		is_number_or_none(node, "raft_vsn") &&
		is_number_or_none(node, "wan_join_port") &&
		has_good_features(node));
}

static bool
has_unique_id(struct judging *j, const struct push_node *nodes, size_t place)
{
	const struct gossip_options *o = &j->g->options;
	const struct push_node *node = &nodes[place];
	struct slice id = tag(node, "id");
	struct name_slot *slot;
	bool is_new;

	if (id.size == 0 || node->state == SWIM_LEFT)
		return (true);
	if (slice_equal(id, o->node_id) && !slice_equal(node->name, o->name)) {
		*j->why = arena_printf(j->arena,
		    "Member '%.*s' has conflicting node ID '%.*s' with this "
		    "agent's ID",
		    SLICE_ARGS(node->name), SLICE_ARGS(id));
		return (false);
	}
	slot = names_put(&j->ids, id, &is_new);
	if (is_new)
		slot->value = place;
	if (slot->value == place)
		return (true);
	*j->why = arena_printf(j->arena,
	    "Member '%.*s' has conflicting node ID '%.*s' with member '%.*s'",
	    SLICE_ARGS(node->name), SLICE_ARGS(id),
	    SLICE_ARGS(nodes[slot->value].name));
	return (false);
}

static bool
is_in_datacenter(struct judging *j, const struct push_node *node)
{
	struct slice dc = tag(node, "dc");

	if (!slice_is(tag(node, "role"), "node") && !is_server(node))
		return (true); /* not of Consul: not judged */
	if (slice_equal(dc, j->g->options.datacenter))
		return (true);
	*j->why = arena_printf(j->arena,
	    "Member '%.*s' part of wrong datacenter '%.*s'",
	    SLICE_ARGS(node->name), SLICE_ARGS(dc));
	return (false);
}

static bool
is_in_segment(struct judging *j, const struct push_node *node)
{
	struct slice ours = j->g->options.segment;
	struct slice theirs = tag(node, "segment");

	if (slice_equal(ours, theirs))
		return (true);
	*j->why = arena_printf(j->arena,
	    "Member '%.*s' part of wrong segment '%.*s' (expected '%.*s')",
	    SLICE_ARGS(node->name), SLICE_ARGS(theirs), SLICE_ARGS(ours));
	return (false);
}

static bool
lan_allows(struct judging *j, const struct push_node *nodes, size_t count)
{
	names_init(&j->ids, j->arena, j->g->members.key, count);
	for (size_t i = 0; i < count; i++)
		if (!has_unique_id(j, nodes, i) ||
		    !is_in_datacenter(j, &nodes[i]) ||
		    !is_in_segment(j, &nodes[i]))
			return (false);
	return (true);
}

static bool
wan_allows(struct judging *j, const struct push_node *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_server(&nodes[i]))
			continue;
		*j->why = arena_printf(j->arena,
		    "Member '%.*s' is not a server", SLICE_ARGS(nodes[i].name));
		return (false);
	}
	return (true);
}

bool
rule_allows(const struct gossip *g, const struct push_node *nodes, size_t count,
    struct arena *arena, struct slice *why)
{
	struct judging j = { .g = g, .arena = arena, .why = why };

	switch (g->options.rule) {
	case RULE_CONSUL_LAN:
		return (lan_allows(&j, nodes, count));
	case RULE_CONSUL_WAN:
		return (wan_allows(&j, nodes, count));
	case RULE_ANY:
		break;
	}
	return (true);
}
