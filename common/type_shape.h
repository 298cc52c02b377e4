/*
 * Of a type, what its users walk: included groups made flat, and the order of
 * the wire beside that of the declaration. For type*.c and json*.c only.
 */
#ifndef COMMON_TYPE_SHAPE_H
#define COMMON_TYPE_SHAPE_H

#include "type.h"

struct slot {
	const struct field *field;
	const struct type *type; /* of what is inside, or NULL */
	size_t offset;		 /* from the start of the outermost struct */
};

struct shape {
	struct slot *wire;  /* sorted bytewise by name, WIRE_SKIP last */
	uint16_t *declared; /* indexes into wire, in order of declaration */
	size_t count;
	size_t wire_count; /* without WIRE_SKIP */
};

/* How a kind is built from others. */
enum form {
	FORM_ONE,  /* a value that is not a list of others */
	FORM_LIST, /* { element *items; size_t count; } */
	FORM_MAP,  /* the same of { struct slice key; element value; } */
};

struct kind_row {
	enum form form;
	enum kind element; /* of a list or map */
	size_t size;	   /* of this kind in C; 0: that of its type */
};

extern const struct kind_row kind_rows[];

/* Never fails; lives as long as the process. */
const struct shape *type_shape(const struct type *);
/* Of one element of a list or map of this kind; of a map with its key. */
size_t kind_element_size(enum kind, const struct type *);
/* Where the value stands in a map's entry. */
#define ENTRY_VALUE_OFFSET sizeof(struct slice)

/* One row of two structs of the type, as type_equal and type_copy treat it. */
bool slot_equal(const struct slot *, const void *a, const void *b);
void slot_copy(const struct slot *, const void *from, struct arena *, void *to);

/* How every list and map looks in C. */
struct any_list {
	void *items;
	size_t count;
};

static inline struct slice
field_name(const struct field *f)
{
	return (slice(f->name, f->name_size));
}

#endif
