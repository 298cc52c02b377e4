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
#include <inttypes.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "ipc_edge.h"
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
/* Of a peer from another build: how often it is told, and for how long who asks
 * waits for a successor, as an upgrade brings one. */
#define OTHER_BUILD_TOLD SECONDS(60)
#define OTHER_BUILD_HOLD SECONDS(7)

static void hello_start(struct edge *);

bool
edge_is_up(const struct edge *e)
{
	return (e->peer_epoch != 0);
}

bool
edge_is_connected(const struct edge *e)
{
	return (edge_is_up(e) &&
		nn_get_statistic(e->socket, NN_STAT_CURRENT_CONNECTIONS) > 0);
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

void
edge_violation(struct edge *e, const char *what)
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
		.table_hash = e->table,
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

void
edge_liveness(struct edge *e)
{
	bool is_wanted =
	    edge_is_up(e) &&
	    (e->is_expecting || e->asks.count > 0 || e->calls.count > 0);

	if (is_wanted && !ev_is_active(&e->liveness))
		ev_timer_again(e->config.loop, &e->liveness);
	else if (!is_wanted)
		ev_timer_stop(e->config.loop, &e->liveness);
}

void
edge_expect(struct edge *e, bool is_waiting)
{
	e->is_expecting = is_waiting;
	edge_liveness(e);
}

/* --- Loss of the peer. --- */

static void
peer_lost(struct edge *e)
{
	e->peer_epoch = 0;
	queue_empty(e);
	buf_deinit(&e->joining);
	calls_abandon(e);
	e->config.on_peer(e->config.daemon, e, false);
	asks_fail(e, ERR_PEER_GONE);
	edge_liveness(e);
	hello_start(e);
}

static void
on_liveness(struct ev_loop *loop, ev_timer *w, int events)
{
	struct edge *e = w->data;

	(void)loop;
	(void)events;
	if (edge_is_up(e) && !edge_is_connected(e))
		peer_lost(e);
}

static void
peer_found(struct edge *e, uint64_t epoch)
{
	if (edge_is_up(e))
		peer_lost(e);
	if (e->other_table != 0)
		log_info(LOG_NAME, "The peer is of our build again", "peer=%s",
		    daemon_name(e->config.peer));
	e->other_table = 0;
	e->peer_epoch = epoch;
	e->hellos_in_vain = 0;
	ev_timer_stop(e->config.loop, &e->hello);
	edge_liveness(e);
	log_debug(
	    LOG_NAME, "Edge is up", "peer=%s", daemon_name(e->config.peer));
	e->config.on_peer(e->config.daemon, e, true);
}

/* --- Receiving. --- */

static void
on_frame(struct edge *e, const struct frame *frame)
{
	switch ((enum frame_kind)frame->head.kind) {
	case FRAME_CALL:
	case FRAME_NOTICE:
		calls_receive(e, frame);
		break;
	case FRAME_ANSWER:
	case FRAME_REFUSAL:
		asks_receive(e, frame);
		break;
	case FRAME_CANCEL:
		calls_cancel(e, frame);
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
		edge_violation(e, "joined frame too large");
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
			edge_violation(e, "malformed frame");
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

/* --- A peer from another build. --- */

bool
edge_is_refused(const struct edge *e)
{
	return (e->other_table != 0 &&
		instant_since(instant_now(), e->other_since).ns >=
		    OTHER_BUILD_HOLD.ns);
}

static void
other_build_log(struct edge *e)
{
	log_error(LOG_NAME,
	    "Peer refused: built from another method table; restart both from "
	    "the same build",
	    "self=%s table=%08" PRIx32 " peer=%s peer_table=%08" PRIx32,
	    daemon_name(e->config.self), e->table, daemon_name(e->config.peer),
	    e->other_table);
}

/* One of two daemons was replaced: neither would understand the other. It is
 * no trespass, and ends when the other one is replaced, too. */
static void
other_build(struct edge *e, const struct batch_head *head)
{
	struct instant now = instant_now();

	if (edge_is_up(e) && head->from_epoch != e->peer_epoch)
		peer_lost(e);
	if (e->other_table != head->table_hash) {
		if (e->other_table == 0)
			e->other_since = now;
		e->other_table = head->table_hash;
		e->other_told.ns = 0;
	}
	if (e->other_told.ns == 0 ||
	    instant_since(now, e->other_told).ns >= OTHER_BUILD_TOLD.ns) {
		other_build_log(e);
		e->other_told = now;
	}
	if (edge_is_refused(e) && e->asks.count > 0) {
		queue_empty(e);
		asks_fail(e, ERR_OTHER_BUILD);
	}
}

static void
batch_receive(struct edge *e, struct slice message)
{
	struct reader rd = reader(message);
	struct batch_head head;

	if (batch_head_read(&rd, &head) != ERR_OK || head.from_epoch == 0) {
		edge_violation(e, "malformed batch");
		return;
	}
	if (head.table_hash != e->table) {
		other_build(e, &head);
		return;
	}
	if (head.to_epoch != e->epoch && !is_hello(rd)) {
		/* Meant for who was here before us: it learns who is here now,
		 * lest two that have nothing to say never find out. */
		hello_send(e, 0);
		return;
	}
	if (head.from_epoch != e->peer_epoch)
		peer_found(e, head.from_epoch);
	if (head.to_epoch != 0 && head.to_epoch != e->epoch)
		hello_send(e, 0);
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

static void
epoch_choose(struct edge *e)
{
	e->epoch = 0;
	while (e->epoch == 0)
		if (getrandom(&e->epoch, sizeof(e->epoch), 0) < 0)
			fatal("no randomness: %s", strerror(errno));
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
	/* It may only have been slow, have heard us and have sent its first
	 * frames already: they go with this connection. A new epoch tells it
	 * to begin anew. */
	epoch_choose(e);
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
	e->table = method_table_hash();
	epoch_choose(e);
	e->last_id = e->epoch << 16;
	socket_open(e);
	watchers_start(e);
	return (e);
}

void
edge_free(struct edge *e)
{
	if (e == NULL)
		return;
	asks_deinit(e);
	calls_deinit(e);
	ev_io_stop(e->config.loop, &e->readable);
	ev_io_stop(e->config.loop, &e->writable);
	ev_timer_stop(e->config.loop, &e->hello);
	ev_timer_stop(e->config.loop, &e->liveness);
	nn_close(e->socket);
	buf_deinit(&e->out);
	buf_deinit(&e->joining);
	free(e);
}
