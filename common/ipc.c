/*
 * One end of an edge; see ipc.h for what it promises, ipc_frame.h for bytes.
 *
 * Life of a connection: both ends say HELLO until each knows the other's
 * epoch; then frames flow. A loss (no connection left, or a new epoch) fails
 * every open question and empties the queue, so nothing meant for the dead
 * reaches its successor. What is asked while the peer is away waits in the
 * queue until it is back or the deadline passes.
 */
#include <assert.h>
#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "ipc.h"
#include "ipc_frame.h"
#include "limits.h"
#include "log.h"
#include "xmalloc.h"

#define LOG_NAME	 "ipc"
#define HELLO_FIRST_S	 0.004
#define HELLO_SLOWEST_S	 0.2
#define HELLOS_IN_VAIN	 4 /* then connect anew: a PAIR may be a zombie */
#define LIVENESS_S	 0.2
#define RECEIVES_A_TURN	 16
#define RECONNECT_MS	 20
#define RECONNECT_MAX_MS 100
#define SOCKET_BUFFER	 (1024 * 1024)
#define KEPT_BUFFER_MAX	 (256 * 1024)
#define SPARE_CALLS_MAX	 64

struct ask {
	struct idmap_node node;
	struct edge *edge; /* lent */
	ev_timer deadline;
	enum err failure; /* what the deadline means */
	answer_fn *done;
	void *arg;
};

struct edge {
	struct edge_config config;
	char path[128];
	int socket;
	int endpoint;
	uint64_t epoch;
	uint64_t peer_epoch; /* 0 while it is away */
	uint64_t last_id;
	struct buf out; /* frames waiting; from out_start on */
	size_t out_start;
	struct buf joining; /* pieces of a frame whose end has not come */
	struct idmap asks;  /* struct ask */
	struct idmap lost;  /* asks of a lost peer, not yet told so */
	struct idmap calls; /* struct call */
	struct call *spare; /* linked by node.next */
	unsigned spare_count;
	unsigned hellos_in_vain;
	unsigned violations;
	bool is_blocked; /* nanomsg takes no more; wait for NN_SNDFD */
	ev_io readable;
	ev_io writable;
	ev_timer hello;
	ev_timer liveness;
};

static void hello_start(struct edge *);

bool
edge_is_up(const struct edge *e)
{
	return (e->peer_epoch != 0);
}

enum daemon_id
edge_peer(const struct edge *e)
{
	return (e->config.peer);
}

size_t
edge_queue_size(const struct edge *e)
{
	return (e->out.size - e->out_start);
}

static void
violation(struct edge *e, const char *what)
{
	if (e->violations++ % 1000 == 0)
		log_error(LOG_NAME, "Violation on an edge",
		    "peer=%s what=\"%s\" count=%u", daemon_name(e->config.peer),
		    what, e->violations);
}

/* --- Sending. --- */

/* One message; false if nanomsg does not take it now. */
static bool
batch_send(struct edge *e, struct slice frames)
{
	struct batch_head head = {
		.magic = BATCH_MAGIC,
		.table_hash = method_table_hash(),
		.from_epoch = e->epoch,
		.to_epoch = e->peer_epoch,
	};
	uint8_t *message = nn_allocmsg(sizeof(head) + frames.size, 0);

	if (message == NULL)
		return (false);
	memcpy(message, &head, sizeof(head));
	memcpy(message + sizeof(head), frames.data, frames.size);
	if (nn_send(e->socket, &message, NN_MSG, NN_DONTWAIT) >= 0)
		return (true);
	nn_freemsg(message);
	return (false);
}

static void
hello_send(struct edge *e, uint8_t flags)
{
	struct buf frame = { 0 };
	size_t begun = frame_begin(&frame);

	frame_end(&frame, begun, FRAME_HELLO, flags, 0, 0);
	(void)batch_send(e, buf_slice(&frame));
	buf_deinit(&frame);
}

static void
queue_empty(struct edge *e)
{
	e->out_start = 0;
	buf_reset(&e->out);
	if (e->out.capacity > KEPT_BUFFER_MAX)
		buf_deinit(&e->out);
}

void
edge_flush(struct edge *e)
{
	while (edge_is_up(e) && !e->is_blocked && edge_queue_size(e) > 0) {
		struct slice waiting =
		    slice_tail(buf_slice(&e->out), e->out_start);
		size_t size = frames_fit(waiting, IPC_MESSAGE_BYTES_MAX);

		if (!batch_send(e, slice_head(waiting, size))) {
			e->is_blocked = true;
			ev_io_start(e->config.loop, &e->writable);
			return;
		}
		e->out_start += size;
	}
	if (edge_queue_size(e) == 0)
		queue_empty(e);
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int events)
{
	struct edge *e = w->data;

	(void)events;
	ev_io_stop(loop, w);
	e->is_blocked = false;
}

/* --- Questions of ours. --- */

static void
liveness_update(struct edge *e)
{
	bool is_wanted =
	    edge_is_up(e) && (e->asks.count > 0 || e->calls.count > 0);

	if (is_wanted && !ev_is_active(&e->liveness))
		ev_timer_again(e->config.loop, &e->liveness);
	else if (!is_wanted)
		ev_timer_stop(e->config.loop, &e->liveness);
}

static struct ask *
ask_take(struct edge *e, uint64_t id)
{
	struct ask *ask = idmap_take(&e->asks, id);

	return (ask != NULL ? ask : idmap_take(&e->lost, id));
}

/* The question has ended: forget it, then tell the asker. */
static void
ask_end(struct ask *ask, const struct answer *answer)
{
	struct edge *e = ask->edge;
	answer_fn *done = ask->done;
	void *arg = ask->arg;

	ask_take(e, ask->node.id);
	ev_timer_stop(e->config.loop, &ask->deadline);
	free(ask);
	done(arg, answer);
}

static void
ask_fail(struct ask *ask, enum err err)
{
	struct answer answer = { .err = err,
		.text = slice_of_text(err_text(err)) };

	ask_end(ask, &answer);
}

static void
cancel_send(struct edge *e, uint64_t id)
{
	size_t begun;

	if (!edge_is_up(e))
		return;
	begun = frame_begin(&e->out);
	frame_end(&e->out, begun, FRAME_CANCEL, 0, 0, id);
}

static void
on_deadline(struct ev_loop *loop, ev_timer *w, int events)
{
	struct ask *ask = w->data;

	(void)loop;
	(void)events;
	if (ask->failure == ERR_TIMEOUT)
		cancel_send(ask->edge, ask->node.id);
	ask_fail(ask, ask->failure);
}

static struct ask *
ask_new(struct edge *e, struct duration deadline, answer_fn *done, void *arg)
{
	struct ask *ask = xcalloc(1, sizeof(*ask));
	double seconds = duration_seconds(deadline);

	ask->node.id = ++e->last_id;
	ask->edge = e;
	ask->failure = ERR_TIMEOUT;
	ask->done = done;
	ask->arg = arg;
	if (edge_queue_size(e) > IPC_QUEUE_BYTES_MAX ||
	    e->asks.count >= IPC_ASKS_MAX) {
		ask->failure = ERR_FULL;
		seconds = 0;
	}
	ev_timer_init(&ask->deadline, on_deadline, seconds, 0);
	ask->deadline.data = ask;
	ev_timer_start(e->config.loop, &ask->deadline);
	idmap_put(&e->asks, &ask->node);
	liveness_update(e);
	return (ask);
}

static void
ask_put(struct edge *e, struct ask *ask, enum method method,
    const struct type *type, const void *request, struct slice bytes,
    struct duration deadline)
{
	size_t begun;

	if (ask->failure != ERR_TIMEOUT)
		return;
	begun = frame_begin(&e->out);
	buf_put(&e->out, &deadline.ns, sizeof(deadline.ns));
	if (type != NULL)
		type_encode(type, request, &e->out);
	else
		buf_put_slice(&e->out, bytes);
	frame_end(&e->out, begun, FRAME_CALL, 0, method, ask->node.id);
}

uint64_t
edge_ask(struct edge *e, enum method method, const struct type *type,
    const void *request, struct duration deadline, answer_fn *done, void *arg)
{
	struct ask *ask = ask_new(e, deadline, done, arg);

	ask_put(e, ask, method, type, request, (struct slice){ 0 }, deadline);
	return (ask->node.id);
}

uint64_t
edge_ask_bytes(struct edge *e, enum method method, struct slice request,
    struct duration deadline, answer_fn *done, void *arg)
{
	struct ask *ask = ask_new(e, deadline, done, arg);

	ask_put(e, ask, method, NULL, NULL, request, deadline);
	return (ask->node.id);
}

void
edge_cancel(struct edge *e, uint64_t id)
{
	struct ask *ask = ask_take(e, id);

	if (ask == NULL)
		return;
	ev_timer_stop(e->config.loop, &ask->deadline);
	cancel_send(e, id);
	free(ask);
}

enum err
edge_tell(struct edge *e, enum method method, const struct type *type,
    const void *notice)
{
	size_t begun;

	if (!edge_is_up(e))
		return (ERR_PEER_GONE);
	if (edge_queue_size(e) > IPC_QUEUE_BYTES_MAX)
		return (ERR_FULL);
	begun = frame_begin(&e->out);
	type_encode(type, notice, &e->out);
	frame_end(&e->out, begun, FRAME_NOTICE, 0, method, 0);
	return (ERR_OK);
}

/* --- Questions of the peer's. --- */

static struct call *
call_new(struct edge *e)
{
	struct call *call = e->spare;

	if (call == NULL)
		return (xcalloc(1, sizeof(*call)));
	e->spare = (struct call *)call->node.next;
	e->spare_count--;
	call->node.next = NULL;
	return (call);
}

static void
call_free(struct call *call)
{
	struct edge *e = call->edge;
	struct arena arena = call->arena;
	struct buf stamps = call->stamps;

	if (e->spare_count >= SPARE_CALLS_MAX) {
		arena_deinit(&arena);
		buf_deinit(&stamps);
		free(call);
		return;
	}
	arena_reset(&arena);
	buf_reset(&stamps);
	*call = (struct call){ .arena = arena, .stamps = stamps };
	call->node.next = (struct idmap_node *)e->spare;
	e->spare = call;
	e->spare_count++;
}

/* The answer leaves; the call is done. */
static void
call_end(struct call *call)
{
	struct edge *e = call->edge;

	if (!call->is_orphan)
		idmap_take(&e->calls, call->node.id);
	call_free(call);
	liveness_update(e);
}

static size_t
answer_begin(struct call *call)
{
	struct buf *out = &call->edge->out;
	size_t begun = frame_begin(out);

	answer_head_put(out,
	    (const struct stamp *)(const void *)call->stamps.data,
	    call->stamps.size / sizeof(struct stamp));
	return (begun);
}

void
call_answer(struct call *call, const struct type *type, const void *reply)
{
	assert(call->node.id != 0);
	if (!call->is_orphan) {
		struct buf *out = &call->edge->out;
		size_t begun = answer_begin(call);

		type_encode(type, reply, out);
		frame_end(
		    out, begun, FRAME_ANSWER, 0, call->method, call->node.id);
	}
	call_end(call);
}

void
call_answer_bytes(struct call *call, struct slice reply)
{
	assert(call->node.id != 0);
	if (!call->is_orphan) {
		struct buf *out = &call->edge->out;
		size_t begun = answer_begin(call);

		buf_put_slice(out, reply);
		frame_end(
		    out, begun, FRAME_ANSWER, 0, call->method, call->node.id);
	}
	call_end(call);
}

void
call_fail_text(struct call *call, struct slice text)
{
	assert(call->node.id != 0);
	if (!call->is_orphan) {
		struct buf *out = &call->edge->out;
		size_t begun = frame_begin(out);

		buf_put_slice(out, text);
		frame_end(
		    out, begun, FRAME_REFUSAL, 0, call->method, call->node.id);
	}
	call_end(call);
}

void
call_fail(struct call *call, const char *format, ...)
{
	char text[1024];
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert(size >= 0);
	if ((size_t)size >= sizeof(text))
		size = sizeof(text) - 1;
	call_fail_text(call, slice(text, (size_t)size));
}

void
call_stamp(struct call *call, uint32_t bucket, uint64_t generation)
{
	struct stamp stamp;

	memset(&stamp, 0, sizeof(stamp));
	stamp.bucket = bucket;
	stamp.generation = generation;
	buf_put(&call->stamps, &stamp, sizeof(stamp));
}

/* The asker has given up or is gone. */
static void
call_abandon(struct edge *e, struct call *call)
{
	idmap_take(&e->calls, call->node.id);
	call->is_orphan = true;
	if (call->on_cancel == NULL)
		return; /* its keeper answers into the void */
	call->on_cancel(call);
	call_free(call);
}

/* --- Loss of the peer. --- */

static void
peer_lost(struct edge *e)
{
	struct ask *ask;
	struct call *call;

	e->peer_epoch = 0;
	queue_empty(e);
	buf_deinit(&e->joining);
	while ((call = idmap_any(&e->calls)) != NULL)
		call_abandon(e, call);
	e->config.on_peer(e->config.daemon, e, false);
	/* Those who ask again from their callback wait for the next peer. */
	e->lost = e->asks;
	idmap_init(&e->asks);
	while ((ask = idmap_any(&e->lost)) != NULL)
		ask_fail(ask, ERR_PEER_GONE);
	idmap_deinit(&e->lost);
	liveness_update(e);
	hello_start(e);
}

static void
on_liveness(struct ev_loop *loop, ev_timer *w, int events)
{
	struct edge *e = w->data;

	(void)loop;
	(void)events;
	if (nn_get_statistic(e->socket, NN_STAT_CURRENT_CONNECTIONS) == 0 &&
	    edge_is_up(e))
		peer_lost(e);
}

static void
peer_found(struct edge *e, uint64_t epoch)
{
	if (edge_is_up(e))
		peer_lost(e);
	e->peer_epoch = epoch;
	e->hellos_in_vain = 0;
	ev_timer_stop(e->config.loop, &e->hello);
	liveness_update(e);
	log_debug(
	    LOG_NAME, "Edge is up", "peer=%s", daemon_name(e->config.peer));
	e->config.on_peer(e->config.daemon, e, true);
}

/* --- Receiving. --- */

/* May this method come over this edge? */
static bool
is_allowed(const struct edge *e, enum frame_kind kind, enum method method)
{
	const struct method_row *row = &method_rows[method];

	if ((kind == FRAME_NOTICE) != (row->kind == METHOD_NOTICE))
		return (false);
	if (e->config.handlers[method] == NULL)
		return (false);
	if (e->config.self == DAEMON_catalogd || kind == FRAME_NOTICE)
		return ((row->from & FROM_BIT(e->config.peer)) != 0);
	return (row->owner == e->config.self);
}

static void
call_start(struct edge *e, struct call *call, struct slice payload)
{
	const struct type *type = method_rows[call->method].request;
	struct reader rd;
	void *request;

	call->body = arena_copy(&call->arena, payload);
	rd = reader(call->body);
	request = arena_alloc(&call->arena, type->size);
	if (type_decode(type, &rd, &call->arena, request) != ERR_OK) {
		violation(e, "request does not decode");
		if (call->node.id != 0)
			call_fail(call, "malformed request of %s",
			    method_rows[call->method].name);
		else
			call_free(call);
		return;
	}
	if (call->node.id != 0) {
		e->config.handlers[call->method](
		    e->config.daemon, call, request);
		return; /* the handler's now, and perhaps gone */
	}
	e->config.handlers[call->method](e->config.daemon, call, request);
	call_free(call);
}

static void
on_call(struct edge *e, const struct frame *frame)
{
	struct call *call;
	int64_t ns = 0;
	struct slice payload = frame->payload;

	if (!is_allowed(e, frame->head.kind, frame->head.method)) {
		violation(e, method_rows[frame->head.method].name);
		return;
	}
	if (frame->head.kind == FRAME_CALL) {
		if (payload.size < sizeof(ns) || frame->head.id == 0 ||
		    idmap_get(&e->calls, frame->head.id) != NULL) {
			violation(e, "malformed call");
			return;
		}
		memcpy(&ns, payload.data, sizeof(ns));
		payload = slice_tail(payload, sizeof(ns));
	}
	call = call_new(e);
	call->node.id = frame->head.kind == FRAME_CALL ? frame->head.id : 0;
	call->edge = e;
	call->method = frame->head.method;
	call->deadline = instant_add(instant_now(), NANOSECONDS(ns));
	if (call->node.id != 0) {
		idmap_put(&e->calls, &call->node);
		liveness_update(e);
	}
	call_start(e, call, payload);
}

static void
on_answer(struct edge *e, const struct frame *frame)
{
	struct ask *ask = idmap_get(&e->asks, frame->head.id);
	struct answer answer = { .err = ERR_REFUSED, .text = frame->payload };
	struct arena arena;

	if (ask == NULL)
		return; /* cancelled, or timed out */
	arena_init(&arena);
	if (frame->head.kind == FRAME_ANSWER &&
	    answer_read(frame->payload, &arena, &answer) != ERR_OK) {
		violation(e, "malformed answer");
		answer = (struct answer){ .err = ERR_INVALID,
			.text = slice_of_text(err_text(ERR_INVALID)) };
	}
	ask_end(ask, &answer);
	arena_deinit(&arena);
	liveness_update(e);
}

static void
on_cancel(struct edge *e, const struct frame *frame)
{
	struct call *call = idmap_get(&e->calls, frame->head.id);

	if (call != NULL)
		call_abandon(e, call);
	liveness_update(e);
}

static void
on_frame(struct edge *e, const struct frame *frame)
{
	switch ((enum frame_kind)frame->head.kind) {
	case FRAME_CALL:
	case FRAME_NOTICE:
		on_call(e, frame);
		break;
	case FRAME_ANSWER:
	case FRAME_REFUSAL:
		on_answer(e, frame);
		break;
	case FRAME_CANCEL:
		on_cancel(e, frame);
		break;
	case FRAME_HELLO:
		if (frame->head.flags & FRAME_WANTS_ANSWER)
			hello_send(e, 0);
		break;
	case FRAME_KIND_COUNT:
		break;
	}
}

/* A piece of a larger frame, or its end: *frame becomes the whole. */
static bool
frame_join(struct edge *e, struct frame *frame)
{
	bool has_more = (frame->head.flags & FRAME_MORE) != 0;

	if (!has_more && e->joining.size == 0)
		return (true);
	if (e->joining.size + frame->payload.size > IPC_JOINED_BYTES_MAX) {
		violation(e, "joined frame too large");
		buf_deinit(&e->joining);
		return (false);
	}
	buf_put_slice(&e->joining, frame->payload);
	frame->payload = buf_slice(&e->joining);
	return (!has_more);
}

static void
frames_receive(struct edge *e, struct reader *rd, uint64_t epoch)
{
	struct frame frame;

	while (rd->rest.size > 0 && e->peer_epoch == epoch) {
		if (frame_read(rd, &frame) != ERR_OK) {
			violation(e, "malformed frame");
			return;
		}
		if (!frame_join(e, &frame))
			continue;
		on_frame(e, &frame);
		buf_deinit(&e->joining);
	}
}

static bool
is_hello(struct reader rd)
{
	struct frame frame;

	return (frame_read(&rd, &frame) == ERR_OK &&
		frame.head.kind == FRAME_HELLO);
}

static void
batch_receive(struct edge *e, struct slice message)
{
	struct reader rd = reader(message);
	struct batch_head head;

	if (batch_head_read(&rd, &head) != ERR_OK || head.from_epoch == 0) {
		violation(e, "malformed batch");
		return;
	}
	if (head.table_hash != method_table_hash()) {
		violation(e, "built from another method table");
		return;
	}
	if (head.to_epoch != e->epoch && !is_hello(rd))
		return; /* meant for who was here before us */
	if (head.from_epoch != e->peer_epoch)
		peer_found(e, head.from_epoch);
	frames_receive(e, &rd, head.from_epoch);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct edge *e = w->data;

	(void)loop;
	(void)events;
	for (unsigned i = 0; i < RECEIVES_A_TURN; i++) {
		void *message;
		int size = nn_recv(e->socket, &message, NN_MSG, NN_DONTWAIT);

		if (size < 0)
			return;
		batch_receive(e, slice(message, (size_t)size));
		nn_freemsg(message);
	}
}

/* --- Coming up. --- */

static void
endpoint_open(struct edge *e)
{
	char url[sizeof(e->path) + sizeof("ipc://")];

	snprintf(url, sizeof(url), "ipc://%s", e->path);
	if (e->config.is_binder) {
		/* The folder admits; the file must let its group write. */
		mode_t mask = umask(0117);

		e->endpoint = nn_bind(e->socket, url);
		umask(mask);
	} else
		e->endpoint = nn_connect(e->socket, url);
	if (e->endpoint < 0)
		fatal("cannot open edge %s: %s", e->path, strerror(errno));
}

/* A second connector to a PAIR is never served, not even when the first has
 * gone (FIGURES.md 1): connect anew when nobody answers on a connection. */
static void
zombie_check(struct edge *e)
{
	if (e->config.is_binder || ++e->hellos_in_vain < HELLOS_IN_VAIN)
		return;
	e->hellos_in_vain = 0;
	if (nn_get_statistic(e->socket, NN_STAT_CURRENT_CONNECTIONS) == 0)
		return;
	if (nn_shutdown(e->socket, e->endpoint) == 0)
		endpoint_open(e);
}

static void
on_hello_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct edge *e = w->data;

	(void)events;
	hello_send(e, FRAME_WANTS_ANSWER);
	zombie_check(e);
	if (w->repeat < HELLO_SLOWEST_S)
		w->repeat *= 1.5;
	ev_timer_again(loop, w);
}

static void
hello_start(struct edge *e)
{
	e->hellos_in_vain = 0;
	e->hello.repeat = HELLO_FIRST_S;
	ev_timer_again(e->config.loop, &e->hello);
}

static int
descriptor_of(int socket, int option)
{
	int fd;
	size_t size = sizeof(fd);

	if (nn_getsockopt(socket, NN_SOL_SOCKET, option, &fd, &size) < 0)
		fatal("nanomsg gives no descriptor: %s", strerror(errno));
	return (fd);
}

static void
option_set(int socket, int option, int value)
{
	if (nn_setsockopt(
		socket, NN_SOL_SOCKET, option, &value, sizeof(value)) < 0)
		fatal("nanomsg refuses option %d: %s", option, strerror(errno));
}

static void
socket_open(struct edge *e)
{
	e->socket = nn_socket(AF_SP, NN_PAIR);
	if (e->socket < 0)
		fatal("cannot open a nanomsg socket: %s", strerror(errno));
	option_set(e->socket, NN_SNDBUF, SOCKET_BUFFER);
	option_set(e->socket, NN_RCVBUF, SOCKET_BUFFER);
	option_set(e->socket, NN_RECONNECT_IVL, RECONNECT_MS);
	option_set(e->socket, NN_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
	endpoint_open(e);
}

static void
watchers_start(struct edge *e)
{
	ev_io_init(&e->readable, on_readable,
	    descriptor_of(e->socket, NN_RCVFD), EV_READ);
	ev_io_init(&e->writable, on_writable,
	    descriptor_of(e->socket, NN_SNDFD), EV_READ);
	ev_timer_init(&e->hello, on_hello_timer, 0, HELLO_FIRST_S);
	ev_timer_init(&e->liveness, on_liveness, 0, LIVENESS_S);
	e->readable.data = e->writable.data = e;
	e->hello.data = e->liveness.data = e;
	ev_io_start(e->config.loop, &e->readable);
	hello_start(e);
}

struct edge *
edge_new(const struct edge_config *config)
{
	struct edge *e = xcalloc(1, sizeof(*e));

	if (strlen(config->path) >= sizeof(e->path))
		fatal("edge path too long: %s", config->path);
	e->config = *config;
	memcpy(e->path, config->path, strlen(config->path) + 1);
	e->config.path = e->path;
	while (e->epoch == 0)
		if (getrandom(&e->epoch, sizeof(e->epoch), 0) < 0)
			fatal("no randomness: %s", strerror(errno));
	e->last_id = e->epoch << 16;
	socket_open(e);
	watchers_start(e);
	return (e);
}

static void
spare_free(struct edge *e)
{
	while (e->spare != NULL) {
		struct call *call = e->spare;

		e->spare = (struct call *)call->node.next;
		arena_deinit(&call->arena);
		buf_deinit(&call->stamps);
		free(call);
	}
}

void
edge_free(struct edge *e)
{
	struct ask *ask;
	struct call *call;

	if (e == NULL)
		return;
	while ((call = idmap_any(&e->calls)) != NULL)
		call_abandon(e, call);
	while ((ask = idmap_any(&e->asks)) != NULL)
		edge_cancel(e, ask->node.id);
	ev_io_stop(e->config.loop, &e->readable);
	ev_io_stop(e->config.loop, &e->writable);
	ev_timer_stop(e->config.loop, &e->hello);
	ev_timer_stop(e->config.loop, &e->liveness);
	nn_close(e->socket);
	spare_free(e);
	idmap_deinit(&e->asks);
	idmap_deinit(&e->calls);
	buf_deinit(&e->out);
	buf_deinit(&e->joining);
	free(e);
}
