/* See sink.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "resolve.h"
#include "sink.h"

#define LOG_NAME   "agent"
#define TRY_EVERY  SECONDS(5)
#define UNIX_START "unix://"

static const char *const names[SINK_COUNT] = {
	[SINK_STATSD] = "statsd",
	[SINK_STATSITE] = "statsite",
	[SINK_DOGSTATSD] = "dogstatsd",
};

void
sink_init(struct sink *s, enum sink_kind kind, struct ev_loop *loop,
    struct slice target)
{
	*s = (struct sink){ .kind = kind, .loop = loop, .fd = -1 };
	if (target.size == 0)
		return;
	s->target = xmalloc(target.size + 1);
	memcpy(s->target, target.data, target.size);
	s->target[target.size] = '\0';
}

bool
sink_is_on(const struct sink *s)
{
	return (s->target != NULL);
}

bool
sink_is_open(const struct sink *s)
{
	return (s->fd >= 0);
}

/* Said once, until it works again. */
static void
sink_fail(struct sink *s, const char *why)
{
	if (!s->was_told)
		log_error(LOG_NAME, "cannot send metrics, trying again",
		    "sink=%s address=%s error=\"%s\"", names[s->kind],
		    s->target, why);
	s->was_told = true;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	buf_deinit(&s->out);
	s->again_at = instant_add(instant_now(), TRY_EVERY);
}

static void
dial(struct sink *s, const struct sockaddr_storage *at, socklen_t size)
{
	int type = s->kind == SINK_STATSITE ? SOCK_STREAM : SOCK_DGRAM;

	s->fd = socket(at->ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 ||
	    (connect(s->fd, (const struct sockaddr *)at, size) != 0 &&
		errno != EINPROGRESS))
		sink_fail(s, strerror(errno));
}

static void
dial_path(struct sink *s, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct sockaddr_storage any = { 0 };

	if (strlen(path) >= sizeof(at.sun_path)) {
		sink_fail(s, "path too long");
		return;
	}
	memcpy(at.sun_path, path, strlen(path));
	memcpy(&any, &at, sizeof(at));
	dial(s, &any, sizeof(at));
}

static void
on_resolved(void *arg, const struct resolved *found)
{
	struct sink *s = arg;
	const char *port = strrchr(s->target, ':');
	struct sockaddr_storage at = { 0 };
	struct endpoint to;
	socklen_t size;

	s->is_resolving = false;
	if (found->count == 0) {
		sink_fail(s, found->why);
		return;
	}
	to = found->addresses[0];
	to.port = (uint16_t)strtoul(port + 1, NULL, 10);
	size =
	    endpoint_to_socket(&to, to.ip_size == 4 ? AF_INET : AF_INET6, &at);
	dial(s, &at, size);
}

void
sink_open(struct sink *s, struct instant now)
{
	const char *port;
	char host[256];
	size_t size;

	if (s->target == NULL || s->fd >= 0 || s->is_resolving ||
	    instant_before(now, s->again_at))
		return;
	if (s->kind == SINK_DOGSTATSD &&
	    strncmp(s->target, UNIX_START, strlen(UNIX_START)) == 0) {
		dial_path(s, s->target + strlen(UNIX_START));
		return;
	}
	port = strrchr(s->target, ':');
	size = port == NULL ? 0 : (size_t)(port - s->target);
	if (size >= 2 && s->target[0] == '[' && port[-1] == ']')
		snprintf(
		    host, sizeof(host), "%.*s", (int)size - 2, s->target + 1);
	else
		snprintf(host, sizeof(host), "%.*s", (int)size, s->target);
	if (port == NULL) {
		sink_fail(s, "missing port in address");
		return;
	}
	s->is_resolving = true;
	resolve(s->loop, host[0] == '\0' ? "localhost" : host, on_resolved, s);
}

/* --- What leaves. --- */

/* A listener that is away says so with the packet after: that is no news. */
static void
packet_send(struct sink *s, struct slice packet)
{
	(void)send(s->fd, packet.data, packet.size, MSG_NOSIGNAL);
}

static void
stream_send(struct sink *s)
{
	ssize_t size = send(s->fd, s->out.data, s->out.size, MSG_NOSIGNAL);

	if (size > 0)
		buf_drop_front(&s->out, (size_t)size);
	else if (errno != EAGAIN && errno != EINTR)
		sink_fail(s, strerror(errno));
	if (s->fd >= 0 && s->out.size == 0)
		s->was_told = false;
}

void
sink_put(struct sink *s, struct slice line)
{
	if (s->fd < 0)
		return;
	if (s->kind == SINK_DOGSTATSD) {
		packet_send(s, line);
		return;
	}
	if (s->kind == SINK_STATSD && s->out.size + line.size > SINK_PACKET_MAX)
		sink_flush(s);
	if (s->out.size + line.size <= SINK_BYTES_MAX)
		buf_put_slice(&s->out, line);
}

void
sink_flush(struct sink *s)
{
	if (s->fd < 0 || s->out.size == 0)
		return;
	if (s->kind == SINK_STATSITE) {
		stream_send(s);
		return;
	}
	packet_send(s, buf_slice(&s->out));
	buf_reset(&s->out);
}
