/* Whom a client agent asks; see servers.h. */
#include <stdlib.h>
#include <string.h>

#include "catalogd.h"
#include "log.h"
#include "xmalloc.h"

#define LOG_NAME	 "agent.client"
#define REBALANCE_S	 120 /* clientRPCMinReuseDuration */
#define REBALANCE_MORE_S 60  /* and up to half as much again */
#define PING_DEADLINE	 SECONDS(10)

/* --- The list. --- */

static void
server_deinit(struct server *s)
{
	buf_deinit(&s->name);
	buf_deinit(&s->address);
}

static void
server_remove(struct servers *s, struct slice name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!slice_equal_fold(buf_slice(&s->items[i].name), name))
			continue;
		server_deinit(&s->items[i]);
		s->count--;
		memmove(&s->items[i], &s->items[i + 1],
		    (s->count - i) * sizeof(*s->items));
		return;
	}
}

static void
server_add(struct servers *s, struct slice name, struct slice address)
{
	size_t at = arc4random_uniform((uint32_t)s->count + 1);
	struct server *new;

	s->items = xreallocarray(s->items, s->count + 1, sizeof(*s->items));
	new = &s->items[at];
	memmove(new + 1, new, (s->count - at) * sizeof(*s->items));
	*new = (struct server){ 0 };
	buf_put_slice(&new->name, name);
	buf_put_slice(&new->address, address);
	s->count++;
}

static struct server *
server_find(struct servers *s, struct slice name)
{
	for (size_t i = 0; i < s->count; i++)
		if (slice_equal_fold(buf_slice(&s->items[i].name), name))
			return (&s->items[i]);
	return (NULL);
}

static void
server_put(struct catalogd *c, const struct serf_member *m)
{
	struct servers *s = &c->servers;
	struct server *old = server_find(s, m->name);
	struct slice address;

	arena_reset(&c->scratch);
	address = member_address(m, &c->scratch);
	if (old == NULL) {
		if (!c->daemon->config->is_server)
			log_info(LOG_NAME, "adding server",
			    "server=\"%.*s (Addr: tcp/%.*s) (DC: %s)\"",
			    SLICE_ARGS(m->name), SLICE_ARGS(address),
			    c->daemon->config->datacenter);
		server_add(s, m->name, address);
	} else if (!slice_equal(buf_slice(&old->address), address)) {
		buf_reset(&old->address);
		buf_put_slice(&old->address, address);
	}
}

struct slice
servers_first(const struct servers *s)
{
	return (s->count == 0 ? SLICE("") : buf_slice(&s->items[0].address));
}

void
servers_failed(struct servers *s, struct slice address)
{
	struct server first;

	if (s->count < 2 || !slice_equal(servers_first(s), address))
		return; /* others have said so already */
	first = s->items[0];
	memmove(s->items, s->items + 1, (s->count - 1) * sizeof(*s->items));
	s->items[s->count - 1] = first;
}

/* Go's rate.Limiter: a bucket that is full at first. */
bool
servers_may_ask(struct catalogd *c)
{
	const struct limits_keys *limits = &c->daemon->config->keys.limits;
	struct servers *s = &c->servers;
	struct instant now = instant_now();
	double burst = (double)limits->rpc_max_burst;

	if (limits->rpc_rate < 0)
		return (true);
	if (s->filled_at.ns == 0)
		s->tokens = burst;
	else
		s->tokens += limits->rpc_rate *
			     duration_seconds(instant_since(now, s->filled_at));
	s->filled_at = now;
	if (s->tokens > burst)
		s->tokens = burst;
	if (s->tokens < 1)
		return (false);
	s->tokens -= 1;
	return (true);
}

/* --- Rebalancing. --- */

static void ping(struct catalogd *);

static void
rebalance_again(struct catalogd *c)
{
	struct servers *s = &c->servers;

	ev_timer_stop(c->daemon->loop, &s->rebalance);
	if (s->count == 0 || c->daemon->config->is_server)
		return;
	ev_timer_set(&s->rebalance,
	    REBALANCE_S + arc4random_uniform(REBALANCE_MORE_S * 1000) / 1e3, 0);
	ev_timer_start(c->daemon->loop, &s->rebalance);
}

static void
on_ping(void *arg, const struct answer *answer)
{
	struct catalogd *c = arg;
	struct servers *s = &c->servers;

	s->ping = 0;
	if (answer->err == ERR_OK || ++s->pinged >= s->count) {
		if (answer->err != ERR_OK)
			log_debug(LOG_NAME,
			    "No healthy servers during "
			    "rebalance, aborting",
			    "");
		rebalance_again(c);
		return;
	}
	servers_failed(s, servers_first(s));
	ping(c);
}

static void
ping(struct catalogd *c)
{
	c->servers.ping = peer_ask(c, servers_first(&c->servers),
	    METHOD_Status_Ping, &(struct empty){}, PING_DEADLINE, on_ping, c);
}

static void
on_rebalance(struct ev_loop *loop, ev_timer *w, int events)
{
	struct catalogd *c = w->data;
	struct servers *s = &c->servers;

	(void)loop;
	(void)events;
	if (s->count == 0 || s->ping != 0)
		return;
	for (size_t i = s->count - 1; i > 0; i--) {
		size_t k = arc4random_uniform((uint32_t)i + 1);
		struct server swap = s->items[i];

		s->items[i] = s->items[k];
		s->items[k] = swap;
	}
	s->pinged = 0;
	ping(c);
}

/* healthd compares soon after a server turns up, as Consul's agent does. */
static void
healthd_tell(struct catalogd *c)
{
	struct edge *healthd = c->daemon->edges[DAEMON_healthd];

	if (edge_is_up(healthd))
		(void)edge_tell(healthd, METHOD_Edge_ServerJoined, &empty_type,
		    &(struct empty){});
}

void
servers_member(struct catalogd *c, const struct serf_member *m)
{
	struct servers *s = &c->servers;
	size_t before = s->count;

	if ((m->status == MEMBER_ALIVE || m->status == MEMBER_LEAVING) &&
	    member_is_server(m, c->daemon->config->datacenter))
		server_put(c, m);
	else
		server_remove(s, m->name);
	if (s->count > before)
		healthd_tell(c);
	if (before == 0 && s->count > 0)
		rebalance_again(c);
}

void
servers_init(struct catalogd *c)
{
	ev_timer_init(&c->servers.rebalance, on_rebalance, 0, 0);
	c->servers.rebalance.data = c;
}
