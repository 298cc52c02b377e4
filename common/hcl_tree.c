/*
 * From the syntax of HCL 1 to a tree of JSON: what a key means when it is
 * given again, and what labels make.
 *
 * Source  hashicorp/hcl 1.0.0, decoding into map[string]interface{}
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hcl.h"
#include "hcl_node.h"

struct build {
	struct arena *arena;
	char *why;
};

/* Where we are, for errors: root.services[0].port */
struct place {
	const struct place *parent;
	struct slice key; /* of an object, or */
	size_t index;	  /* of a list */
};

static enum err map_fill(struct build *, const struct place *,
    const struct hcl_item *, size_t skip, struct json *);
static enum err value_build(struct build *, const struct place *,
    const struct hcl_node *, bool is_in_list, struct json **);

static void
put_place(struct buf *out, const struct place *place)
{
	if (place->parent == NULL) {
		buf_put_text(out, "root");
		return;
	}
	put_place(out, place->parent);
	if (place->key.data != NULL)
		buf_printf(out, ".%.*s", SLICE_ARGS(place->key));
	else
		buf_printf(out, "[%zu]", place->index);
}

static enum err
fail(struct build *b, struct hcl_position at, const struct place *place,
    const char *text)
{
	struct buf where = { 0 };
	enum err err;

	put_place(&where, place);
	err = hcl_fail(b->why, at, "%s: %s", buf_text(&where), text);
	buf_deinit(&where);
	return (err);
}

static struct json *
json_new(struct build *b, enum json_kind kind)
{
	struct json *node = arena_alloc(b->arena, sizeof(*node));

	node->kind = kind;
	return (node);
}

/* In front, which takes one step; order_restore() turns it all around. */
static void
add(struct json *parent, struct json *child)
{
	child->next = parent->first;
	parent->first = child;
	parent->count++;
}

static void
order_restore(struct json *parent)
{
	struct json *child = parent->first, *next;

	parent->first = NULL;
	for (; child != NULL; child = next) {
		next = child->next;
		child->next = parent->first;
		parent->first = child;
		order_restore(child);
	}
}

static const char *
go_type_of(const struct hcl_node *node)
{
	return (node->kind == HCL_LITERAL ? "*ast.LiteralType"
		: node->kind == HCL_LIST  ? "*ast.ListType"
					  : "*ast.ObjectType");
}

/* --- Literals. --- */

static enum err
number_fail(
    struct build *b, const char *function, struct slice text, const char *what)
{
	snprintf(b->why, JSON_WHY_MAX, "strconv.%s: parsing \"%.*s\": %s",
	    function, SLICE_ARGS(text), what);
	return (ERR_INVALID);
}

static enum err
integer_build(struct build *b, struct slice text, struct json *out)
{
	char copy[64], *end;
	long long number;

	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARGS(text));
	errno = 0;
	number = strtoll(copy, &end, 0);
	if (text.size == 0 || (*end != '\0' && text.size < sizeof(copy)))
		return (number_fail(b, "ParseInt", text, "invalid syntax"));
	if (errno == ERANGE || text.size >= sizeof(copy))
		return (number_fail(b, "ParseInt", text, "value out of range"));
	out->kind = JSON_NUMBER;
	out->is_integer = true;
	out->text = arena_printf(b->arena, "%lld", number);
	return (ERR_OK);
}

static enum err
float_build(struct build *b, struct slice text, struct json *out)
{
	char copy[512], *end;
	double number;

	if (text.size >= sizeof(copy))
		return (number_fail(b, "ParseFloat", text, "invalid syntax"));
	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARGS(text));
	errno = 0;
	number = strtod(copy, &end);
	if (*end != '\0')
		return (number_fail(b, "ParseFloat", text, "invalid syntax"));
	if (errno == ERANGE && (number > 1 || number < -1))
		return (
		    number_fail(b, "ParseFloat", text, "value out of range"));
	out->kind = JSON_NUMBER;
	out->is_integer = false;
	out->text = arena_printf(b->arena, "%.17g", number);
	return (ERR_OK);
}

static enum err
string_build(struct build *b, const struct hcl_token *token, struct json *out)
{
	out->kind = JSON_STRING;
	if (token->kind == HCL_NUMBER) {
		out->text = arena_copy(b->arena, token->text);
		return (ERR_OK);
	}
	if (hcl_text_value(token, b->arena, &out->text) == ERR_OK)
		return (ERR_OK);
	return (hcl_fail(b->why, token->at, "invalid string"));
}

/* What a literal's first value is; a later one is read as the same kind. */
static enum err
literal_build(struct build *b, const struct place *place,
    const struct hcl_node *node, enum hcl_token_kind as, struct json *out)
{
	const struct hcl_token *token = &node->token;
	enum hcl_token_kind kind = token->kind;
	bool is_text = kind == HCL_STRING || kind == HCL_HEREDOC;
	enum err err;

	if (as == HCL_BOOL && kind == HCL_BOOL) {
		out->kind = JSON_BOOL;
		out->boolean = slice_is(token->text, "true");
		return (ERR_OK);
	}
	if (as == HCL_FLOAT && (kind == HCL_FLOAT || kind == HCL_NUMBER))
		return (float_build(b, token->text, out));
	if (as == HCL_NUMBER && kind == HCL_NUMBER)
		return (integer_build(b, token->text, out));
	if (as == HCL_NUMBER && kind == HCL_STRING) {
		err = string_build(b, token, out);
		return (err == ERR_OK ? integer_build(b, out->text, out) : err);
	}
	if (as == HCL_STRING && (is_text || kind == HCL_NUMBER))
		return (string_build(b, token, out));
	return (fail(b, node->at, place,
	    as == HCL_STRING ? "unknown type for string *ast.LiteralType"
			     : "unknown type *ast.LiteralType"));
}

static enum hcl_token_kind
token_kind_of(const struct json *value)
{
	switch (value->kind) {
	case JSON_BOOL:
		return (HCL_BOOL);
	case JSON_NUMBER:
		return (value->is_integer ? HCL_NUMBER : HCL_FLOAT);
	default:
		return (HCL_STRING);
	}
}

/* --- Lists and blocks. --- */

/* The elements of a list, or one block, behind what is in *out already. */
static enum err
list_extend(struct build *b, const struct place *place,
    const struct hcl_node *node, struct json *out)
{
	struct place at = { place, { NULL, 0 }, 0 };
	const struct hcl_node *element, *after = NULL;
	struct json *value;
	enum err err;

	if (node->kind == HCL_LITERAL)
		return (hcl_fail(b->why, node->at, "unknown slice type: %s",
		    go_type_of(node)));
	element = node->kind == HCL_LIST ? node->first : node;
	for (; element != NULL; element = after) {
		after = element == node ? NULL : element->next;
		if (out->is_blocks && element->kind != HCL_OBJECT) {
			char text[64];

			snprintf(text, sizeof(text),
			    "not an object type for map (%s)",
			    go_type_of(element));
			return (fail(b, element->at, &at, text));
		}
		err = value_build(b, &at, element, true, &value);
		if (err != ERR_OK)
			return (err);
		add(out, value);
		at.index++;
	}
	return (ERR_OK);
}

/* Items that begin with `key`, each without it, as a block of its own. */
static enum err
labels_extend(struct build *b, const struct place *place,
    const struct hcl_item *items, size_t skip, struct slice key,
    struct json *out)
{
	struct place at = { place, { NULL, 0 }, 0 };
	const struct hcl_item *item;
	struct hcl_item only;
	struct json *block;
	enum err err;

	for (item = items; item != NULL; item = item->next) {
		if (item->key_count <= skip ||
		    !slice_equal_fold(item->keys[skip], key))
			continue;
		only = *item;
		only.next = NULL;
		block = json_new(b, JSON_OBJECT);
		err = map_fill(b, &at, &only, skip + 1, block);
		if (err != ERR_OK)
			return (err);
		add(out, block);
		at.index++;
	}
	return (ERR_OK);
}

/* A new value. In a list a block is an object, elsewhere a list of one. */
static enum err
value_build(struct build *b, const struct place *place,
    const struct hcl_node *node, bool is_in_list, struct json **out)
{
	struct json *value = json_new(b, JSON_ARRAY);

	*out = value;
	if (node->kind == HCL_LITERAL)
		return (literal_build(b, place, node,
		    node->token.kind == HCL_HEREDOC ? HCL_STRING
						    : node->token.kind,
		    value));
	if (node->kind == HCL_OBJECT && is_in_list) {
		value->kind = JSON_OBJECT;
		return (map_fill(b, place, node->items, 0, value));
	}
	value->is_blocks = node->kind == HCL_OBJECT;
	return (list_extend(b, place, node, value));
}

/* A value for a key that has one: lists grow, others are read as before. */
static enum err
value_again(struct build *b, const struct place *place,
    const struct hcl_node *node, struct json *old)
{
	char text[64];

	if (old->kind == JSON_ARRAY)
		return (list_extend(b, place, node, old));
	if (node->kind == HCL_LITERAL)
		return (literal_build(b, place, node, token_kind_of(old), old));
	snprintf(text, sizeof(text), "unknown type%s %s",
	    old->kind == JSON_STRING ? " for string" : "", go_type_of(node));
	return (fail(b, node->at, place, text));
}

static struct json *
key_find(const struct json *object, struct slice key)
{
	struct json *child;

	for (child = object->first; child != NULL; child = child->next) {
		if (slice_equal(child->key, key))
			return (child);
	}
	return (NULL);
}

/* A labelled block: the first of its key takes them all, which `boolean` of
 * the list remembers. */
static enum err
labelled_fill(struct build *b, const struct place *place,
    const struct hcl_item *items, size_t skip, const struct hcl_item *item,
    struct json **value)
{
	if (*value == NULL) {
		*value = json_new(b, JSON_ARRAY);
		(*value)->is_blocks = true;
	} else if ((*value)->kind != JSON_ARRAY) {
		return (
		    fail(b, item->at, place, "unknown type *ast.ObjectList"));
	}
	(*value)->boolean = true;
	return (labels_extend(b, place, items, skip, item->keys[skip], *value));
}

static enum err
item_fill(struct build *b, const struct place *place,
    const struct hcl_item *items, size_t skip, const struct hcl_item *item,
    struct json *object)
{
	struct place at = { place, item->keys[skip], 0 };
	struct json *old = key_find(object, at.key), *value = old;
	enum err err;

	if (old != NULL && old->kind == JSON_ARRAY && old->boolean)
		return (ERR_OK);
	if (item->key_count > skip + 1)
		err = labelled_fill(b, &at, items, skip, item, &value);
	else if (old != NULL)
		err = value_again(b, &at, item->value, old);
	else
		err = value_build(b, &at, item->value, false, &value);
	if (err != ERR_OK || old != NULL)
		return (err);
	if (object->count == HCL_KEYS_MAX)
		return (fail(b, item->at, place, "too many keys"));
	value->key = arena_copy(b->arena, at.key);
	add(object, value);
	return (ERR_OK);
}

/* Items into an object; the first `skip` keys of each are done with. */
static enum err
map_fill(struct build *b, const struct place *place,
    const struct hcl_item *items, size_t skip, struct json *object)
{
	const struct hcl_item *item;
	enum err err = ERR_OK;

	for (item = items; err == ERR_OK && item != NULL; item = item->next) {
		if (item->key_count <= skip)
			return (fail(b, (struct hcl_position){ 0 }, place,
			    "map must have string keys"));
		err = item_fill(b, place, items, skip, item, object);
	}
	return (err);
}

enum err
hcl_tree_build(const struct hcl_item *items, struct arena *arena,
    struct json **out, char *why)
{
	struct build b = { arena, why };
	struct place root = { NULL, { NULL, 0 }, 0 };

	enum err err;

	*out = json_new(&b, JSON_OBJECT);
	err = map_fill(&b, &root, items, 0, *out);
	order_restore(*out);
	return (err);
}
