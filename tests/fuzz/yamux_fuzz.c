/*
 * Bytes of strangers as a yamux connection: however they come in pieces, the
 * same events follow; a window is never overrun; nothing is kept of a stream
 * that is gone.
 *
 * The first byte chooses the side, and how large the pieces are.
 */
#include <assert.h>
#include <stdlib.h>

#include "raftd/yamux.h"

struct seen {
	uint64_t sum;
	size_t bytes; /* of data */
	unsigned opened;
	bool is_broken;
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
add(struct seen *seen, uint64_t value)
{
	seen->sum = (seen->sum ^ value) * 0x100000001b3ULL;
}

/* As served.c does it, with every third stream refused. */
static void
use(struct mux *mux, const struct mux_event *event, struct seen *seen)
{
	struct mux_stream *stream = event->stream;

	/* How often these two come depends on the pieces. */
	if (event->news != MUX_DATA && event->news != MUX_NOTHING)
		add(seen, (uint64_t)event->news << 32 | event->number);
	switch (event->news) {
	case MUX_OPENED:
		if (seen->opened++ % 3 == 2)
			mux_reset(mux, stream);
		else
			mux_accept(mux, stream);
		break;
	case MUX_DATA:
		assert(stream->in.size <= MUX_WINDOW);
		seen->bytes += stream->in.size;
		mux_take(mux, stream, stream->in.size);
		if (!stream->is_out_closed && stream->out.size < 1000)
			mux_write(mux, stream, SLICE("answer"));
		break;
	case MUX_FINISHED:
		mux_finish(mux, stream);
		if (mux_is_over(stream))
			mux_forget(mux, stream);
		break;
	case MUX_RESET:
		mux_forget(mux, stream);
		break;
	case MUX_BROKEN:
		seen->is_broken = true;
		break;
	default:
		break;
	}
}

static struct seen
run(const uint8_t *data, size_t size, bool is_client, size_t piece)
{
	struct seen seen = { 0 };
	struct buf in = { 0 };
	struct mux mux;

	mux_init(&mux, is_client);
	for (size_t at = 0; at < size && !seen.is_broken; at += piece) {
		struct reader rd;
		struct mux_event event;

		buf_put(&in, data + at, size - at < piece ? size - at : piece);
		rd = reader(buf_slice(&in));
		do {
			event = mux_next(&mux, &rd);
			use(&mux, &event, &seen);
		} while (event.news != MUX_NOTHING && !seen.is_broken);
		if (!seen.is_broken)
			assert(rd.rest.size < MUX_HEAD_BYTES);
		buf_drop_front(&in, in.size - rd.rest.size);
		/* No more leaves than twelve bytes for each that came, and the
		 * answers. */
		assert(mux.out.size <= 40 * size + 64);
	}
	mux_deinit(&mux);
	buf_deinit(&in);
	return (seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole, pieces;
	bool is_client;

	if (size < 1)
		return (0);
	is_client = (data[0] & 1) != 0;
	whole = run(data + 1, size - 1, is_client, size);
	pieces = run(data + 1, size - 1, is_client, 1 + data[0] / 2);
	assert(whole.is_broken == pieces.is_broken);
	assert(whole.sum == pieces.sum);
	assert(whole.bytes == pieces.bytes || whole.is_broken);
	return (0);
}
