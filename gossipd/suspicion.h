/*
 * How long a suspect has to defend itself: the more members suspect it
 * independently, the shorter.
 *
 * Source  Lifeguard paper, LHA-Suspicion; memberlist suspicion.go
 * Memory  at most SUSPICION_ACCUSERS_MAX accusers are told apart, by hash
 */
#ifndef GOSSIPD_SUSPICION_H
#define GOSSIPD_SUSPICION_H

#include "common/clock.h"

#define SUSPICION_ACCUSERS_MAX 16

struct suspicion {
	struct instant start;
	struct duration min, max;
	unsigned wanted; /* confirmations that bring it down to `min` */
	unsigned confirmations;
	/* Hashes of their names: the first accuser, then who confirmed. */
	uint64_t accusers[SUSPICION_ACCUSERS_MAX];
};

/* SuspicionMult x log10(members) x interval, the logarithm at least 1 and cut
 * to 3 decimals (memberlist util.go, suspicionTimeout). */
struct duration suspicion_timeout(
    unsigned mult, size_t members, struct duration interval);

void suspicion_start(struct suspicion *, uint64_t accuser, unsigned wanted,
    struct duration min, struct duration max, struct instant now);
/* True if this accuser was news, and so may move the deadline. */
bool suspicion_confirm(struct suspicion *, uint64_t accuser);
struct instant suspicion_deadline(const struct suspicion *);

#endif
