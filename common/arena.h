/*
 * Memory that lives as long as one request, and is never freed singly.
 *
 * Memory  arena_alloc returns zeroed, 16-byte aligned bytes; all of them go
 *         with arena_reset (which keeps the first block) or arena_deinit
 */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include "bytes.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* owned; newest first */
	size_t size;		    /* bytes handed out, for limits */
};

void arena_init(struct arena *);
void arena_deinit(struct arena *); /* usable again as if initialised */
void arena_reset(struct arena *);
void *arena_alloc(struct arena *, size_t size) __attribute__((returns_nonnull));
void *arena_array(struct arena *, size_t count, size_t size)
    __attribute__((returns_nonnull));
struct slice arena_copy(struct arena *, struct slice);
char *arena_text(struct arena *, struct slice); /* NUL behind it */
struct slice arena_printf(struct arena *, const char *format, ...)
    PRINTF_LIKE(2, 3);

#endif
