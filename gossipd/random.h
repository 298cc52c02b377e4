/*
 * A seeded generator (splitmix64), and a hash of strangers' names that they
 * cannot steer without the key (SipHash-2-4).
 */
#ifndef GOSSIPD_RANDOM_H
#define GOSSIPD_RANDOM_H

#include "common/bytes.h"

uint64_t random_next(uint64_t *state);
/* 0..bound-1; bound > 0. */
uint64_t random_below(uint64_t *state, uint64_t bound);
double random_real(uint64_t *state); /* 0 <= x < 1 */

uint64_t keyed_hash(const uint64_t key[2], struct slice);

#endif
