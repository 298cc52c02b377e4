/*
 * Bytes of strangers through gossipd's codec: what is decoded and encoded
 * decodes to the same bytes again, and the end of a stream is found alike
 * however its bytes come.
 *
 * The first byte chooses: a packet, a stream, or a user event's envelope.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/user_event.h"
#include "gossipd/codec.h"

static struct arena arena;

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
on_message(void *arg, const struct message *m)
{
	struct buf once = { 0 }, twice = { 0 };
	struct message again;

	(void)arg;
	codec_put(m, &once);
	assert(codec_get(buf_slice(&once), &arena, &again) == ERR_OK);
	assert(again.kind == m->kind);
	codec_put(&again, &twice);
	assert(slice_equal(buf_slice(&once), buf_slice(&twice)));
	buf_deinit(&once);
	buf_deinit(&twice);
}

static void
packet(struct slice in)
{
	codec_split(in, &arena, on_message, NULL);
	assert(arena.size < 64 * (CODEC_PACKET_BYTES_MAX + 65536));
}

static void
stream(struct slice in)
{
	struct stream_end slow = { 0 }, fast = { 0 };
	enum stream_state state = STREAM_MORE;
	struct stream_message message, again;
	struct buf once = { 0 }, twice = { 0 };

	for (size_t i = 0; i <= in.size && state == STREAM_MORE; i++)
		state = codec_stream_end(&slow, slice_head(in, i));
	assert(state == STREAM_BAD || state == codec_stream_end(&fast, in));
	if (codec_stream_get(in, &arena, &message) == ERR_OK) {
		codec_stream_put(&message, &once);
		assert(codec_stream_get(buf_slice(&once), &arena, &again) ==
		       ERR_OK);
		codec_stream_put(&again, &twice);
		assert(slice_equal(buf_slice(&once), buf_slice(&twice)));
	}
	buf_deinit(&once);
	buf_deinit(&twice);
}

static void
envelope(struct slice in)
{
	struct user_event_entry entry, again;
	struct buf once = { 0 }, twice = { 0 };

	if (user_event_decode(in, &entry) == ERR_OK) {
		user_event_encode(&entry, &once);
		assert(user_event_decode(buf_slice(&once), &again) == ERR_OK);
		user_event_encode(&again, &twice);
		assert(slice_equal(buf_slice(&once), buf_slice(&twice)));
	}
	buf_deinit(&once);
	buf_deinit(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	if (size < 1)
		return (0);
	if (input[0] % 3 == 0)
		packet(slice(input + 1, size - 1));
	else if (input[0] % 3 == 1)
		stream(slice(input + 1, size - 1));
	else
		envelope(slice(input + 1, size - 1));
	arena_reset(&arena);
	return (0);
}
