/*
 * One source of configuration against the table of keys: every mistake in it
 * is collected and told as mapstructure tells it, and keys that are in no row
 * are told after that.
 *
 * Source  api/config.md 1; the cases of tests/common/config_cases.txt were
 *         answered by the real 1.8.7
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_errors.h"
#include "config_keys.h"
#include "config_tree.h"
#include "type_shape.h"

/* Where in the source we are, for texts. */
struct path {
	const struct path *parent;
	struct slice name;
	bool is_element; /* name is an index or a map's key: [name] */
};

struct reading {
	struct arena *arena;
	struct slice_list mistakes;
	struct slice_list unknown;
};

/* Keys that are read under another name, or not at all (NULL). */
static const struct {
	const struct type *type;
	const char *name;
	const char *canonical;
} aliases[] = {
	{ &config_check_type, "serviceid", "service_id" },
	{ &config_check_type, "scriptargs", "args" },
	{ &config_check_type, "disableredirects", "disable_redirects" },
	{ &config_check_type, "dockercontainerid", "docker_container_id" },
	{ &config_check_type, "tlsskipverify", "tls_skip_verify" },
	{ &config_check_type, "deregistercriticalserviceafter",
	    "deregister_critical_service_after" },
	{ &config_check_type_type, "scriptargs", "args" },
	{ &config_check_type_type, "disableredirects", "disable_redirects" },
	{ &config_check_type_type, "dockercontainerid", "docker_container_id" },
	{ &config_check_type_type, "tlsskipverify", "tls_skip_verify" },
	{ &config_check_type_type, "deregistercriticalserviceafter",
	    "deregister_critical_service_after" },
	{ &config_check_type_type, "serviceid", NULL },
	{ &config_check_type_type, "service_id", NULL },
	{ &config_check_type_type, "token", NULL },
};

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static struct json *value_read(struct reading *, const struct path *, enum kind,
    const struct type *, const struct json *);

static void
put_path(struct buf *out, const struct path *path)
{
	if (path == NULL)
		return;
	put_path(out, path->parent);
	if (path->is_element)
		buf_printf(out, "[%.*s]", SLICE_ARGS(path->name));
	else
		buf_printf(out, "%s%.*s", path->parent != NULL ? "." : "",
		    SLICE_ARGS(path->name));
}

static void
list_add(struct reading *r, struct slice_list *list, struct buf *text)
{
	struct slice *items;

	items = arena_array(r->arena, list->count + 1, sizeof(*items));
	if (list->count > 0)
		memcpy(items, list->items, list->count * sizeof(*items));
	items[list->count++] = arena_copy(r->arena, buf_slice(text));
	list->items = items;
	buf_deinit(text);
}

/* Names of what was found, as Go prints types and kinds. */
static const char *
go_type_of(const struct json *value)
{
	static const char *const names[] = {
		[JSON_NULL] = "interface {}",
		[JSON_BOOL] = "bool",
		[JSON_NUMBER] = "float64",
		[JSON_STRING] = "string",
		[JSON_ARRAY] = "[]interface {}",
		[JSON_OBJECT] = "map[string]interface {}",
	};

	if (value->kind == JSON_ARRAY && value->is_blocks)
		return ("[]map[string]interface {}");
	if (value->kind == JSON_NUMBER && value->is_integer)
		return ("int");
	return (names[value->kind]);
}

static const char *
go_kind_of(const struct json *value)
{
	if (value->kind == JSON_ARRAY)
		return ("slice");
	return (value->kind == JSON_OBJECT ? "map" : go_type_of(value));
}

static struct json *
mistake(struct reading *r, const struct path *path, const char *before,
    const char *after, const char *found)
{
	struct buf text = { 0 };

	buf_put_text(&text, before);
	put_path(&text, path);
	buf_printf(&text, after, found);
	list_add(r, &r->mistakes, &text);
	return (NULL);
}

static struct json *
copy_of(struct reading *r, const struct json *value)
{
	struct json *copy = arena_alloc(r->arena, sizeof(*copy));

	*copy = *value;
	copy->next = NULL;
	return (copy);
}

/* Numbers are floats in Go's JSON (in HCL those with a fraction); integers
 * take what is before the point. */
static struct json *
integer_read(struct reading *r, const struct path *path, bool is_unsigned,
    const struct json *value)
{
	struct json *copy = copy_of(r, value);
	char text[64];
	double number;

	snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(value->text));
	number = trunc(strtod(text, NULL));
	if (is_unsigned && number < 0) {
		snprintf(text, sizeof(text), value->is_integer ? "%.0f" : "%f",
		    number);
		return (mistake(
		    r, path, "cannot parse '", "', %s overflows uint", text));
	}
	/* What has no place in 64 bits becomes the least number, as in Go. */
	if (!(fabs(number) < 9223372036854775808.0))
		number = is_unsigned ? 9223372036854775808.0
				     : -9223372036854775808.0;
	copy->text = arena_printf(r->arena, "%.0f", number);
	return (copy);
}

/* The type that Go's struct has where our row has an unsigned number. */
static const char *
unsigned_type_of(struct slice key)
{
	if (slice_is(key, "min_quorum"))
		return ("uint");
	if (slice_is(key, "kv_max_value_size") ||
	    slice_is(key, "txn_max_req_len") || slice_is(key, "txn_max_ops") ||
	    slice_starts_with(key, SLICE("script_max_")))
		return ("uint64");
	return ("uint32"); /* dns_config.soa */
}

/* Of what Consul only keeps, lists of one are taken for what is in them as far
 * down as there are maps: so a block of HCL is a map, and the args of a watch
 * may be a text. */
static struct json *
any_read(struct reading *r, const struct json *value)
{
	struct json *copy, **end;
	const struct json *child;

	if (value->kind == JSON_ARRAY && value->count == 1)
		value = value->first;
	copy = copy_of(r, value);
	if (copy->kind != JSON_OBJECT)
		return (copy);
	end = &copy->first;
	for (child = value->first; child != NULL; child = child->next) {
		*end = any_read(r, child);
		(*end)->key = child->key;
		end = &(*end)->next;
	}
	*end = NULL;
	return (copy);
}

static void
mistake_again(struct reading *r, const struct buf *text)
{
	struct buf copy = { 0 };

	buf_put_slice(&copy, buf_slice(text));
	list_add(r, &r->mistakes, &copy);
}

static struct json *
scalar_read(struct reading *r, const struct path *path, enum kind kind,
    const struct json *value)
{
	static const struct {
		enum json_kind takes;
		const char *go_type;
	} rows[] = {
		[KIND_BOOL] = { JSON_BOOL, "bool" },
		[KIND_U64] = { JSON_NUMBER, NULL },
		[KIND_INT] = { JSON_NUMBER, "int" },
		[KIND_FLOAT] = { JSON_NUMBER, "float64" },
		[KIND_STR] = { JSON_STRING, "string" },
		[KIND_DURATION] = { JSON_STRING, "string" },
	};
	const char *go_type;
	struct buf text = { 0 };

	if (kind == KIND_ANY)
		return (any_read(r, value));
	assert((size_t)kind < COUNT_OF(rows));
	go_type = rows[kind].go_type;
	if (value->kind != rows[kind].takes) {
		if (go_type == NULL)
			go_type = unsigned_type_of(path->name);
		buf_put_u8(&text, '\'');
		put_path(&text, path);
		buf_printf(&text,
		    "' expected type '%s', got unconvertible type '%s'",
		    go_type, go_type_of(value));
		/* In Consul two fields have this name. */
		if (slice_is(path->name, "advertise_addr_ipv6"))
			mistake_again(r, &text);
		list_add(r, &r->mistakes, &text);
		return (NULL);
	}
	if (kind == KIND_INT || kind == KIND_U64)
		return (integer_read(r, path, kind == KIND_U64, value));
	return (copy_of(r, value));
}

/* A list or map: the same with every element read. */
static struct json *
elements_read(struct reading *r, const struct path *path, enum kind kind,
    const struct type *type, const struct json *value)
{
	struct path at = { path, { NULL, 0 }, true };
	struct json *out = copy_of(r, value), **end = &out->first, *element;
	const struct json *child;
	size_t i = 0;

	out->count = 0;
	for (child = value->first; child != NULL; child = child->next, i++) {
		at.name = value->kind == JSON_OBJECT
			      ? child->key
			      : arena_printf(r->arena, "%zu", i);
		element =
		    value_read(r, &at, kind_rows[kind].element, type, child);
		if (element == NULL)
			continue;
		element->key = child->key;
		*end = element;
		end = &element->next;
		out->count++;
	}
	*end = NULL;
	return (out);
}

/* As it is written, else in any case; of a key given twice the last counts. */
static const struct json *
key_find(const struct json *object, struct slice name)
{
	const struct json *child, *exact = NULL, *folded = NULL;

	for (child = object->first; child != NULL; child = child->next) {
		if (slice_equal(child->key, name))
			exact = child;
		else if (slice_equal_fold(child->key, name))
			folded = child;
	}
	return (exact != NULL ? exact : folded);
}

static const struct json *
key_find_alias(
    const struct json *object, const struct type *type, struct slice name)
{
	const struct json *found = NULL;
	size_t i;

	for (i = 0; found == NULL && i < COUNT_OF(aliases); i++) {
		if (aliases[i].type == type && aliases[i].canonical != NULL &&
		    slice_is(name, aliases[i].canonical))
			found =
			    key_find(object, slice_of_text(aliases[i].name));
	}
	return (found);
}

static bool
key_is_alias(const struct type *type, struct slice key)
{
	size_t i;

	for (i = 0; i < COUNT_OF(aliases); i++) {
		if (aliases[i].type == type &&
		    slice_equal_fold(key, slice_of_text(aliases[i].name)))
			return (true);
	}
	return (false);
}

static void
unknown_add(struct reading *r, const struct path *path, struct slice key)
{
	struct path at = { path, key, false };
	struct buf text = { 0 };

	buf_put_text(&text, "invalid config key ");
	put_path(&text, &at);
	list_add(r, &r->unknown, &text);
}

/* Keys that no row took: `was_taken` goes with the object's children. */
static void
unknown_collect(struct reading *r, const struct path *path,
    const struct type *type, const struct json *object, const bool *was_taken)
{
	const struct json *child;
	size_t i = 0;

	for (child = object->first; child != NULL; child = child->next, i++) {
		if (!was_taken[i] && !key_is_alias(type, child->key))
			unknown_add(r, path, child->key);
	}
}

static void
mark_taken(const struct json *object, const struct json *child, bool *taken)
{
	const struct json *c;
	size_t i = 0;

	for (c = object->first; c != NULL; c = c->next, i++) {
		if (c == child || slice_equal(c->key, child->key))
			taken[i] = true;
	}
}

static struct json *
struct_read(struct reading *r, const struct path *path, const struct type *type,
    const struct json *object)
{
	const struct shape *shape = type_shape(type);
	struct json *out = copy_of(r, object), **end = &out->first, *value;
	bool *was_taken = arena_array(r->arena, object->count + 1, 1);
	const struct json *child;
	struct path at = { path, { NULL, 0 }, false };
	size_t i;

	out->count = 0;
	for (i = 0; i < shape->count; i++) {
		const struct slot *slot = &shape->wire[i];

		at.name = field_name(slot->field);
		child = key_find(object, at.name);
		if (child == NULL)
			child = key_find_alias(object, type, at.name);
		if (child == NULL)
			continue;
		mark_taken(object, child, was_taken);
		value =
		    value_read(r, &at, slot->field->kind, slot->type, child);
		if (value == NULL)
			continue;
		value->key = at.name;
		*end = value;
		end = &value->next;
		out->count++;
	}
	*end = NULL;
	unknown_collect(r, path, type, object, was_taken);
	return (out);
}

/* How many lists of one around a value are taken for it: two where Go has a
 * pointer, which all fields are but stanzas and maps; else one. */
static unsigned
unwraps_of(const struct path *path, enum kind kind, const struct type *type)
{
	if (path->is_element || kind_rows[kind].form == FORM_MAP)
		return (1);
	return (type != NULL && slice_ends_with(
				    slice_of_text(type->name), SLICE("_keys"))
		    ? 1
		    : 2);
}

/* NULL: there is no value, or a mistake was noted. */
static struct json *
value_read(struct reading *r, const struct path *path, enum kind kind,
    const struct type *type, const struct json *value)
{
	enum form form = kind_rows[kind].form;
	bool is_struct = kind == KIND_STRUCT || kind == KIND_PTR;

	if (is_struct && type->is_bare) {
		const struct slot *only = &type_shape(type)->wire[0];

		return (
		    value_read(r, path, only->field->kind, only->type, value));
	}
	if (form != FORM_LIST && kind != KIND_ANY) {
		unsigned left = unwraps_of(path, kind, type);

		for (;
		     left > 0 && value->kind == JSON_ARRAY && value->count == 1;
		     left--)
			value = value->first;
	}
	if (value->kind == JSON_NULL)
		return (NULL);
	if (form == FORM_LIST && value->kind != JSON_ARRAY)
		return (mistake(r, path, "'",
		    "': source data must be an array or slice, got %s",
		    go_kind_of(value)));
	if ((form == FORM_MAP || is_struct) && value->kind != JSON_OBJECT)
		return (mistake(r, path, "'", "' expected a map, got '%s'",
		    go_kind_of(value)));
	if (is_struct)
		return (struct_read(r, path, type, value));
	if (form != FORM_ONE)
		return (elements_read(r, path, kind, type, value));
	return (scalar_read(r, path, kind, value));
}

static int
compare_texts(const void *a, const void *b)
{
	const struct slice *left = a, *right = b;

	return (slice_compare(*left, *right));
}

enum err
config_tree_read(const struct json *tree, const struct type *type,
    struct arena *arena, struct json **out, struct buf *why)
{
	struct reading r = { .arena = arena };
	struct config_errors unknown = { 0 };
	struct json *read;
	size_t i, n;
	enum err err;

	if (tree->kind != JSON_OBJECT && tree->kind != JSON_NULL) {
		buf_printf(why,
		    "json: cannot unmarshal %s into Go value of type "
		    "map[string]interface {}",
		    tree->kind == JSON_ARRAY	? "array"
		    : tree->kind == JSON_NUMBER ? "number"
						: go_type_of(tree));
		return (ERR_INVALID);
	}
	read = struct_read(&r, NULL, type, tree);
	n = r.mistakes.count;
	if (n > 0) {
		qsort(r.mistakes.items, n, sizeof(struct slice), compare_texts);
		buf_printf(why, "%zu error(s) decoding:\n", n);
		for (i = 0; i < n; i++)
			buf_printf(
			    why, "\n* %.*s", SLICE_ARGS(r.mistakes.items[i]));
		return (ERR_INVALID);
	}
	for (i = 0; i < r.unknown.count; i++)
		config_errors_add(
		    &unknown, "%.*s", SLICE_ARGS(r.unknown.items[i]));
	err = config_errors_tell(&unknown, why);
	config_errors_deinit(&unknown);
	if (err != ERR_OK)
		return (err);
	read->kind = JSON_OBJECT;
	*out = read;
	return (ERR_OK);
}
