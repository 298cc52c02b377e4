/* What a script leaves behind, and its end; see keeper.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "keeper.h"

#define LINE		3 /* where it stands once all else is closed */
#define PROCESSES_MAX	65536
#define ROUNDS_MAX	100
#define KILLED_WITHIN	SECONDS(5) /* what is in the kernel may take time */
#define STAT_BYTES_MAX	512
#define WAIT_BETWEEN_MS 20

struct process {
	pid_t pid, parent;
	char state;
	bool is_ours;
};

struct keeper {
	int children; /* SIGCHLD */
	pid_t script;
	bool is_running;	   /* the script: it has not been reaped */
	int status;		   /* of the script, once it has been */
	struct process *processes; /* owned; of the last look */
	size_t count;
};

/* --- Who there is. --- */

/* "PID (NAME) STATE PARENT ...": a name may hold anything. */
static bool
process_read(const char *name, struct process *out)
{
	char path[64], text[STAT_BYTES_MAX];
	const char *rest;
	ssize_t size;
	int fd, parent;

	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return (false);
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return (false);
	text[size] = '\0';
	rest = strrchr(text, ')');
	*out = (struct process){ .pid = atoi(name) };
	if (rest == NULL || sscanf(rest, ") %c %d", &out->state, &parent) != 2)
		return (false);
	out->parent = parent;
	return (true);
}

static void
processes_read(struct keeper *k)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;

	k->count = 0;
	if (folder == NULL)
		return;
	while (k->count < PROCESSES_MAX && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    process_read(entry->d_name, &k->processes[k->count]))
			k->count++;
	closedir(folder);
}

static bool
is_parent_ours(const struct keeper *k, pid_t parent)
{
	if (parent == getpid())
		return (true);
	for (size_t i = 0; i < k->count; i++)
		if (k->processes[i].pid == parent)
			return (k->processes[i].is_ours);
	return (false);
}

/* Children of children, until there is none that is new. */
static void
ours_mark(struct keeper *k)
{
	bool has_more = true;

	while (has_more) {
		has_more = false;
		for (size_t i = 0; i < k->count; i++) {
			struct process *p = &k->processes[i];

			if (p->is_ours || !is_parent_ours(k, p->parent))
				continue;
			p->is_ours = has_more = true;
		}
	}
}

/* True if there was one to send it to; who has stopped need not be. */
static bool
ours_signal(const struct keeper *k, int number)
{
	bool has_any = false;

	for (size_t i = 0; i < k->count; i++) {
		const struct process *p = &k->processes[i];
		bool is_over =
		    p->state == 'Z' || p->state == 'X' ||
		    (number == SIGSTOP && (p->state == 'T' || p->state == 't'));

		if (p->is_ours && !is_over && kill(p->pid, number) == 0)
			has_any = true;
	}
	return (has_any);
}

/* --- The end. --- */

/* True once there is no child any more. */
static bool
are_all_reaped(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (!k->is_running || pid != k->script)
			continue;
		k->is_running = false;
		k->status = status;
	}
	return (pid < 0 && errno == ECHILD);
}

static void
children_wait(const struct keeper *k, int limit_ms)
{
	struct signalfd_siginfo info;
	struct pollfd event = { k->children, POLLIN, 0 };

	(void)poll(&event, 1, limit_ms);
	while (read(k->children, &info, sizeof(info)) > 0)
		continue;
}

/* Its group at one stroke, which is mostly all, while it is there to have one;
 * then who is left. */
static void __attribute__((noreturn)) all_kill(struct keeper *k)
{
	struct instant end = instant_add(instant_now(), KILLED_WITHIN);

	if (k->is_running)
		(void)kill(-k->script, SIGKILL);
	children_wait(k, WAIT_BETWEEN_MS);
	if (are_all_reaped(k))
		_exit(0);
	k->processes = calloc(PROCESSES_MAX, sizeof(*k->processes));
	while (k->processes != NULL && !are_all_reaped(k) &&
	       instant_before(instant_now(), end)) {
		for (int i = 0; i < ROUNDS_MAX; i++) {
			processes_read(k);
			ours_mark(k);
			if (!ours_signal(k, SIGSTOP))
				break;
		}
		(void)ours_signal(k, SIGKILL);
		children_wait(k, WAIT_BETWEEN_MS);
	}
	_exit(0);
}

static void
word_send(pid_t pid, int status)
{
	struct keeper_word word = { pid, status };

	(void)send(LINE, &word, sizeof(word), MSG_NOSIGNAL);
}

static void
children_ended(struct keeper *k)
{
	bool was_running = k->is_running;

	children_wait(k, 0);
	(void)are_all_reaped(k);
	if (was_running && !k->is_running)
		word_send(k->script, k->status);
}

static void __attribute__((noreturn)) keep(struct keeper *k)
{
	struct pollfd polls[] = { { LINE, POLLIN, 0 },
		{ k->children, POLLIN, 0 } };
	char word;

	for (;;) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			all_kill(k);
		if (polls[0].revents != 0) {
			if (recv(LINE, &word, 1, MSG_DONTWAIT) == 1 &&
			    word == KEEPER_LEAVE)
				_exit(0);
			all_kill(k);
		}
		if (polls[1].revents != 0)
			children_ended(k);
	}
}

/* --- The beginning. --- */

static int
children_watch(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return (signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

/* Until the keeper has closed its own end: a script may stop or kill it as its
 * first deed, and what is open then would stay so. */
static void
gate_wait(const int gate[2])
{
	char byte;

	close(gate[1]);
	while (read(gate[0], &byte, 1) < 0 && errno == EINTR)
		continue;
}

void
keeper_main(int line, void (*run)(const void *), const void *arg)
{
	struct keeper k = { .is_running = true };
	int gate[2];

	prctl(PR_SET_NAME, "healthd-keeper");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 ||
	    pipe2(gate, O_CLOEXEC) != 0)
		_exit(1);
	k.script = fork();
	if (k.script == 0) {
		gate_wait(gate);
		run(arg);
	}
	if (k.script < 0 || dup2(line, LINE) < 0)
		_exit(1);
	word_send(k.script, 0);
	/* What the runner has open is not ours, or its end would not be seen;
	 * and now the script may begin. */
	if (close_range(LINE + 1, ~0U, 0) != 0)
		_exit(1);
	k.children = children_watch();
	if (k.children < 0)
		_exit(1);
	keep(&k);
}
