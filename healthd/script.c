/* Forking a script and reading what it says; see script.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "probe_text.h"
#include "script.h"
#include "xmalloc.h"

#define READ_SIZE 4096
#define READS_MAX 32 /* a turn: who writes for ever must not keep us here */
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

static char *
text_make(struct slice in)
{
	char *text = xcalloc(1, in.size + 1);

	if (in.size > 0)
		memcpy(text, in.data, in.size);
	return (text);
}

/* The file of a job's script is the last, if there is one. */
static char **
arguments_make(const struct slice_list *args, const char *file)
{
	char **argv = xcalloc(args->count + 2, sizeof(*argv));

	for (size_t i = 0; i < args->count; i++)
		argv[i] = text_make(args->items[i]);
	if (file != NULL)
		argv[args->count] = xstrdup(file);
	return (argv);
}

/* Ours, and behind it what is given: the last of a name counts. */
static char **
environment_make(const struct slice_list *more)
{
	size_t count = 0;
	char **made;

	while (environ[count] != NULL)
		count++;
	made = xcalloc(count + more->count + 1, sizeof(*made));
	for (size_t i = 0; i < count; i++)
		made[i] = xstrdup(environ[i]);
	for (size_t i = 0; i < more->count; i++)
		made[count + i] = text_make(more->items[i]);
	return (made);
}

static void
texts_free(char **texts)
{
	for (size_t i = 0; texts[i] != NULL; i++)
		free(texts[i]);
	free(texts);
}

/* --- What it is given. --- */

static bool
write_all(int fd, struct slice bytes)
{
	while (bytes.size > 0) {
		ssize_t size = write(fd, bytes.data, bytes.size);

		if (size < 0 && errno != EINTR)
			return (false);
		if (size > 0)
			bytes = slice_tail(bytes, (size_t)size);
	}
	return (true);
}

/* Its standard input: as a file, it need not be read to be written. */
static int
input_open(const struct script *s)
{
	int fd;

	if (s->kind != PROBE_HANDLER)
		return (open("/dev/null", O_RDONLY | O_CLOEXEC));
	fd = memfd_create("watch", MFD_CLOEXEC);
	if (fd < 0 || !write_all(fd, buf_slice(&s->input)) ||
	    lseek(fd, 0, SEEK_SET) != 0) {
		if (fd >= 0)
			close(fd);
		return (-1);
	}
	return (fd);
}

/* Where Go puts its temporary files. */
static bool
file_make(struct script *s)
{
	const char *folder = getenv("TMPDIR");
	char path[PATH_SIZE];
	bool is_good;
	int fd, used;

	if (folder == NULL || *folder == '\0')
		folder = "/tmp";
	used = snprintf(path, sizeof(path), "%s/rexecXXXXXX", folder);
	if (used < 0 || used >= PATH_SIZE)
		return (false);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return (false);
	s->file = xstrdup(path);
	is_good = write_all(fd, buf_slice(&s->input)) && fchmod(fd, 0750) == 0;
	return (close(fd) == 0 && is_good);
}

/* --- Fork and exec, the child's side. --- */

struct child {
	const char *path;
	char **argv;
	char **environment;
	const struct script_limits *limits;
	bool is_check;
	int input, output, failure;
};

/* In the child: a session of its own, nothing inherited, then the script. What
 * goes wrong is told as an errno. */
static void
child_run(const void *arg)
{
	const struct child *c = arg;
	sigset_t none;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	if (setsid() >= 0 && dup2(c->input, STDIN_FILENO) >= 0 &&
	    dup2(c->output, STDOUT_FILENO) >= 0 &&
	    dup2(c->output, STDERR_FILENO) >= 0 &&
	    script_limits_set(c->limits, c->is_check))
		execve(c->path, c->argv, c->environment);
	error = errno;
	if (write(c->failure, &error, sizeof(error)) < 0)
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

/* Three ways to a script: what it says, why it does not run, and its keeper's
 * line. */
struct ways {
	int output[2], failure[2], line[2];
};

static void
pair_close(const int pair[2])
{
	if (pair[0] >= 0)
		close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
}

static int
ways_open(struct ways *w)
{
	int error;

	*w = (struct ways){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (pipe2(w->output, O_CLOEXEC) == 0 &&
	    pipe2(w->failure, O_CLOEXEC) == 0 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w->line) == 0)
		return (0);
	error = errno;
	pair_close(w->output);
	pair_close(w->failure);
	return (error);
}

static int
child_fork(struct script *s, struct child *c)
{
	struct ways w;
	int error = ways_open(&w);

	if (error != 0)
		return (error);
	c->output = w.output[1];
	c->failure = w.failure[1];
	s->keeper = fork();
	if (s->keeper == 0)
		keeper_main(w.line[1], child_run, c);
	error = s->keeper < 0 ? errno : 0;
	close(w.output[1]);
	close(w.failure[1]);
	close(w.line[1]);
	if (error == 0)
		error = child_error(w.failure[0]);
	close(w.failure[0]);
	if (error != 0) {
		close(w.output[0]);
		close(w.line[0]);
	} else {
		s->output = w.output[0];
		s->line = w.line[0];
	}
	return (error);
}

static int
child_start(struct script *s, const char *path, const struct probe_request *q,
    const struct script_limits *limits)
{
	struct child child = {
		.path = path,
		.limits = limits,
		.is_check = s->kind == PROBE_CHECK,
	};
	int error;

	child.input = input_open(s);
	if (child.input < 0)
		return (errno);
	child.argv = arguments_make(&q->check.script_args, s->file);
	child.environment = environment_make(&q->environment);
	error = child_fork(s, &child);
	texts_free(child.argv);
	texts_free(child.environment);
	close(child.input);
	return (error);
}

bool
script_start(struct script *s, const struct probe_request *q,
    const struct script_limits *limits, struct buf *why)
{
	char path[PATH_SIZE];
	int error;

	if (q->check.script_args.count == 0) {
		buf_put_text(why, "need an executable to run");
		return (false);
	}
	if (!program_find(q->check.script_args.items[0], path, why))
		return (false);
	if (s->kind == PROBE_JOB && s->input.size > 0 && !file_make(s)) {
		buf_put_text(why, "failed to make tmp file");
		return (false);
	}
	error = child_start(s, path, q, limits);
	buf_deinit(&s->input);
	if (error != 0) {
		buf_printf(why, "fork/exec %s: ", path);
		probe_errno_text(error, why);
		return (false);
	}
	s->has_started = true;
	if (fcntl(s->output, F_SETFL, O_NONBLOCK) != 0)
		script_kill(s);
	return (true);
}

void
script_read(struct script *s)
{
	char bytes[READ_SIZE];

	for (int i = 0; i < READS_MAX && s->output >= 0; i++) {
		ssize_t size;
		size_t room =
		    s->stream == NULL ? sizeof(bytes) : stream_room(s->stream);

		if (room == 0)
			return;
		size = read(s->output, bytes, room);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == EAGAIN)
			return;
		if (size <= 0) {
			close(s->output);
			s->output = -1;
		} else if (s->stream != NULL)
			stream_put(
			    s->stream, bytes, (size_t)size, instant_now());
		else
			tail_put(&s->tail, bytes, (size_t)size);
	}
}

static void
exited(struct script *s, int status)
{
	s->has_exited = true;
	s->status = status;
}

void
script_listen(struct script *s)
{
	struct keeper_word word;

	while (s->line >= 0 && recv(s->line, &word, sizeof(word),
				   MSG_DONTWAIT) == sizeof(word)) {
		if (s->pid == 0)
			s->pid = word.pid;
		else
			exited(s, word.status);
	}
}

/* Unless it was told to kill the script it has told what became of it: a
 * script can kill its keeper, too. */
void
script_keeper_ended(struct script *s, int status)
{
	script_listen(s);
	if (!s->has_exited) {
		script_kill(s);
		exited(s, WIFSIGNALED(status) ? status : SIGKILL);
	}
	close(s->line);
	s->line = -1;
}

static void
keeper_tell(const struct script *s, char word)
{
	if (s->line >= 0)
		(void)send(s->line, &word, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Its own group at once, so that it need not have a keeper that can; once it
 * has been reaped that may be another's. */
void
script_kill(const struct script *s)
{
	if (s->pid > 0 && !s->has_exited)
		(void)kill(-s->pid, SIGKILL);
	if (s->line >= 0) {
		keeper_tell(s, KEEPER_KILL);
		(void)kill(s->keeper, SIGCONT);
	}
}

void
script_free(struct script *s)
{
	if (s->output >= 0)
		close(s->output);
	keeper_tell(s, KEEPER_LEAVE);
	if (s->line >= 0)
		close(s->line);
	if (s->file != NULL)
		(void)unlink(s->file);
	free(s->file);
	free(s->stream);
	buf_deinit(&s->input);
	tail_deinit(&s->tail);
	buf_deinit(&s->check_id);
	free(s);
}
