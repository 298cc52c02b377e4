/*
 * Answers: status, headers in Go's order, body; made once, sent to many.
 *
 * Order    headers of the handler sorted by name, then Date, Content-Length,
 *	    a Content-Type that Go would have guessed, Connection
 * Memory   a blob is one finished answer, counted, so that a thousand waiting
 *	    clients share it
 * Source   api/http.md 1.3, 1.5, 1.7; bytes captured from the real one
 */
#ifndef HTTPD_RESPOND_H
#define HTTPD_RESPOND_H

#include "bytes.h"
#include "rpc_types.h"

struct gzip; /* a compressor, kept for reuse */

enum content {
	CONTENT_NONE,
	CONTENT_JSON,
	CONTENT_TEXT,  /* "text/plain; charset=utf-8", guessed by Go */
	CONTENT_PLAIN, /* "text/plain", as said by the handler */
	CONTENT_RAW,   /* a key's value: plain, and not to be sniffed */
	CONTENT_HTML,
};

struct response {
	int status;
	enum content content;
	bool is_api;	   /* of /v1: Vary, gzip, configured headers */
	bool has_meta;	   /* X-Consul-Index and its company */
	bool has_contact;  /* the same without X-Consul-Index */
	bool has_index;	   /* X-Consul-Index alone */
	bool is_bodiless;  /* head only: HEAD, or a stream that follows */
	bool is_stream;	   /* chunks follow; no Content-Length */
	bool is_unchanged; /* the client has this already: see ask_again() */
	uint64_t index;
	struct duration last_contact;
	bool knows_leader;
	const char *consistency;   /* or NULL */
	struct slice allow;	   /* empty: none; likewise below */
	struct slice content_type; /* overrides `content` */
	struct slice location;
	struct slice reason;	   /* X-Consul-Reason */
	struct slice content_hash; /* X-Consul-Contenthash */
	struct slice cache;	   /* X-Cache; with HIT, Age as well */
	struct duration age;
	struct slice last_modified;
	struct slice extra_headers; /* "Name: value\r\n" */
	struct buf body;	    /* owned */
};

void response_deinit(struct response *);
/* JSON: true, false or whatever the text says. */
void response_json_text(struct response *, const char *json);
void response_text(struct response *, int status, const char *format, ...)
    PRINTF_LIKE(3, 4);
void response_text_slice(struct response *, int status, struct slice text);
void response_meta(struct response *, const struct query_meta *);

/* A finished answer. data: head with an open Date, then the body. */
struct blob {
	unsigned references;
	size_t date_at;	   /* where its DATE_BYTES go */
	size_t contact_at; /* digits of X-Consul-Lastcontact; 0: has none */
	size_t contact_size;
	size_t head_size; /* with the empty line */
	size_t size;
	uint8_t data[];
};

#define DATE_BYTES 29

struct render_options {
	bool is_pretty;		    /* JSON with four blanks a level */
	bool wants_gzip;	    /* api/http.md 1.11 */
	struct gzip *gzip;	    /* lent */
	struct slice extra_headers; /* "Name: value\r\n", lent */
};

/* Takes *response apart (deinits it); one reference is the caller's. */
struct blob *blob_new(struct response *, const struct render_options *);
void blob_release(struct blob *); /* NULL is fine */

/* "Sun, 22 Nov 2026 18:37:53 GMT". */
void http_date(int64_t seconds, char out[DATE_BYTES + 1]);
const char *http_status_text(int status);

struct gzip *gzip_new(void);
void gzip_free(struct gzip *);
void gzip_deflate(struct gzip *, struct slice, struct buf *out);

#endif
