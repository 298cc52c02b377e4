/* Instances that pass; see passing.h. */
#include "passing.h"

static bool
is_passing(const struct check_service_node *row)
{
	for (size_t i = 0; i < row->checks.count; i++)
		if (!slice_is(row->checks.items[i].status, "passing"))
			return (false);
	return (true);
}

size_t
passing_keep(struct check_service_node *rows, size_t count)
{
	size_t i = 0;

	while (i < count) {
		if (is_passing(&rows[i]))
			i++;
		else
			rows[i] = rows[--count];
	}
	return (count);
}
