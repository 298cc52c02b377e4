/* The queue of what is gossiped; see broadcast.h. */
#include "broadcast.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "logarithm.h"

#define TAKEN_MAX 256 /* of one packet: parts are at least 6 bytes */

unsigned
broadcast_limit(unsigned mult, size_t members)
{
	return (mult * logarithm10_up(members + 1));
}

void
broadcast_init(struct broadcast_queue *q, size_t count_max)
{
	memset(q, 0, sizeof(*q));
	q->count_max = count_max;
}

static void
finish(struct broadcast *b)
{
	if (b->place != NULL && *b->place == b)
		*b->place = NULL;
	if (b->is_done != NULL)
		*b->is_done = true;
	free(b);
}

void
broadcast_deinit(struct broadcast_queue *q)
{
	for (size_t i = 0; i < q->count; i++)
		finish(q->items[i]);
	free(q->items);
	broadcast_init(q, 0);
}

/* memberlist queue.go, limitedBroadcast.Less. */
static bool
is_before(
    unsigned transmits, size_t bytes, uint64_t id, const struct broadcast *b)
{
	if (transmits != b->transmits)
		return (transmits < b->transmits);
	if (bytes != b->bytes)
		return (bytes > b->bytes);
	return (id > b->id);
}

/* The first place that is not before one with these. */
static size_t
place_of(const struct broadcast_queue *q, unsigned transmits, size_t bytes,
    uint64_t id)
{
	size_t low = 0, high = q->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (is_before(transmits, bytes, id, q->items[middle]))
			high = middle;
		else
			low = middle + 1;
	}
	/* Found is the first behind; one that is equal counts as well. */
	if (low > 0 && q->items[low - 1]->transmits == transmits &&
	    q->items[low - 1]->bytes == bytes && q->items[low - 1]->id == id)
		low--;
	return (low);
}

static void
insert(struct broadcast_queue *q, struct broadcast *b)
{
	size_t at = place_of(q, b->transmits, b->bytes, b->id);

	if (q->count == q->capacity) {
		q->capacity = q->capacity * 2 + 8;
		q->items =
		    xreallocarray(q->items, q->capacity, sizeof(*q->items));
	}
	memmove(&q->items[at + 1], &q->items[at],
	    (q->count - at) * sizeof(*q->items));
	q->items[at] = b;
	q->count++;
}

static struct broadcast *
take_out(struct broadcast_queue *q, size_t at)
{
	struct broadcast *b = q->items[at];

	q->count--;
	memmove(&q->items[at], &q->items[at + 1],
	    (q->count - at) * sizeof(*q->items));
	return (b);
}

void
broadcast_drop(struct broadcast_queue *q, struct broadcast *b)
{
	size_t at = place_of(q, b->transmits, b->bytes, b->id);

	assert(at < q->count);
	assert(q->items[at] == b);
	finish(take_out(q, at));
}

void
broadcast_put(struct broadcast_queue *q, const struct message *message,
    struct broadcast **place, bool *is_done)
{
	struct broadcast *b = xmalloc(sizeof(*b) + message_text_bytes(message));

	*b = (struct broadcast){
		.bytes = message_size(message),
		.id = ++q->last_id,
		.place = place,
		.is_done = is_done,
	};
	message_copy(&b->message, message, b + 1);
	if (place != NULL) {
		if (*place != NULL)
			broadcast_drop(q, *place);
		*place = b;
	}
	if (is_done != NULL)
		*is_done = false;
	insert(q, b);
	/* The one sent most is missed least (queue.go, Prune). */
	if (q->count_max > 0 && q->count > q->count_max)
		finish(take_out(q, q->count - 1));
}

size_t
broadcast_take(struct broadcast_queue *q, size_t overhead, size_t room,
    unsigned limit, void (*use)(void *, const struct message *), void *arg)
{
	struct broadcast *again[TAKEN_MAX];
	size_t again_count = 0, used = 0, at = 0;

	while (at < q->count && used + overhead < room) {
		size_t free_bytes = room - used - overhead;
		struct broadcast *b = q->items[at];

		/* In this tier, the longest that fits; or the next tier. */
		if (b->bytes > free_bytes) {
			at = place_of(q, b->transmits, free_bytes, UINT64_MAX);
			continue;
		}
		if (again_count == TAKEN_MAX)
			break;
		used += overhead + b->bytes;
		use(arg, &b->message);
		take_out(q, at);
		/* It goes back when the walk is over, or it would be met
		 * again in the next tier. */
		if (++b->transmits < limit)
			again[again_count++] = b;
		else
			finish(b);
	}
	for (size_t i = 0; i < again_count; i++)
		insert(q, again[i]);
	return (used);
}
