/* msgpack to structs, within limits; see type.h. */
#include <assert.h>
#include <string.h>

#include "msgpack.h"
#include "type_shape.h"

#define TIME_BYTES   15
#define TIME_VERSION 1

struct decoder {
	struct reader *rd;
	struct arena *arena;
	size_t arena_bytes_max;
	unsigned depth;
	enum err err; /* why, where it is not ERR_INVALID */
};

static void decode_value(
    struct decoder *, enum kind, const struct type *, size_t limit, void *);
static void decode_type(struct decoder *, const struct type *, void *);

static void
decode_fail(struct decoder *d, enum err err)
{
	if (!d->rd->has_failed)
		d->err = err;
	reader_fail(d->rd);
}

/* Zeroed memory for `count` elements, or NULL and failure. Counts were held
 * against the bytes left; this bounds what few bytes can make us keep. */
static void *
decode_alloc(struct decoder *d, size_t count, size_t size)
{
	size_t left = 0;

	if (d->arena_bytes_max > d->arena->size)
		left = d->arena_bytes_max - d->arena->size;
	if (size > 0 && count > left / size) {
		decode_fail(d, ERR_TOO_BIG);
		return (NULL);
	}
	return (arena_array(d->arena, count, size));
}

static struct slice
decode_raw(struct decoder *d, size_t limit)
{
	struct slice raw = unpack_raw(d->rd);

	if (raw.size > (limit == 0 ? TYPE_TEXT_MAX : limit)) {
		decode_fail(d, ERR_TOO_BIG);
		return ((struct slice){ 0 });
	}
	return (raw);
}

static void
decode_time(struct decoder *d, struct wire_time *out, bool is_pointer)
{
	struct slice raw = unpack_raw(d->rd);
	struct reader rd = reader(raw);
	struct wire_time t = { 0 };

	if (raw.data == NULL)
		return;
	if (raw.size != TIME_BYTES || read_u8(&rd) != TIME_VERSION) {
		decode_fail(d, ERR_INVALID);
		return;
	}
	t.seconds = (int64_t)read_be64(&rd);
	t.ns = (int32_t)read_be32(&rd);
	t.zone_minutes = (int16_t)read_be16(&rd);
	t.is_set =
	    is_pointer || t.seconds != 0 || t.ns != 0 || t.zone_minutes != -1;
	*out = t;
}

static struct slice
decode_any(struct decoder *d)
{
	struct slice object = unpack_object(d->rd);

	if (unpack_peek(&(struct reader){ .rest = object }) == TOKEN_NIL)
		return ((struct slice){ 0 });
	return (object);
}

static void
decode_pointer(struct decoder *d, const struct type *type, void **out)
{
	if (unpack_peek(d->rd) == TOKEN_NIL) {
		unpack(d->rd);
		return;
	}
	*out = decode_alloc(d, 1, type->size);
	if (*out != NULL)
		decode_type(d, type, *out);
}

static void
decode_one(struct decoder *d, enum kind kind, const struct type *type,
    size_t limit, void *at)
{
	switch (kind) {
	case KIND_BOOL:
		*(bool *)at = unpack_bool(d->rd);
		break;
	case KIND_U64:
		*(uint64_t *)at = unpack_uint(d->rd);
		break;
	case KIND_INT:
		*(int64_t *)at = unpack_int(d->rd);
		break;
	case KIND_DURATION:
		((struct duration *)at)->ns = unpack_int(d->rd);
		break;
	case KIND_FLOAT:
		*(double *)at = unpack_float(d->rd);
		break;
	case KIND_STR:
	case KIND_BYTES:
	case KIND_BLOB:
		*(struct slice *)at = decode_raw(d, limit);
		break;
	case KIND_TIME:
	case KIND_TIME_PTR:
		decode_time(d, at, kind == KIND_TIME_PTR);
		break;
	case KIND_ANY:
	case KIND_MAP_MAP_ANY:
		*(struct slice *)at = decode_any(d);
		break;
	case KIND_STRUCT:
		decode_type(d, type, at);
		break;
	case KIND_PTR:
		decode_pointer(d, type, at);
		break;
	default:
		assert(!"a kind that is one value");
	}
}

/* The count and the memory of a list or map. False: nil, or failed. */
static bool
decode_container(struct decoder *d, enum kind kind, const struct type *type,
    size_t limit, struct any_list *out)
{
	bool is_list = kind_rows[kind].form == FORM_LIST;
	bool is_nil = unpack_peek(d->rd) == TOKEN_NIL;
	size_t count = is_list ? unpack_array(d->rd) : unpack_map(d->rd);

	if (is_nil || d->rd->has_failed)
		return (false);
	if (count > (limit == 0 ? TYPE_ELEMENTS_MAX : limit)) {
		decode_fail(d, ERR_TOO_BIG);
		return (false);
	}
	out->items = decode_alloc(d, count, kind_element_size(kind, type));
	if (out->items == NULL)
		return (false);
	out->count = count;
	return (true);
}

static void
decode_list(struct decoder *d, enum kind kind, const struct type *type,
    size_t limit, struct any_list *out)
{
	size_t size = kind_element_size(kind, type);

	if (!decode_container(d, kind, type, limit, out))
		return;
	for (size_t i = 0; i < out->count && !d->rd->has_failed; i++)
		decode_value(d, kind_rows[kind].element, type, 0,
		    (char *)out->items + i * size);
}

static void
decode_map(struct decoder *d, enum kind kind, const struct type *type,
    size_t limit, struct any_list *out)
{
	size_t size = kind_element_size(kind, type);

	if (!decode_container(d, kind, type, limit, out))
		return;
	for (size_t i = 0; i < out->count && !d->rd->has_failed; i++) {
		char *entry = (char *)out->items + i * size;

		*(struct slice *)(void *)entry = unpack_raw(d->rd);
		decode_value(d, kind_rows[kind].element, type, 0,
		    entry + ENTRY_VALUE_OFFSET);
	}
}

static void
decode_value(struct decoder *d, enum kind kind, const struct type *type,
    size_t limit, void *at)
{
	if (++d->depth > TYPE_DEPTH_MAX) {
		decode_fail(d, ERR_TOO_DEEP);
	} else
		switch (kind_rows[kind].form) {
		case FORM_ONE:
			decode_one(d, kind, type, limit, at);
			break;
		case FORM_LIST:
			decode_list(d, kind, type, limit, at);
			break;
		case FORM_MAP:
			decode_map(d, kind, type, limit, at);
			break;
		}
	d->depth--;
}

static void
decode_slot(struct decoder *d, const struct slot *slot, void *object)
{
	decode_value(d, slot->field->kind, slot->type, slot->field->limit,
	    (char *)object + slot->offset);
}

static bool
slot_is(const struct slot *slot, struct slice name)
{
	return (slot->field->name_size == name.size &&
		memcmp(slot->field->name, name.data, name.size) == 0);
}

/* The slot called `name`. Keys come sorted from every real peer, so the next
 * one is nearly always where the cursor stands. */
static const struct slot *
slot_find(const struct shape *shape, struct slice name, size_t *cursor)
{
	size_t low = 0, high = shape->wire_count;

	assert(shape->wire != NULL);
	if (*cursor < shape->wire_count && slot_is(&shape->wire[*cursor], name))
		return (&shape->wire[(*cursor)++]);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order =
		    slice_compare(name, field_name(shape->wire[middle].field));

		if (order == 0) {
			*cursor = middle + 1;
			return (&shape->wire[middle]);
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return (NULL);
}

/* A key: short ones by hand, they are the most frequent of all texts. */
static struct slice
decode_key(struct reader *rd)
{
	struct slice rest = rd->rest;
	size_t size;

	if (rest.size == 0 || (rest.data[0] & 0xe0) != 0xa0)
		return (unpack_raw(rd));
	size = rest.data[0] & 0x1f;
	if (size >= rest.size)
		return (unpack_raw(rd));
	rd->rest = slice(rest.data + 1 + size, rest.size - 1 - size);
	return (slice(rest.data + 1, size));
}

static void
decode_fields(
    struct decoder *d, const struct shape *shape, size_t count, void *object)
{
	size_t cursor = 0;

	for (size_t i = 0; i < count && !d->rd->has_failed; i++) {
		struct slice name = decode_key(d->rd);
		const struct slot *slot = slot_find(shape, name, &cursor);

		if (slot == NULL)
			unpack_object(d->rd);
		else
			decode_slot(d, slot, object);
	}
}

/* A struct may also come as an array, in the order of declaration. */
static void
decode_array(
    struct decoder *d, const struct shape *shape, size_t count, void *object)
{
	const struct slot *slot;
	size_t next = 0;

	for (size_t i = 0; i < count && !d->rd->has_failed; i++) {
		for (slot = NULL; slot == NULL && next < shape->count; next++)
			if (shape->declared[next] < shape->wire_count)
				slot = &shape->wire[shape->declared[next]];
		if (slot == NULL)
			unpack_object(d->rd);
		else
			decode_slot(d, slot, object);
	}
}

static void
decode_type(struct decoder *d, const struct type *type, void *object)
{
	const struct shape *shape = type_shape(type);
	struct unpacked u;

	if (type->is_bare) {
		decode_slot(d, &shape->wire[0], object);
		return;
	}
	u = unpack(d->rd);
	if (u.token == TOKEN_MAP)
		decode_fields(d, shape, u.as.count, object);
	else if (u.token == TOKEN_ARRAY)
		decode_array(d, shape, u.as.count, object);
	else if (u.token != TOKEN_NIL)
		decode_fail(d, ERR_INVALID);
}

enum err
type_decode(const struct type *type, struct reader *from, struct arena *arena,
    void *object)
{
	struct decoder d = { .rd = from, .arena = arena, .err = ERR_INVALID };

	d.arena_bytes_max = arena->size + TYPE_MEMORY_MIN +
			    from->rest.size * TYPE_MEMORY_PER_BYTE;
	memset(object, 0, type->size);
	decode_type(&d, type, object);
	return (from->has_failed ? d.err : ERR_OK);
}

enum err
type_decode_all(const struct type *type, struct slice from, struct arena *arena,
    void *object)
{
	struct reader rd = reader(from);
	enum err err = type_decode(type, &rd, arena, object);

	if (err == ERR_OK && !reader_done(&rd))
		return (ERR_INVALID);
	return (err);
}
