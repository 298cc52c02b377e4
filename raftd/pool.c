/*
 * Calls that our catalogd puts to other agents: one yamux connection to each,
 * made when it is first needed, and on it a stream for each call that is open.
 *
 * Source  wire/rpc.md 2, 3, 5; Consul's agent/pool for the errors' prefixes
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call_frame.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "raftd.h"

#define IDLE_STREAMS_MAX 32
#define IDLE_CLOSE	 SECONDS(127)

struct pool_conn {
	TAILQ_ENTRY(pool_conn) entry;
	struct net *net; /* lent */
	struct link *link;
	struct mux_link mux;
	char address[RAFT_NAME_BYTES_MAX + 1];
	struct mux_stream *idle[IDLE_STREAMS_MAX];
	size_t idle_count;
	size_t open; /* calls */
	struct instant used_at;
	bool is_retired; /* takes no more calls */
};

/* A call that waits for its reply. */
struct sent {
	struct pool_conn *conn;	   /* lent */
	struct mux_stream *stream; /* lent */
	struct call *call;	   /* catalogd's */
	struct call_frame frame;
	struct buf in;
	uint64_t seq;
};

/* --- The end of a call. --- */

static void
sent_free(struct sent *one)
{
	one->stream->keeper = NULL;
	one->conn->open--;
	one->conn->used_at = instant_now();
	buf_deinit(&one->in);
	free(one);
}

static void
fail(struct sent *one, const char *prefix, struct slice text)
{
	struct buf whole = { 0 };
	struct call *call = one->call;

	buf_put_text(&whole, prefix);
	buf_put_slice(&whole, text); /* it may be lent by what goes now */
	sent_free(one);
	call->on_cancel = NULL;
	call_fail_text(call, buf_slice(&whole));
	buf_deinit(&whole);
}

#define MAKING	"rpc error making call: "
#define GETTING "rpc error getting client: failed to get conn: "

static void
stream_finish(struct pool_conn *conn, struct mux_stream *stream)
{
	mux_finish(&conn->mux.mux, stream);
	if (mux_is_over(stream))
		mux_forget(&conn->mux.mux, stream);
}

static void
stream_keep(struct pool_conn *conn, struct mux_stream *stream)
{
	if (stream->is_in_closed || conn->idle_count == IDLE_STREAMS_MAX)
		stream_finish(conn, stream);
	else
		conn->idle[conn->idle_count++] = stream;
}

static void
stream_unkeep(struct pool_conn *conn, struct mux_stream *stream)
{
	for (size_t i = 0; i < conn->idle_count; i++)
		if (conn->idle[i] == stream) {
			conn->idle[i] = conn->idle[--conn->idle_count];
			return;
		}
}

/* All its calls have failed: `connected` says which way. */
static void
conn_free(struct pool_conn *conn, const char *prefix, const char *why)
{
	struct mux_stream *stream;

	TAILQ_REMOVE(&conn->net->pool, conn, entry);
	while ((stream = idmap_any(&conn->mux.mux.streams)) != NULL) {
		if (stream->keeper != NULL)
			fail(stream->keeper, prefix, slice_of_text(why));
		mux_forget(&conn->mux.mux, stream);
	}
	mux_link_deinit(&conn->mux);
	free(conn);
}

static void
conn_end(struct pool_conn *conn, const char *why)
{
	link_close(conn->link);
	conn_free(conn, MAKING, why);
}

static void
push(struct pool_conn *conn)
{
	if (!mux_link_push(&conn->mux))
		conn_end(conn, "connection write timeout");
}

/* --- A reply. --- */

/* The reply is whole. The 1.8.7 client ends a stream that has brought an
 * error (wire/rpc.md 5); so do we. */
static void
on_reply(struct sent *one, const struct call_head *head, struct slice body)
{
	struct pool_conn *conn = one->conn;
	struct mux_stream *stream = one->stream;
	struct call *call = one->call;

	if (head->error.size > 0) {
		fail(one, MAKING, head->error);
		stream_finish(conn, stream);
		return;
	}
	call->on_cancel = NULL;
	call_answer_bytes(call, body);
	sent_free(one);
	stream_keep(conn, stream);
}

static void
give_up(struct sent *one, const char *why)
{
	struct pool_conn *conn = one->conn;
	struct mux_stream *stream = one->stream;

	fail(one, MAKING, slice_of_text(why));
	mux_reset(&conn->mux.mux, stream);
}

static void
on_data(struct pool_conn *conn, struct mux_stream *stream)
{
	struct sent *one = stream->keeper;
	struct call_head head;
	enum whole_state state;
	size_t size = stream->in.size;

	if (one != NULL)
		buf_put_slice(&one->in, buf_slice(&stream->in));
	mux_take(&conn->mux.mux, stream, size);
	if (one == NULL)
		return; /* nobody asked */
	state = call_frame_walk(&one->frame, buf_slice(&one->in));
	if (state == WHOLE_MORE && one->in.size <= PEER_REPLY_BYTES_MAX)
		return;
	if (state != WHOLE_DONE ||
	    call_frame_head(&one->frame, buf_slice(&one->in), &head) !=
		ERR_OK ||
	    head.seq != one->seq ||
	    call_frame_size(&one->frame) != one->in.size) {
		give_up(one, "malformed reply");
		return;
	}
	on_reply(one, &head, call_frame_body(&one->frame, buf_slice(&one->in)));
}

static void
on_stream_over(struct pool_conn *conn, const struct mux_event *event)
{
	struct mux_stream *stream = event->stream;

	stream_unkeep(conn, stream);
	if (stream->keeper != NULL)
		fail(stream->keeper, MAKING, SLICE("EOF"));
	if (event->news == MUX_RESET)
		mux_forget(&conn->mux.mux, stream);
	else
		stream_finish(conn, stream);
}

static bool
use_event(struct pool_conn *conn, const struct mux_event *event)
{
	switch (event->news) {
	case MUX_DATA:
		on_data(conn, event->stream);
		break;
	case MUX_FINISHED:
	case MUX_RESET:
		on_stream_over(conn, event);
		break;
	case MUX_OPENED: /* a server opens none */
		mux_reset(&conn->mux.mux, event->stream);
		break;
	case MUX_PONG:
		mux_link_pong(&conn->mux);
		break;
	case MUX_GO_AWAY:
		conn->is_retired = true;
		break;
	case MUX_BROKEN:
		return (false);
	case MUX_NOTHING:
		break;
	}
	return (true);
}

static void
on_bytes(struct link *link)
{
	struct pool_conn *conn = link->keeper;
	struct reader in = reader(buf_slice(&link->in));
	struct mux_event event;

	do {
		event = mux_next(&conn->mux.mux, &in);
		if (!use_event(conn, &event)) {
			conn_end(conn, "session shutdown");
			return;
		}
	} while (event.news != MUX_NOTHING);
	buf_drop_front(&link->in, link->in.size - in.rest.size);
	push(conn);
}

/* --- A connection's life. --- */

static void
on_timer(struct link *link)
{
	struct pool_conn *conn = link->keeper;
	struct instant until = instant_add(conn->used_at, IDLE_CLOSE);

	if (conn->open == 0 &&
	    (conn->is_retired || instant_before(until, instant_now())))
		conn_end(conn, "");
	else if (!mux_link_tick(&conn->mux))
		conn_end(conn, "keepalive timeout");
}

static void
on_end(struct link *link, const char *why)
{
	struct pool_conn *conn = link->keeper;

	/* Whatever ended it, to whoever asked it is the end of the stream. */
	if (link->is_connected)
		conn_free(conn, MAKING, "EOF");
	else
		conn_free(conn, GETTING, why);
}

static const struct link_use use = {
	.on_bytes = on_bytes,
	.on_timer = on_timer,
	.on_end = on_end,
};

static struct pool_conn *
conn_new(struct net *net, const char *address)
{
	struct pool_conn *conn = xcalloc(1, sizeof(*conn));

	conn->net = net;
	snprintf(conn->address, sizeof(conn->address), "%s", address);
	conn->link = link_dial(&net->links, address, &use, conn);
	mux_link_init(&conn->mux, conn->link, true);
	buf_put_u8(&conn->link->out, FIRST_MUX);
	TAILQ_INSERT_TAIL(&net->pool, conn, entry);
	return (conn);
}

static struct pool_conn *
conn_to(struct net *net, const char *address)
{
	struct pool_conn *conn;

	TAILQ_FOREACH(conn, &net->pool, entry)
	if (!conn->is_retired && strcmp(conn->address, address) == 0)
		return (conn);
	return (conn_new(net, address));
}

/* --- A call. --- */

static void
on_cancel(struct call *call)
{
	struct sent *one = call->keeper;
	struct pool_conn *conn = one->conn;
	struct mux_stream *stream = one->stream;

	sent_free(one);
	mux_reset(&conn->mux.mux, stream);
	push(conn);
}

static struct mux_stream *
stream_of(struct pool_conn *conn)
{
	if (conn->idle_count > 0)
		return (conn->idle[--conn->idle_count]);
	return (mux_open(&conn->mux.mux));
}

void
pool_forward(
    struct net *net, struct call *call, const struct peer_forward *wanted)
{
	const char *address = arena_text(&call->arena, wanted->address);
	struct pool_conn *conn = conn_to(net, address);
	struct mux_stream *stream = stream_of(conn);
	struct sent *one;
	struct buf out = { 0 };

	if (stream == NULL) { /* its numbers have run out */
		conn->is_retired = true;
		conn = conn_new(net, address);
		stream = stream_of(conn);
	}
	one = xcalloc(1, sizeof(*one));
	one->conn = conn;
	one->stream = stream;
	one->call = call;
	one->seq = ++net->last_seq;
	call_frame_init(&one->frame);
	stream->keeper = one;
	conn->open++;
	call->keeper = one;
	call->on_cancel = on_cancel;
	call_put_request(&out, one->seq, wanted->method, wanted->body);
	mux_write(&conn->mux.mux, stream, buf_slice(&out));
	buf_deinit(&out);
	push(conn);
}
