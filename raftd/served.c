/*
 * Calls of other agents: each goes to our catalogd as a frame of its own
 * method, and the answer's bytes go back as they are.
 *
 * A stream carries one call at a time; the next one is read when it has been
 * answered (wire/rpc.md 3). Who ends its stream gives up its call.
 */
#include <assert.h>
#include <stdlib.h>

#include "call_frame.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/xmalloc.h"
#include "raftd.h"

/* Longer than any blocking read: MaxQueryTime's cap of 600 s and its jitter. */
#define CALL_DEADLINE SECONDS(660)

/* For the last reply of a connection without streams to leave. */
#define LAST_WORDS MILLISECONDS(100)

struct caller {
	struct net *net; /* lent */
	struct link *link;
	bool is_mux;
	struct mux_link mux;
	struct served *plain; /* where it is not */
};

/* A stream, or a connection without streams. */
struct served {
	struct caller *caller;	   /* lent */
	struct mux_stream *stream; /* lent; NULL: the connection itself */
	struct buf in;
	size_t in_counted; /* by links_keep() */
	struct call_frame frame;
	uint64_t ask; /* 0: no call is open */
	uint64_t seq;
	struct buf method;
	bool is_ending; /* after what was put */
};

/* Registered with Consul's RPC server: the error tells a method that is
 * missing from a service that is. */
static const char *const services[] = { "ACL", "AutoEncrypt", "Catalog",
	"ConfigEntry", "ConnectCA", "Coordinate", "DiscoveryChain",
	"FederationState", "Health", "Intention", "Internal", "KVS", "Operator",
	"PreparedQuery", "Session", "Status", "Txn" };

static void feed(struct served *);

static struct edge *
catalogd(const struct served *one)
{
	return (one->caller->net->daemon->edges[DAEMON_catalogd]);
}

static struct served *
served_new(struct caller *caller, struct mux_stream *stream)
{
	struct served *one = xcalloc(1, sizeof(*one));

	one->caller = caller;
	one->stream = stream;
	call_frame_init(&one->frame);
	return (one);
}

static void
served_free(struct served *one)
{
	if (one->ask != 0)
		edge_cancel(catalogd(one), one->ask);
	(void)links_keep(&one->caller->net->links, &one->in_counted, 0);
	buf_deinit(&one->in);
	buf_deinit(&one->method);
	free(one);
}

static void
caller_free(struct caller *caller)
{
	struct mux_stream *stream;

	if (caller->plain != NULL)
		served_free(caller->plain);
	while (caller->is_mux &&
	       (stream = idmap_any(&caller->mux.mux.streams)) != NULL) {
		if (stream->keeper != NULL)
			served_free(stream->keeper);
		mux_forget(&caller->mux.mux, stream);
	}
	if (caller->is_mux)
		mux_link_deinit(&caller->mux);
	free(caller);
}

static void
caller_end(struct caller *caller)
{
	link_close(caller->link);
	caller_free(caller);
}

/* --- Answering. --- */

static void
put(struct served *one, struct slice bytes)
{
	if (one->stream != NULL)
		mux_write(&one->caller->mux.mux, one->stream, bytes);
	else
		buf_put_slice(&one->caller->link->out, bytes);
}

static void
put_reply(struct served *one, struct slice body)
{
	struct buf out = { 0 };

	call_put_reply(&out, one->seq, buf_slice(&one->method), body);
	put(one, buf_slice(&out));
	buf_deinit(&out);
}

static void
put_error(struct served *one, struct slice text)
{
	struct buf out = { 0 };

	metrics_add(METRIC_rpc_request_error, 1);
	call_put_error(&out, one->seq, buf_slice(&one->method), text);
	put(one, buf_slice(&out));
	buf_deinit(&out);
}

/* What the edge itself has to say, in words that Consul's agents know
 * (wire/rpc.md 5): reads are asked again after an EOF. */
static struct slice
failure_text(const struct answer *answer)
{
	switch (answer->err) {
	case ERR_REFUSED:
		return (answer->text);
	case ERR_FULL:
		return (SLICE("RPC rate limit exceeded"));
	case ERR_PEER_GONE:
		return (SLICE("catalogd has restarted: EOF"));
	default:
		return (slice_of_text(err_text(answer->err)));
	}
}

/* It is forgotten once the other side has ended it, too. */
static void
end_stream(struct served *one)
{
	struct caller *caller = one->caller;
	struct mux_stream *stream = one->stream;

	assert(stream != NULL);
	stream->keeper = NULL;
	served_free(one);
	mux_finish(&caller->mux.mux, stream);
	if (mux_is_over(stream))
		mux_forget(&caller->mux.mux, stream);
}

static void
push(struct caller *caller)
{
	if (caller->is_mux && !mux_link_push(&caller->mux)) {
		log_warn(LOG_RPC, "replies are not read", "from=%s",
		    caller->link->remote);
		caller_end(caller);
	}
}

static void
on_answer(void *arg, const struct answer *answer)
{
	struct served *one = arg;
	struct caller *caller = one->caller;

	one->ask = 0;
	if (answer->err == ERR_OK)
		put_reply(one, answer->body);
	else
		put_error(one, failure_text(answer));
	if (!caller->is_mux)
		link_pause(caller->link, false);
	feed(one);
	push(caller);
}

/* --- Asking. --- */

static bool
is_service(struct slice name)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (slice_is(name, services[i]))
			return (true);
	return (false);
}

/* As Go's net/rpc says it. */
static void
refuse(struct served *one)
{
	struct slice name = buf_slice(&one->method);
	size_t dot = slice_find(name, '.', 0);
	struct buf text = { 0 };

	if (dot == SIZE_MAX)
		buf_put_text(&text, "rpc: service/method request ill-formed: ");
	else if (is_service(slice_head(name, dot)))
		buf_put_text(&text, "rpc: can't find method ");
	else
		buf_put_text(&text, "rpc: can't find service ");
	buf_put_slice(&text, name);
	put_error(one, buf_slice(&text));
	buf_deinit(&text);
	one->is_ending = true;
}

static void
answer_stats(struct served *one)
{
	struct buf body = { 0 };

	raftd_put_stats(one->caller->net->raftd, &body);
	put_reply(one, buf_slice(&body));
	buf_deinit(&body);
}

static void
ask(struct served *one, struct slice body)
{
	struct slice name = buf_slice(&one->method);
	enum method method = method_find(name);
	const struct method_row *row;

	metrics_add(METRIC_rpc_request, 1);
	/* What only raftd itself asks is nobody's service. */
	if (method == METHOD_COUNT ||
	    !is_service(slice_head(name, slice_find(name, '.', 0))) ||
	    method_rows[method].kind == METHOD_NOTICE ||
	    (method_rows[method].from & PEER) == 0) {
		refuse(one);
		return;
	}
	row = &method_rows[method];
	if (row->owner == DAEMON_raftd) {
		assert(method == METHOD_Status_RaftStats);
		answer_stats(one);
		return;
	}
	one->ask = edge_ask_bytes(
	    catalogd(one), method, body, CALL_DEADLINE, on_answer, one);
}

/* --- Reading. --- */

/* A whole call is at the front of `in`. */
static bool
take_call(struct served *one)
{
	struct slice in = buf_slice(&one->in);
	struct call_head head;

	if (call_frame_head(&one->frame, in, &head) != ERR_OK ||
	    head.method.size > PEER_METHOD_BYTES_MAX)
		return (false);
	one->seq = head.seq;
	buf_reset(&one->method);
	buf_put_slice(&one->method, head.method);
	ask(one, call_frame_body(&one->frame, in));
	buf_drop_front(&one->in, call_frame_size(&one->frame));
	if (one->in.size == 0)
		buf_deinit(&one->in);
	call_frame_init(&one->frame);
	return (true);
}

static void
gather(struct served *one)
{
	struct buf *from =
	    one->stream != NULL ? &one->stream->in : &one->caller->link->in;
	size_t size = from->size;

	buf_put_slice(&one->in, buf_slice(from));
	if (one->stream != NULL)
		mux_take(&one->caller->mux.mux, one->stream, size);
	else
		buf_drop_front(from, size);
}

/* All calls that are there, up to one that has to wait. False: what came is
 * no call. */
static bool
read_calls(struct served *one)
{
	while (one->ask == 0 && !one->is_ending) {
		enum whole_state state;

		gather(one);
		if (!links_keep(&one->caller->net->links, &one->in_counted,
			one->in.size))
			return (false);
		state = call_frame_walk(&one->frame, buf_slice(&one->in));
		if (state == WHOLE_BAD ||
		    one->in.size > one->caller->net->body_max)
			return (false);
		if (state == WHOLE_MORE)
			return (true);
		if (!take_call(one))
			return (false);
	}
	return (true);
}

/* What was put before must leave first. */
static void
end_plain(struct served *one)
{
	link_pause(one->caller->link, true);
	link_set_timer(one->caller->link, LAST_WORDS);
}

static void
feed(struct served *one)
{
	if (!read_calls(one))
		one->is_ending = true;
	if (!one->is_ending)
		return;
	if (one->stream != NULL)
		end_stream(one);
	else
		end_plain(one);
}

/* --- A connection with streams. --- */

static void
on_opened(struct caller *caller, struct mux_stream *stream)
{
	struct mux *mux = &caller->mux.mux;

	if (mux->streams.count > PEER_STREAMS_MAX) {
		mux_reset(mux, stream);
		return;
	}
	mux_accept(mux, stream);
	stream->keeper = served_new(caller, stream);
}

static void
on_stream_over(struct caller *caller, const struct mux_event *event)
{
	struct mux_stream *stream = event->stream;

	if (stream->keeper != NULL)
		served_free(stream->keeper);
	stream->keeper = NULL;
	if (event->news != MUX_RESET)
		mux_finish(&caller->mux.mux, stream);
	if (event->news == MUX_RESET || mux_is_over(stream))
		mux_forget(&caller->mux.mux, stream);
}

/* False: the connection is no good any more. */
static bool
use_event(struct caller *caller, const struct mux_event *event)
{
	switch (event->news) {
	case MUX_OPENED:
		on_opened(caller, event->stream);
		break;
	case MUX_DATA:
		if (event->stream->keeper != NULL)
			feed(event->stream->keeper);
		else
			mux_take(&caller->mux.mux, event->stream,
			    event->stream->in.size);
		break;
	case MUX_FINISHED:
	case MUX_RESET:
		on_stream_over(caller, event);
		break;
	case MUX_PONG:
		mux_link_pong(&caller->mux);
		break;
	case MUX_BROKEN:
		log_warn(LOG_RPC, "multiplexing is broken", "from=%s",
		    caller->link->remote);
		return (false);
	case MUX_GO_AWAY:
	case MUX_NOTHING:
		break;
	}
	return (true);
}

static void
on_mux_bytes(struct link *link)
{
	struct caller *caller = link->keeper;
	struct reader in = reader(buf_slice(&link->in));
	struct mux_event event;

	do {
		event = mux_next(&caller->mux.mux, &in);
		if (!use_event(caller, &event)) {
			caller_end(caller);
			return;
		}
	} while (event.news != MUX_NOTHING);
	buf_drop_front(&link->in, link->in.size - in.rest.size);
	/* Pings and refusals of one that reads nothing would pile up. */
	if (link_waiting(link) + caller->mux.mux.out.size >
	    MUX_OUT_BYTES_HIGH) {
		link_pause(link, true);
		link->was_full = true;
	}
	push(caller);
}

static void
on_mux_room(struct link *link)
{
	link_pause(link, false);
}

static void
on_mux_timer(struct link *link)
{
	struct caller *caller = link->keeper;

	if (mux_link_tick(&caller->mux))
		return;
	log_debug(LOG_RPC, "keepalive failed", "from=%s", link->remote);
	caller_end(caller);
}

static void
on_end(struct link *link, const char *why)
{
	(void)why;
	caller_free(link->keeper);
}

/* --- A connection without. --- */

static void
on_plain_bytes(struct link *link)
{
	struct caller *caller = link->keeper;
	struct served *one = caller->plain;

	if (!read_calls(one))
		one->is_ending = true;
	if (one->is_ending)
		end_plain(one);
	else if (one->ask != 0)
		link_pause(link, true);
}

static void
on_plain_timer(struct link *link)
{
	caller_end(link->keeper);
}

static const struct link_use mux_use = {
	.on_bytes = on_mux_bytes,
	.on_room = on_mux_room,
	.on_timer = on_mux_timer,
	.on_end = on_end,
};

static const struct link_use plain_use = {
	.on_bytes = on_plain_bytes,
	.on_timer = on_plain_timer,
	.on_end = on_end,
};

void
served_begin(struct net *net, struct link *link, bool is_mux)
{
	struct caller *caller = xcalloc(1, sizeof(*caller));

	caller->net = net;
	caller->link = link;
	caller->is_mux = is_mux;
	link_give(link, is_mux ? &mux_use : &plain_use, caller);
	if (is_mux)
		mux_link_init(&caller->mux, link, false);
	else
		caller->plain = served_new(caller, NULL);
	if (link->in.size > 0)
		link->use->on_bytes(link);
}
