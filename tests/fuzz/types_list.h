/* Every struct table there is, for fuzz targets to pick from. */
#ifndef TESTS_FUZZ_TYPES_LIST_H
#define TESTS_FUZZ_TYPES_LIST_H

#include "common/local_types.h"

static const struct type *const types_list[] = {
#define X(name, rows, go_name) &name##_type,
	RPC_MAP_TYPES(X) RPC_BARE_TYPES(X) LOCAL_TYPES(X)
#undef X
};

/* By two bytes in front of *in, which are taken; NULL if there are none. */
static inline const struct type *
types_pick(struct slice *in)
{
	size_t number;

	if (in->size < 2)
		return (NULL);
	number = (size_t)in->data[0] << 8 | in->data[1];
	*in = slice_tail(*in, 2);
	return (
	    types_list[number % (sizeof(types_list) / sizeof(types_list[0]))]);
}

#endif
