/* Signals as something to read; see signals.h. */
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "log.h"
#include "signals.h"

static void
signals_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGCHLD);
}

int
signals_open(void)
{
	sigset_t set;
	int fd;

	signals_set(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		fatal("sigprocmask: %m");
	/* A shell starts what it puts into the background with SIGINT
	 * ignored; Consul heeds it all the same. */
	signal(SIGINT, SIG_DFL);
	if ((fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) == -1)
		fatal("signalfd: %m");
	return (fd);
}

bool
signals_came(int fd)
{
	struct signalfd_siginfo info;
	bool has_come = false;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		has_come |= info.ssi_signo != SIGCHLD;
	return (has_come);
}

void
signals_restore(void)
{
	sigset_t set;

	signals_set(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
}
