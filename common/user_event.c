/* Consul's envelope of user events; see user_event.h. */
#include <string.h>

#include "msgpack.h"
#include "user_event.h"

#define STR8 0xd9
#define BIN8 0xc4

/* Text of 32 to 255 bytes has a form of its own; others are as ever. */
static void
text_put(struct buf *out, struct slice text)
{
	if (text.size < 32 || text.size > UINT8_MAX) {
		pack_raw(out, text);
		return;
	}
	buf_put_u8(out, STR8);
	buf_put_u8(out, (uint8_t)text.size);
	buf_put_slice(out, text);
}

static void
bytes_put(struct buf *out, struct slice bytes)
{
	if (bytes.size <= UINT8_MAX) {
		buf_put_u8(out, BIN8);
		buf_put_u8(out, (uint8_t)bytes.size);
	} else if (bytes.size <= UINT16_MAX) {
		buf_put_u8(out, BIN8 + 1);
		buf_put_be16(out, (uint16_t)bytes.size);
	} else {
		buf_put_u8(out, BIN8 + 2);
		buf_put_be32(out, (uint32_t)bytes.size);
	}
	buf_put_slice(out, bytes);
}

static void
filter_put(struct buf *out, const char *key, struct slice filter)
{
	if (filter.size == 0)
		return;
	pack_text(out, key);
	text_put(out, filter);
}

void
user_event_encode(const struct user_event_entry *e, struct buf *out)
{
	size_t count = 3U + (e->node_filter.size > 0) + (e->payload.size > 0) +
		       (e->service_filter.size > 0) + (e->tag_filter.size > 0);

	pack_map(out, count);
	pack_text(out, "ID");
	text_put(out, e->id);
	pack_text(out, "n");
	text_put(out, e->name);
	filter_put(out, "nf", e->node_filter);
	if (e->payload.size > 0) {
		pack_text(out, "p");
		bytes_put(out, e->payload);
	}
	filter_put(out, "sf", e->service_filter);
	filter_put(out, "tf", e->tag_filter);
	pack_text(out, "v");
	pack_int(out, e->version);
}

enum err
user_event_decode(struct slice in, struct user_event_entry *out)
{
	struct reader rd = reader(in);
	size_t count = unpack_map(&rd);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < count && !rd.has_failed; i++) {
		struct slice key = unpack_raw(&rd);

		if (slice_is(key, "ID"))
			out->id = unpack_raw(&rd);
		else if (slice_is(key, "n"))
			out->name = unpack_raw(&rd);
		else if (slice_is(key, "nf"))
			out->node_filter = unpack_raw(&rd);
		else if (slice_is(key, "p"))
			out->payload = unpack_raw(&rd);
		else if (slice_is(key, "sf"))
			out->service_filter = unpack_raw(&rd);
		else if (slice_is(key, "tf"))
			out->tag_filter = unpack_raw(&rd);
		else if (slice_is(key, "v"))
			out->version = unpack_int(&rd);
		else
			unpack_object(&rd);
	}
	return (rd.has_failed ? ERR_INVALID : ERR_OK);
}

#define UUID_TEXT_BYTES 36

static uint8_t
hex_digit(uint8_t c)
{
	return ((uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10));
}

uint64_t
user_event_index(struct slice id)
{
	uint64_t index = 0;
	unsigned digits = 0;
	size_t i;

	if (id.size != UUID_TEXT_BYTES)
		return (0);
	for (i = 0; i < id.size; i++) {
		if (id.data[i] != '-')
			index ^= (uint64_t)(hex_digit(id.data[i]) & 0xf)
				 << (60 - 4 * (digits++ % 16));
	}
	return (index);
}
