/* Forking a script and reading what it says; see script.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe_text.h"
#include "script.h"
#include "xmalloc.h"

#define READ_SIZE 4096
#define PATH_SIZE 4096

/* --- Which file it is (os/exec, LookPath). --- */

static bool
is_program(const char *path)
{
	struct stat st;

	return (stat(path, &st) == 0 && !S_ISDIR(st.st_mode) &&
		(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0);
}

static bool
path_search(const char *name, char path[PATH_SIZE])
{
	const char *folders = getenv("PATH");

	while (folders != NULL && *folders != '\0') {
		size_t size = strcspn(folders, ":");
		int used = snprintf(path, PATH_SIZE, "%.*s/%s", (int)size,
		    size == 0 ? "." : folders, name);

		if (used > 0 && used < PATH_SIZE && is_program(path))
			return (true);
		folders += size;
		folders += *folders == ':' ? 1 : 0;
	}
	return (false);
}

static bool
program_find(struct slice name, char path[PATH_SIZE], struct buf *why)
{
	char text[PATH_SIZE];

	if (name.size >= sizeof(text)) {
		buf_put_text(why, "file name too long");
		return (false);
	}
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	if (strchr(text, '/') != NULL) {
		memcpy(path, text, name.size + 1);
		return (true);
	}
	if (path_search(text, path))
		return (true);
	buf_printf(
	    why, "exec: \"%s\": executable file not found in $PATH", text);
	return (false);
}

/* --- Fork and exec. --- */

static char **
arguments_make(const struct slice_list *args)
{
	char **argv = xcalloc(args->count + 1, sizeof(*argv));

	for (size_t i = 0; i < args->count; i++) {
		argv[i] = xcalloc(1, args->items[i].size + 1);
		if (args->items[i].size > 0)
			memcpy(
			    argv[i], args->items[i].data, args->items[i].size);
	}
	return (argv);
}

static void
arguments_free(char **argv)
{
	for (size_t i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

/* In the child: a group of its own, nothing inherited, then the script. What
 * goes wrong is told as an errno. */
static void __attribute__((noreturn))
child_run(const char *path, char **argv, int output, int failure)
{
	int nothing = open("/dev/null", O_RDONLY);
	sigset_t none;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	if (setpgid(0, 0) == 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
	    dup2(output, STDOUT_FILENO) >= 0 &&
	    dup2(output, STDERR_FILENO) >= 0)
		execv(path, argv);
	error = errno;
	if (write(failure, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

/* 0 if the script runs, else why it does not. */
static int
child_error(int failure)
{
	int error = 0;
	ssize_t size;

	do
		size = read(failure, &error, sizeof(error));
	while (size < 0 && errno == EINTR);
	return (size == sizeof(error) ? error : 0);
}

static int
child_fork(struct script *s, const char *path, char **argv)
{
	int output[2], failure[2];
	int error;

	if (pipe2(output, O_CLOEXEC) != 0)
		return (errno);
	if (pipe2(failure, O_CLOEXEC) != 0) {
		error = errno;
		close(output[0]);
		close(output[1]);
		return (error);
	}
	s->pid = fork();
	if (s->pid == 0)
		child_run(path, argv, output[1], failure[1]);
	error = s->pid < 0 ? errno : 0;
	close(output[1]);
	close(failure[1]);
	if (error == 0) {
		error = child_error(failure[0]);
		if (error != 0)
			waitpid(s->pid, NULL, 0);
	}
	close(failure[0]);
	if (error != 0)
		close(output[0]);
	else
		s->output = output[0];
	return (error);
}

bool
script_start(struct script *s, const struct slice_list *args, struct buf *why)
{
	char path[PATH_SIZE];
	char **argv;
	int error;

	s->output = -1;
	if (!program_find(args->items[0], path, why))
		return (false);
	argv = arguments_make(args);
	error = child_fork(s, path, argv);
	arguments_free(argv);
	if (error != 0) {
		buf_printf(why, "fork/exec %s: ", path);
		probe_errno_text(error, why);
		return (false);
	}
	if (fcntl(s->output, F_SETFL, O_NONBLOCK) != 0)
		script_kill(s);
	return (true);
}

void
script_read(struct script *s)
{
	char bytes[READ_SIZE];

	while (s->output >= 0) {
		ssize_t size = read(s->output, bytes, sizeof(bytes));

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			return;
		if (size <= 0) {
			close(s->output);
			s->output = -1;
			return;
		}
		tail_put(&s->tail, bytes, (size_t)size);
	}
}

void
script_kill(const struct script *s)
{
	(void)kill(-s->pid, SIGKILL);
}

void
script_free(struct script *s)
{
	if (s->output >= 0)
		close(s->output);
	tail_deinit(&s->tail);
	buf_deinit(&s->check_id);
	free(s);
}
