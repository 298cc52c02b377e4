/*
 * Structs described once: a table row per field, and from it the C struct,
 * the bounded msgpack decoder and encoder, JSON in and out, equality.
 *
 *	#define KEY_REQUEST(F)                                                 \
 *		F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0)   \
 *		F(STR, _, key,        "Key",        KEY_BYTES_MAX,        0)   \
 *		F(INC, query_options, options, "", 0, 0)
 *
 * Row       kind, type of what is inside (or _), member, name on the wire and
 *           in JSON, limit, flags
 * Order     rows stand in the order of JSON output (Go's declarations); the
 *           wire has them sorted bytewise, included groups too: the first use
 *           of a type sorts them
 * Limit     bytes of a text, elements of a list or map; 0 is the default
 *           (TYPE_TEXT_MAX, TYPE_ELEMENTS_MAX)
 * Ownership decoded texts are lent by the bytes that were decoded, lists by
 *           the arena
 * Threads   any; what is lent stays with its owner's thread
 * Source    wire/gossip.md 1 (dialect), wire/rpc.md 4, wire/types.md
 */
#ifndef COMMON_TYPE_H
#define COMMON_TYPE_H

#include "arena.h"
#include "bytes.h"
#include "clock.h"
#include "err.h"
#include "limits.h"

enum kind {
	KIND_BOOL,     /* bool */
	KIND_U64,      /* uint64_t */
	KIND_INT,      /* int64_t */
	KIND_FLOAT,    /* double */
	KIND_STR,      /* struct slice; text, never nil on the wire */
	KIND_BYTES,    /* struct slice; nil when empty; base64 in JSON */
	KIND_DURATION, /* struct duration */
	KIND_TIME,     /* struct wire_time, 15 bytes on the wire */
	KIND_TIME_PTR, /* the same, nil where is_set is false */
	KIND_ANY,      /* struct slice: one encoded msgpack object, verbatim */
	KIND_INC,      /* struct T whose fields belong to the outer map */
	KIND_STRUCT,   /* struct T inside, a map */
	KIND_PTR,      /* struct T *, map or nil; lent by the arena */
	KIND_BLOB,     /* struct slice: a raw holding encoded objects */
	KIND_STRS,     /* struct slice_list */
	KIND_LIST,     /* struct { struct T *items; size_t count; } */
	KIND_LISTS,    /* list of struct { items, count } lists of T */
	KIND_INTS,     /* struct { int64_t *items; size_t count; } */
	KIND_FLOATS,   /* struct { double *items; size_t count; } */
	KIND_MAP_STR,  /* struct pair_list: text to text */
	KIND_MAP_INT,  /* struct int_entry_list: text to integer */
	KIND_MAP_STRS, /* struct strs_entry_list: text to list of texts */
	KIND_MAP_ANY,  /* struct pair_list: text to encoded object */
	KIND_MAP_MAP_ANY, /* text to (text to any): kept as one encoded object
			   */
	KIND_MAP,	  /* struct { struct T_entry *items; size_t count; },
			   * struct T_entry { struct slice key; struct T value } */
	KIND_MAP_LIST, /* text to list of T: entry { key, { items, count } } */
};

/* Flags of a row: how JSON differs from the wire, as Go's tags say it. */
#define JSON_OMITEMPTY	   0x01 /* left out when it is the zero value */
#define JSON_SKIP	   0x02 /* never in JSON */
#define JSON_DURATION_TEXT 0x04 /* "10s", not nanoseconds */
#define JSON_EMPTY_LIST	   0x08 /* [] or {} where Go would print null */
#define WIRE_SKIP	   0x10 /* never in msgpack */

struct wire_time {
	int64_t seconds; /* since 0001-01-01 UTC, as Go counts */
	int32_t ns;
	int16_t zone_minutes; /* -1 is UTC */
	bool is_set;	      /* false: zero time, or nil for a pointer */
};

/* A list is nil where items is NULL, and empty where it is not. */
struct slice_list {
	struct slice *items;
	size_t count;
};

struct pair {
	struct slice key;
	struct slice value;
};

struct pair_list {
	struct pair *items;
	size_t count;
};

struct int_entry {
	struct slice key;
	int64_t value;
};

struct int_entry_list {
	struct int_entry *items;
	size_t count;
};

struct strs_entry {
	struct slice key;
	struct slice_list value;
};

struct strs_entry_list {
	struct strs_entry *items;
	size_t count;
};

struct type;
struct shape; /* type_shape.h */

#define FIELD_NAME_MAX 38

/* No pointers in here: relocations would dirty these pages in each daemon. */
struct field {
	uint32_t limit;
	uint16_t flags;
	uint16_t offset; /* in the C struct */
	uint8_t kind;
	uint8_t name_size;
	char name[FIELD_NAME_MAX]; /* without a NUL */
};

struct type_rows {
	const struct field *fields;
	size_t count;
	/* What is inside, one for each row whose kind needs one. */
	const struct type *const *inner;
};

struct type {
	const char *name; /* Go's */
	size_t size;	  /* of the C struct */
	struct type_rows (*rows)(void);
	/* Owned; rows flattened and sorted, made at the first use. */
	struct shape **shape;
	/* What the struct is when it is no map: a bare value (a reply that is
	 * only a string or a list) has one row with an empty name. */
	bool is_bare;
};

/* What `items` of an empty list or map that is not nil may point to. */
extern char type_empty[1];
#define TYPE_EMPTY ((void *)type_empty)

/* --- From rows to C structs. --- */
#define TYPE_MEMBER(kind, type, member, name, limit, flags) \
	TYPE_MEMBER_##kind(type, member)
#define TYPE_MEMBER_BOOL(t, m)	   bool m;
#define TYPE_MEMBER_U64(t, m)	   uint64_t m;
#define TYPE_MEMBER_INT(t, m)	   int64_t m;
#define TYPE_MEMBER_FLOAT(t, m)	   double m;
#define TYPE_MEMBER_STR(t, m)	   struct slice m;
#define TYPE_MEMBER_BYTES(t, m)	   struct slice m;
#define TYPE_MEMBER_DURATION(t, m) struct duration m;
#define TYPE_MEMBER_TIME(t, m)	   struct wire_time m;
#define TYPE_MEMBER_TIME_PTR(t, m) struct wire_time m;
#define TYPE_MEMBER_ANY(t, m)	   struct slice m;
#define TYPE_MEMBER_INC(t, m)	   struct t m;
#define TYPE_MEMBER_STRUCT(t, m)   struct t m;
#define TYPE_MEMBER_PTR(t, m)	   struct t *m;
#define TYPE_MEMBER_BLOB(t, m)	   struct slice m;
#define TYPE_MEMBER_STRS(t, m)	   struct slice_list m;
#define TYPE_MEMBER_LIST(t, m)   \
	struct {                 \
		struct t *items; \
		size_t count;    \
	} m;
#define TYPE_MEMBER_LISTS(t, m)          \
	struct {                         \
		struct {                 \
			struct t *items; \
			size_t count;    \
		} * items;               \
		size_t count;            \
	} m;
#define TYPE_MEMBER_INTS(t, m)  \
	struct {                \
		int64_t *items; \
		size_t count;   \
	} m;
#define TYPE_MEMBER_FLOATS(t, m) \
	struct {                 \
		double *items;   \
		size_t count;    \
	} m;
#define TYPE_MEMBER_MAP_STR(t, m)     struct pair_list m;
#define TYPE_MEMBER_MAP_INT(t, m)     struct int_entry_list m;
#define TYPE_MEMBER_MAP_STRS(t, m)    struct strs_entry_list m;
#define TYPE_MEMBER_MAP_ANY(t, m)     struct pair_list m;
#define TYPE_MEMBER_MAP_MAP_ANY(t, m) struct slice m;
#define TYPE_MEMBER_MAP(t, m)            \
	struct {                         \
		struct t##_entry *items; \
		size_t count;            \
	} m;
#define TYPE_MEMBER_MAP_LIST(t, m)            \
	struct {                              \
		struct t##_list_entry *items; \
		size_t count;                 \
	} m;

/* --- From rows to tables. --- */
#define TYPE_FIELD(kind_, type_, member_, name_, limit_, flags_) \
	{ .limit = limit_,                                       \
		.flags = flags_,                                 \
		.offset = offsetof(type_self, member_),          \
		.kind = KIND_##kind_,                            \
		.name_size = sizeof(name_) - 1,                  \
		.name = name_ },
#define TYPE_INNER(kind, type, member, name, limit, flags) \
	TYPE_INNER_##kind(type)
#define TYPE_INNER_BOOL(t)
#define TYPE_INNER_U64(t)
#define TYPE_INNER_INT(t)
#define TYPE_INNER_FLOAT(t)
#define TYPE_INNER_STR(t)
#define TYPE_INNER_BYTES(t)
#define TYPE_INNER_DURATION(t)
#define TYPE_INNER_TIME(t)
#define TYPE_INNER_TIME_PTR(t)
#define TYPE_INNER_ANY(t)
#define TYPE_INNER_INC(t)    &t##_type,
#define TYPE_INNER_STRUCT(t) &t##_type,
#define TYPE_INNER_PTR(t)    &t##_type,
#define TYPE_INNER_BLOB(t)
#define TYPE_INNER_STRS(t)
#define TYPE_INNER_LIST(t)  &t##_type,
#define TYPE_INNER_LISTS(t) &t##_type,
#define TYPE_INNER_INTS(t)
#define TYPE_INNER_FLOATS(t)
#define TYPE_INNER_MAP_STR(t)
#define TYPE_INNER_MAP_INT(t)
#define TYPE_INNER_MAP_STRS(t)
#define TYPE_INNER_MAP_ANY(t)
#define TYPE_INNER_MAP_MAP_ANY(t)
#define TYPE_INNER_MAP(t)      &t##_type,
#define TYPE_INNER_MAP_LIST(t) &t##_type,

/* X of a list of types: `struct type x_type` from the rows of `struct x`. */
#define TYPE_DEFINE_AS(struct_, rows_, go_name_, is_bare_)                     \
	static struct type_rows struct_##_rows(void)                           \
	{                                                                      \
		typedef struct struct_ type_self;                              \
		static const struct field fields[] = { rows_(TYPE_FIELD) };    \
		static const struct type *const inner[] = { rows_(TYPE_INNER)  \
			    NULL };                                            \
                                                                               \
		_Static_assert(                                                \
		    sizeof(type_self) <= UINT16_MAX, "offsets have 16 bits");  \
		return ((struct type_rows){                                    \
		    fields, sizeof(fields) / sizeof(struct field), inner });   \
	}                                                                      \
	static struct shape *struct_##_shape;                                  \
	const struct type struct_##_type = { go_name_, sizeof(struct struct_), \
		struct_##_rows, &struct_##_shape, is_bare_ };
#define TYPE_DEFINE(struct_, rows_, go_name_) \
	TYPE_DEFINE_AS(struct_, rows_, go_name_, false)
#define TYPE_DEFINE_BARE(struct_, rows_, go_name_) \
	TYPE_DEFINE_AS(struct_, rows_, go_name_, true)

/* --- What every struct can do. --- */

/* Append the msgpack of *object, in Consul's dialect. */
void type_encode(const struct type *, const void *object, struct buf *);

/* Read one object from the front of *from into *object, which is zeroed
 * first. Unknown keys are skipped, missing ones stay zero. ERR_INVALID or
 * ERR_TOO_BIG (a row's limit, or the arena's share): *object and *from are
 * then unspecified, and must not be used. */
MUST_CHECK enum err type_decode(
    const struct type *, struct reader *from, struct arena *, void *object);
/* The same for exactly all of `from`. */
MUST_CHECK enum err type_decode_all(
    const struct type *, struct slice from, struct arena *, void *object);

/* Nil and empty are equal; maps are whatever their order. */
bool type_equal(const struct type *, const void *a, const void *b);

/* Where a struct has the field of this name on the wire, groups made flat;
 * SIZE_MAX if it has none of this kind. */
size_t type_offset(const struct type *, enum kind, const char *name);

/* A deep copy whose texts and lists are all in the arena. */
void type_copy(const struct type *, const void *from, struct arena *, void *to);

#endif
