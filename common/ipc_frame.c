/* Batches and frames; see ipc_frame.h. */
#include <assert.h>
#include <string.h>

#include "ipc_frame.h"
#include "limits.h"

#define STAMP_SIZE (sizeof(uint32_t) + sizeof(uint64_t))
#define STAMPS_MAX 4096

_Static_assert(sizeof(struct batch_head) == 24, "no padding in a batch head");
_Static_assert(sizeof(struct frame_head) == 16, "no padding in a frame head");

size_t
frame_begin(struct buf *out)
{
	size_t begun = out->size;

	buf_extend(out, sizeof(struct frame_head));
	return (begun);
}

static void
piece_put(struct buf *out, struct frame_head head, struct slice payload)
{
	head.size = (uint32_t)payload.size;
	buf_put(out, &head, sizeof(head));
	buf_put_slice(out, payload);
}

/* The payload was appended whole: take it back and append it in pieces. */
static void
cut_into_pieces(struct buf *out, size_t begun, struct frame_head head)
{
	struct buf whole = { 0 };
	struct slice rest;

	buf_put(&whole, out->data + begun + sizeof(head),
	    out->size - begun - sizeof(head));
	out->size = begun;
	rest = buf_slice(&whole);
	head.flags |= FRAME_MORE;
	while (rest.size > IPC_FRAME_BYTES_MAX) {
		piece_put(out, head, slice_head(rest, IPC_FRAME_BYTES_MAX));
		rest = slice_tail(rest, IPC_FRAME_BYTES_MAX);
	}
	head.flags &= (uint8_t)~FRAME_MORE;
	piece_put(out, head, rest);
	buf_deinit(&whole);
}

void
frame_end(struct buf *out, size_t begun, enum frame_kind kind, uint8_t flags,
    enum method method, uint64_t id)
{
	struct frame_head head = {
		.kind = (uint8_t)kind,
		.flags = flags,
		.method = (uint16_t)method,
		.id = id,
	};
	size_t size = out->size - begun - sizeof(head);

	assert(begun + sizeof(head) <= out->size);
	if (size > IPC_FRAME_BYTES_MAX) {
		cut_into_pieces(out, begun, head);
		return;
	}
	head.size = (uint32_t)size;
	memcpy(out->data + begun, &head, sizeof(head));
}

size_t
frames_fit(struct slice frames, size_t room)
{
	struct reader rd = reader(frames);
	size_t size = 0;
	struct frame frame;

	if (frames.size <= room)
		return (frames.size);
	while (frame_read(&rd, &frame) == ERR_OK) {
		size_t next = frames.size - rd.rest.size;

		if (next > room && size > 0)
			break;
		size = next;
	}
	assert(size > 0);
	return (size);
}

enum err
batch_head_read(struct reader *rd, struct batch_head *out)
{
	struct slice bytes = read_bytes(rd, sizeof(*out));

	if (rd->has_failed)
		return (ERR_INVALID);
	memcpy(out, bytes.data, sizeof(*out));
	return (out->magic == BATCH_MAGIC ? ERR_OK : ERR_INVALID);
}

enum err
frame_read(struct reader *rd, struct frame *out)
{
	struct slice bytes = read_bytes(rd, sizeof(out->head));

	if (rd->has_failed)
		return (ERR_INVALID);
	memcpy(&out->head, bytes.data, sizeof(out->head));
	if (out->head.kind >= FRAME_KIND_COUNT ||
	    out->head.method >= METHOD_COUNT)
		return (ERR_INVALID);
	out->payload = read_bytes(rd, out->head.size);
	return (rd->has_failed ? ERR_INVALID : ERR_OK);
}

void
answer_head_put(struct buf *out, const struct stamp *stamps, size_t count)
{
	uint32_t size = (uint32_t)count;

	assert(count <= STAMPS_MAX);
	buf_put(out, &size, sizeof(size));
	for (size_t i = 0; i < count; i++) {
		buf_put(out, &stamps[i].bucket, sizeof(stamps[i].bucket));
		buf_put(
		    out, &stamps[i].generation, sizeof(stamps[i].generation));
	}
}

static struct stamp
stamp_read(struct reader *rd)
{
	struct slice bytes = read_bytes(rd, STAMP_SIZE);
	struct stamp stamp = { 0 };

	if (bytes.size == STAMP_SIZE) {
		memcpy(&stamp.bucket, bytes.data, sizeof(stamp.bucket));
		memcpy(&stamp.generation, bytes.data + sizeof(stamp.bucket),
		    sizeof(stamp.generation));
	}
	return (stamp);
}

enum err
answer_read(struct slice payload, struct arena *arena, struct answer *out)
{
	struct reader rd = reader(payload);
	struct slice count_bytes = read_bytes(&rd, sizeof(uint32_t));
	struct stamp *stamps;
	uint32_t count;

	if (rd.has_failed)
		return (ERR_INVALID);
	memcpy(&count, count_bytes.data, sizeof(count));
	if (count > STAMPS_MAX)
		return (ERR_TOO_BIG);
	stamps = arena_array(arena, count, sizeof(*stamps));
	for (uint32_t i = 0; i < count; i++)
		stamps[i] = stamp_read(&rd);
	if (rd.has_failed)
		return (ERR_INVALID);
	*out = (struct answer){ .err = ERR_OK,
		.body = rd.rest,
		.stamps = stamps,
		.stamp_count = count };
	return (ERR_OK);
}
