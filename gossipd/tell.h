/*
 * What catalogd hears unasked: members that came, changed or went, user
 * events, and from time to time where this agent is.
 *
 * Source  wire/gossip.md 13.5; api/semantics.md (coordinates); consul
 *         agent.go, sendCoordinate
 */
#ifndef GOSSIPD_TELL_H
#define GOSSIPD_TELL_H

#include "pool.h"

void tell_change(struct pool *, const struct member_change *);
void tell_event(struct pool *, const struct user_event *);
/* catalogd is new, and knows nobody. */
void tell_all(struct pool *);

/* When our coordinate goes to the servers: the more members, the less often. */
struct own_coordinate {
	struct pool *pool; /* lent */
	ev_timer due;
};
void tell_coordinates_start(struct own_coordinate *, struct pool *);

#endif
