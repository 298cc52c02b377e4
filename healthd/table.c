/* A sorted array of pointers; see table.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "xmalloc.h"

#define CAPACITY_MIN 4

void
table_deinit(struct table *t)
{
	free(t->rows);
	*t = (struct table){ 0 };
}

/* Where the id is, or would have to stand. */
static size_t
place_of(const struct table *t, struct slice id)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice_compare(t->rows[middle]->id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

struct row *
table_find(const struct table *t, struct slice id)
{
	size_t at = place_of(t, id);

	if (at == t->count || !slice_equal(t->rows[at]->id, id))
		return (NULL);
	return (t->rows[at]);
}

void
table_insert(struct table *t, struct row *row)
{
	size_t at = place_of(t, row->id);

	assert(table_find(t, row->id) == NULL);
	if (t->count == t->capacity) {
		t->capacity = t->capacity == 0 ? CAPACITY_MIN : 2 * t->capacity;
		t->rows = xreallocarray(t->rows, t->capacity, sizeof(*t->rows));
	}
	memmove(
	    &t->rows[at + 1], &t->rows[at], (t->count - at) * sizeof(*t->rows));
	t->rows[at] = row;
	t->count++;
}

void
table_remove(struct table *t, struct row *row)
{
	size_t at = place_of(t, row->id);

	assert(at < t->count);
	assert(t->rows[at] == row);
	t->count--;
	memmove(
	    &t->rows[at], &t->rows[at + 1], (t->count - at) * sizeof(*t->rows));
}
