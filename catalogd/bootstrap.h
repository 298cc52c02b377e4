/*
 * The first configuration of a cluster whose servers wait for each other.
 * Source  wire/raft.md 5
 */
#ifndef CATALOGD_BOOTSTRAP_H
#define CATALOGD_BOOTSTRAP_H

#include "arena.h"

struct catalogd;
struct candidate;

struct bootstrap {
	bool is_over; /* for good: done, or not for us */
	struct arena arena;
	struct candidate *candidates; /* the arena's */
	size_t count;
	size_t left; /* of them, not answered yet; 0: nobody is asked */
};

/* A member has changed, or raftd has said what it is. */
void bootstrap_check(struct catalogd *);

#endif
