/* Headers and bodies of calls. See call_frame.h. */
#include "call_frame.h"

#include "common/msgpack.h"

void
call_frame_init(struct call_frame *frame)
{
	whole_init(&frame->head);
	whole_init(&frame->body);
	frame->has_head = false;
}

enum whole_state
call_frame_walk(struct call_frame *frame, struct slice in)
{
	enum whole_state state;

	if (!frame->has_head) {
		state = whole_walk(&frame->head, in);
		if (state == WHOLE_MORE && in.size > CALL_HEAD_BYTES_MAX)
			return (WHOLE_BAD);
		if (state != WHOLE_DONE)
			return (state);
		frame->has_head = true;
	}
	return (whole_walk(&frame->body, slice_tail(in, frame->head.at)));
}

size_t
call_frame_size(const struct call_frame *frame)
{
	return (frame->head.at + frame->body.at);
}

struct slice
call_frame_body(const struct call_frame *frame, struct slice in)
{
	return (slice_head(slice_tail(in, frame->head.at), frame->body.at));
}

enum err
call_frame_head(
    const struct call_frame *frame, struct slice in, struct call_head *out)
{
	struct reader rd = reader(slice_head(in, frame->head.at));
	struct call_head head = { .method = SLICE(""), .error = SLICE("") };
	size_t pairs = unpack_map(&rd);

	for (size_t i = 0; i < pairs && !rd.has_failed; i++) {
		struct slice key = unpack_raw(&rd);

		if (slice_is(key, "Seq"))
			head.seq = unpack_uint(&rd);
		else if (slice_is(key, "ServiceMethod"))
			head.method = unpack_raw(&rd);
		else if (slice_is(key, "Error"))
			head.error = unpack_raw(&rd);
		else
			(void)unpack_object(&rd);
	}
	if (!reader_done(&rd))
		return (ERR_INVALID);
	*out = head;
	return (ERR_OK);
}

void
call_put_request(
    struct buf *out, uint64_t seq, struct slice method, struct slice body)
{
	pack_map(out, 2);
	pack_text(out, "Seq");
	pack_uint(out, seq);
	pack_text(out, "ServiceMethod");
	pack_raw(out, method);
	buf_put_slice(out, body);
}

static void
put_reply_head(
    struct buf *out, uint64_t seq, struct slice method, struct slice error)
{
	pack_map(out, 3);
	pack_text(out, "Error");
	pack_raw(out, error);
	pack_text(out, "Seq");
	pack_uint(out, seq);
	pack_text(out, "ServiceMethod");
	pack_raw(out, method);
}

void
call_put_reply(
    struct buf *out, uint64_t seq, struct slice method, struct slice body)
{
	put_reply_head(out, seq, method, SLICE(""));
	buf_put_slice(out, body);
}

void
call_put_error(
    struct buf *out, uint64_t seq, struct slice method, struct slice text)
{
	put_reply_head(out, seq, method, text);
	pack_map(out, 0);
}
