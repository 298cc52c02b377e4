/*
 * User events as Consul has them: fired into the LAN pool, filtered by each
 * agent for itself, and the last ones remembered.
 *
 * A filter on services needs this agent's services: healthd is asked for them,
 * over catalogd.
 *
 * Source  wire/gossip.md 13.5; api/semantics.md 10; consul agent/user_event.go
 */
#ifndef GOSSIPD_EVENTS_H
#define GOSSIPD_EVENTS_H

#include "common/local_types.h"
#include "pool.h"

#define EVENTS_KEPT_MAX 256 /* consul agent.go, eventBuf */

struct kept_event {
	struct user_event_entry entry; /* its texts are in the arena */
	struct arena arena;
};

struct patient;

struct events {
	struct kept_event kept[EVENTS_KEPT_MAX]; /* a ring */
	size_t first, count;
	uint64_t generation;	  /* never 0; another with each that is kept */
	struct patient *patients; /* for another; owned */
	uint64_t refused;	  /* that no filter of ours understands */
};

/* A user event came (or is our own): keep it, if it is for this agent. */
void events_heard(struct daemon *, const struct user_event *);
/* A call for those of a name, oldest first: answered when the generation is not
 * this one any more. */
void events_answer_after(
    struct events *, struct call *, struct slice name, uint64_t generation);
/* Consul's text if this event must not be fired, else an empty one. */
struct slice events_mistake(
    struct slice name, struct slice payload, struct arena *);

#endif
