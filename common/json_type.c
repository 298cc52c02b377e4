/* Structs and msgpack to JSON, as Go prints them; see json.h. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "msgpack.h"
#include "type_shape.h"
#include "xmalloc.h"

/* Between Go's year 1 and 1970. */
#define WIRE_TIME_UNIX_EPOCH INT64_C(62135596800)
#define WIRE_TIME_YEAR_10000 INT64_C(315537897600)

/* Beside the flags of a row: every nil list is null, JSON_EMPTY_LIST or not. */
#define KEEP_NULLS 0x10000U

static void put_value(
    struct buf *, enum kind, const struct type *, unsigned flags, const void *);
static void put_struct(
    struct buf *, const struct type *, unsigned mode, const void *);

/* Go has no JSON for times beyond the year 9999 either. */
static bool
is_printable(const struct wire_time *t)
{
	return (t->seconds >= 0 && t->seconds < WIRE_TIME_YEAR_10000 &&
		t->ns >= 0 && t->ns < 1000000000);
}

static void
put_time(struct buf *b, const struct wire_time *t)
{
	struct wall at = { -WIRE_TIME_UNIX_EPOCH, 0 };
	int zone = 0;

	if (t->is_set && !is_printable(t)) {
		buf_put_text(b, "null");
		return;
	}
	if (t->is_set) {
		at.seconds = t->seconds - WIRE_TIME_UNIX_EPOCH;
		at.ns = t->ns;
		zone = t->zone_minutes == -1 ? 0 : t->zone_minutes;
	}
	at.seconds += zone * 60;
	buf_put_u8(b, '"');
	wall_print(at, 9, b);
	b->size--; /* the zone is ours */
	while (b->data[b->size - 1] == '0')
		b->size--;
	if (b->data[b->size - 1] == '.')
		b->size--;
	if (zone == 0)
		buf_put_u8(b, 'Z');
	else
		buf_printf(b, "%c%02d:%02d", zone < 0 ? '-' : '+',
		    abs(zone) / 60, abs(zone) % 60);
	buf_put_u8(b, '"');
}

static bool
is_sorted(const struct any_list *map, size_t size)
{
	for (size_t i = 1; i < map->count; i++) {
		const char *entry = (const char *)map->items + i * size;

		if (slice_compare(
			*(const struct slice *)(const void *)(entry - size),
			*(const struct slice *)(const void *)entry) > 0)
			return (false);
	}
	return (true);
}

static int
key_compare(const void *a, const void *b)
{
	const struct slice *const *left = a, *const *right = b;

	return (slice_compare(**left, **right));
}

static void
put_entry(struct buf *b, enum kind kind, const struct type *type,
    unsigned flags, const void *entry)
{
	json_put_text(b, *(const struct slice *)entry);
	buf_put_u8(b, ':');
	put_value(b, kind_rows[kind].element, type, flags,
	    (const char *)entry + ENTRY_VALUE_OFFSET);
}

static void
put_map(struct buf *b, enum kind kind, const struct type *type, unsigned flags,
    const struct any_list *map)
{
	size_t size = kind_element_size(kind, type);
	const struct slice **order = NULL;

	if (!is_sorted(map, size)) {
		order = xcalloc(map->count, sizeof(*order));
		for (size_t i = 0; i < map->count; i++)
			order[i] =
			    (const void *)((const char *)map->items + i * size);
		qsort(order, map->count, sizeof(*order), key_compare);
	}
	buf_put_u8(b, '{');
	for (size_t i = 0; i < map->count; i++) {
		if (i > 0)
			buf_put_u8(b, ',');
		put_entry(b, kind, type, flags,
		    order != NULL ? (const void *)order[i]
				  : (const char *)map->items + i * size);
	}
	buf_put_u8(b, '}');
	free(order);
}

static void
put_list(struct buf *b, enum kind kind, const struct type *type, unsigned flags,
    const struct any_list *list)
{
	size_t size = kind_element_size(kind, type);

	buf_put_u8(b, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			buf_put_u8(b, ',');
		put_value(b, kind_rows[kind].element, type, flags,
		    (const char *)list->items + i * size);
	}
	buf_put_u8(b, ']');
}

static void
put_container(struct buf *b, enum kind kind, const struct type *type,
    unsigned flags, const struct any_list *list)
{
	bool is_map = kind_rows[kind].form == FORM_MAP;

	assert(list->items != NULL || list->count == 0);
	if (list->items == NULL &&
	    (flags & (JSON_EMPTY_LIST | KEEP_NULLS)) != JSON_EMPTY_LIST)
		buf_put_text(b, "null");
	else if (list->count == 0)
		buf_put_text(b, is_map ? "{}" : "[]");
	else if (is_map)
		put_map(b, kind, type, flags, list);
	else
		put_list(b, kind, type, flags, list);
}

static void
put_integer(struct buf *b, int64_t value)
{
	if (value < 0)
		buf_put_u8(b, '-');
	buf_put_decimal(b, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void
put_duration(struct buf *b, struct duration d, bool is_text)
{
	if (!is_text) {
		put_integer(b, d.ns);
		return;
	}
	buf_put_u8(b, '"');
	duration_print(d, b);
	buf_put_u8(b, '"');
}

static void
put_one(struct buf *b, enum kind kind, const struct type *type, unsigned flags,
    const void *at)
{
	const struct slice *raw = at; /* only where the kind says so */

	switch (kind) {
	case KIND_BOOL:
		buf_put_text(b, *(const bool *)at ? "true" : "false");
		break;
	case KIND_U64:
		buf_put_decimal(b, *(const uint64_t *)at);
		break;
	case KIND_INT:
		put_integer(b, *(const int64_t *)at);
		break;
	case KIND_DURATION:
		put_duration(b, *(const struct duration *)at,
		    (flags & JSON_DURATION_TEXT) != 0);
		break;
	case KIND_FLOAT:
		json_put_float(b, *(const double *)at);
		break;
	case KIND_STR:
		json_put_text(b, *raw);
		break;
	case KIND_BYTES:
	case KIND_BLOB:
		if (raw->size == 0)
			buf_put_text(b, "null");
		else
			json_put_base64(b, *raw);
		break;
	case KIND_TIME:
	case KIND_TIME_PTR:
		if (kind == KIND_TIME_PTR &&
		    !((const struct wire_time *)at)->is_set)
			buf_put_text(b, "null");
		else
			put_time(b, at);
		break;
	case KIND_ANY:
	case KIND_MAP_MAP_ANY:
		json_put_any(b, *raw);
		break;
	case KIND_STRUCT:
		put_struct(b, type, flags & KEEP_NULLS, at);
		break;
	case KIND_PTR:
		if (*(const void *const *)at == NULL)
			buf_put_text(b, "null");
		else
			put_struct(b, type, flags & KEEP_NULLS,
			    *(const void *const *)at);
		break;
	default:
		assert(!"a kind that is one value");
	}
}

static void
put_value(struct buf *b, enum kind kind, const struct type *type,
    unsigned flags, const void *at)
{
	if (kind_rows[kind].form == FORM_ONE)
		put_one(b, kind, type, flags, at);
	else
		put_container(b, kind, type, flags, at);
}

/* What Go's omitempty leaves out: never a struct. */
static bool
is_empty(enum kind kind, const void *at)
{
	if (kind_rows[kind].form != FORM_ONE)
		return (((const struct any_list *)at)->count == 0);
	switch (kind) {
	case KIND_BOOL:
		return (!*(const bool *)at);
	case KIND_U64:
	case KIND_INT:
	case KIND_DURATION:
		return (*(const uint64_t *)at == 0);
	case KIND_FLOAT:
		return (*(const double *)at == 0);
	case KIND_TIME_PTR:
		return (!((const struct wire_time *)at)->is_set);
	case KIND_PTR:
		return (*(const void *const *)at == NULL);
	case KIND_TIME:
	case KIND_STRUCT:
		return (false);
	default: /* texts and what is kept encoded */
		return (((const struct slice *)at)->size == 0);
	}
}

/* `"name":`, by hand: this is what most of JSON is made of. */
static void
put_key(struct buf *b, const struct field *f)
{
	uint8_t *out = buf_extend(b, f->name_size + 3U);

	out[0] = '"';
	memcpy(out + 1, f->name, f->name_size);
	out[f->name_size + 1] = '"';
	out[f->name_size + 2] = ':';
}

static void
put_struct(
    struct buf *b, const struct type *type, unsigned mode, const void *object)
{
	const struct shape *shape = type_shape(type);
	bool is_first = true;

	if (!type->is_bare)
		buf_put_u8(b, '{');
	for (size_t i = 0; i < shape->count; i++) {
		const struct slot *slot = &shape->wire[shape->declared[i]];
		const struct field *f = slot->field;
		const void *at = (const char *)object + slot->offset;

		if ((f->flags & JSON_SKIP) != 0 ||
		    ((f->flags & JSON_OMITEMPTY) != 0 && is_empty(f->kind, at)))
			continue;
		if (!is_first)
			buf_put_u8(b, ',');
		is_first = false;
		if (!type->is_bare) {
			put_key(b, f);
		}
		put_value(b, f->kind, slot->type, f->flags | mode, at);
	}
	if (!type->is_bare)
		buf_put_u8(b, '}');
}

void
json_from_type(const struct type *type, const void *object, struct buf *b)
{
	put_struct(b, type, 0, object);
}

void
json_from_type_nulls(const struct type *type, const void *object, struct buf *b)
{
	put_struct(b, type, KEEP_NULLS, object);
}

/* --- Free-form values. --- */

static void put_any(struct buf *, struct reader *);

static void
put_any_array(struct buf *b, struct reader *rd, size_t count)
{
	buf_put_u8(b, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_u8(b, ',');
		put_any(b, rd);
	}
	buf_put_u8(b, ']');
}

static int
pair_compare(const void *a, const void *b)
{
	const struct pair *left = a, *right = b;

	return (slice_compare(left->key, right->key));
}

static void
put_any_map(struct buf *b, struct reader *rd, size_t count)
{
	struct pair *pairs = xcalloc(count + 1, sizeof(*pairs));

	for (size_t i = 0; i < count; i++) {
		pairs[i].key = unpack_raw(rd);
		pairs[i].value = unpack_object(rd);
	}
	qsort(pairs, count, sizeof(*pairs), pair_compare);
	buf_put_u8(b, '{');
	for (size_t i = 0; i < count; i++) {
		struct reader value = reader(pairs[i].value);

		if (i > 0)
			buf_put_u8(b, ',');
		json_put_text(b, pairs[i].key);
		buf_put_u8(b, ':');
		put_any(b, &value);
	}
	buf_put_u8(b, '}');
	free(pairs);
}

static void
put_any(struct buf *b, struct reader *rd)
{
	struct unpacked u = unpack(rd);

	switch (u.token) {
	case TOKEN_BOOL:
		buf_put_text(b, u.as.boolean ? "true" : "false");
		break;
	case TOKEN_UINT:
		buf_put_decimal(b, u.as.natural);
		break;
	case TOKEN_INT:
		put_integer(b, u.as.integer);
		break;
	case TOKEN_FLOAT:
		json_put_float(b, u.as.real);
		break;
	case TOKEN_RAW:
		json_put_text(b, u.as.raw);
		break;
	case TOKEN_ARRAY:
		put_any_array(b, rd, u.as.count);
		break;
	case TOKEN_MAP:
		put_any_map(b, rd, u.as.count);
		break;
	case TOKEN_NIL:
	case TOKEN_END:
		buf_put_text(b, "null");
		break;
	}
}

void
json_put_any(struct buf *b, struct slice msgpack)
{
	struct reader whole = reader(msgpack);
	struct reader rd = reader(msgpack);

	/* Depth and lengths are good before anything is printed. */
	unpack_object(&whole);
	if (msgpack.size == 0 || !reader_done(&whole))
		buf_put_text(b, "null");
	else
		put_any(b, &rd);
}
