/* Requests out, results in; see helper.h. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "helper.h"
#include "log.h"
#include "xmalloc.h"

#define MESSAGES_A_TURN 64

struct message {
	struct message *next;
	struct buf bytes;
};

struct helper {
	struct ev_loop *loop; /* lent */
	ev_io readable;
	ev_io writable; /* active while something waits */
	int fd;
	helper_result_fn *done;
	void (*on_gone)(void *arg);
	void *arg;
	struct message *first, **last; /* waiting */
	size_t waiting;
	struct buf in;	   /* one message */
	unsigned nonsense; /* messages that were none */
};

static void
result_read(struct helper *h, size_t size)
{
	struct probe_result result;
	struct arena arena;

	arena_init(&arena);
	if (type_decode_all(&probe_result_type, slice(h->in.data, size), &arena,
		&result) == ERR_OK)
		h->done(h->arg, &result);
	else
		log_error("agent", "A helper talks nonsense",
		    "bytes=%zu count=%u", size, ++h->nonsense);
	arena_deinit(&arena);
}

/* It has gone, or is not to be listened to any more. */
static void
helper_end(struct helper *h)
{
	ev_io_stop(h->loop, &h->readable);
	h->on_gone(h->arg);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct helper *h = w->data;

	(void)events;
	(void)loop;
	/* No more than these a turn: it may never stop. */
	for (unsigned i = 0; i < MESSAGES_A_TURN; i++) {
		ssize_t size =
		    recv(h->fd, h->in.data, HELPER_MESSAGE_MAX, MSG_DONTWAIT);

		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size <= 0) {
			helper_end(h);
			return;
		}
		result_read(h, (size_t)size);
		if (h->nonsense >= HELPER_NONSENSE_MAX) {
			helper_end(h);
			return;
		}
	}
}

/* True if the message has left, or never will. */
static bool
message_send(struct helper *h, struct slice bytes)
{
	ssize_t size =
	    send(h->fd, bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);

	return (size >= 0 || (errno != EAGAIN && errno != EINTR));
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int events)
{
	struct helper *h = w->data;

	(void)events;
	while (h->first != NULL) {
		struct message *m = h->first;

		if (!message_send(h, buf_slice(&m->bytes)))
			return;
		h->first = m->next;
		if (h->first == NULL)
			h->last = &h->first;
		h->waiting--;
		buf_deinit(&m->bytes);
		free(m);
	}
	ev_io_stop(loop, w);
}

struct helper *
helper_new(struct ev_loop *loop, int fd, helper_result_fn *done,
    void (*on_gone)(void *arg), void *arg)
{
	struct helper *h = xcalloc(1, sizeof(*h));

	h->loop = loop;
	h->fd = fd;
	h->done = done;
	h->on_gone = on_gone;
	h->arg = arg;
	h->last = &h->first;
	buf_reserve(&h->in, HELPER_MESSAGE_MAX);
	ev_io_init(&h->readable, on_readable, fd, EV_READ);
	ev_io_init(&h->writable, on_writable, fd, EV_WRITE);
	h->readable.data = h->writable.data = h;
	ev_io_start(loop, &h->readable);
	return (h);
}

enum err
helper_send(struct helper *h, const struct probe_request *request)
{
	struct message *m;

	if (h->waiting >= HELPER_QUEUE_MAX)
		return (ERR_FULL);
	m = xcalloc(1, sizeof(*m));
	type_encode(&probe_request_type, request, &m->bytes);
	if (m->bytes.size > HELPER_MESSAGE_MAX ||
	    (h->first == NULL && message_send(h, buf_slice(&m->bytes)))) {
		enum err err =
		    m->bytes.size > HELPER_MESSAGE_MAX ? ERR_TOO_BIG : ERR_OK;
		buf_deinit(&m->bytes);
		free(m);
		return (err);
	}
	*h->last = m;
	h->last = &m->next;
	h->waiting++;
	ev_io_start(h->loop, &h->writable);
	return (ERR_OK);
}
