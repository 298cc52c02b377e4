/*
 * A map from ids to pointers, made for ids that follow each other. Whoever
 * chooses others can't make them collide.
 */
#ifndef COMMON_IDMAP_H
#define COMMON_IDMAP_H

#include <stddef.h>
#include <stdint.h>

/* To be the first member of whatever is kept. */
struct idmap_node {
	uint64_t id;
	struct idmap_node *next; /* in its bucket */
};

struct idmap {
	struct idmap_node **buckets; /* owned; the nodes are not */
	size_t bucket_count;	     /* a power of two */
	size_t count;
	size_t first; /* bucket that may hold one; those before it are empty */
};

void idmap_init(struct idmap *);
void idmap_deinit(struct idmap *);
void idmap_put(struct idmap *, struct idmap_node *); /* id not there yet */
void *idmap_get(const struct idmap *, uint64_t id);  /* NULL if not there */
void *idmap_take(struct idmap *, uint64_t id);	     /* and remove */
/* Any node, or NULL when empty: to take all out one by one. */
void *idmap_any(struct idmap *);
/* Call `visit` for each; it may take out the visited node, and no other. */
void idmap_each(
    struct idmap *, void (*visit)(void *node, void *arg), void *arg);

#endif
