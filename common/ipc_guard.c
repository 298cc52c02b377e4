/* The names that nanomsg calls, and what we know of its connections; see
 * ipc_guard.h. */
#include <errno.h>
#include <nanomsg/pair.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "ipc_guard.h"
#include "limits.h"
#include "wiring.h"

#define GREETING_SIZE 8
#define HEAD_SIZE     9 /* type, size */
#define TYPE_NORMAL   1
/* A guarded process holds some thirty files, and these connections. */
#define FDS_MAX 256
/* Since we came up, whoever takes an edge for good has to do without it. */
#define TAKEN_HOLD SECONDS(10)

struct guard {
	void (*on_breach)(void *arg, const char *what, pid_t);
	void *arg;
	atomic_int peer;
	atomic_int refused;
	atomic_int state;    /* enum guard_state */
	atomic_int taken_by; /* who made it TAKEN */
	struct instant begun;
	bool is_used;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

struct connection {
	struct guard *guard; /* NULL: not one of ours */
	uint64_t body_left;  /* of the message that is coming in */
	pid_t pid;
	uint8_t head_size;
	bool has_greeted;
	bool has_settled; /* nanomsg has read on behind the greeting */
	bool is_broken;
	uint8_t head[HEAD_SIZE];
};

static struct guard guards[DAEMON_COUNT];
static struct connection connections[FDS_MAX]; /* by descriptor */
static atomic_uint guard_count;
/* A descriptor may be closed by one thread while another gets it anew. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct guard *
guard_new(const char *path,
    void (*on_breach)(void *arg, const char *what, pid_t), void *arg)
{
	for (size_t i = 0; i < DAEMON_COUNT; i++) {
		struct guard *g = &guards[i];

		if (g->is_used || strlen(path) >= sizeof(g->path))
			continue;
		memcpy(g->path, path, strlen(path) + 1);
		g->on_breach = on_breach;
		g->arg = arg;
		g->is_used = true;
		g->begun = instant_now();
		atomic_store(&g->peer, 0);
		atomic_store(&g->refused, GUARD_NOBODY);
		atomic_store(&g->state, GUARD_FREE);
		atomic_fetch_add(&guard_count, 1);
		return (g);
	}
	return (NULL);
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	pthread_mutex_lock(&lock);
	for (size_t fd = 0; fd < FDS_MAX; fd++)
		if (connections[fd].guard == g)
			connections[fd].guard = NULL;
	g->is_used = false;
	g->path[0] = '\0';
	atomic_fetch_sub(&guard_count, 1);
	pthread_mutex_unlock(&lock);
}

pid_t
guard_peer(const struct guard *g)
{
	return (atomic_load(&g->peer));
}

void
guard_refuse(struct guard *g, pid_t pid)
{
	atomic_store(&g->refused, pid);
}

static bool
is_refused(const struct guard *g, pid_t pid)
{
	int refused = atomic_load(&g->refused);

	return (refused != GUARD_NOBODY && (refused == 0 || refused == pid));
}

bool
guard_is_refusing(const struct guard *g)
{
	return (is_refused(g, atomic_load(&g->peer)));
}

enum guard_state
guard_state(const struct guard *g)
{
	return ((enum guard_state)atomic_load(&g->state));
}

/* --- Bytes. --- */

static uint64_t
size_of_head(const uint8_t head[HEAD_SIZE])
{
	uint64_t size = 0;

	for (size_t i = 1; i < HEAD_SIZE; i++)
		size = size << 8 | head[i];
	return (size);
}

/* A greeting or the head of a message is there; what is wrong with it, or
 * NULL. */
static const char *
head_check(struct connection *c)
{
	static const uint8_t greeting[GREETING_SIZE] = { 0, 'S', 'P', 0, 0,
		NN_PAIR, 0, 0 };

	c->head_size = 0;
	if (!c->has_greeted) {
		c->has_greeted = true;
		return (memcmp(c->head, greeting, sizeof(greeting)) == 0
			    ? NULL
			    : "malformed greeting of the transport");
	}
	c->body_left = size_of_head(c->head);
	if (c->head[0] != TYPE_NORMAL)
		return ("malformed message of the transport");
	if (c->body_left > IPC_TRANSPORT_BYTES_MAX)
		return ("message too large for the transport");
	return (NULL);
}

/* Go along these bytes as nanomsg will; what is wrong with them, or NULL. */
static const char *
bytes_follow(struct connection *c, const uint8_t *bytes, size_t size)
{
	const char *what = NULL;

	while (size > 0 && what == NULL) {
		uint64_t take = c->body_left < size ? c->body_left : size;

		c->body_left -= take;
		bytes += take;
		size -= take;
		if (size == 0)
			break;
		c->head[c->head_size++] = *bytes++;
		size--;
		if (c->head_size ==
		    (c->has_greeted ? HEAD_SIZE : GREETING_SIZE))
			what = head_check(c);
	}
	return (what);
}

static struct connection *
connection_find(int fd)
{
	if (atomic_load_explicit(&guard_count, memory_order_relaxed) == 0 ||
	    fd < 0 || fd >= FDS_MAX || connections[fd].guard == NULL)
		return (NULL);
	return (&connections[fd]);
}

/* Has the other end been closed? To write nothing tells. */
static bool
is_left(int fd)
{
	struct msghdr nothing = { 0 };

	return (syscall(SYS_sendmsg, fd, &nothing, MSG_NOSIGNAL) < 0 &&
		errno == EPIPE);
}

ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
	struct connection *c = connection_find(fd);
	const char *what;
	ssize_t size;

	if (c == NULL)
		return (syscall(SYS_recvmsg, fd, message, flags));
	if (c->is_broken || is_refused(c->guard, c->pid))
		return (0);
	/* Without room for them, descriptors are closed by the kernel. */
	message->msg_control = NULL;
	message->msg_controllen = 0;
	/* The greeting alone, so that it shows when more is asked for. */
	c->has_settled = c->has_greeted;
	if (!c->has_greeted)
		message->msg_iov[0].iov_len =
		    (size_t)(GREETING_SIZE - c->head_size);
	size = syscall(SYS_recvmsg, fd, message, flags);
	if (size <= 0)
		return (size);
	what =
	    (message->msg_flags & MSG_CTRUNC)
		? "descriptors passed"
		: bytes_follow(c, message->msg_iov[0].iov_base, (size_t)size);
	if (what == NULL)
		/* Nor is it to greet who has left already. */
		return (c->has_greeted && !c->has_settled && is_left(fd)
			    ? 0
			    : size);
	c->is_broken = true;
	c->guard->on_breach(c->guard->arg, what, c->pid);
	return (0);
}

/* --- Connections. --- */

static struct guard *
guard_of(int fd)
{
	struct sockaddr_un at = { 0 };
	socklen_t size = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &size) != 0 ||
	    at.sun_family != AF_UNIX || at.sun_path[0] == '\0')
		return (NULL);
	for (size_t i = 0; i < DAEMON_COUNT; i++)
		if (guards[i].is_used && strncmp(guards[i].path, at.sun_path,
					     sizeof(at.sun_path)) == 0)
			return (&guards[i]);
	return (NULL);
}

static pid_t
pid_of(int fd)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return (0);
	return (peer.pid);
}

/* Take it down in the table; false if there is no room for it. */
static bool
connection_add(struct guard *g, int fd, pid_t pid)
{
	unsigned count = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < FDS_MAX; i++)
		count += connections[i].guard == g;
	if (count >= GUARD_CONNECTIONS_MAX || fd >= FDS_MAX) {
		pthread_mutex_unlock(&lock);
		g->on_breach(g->arg, "too many connections", pid);
		return (false);
	}
	connections[fd] = (struct connection){ .guard = g, .pid = pid };
	atomic_store(&g->peer, pid);
	pthread_mutex_unlock(&lock);
	return (true);
}

/* Is it no use to let anybody in any more? Then whoever comes is told of, but
 * for some time not the very process that has brought it about. */
static bool
is_free(struct guard *g, pid_t pid)
{
	if (atomic_load(&g->state) == GUARD_FREE)
		return (true);
	if (pid == 0 || pid != atomic_load(&g->taken_by) ||
	    instant_since(instant_now(), g->begun).ns >= TAKEN_HOLD.ns) {
		atomic_store(&g->state, GUARD_WANTED);
		g->on_breach(g->arg, NULL, pid);
	}
	return (false);
}

int
accept4(int listener, struct sockaddr *address, socklen_t *size, int flags)
{
	int fd = (int)syscall(SYS_accept4, listener, address, size, flags);
	struct guard *g;
	pid_t pid;

	if (fd < 0 || atomic_load(&guard_count) == 0 ||
	    (g = guard_of(fd)) == NULL)
		return (fd);
	pid = pid_of(fd);
	if (!is_left(fd) && !is_refused(g, pid) && is_free(g, pid) &&
	    connection_add(g, fd, pid))
		return (fd);
	(void)syscall(SYS_close, fd);
	errno = ECONNABORTED; /* nanomsg then waits for the next one */
	return (-1);
}

/* Closed between its greeting and what comes behind it, and no other
 * connection is why: nanomsg has lost it, and keeps its place. */
static void
connection_remove(struct connection *c)
{
	struct guard *g = c->guard;
	unsigned others = 0;

	pthread_mutex_lock(&lock);
	c->guard = NULL;
	for (size_t i = 0; i < FDS_MAX; i++)
		others += connections[i].guard == g;
	if (c->has_greeted && !c->has_settled && !c->is_broken && others == 0 &&
	    atomic_load(&g->state) == GUARD_FREE) {
		atomic_store(&g->taken_by, c->pid);
		atomic_store(&g->state, GUARD_TAKEN);
	}
	pthread_mutex_unlock(&lock);
}

int
close(int fd)
{
	struct connection *c = connection_find(fd);

	if (c != NULL)
		connection_remove(c);
	return ((int)syscall(SYS_close, fd));
}
