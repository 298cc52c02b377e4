/* Connections; see conn.h. */
#include <assert.h>
#include <bsd/sys/queue.h>
#include <errno.h>
#include <ev.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "access.h"
#include "ask.h"
#include "clients.h"
#include "conn.h"
#include "figures.h"
#include "httpd.h"
#include "limits.h"
#include "log.h"
#include "serve.h"
#include "xmalloc.h"

#define TICK_S		 1.0
#define OUT_BYTES_MAX	 (256 * 1024) /* then requests wait for it to leave */
#define BLOB_COPY_MAX	 (16 * 1024)  /* larger bodies are lent, not copied */
#define WRITE_TIMEOUT_MS 60000
#define LINGER_MS	 2000
/* While a request waits, so much of the next ones is read ahead. */
#define AHEAD_BYTES_MAX HTTP_HEAD_BYTES_MAX

/* What a connection is at, and how long it may be. */
/* clang-format off */
#define PHASES(X)                                                              \
	X(NONE,   0)                                                           \
	X(IDLE,   HTTP_IDLE_TIMEOUT_MS)                                        \
	X(HEAD,   HTTP_HEAD_TIMEOUT_MS)                                        \
	X(BODY,   HTTP_BODY_TIMEOUT_MS)                                        \
	X(WAIT,   0) /* as long as the question does */                        \
	X(WRITE,  WRITE_TIMEOUT_MS) /* without any progress */                 \
	X(LINGER, LINGER_MS)
/* clang-format on */

enum phase {
#define X(name, ms) PHASE_##name,
	PHASES(X)
#undef X
};

struct conn {
	TAILQ_ENTRY(conn) link;
	struct conns *conns;   /* lent */
	struct client *client; /* of its address */
	ev_io io;
	enum phase phase;
	struct instant deadline; /* of the phase */
	struct buf in;		 /* read, not taken up */
	struct intake intake;
	size_t discard; /* bytes of a body that nobody wants */
	struct buf out; /* to write, from out_sent on; then `lent` */
	size_t out_sent;
	struct blob *lent; /* a reference; its body, from lent_sent on */
	size_t lent_sent;
	struct waiter waiter;
	struct access access;
	void (*on_close)(void *arg); /* of a stream, or of an owner */
	void *on_close_arg;
	void (*on_event)(void *arg); /* of an owner */
	struct chunk_flow flow;	     /* of a body that is taken as it comes */
	uint64_t flow_left;	     /* where it is not chunked */
	bool is_flowing;
	bool is_flow_chunked;
	/* Of the request that is served: */
	struct instant begun;
	struct metric *timed; /* lent; NULL: nobody wants to know */
	const struct figures_endpoint *endpoint; /* lent, or NULL */
	bool is_http10;
	bool keeps_alive;
	bool is_waiting;
	bool is_watching; /* and nobody else needs to hear the answer */
	/* Of the connection: */
	bool is_stream;
	bool is_last;	   /* closes when all is written */
	bool is_lingering; /* all is said; reads over what still comes */
	bool has_eof;
	bool is_serving;    /* inside conn_serve() */
	bool may_have_more; /* unread bytes of a request that was answered */
};

struct conns {
	struct httpd *httpd; /* lent */
	struct clients *clients;
	TAILQ_HEAD(, conn) all;
	size_t count;
	ev_timer tick; /* runs while there are connections */
};

static void conn_free(struct conn *);
static void conn_go_on(struct conn *);

static struct ev_loop *
loop_of(const struct conn *c)
{
	return (c->conns->httpd->daemon->loop);
}

size_t
conns_count(const struct conns *all)
{
	return (all->count);
}

struct waiter *
conn_waiter(struct conn *c)
{
	return (&c->waiter);
}

struct conn *
waiter_conn(struct waiter *w)
{
	return (
	    (struct conn *)(void *)((char *)w - offsetof(struct conn, waiter)));
}

/* --- Time. --- */

static size_t
out_size(const struct conn *c)
{
	size_t size = c->out.size - c->out_sent;

	if (c->lent != NULL)
		size += c->lent->size - c->lent_sent;
	return (size);
}

static enum phase
phase_of(const struct conn *c)
{
	if (c->is_lingering)
		return (PHASE_LINGER);
	if (out_size(c) > 0)
		return (PHASE_WRITE);
	if (c->is_flowing)
		return (PHASE_BODY);
	if (c->is_waiting || c->is_stream)
		return (PHASE_WAIT);
	if (c->intake.is_in_body || c->discard > 0)
		return (PHASE_BODY);
	return (c->in.size > 0 ? PHASE_HEAD : PHASE_IDLE);
}

/* A new phase, or progress in it (then it was made PHASE_NONE), starts the
 * clock; more bytes of the same request do not. */
static void
phase_update(struct conn *c)
{
	static const int limits_ms[] = {
#define X(name, ms) ms,
		PHASES(X)
#undef X
	};
	enum phase phase = phase_of(c);

	if (phase == c->phase)
		return;
	c->phase = phase;
	c->deadline =
	    limits_ms[phase] == 0
		? INSTANT_NEVER
		: instant_add(instant_now(), MILLISECONDS(limits_ms[phase]));
}

/* --- Writing. --- */

static void
io_want(struct conn *c, int events)
{
	if (c->io.events == events && ev_is_active(&c->io))
		return;
	ev_io_stop(loop_of(c), &c->io);
	ev_io_modify(&c->io, events);
	if (events != 0)
		ev_io_start(loop_of(c), &c->io);
}

static void
sent(struct conn *c, size_t size)
{
	size_t first = c->out.size - c->out_sent;

	if (size < first) {
		c->out_sent += size;
		return;
	}
	c->out_sent = 0;
	buf_deinit(&c->out);
	if (c->lent == NULL)
		return;
	c->lent_sent += size - first;
	if (c->lent_sent == c->lent->size) {
		blob_release(c->lent);
		c->lent = NULL;
	}
}

/* One system call; false if the connection is broken. */
static bool
out_write(struct conn *c)
{
	struct iovec parts[2] = { { .iov_base = c->out.data + c->out_sent,
	    .iov_len = c->out.size - c->out_sent } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 1 };
	ssize_t size;

	if (c->lent == NULL)
		size = send(c->io.fd, parts[0].iov_base, parts[0].iov_len,
		    MSG_NOSIGNAL);
	else {
		parts[1].iov_base = c->lent->data + c->lent_sent;
		parts[1].iov_len = c->lent->size - c->lent_sent;
		message.msg_iovlen = 2;
		size = sendmsg(c->io.fd, &message, MSG_NOSIGNAL);
	}
	if (size < 0)
		return (errno == EAGAIN || errno == EINTR);
	c->phase = PHASE_NONE;
	sent(c, (size_t)size);
	return (true);
}

struct slice
conn_address(const struct conn *c)
{
	return (client_address(c->client));
}

void
conn_begin(struct conn *c, const struct head *head, bool keeps_alive)
{
	c->is_http10 = head->is_http10;
	c->keeps_alive = keeps_alive;
	c->may_have_more = head->is_chunked || head->content_length > 0;
}

void
conn_measure(struct conn *c, struct metric *timed,
    const struct figures_endpoint *endpoint)
{
	c->begun = instant_now();
	c->timed = timed;
	c->endpoint = endpoint;
}

/* The request is answered. */
static void
measured(struct conn *c)
{
	if (c->timed != NULL)
		metric_add(c->timed, milliseconds_since(c->begun));
	c->timed = NULL;
}

/* The head, with what only this connection knows. */
static void
head_put(struct conn *c, const struct blob *blob, const char *contact)
{
	struct buf *out = &c->out;
	size_t at = out->size, rest = 0;

	if (contact != NULL && blob->contact_at > 0) {
		buf_put(out, blob->data, blob->contact_at);
		buf_put_text(out, contact);
		rest = blob->contact_at + blob->contact_size;
	}
	buf_put(out, blob->data + rest, blob->head_size - rest);
	/* Date stands behind what may have grown. */
	memcpy(out->data + out->size - (blob->head_size - blob->date_at),
	    httpd_date(c->conns->httpd), DATE_BYTES);
	if (c->is_http10)
		out->data[at + 7] = '0';
	/* Said only where the version does not say it by itself. */
	if (c->keeps_alive != c->is_http10)
		return;
	out->size -= 2;
	buf_put_text(out, c->keeps_alive ? "Connection: keep-alive\r\n\r\n"
					 : "Connection: close\r\n\r\n");
}

static void
blob_put(struct conn *c, struct blob *blob, const char *contact)
{
	size_t body_size = blob->size - blob->head_size;

	assert(c->lent == NULL);
	buf_reserve(&c->out, blob->head_size + 64 +
				 (body_size <= BLOB_COPY_MAX ? body_size : 0));
	head_put(c, blob, contact);
	if (body_size <= BLOB_COPY_MAX)
		buf_put(&c->out, blob->data + blob->head_size, body_size);
	else {
		blob->references++;
		c->lent = blob;
		c->lent_sent = blob->head_size;
	}
	c->is_last |= !c->keeps_alive;
	if (c->endpoint != NULL)
		figures_answered(c->endpoint, blob);
	c->endpoint = NULL;
	if (!c->is_stream)
		measured(c);
	access_end(&c->access, c->io.fd);
}

void
conn_send(struct conn *c, struct blob *blob)
{
	blob_put(c, blob, NULL);
}

void
conn_send_stale(struct conn *c, struct blob *blob, struct duration contact)
{
	char ms[24];

	snprintf(ms, sizeof(ms), "%lld", (long long)(contact.ns / 1000000));
	blob_put(c, blob, ms);
}

void
conn_log_begin(struct conn *c, const struct head *head)
{
	access_begin(&c->access, head);
}

void
conn_log_error(const struct conn *c, struct slice why)
{
	access_error(&c->access, c->io.fd, why);
}

/* Go writes these without Date, and closes. */
static void
refuse(struct conn *c, enum refusal refusal)
{
	buf_printf(&c->out,
	    "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Connection: close\r\n\r\n%s",
	    refusal_status(refusal), refusal_text(refusal));
	c->is_last = c->may_have_more = true;
}

/* --- Serving. --- */

static bool
may_serve(const struct conn *c)
{
	return (!c->is_waiting && !c->is_last && !c->is_stream &&
		c->lent == NULL && out_size(c) < OUT_BYTES_MAX);
}

/* Take up what is whole at the front; returns the bytes it took. */
static size_t
requests_take(struct conn *c, struct slice bytes)
{
	struct served served;
	size_t at = 0;

	while (at < bytes.size && may_serve(c)) {
		if (c->discard > 0) {
			size_t size = bytes.size - at;

			size = size < c->discard ? size : c->discard;
			c->discard -= size;
			at += size;
			continue;
		}
		serve(c->conns->httpd, c, &c->intake, slice_tail(bytes, at),
		    &served);
		if (served.refusal != REFUSAL_NONE) {
			refuse(c, served.refusal);
			return (bytes.size);
		}
		if (served.wants_continue) {
			buf_put_text(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
			c->intake.has_continued = true;
		}
		if (served.taken == 0)
			break;
		at += served.taken;
		c->phase = PHASE_NONE;
		c->discard = served.discard;
		c->intake = (struct intake){ 0 };
	}
	return (at);
}

/* `bytes` are c->in, or what was read just now while c->in is empty. */
static void
conn_serve(struct conn *c, struct slice bytes)
{
	bool is_kept = c->in.size > 0;
	size_t taken;

	c->is_serving = true;
	taken = requests_take(c, bytes);
	c->is_serving = false;
	if (!is_kept)
		buf_put_slice(&c->in, slice_tail(bytes, taken));
	else if (taken == c->in.size)
		buf_deinit(&c->in);
	else
		buf_drop_front(&c->in, taken);
}

/* The end: say so, then read over what still comes, lest it be answered by a
 * reset that takes our last words with it. */
static void
linger(struct conn *c)
{
	if (c->has_eof || !c->may_have_more ||
	    shutdown(c->io.fd, SHUT_WR) != 0) {
		conn_free(c);
		return;
	}
	c->is_lingering = true;
	buf_deinit(&c->in);
	phase_update(c);
	io_want(c, EV_READ);
}

static int
events_wanted(const struct conn *c)
{
	int events = 0;

	if (out_size(c) > 0)
		events |= EV_WRITE;
	if (!c->has_eof && (may_serve(c) || c->in.size < AHEAD_BYTES_MAX))
		events |= EV_READ;
	return (events);
}

/* Something was served or written: write, and decide what comes next. The
 * connection may be gone afterwards. */
static void
conn_settle(struct conn *c)
{
	for (;;) {
		size_t before = c->in.size;

		if (out_size(c) > 0 && !out_write(c)) {
			conn_free(c);
			return;
		}
		if (before == 0 || out_size(c) > 0 || !may_serve(c))
			break;
		conn_serve(c, buf_slice(&c->in));
		if (c->in.size == before && out_size(c) == 0)
			break;
	}
	if (out_size(c) == 0 && c->is_last && !c->is_stream) {
		linger(c);
		return;
	}
	if (c->has_eof && out_size(c) == 0 && !c->is_waiting) {
		conn_free(c);
		return;
	}
	phase_update(c);
	io_want(c, events_wanted(c));
	if (c->is_stream && c->on_event != NULL && out_size(c) == 0)
		c->on_event(c->on_close_arg);
}

void
conn_wait(struct conn *c)
{
	c->is_waiting = true;
}

bool
conn_is_waiting(const struct conn *c)
{
	return (c->is_waiting);
}

/* What is left of a body would be taken for the next request: it is read over,
 * or, if there is too much of it, the connection ends. */
static void
conn_disown(struct conn *c)
{
	c->on_event = c->on_close = NULL;
	c->is_watching = false;
	if (c->is_flowing && !c->is_flow_chunked &&
	    c->flow_left <= HTTP_DISCARD_BYTES_MAX)
		c->discard = (size_t)c->flow_left;
	else if (c->is_flowing)
		c->keeps_alive = false;
	c->is_flowing = false;
}

static void
conn_go_on(struct conn *c)
{
	c->is_waiting = false;
	conn_settle(c);
}

void
conn_finish(struct conn *c, struct blob *blob)
{
	assert(c->is_waiting);
	assert(!c->is_serving);
	conn_disown(c);
	conn_send(c, blob);
	conn_go_on(c);
}

/* --- Streams. --- */

void
conn_stream(struct conn *c, void (*on_close)(void *arg), void *arg)
{
	c->is_stream = true;
	c->on_close = on_close;
	c->on_close_arg = arg;
}

bool
conn_chunk(struct conn *c, struct slice data)
{
	assert(c->is_stream);
	if (out_size(c) > OUT_BYTES_MAX)
		return (false);
	if (!c->is_http10)
		buf_printf(&c->out, "%zx\r\n", data.size);
	buf_put_slice(&c->out, data);
	if (!c->is_http10)
		buf_put_text(&c->out, "\r\n");
	/* Written when the socket says it may be, so that this never ends the
	 * connection under the caller. */
	io_want(c, c->io.events | EV_WRITE);
	return (true);
}

void
conn_own(struct conn *c, void (*on_event)(void *arg),
    void (*on_close)(void *arg), void *arg)
{
	conn_wait(c);
	c->on_event = on_event;
	c->on_close = on_close;
	c->on_close_arg = arg;
}

void
conn_watch(struct conn *c)
{
	assert(c->is_waiting);
	c->is_watching = true;
}

void
conn_stream_begin(struct conn *c, struct blob *head)
{
	assert(c->is_waiting);
	c->is_waiting = false;
	c->is_stream = true;
	conn_send(c, head);
	io_want(c, c->io.events | EV_WRITE);
}

void
conn_stream_end(struct conn *c)
{
	assert(c->is_stream);
	conn_disown(c);
	measured(c);
	c->is_stream = false;
	if (!c->is_http10)
		buf_put_text(&c->out, "0\r\n\r\n");
	c->is_last |= c->is_http10;
	conn_settle(c);
}

void
conn_abort(struct conn *c)
{
	conn_disown(c);
	conn_free(c);
}

/* --- Bodies that are taken as they come. --- */

void
conn_body_begin(struct conn *c, const struct head *head)
{
	c->is_flowing = true;
	c->is_flow_chunked = head->is_chunked;
	c->flow = (struct chunk_flow){ 0 };
	c->flow_left = head->content_length;
}

void
conn_body_leave(struct conn *c)
{
	c->is_flowing = false;
}

/* How many bytes at the front of c->in were taken. */
static size_t
flow_take(struct conn *c, struct slice bytes, struct slice *data)
{
	size_t size = bytes.size;

	if (c->is_flow_chunked)
		return (chunks_flow(&c->flow, bytes, data));
	if (size > c->flow_left)
		size = (size_t)c->flow_left;
	*data = slice_head(bytes, size);
	c->flow_left -= size;
	return (size);
}

static bool
flow_is_over(const struct conn *c)
{
	return (
	    c->is_flow_chunked ? c->flow.at == FLOW_OVER : c->flow_left == 0);
}

enum conn_body
conn_body(struct conn *c, size_t most, struct buf *out)
{
	size_t at = 0, size;
	struct slice data;

	while (c->is_flowing && out->size < most) {
		size = flow_take(c, slice_tail(buf_slice(&c->in), at), &data);
		buf_put_slice(out, data);
		at += size;
		if (flow_is_over(c))
			c->is_flowing = false;
		if (size == 0)
			break;
	}
	buf_drop_front(&c->in, at);
	if (at > 0)
		c->phase = PHASE_NONE;
	phase_update(c);
	io_want(c, events_wanted(c));
	if (!c->is_flowing)
		return (CONN_BODY_OVER);
	return (c->flow.why != NULL || (c->has_eof && out->size == 0)
		    ? CONN_BODY_BROKEN
		    : CONN_BODY_MORE);
}

/* --- Reading. --- */

/* The client has closed, or half closed, its end. */
static void
on_eof(struct conn *c)
{
	c->has_eof = true;
	/* A blocking read has lost its reader. Other answers are on their way
	 * and a client may close its half early (RFC 7230 6.6). */
	if (c->is_flowing && c->on_event != NULL) {
		io_want(c, events_wanted(c));
		c->on_event(c->on_close_arg);
		return;
	}
	if (c->is_stream || c->is_lingering || c->is_watching ||
	    (c->is_waiting && asking_is_watch(&c->waiter)))
		conn_free(c);
	else
		conn_settle(c);
}

static void
on_bytes(struct conn *c, struct slice bytes)
{
	bool was_flowing = c->is_flowing;

	if (may_serve(c))
		conn_serve(c, bytes);
	else if (c->in.size == 0)
		buf_put_slice(&c->in, bytes);
	if (was_flowing) {
		phase_update(c);
		io_want(c, events_wanted(c));
		c->on_event(c->on_close_arg);
		return;
	}
	if (out_size(c) > 0 || c->is_last) {
		conn_settle(c);
		return;
	}
	phase_update(c);
	io_want(c, events_wanted(c));
}

static void
on_readable(struct conn *c)
{
	uint8_t *to = c->conns->httpd->read_buffer;
	size_t room = HTTPD_READ_BYTES;
	ssize_t size;

	if (c->in.size > 0) {
		if (c->intake.needed > c->in.size)
			buf_reserve(&c->in, c->intake.needed - c->in.size);
		else
			buf_reserve(&c->in, HTTPD_READ_BYTES / 4);
		to = c->in.data + c->in.size;
		room = c->in.capacity - c->in.size;
	}
	size = recv(c->io.fd, to, room, 0);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size < 0)
		conn_free(c);
	else if (size == 0)
		on_eof(c);
	else if (c->is_lingering)
		return;
	else if (c->in.size > 0) {
		c->in.size += (size_t)size;
		on_bytes(c, buf_slice(&c->in));
	} else
		on_bytes(c, slice(to, (size_t)size));
}

static void
on_io(struct ev_loop *loop, ev_io *w, int events)
{
	struct conn *c = w->data;

	(void)loop;
	if (events & EV_WRITE)
		conn_settle(c);
	else if (events & EV_READ)
		on_readable(c);
}

/* --- Coming and going. --- */

static void
conn_free(struct conn *c)
{
	struct conns *all = c->conns;

	assert(!c->is_serving);
	asking_forget(&c->waiter);
	if (c->on_close != NULL)
		c->on_close(c->on_close_arg);
	ev_io_stop(loop_of(c), &c->io);
	close(c->io.fd);
	clients_leave(all->clients, c->client);
	TAILQ_REMOVE(&all->all, c, link);
	if (--all->count == 0)
		ev_timer_stop(loop_of(c), &all->tick);
	buf_deinit(&c->in);
	buf_deinit(&c->out);
	access_deinit(&c->access);
	blob_release(c->lent);
	free(c);
}

static void
conn_new(struct conns *all, int fd, struct client *client)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->conns = all;
	c->client = client;
	ev_io_init(&c->io, on_io, fd, EV_READ);
	c->io.data = c;
	ev_io_start(loop_of(c), &c->io);
	TAILQ_INSERT_HEAD(&all->all, c, link);
	if (all->count++ == 0)
		ev_timer_again(loop_of(c), &all->tick);
	phase_update(c);
}

/* Time is up: say why if it was in the middle of a request. */
static void
on_late(struct conn *c)
{
	if (!c->is_flowing &&
	    (c->phase == PHASE_HEAD || c->phase == PHASE_BODY)) {
		refuse(c, REFUSAL_TOO_SLOW);
		conn_settle(c);
	} else
		conn_free(c);
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
	struct conns *all = w->data;
	struct instant now = instant_now();
	struct conn *c, *next;

	(void)loop;
	(void)events;
	for (c = TAILQ_FIRST(&all->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (instant_before(c->deadline, now))
			on_late(c);
	}
}

void
conns_add(struct conns *all, int fd, const struct sockaddr_storage *from)
{
	struct client *client = clients_enter(all->clients, from);

	if (client == NULL)
		close(fd); /* as Consul does, without a word */
	else
		conn_new(all, fd, client);
}

struct conns *
conns_new(struct httpd *h)
{
	struct conns *all = xcalloc(1, sizeof(*all));

	all->httpd = h;
	all->clients = clients_new(&h->policy.connections_max);
	TAILQ_INIT(&all->all);
	ev_timer_init(&all->tick, on_tick, TICK_S, TICK_S);
	all->tick.data = all;
	return (all);
}
