/*
 * Where this agent is, told to the catalog each 15..30 s, and less often where
 * there are so many agents that it would be more than 64 updates a second.
 *
 * Source  wire/rpc.md 7; consul agent.go, sendCoordinate
 */
#ifndef GOSSIPD_COORD_SEND_H
#define GOSSIPD_COORD_SEND_H

#include "pool.h"

struct coord_sender {
	const struct pool *pool; /* lent */
	ev_timer timer;
};

void coord_send_start(struct coord_sender *, const struct pool *);

#endif
