/* The end of an object in a stream. See whole.h. */
#include "whole.h"

#include <assert.h>
#include <string.h>

/* What a first byte says: bytes of a length or value behind it, and what the
 * length counts. */
enum holds {
	HOLDS_NOTHING, /* the value itself, `size` bytes */
	HOLDS_BYTES,   /* a length of `size` bytes, and so many bytes */
	HOLDS_ITEMS,
	HOLDS_PAIRS,
	HOLDS_BAD,
};

struct lead {
	enum holds holds;
	unsigned size;
};

/* 0xc0 to 0xdf; what neither side of Consul's dialect uses is bad. */
static const struct lead leads[32] = {
	[0x00] = { HOLDS_NOTHING, 0 }, /* nil */
	[0x01] = { HOLDS_BAD, 0 },
	[0x02] = { HOLDS_NOTHING, 0 }, /* false, true */
	[0x03] = { HOLDS_NOTHING, 0 },
	[0x04] = { HOLDS_BYTES, 1 }, /* bin */
	[0x05] = { HOLDS_BYTES, 2 },
	[0x06] = { HOLDS_BYTES, 4 },
	[0x07] = { HOLDS_BAD, 0 }, /* ext */
	[0x08] = { HOLDS_BAD, 0 },
	[0x09] = { HOLDS_BAD, 0 },
	[0x0a] = { HOLDS_NOTHING, 4 }, /* floats */
	[0x0b] = { HOLDS_NOTHING, 8 },
	[0x0c] = { HOLDS_NOTHING, 1 }, /* unsigned */
	[0x0d] = { HOLDS_NOTHING, 2 },
	[0x0e] = { HOLDS_NOTHING, 4 },
	[0x0f] = { HOLDS_NOTHING, 8 },
	[0x10] = { HOLDS_NOTHING, 1 }, /* signed */
	[0x11] = { HOLDS_NOTHING, 2 },
	[0x12] = { HOLDS_NOTHING, 4 },
	[0x13] = { HOLDS_NOTHING, 8 },
	[0x14] = { HOLDS_BAD, 0 }, /* ext */
	[0x15] = { HOLDS_BAD, 0 },
	[0x16] = { HOLDS_BAD, 0 },
	[0x17] = { HOLDS_BAD, 0 },
	[0x18] = { HOLDS_BAD, 0 },
	[0x19] = { HOLDS_BYTES, 1 }, /* raw */
	[0x1a] = { HOLDS_BYTES, 2 },
	[0x1b] = { HOLDS_BYTES, 4 },
	[0x1c] = { HOLDS_ITEMS, 2 }, /* array */
	[0x1d] = { HOLDS_ITEMS, 4 },
	[0x1e] = { HOLDS_PAIRS, 2 }, /* map */
	[0x1f] = { HOLDS_PAIRS, 4 },
};

void
whole_init(struct whole *whole)
{
	memset(whole, 0, sizeof(*whole));
}

static uint64_t
read_length(const uint8_t *at, unsigned size)
{
	uint64_t length = 0;

	for (unsigned i = 0; i < size; i++)
		length = length << 8 | at[i];
	return (length);
}

/* A token's first bytes: what it is, and its length or count. */
static enum whole_state
read_token(struct slice rest, struct lead *lead, uint64_t *length)
{
	uint8_t first = rest.data[0];

	*length = 0;
	if (first <= 0x7f || first >= 0xe0)
		*lead = (struct lead){ HOLDS_NOTHING, 0 };
	else if (first <= 0x8f)
		*lead = (struct lead){ HOLDS_PAIRS, 0 };
	else if (first <= 0x9f)
		*lead = (struct lead){ HOLDS_ITEMS, 0 };
	else if (first <= 0xbf)
		*lead = (struct lead){ HOLDS_BYTES, 0 };
	else
		*lead = leads[first - 0xc0];
	if (lead->holds == HOLDS_BAD)
		return (WHOLE_BAD);
	if (rest.size < 1 + (size_t)lead->size)
		return (WHOLE_MORE);
	if (lead->size > 0)
		*length = read_length(rest.data + 1, lead->size);
	else if (lead->holds == HOLDS_BYTES)
		*length = first & 0x1f;
	else if (lead->holds != HOLDS_NOTHING)
		*length = first & 0x0f;
	return (WHOLE_DONE);
}

/* One object has ended: so may those it stands in. */
static bool
close_containers(struct whole *whole)
{
	while (whole->depth > 0) {
		if (--whole->left[whole->depth - 1] > 0)
			return (false);
		whole->depth--;
	}
	return (true);
}

enum whole_state
whole_walk(struct whole *whole, struct slice bytes)
{
	assert(whole->at <= bytes.size);
	if (whole->has_begun && whole->depth == 0)
		return (WHOLE_DONE);
	while (whole->at < bytes.size) {
		struct slice rest = slice_tail(bytes, whole->at);
		struct lead lead;
		uint64_t length;
		enum whole_state state = read_token(rest, &lead, &length);

		if (state != WHOLE_DONE)
			return (state);
		if (lead.holds == HOLDS_BYTES &&
		    rest.size - 1 - lead.size < length)
			return (WHOLE_MORE);
		whole->has_begun = true;
		whole->at += 1 + lead.size;
		if (lead.holds == HOLDS_BYTES)
			whole->at += (size_t)length;
		if (lead.holds == HOLDS_PAIRS)
			length *= 2;
		if (lead.holds >= HOLDS_ITEMS && length > 0) {
			if (whole->depth == TYPE_DEPTH_MAX)
				return (WHOLE_BAD);
			whole->left[whole->depth++] = length;
		} else if (close_containers(whole))
			return (WHOLE_DONE);
	}
	return (WHOLE_MORE);
}
