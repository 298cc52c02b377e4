/*
 * How far nodes are from one another, by their coordinates.
 *
 * Source  Serf's coordinate/coordinate.go (DistanceTo); Consul's lib/rtt.go
 *	   and agent/consul/rtt.go; api/semantics.md 11
 */
#ifndef CATALOGD_RTT_H
#define CATALOGD_RTT_H

#include "state.h"

#define RTT_UNKNOWN INT64_MAX

/* Between two coordinates, in nanoseconds; RTT_UNKNOWN where one is missing or
 * they have not the same dimensions. */
int64_t rtt_between(const struct vivaldi_coord *, const struct vivaldi_coord *);

/* The node that an item of a list stands on. */
typedef struct slice rtt_node_fn(const void *item);

/*
 * Put `count` items of `size` bytes in the order of their distance from a
 * node; those whose distance is not known stand last, and equals as they were.
 * Nothing is moved where the node has no coordinate.
 */
void rtt_sort(const struct state *, struct arena *, struct slice from,
    void *items, size_t count, size_t size, rtt_node_fn *);

#endif
