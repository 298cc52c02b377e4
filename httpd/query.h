/*
 * The parameters of a request, and those that all reads share.
 *
 * Source  Go's url.ParseQuery (1.15: '&' and ';' both separate); api/http.md
 *	   1.6
 */
#ifndef HTTPD_QUERY_H
#define HTTPD_QUERY_H

#include "arena.h"
#include "bytes.h"
#include "clock.h"
#include "rpc_types.h"

#define QUERY_PARAMS_MAX 256 /* ours; more are an invalid query */

struct param {
	struct slice name;
	struct slice value;
};

struct query {
	struct param *items; /* lent by the arena */
	size_t count;
};

/* false: an escape is broken. */
MUST_CHECK bool query_parse(struct slice text, struct arena *, struct query *);

bool query_has(const struct query *, const char *name);
/* The first value of that name; empty if there is none. */
struct slice query_get(const struct query *, const char *name);
/* All values of that name, in order. */
struct slice_list query_all(
    const struct query *, const char *name, struct arena *);
/* All parameters, sorted by name and escaped: Go's Values.Encode(). */
void query_encode(const struct query *, struct buf *out);

/* Go's strconv.ParseUint(value, 10, 64). */
MUST_CHECK bool query_u64(struct slice value, uint64_t *out, const char **why);
/* Go's strconv.Atoi: a sign is allowed. */
MUST_CHECK bool query_int(struct slice value, int64_t *out, const char **why);
/* Go's strconv.ParseBool: 1 t T TRUE true True and their opposites. */
MUST_CHECK bool query_bool(struct slice value, bool *out);

/* What Consul reads of a Cache-Control header; what is not there is 0. */
struct cache_control {
	struct duration max_age; /* 0: any */
	struct duration stale_if_error;
	bool must_revalidate;
};

/* False: a number in it is none. */
MUST_CHECK bool query_cache_control_parse(
    struct slice header, struct cache_control *out);
/* index, wait, consistency: filled into `options`. NULL, or the text of the
 * 400. `max_stale` and the rest belong to it. */
const char *query_options_parse(
    const struct query *, struct arena *, struct query_options *options);
/* The two halves of that: stale, consistent, cached and max_stale; and wait and
 * index. Some endpoints know only one of them. */
const char *query_consistency_parse(
    const struct query *, struct arena *, struct query_options *options);
const char *query_wait_parse(
    const struct query *, struct query_options *options);
/* node-meta=k:v, any number of them. */
void query_node_meta(
    const struct query *, struct arena *, struct pair_list *out);

#endif
