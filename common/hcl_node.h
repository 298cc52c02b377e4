/* The syntax tree of HCL 1, between hcl.c (text in) and hcl_tree.c (JSON
 * out). All of it lives in the arena and lends the source's bytes. */
#ifndef COMMON_HCL_NODE_H
#define COMMON_HCL_NODE_H

#include "hcl_scan.h"
#include "json.h"

enum hcl_kind {
	HCL_LITERAL, /* `token` */
	HCL_LIST,    /* `first`: its elements */
	HCL_OBJECT,  /* `items` */
};

struct hcl_node {
	enum hcl_kind kind;
	struct hcl_position at;
	struct hcl_token token;
	struct hcl_item *items;
	struct hcl_node *first;
	struct hcl_node *next; /* the following element */
};

struct hcl_item {
	struct slice *keys; /* more than one: a labelled block */
	size_t key_count;
	struct hcl_position at;
	struct hcl_node *value;
	struct hcl_item *next;
};

/* "At 1:2: text"; `why` has JSON_WHY_MAX. Always ERR_INVALID. */
MUST_CHECK enum err hcl_fail(
    char *why, struct hcl_position, const char *format, ...) PRINTF_LIKE(3, 4);

/* The root's items as one object. */
MUST_CHECK enum err hcl_tree_build(
    const struct hcl_item *, struct arena *, struct json **, char *why);

#endif
