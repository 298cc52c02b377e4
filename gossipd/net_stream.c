/*
 * Streams of a pool: one message each way, then closed.
 *
 * Ours    connect, write, read the answer
 * Theirs  read, then: a ping is answered here, a push/pull by the core, a user
 *         message only handed over
 *
 * Source  memberlist net.go, handleConn, sendAndReceiveState, sendPingAndWait
 *         ForAck; wire/gossip.md 6
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "codec.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/xmalloc.h"
#include "net_parts.h"

#define READ_BYTES 65536
#define WHY_BYTES  256

/* memberlist's words. */
#define WHY_ENCRYPTED \
	"Remote state is encrypted and encryption is not configured"
#define WHY_CLEAR  "Encryption is configured but remote state is not encrypted"
#define WHY_NO_KEY "No installed keys could decrypt the message"

struct stream {
	LIST_ENTRY(stream) link;
	struct net *net; /* lent */
	bool is_ours;
	bool is_connected;
	bool is_handed_over; /* theirs: the core has it, and will answer */
	enum gossip_stream_kind kind; /* of ours */
	uint64_t id;
	struct instant begun;
	uint32_t sequence; /* of our ping */
	struct endpoint peer;
	int fd; /* owned; -1: could not be had */
	ev_io io;
	ev_timer timeout;
	struct buf in, out; /* as on the wire */
	size_t sent;
	struct stream_end end;
};

static void on_io(struct ev_loop *, ev_io *, int events);

static void
stream_free(struct stream *s)
{
	struct net *n = s->net;

	LIST_REMOVE(s, link);
	if (s->is_ours)
		n->our_count--;
	else
		n->their_count--;
	n->stream_bytes -= s->in.size;
	ev_io_stop(n->loop, &s->io);
	ev_timer_stop(n->loop, &s->timeout);
	if (s->fd >= 0)
		close(s->fd);
	buf_deinit(&s->in);
	buf_deinit(&s->out);
	free(s);
}

static void
watch(struct stream *s, int events)
{
	ev_io_stop(s->net->loop, &s->io);
	ev_io_set(&s->io, s->fd, events);
	ev_io_start(s->net->loop, &s->io);
}

/* Ends one of ours; the stream is gone. */
static void
stream_fail(struct stream *s, const char *why)
{
	const struct net_options *o = &s->net->options;

	assert(s->is_ours);
	o->handlers->failed(o->arg, s->id, slice_of_text(why));
	stream_free(s);
}

/* --- What is written. --- */

/* Sealed, the head of it (type and length) is sealed with it. */
static void
stream_seal(struct net *n, struct slice plain, struct buf *out)
{
	uint8_t head[STREAM_ENCRYPTED_BYTES] = { STREAM_TYPE_ENCRYPTED };
	size_t size = plain.size + SEAL_BYTES;

	for (size_t i = 0; i < 4; i++)
		head[1 + i] = (uint8_t)(size >> (24 - 8 * i));
	buf_put(out, head, sizeof(head));
	keyring_seal(n->options.keyring, plain, slice(head, sizeof(head)), out);
}

static void
stream_say(struct stream *s, const struct stream_message *m)
{
	struct net *n = s->net;
	struct buf plain = { 0 };

	if (net_is_encrypted(n) && !n->options.has_clear_out) {
		codec_stream_pack(m, &plain);
		stream_seal(n, buf_slice(&plain), &s->out);
	} else
		codec_stream_pack(m, &s->out);
	buf_deinit(&plain);
}

/* Theirs: the last word, after which it is closed. */
static void
stream_reply(struct stream *s, const struct stream_message *m)
{
	stream_say(s, m);
	watch(s, EV_WRITE);
}

/* They cannot be understood, and are told why. */
static void
stream_refuse(struct stream *s, const char *why)
{
	struct stream_message m = { .kind = STREAM_HAS_ERROR };
	char text[WHY_BYTES];

	m.as.error = slice_of_text(why);
	snprintf(text, sizeof(text), "memberlist: failed to receive: %s", why);
	net_complain(s->net, text, &s->peer);
	stream_reply(s, &m);
}

/* --- What came. --- */

/* The message out of its envelope, in s->in or the arena; NULL, or why not. */
static const char *
stream_open(struct stream *s, struct slice *message)
{
	struct net *n = s->net;
	struct slice in = buf_slice(&s->in);
	struct slice head;
	struct buf plain = { 0 };
	enum err err;

	*message = in;
	if (in.data[0] != STREAM_TYPE_ENCRYPTED)
		return (net_is_encrypted(n) && !n->options.has_clear_in
			    ? WHY_CLEAR
			    : NULL);
	if (!net_is_encrypted(n))
		return (WHY_ENCRYPTED);
	head = slice_head(in, STREAM_ENCRYPTED_BYTES);
	in = slice_head(slice_tail(in, head.size), s->end.bytes);
	err = keyring_open(n->options.keyring, in, head, &plain);
	if (err == ERR_OK)
		*message = arena_copy(&n->arena, buf_slice(&plain));
	buf_deinit(&plain);
	return (err == ERR_OK ? NULL : WHY_NO_KEY);
}

static void
their_ping(struct stream *s, const struct ping *ping)
{
	struct stream_message ack = { .kind = STREAM_HAS_ACK };

	if (ping->node.size > 0 &&
	    !slice_equal(ping->node, s->net->options.self)) {
		stream_free(s);
		return;
	}
	ack.as.ack.sequence = ping->sequence;
	stream_reply(s, &ack);
}

static void
their_message(struct stream *s, const struct stream_message *m)
{
	struct net *n = s->net;

	switch (m->kind) {
	case STREAM_HAS_PING:
		their_ping(s, &m->as.ping);
		break;
	case STREAM_HAS_PUSH_PULL:
		s->is_handed_over = true;
		ev_io_stop(n->loop, &s->io);
		n->options.handlers->push_pull(
		    n->options.arg, s->id, &s->peer, &m->as.push_pull);
		break;
	case STREAM_HAS_USER:
		n->options.handlers->message(
		    n->options.arg, &s->peer, &m->as.user);
		stream_free(s);
		break;
	default:
		n->counters.malformed++;
		stream_free(s);
	}
}

static void
our_answer(struct stream *s, const struct stream_message *m)
{
	const struct net_options *o = &s->net->options;
	const struct push_pull *state = &m->as.push_pull;
	char why[WHY_BYTES];
	bool is_right =
	    s->kind == STREAM_PING
		? m->kind == STREAM_HAS_ACK && m->as.ack.sequence == s->sequence
		: m->kind == STREAM_HAS_PUSH_PULL;

	if (m->kind == STREAM_HAS_ERROR)
		snprintf(why, sizeof(why), "remote error: %.*s",
		    SLICE_ARGS(m->as.error));
	else
		snprintf(why, sizeof(why), "unexpected answer");
	if (!is_right) {
		stream_fail(s, why);
		return;
	}
	if (s->kind == STREAM_PUSH_PULL)
		metrics_add_since(METRIC_push_pull, s->begun);
	o->handlers->answer(
	    o->arg, s->id, s->kind == STREAM_PING ? NULL : state);
	stream_free(s);
}

/* All is there. */
static void
stream_take(struct stream *s)
{
	struct net *n = s->net;
	struct stream_message m;
	struct slice message;
	const char *why = stream_open(s, &message);

	if (why != NULL)
		n->counters.refused++;
	else if (codec_stream_get(message, &n->arena, &m) != ERR_OK) {
		n->counters.malformed++;
		why = "message is malformed";
	}
	if (why == NULL && s->is_ours)
		our_answer(s, &m);
	else if (why == NULL)
		their_message(s, &m);
	else if (s->is_ours)
		stream_fail(s, why);
	else
		stream_refuse(s, why);
	arena_deinit(&n->arena);
}

/* --- Reading and writing. --- */

/* An error in Go's words: "dial tcp 127.0.0.1:1: connect: connection refused"
 */
static void
fail_as_go(struct stream *s, const char *call, int error)
{
	char where[ENDPOINT_TEXT_MAX], why[WHY_BYTES], text[128];

	snprintf(text, sizeof(text), "%s", strerror(error));
	text[0] = (char)tolower((unsigned char)text[0]);
	if (error == ETIMEDOUT)
		snprintf(why, sizeof(why), "%s tcp %s: i/o timeout",
		    s->is_connected ? call : "dial",
		    endpoint_print(&s->peer, where));
	else
		snprintf(why, sizeof(why), "%s tcp %s: %s: %s",
		    s->is_connected ? call : "dial",
		    endpoint_print(&s->peer, where),
		    s->is_connected ? call : "connect", text);
	stream_fail(s, why);
}

/* The other end has gone, or never was there. */
static void
stream_break(struct stream *s, const char *call, int error)
{
	if (!s->is_ours)
		stream_free(s);
	else if (error == 0)
		stream_fail(s, "EOF");
	else
		fail_as_go(s, call, error);
}

static void
stream_read(struct stream *s)
{
	struct net *n = s->net;
	enum stream_state state;
	ssize_t size;

	buf_reserve(&s->in, READ_BYTES);
	size = read(s->fd, s->in.data + s->in.size, READ_BYTES);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		stream_break(s, "read", size < 0 ? errno : 0);
		return;
	}
	s->in.size += (size_t)size;
	n->stream_bytes += (size_t)size;
	n->counters.bytes_in += (uint64_t)size;
	state = codec_stream_end(&s->end, buf_slice(&s->in));
	if (state == STREAM_WHOLE) {
		stream_take(s);
		return;
	}
	if (state == STREAM_MORE && n->stream_bytes <= NET_STREAM_BYTES)
		return;
	n->counters.malformed += state == STREAM_BAD;
	n->counters.overload += state == STREAM_MORE;
	if (s->is_ours)
		stream_fail(s, "message is malformed or too large");
	else
		stream_refuse(s, "message is malformed or too large");
}

static void
stream_write(struct stream *s)
{
	ssize_t size =
	    write(s->fd, s->out.data + s->sent, s->out.size - s->sent);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size < 0) {
		stream_break(s, "write", errno);
		return;
	}
	s->sent += (size_t)size;
	s->net->counters.bytes_out += (uint64_t)size;
	metrics_add(METRIC_tcp_sent, (double)size);
	if (s->sent < s->out.size)
		return;
	if (!s->is_ours) {
		stream_free(s);
		return;
	}
	buf_deinit(&s->out);
	watch(s, EV_READ);
}

static void
stream_connected(struct stream *s)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error != 0) {
		fail_as_go(s, "dial", error);
		return;
	}
	s->is_connected = true;
	stream_write(s);
}

static void
on_io(struct ev_loop *loop, ev_io *w, int events)
{
	struct stream *s = w->data;

	(void)loop;
	if (!s->is_connected)
		stream_connected(s);
	else if (events & EV_READ)
		stream_read(s);
	else
		stream_write(s);
}

static void
on_timeout(struct ev_loop *loop, ev_timer *w, int events)
{
	struct stream *s = w->data;

	(void)loop;
	(void)events;
	if (s->is_ours && s->fd < 0)
		stream_fail(
		    s, s->in.size > 0 ? buf_text(&s->in) : "too many streams");
	else if (s->is_ours)
		fail_as_go(s, "read", ETIMEDOUT);
	else
		stream_free(s);
}

/* --- Opening. --- */

static struct stream *
stream_new(struct net *n, int fd, bool is_ours, struct duration timeout)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->net = n;
	s->fd = fd;
	s->is_ours = is_ours;
	if (is_ours)
		n->our_count++;
	else
		n->their_count++;
	LIST_INSERT_HEAD(is_ours ? &n->ours : &n->theirs, s, link);
	ev_io_init(&s->io, on_io, fd, EV_READ);
	ev_timer_init(&s->timeout, on_timeout,
	    timeout.ns > 0 ? duration_seconds(timeout) : 0, 0);
	s->io.data = s->timeout.data = s;
	ev_timer_start(n->loop, &s->timeout);
	return (s);
}

static void
stream_accept(struct net *n, int fd, const struct sockaddr_storage *from)
{
	struct stream *s;

	if (n->their_count >= NET_STREAMS_MAX ||
	    n->stream_bytes > NET_STREAM_BYTES) {
		n->counters.overload++;
		close(fd);
		return;
	}
	s = stream_new(n, fd, false, n->options.timeout);
	metrics_add(METRIC_tcp_accept, 1);
	s->is_connected = true;
	s->id = ++n->last_stream;
	endpoint_of_socket(from, &s->peer);
	watch(s, EV_READ);
}

static void
on_acceptable(struct ev_loop *loop, ev_io *w, int events)
{
	struct net *n = w->data;
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	int fd;

	(void)loop;
	(void)events;
	while ((fd = accept4(n->tcp, (struct sockaddr *)&from, &size,
		    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		stream_accept(n, fd, &from);
		size = sizeof(from);
	}
}

/* A connection that is under way, or -1 and why. */
static int
dial(const struct endpoint *to, int *error)
{
	struct sockaddr_storage at;
	int family = to->ip_size == 4 ? AF_INET : AF_INET6;
	socklen_t size = endpoint_to_socket(to, family, &at);
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		*error = errno;
		return (-1);
	}
	if (size == 0 || (connect(fd, (struct sockaddr *)&at, size) != 0 &&
			     errno != EINPROGRESS)) {
		*error = size == 0 ? EADDRNOTAVAIL : errno;
		close(fd);
		return (-1);
	}
	return (fd);
}

static void
our_open(struct net *n, const struct gossip_stream *effect)
{
	struct stream_message m = { .kind = STREAM_HAS_PING };
	struct duration timeout =
	    instant_since(effect->deadline, instant_now());
	bool is_full = n->our_count >= NET_STREAMS_MAX;
	int error = 0, fd = is_full ? -1 : dial(&effect->to, &error);
	struct stream *s =
	    stream_new(n, fd, true, fd < 0 ? SECONDS(0) : timeout);

	s->id = effect->id;
	s->begun = instant_now();
	s->kind = effect->kind;
	s->peer = effect->to;
	s->sequence = effect->ping.sequence;
	if (fd < 0) { /* told by the timer, at once but not before we return */
		char where[ENDPOINT_TEXT_MAX];

		if (!is_full)
			buf_printf(&s->in, "dial tcp %s: connect: %s",
			    endpoint_print(&s->peer, where), strerror(error));
		n->stream_bytes += s->in.size;
		return;
	}
	if (effect->kind == STREAM_PUSH_PULL) {
		m.kind = STREAM_HAS_PUSH_PULL;
		m.as.push_pull = *effect->state;
	} else
		m.as.ping = effect->ping;
	metrics_add(METRIC_tcp_connect, 1);
	stream_say(s, &m);
	watch(s, EV_WRITE);
}

static void
their_answer(struct net *n, const struct gossip_stream *effect)
{
	struct stream_message m = { .kind = STREAM_HAS_PUSH_PULL };
	struct stream *s;

	LIST_FOREACH(s, &n->theirs, link)
	{
		if (s->id == effect->id && s->is_handed_over)
			break;
	}
	if (s == NULL) /* their time was up */
		return;
	m.as.push_pull = *effect->state;
	stream_reply(s, &m);
}

void
net_stream(struct net *n, const struct gossip_stream *effect)
{
	if (effect->kind == STREAM_REPLY)
		their_answer(n, effect);
	else
		our_open(n, effect);
}

void
net_streams_start(struct net *n)
{
	LIST_INIT(&n->ours);
	LIST_INIT(&n->theirs);
	ev_io_init(&n->acceptable, on_acceptable, n->tcp, EV_READ);
	n->acceptable.data = n;
	ev_io_start(n->loop, &n->acceptable);
}
