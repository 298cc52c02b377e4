/* Ordered sets on libbsd's red-black trees; see tree.h. */
#include <assert.h>

#include "tree.h"

static int
link_compare(const struct link *a, const struct link *b)
{
	return (slice_compare(a->key, b->key));
}

RB_GENERATE_INTERNAL(
    tree, link, entry, link_compare, static __attribute__((unused)))

void
tree_init(struct tree *tree)
{
	RB_INIT(tree);
}

void
tree_put(struct tree *tree, struct link *link)
{
	struct link *other = RB_INSERT(tree, tree, link);

	assert(other == NULL);
}

void
tree_remove(struct tree *tree, struct link *link)
{
	struct link *removed = RB_REMOVE(tree, tree, link);

	assert(removed == link);
}

/* The macros take no const; they do not change what they search. */
static struct tree *
searched(const struct tree *tree)
{
	return ((struct tree *)(uintptr_t)tree);
}

struct link *
tree_find(const struct tree *tree, struct slice key)
{
	struct link wanted = { .key = key };

	return (RB_FIND(tree, searched(tree), &wanted));
}

struct link *
tree_from(const struct tree *tree, struct slice key)
{
	struct link wanted = { .key = key };

	return (RB_NFIND(tree, searched(tree), &wanted));
}

struct link *
tree_next(struct link *link)
{
	return (RB_NEXT(tree, NULL, link));
}
