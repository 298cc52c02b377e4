/* Distances; see rtt.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "coordinate.h"
#include "rtt.h"

#define NS_PER_SECOND 1e9
#define RTT_END	      9223372036854775808.0 /* 2^63 */

int64_t
rtt_between(const struct vivaldi_coord *a, const struct vivaldi_coord *b)
{
	double sum = 0, distance, adjusted;

	if (a == NULL || b == NULL || a->vec.count != b->vec.count)
		return (RTT_UNKNOWN);
	for (size_t i = 0; i < a->vec.count; i++) {
		double apart = a->vec.items[i] - b->vec.items[i];

		sum += apart * apart;
	}
	distance = sqrt(sum) + a->height + b->height;
	adjusted = distance + a->adjustment + b->adjustment;
	if (adjusted > 0)
		distance = adjusted;
	distance *= NS_PER_SECOND;
	/* Go on amd64: what does not fit is the least of all. */
	if (!(distance >= -RTT_END && distance < RTT_END))
		return (INT64_MIN);
	return ((int64_t)distance);
}

/* --- A node has a coordinate for each network segment it is in. --- */

struct place {
	struct coordinate *items; /* lent by the arena */
	size_t count;
};

static struct place
place_of(const struct state *s, struct arena *arena, struct slice node)
{
	struct slice prefix = KEY(arena, node);
	struct place place = { 0 };
	struct row *row;

	STATE_EACH(s, ORDER_COORDINATES, prefix, row)
	place.count++;
	place.items = arena_array(arena, place.count + 1, sizeof(*place.items));
	place.count = 0;
	STATE_EACH(s, ORDER_COORDINATES, prefix, row)
	coordinate_of_row(
	    COORDINATE_OF(row), arena, &place.items[place.count++]);
	return (place);
}

static const struct vivaldi_coord *
place_in(const struct place *place, struct slice segment)
{
	for (size_t i = 0; i < place->count; i++)
		if (slice_equal(place->items[i].segment, segment))
			return (place->items[i].coord);
	return (NULL);
}

/* Consul's CoordinateSet.Intersect: a node with one segment only is a client,
 * and the other a server, which is in all of them. */
static int64_t
places_apart(const struct place *a, const struct place *b)
{
	struct slice segment = SLICE("");

	if (a->count == 1)
		segment = a->items[0].segment;
	if (b->count == 1)
		segment = b->items[0].segment;
	return (rtt_between(place_in(a, segment), place_in(b, segment)));
}

/* --- Sorting. --- */

struct ranked {
	int64_t rtt;
	size_t at; /* where it was */
};

static int
ranked_compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->rtt != b->rtt)
		return (a->rtt < b->rtt ? -1 : 1);
	return (a->at < b->at ? -1 : a->at > b->at);
}

void
rtt_sort(const struct state *s, struct arena *arena, struct slice from,
    void *items, size_t count, size_t size, rtt_node_fn *node_of)
{
	struct place source = place_of(s, arena, from);
	struct ranked *ranked;
	uint8_t *bytes = items, *copy;

	if (from.size == 0 || source.count == 0 || count < 2)
		return;
	ranked = arena_array(arena, count, sizeof(*ranked));
	copy = arena_array(arena, count, size);
	memcpy(copy, bytes, count * size);
	for (size_t i = 0; i < count; i++) {
		struct place other =
		    place_of(s, arena, node_of(bytes + i * size));

		ranked[i] = (struct ranked){ places_apart(&source, &other), i };
	}
	qsort(ranked, count, sizeof(*ranked), ranked_compare);
	for (size_t i = 0; i < count; i++)
		memcpy(bytes + i * size, copy + ranked[i].at * size, size);
}
