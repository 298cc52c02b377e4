/* Entries in pieces; see pieces.h. */
#include "pieces.h"

#include <assert.h>
#include <stdlib.h>

#include "msgpack.h"
#include "type.h"
#include "xmalloc.h"

struct pieces_whole {
	struct pieces_whole *next;
	uint64_t number;
	uint32_t count;
	struct buf *parts; /* owned; `count` of them, empty until they come */
};

/* --- Extensions: a protobuf message, ChunkInfo. --- */

#define FIELD(number, wire) (uint8_t)((number) << 3 | (wire))
#define WIRE_VARINT	    0
#define WIRE_BYTES	    2

static void
put_field(struct buf *out, unsigned number, uint64_t value)
{
	if (value == 0)
		return; /* as protobuf 3 leaves them out */
	buf_put_u8(out, FIELD(number, WIRE_VARINT));
	for (; value >= 0x80; value >>= 7)
		buf_put_u8(out, (uint8_t)(value | 0x80));
	buf_put_u8(out, (uint8_t)value);
}

void
piece_head_put(const struct piece_head *head, struct buf *out)
{
	put_field(out, 1, head->number);
	put_field(out, 2, head->sequence);
	put_field(out, 3, head->count);
}

static uint64_t
read_varint(struct reader *rd)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = read_u8(rd);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return (value);
	}
	reader_fail(rd);
	return (0);
}

enum err
piece_head_read(struct slice extensions, struct piece_head *out)
{
	struct reader rd = reader(extensions);
	uint64_t fields[4] = { 0 };

	while (rd.rest.size > 0 && !rd.has_failed) {
		uint64_t field = read_varint(&rd);
		uint64_t value = read_varint(&rd);

		/* Extensions of what is joined: nobody has any. */
		if ((field & 7) == WIRE_BYTES && value <= rd.rest.size)
			(void)read_bytes(&rd, value);
		else if ((field & 7) == WIRE_VARINT && field >> 3 < 4)
			fields[field >> 3] = value;
		else
			reader_fail(&rd);
	}
	if (rd.has_failed || fields[3] == 0 || fields[3] > PIECES_MAX ||
	    fields[2] >= fields[3])
		return (ERR_INVALID);
	*out = (struct piece_head){ .number = fields[1],
		.sequence = (uint32_t)fields[2],
		.count = (uint32_t)fields[3] };
	return (ERR_OK);
}

/* --- Wholes. --- */

static void
whole_free(struct pieces_whole *whole)
{
	for (uint32_t i = 0; i < whole->count; i++)
		buf_deinit(&whole->parts[i]);
	free(whole->parts);
	free(whole);
}

void
pieces_deinit(struct pieces *p)
{
	struct pieces_whole *whole;

	while ((whole = p->wholes) != NULL) {
		p->wholes = whole->next;
		whole_free(whole);
	}
	p->term = 0;
}

/* By its number, made where it is new; NULL: it has another count. */
static struct pieces_whole *
whole_of(struct pieces *p, const struct piece_head *head)
{
	struct pieces_whole *whole = p->wholes;

	while (whole != NULL && whole->number != head->number)
		whole = whole->next;
	if (whole != NULL)
		return (whole->count == head->count ? whole : NULL);
	whole = xcalloc(1, sizeof(*whole));
	whole->number = head->number;
	whole->count = head->count;
	whole->parts = xcalloc(head->count, sizeof(*whole->parts));
	whole->next = p->wholes;
	p->wholes = whole;
	return (whole);
}

static bool
is_complete(const struct pieces_whole *whole)
{
	for (uint32_t i = 0; i < whole->count; i++)
		if (whole->parts[i].size == 0)
			return (false);
	return (true);
}

static void
whole_join(struct pieces *p, struct pieces_whole *whole, struct buf *out)
{
	struct pieces_whole **at = &p->wholes;

	for (uint32_t i = 0; i < whole->count; i++)
		buf_put_slice(out, buf_slice(&whole->parts[i]));
	while (*at != whole)
		at = &(*at)->next;
	*at = whole->next;
	whole_free(whole);
}

enum err
pieces_add(struct pieces *p, uint64_t term, struct slice extensions,
    struct slice data, struct buf *out)
{
	struct pieces_whole *whole;
	struct piece_head head;

	assert(out->size == 0);
	if (term != p->term) {
		pieces_deinit(p);
		p->term = term;
	}
	if (piece_head_read(extensions, &head) != ERR_OK)
		return (ERR_INVALID);
	whole = whole_of(p, &head);
	if (whole == NULL)
		return (ERR_INVALID);
	buf_reset(&whole->parts[head.sequence]);
	buf_put_slice(&whole->parts[head.sequence], data);
	if (is_complete(whole))
		whole_join(p, whole, out);
	return (ERR_OK);
}

/* --- In snapshots. --- */

/* clang-format off */
#define CHUNK(F) \
	F(U64, _, number, "OpNum", 0, 0) \
	F(U64, _, sequence, "SequenceNum", 0, 0) \
	F(U64, _, count, "NumChunks", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(BYTES, _, data, "Data", 0, 0)
/* clang-format on */

struct chunk {
	CHUNK(TYPE_MEMBER)
};

/* clang-format off */
TYPE_DEFINE(chunk, CHUNK, "ChunkInfo")
/* clang-format on */

static void
whole_write(
    const struct pieces *p, const struct pieces_whole *whole, struct buf *out)
{
	pack_uint(out, whole->number);
	pack_array(out, whole->count);
	for (uint32_t i = 0; i < whole->count; i++) {
		const struct chunk chunk = { .number = whole->number,
			.sequence = i,
			.count = whole->count,
			.term = p->term,
			.data = buf_slice(&whole->parts[i]) };

		if (whole->parts[i].size == 0)
			pack_nil(out);
		else
			type_encode(&chunk_type, &chunk, out);
	}
}

void
pieces_write(const struct pieces *p, struct buf *out)
{
	const struct pieces_whole *whole;
	size_t count = 0;

	for (whole = p->wholes; whole != NULL; whole = whole->next)
		count++;
	pack_map(out, 1);
	pack_text(out, "ChunkMap");
	pack_map(out, count);
	for (whole = p->wholes; whole != NULL; whole = whole->next)
		whole_write(p, whole, out);
}

static enum err
chunk_load(struct pieces *p, const struct chunk *chunk)
{
	const struct piece_head head = { .number = chunk->number,
		.sequence = (uint32_t)chunk->sequence,
		.count = (uint32_t)chunk->count };
	struct pieces_whole *whole;

	if (chunk->count == 0 || chunk->count > PIECES_MAX ||
	    chunk->sequence >= chunk->count)
		return (ERR_INVALID);
	whole = whole_of(p, &head);
	if (whole == NULL)
		return (ERR_INVALID);
	p->term = chunk->term;
	buf_reset(&whole->parts[head.sequence]);
	buf_put_slice(&whole->parts[head.sequence], chunk->data);
	return (ERR_OK);
}

static enum err
whole_load(struct pieces *p, struct reader *from, struct arena *arena)
{
	size_t count;
	enum err err = ERR_OK;

	(void)unpack_uint(from); /* each piece says it again */
	count = unpack_array(from);
	for (size_t i = 0; i < count && err == ERR_OK; i++) {
		struct chunk chunk;

		if (unpack_peek(from) == TOKEN_NIL) {
			(void)unpack(from);
			continue;
		}
		err = type_decode(&chunk_type, from, arena, &chunk);
		if (err == ERR_OK)
			err = chunk_load(p, &chunk);
	}
	return (err);
}

enum err
pieces_load(struct pieces *p, struct reader *from, struct arena *arena)
{
	size_t fields = unpack_map(from), count;
	enum err err = ERR_OK;

	pieces_deinit(p);
	for (size_t i = 0; i < fields && err == ERR_OK; i++) {
		(void)unpack_raw(from); /* "ChunkMap" is all there is */
		count = unpack_map(from);
		while (count-- > 0 && err == ERR_OK && !from->has_failed)
			err = whole_load(p, from, arena);
	}
	return (from->has_failed ? ERR_INVALID : err);
}
