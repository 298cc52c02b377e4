/* Output in pieces; see stream.h. */
#include <assert.h>
#include <string.h>

#include "stream.h"

void
stream_init(struct stream *s)
{
	s->size = 0;
	s->credits = STREAM_CREDITS;
	s->due = INSTANT_NEVER;
	s->is_muted = false;
}

size_t
stream_room(const struct stream *s)
{
	if (s->is_muted)
		return (STREAM_PIECE_BYTES);
	return (s->credits > 0 ? STREAM_PIECE_BYTES - s->size : 0);
}

void
stream_put(struct stream *s, const void *bytes, size_t size, struct instant now)
{
	assert(size <= stream_room(s));
	if (s->is_muted || size == 0)
		return;
	memcpy(s->piece + s->size, bytes, size);
	s->size += size;
	s->due = instant_add(now, STREAM_IDLE);
}

bool
stream_is_due(const struct stream *s, bool is_last, struct instant now)
{
	if (s->size == 0 || s->credits == 0 || s->is_muted)
		return (false);
	return (is_last || s->size == STREAM_PIECE_BYTES ||
		!instant_before(now, s->due));
}

void
stream_sent(struct stream *s)
{
	assert(s->credits > 0);
	s->credits--;
	s->size = 0;
	s->due = INSTANT_NEVER;
}

void
stream_credit(struct stream *s)
{
	if (s->credits < STREAM_CREDITS)
		s->credits++;
}

struct instant
stream_next(const struct stream *s)
{
	return (s->credits > 0 && !s->is_muted ? s->due : INSTANT_NEVER);
}
