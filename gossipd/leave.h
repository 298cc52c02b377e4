/*
 * Leaving for good: the WAN pool first, then the LAN pool, then a while in
 * which others may still ask, and the end of the process.
 *
 * Source  wire/gossip.md 13.6; consul server.go and client.go, Leave
 */
#ifndef GOSSIPD_LEAVE_H
#define GOSSIPD_LEAVE_H

#include "pool.h"

#define LEAVE_CALLS_MAX 64

struct leave {
	bool is_begun;
	bool has_others; /* someone to leave */
	ev_timer gone;	 /* what the last answers and requests may take */
	struct call *calls[LEAVE_CALLS_MAX]; /* to be answered at the end */
	size_t call_count;
};

/* `call` may be NULL: a signal asked. */
void leave_begin(struct daemon *, struct call *);
/* This pool has been left. */
void leave_pool_left(struct pool *);

#endif
