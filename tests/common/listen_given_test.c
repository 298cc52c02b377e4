/* Sockets of a service manager: found by what they are bound to, in any order;
 * one that nobody asks for ends the daemon, with its name. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/listen.h"
#include "common/listen_given.h"
#include "tests/lib/tap.h"

#define FIRST 3

static struct sockaddr_in
loopback(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port) };

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (at);
}

/* A socket of this type at a port that the kernel picks, as file `fd`. */
static uint16_t
bound(int fd, int type)
{
	struct sockaddr_in at = loopback(0);
	socklen_t size = sizeof(at);
	int made = socket(AF_INET, type, 0);

	CHECK(made >= 0);
	CHECK_EQ(bind(made, (struct sockaddr *)&at, size), 0);
	if (type == SOCK_STREAM)
		CHECK_EQ(listen(made, 4), 0);
	CHECK_EQ(getsockname(made, (struct sockaddr *)&at, &size), 0);
	CHECK_EQ(dup2(made, fd), fd);
	if (made != fd)
		close(made);
	return (ntohs(at.sin_port));
}

static void
env_put(const char *name, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	setenv(name, text, 1);
}

/* What `work` says on standard error and its status, in a process of its own:
 * given sockets begin at file 3, and fatal() ends it. */
static int
child(void (*work)(void), struct buf *said)
{
	char bytes[1024];
	int ends[2], status = -1;
	ssize_t size;
	pid_t pid;

	CHECK_EQ(pipe(ends), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		for (int fd = FIRST; fd < 64; fd++)
			close(fd);
		work();
		fflush(stdout);
		_exit(tap_is_ok ? 0 : 99);
	}
	close(ends[1]);
	buf_init(said);
	while ((size = read(ends[0], bytes, sizeof(bytes))) > 0)
		buf_put_slice(said, slice(bytes, (size_t)size));
	close(ends[0]);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void
take_all(void)
{
	uint16_t tcp = bound(FIRST, SOCK_STREAM);
	uint16_t udp = bound(FIRST + 1, SOCK_DGRAM);
	struct sockaddr_in at = loopback(tcp);

	env_put("LISTEN_FDS", 2);
	env_put("LISTEN_PID", getpid());
	listen_given_read();
	CHECK(getenv("LISTEN_FDS") == NULL);
	/* Of the other type, or at another port, it is another one. */
	CHECK_EQ(
	    listen_given_take((struct sockaddr *)&at, sizeof(at), SOCK_DGRAM),
	    tcp == udp ? FIRST + 1 : -1);
	CHECK_EQ(listen_udp("127.0.0.1", udp, "DNS"), FIRST + 1);
	CHECK_EQ(listen_tcp("127.0.0.1", tcp, "HTTP"), FIRST);
	CHECK((fcntl(FIRST, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK((fcntl(FIRST, F_GETFL) & O_NONBLOCK) != 0);
	/* Each is taken once. */
	CHECK_EQ(
	    listen_given_take((struct sockaddr *)&at, sizeof(at), SOCK_STREAM),
	    -1);
	listen_given_check();
}

static void
leave_one(void)
{
	(void)bound(FIRST, SOCK_STREAM);
	env_put("LISTEN_FDS", 1);
	env_put("LISTEN_PID", getpid());
	listen_given_read();
	listen_given_check();
}

static void
of_another(void)
{
	(void)bound(FIRST, SOCK_STREAM);
	env_put("LISTEN_FDS", 1);
	env_put("LISTEN_PID", getppid());
	listen_given_read();
	listen_given_check();
}

static void
no_socket(void)
{
	CHECK_EQ(open("/dev/null", O_RDONLY), FIRST);
	env_put("LISTEN_FDS", 1);
	env_put("LISTEN_PID", getpid());
	listen_given_read();
}

static void
too_many(void)
{
	env_put("LISTEN_FDS", 65);
	env_put("LISTEN_PID", getpid());
	listen_given_read();
}

static void
by_path(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct sockaddr_un other = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "/tmp/listen_given_test.%ld",
	    (long)getpid());
	snprintf(other.sun_path, sizeof(other.sun_path),
	    "/tmp/listen_given_test.%ld.other", (long)getpid());
	CHECK_EQ(fd, FIRST);
	CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	CHECK_EQ(listen(fd, 4), 0);
	unlink(at.sun_path);
	env_put("LISTEN_FDS", 1);
	env_put("LISTEN_PID", getpid());
	listen_given_read();
	CHECK_EQ(listen_given_take(
		     (struct sockaddr *)&other, sizeof(other), SOCK_STREAM),
	    -1);
	CHECK_EQ(
	    listen_given_take((struct sockaddr *)&at, sizeof(at), SOCK_STREAM),
	    FIRST);
	listen_given_check();
}

static void
test_sockets_are_found_by_address(void)
{
	struct buf said;

	CHECK_EQ(child(take_all, &said), 0);
	buf_deinit(&said);
	CHECK_EQ(child(by_path, &said), 0);
	buf_deinit(&said);
}

static void
test_one_that_nobody_asks_for(void)
{
	struct buf said;

	CHECK_EQ(child(leave_one, &said), 1);
	CHECK(strstr(buf_text(&said), "tcp 127.0.0.1:") != NULL);
	CHECK(strstr(buf_text(&said), "nothing here listens on") != NULL);
	buf_deinit(&said);
}

static void
test_those_of_another_process(void)
{
	struct buf said;

	CHECK_EQ(child(of_another, &said), 0);
	buf_deinit(&said);
}

static void
test_what_is_no_socket(void)
{
	struct buf said;

	CHECK_EQ(child(no_socket, &said), 1);
	CHECK(strstr(buf_text(&said), "file 3 is no socket") != NULL);
	buf_deinit(&said);
	CHECK_EQ(child(too_many, &said), 1);
	CHECK(strstr(buf_text(&said), "65 sockets") != NULL);
	buf_deinit(&said);
}

int
main(void)
{
	RUN(test_sockets_are_found_by_address);
	RUN(test_one_that_nobody_asks_for);
	RUN(test_those_of_another_process);
	RUN(test_what_is_no_socket);
	return (tap_done());
}
