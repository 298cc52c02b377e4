/*
 * HTTP/1.1 as it comes: the head of a request.
 *
 * Strict, and pure: bytes in, facts out. Nothing is copied; slices of a head
 * lend the caller's bytes.
 *
 * Source  RFC 7230; what is refused and how is as Go's net/http does it
 * Strict  where Go is not: obs-fold (3.2.4) and Content-Length together with
 *	   Transfer-Encoding (3.3.3) are refused, both tools of smuggling
 */
#ifndef HTTPD_PARSE_H
#define HTTPD_PARSE_H

#include "bytes.h"

/* Bits, so that a route can hold a set of them. */
enum http_method {
	HTTP_GET = 1 << 0,
	HTTP_PUT = 1 << 1,
	HTTP_POST = 1 << 2,
	HTTP_DELETE = 1 << 3,
	HTTP_HEAD = 1 << 4,
	HTTP_OPTIONS = 1 << 5,
	HTTP_CONNECT = 1 << 6,
	HTTP_OTHER = 1 << 7,
};

struct head {
	size_t size; /* of the head with its empty line */
	enum http_method method;
	struct slice method_text;
	struct slice path;  /* of the target, as sent; "*" for OPTIONS * */
	struct slice query; /* behind the first '?', as sent */
	uint64_t content_length;
	bool is_http10;
	bool has_query; /* also an empty one */
	bool has_length;
	bool is_chunked;
	bool wants_close;
	bool wants_keep_alive;
	bool expects_continue;
	bool expects_more; /* an Expect that is not 100-continue */
	bool accepts_gzip;
	unsigned host_count;
	unsigned transfer_encoding_count;
	/* Values of headers that endpoints look at; nil where absent, the
	 * first of several. */
	struct slice host;
	struct slice transfer_encoding;
	struct slice connection;
	struct slice expect;
	struct slice accept;
	struct slice accept_encoding;
	struct slice authorization;
	struct slice cache_control;
	struct slice if_modified_since;
	struct slice consul_token;
	struct slice consul_namespace;
	struct slice forwarded_for;
};

/* Why a head is refused: in the order in which Go finds them. `text` stands
 * in the status line too, behind "HTTP/1.1 ". */
/* clang-format off */
#define REFUSALS(X)                                                               \
	X(MALFORMED,   "400 Bad Request",                   "400 Bad Request")    \
	X(ENCODING,    "501 Not Implemented", "Unsupported transfer encoding")    \
	X(VERSION,     "400 Bad Request: unsupported protocol version",   NULL)   \
	X(NO_HOST,     "400 Bad Request: missing required Host header",   NULL)   \
	X(HOSTS,       "400 Bad Request: too many Host headers",          NULL)   \
	X(HOST,        "400 Bad Request: malformed Host header",          NULL)   \
	X(NAME,        "400 Bad Request: invalid header name",            NULL)   \
	X(VALUE,       "400 Bad Request: invalid header value",           NULL)   \
	X(TOO_LARGE,   "431 Request Header Fields Too Large",             NULL)   \
	X(TOO_SLOW,    "408 Request Timeout",                             NULL)
/* clang-format on */

enum refusal {
#define X(name, status, text) REFUSAL_##name,
	REFUSALS(X)
#undef X
	    REFUSAL_NONE
};

const char *refusal_status(enum refusal);
const char *refusal_text(enum refusal); /* the body */

/* Size of the head at the front of `bytes`, its empty line included; 0 if its
 * end is not there yet. *scanned (0 at first) saves looking twice. */
size_t head_find_end(struct slice bytes, size_t *scanned);

/* Read a whole head, as head_find_end() delimits it. On a refusal *head has
 * what was understood. */
MUST_CHECK enum refusal head_parse(struct slice bytes, struct head *head);

/* Does a comma-separated header value contain this token, in any case? */
bool header_has_token(struct slice value, const char *token);

#endif
