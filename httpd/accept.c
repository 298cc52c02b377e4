/* Listening sockets; see accept.h. */
#include <errno.h>
#include <ev.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "accept.h"
#include "conn.h"
#include "httpd.h"
#include "listen_given.h"
#include "log.h"
#include "xmalloc.h"

#define LOG_NAME       "agent"
#define ACCEPTS_A_TURN 64
#define BACKLOG	       1024
#define REST_S	       0.2
#define UNIX_PREFIX    "unix://"

struct listener {
	ev_io io;
	ev_timer rest;	     /* while there are no descriptors to be had */
	struct conns *conns; /* lent */
};

static void
on_rested(struct ev_loop *loop, ev_timer *w, int events)
{
	struct listener *listener = w->data;

	(void)events;
	ev_io_start(loop, &listener->io);
}

/* Who comes waits in the kernel's queue: asking at once again is in vain. */
static void
rest(struct ev_loop *loop, struct listener *listener)
{
	log_warn(LOG_NAME, "cannot accept a connection", "error=\"%s\"",
	    strerror(errno));
	ev_io_stop(loop, &listener->io);
	ev_timer_set(&listener->rest, REST_S, 0);
	ev_timer_start(loop, &listener->rest);
}

static void
on_connection(struct ev_loop *loop, ev_io *w, int events)
{
	struct listener *listener = w->data;

	(void)events;
	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t size = sizeof(from);
		void *address = &from;
		int fd = accept4(
		    w->fd, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			conns_add(listener->conns, fd, &from);
		else if (errno == EAGAIN)
			return;
		else if (errno != ECONNABORTED && errno != EINTR) {
			rest(loop, listener);
			return;
		}
	}
}

static void
listener_start(struct httpd *h, int fd)
{
	struct listener *listener = xcalloc(1, sizeof(*listener));

	listener->conns = h->conns;
	ev_io_init(&listener->io, on_connection, fd, EV_READ);
	ev_timer_init(&listener->rest, on_rested, REST_S, 0);
	listener->io.data = listener->rest.data = listener;
	ev_io_start(h->daemon->loop, &listener->io);
}

static void
tcp_open(struct httpd *h, const char *address, int port)
{
	int fd = listen_tcp(address, port, "HTTP");
	int yes = 1;

	/* What comes of a listening socket inherits these: no calls later. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes)) != 0)
		log_warn(LOG_NAME, "cannot set options of a socket",
		    "error=\"%s\"", strerror(errno));
	listener_start(h, fd);
	log_info(LOG_NAME, "Started HTTP server", "address=%s:%d network=tcp",
	    address, port);
}

/* By number, or by name where the system knows one. */
static unsigned
user_find(const char *text)
{
	const struct passwd *user;
	char *end;
	unsigned long id = strtoul(text, &end, 10);

	if (end != text && *end == '\0')
		return ((unsigned)id);
	user = getpwnam(text);
	if (user == NULL)
		fatal("unix_sockets: no user %s", text);
	return (user->pw_uid);
}

static unsigned
group_find(const char *text)
{
	const struct group *group;
	char *end;
	unsigned long id = strtoul(text, &end, 10);

	if (end != text && *end == '\0')
		return ((unsigned)id);
	group = getgrnam(text);
	if (group == NULL)
		fatal("unix_sockets: no group %s", text);
	return (group->gr_gid);
}

/* Who may use the socket's file: unix_sockets. */
static void
unix_permit(const char *path, const struct unix_sockets_keys *keys)
{
	struct arena arena;
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;

	arena_init(&arena);
	if (keys->user.size > 0)
		uid = user_find(arena_text(&arena, keys->user));
	if (keys->group.size > 0)
		gid = group_find(arena_text(&arena, keys->group));
	if (chown(path, uid, gid) != 0)
		fatal("cannot give %s away: %s", path, strerror(errno));
	if (keys->mode.size > 0 &&
	    chmod(path,
		(mode_t)strtoul(arena_text(&arena, keys->mode), NULL, 8)) != 0)
		fatal("cannot set the mode of %s: %s", path, strerror(errno));
	arena_deinit(&arena);
}

static void
unix_open(struct httpd *h, const char *path, const struct config *config)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const void *at = &address;
	struct stat old;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		fatal("path too long for a socket: %s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = listen_given_take(at, sizeof(address), SOCK_STREAM);
	if (fd >= 0) {
		listener_start(h, fd);
		log_info(LOG_NAME, "Started HTTP server",
		    "address=%s network=unix", path);
		return;
	}
	/* One that was left behind is removed; nothing else is. */
	if (lstat(path, &old) == 0 && S_ISSOCK(old.st_mode))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, at, sizeof(address)) != 0)
		fatal("cannot listen on %s: %s", path, strerror(errno));
	unix_permit(path, &config->keys.unix_sockets);
	if (listen(fd, BACKLOG) != 0)
		fatal("cannot listen on %s: %s", path, strerror(errno));
	listener_start(h, fd);
	log_info(
	    LOG_NAME, "Started HTTP server", "address=%s network=unix", path);
}

void
accept_open(struct httpd *h, const struct config *config)
{
	const struct config_addresses *addresses = &config->http_addresses;

	for (size_t i = 0; i < addresses->count; i++) {
		const char *address = addresses->text[i];

		if (strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
			unix_open(h, address + strlen(UNIX_PREFIX), config);
		else
			tcp_open(h, address, config->http_port);
	}
}
