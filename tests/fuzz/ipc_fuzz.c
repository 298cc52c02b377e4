/* What a peer says on an edge: a batch, its frames, and what is in them. */
#include <assert.h>
#include <string.h>

#include "common/ipc_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* As calls_receive() and asks_receive() read it. */
static void
payload_read(const struct frame *frame, struct arena *arena)
{
	const struct type *type = method_rows[frame->head.method].request;
	struct slice payload = frame->payload;
	struct answer answer;
	struct reader rd;
	void *request;

	if (frame->head.kind == FRAME_ANSWER) {
		if (answer_read(payload, arena, &answer) == ERR_OK)
			assert(answer.body.size <= payload.size);
		return;
	}
	if (frame->head.kind == FRAME_CALL && payload.size >= sizeof(int64_t))
		payload = slice_tail(payload, sizeof(int64_t));
	rd = reader(payload);
	request = arena_alloc(arena, type->size);
	if (type_decode(type, &rd, arena, request) == ERR_OK)
		assert(rd.rest.size <= payload.size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader rd = reader(slice(data, size));
	struct batch_head head;
	struct arena arena = { 0 };
	struct frame frame;

	if (batch_head_read(&rd, &head) != ERR_OK)
		return (0);
	assert(head.magic == BATCH_MAGIC);
	if (rd.rest.size > 0) {
		size_t fits = frames_fit(rd.rest, rd.rest.size);

		assert(fits == rd.rest.size);
	}
	while (rd.rest.size > 0 && frame_read(&rd, &frame) == ERR_OK) {
		assert(frame.head.kind < FRAME_KIND_COUNT);
		assert(frame.head.method < METHOD_COUNT);
		assert(frame.payload.size == frame.head.size);
		payload_read(&frame, &arena);
		arena_reset(&arena);
	}
	arena_deinit(&arena);
	return (0);
}
