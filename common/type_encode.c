/* Structs to msgpack; see type.h. */
#include <assert.h>
#include <string.h>

#include "msgpack.h"
#include "type_shape.h"

static void encode_value(
    struct buf *, enum kind, const struct type *, const void *);

/* Go's MarshalBinary of a time (wire/rpc.md 4). */
static void
encode_time(struct buf *b, const struct wire_time *t)
{
	static const struct wire_time zero = { .zone_minutes = -1 };
	const struct wire_time *source = t->is_set ? t : &zero;

	buf_put_u8(b, 0xa0 | 15);
	buf_put_u8(b, 1);
	buf_put_be64(b, (uint64_t)source->seconds);
	buf_put_be32(b, (uint32_t)source->ns);
	buf_put_be16(b, (uint16_t)source->zone_minutes);
}

static void
encode_list(struct buf *b, enum kind kind, const struct type *type,
    const struct any_list *list)
{
	size_t size = kind_element_size(kind, type);

	if (list->items == NULL) {
		pack_nil(b);
		return;
	}
	pack_array(b, list->count);
	for (size_t i = 0; i < list->count; i++)
		encode_value(b, kind_rows[kind].element, type,
		    (const char *)list->items + i * size);
}

static void
encode_map(struct buf *b, enum kind kind, const struct type *type,
    const struct any_list *map)
{
	size_t size = kind_element_size(kind, type);

	if (map->items == NULL) {
		pack_nil(b);
		return;
	}
	pack_map(b, map->count);
	for (size_t i = 0; i < map->count; i++) {
		const char *entry = (const char *)map->items + i * size;

		pack_raw(b, *(const struct slice *)(const void *)entry);
		encode_value(b, kind_rows[kind].element, type,
		    entry + ENTRY_VALUE_OFFSET);
	}
}

static void
encode_pointer(struct buf *b, const struct type *type, const void *pointer)
{
	if (pointer == NULL)
		pack_nil(b);
	else
		type_encode(type, pointer, b);
}

static void
encode_raw_or_nil(struct buf *b, struct slice raw, bool is_nil)
{
	if (is_nil)
		pack_nil(b);
	else
		pack_raw(b, raw);
}

static void
encode_one(
    struct buf *b, enum kind kind, const struct type *type, const void *at)
{
	const struct slice *raw = at; /* only where the kind says so */

	switch (kind) {
	case KIND_BOOL:
		pack_bool(b, *(const bool *)at);
		break;
	case KIND_U64:
		pack_uint(b, *(const uint64_t *)at);
		break;
	case KIND_INT:
		pack_int(b, *(const int64_t *)at);
		break;
	case KIND_DURATION:
		pack_int(b, ((const struct duration *)at)->ns);
		break;
	case KIND_FLOAT:
		pack_float(b, *(const double *)at);
		break;
	case KIND_STR:
		pack_raw(b, *raw);
		break;
	case KIND_BYTES:
		encode_raw_or_nil(b, *raw, raw->size == 0);
		break;
	case KIND_BLOB:
		encode_raw_or_nil(b, *raw, raw->data == NULL);
		break;
	case KIND_TIME:
		encode_time(b, at);
		break;
	case KIND_TIME_PTR:
		if (((const struct wire_time *)at)->is_set)
			encode_time(b, at);
		else
			pack_nil(b);
		break;
	case KIND_ANY:
	case KIND_MAP_MAP_ANY:
		if (raw->size == 0)
			pack_nil(b);
		else
			buf_put_slice(b, *raw);
		break;
	case KIND_STRUCT:
		type_encode(type, at, b);
		break;
	case KIND_PTR:
		encode_pointer(b, type, *(const void *const *)at);
		break;
	default:
		assert(!"a kind that is one value");
	}
}

static void
encode_value(
    struct buf *b, enum kind kind, const struct type *type, const void *at)
{
	switch (kind_rows[kind].form) {
	case FORM_ONE:
		encode_one(b, kind, type, at);
		break;
	case FORM_LIST:
		encode_list(b, kind, type, at);
		break;
	case FORM_MAP:
		encode_map(b, kind, type, at);
		break;
	}
}

/* A key: short ones by hand, they are the most frequent of all texts. */
static void
encode_key(struct buf *b, const struct field *f)
{
	uint8_t *out;

	if (f->name_size >= 32) {
		pack_raw(b, field_name(f));
		return;
	}
	out = buf_extend(b, f->name_size + 1U);
	out[0] = 0xa0 | f->name_size; /* the length fits the lead byte */
	memcpy(out + 1, f->name, f->name_size);
}

void
type_encode(const struct type *type, const void *object, struct buf *b)
{
	const struct shape *shape = type_shape(type);

	if (!type->is_bare)
		pack_map(b, shape->wire_count);
	for (size_t i = 0; i < shape->wire_count; i++) {
		const struct slot *slot = &shape->wire[i];

		if (!type->is_bare)
			encode_key(b, slot->field);
		encode_value(b, slot->field->kind, slot->type,
		    (const char *)object + slot->offset);
	}
}
