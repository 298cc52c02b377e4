/*
 * Configuration as a tree of JSON values, before it is bound to structs: one
 * source is checked against the table of keys, and sources are merged. Only a
 * tree still knows what was set and what was not.
 *
 * Memory  results live in the arena and may share nodes with what was given
 * Source  api/config.md 1; decoding as mapstructure does it, with its texts
 */
#ifndef COMMON_CONFIG_TREE_H
#define COMMON_CONFIG_TREE_H

#include "json.h"

/* One source, with canonical keys, wrapped values unwrapped and nulls gone.
 * `why` gets the text behind "failed to parse FILE: ". */
MUST_CHECK enum err config_tree_read(const struct json *, const struct type *,
    struct arena *, struct json **, struct buf *why);

/* `over` laid on `base`: scalars replace, lists append, maps and stanzas go
 * key by key. Both were read by config_tree_read. */
struct json *config_tree_merge(const struct json *base, const struct json *over,
    const struct type *, struct arena *);

/* The first duration that is none: `dns_config.node_ttl: invalid duration:
 * "7": time: missing unit in duration "7"`. */
MUST_CHECK enum err config_tree_check_durations(
    const struct json *, const struct type *, struct buf *why);

/* By a path such as "dns_config.soa.retry"; NULL where it is not set. */
const struct json *config_tree_find(const struct json *, const char *path);
/* Set a path; stanzas on the way are made. */
void config_tree_put(
    struct json *, const char *path, struct json *value, struct arena *);
/* The same for one key as it is, dots and all. */
void config_tree_put_key(
    struct json *, struct slice key, struct json *value, struct arena *);
/* Append to the list at `key` of an object. */
void config_tree_append(
    struct json *, const char *key, struct json *value, struct arena *);
/* Take the key out of the object; NULL if it is not there. */
struct json *config_tree_take(struct json *, const char *key);

struct json *config_tree_object(struct arena *);
struct json *config_tree_list(struct arena *, struct json *only);
struct json *config_tree_text(struct arena *, const char *); /* copied */

#endif
