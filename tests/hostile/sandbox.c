/*
 * What can be tried on the machine around the daemon: files, processes, system
 * calls, others' sockets, the launcher's ears.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/genpage.h"
#include "common/notify.h"
#include "hostile.h"

static char verdict[8192];

/* --- Files. --- */

static const char *
opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return (NULL);
	close(fd);
	snprintf(verdict, sizeof(verdict), "could open %s", path);
	return (verdict);
}

/* What others keep in the data directory, and what is nobody's business. */
static const char *
files(struct daemon *d, const char *argument)
{
	static const struct {
		enum daemon_id owner;
		const char *name;
	} parts[] = {
		{ DAEMON_raftd, "raft" },
		{ DAEMON_raftd, "raft/raft.db" },
		{ DAEMON_gossipd, "serf" },
		{ DAEMON_gossipd, "serf/local.keyring" },
		{ DAEMON_gossipd, "serf/local.snapshot" },
		{ DAEMON_healthd, "services" },
		{ DAEMON_healthd, "checks" },
	};
	const char *why = NULL;
	char path[4096];

	(void)argument;
	for (size_t i = 0; why == NULL && i < sizeof(parts) / sizeof(parts[0]);
	     i++) {
		snprintf(path, sizeof(path), "%s/%s", d->config->data_dir,
		    parts[i].name);
		if (parts[i].owner != d->id)
			why = opened(path, O_RDONLY);
	}
	if (why == NULL)
		why = opened("/etc/shadow", O_RDONLY);
	if (why == NULL)
		why = opened("/root", O_RDONLY);
	return (why);
}

static const char *
write_file(struct daemon *d, const char *argument)
{
	(void)d;
	return (opened(argument, O_WRONLY | O_CREAT));
}

/* The generation page is mapped to be read, and cannot be made writable. */
static const char *
genpage(struct daemon *d, const char *argument)
{
	char path[4096];
	void *page;
	int fd;

	(void)argument;
	snprintf(path, sizeof(path), "%s/%s", d->run_dir, GENPAGE_FILE);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return (NULL); /* not even that */
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page != MAP_FAILED)
		return ("could map the generation page for writing");
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (page != MAP_FAILED &&
	    mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0)
		return ("could make the generation page writable");
	return (NULL);
}

/* --- Processes. --- */

/* The argument is the pid of another daemon, or of the launcher. */
static const char *
process(struct daemon *d, const char *argument)
{
	static const char *const names[] = { "mem", "maps", "environ", "fd",
		"root", "cwd" };
	const char *why = NULL;
	char path[64];

	(void)d;
	for (size_t i = 0; why == NULL && i < 6; i++) {
		snprintf(path, sizeof(path), "/proc/%s/%s", argument, names[i]);
		why = opened(path, O_RDONLY);
	}
	return (why);
}

/* System calls that no daemon needs. */
static const struct {
	const char *name;
	long number;
	long arguments[4];
} forbidden[] = {
	{ "fork", SYS_fork, { 0 } },
	{ "clone", SYS_clone, { SIGCHLD } },
	{ "kill", SYS_kill, { 0, SIGKILL } }, /* its own group, at least */
	{ "ptrace", SYS_ptrace, { PTRACE_TRACEME } },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER } },
	{ "setuid", SYS_setuid, { 0 } },
	{ "memfd_create", SYS_memfd_create, { 0 } },
	{ "ioctl", SYS_ioctl, { 0, TIOCSTI } },
	{ "socket", SYS_socket, { AF_PACKET, SOCK_RAW } },
	{ "rt_sigaction", SYS_rt_sigaction, { SIGSYS, 0, 0, 8 } },
};

static const char *
call(struct daemon *d, const char *argument)
{
	(void)d;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		const long *a = forbidden[i].arguments;

		if (strcmp(forbidden[i].name, argument) != 0)
			continue;
		(void)syscall(forbidden[i].number, a[0], a[1], a[2], a[3]);
		return ("it was not even noticed");
	}
	return ("which call?");
}

/* --- Others' sockets. --- */

static const char *
edges(struct daemon *d, const char *argument)
{
	struct wire wire;

	(void)argument;
	for (enum daemon_id id = 0; id < DAEMON_COUNT; id++) {
		if (id == d->id || id == DAEMON_catalogd)
			continue;
		if (!wire_open(&wire, d, id))
			continue;
		wire_close(&wire);
		snprintf(verdict, sizeof(verdict),
		    "could connect to the edge of %s", daemon_name(id));
		return (verdict);
	}
	return (NULL);
}

/* The argument: the name of an abstract socket that somebody outside of the
 * suite listens on. */
static const char *
abstract(struct daemon *d, const char *argument)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result;

	(void)d;
	snprintf(to.sun_path + 1, sizeof(to.sun_path) - 1, "%s", argument);
	result = connect(fd, (struct sockaddr *)&to,
	    (socklen_t)(sizeof(to.sun_family) + 1 + strlen(argument)));
	close(fd);
	return (result == 0 ? "could connect to it" : NULL);
}

/* --- The launcher's ears: readiness, and the log. --- */

/* Forged words about others; what they do is seen by the test. */
static const char *
notify(struct daemon *d, const char *argument)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[600];

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/notify", d->run_dir);
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text),
		    "READY=1\nMAINPID=%s\nWATCHDOG=trigger\nX=%0*d", argument,
		    i * 2, 0);
		(void)sendto(fd, text, strlen(text), MSG_DONTWAIT,
		    (struct sockaddr *)&to, sizeof(to));
	}
	close(fd);
	return (NULL);
}

/* So that nobody else is heard. */
static const char *
notify_flood(struct daemon *d, const char *argument)
{
	(void)argument;
	for (int i = 0; i < 2000; i++)
		notify_send(d->notify, "WATCHDOG=1");
	return (NULL);
}

/* A line as another would write it, control characters, and a line that does
 * not end. */
static const char *
log_lines(struct daemon *d, const char *argument)
{
	static char endless[300000];

	(void)d;
	dprintf(STDOUT_FILENO,
	    "    2026-01-01T00:00:00.000Z [ERROR] agent: forged: %s\n"
	    "\033]0;title\007\033[2J\b\b\b%c%c\n",
	    argument, 0, 0x9b);
	memset(endless, 'e', sizeof(endless));
	for (size_t done = 0; done < sizeof(endless);) {
		ssize_t n = write(
		    STDOUT_FILENO, endless + done, sizeof(endless) - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	dprintf(STDOUT_FILENO, "\n");
	return (NULL);
}

const struct attack sandbox_attacks[] = {
	{ "files", files },
	{ "write_file", write_file },
	{ "genpage", genpage },
	{ "process", process },
	{ "call", call },
	{ "edges", edges },
	{ "abstract", abstract },
	{ "notify", notify },
	{ "notify_flood", notify_flood },
	{ "log_lines", log_lines },
	{ NULL, NULL },
};
