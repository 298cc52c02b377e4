/* Equality and deep copies of structs; see type.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "type_shape.h"
#include "xmalloc.h"

static bool equal_value(
    enum kind, const struct type *, const void *, const void *);
static void copy_value(
    enum kind, const struct type *, const void *, struct arena *, void *);

static bool
equal_list(enum kind kind, const struct type *type, const struct any_list *a,
    const struct any_list *b)
{
	size_t size = kind_element_size(kind, type);

	if (a->count != b->count)
		return (false);
	for (size_t i = 0; i < a->count; i++)
		if (!equal_value(kind_rows[kind].element, type,
			(const char *)a->items + i * size,
			(const char *)b->items + i * size))
			return (false);
	return (true);
}

static int
entry_compare(const void *a, const void *b)
{
	const struct slice *const *left = a, *const *right = b;

	return (slice_compare(**left, **right));
}

/* The entries of a map, by key; to be freed. */
static const struct slice **
map_sorted(const struct any_list *map, size_t size)
{
	const struct slice **entries =
	    xcalloc(map->count + 1, sizeof(*entries));

	for (size_t i = 0; i < map->count; i++)
		entries[i] =
		    (const void *)((const char *)map->items + i * size);
	qsort(entries, map->count, sizeof(*entries), entry_compare);
	return (entries);
}

static bool
equal_entry(
    enum kind kind, const struct type *type, const void *a, const void *b)
{
	return (
	    slice_equal(*(const struct slice *)a, *(const struct slice *)b) &&
	    equal_value(kind_rows[kind].element, type,
		(const char *)a + ENTRY_VALUE_OFFSET,
		(const char *)b + ENTRY_VALUE_OFFSET));
}

static bool
equal_map(enum kind kind, const struct type *type, const struct any_list *a,
    const struct any_list *b)
{
	size_t size = kind_element_size(kind, type);
	const struct slice **left, **right;
	bool is_equal = true;

	if (a->count != b->count)
		return (false);
	left = map_sorted(a, size);
	right = map_sorted(b, size);
	for (size_t i = 0; i < a->count && is_equal; i++)
		is_equal = equal_entry(kind, type, left[i], right[i]);
	free(left);
	free(right);
	return (is_equal);
}

static bool
equal_time(const struct wire_time *a, const struct wire_time *b)
{
	return (a->is_set == b->is_set &&
		(!a->is_set || (a->seconds == b->seconds && a->ns == b->ns &&
				   a->zone_minutes == b->zone_minutes)));
}

static bool
equal_pointer(const struct type *type, const void *a, const void *b)
{
	if (a == NULL || b == NULL)
		return (a == b);
	return (type_equal(type, a, b));
}

static bool
equal_one(enum kind kind, const struct type *type, const void *a, const void *b)
{
	switch (kind) {
	case KIND_BOOL:
		return (*(const bool *)a == *(const bool *)b);
	case KIND_U64:
	case KIND_INT:
	case KIND_DURATION:
	case KIND_FLOAT:
		return (memcmp(a, b, sizeof(uint64_t)) == 0);
	case KIND_STR:
	case KIND_BYTES:
	case KIND_BLOB:
	case KIND_ANY:
	case KIND_MAP_MAP_ANY:
		return (slice_equal(
		    *(const struct slice *)a, *(const struct slice *)b));
	case KIND_TIME:
	case KIND_TIME_PTR:
		return (equal_time(a, b));
	case KIND_STRUCT:
		return (type_equal(type, a, b));
	case KIND_PTR:
		return (equal_pointer(
		    type, *(const void *const *)a, *(const void *const *)b));
	default:
		assert(!"a kind that is one value");
		return (false);
	}
}

static bool
equal_value(
    enum kind kind, const struct type *type, const void *a, const void *b)
{
	switch (kind_rows[kind].form) {
	case FORM_LIST:
		return (equal_list(kind, type, a, b));
	case FORM_MAP:
		return (equal_map(kind, type, a, b));
	default:
		return (equal_one(kind, type, a, b));
	}
}

bool
slot_equal(const struct slot *slot, const void *a, const void *b)
{
	return (equal_value(slot->field->kind, slot->type,
	    (const char *)a + slot->offset, (const char *)b + slot->offset));
}

bool
type_equal(const struct type *type, const void *a, const void *b)
{
	const struct shape *shape = type_shape(type);

	for (size_t i = 0; i < shape->count; i++) {
		if (!slot_equal(&shape->wire[i], a, b))
			return (false);
	}
	return (true);
}

/* Elements were copied as bytes; now what they point to. */
static void
copy_container(enum kind kind, const struct type *type,
    const struct any_list *from, struct arena *arena, struct any_list *to)
{
	size_t size = kind_element_size(kind, type);
	bool is_map = kind_rows[kind].form == FORM_MAP;

	*to = *from;
	if (from->items == NULL)
		return;
	to->items = arena_array(arena, from->count, size);
	for (size_t i = 0; i < from->count; i++) {
		const char *source = (const char *)from->items + i * size;
		char *target = (char *)to->items + i * size;

		if (is_map) {
			*(struct slice *)(void *)target = arena_copy(
			    arena, *(const struct slice *)(const void *)source);
			source += ENTRY_VALUE_OFFSET;
			target += ENTRY_VALUE_OFFSET;
		}
		copy_value(
		    kind_rows[kind].element, type, source, arena, target);
	}
}

static void
copy_pointer(
    const struct type *type, const void *from, struct arena *arena, void **to)
{
	*to = NULL;
	if (from == NULL)
		return;
	*to = arena_alloc(arena, type->size);
	type_copy(type, from, arena, *to);
}

static void
copy_value(enum kind kind, const struct type *type, const void *from,
    struct arena *arena, void *to)
{
	if (kind_rows[kind].form != FORM_ONE) {
		copy_container(kind, type, from, arena, to);
		return;
	}
	switch (kind) {
	case KIND_STR:
	case KIND_BYTES:
	case KIND_BLOB:
	case KIND_ANY:
	case KIND_MAP_MAP_ANY:
		*(struct slice *)to =
		    arena_copy(arena, *(const struct slice *)from);
		break;
	case KIND_STRUCT:
		type_copy(type, from, arena, to);
		break;
	case KIND_PTR:
		copy_pointer(type, *(const void *const *)from, arena, to);
		break;
	default:
		memcpy(to, from, kind_rows[kind].size);
	}
}

void
slot_copy(
    const struct slot *slot, const void *from, struct arena *arena, void *to)
{
	copy_value(slot->field->kind, slot->type,
	    (const char *)from + slot->offset, arena,
	    (char *)to + slot->offset);
}

void
type_copy(
    const struct type *type, const void *from, struct arena *arena, void *to)
{
	const struct shape *shape = type_shape(type);

	for (size_t i = 0; i < shape->count; i++)
		slot_copy(&shape->wire[i], from, arena, to);
}
