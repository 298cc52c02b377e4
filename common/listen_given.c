/* Sockets from a service manager; see listen_given.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "bytes.h"
#include "listen_given.h"
#include "log.h"

#define FIRST_FD  3 /* SD_LISTEN_FDS_START */
#define GIVEN_MAX 64

struct given {
	int fd; /* owned; -1: taken */
	int type;
	socklen_t size;
	struct sockaddr_storage address;
};

static struct {
	struct given items[GIVEN_MAX];
	size_t count;
} state;

/* A number of this variable, or 0. */
static unsigned long
number_of(const char *name)
{
	const char *text = getenv(name);
	unsigned long number;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return (0);
	number = strtoul(text, &end, 10);
	return (*end == '\0' ? number : 0);
}

static void
given_open(struct given *g, int fd)
{
	socklen_t size = sizeof(g->type);
	void *address = &g->address;
	int flags = fcntl(fd, F_GETFL), listens = 0;

	g->fd = fd;
	g->size = sizeof(g->address);
	if (flags < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &g->type, &size) != 0 ||
	    getsockname(fd, address, &g->size) != 0 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		fatal("LISTEN_FDS: file %d is no socket for us: %s", fd,
		    strerror(errno));
	size = sizeof(listens);
	if (g->type == SOCK_STREAM &&
	    (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 ||
		!listens))
		fatal("LISTEN_FDS: file %d is a socket that does not listen "
		      "(Accept=yes in its unit?)",
		    fd);
}

static unsigned long
given_count(void)
{
	return (number_of("LISTEN_PID") == (unsigned long)getpid()
		    ? number_of("LISTEN_FDS")
		    : 0);
}

void
listen_given_close_others(void)
{
	unsigned long count = given_count();

	if (count <= GIVEN_MAX &&
	    close_range(FIRST_FD + (unsigned)count, ~0U, 0) != 0)
		log_warn("agent", "Files of who started us stay open",
		    "error=\"%s\"", strerror(errno));
}

void
listen_given_read(void)
{
	unsigned long count = given_count();

	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (count > GIVEN_MAX)
		fatal("LISTEN_FDS: %lu sockets, and %d at most", count,
		    GIVEN_MAX);
	for (; state.count < count; state.count++)
		given_open(
		    &state.items[state.count], FIRST_FD + (int)state.count);
}

static bool
is_same(const struct given *g, const struct sockaddr *address, socklen_t size)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in *given4 = (const void *)&g->address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	const struct sockaddr_in6 *given6 = (const void *)&g->address;
	const struct sockaddr_un *un = (const void *)address;
	const struct sockaddr_un *given_un = (const void *)&g->address;

	if (g->address.ss_family != address->sa_family)
		return (false);
	if (address->sa_family == AF_INET)
		return (v4->sin_port == given4->sin_port &&
			v4->sin_addr.s_addr == given4->sin_addr.s_addr);
	if (address->sa_family == AF_INET6)
		return (v6->sin6_port == given6->sin6_port &&
			memcmp(&v6->sin6_addr, &given6->sin6_addr,
			    sizeof(v6->sin6_addr)) == 0);
	return (address->sa_family == AF_UNIX &&
		size > offsetof(struct sockaddr_un, sun_path) &&
		strncmp(un->sun_path, given_un->sun_path,
		    sizeof(un->sun_path)) == 0);
}

int
listen_given_take(const struct sockaddr *address, socklen_t size, int type)
{
	for (size_t i = 0; i < state.count; i++) {
		struct given *g = &state.items[i];
		int fd = g->fd;

		if (fd < 0 || g->type != type || !is_same(g, address, size))
			continue;
		g->fd = -1;
		return (fd);
	}
	return (-1);
}

static void
name_put(const struct given *g, struct buf *out)
{
	const struct sockaddr_in *v4 = (const void *)&g->address;
	const struct sockaddr_in6 *v6 = (const void *)&g->address;
	const struct sockaddr_un *un = (const void *)&g->address;
	const char *kind = g->type == SOCK_DGRAM ? "udp" : "tcp";
	char text[INET6_ADDRSTRLEN];

	if (g->address.ss_family == AF_INET)
		buf_printf(out, "%s %s:%u", kind,
		    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)),
		    ntohs(v4->sin_port));
	else if (g->address.ss_family == AF_INET6)
		buf_printf(out, "%s [%s]:%u", kind,
		    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)),
		    ntohs(v6->sin6_port));
	else if (g->address.ss_family == AF_UNIX)
		buf_printf(
		    out, "%.*s", (int)sizeof(un->sun_path), un->sun_path);
	else
		buf_printf(out, "one of family %u", g->address.ss_family);
}

void
listen_given_check(void)
{
	struct buf names = { 0 };

	for (size_t i = 0; i < state.count; i++) {
		if (state.items[i].fd < 0)
			continue;
		buf_put_text(&names, names.size > 0 ? ", " : "");
		name_put(&state.items[i], &names);
	}
	if (names.size > 0)
		fatal("sockets were given that nothing here listens on: %s. "
		      "The socket unit's ListenStream= and ListenDatagram= "
		      "have to be the addresses and ports of the "
		      "configuration (client_addr, addresses, ports)",
		    buf_text(&names));
	buf_deinit(&names);
}
