/*
 * An ordered set of links: one order of one table (rows by key, services by
 * name, ...). A link stands inside the allocation of what it orders, so that
 * putting it in and taking it out cannot fail.
 *
 * Keys are compared bytewise and are unique within a tree.
 */
#ifndef CATALOGD_TREE_H
#define CATALOGD_TREE_H

#include <bsd/sys/tree.h>

#include "bytes.h"

struct row;

struct link {
	RB_ENTRY(link) entry;
	struct slice key; /* lent by the row */
	struct row *row;  /* that this link stands in */
};

RB_HEAD(tree, link);

void tree_init(struct tree *);
void tree_put(struct tree *, struct link *); /* its key is not there yet */
void tree_remove(struct tree *, struct link *);
struct link *tree_find(const struct tree *, struct slice key);
/* The first link whose key is not before `key`, or NULL. */
struct link *tree_from(const struct tree *, struct slice key);
struct link *tree_next(struct link *);

#endif
