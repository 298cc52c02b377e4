/*
 * msgpack in Consul's dialect: old "raw" for text and bytes, shortest
 * integers, unsigned where not negative.
 *
 * Source  wire/gossip.md 1
 * Errors  a reader remembers the first failure (bytes.h); lengths are checked
 *         against what is left before anything is allocated
 */
#ifndef COMMON_MSGPACK_H
#define COMMON_MSGPACK_H

#include "bytes.h"
#include "err.h"

void pack_nil(struct buf *);
void pack_bool(struct buf *, bool);
void pack_uint(struct buf *, uint64_t);
void pack_int(struct buf *, int64_t);
void pack_float(struct buf *, double);
void pack_raw(struct buf *, struct slice);
void pack_text(struct buf *, const char *);
void pack_array(struct buf *, size_t count);
void pack_map(struct buf *, size_t count);

enum token {
	TOKEN_NIL,
	TOKEN_BOOL,
	TOKEN_UINT,
	TOKEN_INT, /* negative */
	TOKEN_FLOAT,
	TOKEN_RAW, /* raw, str8 or bin */
	TOKEN_ARRAY,
	TOKEN_MAP,
	TOKEN_END, /* nothing left, or the reader has failed */
};

struct unpacked {
	enum token token;
	union {
		bool boolean;
		uint64_t natural;
		int64_t integer;
		double real;
		struct slice raw; /* lent by the source */
		size_t count;	  /* of elements, or of pairs */
	} as;
};

/* The next token; a container's elements follow as tokens of their own.
 * Fails the reader on a cut or unknown token, and on a count that the bytes
 * left cannot hold. */
struct unpacked unpack(struct reader *);
enum token unpack_peek(const struct reader *);
/* Skip one whole object, nested at most TYPE_DEPTH_MAX deep; return its
 * bytes. */
struct slice unpack_object(struct reader *);

/* One object of the expected kind; anything else fails the reader. nil reads
 * as the zero value, as Go does it. */
bool unpack_bool(struct reader *);
uint64_t unpack_uint(struct reader *);
int64_t unpack_int(struct reader *);
double unpack_float(struct reader *);
struct slice unpack_raw(struct reader *);
size_t unpack_array(struct reader *); /* nil reads as 0 */
size_t unpack_map(struct reader *);

#endif
