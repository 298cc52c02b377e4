/* TCP connections. See link.h. */
#include "link.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/xmalloc.h"

#define READ_BYTES    (64 * 1024)
#define READS_A_TURN  8
#define KEEPALIVE_S   15 /* Go's, idle and between probes */
#define KEEPALIVE_MAX 9

struct endpoint {
	struct sockaddr_storage address;
	socklen_t size;
};

void
links_init(struct links *links, struct ev_loop *loop, const char *source)
{
	memset(links, 0, sizeof(*links));
	links->loop = loop;
	snprintf(links->source, sizeof(links->source), "%s", source);
	TAILQ_INIT(&links->all);
	SLIST_INIT(&links->dead);
}

/* --- Ending. --- */

static void
count_in(struct link *link)
{
	link->links->in_bytes -= link->in_counted;
	link->in_counted = link->in.capacity;
	link->links->in_bytes += link->in_counted;
}

void
link_close(struct link *link)
{
	struct links *links = link->links;

	if (link->is_closed)
		return;
	link->is_closed = true;
	ev_io_stop(links->loop, &link->readable);
	ev_io_stop(links->loop, &link->writable);
	ev_timer_stop(links->loop, &link->timer);
	ev_timer_stop(links->loop, &link->dialing);
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	if (link->is_incoming)
		links->incoming--;
	TAILQ_REMOVE(&links->all, link, entry);
	SLIST_INSERT_HEAD(&links->dead, link, dead);
}

static void
link_end(struct link *link, const char *why)
{
	if (link->is_closed)
		return;
	link_close(link);
	if (link->use->on_end != NULL)
		link->use->on_end(link, why);
}

static void
link_free(struct link *link)
{
	link->links->in_bytes -= link->in_counted;
	buf_deinit(&link->in);
	buf_deinit(&link->out);
	free(link);
}

/* Go's words for an errno: as ours, but in small letters. */
static void
end_errno(struct link *link, const char *what, int number)
{
	char text[256], *word;
	int size = 0;

	if (what[0] != '\0')
		size = snprintf(text, sizeof(text), "%s", what);
	word = text + size;
	snprintf(word, sizeof(text) - (size_t)size, "%s", strerror(number));
	*word = (char)tolower((unsigned char)*word);
	link_end(link, text);
}

/* As Go's net.OpError prints a dial. */
static void
end_dial(struct link *link, int number)
{
	char what[RAFT_NAME_BYTES_MAX * 2 + 32];
	const char *source = link->links->source;
	bool is_v6 = strchr(source, ':') != NULL;

	link->dial_errno = number;
	snprintf(what, sizeof(what), "dial tcp %s%s%s%s%s: %s",
	    is_v6 ? "[" : "", source, is_v6 ? "]" : "",
	    source[0] != '\0' ? ":0->" : "", link->remote,
	    number == 0 ? "" : "connect: ");
	if (number != 0) {
		end_errno(link, what, number);
		return;
	}
	snprintf(
	    what + strlen(what), sizeof(what) - strlen(what), "i/o timeout");
	link_end(link, what);
}

/* --- Bytes. --- */

static void
in_over(struct link *link)
{
	link->is_in_over = true;
	ev_io_stop(link->links->loop, &link->readable);
	if (link->use->on_finished != NULL)
		link->use->on_finished(link);
	else
		link_end(link, "EOF");
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct link *link = w->data;
	ssize_t size = 0;

	(void)loop;
	(void)events;
	for (unsigned i = 0; i < READS_A_TURN; i++) {
		size = read(
		    link->fd, buf_extend(&link->in, READ_BYTES), READ_BYTES);
		link->in.size -= READ_BYTES - (size_t)(size > 0 ? size : 0);
		if (size < READ_BYTES)
			break;
	}
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		size = 1;
	else if (size < 0) {
		end_errno(link, "read: ", errno);
		return;
	}
	if (link->in.size > 0)
		link->use->on_bytes(link);
	if (link->is_closed)
		return;
	if (link->in.size == 0)
		buf_deinit(&link->in);
	count_in(link);
	if (size == 0)
		in_over(link);
	else if (link->links->in_bytes > LINKS_IN_BYTES_MAX)
		link_end(link, "too much to keep of what came");
}

/* What is there to send leaves; false if the link has ended by it. */
static bool
send_some(struct link *link)
{
	while (link_waiting(link) > 0) {
		ssize_t size = send(link->fd, link->out.data + link->out_at,
		    link_waiting(link), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			break;
		if (size < 0) {
			end_errno(link, "write: ", errno);
			return (false);
		}
		link->out_at += (size_t)size;
	}
	if (link->out_at >= link->out.size / 2) {
		buf_drop_front(&link->out, link->out_at);
		link->out_at = 0;
	}
	return (true);
}

static void
flush(struct link *link)
{
	/* It may all leave at once, and its keeper still waits for room. */
	link->was_full |= link_waiting(link) >= LINK_OUT_LOW;
	if (!send_some(link))
		return;
	if (link_waiting(link) > 0)
		ev_io_start(link->links->loop, &link->writable);
	else {
		ev_io_stop(link->links->loop, &link->writable);
		buf_deinit(&link->out);
		if (link->is_finished)
			(void)shutdown(link->fd, SHUT_WR);
	}
	if (link->was_full && link_waiting(link) < LINK_OUT_LOW) {
		link->was_full = false;
		if (link->use->on_room != NULL)
			link->use->on_room(link);
		if (!link->is_closed && link_waiting(link) > 0)
			ev_io_start(link->links->loop, &link->writable);
	}
}

static void
connected(struct link *link)
{
	int number = 0;
	socklen_t size = sizeof(number);

	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0)
		number = errno;
	if (number != 0) {
		end_dial(link, number);
		return;
	}
	link->is_connected = true;
	ev_timer_stop(link->links->loop, &link->dialing);
	if (!link->is_paused)
		ev_io_start(link->links->loop, &link->readable);
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int events)
{
	struct link *link = w->data;

	(void)loop;
	(void)events;
	if (!link->is_connected)
		connected(link);
	if (!link->is_closed)
		flush(link);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct link *link = w->data;

	(void)loop;
	(void)events;
	if (link->use->on_timer != NULL)
		link->use->on_timer(link);
}

/* --- Beginning. --- */

static void
on_dialing(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	end_dial(w->data, 0);
}

static void
on_refused(struct ev_loop *loop, ev_timer *w, int events)
{
	struct link *link = w->data;

	(void)loop;
	(void)events;
	end_dial(link, link->dial_errno);
}

static struct link *
link_new(struct links *links, int fd, const char *remote,
    const struct link_use *use, void *keeper)
{
	struct link *link = xcalloc(1, sizeof(*link));

	link->links = links;
	link->use = use;
	link->keeper = keeper;
	link->fd = fd;
	snprintf(link->remote, sizeof(link->remote), "%s", remote);
	ev_io_init(&link->readable, on_readable, fd, EV_READ);
	ev_io_init(&link->writable, on_writable, fd, EV_WRITE);
	ev_timer_init(&link->timer, on_timer, 0, 0);
	ev_timer_init(
	    &link->dialing, on_dialing, duration_seconds(LINK_DIAL_TIMEOUT), 0);
	link->readable.data = link->writable.data = link;
	link->timer.data = link->dialing.data = link;
	TAILQ_INSERT_TAIL(&links->all, link, entry);
	return (link);
}

static void
set_options(int fd)
{
	int on = 1, idle = KEEPALIVE_S, count = KEEPALIVE_MAX;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

struct link *
link_accepted(struct links *links, int fd, const char *remote,
    const struct link_use *use, void *keeper)
{
	struct link *link = link_new(links, fd, remote, use, keeper);

	set_options(fd);
	link->is_incoming = true;
	link->is_connected = true;
	links->incoming++;
	ev_io_start(links->loop, &link->readable);
	return (link);
}

/* "127.0.0.1:8300", "[::1]:8300"; false if it is neither. */
static bool
parse(const char *text, struct endpoint *out)
{
	char host[RAFT_NAME_BYTES_MAX + 1];
	const char *colon = strrchr(text, ':');
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->address;
	bool is_v6 = text[0] == '[';
	size_t size;
	long port;

	memset(out, 0, sizeof(*out));
	if (colon == NULL || colon == text || (is_v6 && colon[-1] != ']'))
		return (false);
	size = (size_t)(colon - text) - (is_v6 ? 2 : 0);
	memcpy(host, text + (is_v6 ? 1 : 0), size);
	host[size] = '\0';
	port = strtol(colon + 1, NULL, 10);
	if (port < 0 || port > UINT16_MAX)
		return (false);
	if (is_v6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		out->size = sizeof(*v6);
		return (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	out->size = sizeof(*v4);
	return (inet_pton(AF_INET, host, &v4->sin_addr) == 1);
}

/* Consul dials from the address it is bound to. */
static bool
bind_source(int fd, const char *source, sa_family_t family)
{
	char text[RAFT_NAME_BYTES_MAX + 8];
	struct endpoint from;
	int on = 1;

	snprintf(text, sizeof(text),
	    strchr(source, ':') != NULL ? "[%s]:0" : "%s:0", source);
	if (source[0] == '\0' || !parse(text, &from) ||
	    from.address.ss_family != family)
		return (true);
	(void)setsockopt(
	    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return (bind(fd, (struct sockaddr *)&from.address, from.size) == 0);
}

/* 0, or the errno of what failed. */
static int
begin_dial(struct link *link)
{
	struct endpoint to;

	if (!parse(link->remote, &to))
		return (EINVAL);
	link->fd = socket(to.address.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd < 0)
		return (errno);
	set_options(link->fd);
	if (!bind_source(link->fd, link->links->source, to.address.ss_family))
		return (errno);
	if (connect(link->fd, (struct sockaddr *)&to.address, to.size) != 0 &&
	    errno != EINPROGRESS)
		return (errno);
	return (0);
}

struct link *
link_dial(struct links *links, const char *address, const struct link_use *use,
    void *keeper)
{
	struct link *link = link_new(links, -1, address, use, keeper);
	int number = begin_dial(link);

	if (number != 0) {
		/* Its user has not seen it yet: it ends in the next turn. */
		link->dial_errno = number;
		ev_timer_init(&link->dialing, on_refused, 0, 0);
		link->dialing.data = link;
		ev_timer_start(links->loop, &link->dialing);
		return (link);
	}
	ev_io_set(&link->readable, link->fd, EV_READ);
	ev_io_set(&link->writable, link->fd, EV_WRITE);
	ev_io_start(links->loop, &link->writable);
	ev_timer_start(links->loop, &link->dialing);
	return (link);
}

void
link_give(struct link *link, const struct link_use *use, void *keeper)
{
	link->use = use;
	link->keeper = keeper;
	link_set_timer(link, SECONDS(0));
}

void
link_pause(struct link *link, bool is_paused)
{
	if (link->is_closed || link->is_paused == is_paused)
		return;
	link->is_paused = is_paused;
	if (!link->is_connected || link->is_in_over)
		return;
	if (is_paused)
		ev_io_stop(link->links->loop, &link->readable);
	else
		ev_io_start(link->links->loop, &link->readable);
}

void
link_set_timer(struct link *link, struct duration wait)
{
	ev_timer_stop(link->links->loop, &link->timer);
	if (wait.ns <= 0 || link->is_closed)
		return;
	ev_timer_set(&link->timer, duration_seconds(wait), 0);
	ev_timer_start(link->links->loop, &link->timer);
}

void
link_finish(struct link *link)
{
	link->is_finished = true;
	if (link->is_connected && !link->is_closed && link_waiting(link) == 0)
		(void)shutdown(link->fd, SHUT_WR);
}

bool
links_keep(struct links *links, size_t *counted, size_t size)
{
	bool is_more = size > *counted;

	links->kept_bytes += size - *counted;
	*counted = size;
	return (!is_more || links->kept_bytes <= LINKS_KEPT_BYTES_MAX);
}

size_t
link_waiting(const struct link *link)
{
	return (link->out.size - link->out_at);
}

/* "1.2.3.4:5" without ":5". */
static struct slice
host_of(const struct link *link)
{
	const char *colon = strrchr(link->remote, ':');

	return (slice(link->remote, (size_t)(colon - link->remote)));
}

size_t
links_count_like(const struct links *links, const struct link *one)
{
	struct link *link;
	size_t count = 0;

	TAILQ_FOREACH(link, &links->all, entry)
	if (link->is_incoming && slice_equal(host_of(link), host_of(one)))
		count++;
	return (count);
}

void
links_turn(struct links *links)
{
	struct link *link = TAILQ_FIRST(&links->all);

	while (link != NULL) {
		if (link->is_connected && link_waiting(link) > 0 &&
		    !ev_is_active(&link->writable))
			flush(link);
		/* Its end may have been the end of others. */
		link = link->is_closed ? TAILQ_FIRST(&links->all)
				       : TAILQ_NEXT(link, entry);
	}
	while ((link = SLIST_FIRST(&links->dead)) != NULL) {
		SLIST_REMOVE_HEAD(&links->dead, dead);
		link_free(link);
	}
}
