/*
 * A keyed hash for tables whose keys strangers choose: without the seed they
 * cannot aim at one bucket.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include "bytes.h"

uint64_t hash_seed(void); /* random; fatal() without randomness */
uint64_t hash_bytes(uint64_t seed, struct slice);

#endif
