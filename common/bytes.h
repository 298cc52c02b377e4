/*
 * Bytes: looked at (slice), owned (buf), and read from the front (reader).
 *
 * Ownership  a slice lends somebody else's bytes; a buf owns its own
 * Memory     running out of it is fatal (xmalloc.h); sizes from outside are
 *            checked against limits.h before they get here
 * Errors     a reader remembers the first failure and then yields zeros, so
 *            one check at the end serves a whole record
 */
#ifndef COMMON_BYTES_H
#define COMMON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK	       __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

struct slice {
	const uint8_t *data; /* lent; NULL means nil where the wire has nil */
	size_t size;
};

struct buf {
	uint8_t *data; /* owned */
	size_t size;
	size_t capacity;
};

struct reader {
	struct slice rest; /* lent: what was not read yet */
	bool has_failed;
};

/* For printf: "%.*s", SLICE_ARGS(s). */
#define SLICE_ARGS(s) (int)(s).size, (const char *)(s).data
/* A slice of a string literal. */
#define SLICE(literal) \
	((struct slice){ (const uint8_t *)(literal), sizeof(literal) - 1 })

struct slice slice(const void *data, size_t size);
struct slice slice_of_text(const char *text);	    /* without its NUL; lent */
struct slice slice_tail(struct slice, size_t from); /* from <= size */
struct slice slice_head(struct slice, size_t size); /* size <= size */
bool slice_equal(struct slice, struct slice);
bool slice_is(struct slice, const char *text);
bool slice_equal_fold(struct slice, struct slice); /* ASCII case ignored */
bool slice_starts_with(struct slice, struct slice prefix);
bool slice_ends_with(struct slice, struct slice suffix);
int slice_compare(struct slice, struct slice); /* bytewise, as memcmp */
/* Index of the first `byte` at or after `from`, or SIZE_MAX. */
size_t slice_find(struct slice, uint8_t byte, size_t from);
uint64_t slice_hash(struct slice); /* FNV-1a, 64 bit; not for strangers' keys */

void buf_init(struct buf *);
void buf_deinit(struct buf *); /* frees; usable again as if initialised */
void buf_reset(struct buf *);  /* empties, keeps the memory */
void buf_reserve(struct buf *, size_t more);
uint8_t *buf_extend(struct buf *, size_t more); /* new bytes, not cleared */
void buf_drop_front(struct buf *, size_t size);
void buf_put(struct buf *, const void *data, size_t size);
void buf_put_slice(struct buf *, struct slice);
void buf_put_text(struct buf *, const char *text); /* without its NUL */
void buf_put_u8(struct buf *, uint8_t);
void buf_put_be16(struct buf *, uint16_t);
void buf_put_be32(struct buf *, uint32_t);
void buf_put_be64(struct buf *, uint64_t);
void buf_put_decimal(struct buf *, uint64_t); /* as %PRIu64 does */
/* As Go's %q does it; what is no ASCII stays as it is. */
void buf_put_quoted(struct buf *, struct slice);
void buf_printf(struct buf *, const char *format, ...) PRINTF_LIKE(2, 3);
const char *buf_text(struct buf *); /* NUL put behind; lent until changed */
struct slice buf_slice(const struct buf *); /* lent until changed */

struct reader reader(struct slice);
bool reader_done(const struct reader *); /* all read, nothing failed */
void reader_fail(struct reader *);
uint8_t read_u8(struct reader *);
uint16_t read_be16(struct reader *);
uint32_t read_be32(struct reader *);
uint64_t read_be64(struct reader *);
struct slice read_bytes(struct reader *, size_t size); /* lent by the source */

#endif
