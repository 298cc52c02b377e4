/*
 * A set of names for the length of a step: which was there already? Built
 * once, in an arena, with a keyed hash.
 */
#ifndef GOSSIPD_NAMES_H
#define GOSSIPD_NAMES_H

#include "common/arena.h"

struct name_slot {
	struct slice name; /* lent */
	uint64_t value;
	bool is_used;
};

struct names {
	const uint64_t *key; /* lent; two words */
	struct name_slot *slots;
	size_t slot_count; /* a power of two, never full */
};

/* For at most `count` names. */
void names_init(
    struct names *, struct arena *, const uint64_t key[2], size_t count);
/* The slot of the name, which is new there if it was not `is_used`: the
 * caller then sets `value`. */
struct name_slot *names_put(struct names *, struct slice name, bool *is_new);
const struct name_slot *names_get(const struct names *, struct slice name);

#endif
