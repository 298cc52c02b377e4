/* An edge whose peer means ill: bytes that nanomsg would die of, descriptors,
 * many connections, frames that mean nothing; and what becomes of the edge. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/ipc_frame.h"
#include "common/limits.h"
#include "common/log.h"
#include "tests/lib/tap.h"

#define GREETING "\0SP\0\0\x10\0\0"
#define GREETED	 8

static struct ev_loop *loop;
static char path[128];
static struct edge *server;
static unsigned ups, downs, answered, stuck;

static void
on_peer(struct daemon *d, struct edge *edge, bool is_up)
{
	(void)d;
	(void)edge;
	ups += is_up;
	downs += !is_up;
}

static void
on_get(struct daemon *d, struct call *call, const void *request)
{
	(void)d;
	(void)request;
	answered++;
	call_fail(call, "no such key");
}

static call_fn *const handlers[METHOD_COUNT] = {
	[METHOD_KVS_Get] = on_get,
};

static void
on_stuck(struct daemon *d, struct edge *edge)
{
	(void)d;
	(void)edge;
	stuck++;
}

static struct edge *
end_open(enum daemon_id self)
{
	struct edge_config config = {
		.loop = loop,
		.self = self,
		.peer =
		    self == DAEMON_catalogd ? DAEMON_httpd : DAEMON_catalogd,
		.path = path,
		.is_binder = self == DAEMON_catalogd,
		.handlers = handlers,
		.on_peer = on_peer,
		.on_stuck = on_stuck,
	};

	return (edge_new(&config));
}

static void
begin(void)
{
	ups = downs = answered = stuck = 0;
	server = end_open(DAEMON_catalogd);
}

static void
on_time_up(struct ev_loop *l, ev_timer *w, int events)
{
	(void)w;
	(void)events;
	ev_break(l, EVBREAK_ALL);
}

static void
turn(void)
{
	ev_timer limit;

	edge_flush(server);
	ev_timer_init(&limit, on_time_up, 0.01, 0);
	ev_timer_start(loop, &limit);
	ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &limit);
}

/* --- The other process. --- */

static int
link_up(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(at.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return (fd);
	close(fd);
	return (-1);
}

/* Is this connection closed from the other side? It greets first. */
static bool
is_hung_up(int fd)
{
	char bytes[4096];
	ssize_t size;

	while ((size = read(fd, bytes, sizeof(bytes))) > 0)
		continue;
	return (size == 0 || errno == ECONNRESET);
}

/* Greet, say this, and hear the connection being closed. */
static bool
say(const void *bytes, size_t size)
{
	int fd = link_up();
	bool is_closed;

	if (fd < 0)
		return (false);
	/* Either fails where the edge is cut. */
	if (write(fd, GREETING, GREETED) < 0 || write(fd, bytes, size) < 0)
		errno = 0;
	is_closed = is_hung_up(fd);
	close(fd);
	return (is_closed);
}

/* Run it in a process of its own, turn the loop meanwhile; its verdict. */
static bool
played(bool (*play)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		_exit(play() ? 0 : 1);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		turn();
	for (unsigned i = 0; i < 5; i++)
		turn();
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool
wrong_type(void)
{
	return (say("\2\0\0\0\0\0\0\0\1x", 10));
}

static bool
huge_size(void)
{
	return (say("\1\x7f\xff\xff\xff\xff\xff\xff\xff", 9));
}

/* Gone in the midst of the first head: some of these meet nanomsg just so that
 * it keeps their place. */
static bool
half_connections(void)
{
	for (unsigned i = 0; i < 300; i++) {
		int fd = link_up();
		char bytes[GREETED];

		if (fd < 0)
			return (false);
		if (i % 2 && read(fd, bytes, GREETED) < 0)
			errno = 0;
		if (write(fd, GREETING "\1\0\0", GREETED + i % 4) < 0)
			errno = 0;
		close(fd);
	}
	return (true);
}

static bool
wrong_type_byte_by_byte(void)
{
	static const char bytes[] = GREETING "\1\0\0\0\0\0\0\0\2ab"
					     "\1\0\0\0\0\0\0\0\0"
					     "\7\0\0\0\0\0\0\0\0";
	int fd = link_up();

	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		if (write(fd, bytes + i, 1) != 1)
			return (false);
		usleep(1000);
	}
	return (is_hung_up(fd));
}

static bool
many_violations(void)
{
	for (unsigned i = 0; i < IPC_VIOLATIONS_MAX; i++)
		if (!wrong_type())
			return (false);
	return (true);
}

static bool
many_connections(void)
{
	bool is_closed = false;
	int fd;

	for (unsigned i = 0; i < 100; i++) {
		fd = link_up();
		if (write(fd, GREETING, GREETED) < 0)
			is_closed = true;
	}
	usleep(100000);
	is_closed = is_closed || write(fd, "x", 1) < 0;
	return (is_closed);
}

/* Thirty of our own ends, and a byte that carries them. */
static bool
pass_descriptors(void)
{
	union {
		char bytes[CMSG_SPACE(30 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)GREETING, GREETED };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	int fd = link_up(), zeros[30] = { 0 };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(zeros));
	memcpy(CMSG_DATA(c), zeros, sizeof(zeros));
	return (sendmsg(fd, &message, 0) == GREETED && is_hung_up(fd));
}

/* Whoever came just before the cut is closed by what it says. */
static bool
is_closed_to_us(void)
{
	int fd = link_up();

	if (fd < 0 || write(fd, GREETING, GREETED) < 0)
		return (true);
	for (unsigned i = 0; i < 500; i++) {
		if (write(fd, "\1", 1) < 0) {
			close(fd);
			return (true);
		}
		usleep(10000);
	}
	return (false);
}

static bool
violate_and_stay_out(void)
{
	return (many_violations() && is_closed_to_us() && is_closed_to_us());
}

/* --- Ours. --- */

static void
on_done(void *arg, const struct answer *answer)
{
	(void)answer;
	++*(unsigned *)arg;
}

static unsigned
descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return (count);
}

/* Does a daemon that means well get its answer? */
static bool
serves(void)
{
	struct key_request q = { .key = SLICE("a") };
	struct edge *client = end_open(DAEMON_httpd);
	unsigned done = 0, before = answered;

	edge_ask(client, METHOD_KVS_Get, &key_request_type, &q, SECONDS(5),
	    on_done, &done);
	while (done == 0) {
		edge_flush(client);
		turn();
	}
	edge_free(client);
	return (answered == before + 1);
}

static void
test_bytes_that_nanomsg_would_die_of(void)
{
	begin();
	CHECK(played(wrong_type));
	CHECK(played(huge_size));
	CHECK(played(wrong_type_byte_by_byte));
	CHECK(serves());
	edge_free(server);
}

/* The edge is free for the next one, or we are told that it can't be. */
static void
test_peers_that_break_off(void)
{
	struct key_request q = { .key = SLICE("a") };
	struct edge *client;
	unsigned done = 0;

	begin();
	CHECK(played(half_connections));
	client = end_open(DAEMON_httpd);
	edge_ask(client, METHOD_KVS_Get, &key_request_type, &q, SECONDS(20),
	    on_done, &done);
	while (done == 0 && stuck == 0) {
		edge_flush(client);
		turn();
	}
	CHECK(answered == 1 || stuck > 0);
	edge_free(client);
	edge_free(server);
}

static void
test_descriptors_are_not_taken(void)
{
	unsigned before;

	begin();
	CHECK(played(wrong_type)); /* whatever is opened once, is */
	before = descriptors();
	for (unsigned i = 0; i < 5; i++)
		CHECK(played(pass_descriptors));
	CHECK_EQ(descriptors(), before);
	CHECK(serves());
	edge_free(server);
}

static void
test_connections_have_a_limit(void)
{
	unsigned before;

	begin();
	before = descriptors();
	CHECK(played(many_connections));
	CHECK(descriptors() <= before + 2);
	CHECK(serves());
	edge_free(server);
}

static void
test_repeated_violations_cut_the_edge_for_that_process(void)
{
	begin();
	CHECK(played(violate_and_stay_out));
	/* Another process is served at once. */
	CHECK(serves());
	edge_free(server);
}

int
main(void)
{
	char folder[] = "/tmp/ipc_guard_test.XXXXXX";

	if (mkdtemp(folder) == NULL)
		return (1);
	snprintf(path, sizeof(path), "%s/s", folder);
	log_set_level(LOG_LEVEL_NONE);
	loop =
	    ev_loop_new(EVFLAG_NOENV); /* the default one reaps our children */
	RUN(test_bytes_that_nanomsg_would_die_of);
	RUN(test_peers_that_break_off);
	RUN(test_descriptors_are_not_taken);
	RUN(test_connections_have_a_limit);
	RUN(test_repeated_violations_cut_the_edge_for_that_process);
	unlink(path);
	rmdir(folder);
	return (tap_done());
}
