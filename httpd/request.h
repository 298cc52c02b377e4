/*
 * One request, whole and checked, on its way through a handler.
 *
 * A handler does syntax only: it fills the request of a method, and asks
 * (ask.h) or answers. What is here is lent until the handler returns.
 */
#ifndef HTTPD_REQUEST_H
#define HTTPD_REQUEST_H

#include "arena.h"
#include "json.h"
#include "parse.h"
#include "query.h"
#include "respond.h"
#include "route.h"

struct conn;
struct httpd;

struct request {
	struct httpd *httpd;	   /* lent */
	struct conn *conn;	   /* lent */
	const struct route *route; /* NULL outside of /v1 */
	const struct head *head;
	struct slice path;     /* decoded and clean */
	struct slice argument; /* what stands behind the route's pattern */
	struct query query;
	struct slice token;
	struct slice body;
	const char *body_error; /* Go's text if the body was broken, or NULL */
	struct arena *arena;	/* until the handler returns */
};

/* --- Answering at once. --- */

/* Send *response, and deinit it. */
void request_answer(struct request *, struct response *);
void request_text(struct request *, int status, const char *format, ...)
    PRINTF_LIKE(3, 4);
void request_json(struct request *, const char *json); /* 200 */
void request_empty(struct request *, int status);

/* --- What many handlers need. --- */

/* dc=, or the agent's own. */
struct slice request_datacenter(const struct request *);
struct slice request_agent_datacenter(const struct request *);
/* near=: the node, or this agent's, and its datacenter; nothing where it is
 * absent. */
void request_near(const struct request *, struct query_source *);
/* The same and who asks: the first of X-Forwarded-For, or the peer. */
void request_source(const struct request *, struct query_source *);
/* index, wait, consistency, token, filter, namespaces; false: it has answered
 * 400. */
MUST_CHECK bool request_options(struct request *, struct query_options *);
/* The same for what is not read from the servers: of those, index and wait. */
MUST_CHECK bool request_wait(struct request *, struct query_options *);
/* Consistency alone, Cache-Control and the token. */
MUST_CHECK bool request_consistency(struct request *, struct query_options *);
/* Namespaces alone, for writes; false: it has answered 400. */
MUST_CHECK bool request_refuse_namespace(struct request *);
/* A question about one service: its name (the argument), tags, near, node
 * metadata and options; false: it has answered 400. */
MUST_CHECK bool request_service(
    struct request *, struct service_specific_request *);
/* The body as JSON into *object; false: it has answered 400: `prefix`
 * ("Request decode failed: " in most places) and why. */
MUST_CHECK bool request_decode(struct request *, enum json_dialect,
    const struct type *, void *object, const char *prefix);

#endif
