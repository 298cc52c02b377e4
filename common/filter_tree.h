/*
 * What a filter is made of: for filter*.c only.
 */
#ifndef COMMON_FILTER_TREE_H
#define COMMON_FILTER_TREE_H

#include "filter.h"
#include "pattern.h"

enum filter_kind {
	FILTER_OR,
	FILTER_AND,
	FILTER_NOT, /* of `left` */
	FILTER_MATCH,
};

/* In go-bexpr's order; `is_negated` makes the opposite of each. */
enum filter_operator {
	FILTER_EQUAL,
	FILTER_IN,
	FILTER_EMPTY,
	FILTER_MATCHES,
};

/* One step from a value into what it is made of. */
struct filter_step {
	struct slice key; /* of a map, where the value is one */
	size_t offset;	  /* of a struct's member, and what it is */
	enum kind kind;
	const struct type *type;
};

/* One comparison: what was read, and then what it means. */
struct filter_match {
	struct slice_list selector;
	struct slice value; /* as text */
	enum filter_operator operator;
	bool is_negated;
	bool has_value;
	struct filter_step *steps; /* a map takes one step more: its value */
	size_t step_count;
	int64_t number; /* of an integer, or a truth */
	const struct pattern *pattern;
};

struct filter_node {
	enum filter_kind kind;
	struct filter_node *left, *right;
	struct filter_match match;
};

struct filter {
	const struct type *type;
	const struct filter_node *root;
};

/* Text to tree. ERR_INVALID: *why gets the mistakes, a line each. */
MUST_CHECK enum err filter_parse(struct slice text, struct arena *,
    struct filter_node **out, struct buf *why);
/* The parts with dots between, in the arena. */
struct slice filter_join(
    const struct slice_list *parts, size_t count, struct arena *);
/* Selectors to steps, values to what they are compared with. */
MUST_CHECK enum err filter_check(
    struct filter_node *, const struct type *, struct arena *, struct buf *why);

#endif
