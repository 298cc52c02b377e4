/* Messages and packets; see codec.h. Streams: codec_stream.c. */
#include <assert.h>
#include <string.h>

#include "codec.h"
#include "common/msgpack.h"
#include "layouts.h"
#include "lzw.h"
#include "packed.h"

#define CHECKSUM_BYTES 5   /* the type byte, too */
#define COMPRESSED_MIN 128 /* below that there is nothing to gain */

/* --- One message. --- */

static void
relay_put(const struct relay *relay, struct buf *out)
{
	struct message inner = { .kind = MESSAGE_QUERY_RESPONSE };

	if (relay->response == NULL) {
		buf_put_slice(out, relay->bytes);
		return;
	}
	inner.as.query_response = *relay->response;
	buf_put_u8(out, (uint8_t)message_wire(inner.kind));
	fields_put(&message_layouts[inner.kind], &inner.as, out);
}

void
codec_put(const struct message *m, struct buf *out)
{
	uint16_t wire = message_wire(m->kind);

	if (m->kind == MESSAGE_RELAYED) {
		buf_put_u8(out, WIRE_USER);
		buf_put_slice(out, m->as.relayed);
		return;
	}
	if (wire > UINT8_MAX)
		buf_put_u8(out, WIRE_USER);
	buf_put_u8(out, (uint8_t)wire);
	fields_put(&message_layouts[m->kind], &m->as, out);
	if (m->kind == MESSAGE_RELAY)
		relay_put(&m->as.relay, out);
}

enum err
codec_get(struct slice in, struct arena *arena, struct message *out)
{
	struct reader rd = reader(in);
	uint16_t wire = read_u8(&rd);

	if (wire == WIRE_USER)
		wire = (uint16_t)(WIRE_USER << 8 | read_u8(&rd));
	memset(out, 0, sizeof(*out));
	out->kind = message_of_wire(wire);
	if (rd.has_failed || out->kind == MESSAGE_COUNT)
		return (ERR_INVALID);
	fields_get(&message_layouts[out->kind], &rd, arena, &out->as);
	if (out->kind == MESSAGE_RELAY) {
		out->as.relay.bytes = rd.rest;
		if (rd.rest.size == 0)
			reader_fail(&rd);
	}
	return (rd.has_failed ? ERR_INVALID : ERR_OK);
}

/* --- Checksum. --- */

/* CRC-32 of IEEE, four bits at a time: a table of a cache line. */
uint32_t
codec_crc32(struct slice in)
{
	static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8,
		0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0,
		0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < in.size; i++) {
		crc ^= in.data[i];
		crc = crc >> 4 ^ table[crc & 0xf];
		crc = crc >> 4 ^ table[crc & 0xf];
	}
	return (~crc);
}

/* --- Compression, for packets and streams. --- */

void
packed_put(struct slice plain, struct buf *out)
{
	struct buf packed = { 0 };

	lzw_compress(plain, &packed);
	buf_put_u8(out, WIRE_COMPRESSED);
	pack_map(out, 2);
	pack_text(out, "Algo");
	pack_uint(out, 0);
	pack_text(out, "Buf");
	pack_raw(out, buf_slice(&packed));
	buf_deinit(&packed);
}

enum err
packed_get(
    struct slice in, size_t limit, struct arena *arena, struct slice *out)
{
	struct reader rd = reader(in);
	size_t count = unpack_map(&rd);
	struct slice packed = { 0 };
	struct buf plain = { 0 };
	uint64_t algorithm = 0;
	enum err err;

	for (size_t i = 0; i < count && !rd.has_failed; i++) {
		struct slice key = unpack_raw(&rd);

		if (slice_is(key, "Algo"))
			algorithm = unpack_uint(&rd);
		else if (slice_is(key, "Buf"))
			packed = unpack_raw(&rd);
		else
			unpack_object(&rd);
	}
	if (rd.has_failed || algorithm != 0)
		return (ERR_INVALID);
	err = lzw_expand(packed, limit, &plain);
	if (err == ERR_OK)
		*out = arena_copy(arena, buf_slice(&plain));
	buf_deinit(&plain);
	return (err);
}

/* --- Packets out. --- */

static void
compound_put(const struct message *messages, size_t count, struct buf *out)
{
	size_t sizes_at;

	assert(count <= GOSSIP_COMPOUND_PARTS_MAX);
	buf_put_u8(out, WIRE_COMPOUND);
	buf_put_u8(out, (uint8_t)count);
	sizes_at = out->size;
	buf_extend(out, count * 2);
	for (size_t i = 0; i < count; i++) {
		size_t start = out->size, size;

		codec_put(&messages[i], out);
		size = out->size - start;
		assert(size <= UINT16_MAX);
		out->data[sizes_at + 2 * i] = (uint8_t)(size >> 8);
		out->data[sizes_at + 2 * i + 1] = (uint8_t)size;
	}
}

/* Replace what stands from `start` by its compressed form, if smaller. */
static void
compress_from(struct buf *out, size_t start)
{
	struct slice plain = slice_tail(buf_slice(out), start);
	struct buf packed = { 0 };

	if (plain.size < COMPRESSED_MIN)
		return;
	packed_put(plain, &packed);
	if (packed.size < plain.size) {
		out->size = start;
		buf_put_slice(out, buf_slice(&packed));
	}
	buf_deinit(&packed);
}

static void
checksum_set(struct buf *out, size_t start)
{
	uint32_t crc =
	    codec_crc32(slice_tail(buf_slice(out), start + CHECKSUM_BYTES));

	for (size_t i = 0; i < 4; i++)
		out->data[start + 1 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

void
codec_join(const struct message *messages, size_t count, struct codec_form form,
    struct buf *out)
{
	size_t start = out->size;
	size_t body = start;

	assert(count > 0);
	if (form.has_checksum) {
		buf_extend(out, CHECKSUM_BYTES)[0] = WIRE_CHECKSUM;
		body += CHECKSUM_BYTES;
	}
	if (count == 1)
		codec_put(&messages[0], out);
	else
		compound_put(messages, count, out);
	if (form.is_compressed)
		compress_from(out, body);
	if (form.has_checksum)
		checksum_set(out, start);
}

/* --- Packets in. --- */

struct split {
	struct arena *arena; /* lent */
	codec_message_fn *each;
	void *arg;
	size_t expanded; /* bytes so far */
	unsigned failures;
};

static void split_part(struct split *, struct slice, unsigned depth);

/* Parts that are all there are used; what is cut is not. */
static void
split_compound(struct split *s, struct slice body, unsigned depth)
{
	struct reader sizes = reader(body);
	size_t count = read_u8(&sizes);
	struct reader parts = reader(sizes.rest);

	read_bytes(&parts, count * 2);
	for (size_t i = 0; i < count; i++) {
		struct slice part = read_bytes(&parts, read_be16(&sizes));

		if (parts.has_failed) {
			s->failures++;
			return;
		}
		split_part(s, part, depth + 1);
	}
}

static void
split_compressed(struct split *s, struct slice body, unsigned depth)
{
	struct slice plain;

	if (packed_get(body, CODEC_PACKET_BYTES_MAX - s->expanded, s->arena,
		&plain) != ERR_OK) {
		s->failures++;
		s->expanded = CODEC_PACKET_BYTES_MAX; /* no second try */
		return;
	}
	s->expanded += plain.size;
	split_part(s, plain, depth + 1);
}

static void
split_part(struct split *s, struct slice part, unsigned depth)
{
	struct message message;

	if (part.size == 0 || depth > CODEC_DEPTH_MAX) {
		s->failures++;
		return;
	}
	if (part.data[0] == WIRE_COMPOUND)
		split_compound(s, slice_tail(part, 1), depth);
	else if (part.data[0] == WIRE_COMPRESSED)
		split_compressed(s, slice_tail(part, 1), depth);
	else if (codec_get(part, s->arena, &message) == ERR_OK)
		s->each(s->arg, &message);
	else
		s->failures++;
}

unsigned
codec_split(
    struct slice packet, struct arena *arena, codec_message_fn *each, void *arg)
{
	struct split s = { .arena = arena, .each = each, .arg = arg };

	if (packet.size > CHECKSUM_BYTES && packet.data[0] == WIRE_CHECKSUM) {
		struct reader rd = reader(slice_tail(packet, 1));
		uint32_t crc = read_be32(&rd);

		if (codec_crc32(rd.rest) != crc)
			return (1);
		packet = rd.rest;
	}
	split_part(&s, packet, 0);
	return (s.failures);
}
