/*
 * HCL of any bytes: a tree as deep as JSON's, or a text that says why not. And
 * what was read as configuration without a mistake can be merged with itself.
 */
#include <assert.h>
#include <string.h>

#include "common/config_keys.h"
#include "common/config_tree.h"
#include "common/hcl.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct json *value)
{
	const struct json *child;
	size_t count = 0;

	for (child = value->first; child != NULL; child = child->next) {
		assert(value->kind != JSON_OBJECT || child->key.data != NULL ||
		       child->key.size == 0);
		check(child);
		count++;
	}
	assert(count == value->count);
	assert(!value->is_blocks || value->kind == JSON_ARRAY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[JSON_WHY_MAX] = "";
	struct buf reason = { 0 };
	struct json *tree, *read;
	struct arena arena;

	arena_init(&arena);
	if (hcl_parse(slice(data, size), &arena, &tree, why) != ERR_OK) {
		assert(why[0] != '\0' && strlen(why) < sizeof(why));
	} else {
		check(tree);
		if (config_tree_read(tree, &config_keys_type, &arena, &read,
			&reason) == ERR_OK)
			check(config_tree_merge(
			    read, read, &config_keys_type, &arena));
	}
	buf_deinit(&reason);
	arena_deinit(&arena);
	return (0);
}
