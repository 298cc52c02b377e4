/*
 * Randomness for shuffling: fast, seeded, and of no use for secrets.
 *
 * Source  xorshift64*, Vigna 2016
 */
#ifndef DNSD_CHANCE_H
#define DNSD_CHANCE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct chance {
	uint64_t state; /* not zero */
};

/* A number below `limit`. */
static inline size_t
chance_below(struct chance *c, size_t limit)
{
	assert(limit > 0 && limit <= UINT32_MAX);
	c->state ^= c->state >> 12;
	c->state ^= c->state << 25;
	c->state ^= c->state >> 27;
	return ((size_t)((c->state * 0x2545f4914f6cdd1dU >> 32) * limit >> 32));
}

#endif
