/* Arenas: blocks that double in size, freed together; see arena.h. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "xmalloc.h"

#define ARENA_ALIGN	16
#define ARENA_BLOCK_MIN 1008
#define ARENA_BLOCK_MAX (256 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	size_t used;
	_Alignas(ARENA_ALIGN) uint8_t data[];
};

void
arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

void
arena_deinit(struct arena *a)
{
	struct arena_block *block = a->blocks;

	while (block != NULL) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena_init(a);
}

void
arena_reset(struct arena *a)
{
	struct arena_block *block = a->blocks;

	while (block != NULL && block->next != NULL) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	if (block != NULL)
		block->used = 0;
	a->blocks = block;
	a->size = 0;
}

static struct arena_block *
block_add(struct arena *a, size_t size)
{
	size_t room = a->blocks == NULL ? ARENA_BLOCK_MIN : a->blocks->size * 2;
	struct arena_block *block;

	if (room > ARENA_BLOCK_MAX)
		room = ARENA_BLOCK_MAX;
	if (room < size)
		room = size;
	block = xmalloc(sizeof(*block) + room);
	*block = (struct arena_block){ .next = a->blocks, .size = room };
	a->blocks = block;
	return (block);
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *block = a->blocks;
	void *memory;

	assert(size < SIZE_MAX / 2);
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (block == NULL || block->size - block->used < size)
		block = block_add(a, size);
	memory = block->data + block->used;
	block->used += size;
	a->size += size;
	return (memset(memory, 0, size));
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	assert(size == 0 || count < SIZE_MAX / 2 / size);
	return (arena_alloc(a, count * size));
}

struct slice
arena_copy(struct arena *a, struct slice s)
{
	uint8_t *copy;

	if (s.data == NULL)
		return (s);
	copy = arena_alloc(a, s.size);
	memcpy(copy, s.data, s.size);
	return (slice(copy, s.size));
}

char *
arena_text(struct arena *a, struct slice s)
{
	char *text = arena_alloc(a, s.size + 1);

	if (s.size > 0)
		memcpy(text, s.data, s.size);
	return (text);
}

struct slice
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	char *text;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	assert(size >= 0);
	text = arena_alloc(a, (size_t)size + 1);
	vsnprintf(text, (size_t)size + 1, format, again);
	va_end(again);
	va_end(args);
	return (slice(text, (size_t)size));
}
