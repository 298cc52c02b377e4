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
#define STATUS_ALIVE	 1

/* --- Which members are servers. --- */

static struct slice
tag_of(const struct serf_member *m, const char *name, bool *is_there)
{
	for (size_t i = 0; i < m->tags.count; i++)
		if (slice_is(m->tags.items[i].key, name)) {
			*is_there = true;
			return (m->tags.items[i].value);
		}
	*is_there = false;
	return (SLICE(""));
}

/* Go's strconv.Atoi. */
static bool
is_number(struct slice text)
{
	size_t i =
	    text.size > 0 && (text.data[0] == '-' || text.data[0] == '+');

	if (i == text.size || text.size > 18)
		return (false);
	for (; i < text.size; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return (false);
	return (true);
}

/* "1.8.7" somewhere in it. */
static bool
has_version(struct slice build)
{
	for (size_t i = 0; i < build.size; i++) {
		unsigned dots = 0;
		size_t digits = 0;

		for (size_t k = i; k < build.size; k++) {
			uint8_t c = build.data[k];

			if (c >= '0' && c <= '9')
				digits++;
			else if (c == '.' && digits > 0 && dots < 2) {
				dots++;
				digits = 0;
			} else
				break;
		}
		if (dots == 2 && digits > 0)
			return (true);
	}
	return (false);
}

static bool
has_numbers(const struct serf_member *m)
{
	static const char *const names[] = { "expect", "raft_vsn",
		"wan_join_port" };
	bool is_there;
	struct slice value;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		value = tag_of(m, names[i], &is_there);
		if (is_there && !is_number(value))
			return (false);
	}
	for (size_t i = 0; i < m->tags.count; i++)
		if (slice_starts_with(m->tags.items[i].key, SLICE("ft_")) &&
		    !is_number(m->tags.items[i].value))
			return (false);
	return (is_number(tag_of(m, "port", &is_there)) &&
		is_number(tag_of(m, "vsn", &is_there)));
}

enum err
servers_parse(
    const struct serf_member *m, struct slice datacenter, struct buf *address)
{
	bool is_there, is_v6;

	if (!slice_is(tag_of(m, "role", &is_there), "consul") ||
	    !slice_equal(tag_of(m, "dc", &is_there), datacenter) ||
	    !has_numbers(m) || !has_version(tag_of(m, "build", &is_there)))
		return (ERR_NOT_FOUND);
	is_v6 = slice_find(m->addr, ':', 0) != SIZE_MAX;
	buf_put_text(address, is_v6 ? "[" : "");
	buf_put_slice(address, m->addr);
	buf_put_text(address, is_v6 ? "]:" : ":");
	buf_put_slice(address, tag_of(m, "port", &is_there));
	return (ERR_OK);
}

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
server_add(struct servers *s, struct slice name, const struct buf *address)
{
	size_t at = arc4random_uniform((uint32_t)s->count + 1);
	struct server *new;

	s->items = xreallocarray(s->items, s->count + 1, sizeof(*s->items));
	new = &s->items[at];
	memmove(new + 1, new, (s->count - at) * sizeof(*s->items));
	*new = (struct server){ 0 };
	buf_put_slice(&new->name, name);
	buf_put_slice(&new->address, buf_slice(address));
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
server_put(struct catalogd *c, struct slice name, struct buf *address)
{
	struct servers *s = &c->servers;
	struct server *old = server_find(s, name);

	if (old == NULL) {
		if (!c->daemon->config->is_server)
			log_info(LOG_NAME, "adding server",
			    "server=\"%.*s (Addr: tcp/%.*s) (DC: %s)\"",
			    SLICE_ARGS(name), SLICE_ARGS(buf_slice(address)),
			    c->daemon->config->datacenter);
		server_add(s, name, address);
	} else if (!slice_equal(buf_slice(&old->address), buf_slice(address))) {
		buf_reset(&old->address);
		buf_put_slice(&old->address, buf_slice(address));
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
	struct buf body = { 0 };
	struct peer_forward wanted = {
		.address = servers_first(&c->servers),
		.method = SLICE("Status.Ping"),
	};

	type_encode(&empty_type, &(struct empty){}, &body);
	wanted.body = buf_slice(&body);
	c->servers.ping =
	    edge_ask(c->daemon->edges[DAEMON_raftd], METHOD_Peer_Forward,
		&peer_forward_type, &wanted, PING_DEADLINE, on_ping, c);
	buf_deinit(&body);
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

void
servers_member(struct catalogd *c, const struct serf_member *m)
{
	struct servers *s = &c->servers;
	struct slice ours = slice_of_text(c->daemon->config->datacenter);
	struct buf address = { 0 };
	size_t before = s->count;

	if (m->status == STATUS_ALIVE &&
	    servers_parse(m, ours, &address) == ERR_OK)
		server_put(c, m->name, &address);
	else
		server_remove(s, m->name);
	buf_deinit(&address);
	if (before == 0 && s->count > 0)
		rebalance_again(c);
}

void
servers_init(struct catalogd *c)
{
	ev_timer_init(&c->servers.rebalance, on_rebalance, 0, 0);
	c->servers.rebalance.data = c;
}
