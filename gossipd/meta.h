/*
 * The tags in a member's encoded meta: ff and a msgpack map of texts; or any
 * other bytes, which are the tag `role` (wire/gossip.md 9.5).
 */
#ifndef GOSSIPD_META_H
#define GOSSIPD_META_H

#include "common/bytes.h"

struct meta_tags {
	struct reader rest;
	size_t count; /* still to come */
	bool is_map;
	struct slice role; /* of a meta that is no map */
};

struct meta_tags meta_tags(struct slice meta); /* lends it */
/* The next tag, in no order; false at the end, or where it is malformed. */
bool meta_next(struct meta_tags *, struct slice *key, struct slice *value);

#endif
