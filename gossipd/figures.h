/*
 * What gossipd measures beside its packets: members that come and go, events,
 * messages by their kind, and how long a ping takes.
 *
 * Source  api/config.md 7; serf's serf.go, memberlist's state.go
 */
#ifndef GOSSIPD_FIGURES_H
#define GOSSIPD_FIGURES_H

#include "gossip.h"

/* Of one pool. */
struct figures {
	uint32_t ping; /* sequence of the last one of ours; 0: it is answered */
	struct instant pinged_at;
	unsigned health_score;
	struct instant queues_at; /* when they were looked at last */
};

void figures_heard(struct figures *, const struct message *);
/* What a step left to be done. */
void figures_effects(struct figures *, const struct gossip_effects *);
/* A tick has put packets into the effects. */
void figures_gossip(struct instant begun);
/* The health, and now and then how much waits to be told. */
void figures_stats(struct figures *, const struct gossip_stats *);

#endif
