/*
 * Coordinates come one by one, and go into the log together: the leader keeps
 * the newest of each node for a while.
 *
 * Source  api/http.md 9, api/semantics.md 11; Consul's coordinate_endpoint.go
 */
#include <math.h>
#include <stdlib.h>

#include "catalogd.h"
#include "log.h"
#include "xmalloc.h"

#define LOG_NAME     "agent.server.coordinate"
#define DIMENSIONS   8 /* of Serf's coordinates */
#define ERROR_MAX    1.5
#define HEIGHT_MIN   10.0e-6
#define ASK_DEADLINE SECONDS(10)

/* --- Taking them in. --- */

static bool
is_valid(const struct vivaldi_coord *coord)
{
	if (coord == NULL)
		return (false);
	for (size_t i = 0; i < coord->vec.count; i++)
		if (!isfinite(coord->vec.items[i]))
			return (false);
	return (isfinite(coord->error) && isfinite(coord->adjustment) &&
		isfinite(coord->height));
}

/* Into the log, in batches; too many at once are too many for it. */
static void
batches_propose(struct catalogd *c, struct pending_coordinates *pending)
{
	struct coordinate items[COORDINATE_BATCH_SIZE];
	struct coordinates batch = { .value = { .items = items } };

	for (size_t i = 0; i < pending->count; i++) {
		items[batch.value.count++] = pending->items[i];
		if (batch.value.count < COORDINATE_BATCH_SIZE &&
		    i + 1 < pending->count)
			continue;
		propose(c, FSM_COORDINATES | FSM_IGNORE_UNKNOWN,
		    &coordinates_type, &batch, NULL, SLICE(""));
		batch.value.count = 0;
	}
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct catalogd *c = w->data;
	struct pending_coordinates *pending = &c->coordinates;

	(void)loop;
	(void)events;
	if (pending->discarded > 0)
		log_warn(LOG_NAME, "Discarded coordinate updates",
		    "number_discarded=%zu", pending->discarded);
	/* Who has lost the lead lets the next one hear of them. */
	if (catalogd_can_write(c))
		batches_propose(c, pending);
	pending->count = pending->discarded = 0;
	arena_deinit(&pending->arena);
}

void
coordinates_init(struct catalogd *c)
{
	ev_timer_init(&c->coordinates.timer, on_timer, COORDINATE_PERIOD_S, 0);
	c->coordinates.timer.data = c;
}

/* The place of this node's, or a new one; NULL where there is none left. */
static struct coordinate *
place_for(struct pending_coordinates *pending, struct slice node,
    struct slice segment)
{
	for (size_t i = 0; i < pending->count; i++)
		if (slice_equal(pending->items[i].node, node) &&
		    slice_equal(pending->items[i].segment, segment))
			return (&pending->items[i]);
	if (pending->count == COORDINATES_MAX)
		return (NULL);
	return (&pending->items[pending->count++]);
}

static void
keep(struct catalogd *c, const struct coordinate_update_request *q)
{
	struct pending_coordinates *pending = &c->coordinates;
	struct coordinate given = { q->node, q->segment, q->coord };
	struct coordinate *place = place_for(pending, q->node, q->segment);

	if (place == NULL || pending->arena.size > COORDINATE_BYTES_MAX) {
		pending->discarded++;
		return;
	}
	type_copy(&coordinate_type, &given, &pending->arena, place);
	if (!ev_is_active(&pending->timer)) {
		ev_timer_set(&pending->timer, COORDINATE_PERIOD_S, 0);
		ev_timer_start(c->daemon->loop, &pending->timer);
	}
}

void
on_coordinate_update(struct daemon *d, struct call *call, const void *request)
{
	const struct coordinate_update_request *q = request;
	const struct empty empty = {};

	if (!datacenter_is_ours(catalogd_of(d), call, q->datacenter))
		return;
	if (!is_valid(q->coord)) {
		call_fail(call, "invalid coordinate");
		return;
	}
	if (q->coord->vec.count != DIMENSIONS) {
		call_fail(call, "incompatible coordinate");
		return;
	}
	keep(catalogd_of(d), q);
	call_answer(call, &empty_type, &empty);
}

/* --- Datacenters: where the servers of the WAN pool are. --- */

struct wan_work {
	struct catalogd *owner;
	struct call *call;
	struct serf_members members;
};

static struct vivaldi_coord *
coordinate_at_first(struct arena *arena)
{
	struct vivaldi_coord *coord = arena_alloc(arena, sizeof(*coord));

	coord->vec.items = arena_array(arena, DIMENSIONS, sizeof(double));
	coord->vec.count = DIMENSIONS;
	coord->error = ERROR_MAX;
	coord->height = HEIGHT_MIN;
	return (coord);
}

static struct vivaldi_coord *
coordinate_in(const struct coordinates *all, struct slice name)
{
	for (size_t i = 0; i < all->value.count; i++)
		if (slice_equal(all->value.items[i].node, name))
			return (all->value.items[i].coord);
	return (NULL);
}

/* "s1.dc1" without its datacenter. */
static struct slice
short_name(struct slice name, struct slice datacenter)
{
	size_t tail = datacenter.size + 1;

	if (name.size > tail && slice_ends_with(name, datacenter) &&
	    name.data[name.size - tail] == '.')
		return (slice_head(name, name.size - tail));
	return (name);
}

static struct datacenter_map *
map_of(struct datacenter_maps *maps, struct slice datacenter, size_t members,
    struct arena *arena)
{
	struct datacenter_map *map;

	for (size_t i = 0; i < maps->value.count; i++)
		if (slice_equal(maps->value.items[i].datacenter, datacenter))
			return (&maps->value.items[i]);
	map = &maps->value.items[maps->value.count++];
	map->datacenter = datacenter;
	map->area_id = SLICE("wan");
	map->coordinates.items =
	    arena_array(arena, members, sizeof(*map->coordinates.items));
	return (map);
}

static void
maps_fill(const struct wan_work *work, const struct coordinates *known,
    struct datacenter_maps *maps)
{
	struct arena *arena = &work->call->arena;
	size_t count = work->members.members.count;

	maps->value.items =
	    arena_array(arena, count + 1, sizeof(*maps->value.items));
	for (size_t i = 0; i < count; i++) {
		const struct serf_member *m = &work->members.members.items[i];
		struct slice datacenter = member_tag(m, "dc");
		struct vivaldi_coord *coord = coordinate_in(known, m->name);
		struct datacenter_map *map;

		if (!slice_is(member_tag(m, "role"), "consul"))
			continue;
		map = map_of(maps, datacenter, count, arena);
		map->coordinates.items[map->coordinates.count++] =
		    (struct coordinate){
			    .node = short_name(m->name, datacenter),
			    .coord = coord != NULL ? coord
						   : coordinate_at_first(arena),
		    };
	}
}

static void
on_coordinates(void *arg, const struct answer *answer)
{
	struct wan_work *work = arg;
	struct call *call = work->call;
	struct coordinates known = { 0 };
	struct datacenter_maps maps = { 0 };

	if (answer->err != ERR_OK ||
	    type_decode_all(&coordinates_type, answer->body, &call->arena,
		&known) != ERR_OK) {
		call_fail_text(call, answer->text);
		return;
	}
	maps_fill(work, &known, &maps);
	call_answer(call, &datacenter_maps_type, &maps);
}

static void
on_wan_members(void *arg, const struct answer *answer)
{
	const struct serf_members_request request = { .is_wan = true };
	struct wan_work *work = arg;
	struct call *call = work->call;

	if (answer->err != ERR_OK ||
	    type_decode_all(&serf_members_type,
		arena_copy(&call->arena, answer->body), &call->arena,
		&work->members) != ERR_OK) {
		call_fail_text(call, answer->text);
		return;
	}
	edge_ask(work->owner->daemon->edges[DAEMON_gossipd],
	    METHOD_Serf_Coordinates, &serf_members_request_type, &request,
	    ASK_DEADLINE, on_coordinates, work);
}

void
on_coordinate_datacenters(
    struct daemon *d, struct call *call, const void *request)
{
	const struct serf_members_request wan = { .is_wan = true };
	struct wan_work *work = arena_alloc(&call->arena, sizeof(*work));

	(void)request;
	work->owner = catalogd_of(d);
	work->call = call;
	edge_ask(d->edges[DAEMON_gossipd], METHOD_Serf_Members,
	    &serf_members_request_type, &wan, ASK_DEADLINE, on_wan_members,
	    work);
}
