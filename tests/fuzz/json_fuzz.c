/* JSON text to trees, to every struct in every dialect, and out again. */
#include <assert.h>
#include <string.h>

#include "common/json.h"
#include "tests/fuzz/types_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Printed and parsed, a free-form value must print the same. */
static void
check_any(const struct json *tree, struct arena *arena)
{
	char why[JSON_WHY_MAX];
	struct buf packed, text, again;
	struct json *copy;

	buf_init(&packed);
	buf_init(&text);
	buf_init(&again);
	json_to_any(tree, &packed);
	json_put_any(&text, buf_slice(&packed));
	if (json_parse_all(buf_slice(&text), arena, &copy, why) == ERR_OK) {
		buf_reset(&packed);
		json_to_any(copy, &packed);
		json_put_any(&again, buf_slice(&packed));
		assert(slice_equal(buf_slice(&text), buf_slice(&again)));
	} else
		assert(!"what we print");
	buf_reset(&again);
	json_pretty(buf_slice(&text), 4, &again);
	buf_deinit(&packed);
	buf_deinit(&text);
	buf_deinit(&again);
}

static void
check_type(const struct json *tree, enum json_dialect dialect,
    const struct type *type, struct arena *arena)
{
	void *object = arena_alloc(arena, type->size);
	char why[JSON_WHY_MAX] = "";
	struct buf out;

	buf_init(&out);
	if (json_to_type(tree, dialect, type, arena, object, why) == ERR_OK) {
		json_from_type(type, object, &out);
		buf_reset(&out);
		type_encode(type, object, &out);
	} else
		assert(why[0] != '\0');
	buf_deinit(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice(data, size);
	const struct type *type = types_pick(&in);
	char why[JSON_WHY_MAX] = "";
	struct arena arena;
	struct json *tree;
	struct slice rest;

	if (type == NULL)
		return (0);
	arena_init(&arena);
	if (json_parse(in, &arena, &tree, &rest, why) == ERR_OK) {
		assert(rest.size <= in.size);
		check_any(tree, &arena);
		check_type(tree, JSON_API, type, &arena);
		check_type(tree, JSON_API_LAX, type, &arena);
		check_type(tree, JSON_CONFIG, type, &arena);
	} else
		assert(why[0] != '\0');
	arena_deinit(&arena);
	return (0);
}
