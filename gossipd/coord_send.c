/* Coordinates to the catalog; see coord_send.h. */
#include <stdlib.h>

#include "common/log.h"
#include "coord_send.h"
#include "view.h"

#define INTERVAL_MIN_S 15.0
#define RATE_TARGET    64.0 /* updates a second, of all agents together */
#define PROTOCOL       3    /* the first to know coordinates */
#define DEADLINE       SECONDS(10)

/* --- When. --- */

/* lib.RateScaledInterval, and as much again by chance. */
static double
interval_s(const struct pool *pool)
{
	double all = (double)gossip_member_count(pool->core) / RATE_TARGET;
	double least = all > INTERVAL_MIN_S ? all : INTERVAL_MIN_S;

	return (least + least * ((double)random() / RAND_MAX));
}

static void
timer_set(struct coord_sender *s)
{
	ev_timer_set(&s->timer, interval_s(s->pool), 0);
	ev_timer_start(s->pool->daemon->loop, &s->timer);
}

/* --- To whom. --- */

/* -1 where it is no number, or none that a protocol can have. */
static int
number_of_tag(struct slice meta, const char *tag)
{
	struct slice text;
	int number = 0;

	if (!gossip_meta_tag(meta, tag, &text) || text.size == 0)
		return (-1);
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || number > 255)
			return (-1);
		number = number * 10 + (text.data[i] - '0');
	}
	return (number);
}

static bool
understands(const struct gossip_member *m)
{
	int least = number_of_tag(m->meta, "vsn_min");

	return (least >= 0 && least <= PROTOCOL &&
		number_of_tag(m->meta, "vsn_max") >= PROTOCOL);
}

/* consul util.go, CanServersUnderstandProtocol: there are some, and all do. */
static bool
servers_understand(const struct pool *pool)
{
	size_t count, servers = 0, willing = 0;
	struct gossip_member *members;
	struct arena arena = { 0 };
	struct slice role;

	gossip_members(pool->core, &arena, &members, &count);
	for (size_t i = 0; i < count; i++) {
		if (!gossip_meta_tag(members[i].meta, "role", &role) ||
		    !slice_is(role, "consul"))
			continue;
		servers++;
		willing += understands(&members[i]);
	}
	arena_deinit(&arena);
	return (servers > 0 && servers == willing);
}

/* --- What. --- */

static void
on_sent(void *arg, const struct answer *answer)
{
	(void)arg;
	if (answer->err != ERR_OK)
		log_error("agent", "Coordinate update error", "error=\"%.*s\"",
		    SLICE_ARGS(answer->text));
}

static void
coord_send(const struct pool *pool)
{
	const struct config *c = pool->daemon->config;
	struct vivaldi_coord at = { 0 };
	struct coordinate_update_request request = {
		.datacenter = slice_of_text(c->datacenter),
		.node = slice_of_text(c->node_name),
		.coord = &at,
	};
	struct arena arena = { 0 };
	struct coord coord;

	gossip_coord(pool->core, &coord);
	view_coordinate(&coord, &arena, &at);
	edge_ask(pool->daemon->edges[DAEMON_catalogd], METHOD_Coordinate_Update,
	    &coordinate_update_request_type, &request, DEADLINE, on_sent, NULL);
	arena_deinit(&arena);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct coord_sender *s = w->data;

	(void)loop;
	(void)events;
	if (servers_understand(s->pool))
		coord_send(s->pool);
	else
		log_debug("agent",
		    "Skipping coordinate updates until servers are upgraded",
		    "");
	timer_set(s);
}

void
coord_send_start(struct coord_sender *s, const struct pool *pool)
{
	if (pool->daemon->config->keys.disable_coordinates)
		return;
	s->pool = pool;
	ev_timer_init(&s->timer, on_timer, 0, 0);
	s->timer.data = s;
	timer_set(s);
}
