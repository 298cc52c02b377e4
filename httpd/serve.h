/*
 * From bytes to a handler: the checks of one request, in Consul's order.
 *
 * Source  api/http.md 1.1, 1.2
 */
#ifndef HTTPD_SERVE_H
#define HTTPD_SERVE_H

#include "conn.h"
#include "chunks.h"
#include "parse.h"

/* How far the request at the front of a connection has come; zeroed for each.
 */
struct intake {
	size_t scanned; /* for the end of the head */
	size_t needed;	/* bytes until it is whole; 0: not known */
	struct chunk_scan chunks;
	bool is_in_body;
	bool has_continued; /* "100 Continue" was said */
};

struct served {
	size_t taken;	/* bytes; 0: the request is not whole yet */
	size_t discard; /* bytes of its body that nobody wants, still to come */
	bool wants_continue;  /* say "100 Continue" now */
	enum refusal refusal; /* REFUSAL_NONE, or say so and close */
};

/* Take up the request at the front of `bytes`: it is answered, or waits, if
 * `taken` is not 0 and there is no refusal. */
void serve(struct httpd *, struct conn *, struct intake *, struct slice bytes,
    struct served *);

#endif
