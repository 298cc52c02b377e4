/*
 * DNS over TCP: messages with their size before them (RFC 1035 4.2.2), many a
 * connection, answered in the order their answers are known (RFC 7766 7).
 *
 * Bounds  connections (who was quiet longest makes room), open questions and
 *         unread answers of each, and the time between whole messages
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnsd.h"
#include "limits.h"
#include "xmalloc.h"

#define ACCEPTS_A_TURN 32
#define READ_BYTES     4096U
#define PREFIX_BYTES   2U

struct tcp_conn {
	TAILQ_ENTRY(tcp_conn) link; /* unless it is closed */
	struct dnsd *dnsd;	    /* lent */
	int fd;			    /* -1: closed, but answers are held */
	ev_io watcher;
	ev_timer idle;
	struct buf in;
	struct buf out;
	size_t held;	 /* questions that wait */
	bool is_stalled; /* there is more in `in`, but no room for answers */
};

static void
conn_free_if_unused(struct tcp_conn *c)
{
	if (c->fd >= 0 || c->held > 0)
		return;
	buf_deinit(&c->in);
	buf_deinit(&c->out);
	free(c);
}

static void
conn_close(struct tcp_conn *c)
{
	struct dnsd *d = c->dnsd;

	assert(c->fd >= 0);
	ev_io_stop(d->daemon->loop, &c->watcher);
	ev_timer_stop(d->daemon->loop, &c->idle);
	TAILQ_REMOVE(&d->conns, c, link);
	d->conn_count--;
	close(c->fd);
	c->fd = -1;
	conn_free_if_unused(c);
}

/* Something whole came or went: it is not idle. */
static void
conn_touch(struct tcp_conn *c)
{
	TAILQ_REMOVE(&c->dnsd->conns, c, link);
	TAILQ_INSERT_TAIL(&c->dnsd->conns, c, link);
	ev_timer_again(c->dnsd->daemon->loop, &c->idle);
}

static bool
has_room(const struct tcp_conn *c)
{
	return (
	    c->out.size < DNS_TCP_OUT_BYTES && c->held < DNS_TCP_WAITING_MAX);
}

/* What was stalled goes on as soon as the loop comes round. */
static void
conn_watch(struct tcp_conn *c)
{
	int events = 0;

	if (c->out.size > 0 || (c->is_stalled && has_room(c)))
		events |= EV_WRITE;
	if (has_room(c))
		events |= EV_READ;
	if (events == (c->watcher.events & (EV_READ | EV_WRITE)))
		return;
	ev_io_stop(c->dnsd->daemon->loop, &c->watcher);
	ev_io_set(&c->watcher, c->fd, events);
	if (events != 0)
		ev_io_start(c->dnsd->daemon->loop, &c->watcher);
}

/* False, and closed, when the peer is gone. */
static bool
conn_write(struct tcp_conn *c)
{
	while (c->out.size > 0) {
		ssize_t size =
		    send(c->fd, c->out.data, c->out.size, MSG_NOSIGNAL);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			break;
		if (size < 0) {
			conn_close(c);
			return (false);
		}
		buf_drop_front(&c->out, (size_t)size);
		if (c->out.size == 0)
			conn_touch(c);
	}
	return (true);
}

static void
conn_queue(struct tcp_conn *c, struct slice message)
{
	buf_put_be16(&c->out, (uint16_t)message.size);
	buf_put_slice(&c->out, message);
}

void
tcp_peer(const struct tcp_conn *c, struct sockaddr_storage *peer)
{
	socklen_t size = sizeof(*peer);

	if (getpeername(c->fd, (struct sockaddr *)peer, &size) != 0)
		peer->ss_family = AF_UNSPEC;
}

/* Every whole message that is there, as long as there is room for answers. */
static void
conn_take(struct tcp_conn *c)
{
	struct asker asker = { .conn = c };
	struct dnsd *d = c->dnsd;
	size_t at = 0;

	while (c->in.size - at >= PREFIX_BYTES && has_room(c)) {
		const uint8_t *data = c->in.data + at;
		size_t size = (size_t)data[0] << 8 | data[1], reply;

		if (c->in.size - at - PREFIX_BYTES < size)
			break;
		reply = serve(
		    d, slice(data + PREFIX_BYTES, size), &asker, d->message);
		if (reply > 0)
			conn_queue(c, slice(d->message, reply));
		at += PREFIX_BYTES + size;
	}
	c->is_stalled = !has_room(c);
	if (at > 0) {
		buf_drop_front(&c->in, at);
		conn_touch(c);
	}
}

static void
conn_go_on(struct tcp_conn *c)
{
	conn_take(c);
	if (conn_write(c))
		conn_watch(c);
}

static void
conn_read(struct tcp_conn *c)
{
	ssize_t size;

	buf_reserve(&c->in, READ_BYTES);
	size = recv(c->fd, &c->in.data[c->in.size], READ_BYTES, 0);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		conn_close(c);
		return;
	}
	c->in.size += (size_t)size;
	conn_go_on(c);
}

static void
on_ready(struct ev_loop *loop, ev_io *w, int events)
{
	struct tcp_conn *c = w->data;

	(void)loop;
	serve_begin(c->dnsd);
	if (events & EV_READ)
		conn_read(c);
	else
		conn_go_on(c);
}

static void
on_idle(struct ev_loop *loop, ev_timer *w, int events)
{
	struct tcp_conn *c = w->data;

	(void)loop;
	(void)events;
	if (c->held > 0)
		conn_touch(c);
	else
		conn_close(c);
}

static void
conn_new(struct dnsd *d, int fd)
{
	struct tcp_conn *c;
	int on = 1;

	if (d->conn_count >= DNS_TCP_CONNS_MAX)
		conn_close(TAILQ_FIRST(&d->conns));
	c = xcalloc(1, sizeof(*c));
	c->dnsd = d;
	c->fd = fd;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	ev_io_init(&c->watcher, on_ready, fd, EV_READ);
	ev_timer_init(&c->idle, on_idle, 0, DNS_TCP_IDLE_MS / 1e3);
	c->watcher.data = c->idle.data = c;
	TAILQ_INSERT_TAIL(&d->conns, c, link);
	d->conn_count++;
	ev_io_start(d->daemon->loop, &c->watcher);
	ev_timer_again(d->daemon->loop, &c->idle);
}

static void
on_accept(struct ev_loop *loop, ev_io *w, int events)
{
	struct tcp_listener *l = w->data;

	(void)loop;
	(void)events;
	for (size_t i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd =
		    accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			break;
		conn_new(l->dnsd, fd);
	}
}

/* --- Late answers. --- */

void
tcp_hold(struct tcp_conn *c)
{
	c->held++;
}

void
tcp_reply(struct dnsd *d, struct tcp_conn *c, struct slice message)
{
	(void)d;
	assert(c->held > 0);
	if (c->fd >= 0)
		conn_queue(c, message);
}

void
tcp_release(struct dnsd *d, struct tcp_conn *c)
{
	(void)d;
	assert(c->held > 0);
	c->held--;
	if (c->fd < 0)
		conn_free_if_unused(c);
	else if (conn_write(c))
		conn_watch(c);
}

/* --- Opening. --- */

void
tcp_open(struct dnsd *d, const char *address, int port)
{
	struct tcp_listener *l = &d->tcp[d->tcp_count++];

	l->dnsd = d;
	ev_io_init(
	    &l->watcher, on_accept, listen_tcp(address, port, "DNS"), EV_READ);
	l->watcher.data = l;
}

void
tcp_start(struct dnsd *d)
{
	for (size_t i = 0; i < d->tcp_count; i++)
		ev_io_start(d->daemon->loop, &d->tcp[i].watcher);
}
