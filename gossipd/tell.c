/* Notices to catalogd; see tell.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/user_event.h"
#include "tell.h"
#include "view.h"

static const char *
agent_log(const struct pool *pool)
{
	return (
	    pool->daemon->config->is_server ? "agent.server" : "agent.client");
}

static struct edge *
catalogd_of(const struct pool *pool)
{
	return (pool->daemon->edges[DAEMON_catalogd]);
}

/* --- Members. --- */

static void
member_tell(struct pool *pool, const struct serf_member *member)
{
	enum method method = pool->is_wan ? METHOD_Serf_WanMemberChanged
					  : METHOD_Serf_MemberChanged;
	enum err err;

	/* A catalogd that comes is told everything. */
	if (!edge_is_up(catalogd_of(pool)))
		return;
	err = edge_tell(catalogd_of(pool), method, &serf_member_type, member);
	if (err != ERR_OK)
		log_warn(agent_log(pool), "Could not report a member",
		    "member=%.*s error=\"%s\"", SLICE_ARGS(member->name),
		    err_text(err));
}

void
tell_change(struct pool *pool, const struct member_change *c)
{
	struct arena arena = { 0 };
	struct serf_member member;

	view_member(&c->member, &arena, &member);
	if (c->kind == CHANGE_REAP)
		member.status = MEMBER_NONE;
	member_tell(pool, &member);
	arena_deinit(&arena);
}

void
tell_all(struct pool *pool)
{
	struct serf_members all;
	struct arena arena = { 0 };

	if (pool == NULL)
		return;
	view_members(pool, &arena, &all);
	for (size_t i = 0; i < all.members.count; i++)
		member_tell(pool, &all.members.items[i]);
	arena_deinit(&arena);
}

/* --- User events. --- */

static void
consul_event_tell(struct pool *pool, const struct user_event *event)
{
	struct user_event_entry entry;

	if (user_event_decode(event->payload, &entry) != ERR_OK) {
		log_error("agent", "Failed to decode event", "event=%.*s",
		    SLICE_ARGS(event->name));
		return;
	}
	entry.ltime = event->ltime;
	log_debug("agent", "new event", "event_name=%.*s event_id=%.*s",
	    SLICE_ARGS(entry.name), SLICE_ARGS(entry.id));
	if (edge_is_up(catalogd_of(pool)) &&
	    edge_tell(catalogd_of(pool), METHOD_Serf_EventReceived,
		&user_event_entry_type, &entry) != ERR_OK)
		log_warn("agent", "Could not hand on an event", "event=%.*s",
		    SLICE_ARGS(event->name));
}

/* consul server_serf.go, localEvent: what is none of Consul's is nobody's. */
void
tell_event(struct pool *pool, const struct user_event *event)
{
	if (pool->is_wan)
		return;
	if (slice_is(event->name, USER_EVENT_LEADER))
		log_info(agent_log(pool), "New leader elected", "payload=%.*s",
		    SLICE_ARGS(event->payload));
	else if (slice_starts_with(
		     event->name, slice_of_text(USER_EVENT_PREFIX)))
		consul_event_tell(pool, event);
	else if (slice_starts_with(event->name, SLICE("consul:")))
		log_warn(agent_log(pool), "Unhandled local event", "event=%.*s",
		    SLICE_ARGS(event->name));
}

/* --- Where we are. --- */

/* lib/rand.go, RateScaledInterval and RandomStagger. */
static double
interval_s(const struct own_coordinate *o)
{
	const struct config_keys *keys = &o->pool->daemon->config->keys;
	double rate = keys->sync_coordinate_rate_target > 0
			  ? keys->sync_coordinate_rate_target
			  : 64;
	double seconds = (double)gossip_member_count(o->pool->core) / rate;
	struct duration least = SECONDS(15);
	struct duration given;
	char ignored[128];

	if (duration_parse(keys->sync_coordinate_interval_min, &given, ignored,
		sizeof(ignored)) == ERR_OK &&
	    given.ns > 0)
		least = given;
	if (seconds < duration_seconds(least))
		seconds = duration_seconds(least);
	return (seconds + seconds * ((double)random() / RAND_MAX));
}

static void
on_due(struct ev_loop *loop, ev_timer *w, int events)
{
	struct own_coordinate *o = w->data;
	struct vivaldi_coord where = { 0 };
	struct coordinate notice = { .coord = &where };
	struct arena arena = { 0 };
	struct coord coord;

	(void)events;
	gossip_coord(o->pool->core, &coord);
	view_coordinate(&coord, &arena, &where);
	notice.node = slice_of_text(o->pool->daemon->config->node_name);
	if (edge_is_up(catalogd_of(o->pool)))
		/* One that is lost is followed by the next. */
		(void)edge_tell(catalogd_of(o->pool), METHOD_Serf_CoordinateDue,
		    &coordinate_type, &notice);
	arena_deinit(&arena);
	ev_timer_set(w, interval_s(o), 0);
	ev_timer_start(loop, w);
}

void
tell_coordinates_start(struct own_coordinate *o, struct pool *pool)
{
	o->pool = pool;
	ev_timer_init(&o->due, on_due, interval_s(o), 0);
	o->due.data = o;
	ev_timer_start(pool->daemon->loop, &o->due);
}
