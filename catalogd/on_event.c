/*
 * User events: whoever fires one has put it in Consul's envelope already; here
 * it goes into the pool, by gossipd.
 *
 * Source  api/http.md 8, wire/gossip.md 13.5; Consul's internal_endpoint.go,
 *         EventFire
 */
#include "catalogd.h"
#include "log.h"
#include "user_event.h"

#define FIRE_DEADLINE SECONDS(10)

static void
on_fired(void *arg, const struct answer *answer)
{
	const struct event_fire_response reply = { 0 };
	struct call *call = arg;

	if (answer->err != ERR_OK)
		call_fail_text(call, answer->text);
	else
		call_answer(call, &event_fire_response_type, &reply);
}

void
on_event_fire(struct daemon *d, struct call *call, const void *request)
{
	const struct event_fire_request *q = request;
	struct serf_fire_request fire = {
		.name = arena_printf(&call->arena, USER_EVENT_PREFIX "%.*s",
		    SLICE_ARGS(q->name)),
		.payload = q->payload,
	};

	if (!datacenter_is_ours(catalogd_of(d), call, q->datacenter))
		return;
	(void)edge_ask(d->edges[DAEMON_gossipd], METHOD_Serf_FireEvent,
	    &serf_fire_request_type, &fire, FIRE_DEADLINE, on_fired, call);
}

/* --- The leader's own. --- */

static void
on_leader_fired(void *arg, const struct answer *answer)
{
	(void)arg;
	if (answer->err != ERR_OK)
		log_error("agent.server",
		    "failed to broadcast new leader event", "error=\"%.*s\"",
		    SLICE_ARGS(answer->text));
}

void
event_new_leader(struct catalogd *c)
{
	struct daemon *d = c->daemon;
	struct serf_fire_request fire = {
		.name = SLICE(USER_EVENT_LEADER),
		.payload = slice_of_text(d->config->node_name),
	};

	(void)edge_ask(d->edges[DAEMON_gossipd], METHOD_Serf_FireEvent,
	    &serf_fire_request_type, &fire, FIRE_DEADLINE, on_leader_fired, c);
}
