/* The result, line by line; see audit.h. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"

char *
audit_text(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	assert(size >= 0);
	text = arena_alloc(arena, (size_t)size + 1);
	vsnprintf(text, (size_t)size + 1, format, again);
	va_end(again);
	va_end(args);
	return (text);
}

struct audit_block *
audit_block_add(
    struct audit_report *r, const char *kind, const char *name, pid_t pid)
{
	struct audit_block *more;

	if (r->count == r->capacity) {
		r->capacity = r->capacity * 2 + 16;
		more = arena_array(r->arena, r->capacity, sizeof(*more));
		if (r->count > 0)
			memcpy(more, r->blocks, r->count * sizeof(*more));
		r->blocks = more;
	}
	r->blocks[r->count] =
	    (struct audit_block){ .kind = kind, .name = name, .pid = pid };
	return (&r->blocks[r->count++]);
}

void
audit_add(struct audit_report *r, enum audit_verdict verdict, const char *what,
    const char *declared, const char *found, const char *hint)
{
	struct audit_block *block;
	struct audit_line *line, *more;

	assert(r->count > 0);
	block = &r->blocks[r->count - 1];
	for (size_t i = 0; i < block->count; i++) {
		line = &block->lines[i];
		if (line->verdict == verdict && strcmp(line->what, what) == 0 &&
		    strcmp(line->declared, declared) == 0 &&
		    strcmp(line->found, found) == 0) {
			line->count++;
			return;
		}
	}
	if (block->count == block->capacity) {
		block->capacity = block->capacity * 2 + 32;
		more = arena_array(r->arena, block->capacity, sizeof(*more));
		if (block->count > 0)
			memcpy(
			    more, block->lines, block->count * sizeof(*more));
		block->lines = more;
	}
	block->lines[block->count++] = (struct audit_line){
		.verdict = verdict,
		.what = what,
		.declared = declared,
		.found = found,
		.hint = hint,
		.count = 1,
	};
}

size_t
audit_count(const struct audit_report *r, enum audit_verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < r->blocks[i].count; k++)
			count += r->blocks[i].lines[k].verdict == verdict;
	return (count);
}
