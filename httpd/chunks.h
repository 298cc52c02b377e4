/*
 * Chunked bodies: found whole, then joined.
 *
 * Source  RFC 7230 4.1; the texts of errors are those of Go's net/http
 */
#ifndef HTTPD_CHUNKS_H
#define HTTPD_CHUNKS_H

#include "bytes.h"

enum chunks {
	CHUNKS_MORE, /* the end has not come */
	CHUNKS_DONE,
	CHUNKS_BAD, /* see `why` */
};

/* Where in a chunked body the scan stands; zeroed at first. */
struct chunk_scan {
	size_t at;	  /* bytes scanned; at the end, the body's whole size */
	size_t body_size; /* of all data so far */
	size_t body_max;  /* above HTTP_BODY_BYTES_MAX, or 0 */
	const char *why;  /* Go's text */
};

/* Go on scanning `bytes`, the body from its first byte as far as it came. */
MUST_CHECK enum chunks chunks_scan(struct chunk_scan *, struct slice bytes);
/* Copy the data of a body that was scanned to its end. */
void chunks_join(struct slice bytes, struct buf *out);

/* The same for a body that is too large to be kept: taken as it comes. */
struct chunk_flow {
	enum {
		FLOW_LINE, /* a chunk's first */
		FLOW_DATA,
		FLOW_DATA_END,
		FLOW_TRAILER,
		FLOW_OVER,
	} at;
	size_t left; /* of a chunk's data */
	const char
	    *why; /* Go's text, or NULL: nothing more can be taken then */
};

/* How many of `bytes` are taken; 0 where more have to come first. *data is
 * what of them belongs to the body. */
MUST_CHECK size_t chunks_flow(
    struct chunk_flow *, struct slice bytes, struct slice *data);

#endif
