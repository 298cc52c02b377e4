/*
 * Loaded before libc into the daemon that BREACH names: its nanomsg thread,
 * which is not the first of its threads, makes a system call that is not
 * allowed, three seconds after the start.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define AFTER_S 3

static time_t breach_at; /* 0: never */

static time_t
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec);
}

__attribute__((constructor)) static void
breach_plan(void)
{
	const char *name = getenv("BREACH");

	if (name != NULL && strcmp(name, program_invocation_short_name) == 0)
		breach_at = now_s() + AFTER_S;
}

int
epoll_wait(int fd, struct epoll_event *events, int count, int timeout)
{
	if (breach_at != 0 && now_s() >= breach_at && getpid() != gettid())
		(void)syscall(SYS_ptrace, 0, 0, 0, 0);
	return (
	    (int)syscall(SYS_epoll_pwait, fd, events, count, timeout, NULL, 0));
}
