/*
 * A daemon by itself, as a service manager starts it: behind `proconsul setup`,
 * which makes the places that it needs and insists on.
 */
#ifndef TESTS_LIB_START_H
#define TESTS_LIB_START_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "privsep.h"

#define START_ARGUMENTS_MAX 32

/* In a child: become BUILD/argv[0], whose flags begin with -run-dir DIR. */
static void __attribute__((noreturn))
start_exec(const char *build, const char *const *argv)
{
	char path[8192];
	char *args[START_ARGUMENTS_MAX + 1] = { NULL };
	size_t count = 1;
	int status = -1, quiet;
	pid_t pid;

	for (; argv[count] != NULL && count + 1 < START_ARGUMENTS_MAX; count++)
		args[count + 1] = strdup(argv[count]);
	args[0] = strdup("proconsul");
	args[1] = strdup("setup");
	snprintf(path, sizeof(path), "%.4000s/proconsul", build);
	pid = fork();
	if (pid == 0) {
		quiet = open("/dev/null", O_WRONLY);
		if (quiet < 0 || dup2(quiet, STDOUT_FILENO) < 0)
			_exit(126);
		execv(path, args);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		_exit(127);
	args[1] = strdup(argv[0]);
	snprintf(path, sizeof(path), "%.4000s/%.64s", build, argv[0]);
	execv(path, args + 1);
	_exit(127);
}

/* What a test that plays this daemon has bound is to be that daemon's; the
 * group is the folder's, the other end's. */
static inline void
start_own_socket(const char *path, enum daemon_id id)
{
	if (geteuid() == 0 && chown(path, privsep_uid(id), (gid_t)-1) != 0)
		_exit(1);
}

#endif
