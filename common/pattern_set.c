/* Sets of characters; see pattern_set.h. */
#include "pattern_set.h"

#include <stdlib.h>
#include <string.h>

#include "unicode_tables.h"
#include "utf8.h"

void
pattern_set_add(
    struct arena *arena, struct pattern_set *set, int32_t first, int32_t last)
{
	struct pattern_range *more;

	if (set->count == set->room) {
		set->room = set->room * 2 + 2;
		more = arena_array(arena, set->room, sizeof(*more));
		if (set->count > 0)
			memcpy(more, set->items, set->count * sizeof(*more));
		set->items = more;
	}
	set->items[set->count++] = (struct pattern_range){ first, last };
}

void
pattern_set_join(struct arena *arena, struct pattern_set *set,
    const struct pattern_set *other)
{
	for (size_t i = 0; i < other->count; i++)
		pattern_set_add(
		    arena, set, other->items[i].first, other->items[i].last);
}

static int
range_compare(const void *a, const void *b)
{
	const struct pattern_range *x = a, *y = b;

	return (x->first < y->first ? -1 : x->first > y->first);
}

void
pattern_set_tidy(struct pattern_set *set)
{
	size_t kept = 0;

	if (set->count < 2)
		return;
	qsort(set->items, set->count, sizeof(*set->items), range_compare);
	for (size_t i = 1; i < set->count; i++) {
		struct pattern_range *last = &set->items[kept];

		if (set->items[i].first > last->last + 1)
			set->items[++kept] = set->items[i];
		else if (set->items[i].last > last->last)
			last->last = set->items[i].last;
	}
	set->count = kept + 1;
}

void
pattern_set_invert(struct arena *arena, struct pattern_set *set)
{
	struct pattern_set opposite = { 0 };
	int32_t next = 0;

	pattern_set_tidy(set);
	for (size_t i = 0; i < set->count; i++) {
		if (set->items[i].first > next)
			pattern_set_add(
			    arena, &opposite, next, set->items[i].first - 1);
		next = set->items[i].last + 1;
	}
	if (next <= UTF8_MAX)
		pattern_set_add(arena, &opposite, next, UTF8_MAX);
	*set = opposite;
}

/* --- By case. --- */

static const struct unicode_fold *
fold_find(int32_t rune)
{
	for (size_t i = 0; i < unicode_fold_count; i++) {
		const struct unicode_fold *fold = &unicode_folds[i];

		if (rune >= fold->first && rune <= fold->last &&
		    (rune - fold->first) % fold->stride == 0)
			return (fold);
	}
	return (NULL);
}

/* Once round all that differ from it only in case. */
static void
orbit_add(struct arena *arena, struct pattern_set *set, int32_t rune)
{
	const struct unicode_fold *fold = fold_find(rune);
	int32_t next = fold == NULL ? rune : rune + fold->delta;

	while (next != rune && fold != NULL) {
		pattern_set_add(arena, set, next, next);
		fold = fold_find(next);
		if (fold != NULL)
			next += fold->delta;
	}
}

void
pattern_set_fold(struct arena *arena, struct pattern_set *set)
{
	struct pattern_set more = { 0 };

	pattern_set_tidy(set);
	for (size_t i = 0; i < set->count; i++) {
		const struct pattern_range *r = &set->items[i];

		for (size_t j = 0; j < unicode_fold_count; j++) {
			const struct unicode_fold *fold = &unicode_folds[j];
			int32_t rune = fold->first;

			if (fold->last < r->first || fold->first > r->last)
				continue;
			for (; rune <= fold->last; rune += fold->stride)
				if (rune >= r->first && rune <= r->last)
					orbit_add(arena, &more, rune);
		}
	}
	pattern_set_join(arena, set, &more);
	pattern_set_tidy(set);
}

/* --- By category. --- */

static bool
name_begins(const char *name, struct slice with)
{
	return (with.size > 0 && with.size <= 2 &&
		memcmp(name, with.data, with.size) == 0);
}

bool
pattern_set_add_category(
    struct arena *arena, struct pattern_set *set, struct slice name)
{
	bool is_there = false;

	if (slice_is(name, "Any")) {
		pattern_set_add(arena, set, 0, UTF8_MAX);
		return (true);
	}
	/* What is not assigned has no name in Go. */
	for (size_t i = 1; i < unicode_name_count; i++)
		is_there |= name_begins(unicode_names[i], name);
	for (size_t i = 0; is_there && i < unicode_run_count; i++) {
		uint32_t category = unicode_runs[i] & 0xff;
		uint32_t end = i + 1 < unicode_run_count
				   ? unicode_runs[i + 1] >> 8
				   : UTF8_MAX + 1;

		if (category > 0 && name_begins(unicode_names[category], name))
			pattern_set_add(arena, set,
			    (int32_t)(unicode_runs[i] >> 8), (int32_t)end - 1);
	}
	return (is_there);
}

bool
pattern_set_has(const struct pattern_set *set, int32_t rune)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rune < set->items[middle].first)
			high = middle;
		else if (rune > set->items[middle].last)
			low = middle + 1;
		else
			return (true);
	}
	return (false);
}
