/*
 * The servers of our datacenter as gossip shows them: whom a client agent asks.
 *
 * It asks the first of the list. One that fails goes to the end. Each two to
 * three minutes they are shuffled, and the first that answers a ping becomes
 * the first, so that clients spread over servers that come and go. A new server
 * is put at a random place, for the same reason.
 *
 * Source  wire/rpc.md 7, wire/gossip.md 13.1; Consul's router/manager.go
 */
#ifndef CATALOGD_SERVERS_H
#define CATALOGD_SERVERS_H

#include <ev.h>

#include "local_types.h"

struct catalogd;

struct server {
	struct buf name;    /* of the member */
	struct buf address; /* "ip:port" of its RPC */
};

struct servers {
	struct server *items; /* owned; in the order in which they are asked */
	size_t count;
	ev_timer rebalance; /* runs on client agents only */
	size_t pinged;	    /* of the round that runs: how many have failed */
	uint64_t ping;	    /* the ask that is open, or 0 */
	double tokens;	    /* of limits.rpc_max_burst */
	struct instant filled_at;
};

void servers_init(struct catalogd *);
/* A member is as this says; any member. */
void servers_member(struct catalogd *, const struct serf_member *);
/* Where to ask; empty if there is nobody. Lent until the list changes. */
struct slice servers_first(const struct servers *);
/* Within limits.rpc_rate? Counts one call. */
bool servers_may_ask(struct catalogd *);
/* This one did not answer. */
void servers_failed(struct servers *, struct slice address);

static inline size_t
servers_count(const struct servers *s)
{
	return (s->count);
}

#endif
