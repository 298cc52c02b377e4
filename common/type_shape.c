/* Flattening and sorting of rows; see type_shape.h. */
#include <assert.h>
#include <stdlib.h>

#include "type_shape.h"
#include "xmalloc.h"

char type_empty[1];

/* clang-format off */
const struct kind_row kind_rows[] = {
	[KIND_BOOL]	   = { FORM_ONE,  0,	      sizeof(bool) },
	[KIND_U64]	   = { FORM_ONE,  0,	      sizeof(uint64_t) },
	[KIND_INT]	   = { FORM_ONE,  0,	      sizeof(int64_t) },
	[KIND_FLOAT]	   = { FORM_ONE,  0,	      sizeof(double) },
	[KIND_STR]	   = { FORM_ONE,  0,	      sizeof(struct slice) },
	[KIND_BYTES]	   = { FORM_ONE,  0,	      sizeof(struct slice) },
	[KIND_DURATION]	   = { FORM_ONE,  0,	      sizeof(struct duration) },
	[KIND_TIME]	   = { FORM_ONE,  0,	      sizeof(struct wire_time) },
	[KIND_TIME_PTR]	   = { FORM_ONE,  0,	      sizeof(struct wire_time) },
	[KIND_ANY]	   = { FORM_ONE,  0,	      sizeof(struct slice) },
	[KIND_INC]	   = { FORM_ONE,  0,	      0 },
	[KIND_STRUCT]	   = { FORM_ONE,  0,	      0 },
	[KIND_PTR]	   = { FORM_ONE,  0,	      sizeof(void *) },
	[KIND_BLOB]	   = { FORM_ONE,  0,	      sizeof(struct slice) },
	[KIND_STRS]	   = { FORM_LIST, KIND_STR,   sizeof(struct any_list) },
	[KIND_LIST]	   = { FORM_LIST, KIND_STRUCT, sizeof(struct any_list) },
	[KIND_LISTS]	   = { FORM_LIST, KIND_LIST,  sizeof(struct any_list) },
	[KIND_INTS]	   = { FORM_LIST, KIND_INT,   sizeof(struct any_list) },
	[KIND_FLOATS]	   = { FORM_LIST, KIND_FLOAT, sizeof(struct any_list) },
	[KIND_MAP_STR]	   = { FORM_MAP,  KIND_STR,   sizeof(struct any_list) },
	[KIND_MAP_INT]	   = { FORM_MAP,  KIND_INT,   sizeof(struct any_list) },
	[KIND_MAP_STRS]	   = { FORM_MAP,  KIND_STRS,  sizeof(struct any_list) },
	[KIND_MAP_ANY]	   = { FORM_MAP,  KIND_ANY,   sizeof(struct any_list) },
	[KIND_MAP_MAP_ANY] = { FORM_ONE,  0,	      sizeof(struct slice) },
	[KIND_MAP]	   = { FORM_MAP,  KIND_STRUCT, sizeof(struct any_list) },
	[KIND_MAP_LIST]	   = { FORM_MAP,  KIND_LIST,  sizeof(struct any_list) },
};
/* clang-format on */

static size_t
kind_size(enum kind kind, const struct type *type)
{
	size_t size = kind_rows[kind].size;

	return (size == 0 ? type->size : size);
}

size_t
kind_element_size(enum kind kind, const struct type *type)
{
	size_t size = kind_size(kind_rows[kind].element, type);

	if (kind_rows[kind].form == FORM_LIST)
		return (size);
	/* The key's alignment pads the whole entry. */
	return (ENTRY_VALUE_OFFSET + (size + 7) / 8 * 8);
}

static bool
kind_has_type(enum kind kind)
{
	return (kind == KIND_INC || kind == KIND_STRUCT || kind == KIND_PTR ||
		kind == KIND_LIST || kind == KIND_LISTS || kind == KIND_MAP ||
		kind == KIND_MAP_LIST);
}

static size_t
rows_count(const struct type *type)
{
	struct type_rows rows = type->rows();
	const struct type *const *inner = rows.inner;
	size_t count = 0;

	for (size_t i = 0; i < rows.count; i++) {
		const struct field *f = &rows.fields[i];
		const struct type *of =
		    kind_has_type(f->kind) ? *inner++ : NULL;

		count += f->kind == KIND_INC ? rows_count(of) : 1;
	}
	return (count);
}

static void
rows_flatten(const struct type *type, size_t offset, struct shape *out)
{
	struct type_rows rows = type->rows();
	const struct type *const *inner = rows.inner;

	for (size_t i = 0; i < rows.count; i++) {
		const struct field *f = &rows.fields[i];
		const struct type *of =
		    kind_has_type(f->kind) ? *inner++ : NULL;

		if (f->kind == KIND_INC)
			rows_flatten(of, offset + f->offset, out);
		else
			out->wire[out->count++] =
			    (struct slot){ f, of, offset + f->offset };
	}
}

static bool
is_on_wire(const struct slot *slot)
{
	return ((slot->field->flags & WIRE_SKIP) == 0);
}

static int
slot_compare(const void *a, const void *b)
{
	const struct slot *left = a, *right = b;

	if (is_on_wire(left) != is_on_wire(right))
		return (is_on_wire(left) ? -1 : 1);
	return (
	    slice_compare(field_name(left->field), field_name(right->field)));
}

static size_t
slot_index(const struct shape *shape, const struct field *field, size_t offset)
{
	size_t i = 0;

	while (shape->wire[i].field != field || shape->wire[i].offset != offset)
		i++;
	return (i);
}

static struct shape *
shape_new(const struct type *type)
{
	size_t count = rows_count(type);
	struct shape *shape = xcalloc(1, sizeof(*shape));
	struct slot *declared = xcalloc(count + 1, sizeof(*declared));

	shape->wire = declared;
	rows_flatten(type, 0, shape);
	assert(shape->count == count);
	assert(!type->is_bare || count == 1);
	shape->wire = xcalloc(count + 1, sizeof(*shape->wire));
	shape->declared = xcalloc(count + 1, sizeof(*shape->declared));
	for (size_t i = 0; i < count; i++)
		shape->wire[i] = declared[i];
	qsort(shape->wire, count, sizeof(*shape->wire), slot_compare);
	while (shape->wire_count < count &&
	       is_on_wire(&shape->wire[shape->wire_count]))
		shape->wire_count++;
	for (size_t i = 0; i < count; i++)
		shape->declared[i] = (uint16_t)slot_index(
		    shape, declared[i].field, declared[i].offset);
	free(declared);
	return (shape);
}

static void
shape_free(struct shape *shape)
{
	free(shape->wire);
	free(shape->declared);
	free(shape);
}

const struct shape *
type_shape(const struct type *type)
{
	struct shape *shape = __atomic_load_n(type->shape, __ATOMIC_ACQUIRE);
	struct shape *made;

	if (shape != NULL)
		return (shape);
	made = shape_new(type);
	/* Another thread may have been faster: then its shape stays. */
	if (__atomic_compare_exchange_n(type->shape, &shape, made, false,
		__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return (made);
	shape_free(made);
	return (shape);
}

size_t
type_offset(const struct type *type, enum kind kind, const char *name)
{
	const struct shape *shape = type_shape(type);

	for (size_t i = 0; i < shape->count; i++) {
		const struct slot *slot = &shape->wire[i];

		if (slot->field->kind == kind &&
		    slice_is(field_name(slot->field), name))
			return (slot->offset);
	}
	return (SIZE_MAX);
}
