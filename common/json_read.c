/*
 * Trees to structs; see json.h. Two readers in one: Go's encoding/json for the
 * API and mapstructure for files. They differ in how keys are found, in what
 * they take for a scalar, and in their words.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_read.h"
#include "msgpack.h"
#include "xmalloc.h"

static void read_value(
    struct json_reader *, const struct place *, const struct json *, void *);

/* Other names of keys; each only where a struct has the real one. */
/* clang-format off */
static const struct alias {
	const char *name, *real;
} aliases[] = {
	/* api/http.md 1.4 */
	{ "args",			       "ScriptArgs" },
	{ "script_args",		       "ScriptArgs" },
	{ "deregister_critical_service_after", "DeregisterCriticalServiceAfter" },
	{ "disable_redirects",		       "DisableRedirects" },
	{ "docker_container_id",	       "DockerContainerID" },
	{ "tls_skip_verify",		       "TLSSkipVerify" },
	{ "service_id",			       "ServiceID" },
	{ "enable_tag_override",	       "EnableTagOverride" },
	{ "tagged_addresses",		       "TaggedAddresses" },
	{ "sidecar_service",		       "SidecarService" },
	{ "destination_service_name",	       "DestinationServiceName" },
	{ "destination_service_id",	       "DestinationServiceID" },
	{ "local_service_address",	       "LocalServiceAddress" },
	{ "local_service_port",		       "LocalServicePort" },
	{ "destination_type",		       "DestinationType" },
	{ "destination_namespace",	       "DestinationNamespace" },
	{ "destination_name",		       "DestinationName" },
	{ "local_bind_address",		       "LocalBindAddress" },
	{ "local_bind_port",		       "LocalBindPort" },
	{ "local_path_port",		       "LocalPathPort" },
	{ "listener_port",		       "ListenerPort" },
	/* api/config.md 1 */
	{ "serviceid",			       "service_id" },
	{ "scriptargs",			       "args" },
	{ "disableredirects",		       "disable_redirects" },
	{ "dockercontainerid",		       "docker_container_id" },
	{ "tlsskipverify",		       "tls_skip_verify" },
	{ "deregistercriticalserviceafter",    "deregister_critical_service_after" },
};
/* clang-format on */

static const struct slot *
find_folded(const struct shape *shape, struct slice key)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *f = shape->wire[i].field;

		if ((f->flags & JSON_SKIP) == 0 &&
		    slice_equal_fold(field_name(f), key))
			return (&shape->wire[i]);
	}
	return (NULL);
}

/* The slot that `key` means, and the name that errors call it by. */
static const struct slot *
find_slot(const struct json_reader *r, const struct type *type,
    struct slice key, struct slice *name)
{
	const struct shape *shape = type_shape(type);
	const struct slot *slot = find_folded(shape, key);

	if (slot != NULL)
		*name = field_name(slot->field);
	if (slot != NULL ||
	    (r->dialect != JSON_CONFIG && !json_read_has_aliases(type)))
		return (slot);
	for (size_t i = 0;
	     slot == NULL && i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		*name = slice_of_text(aliases[i].name);
		if (slice_equal_fold(key, *name))
			slot =
			    find_folded(shape, slice_of_text(aliases[i].real));
	}
	return (slot);
}

static void
read_object(struct json_reader *r, const struct place *at,
    const struct json *value, void *out)
{
	if (value->kind != JSON_OBJECT) {
		json_read_mismatch(r, at, value);
		return;
	}
	for (const struct json *child = value->first;
	     child != NULL && !json_read_is_over(r); child = child->next) {
		struct place inner = { .outer = at, .owner = at->type };
		const struct slot *slot =
		    find_slot(r, at->type, child->key, &inner.name);

		if (slot == NULL) {
			inner.name = child->key;
			json_read_unknown(r, &inner);
			continue;
		}
		inner.kind = slot->field->kind;
		inner.type = slot->type;
		inner.limit = slot->field->limit;
		read_value(r, &inner, child, (char *)out + slot->offset);
	}
}

static struct place
place_of_element(const struct place *at, size_t index)
{
	struct place element = *at;

	element.outer = at;
	element.owner = NULL; /* only fields have one */
	element.name = (struct slice){ 0 };
	element.index = index;
	element.kind = kind_rows[at->kind].element;
	element.limit = 0;
	return (element);
}

static void
read_list(struct json_reader *r, const struct place *at,
    const struct json *value, struct any_list *out)
{
	size_t size = kind_element_size(at->kind, at->type);
	const struct json *child = value->first;

	if (value->kind != JSON_ARRAY) {
		json_read_mismatch(r, at, value);
		return;
	}
	if (value->count > (at->limit == 0 ? TYPE_ELEMENTS_MAX : at->limit)) {
		json_read_too_big(r, at);
		return;
	}
	out->items = arena_array(r->arena, value->count, size);
	out->count = value->count;
	for (size_t i = 0; i < value->count; i++, child = child->next) {
		struct place element = place_of_element(at, i);

		read_value(r, &element, child, (char *)out->items + i * size);
	}
}

struct ordered {
	const struct json *child;
	size_t order;
};

static int
ordered_compare(const void *a, const void *b)
{
	const struct ordered *left = a, *right = b;
	int order = slice_compare(left->child->key, right->child->key);

	if (order != 0)
		return (order);
	return (left->order < right->order ? -1 : left->order > right->order);
}

/* The children by key; of those with the same key the last comes last. */
static struct ordered *
children_sorted(const struct json *value)
{
	struct ordered *all = xcalloc(value->count + 1, sizeof(*all));
	const struct json *child = value->first;

	for (size_t i = 0; i < value->count; i++, child = child->next)
		all[i] = (struct ordered){ child, i };
	qsort(all, value->count, sizeof(*all), ordered_compare);
	return (all);
}

static void
read_map(struct json_reader *r, const struct place *at,
    const struct json *value, struct any_list *out)
{
	size_t size = kind_element_size(at->kind, at->type);
	struct ordered *all;
	size_t count = 0;

	if (value->kind != JSON_OBJECT) {
		json_read_mismatch(r, at, value);
		return;
	}
	if (value->count > (at->limit == 0 ? TYPE_ELEMENTS_MAX : at->limit)) {
		json_read_too_big(r, at);
		return;
	}
	out->items = arena_array(r->arena, value->count, size);
	all = children_sorted(value);
	for (size_t i = 0; i < value->count; i++) {
		struct place element = place_of_element(at, i);
		char *entry = (char *)out->items + count * size;

		if (i + 1 < value->count &&
		    slice_equal(all[i].child->key, all[i + 1].child->key))
			continue; /* the last one wins */
		element.name = all[i].child->key;
		element.is_entry = true;
		*(struct slice *)(void *)entry = all[i].child->key;
		read_value(
		    r, &element, all[i].child, entry + ENTRY_VALUE_OFFSET);
		count++;
	}
	free(all);
	out->count = count;
}

static void
read_pointer(struct json_reader *r, const struct place *at,
    const struct json *value, void **out)
{
	if (*out == NULL)
		*out = arena_alloc(r->arena, at->type->size);
	read_object(r, at, value, *out);
}

static void
read_text(struct json_reader *r, const struct place *at,
    const struct json *value, struct slice *out)
{
	if (value->kind != JSON_STRING)
		json_read_mismatch(r, at, value);
	else if (value->text.size >
		 (at->limit == 0 ? TYPE_TEXT_MAX : at->limit))
		json_read_too_big(r, at);
	else
		*out = value->text;
}

static void
read_bytes64(struct json_reader *r, const struct place *at,
    const struct json *value, struct slice *out)
{
	struct buf raw;
	size_t offset;

	if (value->kind != JSON_STRING) {
		json_read_mismatch(r, at, value);
		return;
	}
	buf_init(&raw);
	if (base64_decode_at(value->text, &raw, &offset) != ERR_OK)
		json_read_fail(
		    r, "illegal base64 data at input byte %zu", offset);
	else if (raw.size > (at->limit == 0 ? TYPE_TEXT_MAX : at->limit))
		json_read_too_big(r, at);
	else
		*out = arena_copy(r->arena, buf_slice(&raw));
	buf_deinit(&raw);
}

static void
read_any(struct json_reader *r, const struct json *value, struct slice *out)
{
	struct buf packed;

	buf_init(&packed);
	json_to_any(value, &packed);
	*out = arena_copy(r->arena, buf_slice(&packed));
	buf_deinit(&packed);
}

static void
read_duration(struct json_reader *r, const struct place *at,
    const struct json *value, struct duration *out)
{
	char why[JSON_WHY_MAX];

	if (value->kind == JSON_STRING) {
		if (duration_parse(value->text, out, why, sizeof(why)) !=
		    ERR_OK)
			json_read_fail(r, "%s", why);
	} else if (r->dialect == JSON_CONFIG)
		json_read_mismatch(r, at, value);
	else if (value->kind == JSON_NUMBER)
		json_read_real_as_int(value->text, &out->ns);
	/* Go looks for these two only, and leaves the field otherwise. */
}

static void
read_time(struct json_reader *r, const struct place *at,
    const struct json *value, struct wire_time *out)
{
	if (value->kind != JSON_STRING)
		json_read_mismatch(r, at, value);
	else if (!json_read_time(value->text, out))
		json_read_fail(r,
		    "parsing time \"\\\"%.*s\\\"\" as "
		    "\"\\\"2006-01-02T15:04:05Z07:00\\\"\"",
		    SLICE_ARGS(value->text));
}

static void read_value(
    struct json_reader *, const struct place *, const struct json *, void *out);

/* A bare struct is what its only row is. */
static void
read_struct(struct json_reader *r, const struct place *at,
    const struct json *value, void *out)
{
	const struct slot *bare = type_shape(at->type)->wire;
	struct place inner = *at;

	if (!at->type->is_bare) {
		read_object(r, at, value, out);
		return;
	}
	inner.kind = bare->field->kind;
	inner.type = bare->type;
	inner.limit = bare->field->limit;
	read_value(r, &inner, value, out);
}

static void
read_one(struct json_reader *r, const struct place *at,
    const struct json *value, void *out)
{
	switch (at->kind) {
	case KIND_BOOL:
		if (value->kind != JSON_BOOL)
			json_read_mismatch(r, at, value);
		else
			*(bool *)out = value->boolean;
		break;
	case KIND_U64:
	case KIND_INT:
	case KIND_FLOAT:
		json_read_number(r, at, value, out);
		break;
	case KIND_STR:
		read_text(r, at, value, out);
		break;
	case KIND_BYTES:
	case KIND_BLOB:
		read_bytes64(r, at, value, out);
		break;
	case KIND_DURATION:
		read_duration(r, at, value, out);
		break;
	case KIND_TIME:
	case KIND_TIME_PTR:
		read_time(r, at, value, out);
		break;
	case KIND_MAP_MAP_ANY:
	case KIND_ANY:
		read_any(r, value, out);
		break;
	case KIND_STRUCT:
		read_struct(r, at, value, out);
		break;
	case KIND_PTR:
		read_pointer(r, at, value, out);
		break;
	default:
		assert(!"a kind that is one value");
	}
}

static void
read_value(struct json_reader *r, const struct place *at,
    const struct json *value, void *out)
{
	enum form form = kind_rows[at->kind].form;

	if (value->kind == JSON_NULL || json_read_is_over(r))
		return;
	/* Files may have a list of one wherever there is no list. */
	if (r->dialect == JSON_CONFIG && form != FORM_LIST &&
	    at->kind != KIND_ANY && value->kind == JSON_ARRAY &&
	    value->count == 1)
		value = value->first;
	if (form == FORM_ONE)
		read_one(r, at, value, out);
	else if (form == FORM_LIST)
		read_list(r, at, value, out);
	else
		read_map(r, at, value, out);
}

enum err
json_to_type(const struct json *tree, enum json_dialect dialect,
    const struct type *type, struct arena *arena, void *object,
    char why[JSON_WHY_MAX])
{
	struct json_reader r = { .dialect = dialect, .arena = arena };
	const struct slot *bare = type_shape(type)->wire;
	struct place root = { .kind = KIND_STRUCT, .type = type };

	if (type->is_bare) {
		root.kind = bare->field->kind;
		root.type = bare->type;
		root.limit = bare->field->limit;
		root.owner = type;
	}
	read_value(&r, &root, tree, object);
	return (json_read_result(&r, why));
}

void
json_to_any(const struct json *value, struct buf *b)
{
	switch (value->kind) {
	case JSON_NULL:
		pack_nil(b);
		return;
	case JSON_BOOL:
		pack_bool(b, value->boolean);
		return;
	case JSON_NUMBER:
		pack_float(b, json_real(value->text));
		return;
	case JSON_STRING:
		pack_raw(b, value->text);
		return;
	case JSON_ARRAY:
		pack_array(b, value->count);
		break;
	case JSON_OBJECT:
		pack_map(b, value->count);
		break;
	}
	for (const struct json *child = value->first; child != NULL;
	     child = child->next) {
		if (value->kind == JSON_OBJECT)
			pack_raw(b, child->key);
		json_to_any(child, b);
	}
}
