/*
 * Bytes of strangers as calls: where a call ends is found alike however its
 * bytes come, and what is understood says the same when it is written again.
 */
#include <assert.h>

#include "common/msgpack.h"
#include "raftd/call_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static enum whole_state
walk_slowly(struct slice in, struct call_frame *frame)
{
	enum whole_state state = WHOLE_MORE;

	call_frame_init(frame);
	for (size_t i = 1; i <= in.size && state == WHOLE_MORE; i++)
		state = call_frame_walk(frame, slice_head(in, i));
	return (state);
}

static void
write_again(const struct call_head *head, struct slice body)
{
	struct buf out = { 0 };
	struct call_frame frame;
	struct call_head again;

	call_put_reply(&out, head->seq, head->method, body);
	call_frame_init(&frame);
	assert(call_frame_walk(&frame, buf_slice(&out)) == WHOLE_DONE);
	assert(call_frame_head(&frame, buf_slice(&out), &again) == ERR_OK);
	assert(again.seq == head->seq);
	assert(slice_equal(again.method, head->method));
	assert(slice_equal(call_frame_body(&frame, buf_slice(&out)), body));
	buf_deinit(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice(data, size);
	struct call_frame slow, fast;
	struct call_head head;
	enum whole_state state;

	if (size == 0)
		return (0);
	state = walk_slowly(in, &slow);
	call_frame_init(&fast);
	assert(call_frame_walk(&fast, in) == state);
	if (state != WHOLE_DONE)
		return (0);
	assert(call_frame_size(&fast) == call_frame_size(&slow));
	assert(call_frame_size(&fast) <= size);
	if (call_frame_head(&fast, in, &head) == ERR_OK)
		write_again(&head, call_frame_body(&fast, in));
	return (0);
}
