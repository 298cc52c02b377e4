/* Trees of configuration: find, put and merge; see config_tree.h. */
#include <assert.h>
#include <string.h>

#include "config_tree.h"
#include "type_shape.h"

static struct json *
node_new(struct arena *arena, enum json_kind kind)
{
	struct json *node = arena_alloc(arena, sizeof(*node));

	node->kind = kind;
	return (node);
}

struct json *
config_tree_object(struct arena *arena)
{
	return (node_new(arena, JSON_OBJECT));
}

struct json *
config_tree_text(struct arena *arena, const char *text)
{
	struct json *node = node_new(arena, JSON_STRING);

	node->text = arena_copy(arena, slice_of_text(text));
	return (node);
}

struct json *
config_tree_list(struct arena *arena, struct json *only)
{
	struct json *list = node_new(arena, JSON_ARRAY);

	only->next = NULL;
	list->first = only;
	list->count = 1;
	return (list);
}

static const struct json *
child_find(const struct json *object, struct slice key)
{
	const struct json *child;

	for (child = object->first; child != NULL; child = child->next) {
		if (slice_equal(child->key, key))
			return (child);
	}
	return (NULL);
}

const struct json *
config_tree_find(const struct json *tree, const char *path)
{
	const char *dot;
	size_t size;

	while (tree != NULL && tree->kind == JSON_OBJECT) {
		dot = strchr(path, '.');
		size = dot != NULL ? (size_t)(dot - path) : strlen(path);
		tree = child_find(tree, slice(path, size));
		if (dot == NULL)
			return (tree);
		path = dot + 1;
	}
	return (NULL);
}

static void
child_append(struct json *parent, struct json *child)
{
	struct json **end = &parent->first;

	while (*end != NULL)
		end = &(*end)->next;
	*end = child;
	child->next = NULL;
	parent->count++;
}

static struct json *
child_take(struct json *object, struct slice key)
{
	struct json **at, *taken;

	for (at = &object->first; *at != NULL; at = &(*at)->next) {
		if (!slice_equal((*at)->key, key))
			continue;
		taken = *at;
		*at = taken->next;
		taken->next = NULL;
		object->count--;
		return (taken);
	}
	return (NULL);
}

struct json *
config_tree_take(struct json *object, const char *key)
{
	return (child_take(object, slice_of_text(key)));
}

void
config_tree_put_key(struct json *object, struct slice key, struct json *value,
    struct arena *arena)
{
	assert(object->kind == JSON_OBJECT);
	child_take(object, key);
	value->key = arena_copy(arena, key);
	child_append(object, value);
}

void
config_tree_put(struct json *tree, const char *path, struct json *value,
    struct arena *arena)
{
	const char *dot = strchr(path, '.');
	struct slice key =
	    slice(path, dot != NULL ? (size_t)(dot - path) : strlen(path));
	struct json *stanza;

	if (dot == NULL) {
		config_tree_put_key(tree, key, value, arena);
		return;
	}
	stanza = child_take(tree, key);
	if (stanza == NULL)
		stanza = config_tree_object(arena);
	config_tree_put(stanza, dot + 1, value, arena);
	config_tree_put_key(tree, key, stanza, arena);
}

void
config_tree_append(struct json *object, const char *key, struct json *value,
    struct arena *arena)
{
	struct json *list = config_tree_take(object, key);

	if (list == NULL)
		list = config_tree_list(arena, value);
	else
		child_append(list, value);
	config_tree_put(object, key, list, arena);
}

static struct json *
node_copy(const struct json *node, struct arena *arena)
{
	struct json *copy = arena_alloc(arena, sizeof(*copy));

	*copy = *node;
	copy->next = NULL;
	return (copy);
}

/* The same array or object with its own list of (shared) children. */
static struct json *
node_copy_children(const struct json *node, struct arena *arena)
{
	struct json *copy = node_copy(node, arena), **end = &copy->first;
	const struct json *child;

	for (child = node->first; child != NULL; child = child->next) {
		*end = node_copy(child, arena);
		end = &(*end)->next;
	}
	*end = NULL;
	return (copy);
}

static struct json *
array_merge(
    const struct json *base, const struct json *over, struct arena *arena)
{
	struct json *merged = node_copy_children(base, arena);
	struct json *added = node_copy_children(over, arena), **end;

	for (end = &merged->first; *end != NULL; end = &(*end)->next)
		;
	*end = added->first;
	merged->count += added->count;
	return (merged);
}

/* A value of a stanza's row: what `over` says, laid on what `base` said. */
static struct json *
value_merge(const struct json *base, const struct json *over,
    const struct slot *slot, struct arena *arena)
{
	enum kind kind = slot->field->kind;

	if (base->kind != over->kind)
		return (node_copy(over, arena));
	if (kind == KIND_STRUCT || kind == KIND_PTR ||
	    kind_rows[kind].form == FORM_MAP)
		return (config_tree_merge(base, over,
		    kind_rows[kind].form == FORM_MAP ? NULL : slot->type,
		    arena));
	if (over->kind == JSON_ARRAY)
		return (array_merge(base, over, arena));
	return (node_copy(over, arena));
}

static const struct slot *
slot_find(const struct type *type, struct slice key)
{
	const struct shape *shape = type_shape(type);
	size_t i;

	for (i = 0; i < shape->count; i++) {
		if (slice_equal(field_name(shape->wire[i].field), key))
			return (&shape->wire[i]);
	}
	return (NULL);
}

/* Without a type it is a map, whose values replace each other. */
struct json *
config_tree_merge(const struct json *base, const struct json *over,
    const struct type *type, struct arena *arena)
{
	struct json *merged = node_copy_children(base, arena), **at, *value;
	const struct json *child;
	const struct slot *slot;

	for (child = over->first; child != NULL; child = child->next) {
		for (at = &merged->first; *at != NULL; at = &(*at)->next) {
			if (slice_equal((*at)->key, child->key))
				break;
		}
		slot = type != NULL ? slot_find(type, child->key) : NULL;
		if (*at != NULL && slot != NULL)
			value = value_merge(*at, child, slot, arena);
		else
			value = node_copy(child, arena);
		value->key = child->key;
		value->next = *at != NULL ? (*at)->next : NULL;
		merged->count += *at == NULL;
		*at = value;
	}
	return (merged);
}
