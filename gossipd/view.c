/* What there is to see; see view.h. */
#include <inttypes.h>

#include "address.h"
#include "tags.h"
#include "view.h"

void
view_member(
    const struct gossip_member *m, struct arena *arena, struct serf_member *out)
{
	char ip[IP_TEXT_MAX];

	*out = (struct serf_member){
		.name = m->name,
		.addr = arena_copy(
		    arena, slice_of_text(endpoint_print_ip(&m->address, ip))),
		.port = m->address.port,
		.tags = tags_of_meta(m->meta, arena),
		.status = (int64_t)m->status,
		.protocol_min = m->versions.of[0],
		.protocol_max = m->versions.of[1],
		.protocol_cur = m->versions.of[2],
		.delegate_min = m->versions.of[3],
		.delegate_max = m->versions.of[4],
		.delegate_cur = m->versions.of[5],
	};
}

void
view_members(
    const struct pool *pool, struct arena *arena, struct serf_members *out)
{
	struct gossip_member *members;

	gossip_members(pool->core, arena, &members, &out->members.count);
	out->members.items =
	    arena_array(arena, out->members.count, sizeof(*out->members.items));
	for (size_t i = 0; i < out->members.count; i++)
		view_member(&members[i], arena, &out->members.items[i]);
}

struct figure {
	const char *name;
	uint64_t value;
};

/* With room for one more. */
static struct pair *
figures_print(const struct figure *figures, size_t count, struct arena *arena)
{
	struct pair *items = arena_array(arena, count + 1, sizeof(*items));

	for (size_t i = 0; i < count; i++)
		items[i] = (struct pair){ slice_of_text(figures[i].name),
			arena_printf(arena, "%" PRIu64, figures[i].value) };
	return (items);
}

void
view_traffic(
    const struct pool *pool, struct arena *arena, struct stats_section *out)
{
	const struct net_counters *n = net_counters(pool->net);
	struct gossip_stats s;

	gossip_stats(pool->core, &s);
	const struct figure figures[] = {
		{ "bytes_in", n->bytes_in },
		{ "bytes_out", n->bytes_out },
		{ "dropped", s.dropped },
		{ "malformed", n->malformed },
		{ "packets_in", n->packets_in },
		{ "packets_out", n->packets_out },
		{ "refused", n->refused },
		{ "streams_over_limit", n->overload },
	};
	size_t count = sizeof(figures) / sizeof(figures[0]);

	out->name = pool->is_wan ? SLICE("gossip_wan") : SLICE("gossip_lan");
	out->values =
	    (struct pair_list){ figures_print(figures, count, arena), count };
}

void
view_stats(
    const struct pool *pool, struct arena *arena, struct stats_section *out)
{
	struct gossip_stats s;
	struct pair *items;

	gossip_stats(pool->core, &s);
	const struct figure figures[] = {
		{ "coordinate_resets", s.coord_resets },
		{ "event_queue", s.event_queue },
		{ "event_time", s.event_clock },
		{ "failed", s.failed },
		{ "health_score", s.health_score },
		{ "intent_queue", s.intent_queue },
		{ "left", s.left },
		{ "member_time", s.clock },
		{ "members", s.members },
		{ "query_queue", s.query_queue },
		{ "query_time", s.query_clock },
	};
	size_t count = sizeof(figures) / sizeof(figures[0]);

	items = figures_print(figures, count, arena);
	items[count] = (struct pair){ SLICE("encrypted"),
		pool_is_encrypted(pool) ? SLICE("true") : SLICE("false") };
	out->name = pool->is_wan ? SLICE("serf_wan") : SLICE("serf_lan");
	out->values = (struct pair_list){ items, count + 1 };
}

void
view_coordinate(
    const struct coord *c, struct arena *arena, struct vivaldi_coord *out)
{
	out->vec.count = COORD_DIMENSIONS;
	out->vec.items =
	    arena_array(arena, COORD_DIMENSIONS, sizeof(*out->vec.items));
	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		out->vec.items[i] = c->vec[i];
	out->error = c->error;
	out->adjustment = c->adjustment;
	out->height = c->height;
}

void
view_coordinates(
    const struct pool *pool, struct arena *arena, struct coordinates *out)
{
	struct gossip_member *members;
	size_t count;

	gossip_members(pool->core, arena, &members, &count);
	out->value.items = arena_array(arena, count, sizeof(*out->value.items));
	for (size_t i = 0; i < count; i++) {
		struct coordinate *row = &out->value.items[out->value.count];
		struct coord coord;

		if (members[i].is_self)
			gossip_coord(pool->core, &coord);
		else if (!gossip_coord_of(pool->core, members[i].name, &coord))
			continue;
		row->node = members[i].name;
		row->coord = arena_alloc(arena, sizeof(*row->coord));
		view_coordinate(&coord, arena, row->coord);
		out->value.count++;
	}
}
