/*
 * Finding the others at the start: start_join (once, or not at all),
 * retry_join (again and again), and those of the last run.
 *
 * Two things that Consul does not do. Where nobody answers yet it also tries a
 * few times within the first seconds, unseen: servers that start together find
 * each other at once, not after retry_interval. And where no server is left in
 * the pool it looks again, names and all: servers may come back with other
 * addresses.
 *
 * Source  consul retry_join.go; serf serf.go, handleRejoin
 */
#ifndef GOSSIPD_RETRY_H
#define GOSSIPD_RETRY_H

#include "pool.h"

struct retry {
	struct pool *pool;	     /* lent */
	struct slice_list addresses; /* retry_join; lent */
	struct slice_list at_start;  /* start_join; lent */
	struct duration interval;
	int64_t attempts_max; /* 0: no limit */
	int64_t attempts;
	unsigned knocks; /* of the unseen ones */
	bool has_joined;
	ev_timer timer;
	/* The last run's members, in random order. */
	size_t next_past;
};

void retry_start(struct retry *, struct pool *);

#endif
