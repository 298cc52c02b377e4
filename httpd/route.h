/*
 * The table of all endpoints: pattern, methods, handler.
 *
 * A pattern that ends in '/' takes everything behind it as its argument; one
 * without matches only itself. The longest wins, as in Go's ServeMux.
 *
 * Source  api/http.md 1.1, sections 2 to 16
 */
#ifndef HTTPD_ROUTE_H
#define HTTPD_ROUTE_H

#include "parse.h"

struct request;

/* Answer the request or ask a question for it; r is the caller's. */
typedef void route_fn(struct request *r);

enum body_rule {
	BODY_ANY,  /* up to HTTP_BODY_BYTES_MAX */
	BODY_KV,   /* up to limits.kv_max_value_size, if it says its size */
	BODY_TXN,  /* up to limits.txn_max_req_len */
	BODY_FLOW, /* any size: the handler of a PUT takes it as it comes */
};

/* Flags of a route. */
#define ROUTE_TAKES_NS	    0x01 /* ignores ?ns=, others refuse it */
#define ROUTE_META_ON_ERROR 0x02 /* index headers also with a 500 */
#define ROUTE_BARE_ALLOW    0x04 /* Allow without OPTIONS in a 405 */
#define ROUTE_IS_OFF	    0x08 /* says so, whatever is asked */

struct route {
	const char *pattern;
	const char *allow; /* as in the Allow header, without OPTIONS */
	unsigned methods;  /* set of enum http_method */
	route_fn *handler;
	unsigned flags;
	enum body_rule body;
};

struct routes; /* an index over the table */

struct routes *routes_new(void);
void routes_free(struct routes *);
/* The route of a decoded, clean path; NULL if there is none. *argument is what
 * stands behind the pattern. */
const struct route *route_find(
    const struct routes *, struct slice path, struct slice *argument);
/* Is it a pattern but for the '/' at its end? Then clients are sent there. */
bool route_wants_slash(const struct routes *, struct slice path);
/* For tests and the audit: row by row, NULL at the end. */
const struct route *route_row(size_t index);
size_t route_index(const struct route *);
#define ROUTES_MAX 170 /* rows, at most */

#endif
