/*
 * A template, its regular expression and a name, of any bytes: rendered without
 * a slip, twice alike, and what is refused says why.
 *
 * Input  the service, NUL, the regular expression, NUL, the name
 */
#include <assert.h>

#include "catalogd/hil.h"
#include "catalogd/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct slice
part_take(struct slice *rest)
{
	size_t end = slice_find(*rest, '\0', 0);
	struct slice part = *rest;

	if (end == SIZE_MAX) {
		*rest = SLICE("");
		return (part);
	}
	*rest = slice_tail(*rest, end + 1);
	return (slice_head(part, end));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice(data, size), name;
	struct prepared_query q = { .name = SLICE("a-") }, once, again;
	struct buf why = { 0 }, why_again = { 0 };
	struct arena arena;
	enum err err;

	if (size > 4096)
		return (0);
	arena_init(&arena);
	q.service.service = part_take(&rest);
	q.template.type = SLICE(TEMPLATE_NAME_PREFIX_MATCH);
	q.template.regexp = part_take(&rest);
	name = part_take(&rest);
	err = template_render(&q, name, SLICE("s"), &arena, &once, &why);
	assert(template_render(
		   &q, name, SLICE("s"), &arena, &again, &why_again) == err);
	if (err == ERR_OK)
		assert(
		    slice_equal(once.service.service, again.service.service));
	else
		assert(slice_equal(buf_slice(&why), buf_slice(&why_again)));
	if (err != ERR_OK)
		assert(why.size > 0);
	buf_deinit(&why);
	buf_deinit(&why_again);
	arena_deinit(&arena);
	return (0);
}
