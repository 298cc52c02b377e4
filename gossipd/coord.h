/*
 * Where members are, by the round trips between them: Vivaldi network
 * coordinates as Serf computes them.
 *
 * Source  wire/gossip.md 11; Dabek et al., Vivaldi; Ledlie et al., Network
 *         Coordinates in the Wild (filter, gravity, adjustment)
 * Units   seconds
 */
#ifndef GOSSIPD_COORD_H
#define GOSSIPD_COORD_H

#include "message.h"

#define COORD_WINDOW 20 /* samples of the adjustment */
#define COORD_FILTER 3	/* round trips of a member, for their median */

/* What we know of another member. */
struct coord_peer {
	double rtts[COORD_FILTER]; /* oldest first */
	unsigned rtt_count;
	struct coord coord; /* as it said last */
};

struct coord_self {
	struct coord coord;
	double samples[COORD_WINDOW];
	unsigned next_sample;
	uint64_t resets; /* times it had become nonsense */
};

void coord_init(struct coord_self *);
bool coord_is_finite(const struct coord *);
/* The estimated round trip; whole nanoseconds, as Go's Duration has it. */
double coord_distance(const struct coord *, const struct coord *);
/* A ping of `peer`, who says to be at `where`, took `rtt`. False: nonsense,
 * and nothing has changed. `random` moves on when two are at one place. */
bool coord_update(struct coord_self *, struct coord_peer *peer,
    const struct coord *where, struct duration rtt, uint64_t *random);

#endif
