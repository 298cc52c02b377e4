/* Every struct: what was decoded must encode, decode and copy to the same. */
#include <assert.h>

#include "common/json.h"
#include "tests/fuzz/types_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* JSON of anything must be JSON. */
static void
check_json(const struct type *type, const void *object, struct arena *arena)
{
	char why[JSON_WHY_MAX];
	struct json *tree;
	struct buf text;
	enum err err;

	buf_init(&text);
	json_from_type(type, object, &text);
	err = json_parse_all(buf_slice(&text), arena, &tree, why);
	/* Only the reader has limits. */
	assert(err == ERR_OK ||
	       slice_is(slice_of_text(why), "exceeded max depth"));
	buf_deinit(&text);
}

static void
check_round(const struct type *type, const void *object, struct arena *arena)
{
	void *again = arena_alloc(arena, type->size);
	void *copy = arena_alloc(arena, type->size);
	struct buf first, second;
	enum err err;

	buf_init(&first);
	buf_init(&second);
	type_encode(type, object, &first);
	err = type_decode_all(type, buf_slice(&first), arena, again);
	assert(err == ERR_OK);
	assert(type_equal(type, object, again));
	type_copy(type, again, arena, copy);
	type_encode(type, copy, &second);
	assert(slice_equal(buf_slice(&first), buf_slice(&second)));
	buf_deinit(&first);
	buf_deinit(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice(data, size);
	const struct type *type = types_pick(&in);
	struct arena arena;
	void *object;

	if (type == NULL)
		return (0);
	arena_init(&arena);
	object = arena_alloc(&arena, type->size);
	if (type_decode_all(type, in, &arena, object) == ERR_OK) {
		check_round(type, object, &arena);
		check_json(type, object, &arena);
	}
	arena_deinit(&arena);
	return (0);
}
