/* The method table, and finding rows in it; see rpc_methods.h. */
#include <stdio.h>
#include <stdlib.h>

#include "rpc_methods.h"

/* clang-format off */
#define X(service, method, owner, request, reply, kind, rule, from)            \
	{ #service "." #method, DAEMON_##owner, &request##_type,               \
	    &reply##_type, METHOD_##kind, RULE_##rule, from },
const struct method_row method_rows[METHOD_COUNT] = {
	METHODS(X)
};
#undef X

/* The methods as the compiler saw them. */
#define X(service, method, owner, request, reply, kind, rule, from)            \
	#service #method #owner #request #reply #kind #rule "\n"
static const char methods_text[] = METHODS(X);
#undef X

/* Of a row of a struct: kind, place and a taste of its name. The compiler
 * folds the sum of them all into one number, so that no table is read. */
#define ROW(kind, type, member, name, limit, flags)                            \
	+ (uint64_t)__COUNTER__ * (sizeof(name) * 0x10001 + KIND_##kind +      \
	    (uint64_t)name[0] * 257 +                                          \
	    (uint64_t)name[sizeof(name) / 2] * 65537)
#define X(name, rows, go_name) rows(ROW) + (uint64_t)__COUNTER__
static const uint64_t rows_sum = 0 RPC_MAP_TYPES(X) RPC_BARE_TYPES(X)
    LOCAL_TYPES(X);
#undef X
/* clang-format on */

enum method
method_find(struct slice name)
{
	for (enum method m = 0; m < METHOD_COUNT; m++)
		if (slice_is(name, method_rows[m].name))
			return (m);
	return (METHOD_COUNT);
}

uint32_t
method_table_hash(void)
{
	uint64_t hash = slice_hash(slice_of_text(methods_text));

	hash += rows_sum * UINT64_C(0x9e3779b97f4a7c15);
	return ((uint32_t)(hash ^ hash >> 32));
}
