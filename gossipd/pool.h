/*
 * Who is in the pools: so far this agent alone. The protocol that brings
 * others is a capability of its own; what is said here is true without it.
 *
 * Source  wire/gossip.md 13.1 (tags), 13.2 (names)
 */
#ifndef GOSSIPD_POOL_H
#define GOSSIPD_POOL_H

#include "config.h"
#include "local_types.h"

/* All members of the pool; their parts are in the arena or lent by the
 * configuration. */
void pool_members(
    const struct config *, bool is_wan, struct arena *, struct serf_members *);

/* The sections `serf_lan` and `serf_wan` of `consul info`. */
void pool_stats(const struct config *, struct arena *, struct stats *);

#endif
