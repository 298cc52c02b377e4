/* A binary heap, earliest first; see agenda.h. */
#include <assert.h>
#include <stdlib.h>

#include "agenda.h"
#include "xmalloc.h"

#define CAPACITY_MIN 8

void
agenda_deinit(struct agenda *a)
{
	free(a->heap);
	*a = (struct agenda){ 0 };
}

bool
agenda_has(const struct agenda_entry *e)
{
	return (e->place != 0);
}

static void
place(struct agenda *a, size_t at, struct agenda_entry *e)
{
	a->heap[at - 1] = e;
	e->place = at;
}

static bool
is_earlier(const struct agenda *a, size_t left, size_t right)
{
	return (
	    instant_before(a->heap[left - 1]->due, a->heap[right - 1]->due));
}

static void
swap(struct agenda *a, size_t left, size_t right)
{
	struct agenda_entry *e = a->heap[left - 1];

	place(a, left, a->heap[right - 1]);
	place(a, right, e);
}

static void
sift_up(struct agenda *a, size_t at)
{
	while (at > 1 && is_earlier(a, at, at / 2)) {
		swap(a, at, at / 2);
		at /= 2;
	}
}

static void
sift_down(struct agenda *a, size_t at)
{
	for (;;) {
		size_t child = 2 * at;

		if (child > a->count)
			return;
		if (child < a->count && is_earlier(a, child + 1, child))
			child++;
		if (!is_earlier(a, child, at))
			return;
		swap(a, child, at);
		at = child;
	}
}

static void
append(struct agenda *a, struct agenda_entry *e)
{
	if (a->count == a->capacity) {
		a->capacity = a->capacity == 0 ? CAPACITY_MIN : 2 * a->capacity;
		a->heap = xreallocarray(a->heap, a->capacity, sizeof(*a->heap));
	}
	place(a, ++a->count, e);
}

void
agenda_set(struct agenda *a, struct agenda_entry *e, struct instant due)
{
	e->due = due;
	if (!agenda_has(e))
		append(a, e);
	assert(a->heap[e->place - 1] == e);
	sift_up(a, e->place);
	sift_down(a, e->place);
}

void
agenda_clear(struct agenda *a, struct agenda_entry *e)
{
	size_t at = e->place;
	struct agenda_entry *last;

	if (at == 0)
		return;
	assert(a->heap[at - 1] == e);
	last = a->heap[a->count - 1];
	a->count--;
	e->place = 0;
	if (last == e)
		return;
	place(a, at, last);
	sift_up(a, at);
	sift_down(a, last->place);
}

struct instant
agenda_first(const struct agenda *a)
{
	return (a->count == 0 ? INSTANT_NEVER : a->heap[0]->due);
}

struct agenda_entry *
agenda_next(struct agenda *a, struct instant now)
{
	struct agenda_entry *e;

	if (a->count == 0 || instant_before(now, a->heap[0]->due))
		return (NULL);
	e = a->heap[0];
	agenda_clear(a, e);
	return (e);
}
