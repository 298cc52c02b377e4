/* Asking recursors; see recurse.h. */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "dnsd.h"
#include "limits.h"
#include "log.h"
#include "reply.h"
#include "xmalloc.h"

#define PREFIX_BYTES 2U
/* Datagrams looked at before others have their turn. */
#define DATAGRAMS_A_TURN 8

struct recursion {
	struct dnsd *dnsd; /* lent */
	struct recurse_goal goal;
	recursed_fn *done;
	void *arg;
	size_t next; /* recursor to ask after this one */
	uint16_t id;
	int fd; /* -1: none */
	ev_io watcher;
	ev_timer timer;
	struct buf out; /* TCP's prefix, and the message */
	size_t sent;
	struct buf in; /* of TCP */
};

static uint16_t
random_id(void)
{
	uint16_t id = 0;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		fatal("no randomness");
	return (id);
}

static void
socket_close(struct recursion *r)
{
	ev_timer_stop(r->dnsd->daemon->loop, &r->timer);
	if (r->fd < 0)
		return;
	ev_io_stop(r->dnsd->daemon->loop, &r->watcher);
	close(r->fd);
	r->fd = -1;
}

/* Said when it changes, but strangers' questions must not fill the log. */
static void
tell_health(struct recursors *all, bool has_failed, struct instant now)
{
	if (has_failed == all->is_failing ||
	    instant_before(now, all->silent_until))
		return;
	all->is_failing = has_failed;
	all->silent_until = instant_add(now, SECONDS(10));
	if (has_failed)
		log_error("agent.dns", "all resolvers failed", "");
	else
		log_info("agent.dns", "recursors answer again", "");
}

static void
finish(struct recursion *r, uint8_t *data, size_t size)
{
	struct dnsd *d = r->dnsd;

	socket_close(r);
	serve_begin(d);
	tell_health(&d->recursors, size == 0, d->now);
	d->recursors.open_count--;
	d->recursors.tcp_count -= r->goal.is_tcp;
	r->done(r->arg, data, size);
	buf_deinit(&r->out);
	buf_deinit(&r->in);
	free(r);
}

/* --- Sending. --- */

static bool
send_more(struct recursion *r)
{
	size_t from = r->goal.is_tcp ? 0 : PREFIX_BYTES;
	ssize_t size;

	if (r->sent < from)
		r->sent = from;
	size = send(r->fd, r->out.data + r->sent, r->out.size - r->sent,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (size < 0)
		return (errno == EAGAIN || errno == EINTR);
	r->sent += (size_t)size;
	return (true);
}

static void
watch(struct recursion *r)
{
	int events = r->sent < r->out.size ? EV_WRITE : EV_READ;

	ev_io_stop(r->dnsd->daemon->loop, &r->watcher);
	ev_io_set(&r->watcher, r->fd, events);
	ev_io_start(r->dnsd->daemon->loop, &r->watcher);
}

static bool
socket_open(struct recursion *r, const struct recursor_address *a)
{
	int type = r->goal.is_tcp ? SOCK_STREAM : SOCK_DGRAM;

	if (a->size == 0)
		return (false);
	r->fd =
	    socket(a->socket.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->fd < 0)
		return (false);
	r->sent = 0;
	buf_reset(&r->in);
	if (connect(r->fd, (const struct sockaddr *)(const void *)&a->socket,
		a->size) != 0 &&
	    errno != EINPROGRESS)
		return (false);
	return (r->goal.is_tcp || send_more(r));
}

/* Ask the next recursor; false when there is none left. */
static bool
ask_next(struct recursion *r)
{
	struct recursors *all = &r->dnsd->recursors;
	struct duration patience = r->dnsd->settings.recursor_timeout;

	while (r->next < all->names.count) {
		size_t i = r->next++;

		socket_close(r);
		if (!socket_open(r, &all->addresses[i]))
			continue;
		watch(r);
		ev_timer_set(&r->timer, duration_seconds(patience), 0);
		ev_timer_start(r->dnsd->daemon->loop, &r->timer);
		return (true);
	}
	return (false);
}

static void
go_on(struct recursion *r)
{
	if (!ask_next(r))
		finish(r, NULL, 0);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	go_on(w->data);
}

/* --- Receiving. --- */

/* True when this message decides: the recursion may be gone then. */
static bool
reply_take(struct recursion *r, uint8_t *data, size_t size)
{
	enum reply_verdict verdict =
	    reply_judge(data, &size, r->goal.query, r->id);
	enum dns_rcode rcode;

	if (verdict == REPLY_FOREIGN)
		return (false);
	rcode = verdict == REPLY_WHOLE ? reply_rcode(data) : DNS_SERVFAIL;
	if (verdict == REPLY_BROKEN ||
	    (r->goal.is_relay && rcode != DNS_NOERROR &&
		rcode != DNS_NXDOMAIN)) {
		log_debug("agent.dns", "recurse failed", "rcode=%d broken=%d",
		    rcode, verdict == REPLY_BROKEN);
		go_on(r);
	} else {
		finish(r, data, size);
	}
	return (true);
}

/* What is larger than the asker can take is cut, as it would be on its way to
 * Consul. */
static void
read_datagrams(struct recursion *r)
{
	struct dnsd *d = r->dnsd;

	for (size_t i = 0; i < DATAGRAMS_A_TURN; i++) {
		ssize_t size = recv(
		    r->fd, d->message, r->goal.reply_bytes_max, MSG_DONTWAIT);

		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size < 0) { /* nobody is there (ICMP) */
			go_on(r);
			return;
		}
		if (reply_take(r, d->message, (size_t)size))
			return;
	}
}

static void
read_stream(struct recursion *r)
{
	size_t wanted = PREFIX_BYTES;
	ssize_t size;

	if (r->in.size >= PREFIX_BYTES)
		wanted += (size_t)r->in.data[0] << 8 | r->in.data[1];
	buf_reserve(&r->in, wanted - r->in.size);
	size = recv(
	    r->fd, r->in.data + r->in.size, wanted - r->in.size, MSG_DONTWAIT);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		go_on(r);
		return;
	}
	r->in.size += (size_t)size;
	if (r->in.size < wanted || wanted == PREFIX_BYTES)
		return;
	/* One question, one answer: whatever else it is, it is none. */
	if (!reply_take(r, r->in.data + PREFIX_BYTES, wanted - PREFIX_BYTES))
		go_on(r);
}

static void
on_ready(struct ev_loop *loop, ev_io *w, int events)
{
	struct recursion *r = w->data;

	(void)loop;
	if (events & EV_WRITE) {
		if (send_more(r))
			watch(r);
		else
			go_on(r);
	} else if (r->goal.is_tcp) {
		read_stream(r);
	} else {
		read_datagrams(r);
	}
}

/* --- Starting. --- */

bool
recurse(struct dnsd *d, const struct recurse_goal *goal, recursed_fn *done,
    void *arg)
{
	struct recursors *all = &d->recursors;
	struct slice message = goal->query->message;
	struct recursion *r;

	if (all->open_count >= DNS_RECURSIONS_MAX ||
	    (goal->is_tcp && all->tcp_count >= DNS_RECURSIONS_TCP_MAX))
		return (false);
	assert(message.size >= DNS_HEADER_BYTES);
	assert(message.size <= DNS_MESSAGE_BYTES_MAX);
	r = xcalloc(1, sizeof(*r));
	r->dnsd = d;
	r->goal = *goal;
	r->done = done;
	r->arg = arg;
	r->fd = -1;
	r->id = random_id();
	buf_put_be16(&r->out, (uint16_t)message.size);
	buf_put_slice(&r->out, message);
	reply_set_id(r->out.data + PREFIX_BYTES, r->id);
	ev_init(&r->watcher, on_ready);
	ev_timer_init(&r->timer, on_timer, 0, 0);
	r->watcher.data = r->timer.data = r;
	all->open_count++;
	all->tcp_count += goal->is_tcp;
	if (!ask_next(r)) /* the caller is told later, as always */
		ev_timer_start(d->daemon->loop, &r->timer);
	return (true);
}
