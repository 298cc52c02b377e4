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

/* Every row as the compiler saw it. */
#define X(service, method, owner, request, reply, kind, rule, from)            \
	#service #method #owner #request #reply #kind #rule "\n"
static const char table_text[] = METHODS(X);
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
	uint64_t hash = slice_hash(slice_of_text(table_text));

	return ((uint32_t)(hash ^ hash >> 32));
}
