/*
 * The HTTP API as the commands use it: ask and wait, or start several calls
 * and wait for whichever is done first.
 *
 * Flags beat the environment (CONSUL_HTTP_ADDR and its kin), which beats the
 * defaults. Errors are texts, worded as Consul's client library words them.
 *
 * Memory  answers live in the caller's arena
 * Source  api/cli.md 1; hashicorp/consul/api, as observed
 */
#ifndef PROCONSUL_CLIENT_H
#define PROCONSUL_CLIENT_H

#include <stdio.h>

#include "arena.h"
#include "bytes.h"
#include "err.h"
#include "flags.h"
#include "type.h"

/* Members hold NULL where a flag was not given. Stands first in the options
 * of each command that talks to an agent. */
struct client_options {
	const char *http_addr;
	const char *token;
	const char *token_file;
	const char *ca_file;
	const char *ca_path;
	const char *client_cert;
	const char *client_key;
	const char *tls_server_name;
	const char *datacenter;
	const char *name_space; /* the -namespace flag */
	bool is_stale;
};

struct client;
struct call;

struct request {
	struct arena *arena;   /* lent */
	const char *method;    /* "GET" */
	struct slice path;     /* not escaped yet; in the arena */
	struct slice body;     /* lent */
	FILE *body_file;       /* lent; the body instead, read as it leaves */
	const char *body_name; /* of that file, for errors; lent */
	struct pair
	    *params; /* sorted by key, as Go prints them; in the arena */
	size_t param_count;
};

struct response {
	unsigned status;
	uint64_t index; /* X-Consul-Index, 0 where there is none */
	struct slice body;
};

/* Bytes of a body as they come, for streams; lent for the call. */
typedef void client_data_fn(void *arg, struct slice bytes);

/* NULL and *why when an option cannot be used. */
MUST_CHECK struct client *client_new(
    const struct client_options *, struct buf *why);
void client_free(struct client *);

/* `path` with printf's words, e.g. "/v1/kv/%s". */
void request_init(struct request *, struct arena *, const char *method,
    const char *path, ...) PRINTF_LIKE(4, 5);
void request_param(struct request *, const char *name, const char *value);
void request_param_uint(struct request *, const char *name, uint64_t value);

/* One answer, whatever its status. *why: `Get "http://...": dial tcp ...`. */
MUST_CHECK enum err client_ask(struct client *, const struct request *,
    struct response *, struct buf *why);
/* The same; another status than 200 also is an error, and *why is
 * "Unexpected response code: 500 (<body>)". */
MUST_CHECK enum err client_ask_ok(struct client *, const struct request *,
    struct response *, struct buf *why);
/* The error of an answer that is not 200. */
void response_why(const struct response *, struct buf *why);

/* A call that goes on while others do. `on_data` may be NULL: then the body is
 * kept for call_finish. */
struct call *client_start(struct client *, const struct request *,
    client_data_fn *on_data, void *arg);
/* Until a call is done, `fd` (-1: none) is readable, or time is up. */
void client_wait(struct client *, int fd, int timeout_ms);
bool call_is_done(const struct call *);
/* What came of a call that is done; frees it. */
MUST_CHECK enum err call_finish(
    struct call *, struct arena *, struct response *, struct buf *why);
void call_cancel(struct call *); /* frees; NULL is fine */
/* Status of an answer whose body is still coming; 0 before its head. */
unsigned call_status(const struct call *);

#endif
