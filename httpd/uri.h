/*
 * Paths: percent escapes, what may be printed, what is clean.
 *
 * Source  Go's net/url, net/http (cleanPath, Redirect) and go-cleanhttp's
 *	   filter of unprintable characters; api/http.md 1.1
 */
#ifndef HTTPD_URI_H
#define HTTPD_URI_H

#include "arena.h"
#include "bytes.h"

/* The bytes that an escaped path stands for; lent by `path` where nothing is
 * escaped, else by the arena. The escapes were checked by head_parse(). */
struct slice uri_path_decode(struct slice path, struct arena *);
/* Of a query: '+' is a blank too. false on a broken escape. */
MUST_CHECK bool uri_query_decode(struct slice, struct arena *, struct slice *);

/* Are all characters printable? Invalid UTF-8 is (as U+FFFD is), and so are,
 * other than in Go, code points that Unicode has not given away yet. */
bool uri_is_printable(struct slice path);

/* No "//", "/./", "/../"; lent by `path` where it is clean already. */
struct slice uri_path_clean(struct slice path, struct arena *);

/* Escape as Go prints a path: what is not unreserved or "$&+,/:;=@". */
void uri_path_encode(struct slice path, struct buf *out);
/* Escape as Go prints a query's parts: blank is '+'. */
void uri_query_encode(struct slice text, struct buf *out);
/* < > & " ' for a page. */
void uri_html_escape(struct slice text, struct buf *out);

#endif
