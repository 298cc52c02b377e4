/*
 * A configuration file of any bytes: read, merged with the defaults and bound,
 * or refused; and its addresses as templates.
 */
#include <assert.h>

#include "common/config_defaults.h"
#include "common/config_definitions.h"
#include "common/config_keys.h"
#include "common/config_template.h"
#include "common/config_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct json *
tree_of(struct slice text, struct arena *arena)
{
	struct json *raw, *tree = NULL;
	char why[JSON_WHY_MAX];
	struct buf reason = { 0 };

	if (json_parse(text, arena, &raw, NULL, why) == ERR_OK &&
	    config_tree_read(raw, &config_keys_type, arena, &tree, &reason) !=
		ERR_OK)
		tree = NULL;
	if (tree != NULL)
		config_definitions_gather(tree, arena);
	buf_deinit(&reason);
	return (tree);
}

static void
merge_and_bind(const struct json *tree, struct arena *arena)
{
	struct config_keys keys = { 0 };
	struct buf reason = { 0 };
	char why[JSON_WHY_MAX];
	struct json *merged;

	merged = tree_of(slice_of_text(config_defaults), arena);
	assert(merged != NULL);
	merged = config_tree_merge(merged, tree, &config_keys_type, arena);
	merged = config_tree_merge(merged, tree, &config_keys_type, arena);
	/* What was read without a mistake can be bound. */
	if (config_tree_check_durations(merged, &config_keys_type, &reason) ==
	    ERR_OK)
		assert(json_to_type(merged, JSON_CONFIG, &config_keys_type,
			   arena, &keys, why) == ERR_OK);
	buf_deinit(&reason);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = { 0 }, why = { 0 };
	const struct json *tree;
	struct arena arena;

	arena_init(&arena);
	tree = tree_of(slice(data, size), &arena);
	if (tree != NULL)
		merge_and_bind(tree, &arena);
	if (size < 256 &&
	    config_template_expand(slice(data, size), &out, &why) == ERR_OK)
		assert(why.size == 0);
	buf_deinit(&out);
	buf_deinit(&why);
	arena_deinit(&arena);
	return (0);
}
