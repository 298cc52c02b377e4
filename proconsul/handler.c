/* Running a handler; see handler.h. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handler.h"
#include "files.h"
#include "log.h"
#include "xmalloc.h"

#define DEFAULT_SHELL "/bin/sh"

/* The arguments as one line, as a shell's -c takes it. */
static char *
words_join(int argc, char **argv)
{
	struct buf text = { 0 };
	char *line;
	int i;

	for (i = 0; i < argc; i++)
		buf_printf(&text, "%s%s", i > 0 ? " " : "", argv[i]);
	line = xstrdup(buf_text(&text));
	buf_deinit(&text);
	return (line);
}

/* Ours, with the variable in place of one of its name. Shares the texts. */
static char **
environment_with(const char *variable)
{
	size_t size = (size_t)(strchr(variable, '=') - variable) + 1;
	size_t count = 0, kept = 0, i;
	char **made;

	while (environ[count] != NULL)
		count++;
	made = xcalloc(count + 2, sizeof(*made));
	for (i = 0; i < count; i++) {
		if (strncmp(environ[i], variable, size) != 0)
			made[kept++] = environ[i];
	}
	made[kept] = xstrdup(variable);
	return (made);
}

static void
environment_free(char **environment)
{
	size_t last = 0;

	while (environment[last + 1] != NULL)
		last++;
	free(environment[last]);
	free(environment);
}

/* In the child no signal is blocked or ignored on our behalf. */
static int
spawn(const struct handler_plan *plan, char **argv, pid_t *pid)
{
	char **environment = environment_with(plan->variable);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int error;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGINT);
	if (posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawnattr_init(&attributes) != 0)
		fatal("out of memory");
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(
	    &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_adddup2(&actions, plan->input, STDIN_FILENO);
	error = posix_spawnp(
	    pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	environment_free(environment);
	return (error);
}

enum err
handler_start(const struct handler_plan *plan, pid_t *pid, struct buf *why)
{
	char *shell = getenv("SHELL"), default_shell[] = DEFAULT_SHELL;
	char option[] = "-c", *line = NULL, **argv = plan->argv;
	char *shell_argv[4] = { NULL };
	int error;

	if (plan->uses_shell) {
		line = words_join(plan->argc, plan->argv);
		shell_argv[0] =
		    shell != NULL && *shell != '\0' ? shell : default_shell;
		shell_argv[1] = option;
		shell_argv[2] = line;
		argv = shell_argv;
	}
	error = spawn(plan, argv, pid);
	if (error == ENOENT && strchr(argv[0], '/') == NULL) {
		buf_printf(why,
		    "exec: \"%s\": executable file not found in $PATH",
		    argv[0]);
	} else if (error != 0) {
		buf_printf(why, "fork/exec %s: ", argv[0]);
		errno_put(why, error);
	}
	free(line);
	return (error == 0 ? ERR_OK : ERR_IO);
}

bool
handler_has_ended(pid_t pid, struct buf *why)
{
	const char *name;
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return (false);
	if (WIFSIGNALED(status)) {
		name = strsignal(WTERMSIG(status));
		buf_printf(why, "signal: %c%s%s",
		    tolower((unsigned char)name[0]), name + 1,
		    WCOREDUMP(status) ? " (core dumped)" : "");
	} else if (WEXITSTATUS(status) != 0) {
		buf_printf(why, "exit status %d", WEXITSTATUS(status));
	}
	return (true);
}
