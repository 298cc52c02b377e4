/* The trail: index to term, as runs. See trail.h. */
#include "trail.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"

void
trail_init(struct trail *trail)
{
	*trail = (struct trail){ .first_index = 1 };
}

void
trail_deinit(struct trail *trail)
{
	free(trail->runs);
	trail_init(trail);
}

/* The run that holds `index`, which must be a kept entry. */
static size_t
run_of(const struct trail *trail, uint64_t index)
{
	size_t low = 0, high = trail->run_count;

	assert(index >= trail->first_index);
	assert(index <= trail->last_index);
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (trail->runs[middle].first_index <= index)
			low = middle;
		else
			high = middle;
	}
	return (low);
}

void
trail_append(struct trail *trail, uint64_t term)
{
	bool has_entries = trail->first_index <= trail->last_index;
	/* While a log is loaded, it starts before what the snapshot ends. */
	bool is_behind =
	    !has_entries && trail->last_index < trail->snapshot_index;
	uint64_t last_term = is_behind ? 0 : trail_last_term(trail);

	assert(term > 0);
	assert(term >= last_term);
	trail->last_index++;
	if (has_entries && term == last_term)
		return;
	if (trail->run_count == trail->run_capacity) {
		trail->run_capacity = trail->run_capacity * 2 + 8;
		trail->runs = xreallocarray(
		    trail->runs, trail->run_capacity, sizeof(*trail->runs));
	}
	trail->runs[trail->run_count++] = (struct trail_run){
		.first_index = trail->last_index,
		.term = term,
	};
}

void
trail_truncate(struct trail *trail, uint64_t from)
{
	assert(from >= trail->first_index);
	assert(from > trail->snapshot_index);
	if (from > trail->last_index)
		return;
	while (trail->run_count > 0 &&
	       trail->runs[trail->run_count - 1].first_index >= from)
		trail->run_count--;
	trail->last_index = from - 1;
}

void
trail_trim(struct trail *trail, uint64_t to)
{
	size_t run;

	assert(to <= trail->snapshot_index);
	if (to < trail->first_index)
		return;
	if (to >= trail->last_index) {
		trail->run_count = 0;
		trail->first_index = trail->last_index + 1;
		return;
	}
	run = run_of(trail, to + 1);
	trail->run_count -= run;
	memmove(trail->runs, trail->runs + run,
	    trail->run_count * sizeof(*trail->runs));
	trail->runs[0].first_index = to + 1;
	trail->first_index = to + 1;
}

void
trail_set_snapshot(struct trail *trail, uint64_t index, uint64_t term)
{
	assert(index >= trail->snapshot_index);
	assert(index <= trail->last_index);
	trail->snapshot_index = index;
	trail->snapshot_term = term;
}

void
trail_reset(struct trail *trail, uint64_t index, uint64_t term)
{
	trail->run_count = 0;
	trail->first_index = index + 1;
	trail->last_index = index;
	trail->snapshot_index = index;
	trail->snapshot_term = term;
}

bool
trail_term_of(const struct trail *trail, uint64_t index, uint64_t *term)
{
	if (index == 0)
		*term = 0;
	else if (index >= trail->first_index && index <= trail->last_index)
		*term = trail->runs[run_of(trail, index)].term;
	else if (index == trail->snapshot_index)
		*term = trail->snapshot_term;
	else
		return (false);
	return (true);
}

uint64_t
trail_last_term(const struct trail *trail)
{
	if (trail->first_index <= trail->last_index)
		return (trail->runs[trail->run_count - 1].term);
	return (trail->snapshot_term);
}
