/* Frames to streams and back. See yamux.h. */
#include "yamux.h"

#include <assert.h>
#include <stdlib.h>

#include "common/xmalloc.h"

enum frame_type {
	TYPE_DATA,
	TYPE_WINDOW,
	TYPE_PING,
	TYPE_GO_AWAY,
};

#define FLAG_SYN 1
#define FLAG_ACK 2
#define FLAG_FIN 4
#define FLAG_RST 8

#define ID_LAST 0x7fffffffU

static const struct mux_event nothing = { MUX_NOTHING, NULL, 0 };
static const struct mux_event broken = { MUX_BROKEN, NULL, 0 };

void
mux_init(struct mux *mux, bool is_client)
{
	*mux = (struct mux){ .is_client = is_client,
		.next_id = is_client ? 1 : 2 };
	idmap_init(&mux->streams);
}

static size_t
waiting(const struct mux_stream *stream)
{
	return (stream->out.size - stream->out_at);
}

static void
stream_free(struct mux *mux, struct mux_stream *stream)
{
	mux->out_waiting -= waiting(stream);
	buf_deinit(&stream->in);
	buf_deinit(&stream->out);
	free(stream);
}

void
mux_deinit(struct mux *mux)
{
	struct mux_stream *stream;

	while ((stream = idmap_any(&mux->streams)) != NULL) {
		idmap_take(&mux->streams, stream->node.id);
		stream_free(mux, stream);
	}
	idmap_deinit(&mux->streams);
	buf_deinit(&mux->out);
}

/* --- Out. --- */

static void
put_head(
    struct mux *mux, uint8_t type, uint16_t flags, uint64_t id, uint32_t number)
{
	buf_put_u8(&mux->out, 0);
	buf_put_u8(&mux->out, type);
	buf_put_be16(&mux->out, flags);
	buf_put_be32(&mux->out, (uint32_t)id);
	buf_put_be32(&mux->out, number);
}

static struct mux_stream *
stream_new(struct mux *mux, uint32_t id)
{
	struct mux_stream *stream = xcalloc(1, sizeof(*stream));

	stream->node.id = id;
	stream->out_credit = stream->in_credit = MUX_WINDOW;
	idmap_put(&mux->streams, &stream->node);
	return (stream);
}

struct mux_stream *
mux_open(struct mux *mux)
{
	struct mux_stream *stream;

	if (mux->is_going_away || mux->next_id > ID_LAST)
		return (NULL);
	stream = stream_new(mux, mux->next_id);
	stream->is_accepted = true;
	mux->next_id += 2;
	put_head(mux, TYPE_WINDOW, FLAG_SYN, stream->node.id, 0);
	return (stream);
}

void
mux_accept(struct mux *mux, struct mux_stream *stream)
{
	assert(!stream->is_accepted);
	stream->is_accepted = true;
	put_head(mux, TYPE_WINDOW, FLAG_ACK, stream->node.id, 0);
}

/* As much as the window lets through. */
static struct slice
put_data(struct mux *mux, struct mux_stream *stream, struct slice data)
{
	size_t size =
	    data.size < stream->out_credit ? data.size : stream->out_credit;

	if (size == 0)
		return (data);
	put_head(mux, TYPE_DATA, 0, stream->node.id, (uint32_t)size);
	buf_put(&mux->out, data.data, size);
	stream->out_credit -= (uint32_t)size;
	return (slice_tail(data, size));
}

void
mux_write(struct mux *mux, struct mux_stream *stream, struct slice data)
{
	assert(!stream->is_out_closed);
	if (waiting(stream) == 0)
		data = put_data(mux, stream, data);
	buf_put_slice(&stream->out, data);
	mux->out_waiting += data.size;
}

static void
send_fin(struct mux *mux, struct mux_stream *stream)
{
	put_head(mux, TYPE_WINDOW, FLAG_FIN, stream->node.id, 0);
}

void
mux_finish(struct mux *mux, struct mux_stream *stream)
{
	if (stream->is_out_closed)
		return;
	stream->is_out_closed = true;
	if (waiting(stream) == 0)
		send_fin(mux, stream);
}

void
mux_forget(struct mux *mux, struct mux_stream *stream)
{
	idmap_take(&mux->streams, stream->node.id);
	stream_free(mux, stream);
}

void
mux_reset(struct mux *mux, struct mux_stream *stream)
{
	put_head(mux, TYPE_WINDOW, FLAG_RST, stream->node.id, 0);
	mux_forget(mux, stream);
}

bool
mux_is_over(const struct mux_stream *stream)
{
	return (stream->is_in_closed && stream->is_out_closed &&
		waiting(stream) == 0);
}

void
mux_ping(struct mux *mux, uint32_t number)
{
	put_head(mux, TYPE_PING, FLAG_SYN, 0, number);
}

void
mux_go_away(struct mux *mux, uint32_t code)
{
	put_head(mux, TYPE_GO_AWAY, 0, 0, code);
}

/* Credit goes back once half a window is owed, as hashicorp/yamux does it. */
void
mux_take(struct mux *mux, struct mux_stream *stream, size_t size)
{
	buf_drop_front(&stream->in, size);
	stream->in_owed = MUX_WINDOW - stream->in_credit;
	if (stream->in_owed < MUX_WINDOW / 2 || stream->is_in_closed)
		return;
	put_head(mux, TYPE_WINDOW, 0, stream->node.id, stream->in_owed);
	stream->in_credit += stream->in_owed;
	stream->in_owed = 0;
}

/* --- In. --- */

static struct mux_stream *
find(struct mux *mux, uint32_t id)
{
	return (idmap_get(&mux->streams, id));
}

/* A stream of the other side's begins; its number must be its own and new. */
static struct mux_event
opened(struct mux *mux, uint32_t id)
{
	bool is_theirs = id != 0 && (id % 2 == 0) == mux->is_client;

	if (!is_theirs || find(mux, id) != NULL)
		return (broken);
	return ((struct mux_event){ MUX_OPENED, stream_new(mux, id), 0 });
}

/* Flags that end a stream, or a direction of it. */
static struct mux_event
ended(struct mux_stream *stream, uint16_t flags)
{
	if (flags & FLAG_RST)
		return ((struct mux_event){ MUX_RESET, stream, 0 });
	if ((flags & FLAG_FIN) == 0)
		return (nothing);
	if (stream->is_in_closed)
		return (broken); /* FIN twice */
	stream->is_in_closed = true;
	return ((struct mux_event){ MUX_FINISHED, stream, 0 });
}

static void
give_credit(struct mux *mux, struct mux_stream *stream, uint32_t credit)
{
	struct slice rest;
	size_t sent;

	stream->out_credit += credit;
	if (waiting(stream) == 0)
		return;
	rest = put_data(
	    mux, stream, slice_tail(buf_slice(&stream->out), stream->out_at));
	sent = waiting(stream) - rest.size;
	mux->out_waiting -= sent;
	stream->out_at += sent;
	if (stream->out_at >= stream->out.size / 2) {
		buf_drop_front(&stream->out, stream->out_at);
		stream->out_at = 0;
	}
	if (waiting(stream) == 0 && stream->is_out_closed)
		send_fin(mux, stream);
}

static struct mux_event
on_window(struct mux *mux, struct mux_stream *stream)
{
	mux->has_head = false;
	if (stream == NULL)
		return (nothing); /* of one that we have given up */
	if (mux->head.number > UINT32_MAX - stream->out_credit)
		return (broken);
	give_credit(mux, stream, mux->head.number);
	return (ended(stream, mux->head.flags));
}

/* The head of a data frame: is there room for what it will carry? */
static struct mux_event
begin_data(struct mux *mux, struct mux_stream *stream)
{
	uint32_t size = mux->head.number;

	mux->is_in_data = true;
	mux->data_left = size;
	if (stream == NULL)
		return (nothing);
	if (size > stream->in_credit || (stream->is_in_closed && size > 0))
		return (broken);
	stream->in_credit -= size;
	return (nothing);
}

static struct mux_event
on_data(struct mux *mux, struct mux_stream *stream, struct reader *in)
{
	size_t size =
	    in->rest.size < mux->data_left ? in->rest.size : mux->data_left;
	struct slice bytes = read_bytes(in, size);

	if (mux->data_left == 0) {
		mux->is_in_data = mux->has_head = false;
		return (
		    stream == NULL ? nothing : ended(stream, mux->head.flags));
	}
	mux->data_left -= (uint32_t)size;
	if (stream == NULL)
		return (nothing); /* of one that is gone: dropped */
	buf_put_slice(&stream->in, bytes);
	return ((struct mux_event){ MUX_DATA, stream, 0 });
}

static struct mux_event
on_ping(struct mux *mux)
{
	mux->has_head = false;
	if (mux->head.flags & FLAG_SYN)
		put_head(mux, TYPE_PING, FLAG_ACK, 0, mux->head.number);
	else if (mux->head.flags & FLAG_ACK)
		return ((struct mux_event){ MUX_PONG, NULL, mux->head.number });
	return (nothing);
}

static struct mux_event
on_go_away(struct mux *mux)
{
	mux->has_head = false;
	mux->is_going_away = true;
	return ((struct mux_event){ MUX_GO_AWAY, NULL, mux->head.number });
}

/* What is at hand: a frame's payload, a frame, or nothing yet. */
static struct mux_event
use_head(struct mux *mux, struct reader *in)
{
	struct mux_head *head = &mux->head;
	struct mux_stream *stream = find(mux, head->id);

	if (mux->is_in_data)
		return (on_data(mux, stream, in));
	if (head->version != 0 || head->type > TYPE_GO_AWAY)
		return (broken);
	/* SYN comes with data or credit: first the stream, then that. */
	if (head->type <= TYPE_WINDOW && (head->flags & FLAG_SYN)) {
		head->flags &= (uint16_t)~FLAG_SYN;
		return (opened(mux, head->id));
	}
	switch (head->type) {
	case TYPE_DATA:
		return (begin_data(mux, stream));
	case TYPE_WINDOW:
		return (on_window(mux, stream));
	case TYPE_PING:
		return (on_ping(mux));
	default:
		return (on_go_away(mux));
	}
}

static void
read_head(struct mux *mux, struct reader *in)
{
	mux->head.version = read_u8(in);
	mux->head.type = read_u8(in);
	mux->head.flags = read_be16(in);
	mux->head.id = read_be32(in);
	mux->head.number = read_be32(in);
	mux->has_head = true;
}

static bool
can_go_on(const struct mux *mux, const struct reader *in)
{
	if (!mux->has_head)
		return (in->rest.size >= MUX_HEAD_BYTES);
	return (!mux->is_in_data || mux->data_left == 0 || in->rest.size > 0);
}

struct mux_event
mux_next(struct mux *mux, struct reader *in)
{
	while (can_go_on(mux, in)) {
		struct mux_event event;

		if (!mux->has_head)
			read_head(mux, in);
		event = use_head(mux, in);
		if (event.news != MUX_NOTHING)
			return (event);
	}
	return (nothing);
}
