/* JSON text to a tree, by yajl; see json.h. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "json_syntax.h"

struct level {
	struct json *container;
	struct json *last; /* child */
};

struct builder {
	struct arena *arena;
	struct json *root;
	struct level levels[JSON_DEPTH_MAX];
	unsigned depth;
	size_t count; /* of values */
	struct slice key;
};

/* A new value at the end of the open container; NULL beyond a limit. */
static struct json *
add_value(struct builder *b, enum json_kind kind)
{
	struct level *level;
	struct json *value;

	if (++b->count > JSON_VALUES_MAX)
		return (NULL);
	value = arena_alloc(b->arena, sizeof(*value));
	value->kind = kind;
	if (b->depth == 0) {
		b->root = value;
		return (value);
	}
	level = &b->levels[b->depth - 1];
	if (level->container->kind == JSON_OBJECT)
		value->key = b->key;
	if (level->last == NULL)
		level->container->first = value;
	else
		level->last->next = value;
	level->last = value;
	level->container->count++;
	return (value);
}

static int
on_null(void *arg)
{
	return (add_value(arg, JSON_NULL) != NULL);
}

static int
on_boolean(void *arg, int boolean)
{
	struct json *value = add_value(arg, JSON_BOOL);

	if (value != NULL)
		value->boolean = boolean != 0;
	return (value != NULL);
}

static int
on_number(void *arg, const char *text, size_t size)
{
	struct builder *b = arg;
	struct json *value = add_value(b, JSON_NUMBER);

	if (value != NULL)
		value->text = arena_copy(b->arena, slice(text, size));
	return (value != NULL);
}

/* As Go reads strings: what is no UTF-8 becomes U+FFFD. */
static struct slice
clean_text(struct builder *b, const unsigned char *text, size_t size)
{
	struct slice s = slice(text, size);
	struct slice out;
	struct buf clean;

	if (json_is_utf8(s))
		return (arena_copy(b->arena,
		    slice(size == 0 ? (const void *)"" : text, size)));
	buf_init(&clean);
	json_put_utf8(&clean, s);
	out = arena_copy(b->arena, buf_slice(&clean));
	buf_deinit(&clean);
	return (out);
}

static int
on_string(void *arg, const unsigned char *text, size_t size)
{
	struct builder *b = arg;
	struct json *value = add_value(b, JSON_STRING);

	if (value != NULL)
		value->text = clean_text(b, text, size);
	return (value != NULL);
}

static int
on_key(void *arg, const unsigned char *text, size_t size)
{
	struct builder *b = arg;

	b->key = clean_text(b, text, size);
	return (1);
}

static int
open_container(struct builder *b, enum json_kind kind)
{
	struct json *value;

	if (b->depth == JSON_DEPTH_MAX)
		return (0);
	value = add_value(b, kind);
	if (value == NULL)
		return (0);
	b->levels[b->depth++] = (struct level){ .container = value };
	return (1);
}

static int
on_start_map(void *arg)
{
	return (open_container(arg, JSON_OBJECT));
}

static int
on_start_array(void *arg)
{
	return (open_container(arg, JSON_ARRAY));
}

static int
on_end(void *arg)
{
	struct builder *b = arg;

	b->depth--;
	return (1);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end,
};

enum err
json_parse(struct slice text, struct arena *arena, struct json **root,
    struct slice *rest, char why[JSON_WHY_MAX])
{
	struct builder b = { .arena = arena };
	size_t used = text.size;
	yajl_status status;
	yajl_handle handle;

	handle = yajl_alloc(&callbacks, NULL, &b);
	assert(handle != NULL);
	yajl_config(handle, yajl_allow_trailing_garbage, 1);
	/* on_string and on_key see to it, as Go does. */
	yajl_config(handle, yajl_dont_validate_strings, 1);
	status = yajl_parse(handle, text.data, text.size);
	if (status == yajl_status_ok && b.root != NULL && b.depth == 0)
		used = yajl_get_bytes_consumed(handle);
	else if (status == yajl_status_ok)
		status = yajl_complete_parse(handle);
	yajl_free(handle);
	if (status != yajl_status_ok || b.root == NULL) {
		json_syntax_error(text, why);
		return (ERR_INVALID);
	}
	*root = b.root;
	if (rest != NULL)
		*rest = slice_tail(text, used);
	return (ERR_OK);
}

enum err
json_parse_all(struct slice text, struct arena *arena, struct json **root,
    char why[JSON_WHY_MAX])
{
	struct slice rest;
	enum err err = json_parse(text, arena, root, &rest, why);

	if (err != ERR_OK) {
		if (strstr(why, "EOF") != NULL)
			snprintf(
			    why, JSON_WHY_MAX, "unexpected end of JSON input");
		return (err);
	}
	for (; rest.size > 0; rest = slice_tail(rest, 1)) {
		if (strchr(" \t\r\n", rest.data[0]) != NULL &&
		    rest.data[0] != '\0')
			continue;
		json_invalid_character(
		    rest.data[0], "after top-level value", why);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

const struct json *
json_get(const struct json *object, const char *key)
{
	if (object == NULL || object->kind != JSON_OBJECT)
		return (NULL);
	for (const struct json *child = object->first; child != NULL;
	     child = child->next)
		if (slice_is(child->key, key))
			return (child);
	return (NULL);
}
