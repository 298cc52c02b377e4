/* Answers to catalogd; see on_catalogd.h. */
#include <stdlib.h>

#include "common/status.h"
#include "common/user_event.h"
#include "common/xmalloc.h"
#include "gossipd.h"
#include "join.h"
#include "keys.h"
#include "on_catalogd.h"
#include "view.h"

static struct pool *
pool_of(struct daemon *d, bool is_wan)
{
	struct gossipd *g = d->state;

	return (is_wan ? g->wan : g->lan);
}

/* --- To be seen. --- */

static void
on_members(struct daemon *d, struct call *call, const void *request)
{
	const struct serf_members_request *q = request;
	const struct pool *pool = pool_of(d, q->is_wan);
	struct serf_members members = { 0 };

	if (pool != NULL)
		view_members(pool, &call->arena, &members);
	call_answer(call, &serf_members_type, &members);
}

static void
on_stats(struct daemon *d, struct call *call, const void *request)
{
	struct gossipd *g = d->state;
	struct pool *pools[] = { g->lan, g->wan };
	struct stats_section sections[4] = { 0 };
	struct stats stats = { .sections = { sections, 0 } };

	(void)request;
	for (size_t i = 0; i < 2; i++) {
		struct stats_section *next = &sections[stats.sections.count];

		if (pools[i] == NULL)
			continue;
		view_traffic(pools[i], &call->arena, &next[0]);
		view_stats(pools[i], &call->arena, &next[1]);
		stats.sections.count += 2;
	}
	call_answer(call, &stats_type, &stats);
}

static void
on_coordinates(struct daemon *d, struct call *call, const void *request)
{
	const struct serf_members_request *q = request;
	const struct pool *pool = pool_of(d, q->is_wan);
	struct coordinates coordinates = { 0 };

	if (pool != NULL)
		view_coordinates(pool, &call->arena, &coordinates);
	call_answer(call, &coordinates_type, &coordinates);
}

/* --- To be done. --- */

static void
on_joined(void *arg, size_t joined, struct slice why)
{
	struct serf_joined reply = { joined };
	struct call *call = arg;

	if (joined == 0)
		call_fail_text(call, why);
	else
		call_answer(call, &serf_joined_type, &reply);
}

static void
on_join(struct daemon *d, struct call *call, const void *request)
{
	const struct serf_join_request *q = request;
	struct pool *pool = pool_of(d, q->is_wan);

	if (pool == NULL) {
		call_fail(call, d->config->is_server
				    ? "The WAN pool is turned off"
				    : "Must be a server to join WAN cluster");
		return;
	}
	join_start(
	    pool, q->addresses.items, q->addresses.count, on_joined, call);
}

static void
on_leave(struct daemon *d, struct call *call, const void *request)
{
	(void)request;
	leave_begin(d, call);
}

static void
on_forced(void *arg, bool is_ok, struct slice why)
{
	struct call *call = arg;
	struct empty empty;

	if (is_ok)
		call_answer(call, &empty_type, &empty);
	else
		call_fail_text(call, why);
}

static void
force_leave(
    struct pool *pool, struct call *call, struct slice name, bool is_prune)
{
	struct gossip_event event = { .kind = GOSSIP_FORCE_LEAVE };

	event.as.force_leave.name = name;
	event.as.force_leave.is_prune = is_prune;
	pool_command(pool, &event,
	    &(struct pool_command){ .done = on_forced, .arg = call });
}

/* Consul forces it out of the LAN pool, and on a server out of the WAN pool,
 * where its name has the datacenter behind it (server.go, RemoveFailedNode). */
static void
on_force_leave(struct daemon *d, struct call *call, const void *request)
{
	const struct serf_force_leave_request *q = request;
	struct gossipd *g = d->state;
	struct gossip_member member;
	struct slice wan_name = arena_printf(&call->arena, "%.*s.%s",
	    SLICE_ARGS(q->node), d->config->datacenter);

	if (gossip_member_find(g->lan->core, q->node, &member)) {
		if (g->wan != NULL &&
		    gossip_member_find(g->wan->core, wan_name, &member)) {
			struct gossip_event event = { .kind =
							  GOSSIP_FORCE_LEAVE };

			event.as.force_leave.name = wan_name;
			event.as.force_leave.is_prune = q->is_prune;
			pool_step(g->wan, &event);
		}
		force_leave(g->lan, call, q->node, q->is_prune);
	} else if (g->wan != NULL &&
		   gossip_member_find(g->wan->core, q->node, &member))
		force_leave(g->wan, call, q->node, q->is_prune);
	else
		call_fail(call, "agent: No node found with name '%.*s'",
		    SLICE_ARGS(q->node));
}

static void
on_events(struct daemon *d, struct call *call, const void *request)
{
	const struct serf_events_request *q = request;
	struct gossipd *g = d->state;

	events_answer_after(&g->events, call, q->name, q->after.generation);
}

/* Too large, most likely: Consul says it once for each segment. */
static void
on_fired(void *arg, bool is_ok, struct slice why)
{
	struct call *call = arg;
	struct empty empty;

	if (is_ok)
		call_answer(call, &empty_type, &empty);
	else
		call_fail(call,
		    "1 error occurred:\n\t* error broadcasting event to "
		    "segment "
		    "\"\": %.*s\n\n",
		    SLICE_ARGS(why));
}

static void
on_fire_event(struct daemon *d, struct call *call, const void *request)
{
	const struct serf_fire_request *q = request;
	struct gossip_event event = { .kind = GOSSIP_USER_EVENT };
	struct slice mistake =
	    events_mistake(q->name, q->payload, &call->arena);

	if (mistake.size > 0) {
		call_fail_text(call, mistake);
		return;
	}
	event.as.user_event.name = q->name;
	event.as.user_event.payload = q->payload;
	pool_command(pool_of(d, false), &event,
	    &(struct pool_command){ .done = on_fired, .arg = call });
}

static void
on_keyring(struct daemon *d, struct call *call, const void *request)
{
	const struct serf_keyring_request *q = request;
	struct pool *pool = pool_of(d, q->is_wan);

	if (pool == NULL)
		call_fail(call, "The WAN pool is turned off");
	else
		keys_ask(pool, call, q);
}

call_fn *const catalogd_handlers[METHOD_COUNT] = {
	[METHOD_Serf_Members] = on_members,
	[METHOD_Serf_Stats] = on_stats,
	[METHOD_Serf_Coordinates] = on_coordinates,
	[METHOD_Serf_Join] = on_join,
	[METHOD_Serf_Leave] = on_leave,
	[METHOD_Serf_ForceLeave] = on_force_leave,
	[METHOD_Serf_Events] = on_events,
	[METHOD_Serf_FireEvent] = on_fire_event,
	[METHOD_Serf_Keyring] = on_keyring,
};
