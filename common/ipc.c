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
#define RECONNECT_MS	 20
#define RECONNECT_MAX_MS 100
#define SOCKET_BUFFER	 (1024 * 1024)
#define KEPT_BUFFER_MAX	 (256 * 1024)

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

void
edge_hello(struct edge *e, uint8_t flags)
{
	struct buf frame = { 0 };
	size_t begun = frame_begin(&frame);

	frame_end(&frame, begun, FRAME_HELLO, flags, 0, 0);
	(void)batch_send(e, buf_slice(&frame));
	buf_deinit(&frame);
}

void
edge_empty(struct edge *e)
{
	e->out_start = 0;
	buf_reset(&e->out);
	if (e->out.capacity > KEPT_BUFFER_MAX)
		buf_deinit(&e->out);
}

/* What has left makes room, even where the queue is never empty: a peer may
 * read just so much of it. */
static void
queue_compact(struct edge *e)
{
	if (e->out_start < KEPT_BUFFER_MAX || e->out_start < edge_queue_size(e))
		return;
	buf_drop_front(&e->out, e->out_start);
	e->out_start = 0;
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
			edge_liveness(e);
			ev_io_start(e->config.loop, &e->writable);
			break;
		}
		e->out_start += size;
	}
	if (edge_queue_size(e) == 0)
		edge_empty(e);
	queue_compact(e);
	if (e->is_full && edge_has_room(e) && !ev_is_active(&e->more))
		ev_timer_start(e->config.loop, &e->more);
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int events)
{
	struct edge *e = w->data;

	(void)events;
	ev_io_stop(loop, w);
	e->is_blocked = false;
	edge_liveness(e);
}

void
edge_liveness(struct edge *e)
{
	bool is_wanted =
	    edge_is_up(e) && (e->is_expecting || e->is_blocked ||
				 e->asks.count > 0 || e->calls.count > 0);

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

void
edge_lost(struct edge *e)
{
	e->peer_epoch = 0;
	edge_empty(e);
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
		edge_lost(e);
}

void
edge_found(struct edge *e, uint64_t epoch)
{
	if (edge_is_up(e))
		edge_lost(e);
	if (e->other_table != 0 && e->is_other_told)
		log_info(LOG_NAME, "The peer is of our build again", "peer=%s",
		    daemon_name(e->config.peer));
	e->other_table = 0;
	e->is_other_told = false;
	e->peer_epoch = epoch;
	e->hellos_in_vain = 0;
	ev_timer_stop(e->config.loop, &e->hello);
	edge_liveness(e);
	log_debug(
	    LOG_NAME, "Edge is up", "peer=%s", daemon_name(e->config.peer));
	e->config.on_peer(e->config.daemon, e, true);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop;
	(void)events;
	edge_read(w->data);
}

static void
on_more(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	edge_read(w->data);
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
	if (e->config.is_binder)
		return;
	/* Only what a connection has carried counts: one that is given up
	 * before its first word leaves the binder's socket taken for good
	 * (ipc_guard.h). */
	if (nn_get_statistic(e->socket, NN_STAT_CURRENT_CONNECTIONS) == 0) {
		e->hellos_in_vain = 0;
		return;
	}
	if (++e->hellos_in_vain <= HELLOS_IN_VAIN)
		return;
	e->hellos_in_vain = 0;
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
	edge_hello(e, FRAME_WANTS_ANSWER);
	edge_refuse_asks(e);
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
	ev_timer_init(&e->more, on_more, 0, 0);
	ev_timer_init(&e->hello, on_hello_timer, 0, HELLO_FIRST_S);
	ev_timer_init(&e->liveness, on_liveness, 0, LIVENESS_S);
	e->readable.data = e->writable.data = e;
	e->hello.data = e->liveness.data = e->more.data = e;
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
	violations_init(e);
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
	ev_timer_stop(e->config.loop, &e->more);
	edge_read_end(e);
	nn_close(e->socket);
	violations_deinit(e);
	buf_deinit(&e->out);
	buf_deinit(&e->joining);
	free(e);
}
