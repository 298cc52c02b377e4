/* Tables of the configuration's keys; see config_keys.h. */
#include "config_keys.h"

/* clang-format off */
#define X(name, struct_, rows) extern const struct type name##_type;
CONFIG_DEFINITION_TYPES(X)
#undef X
#define X(name, rows) extern const struct type name##_type;
CONFIG_STANZA_TYPES(X)
#undef X

/* As TYPE_DEFINE, for rows over a struct with another name. */
#define X(name, struct_, rows)                                                 \
	static struct type_rows name##_rows(void)                              \
	{                                                                      \
		typedef struct struct_ type_self;                              \
		static const struct field fields[] = { rows(TYPE_FIELD) };     \
		static const struct type *const inner[] = { rows(TYPE_INNER)   \
		    NULL };                                                    \
                                                                               \
		return ((struct type_rows){ fields,                            \
		    sizeof(fields) / sizeof(struct field), inner });           \
	}                                                                      \
	static struct shape *name##_shape;                                     \
	const struct type name##_type = { #name, sizeof(struct struct_),       \
		name##_rows, &name##_shape, false };
CONFIG_DEFINITION_TYPES(X)
#undef X

#define X(name, rows) TYPE_DEFINE(name, rows, #name)
CONFIG_STANZA_TYPES(X)
#undef X
TYPE_DEFINE_BARE(any_map_keys, ANY_MAP_KEYS, "any_map_keys")
/* clang-format on */
