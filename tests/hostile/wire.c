/* The transport and the batches, by hand; see hostile.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hostile.h"

#define GREETING SLICE("\0SP\0\0\x10\0\0")

bool
wire_put(struct wire *w, struct slice bytes)
{
	while (bytes.size > 0) {
		ssize_t n = send(w->fd, bytes.data, bytes.size, MSG_NOSIGNAL);

		if (n <= 0)
			return (false);
		bytes = slice_tail(bytes, (size_t)n);
	}
	return (true);
}

/* More bytes into w->in; 0 at the end, -1 if there are none in time. */
static int
more(struct wire *w, int timeout_ms)
{
	struct timeval patience = { .tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000 + 1 };
	uint8_t bytes[65536];
	ssize_t n;

	setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	n = recv(w->fd, bytes, sizeof(bytes), 0);
	if (n < 0 && errno == EAGAIN)
		return (-1);
	if (n <= 0)
		return (0);
	buf_put(&w->in, bytes, (size_t)n);
	return (1);
}

bool
wire_open(struct wire *w, const struct daemon *d, enum daemon_id edge)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_usec = 500000 };

	*w = (struct wire){ .fd = -1 };
	while (w->epoch == 0)
		if (getrandom(&w->epoch, sizeof(w->epoch), 0) < 0)
			return (false);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s/s", d->run_dir,
	    daemon_name(edge));
	w->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (w->fd < 0 ||
	    connect(w->fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		int why = errno;

		wire_close(w);
		errno = why;
		return (false);
	}
	setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	while (w->in.size < GREETING.size)
		if (more(w, 1000) <= 0) {
			wire_close(w);
			errno = ECONNRESET;
			return (false);
		}
	buf_drop_front(&w->in, GREETING.size);
	return (wire_put(w, GREETING));
}

void
wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	buf_deinit(&w->in);
}

bool
wire_message(struct wire *w, struct slice message)
{
	uint8_t head[9] = { 1 };

	for (size_t i = 0; i < 8; i++)
		head[8 - i] = (uint8_t)((uint64_t)message.size >> (8 * i));
	return (wire_put(w, slice(head, sizeof(head))) && wire_put(w, message));
}

bool
wire_batch(struct wire *w, struct slice frames)
{
	struct batch_head head = {
		.magic = BATCH_MAGIC,
		.table_hash = method_table_hash(),
		.from_epoch = w->epoch,
		.to_epoch = w->peer_epoch,
	};
	struct buf message = { 0 };
	bool is_sent;

	buf_put(&message, &head, sizeof(head));
	buf_put_slice(&message, frames);
	is_sent = wire_message(w, buf_slice(&message));
	buf_deinit(&message);
	return (is_sent);
}

uint64_t
call_put(
    struct wire *w, struct buf *frames, enum method method, struct slice body)
{
	int64_t deadline = SECONDS(5).ns;
	size_t begun = frame_begin(frames);

	buf_put(frames, &deadline, sizeof(deadline));
	buf_put_slice(frames, body);
	frame_end(frames, begun, FRAME_CALL, 0, method, ++w->last_id);
	return (w->last_id);
}

/* Is there a whole message in w->in? Its size, with the head of it. */
static size_t
message_size(const struct wire *w)
{
	uint64_t size = 0;

	if (w->in.size < 9)
		return (0);
	for (size_t i = 1; i < 9; i++)
		size = size << 8 | w->in.data[i];
	return (w->in.size >= 9 + size ? (size_t)(9 + size) : 0);
}

/* Learn who sends, and look for the answer to `id` in its frames. */
static enum heard
message_look(struct wire *w, struct slice message, uint64_t id)
{
	struct reader rd = reader(message);
	struct batch_head head;
	struct frame frame;

	if (batch_head_read(&rd, &head) != ERR_OK)
		return (HEARD_NOTHING);
	w->peer_epoch = head.from_epoch;
	while (rd.rest.size > 0 && frame_read(&rd, &frame) == ERR_OK) {
		if (frame.head.id != id || (frame.head.flags & FRAME_MORE))
			continue;
		if (frame.head.kind == FRAME_ANSWER)
			return (HEARD_ANSWER);
		if (frame.head.kind == FRAME_REFUSAL)
			return (HEARD_REFUSAL);
	}
	return (HEARD_NOTHING);
}

enum heard
wire_hear(struct wire *w, uint64_t id, int timeout_ms)
{
	struct instant end =
	    instant_add(instant_now(), MILLISECONDS(timeout_ms));

	for (;;) {
		size_t size = message_size(w);
		enum heard heard = HEARD_NOTHING;
		int64_t left = instant_since(end, instant_now()).ns;

		if (size > 0) {
			heard = message_look(
			    w, slice(w->in.data + 9, size - 9), id);
			buf_drop_front(&w->in, size);
		} else if (left <= 0) {
			return (HEARD_NOTHING);
		} else if (more(w, (int)(left / 1000000) + 1) == 0) {
			return (HEARD_END);
		}
		if (heard != HEARD_NOTHING)
			return (heard);
	}
}

bool
wire_hello(struct wire *w)
{
	struct buf frame = { 0 };
	size_t begun = frame_begin(&frame);
	enum heard heard = HEARD_NOTHING;

	frame_end(&frame, begun, FRAME_HELLO, FRAME_WANTS_ANSWER, 0, 0);
	/* Who was here before may not be forgotten at once. */
	for (int i = 0; i < 20 && w->peer_epoch == 0 && heard != HEARD_END; i++)
		heard = wire_batch(w, buf_slice(&frame))
			    ? wire_hear(w, UINT64_MAX, 50)
			    : HEARD_END;
	buf_deinit(&frame);
	return (w->peer_epoch != 0 && heard != HEARD_END);
}

bool
wire_ends(struct wire *w, int timeout_ms)
{
	int result;

	while ((result = more(w, timeout_ms)) > 0)
		buf_reset(&w->in);
	return (result == 0);
}
