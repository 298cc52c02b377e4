/* Starting daemons, and starting them again; see children.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "children.h"
#include "log.h"
#include "privsep.h"
#include "xmalloc.h"

void
children_init(struct children *c)
{
	enum daemon_id id;

	*c = (struct children){
		.log = -1,
		.watchdog = WATCHDOG_TIME,
		.watched_next = INSTANT_NEVER,
	};
	for (id = 0; id < DAEMON_COUNT; id++) {
		c->items[id].alive_at = INSTANT_NEVER;
		c->items[id].id = id;
		c->items[id].restart_at = INSTANT_NEVER;
	}
}

/* NAME -run-dir DIR, what the user gave, and the ID that comes of it. */
static char **
arguments_make(const struct children *c, enum daemon_id id)
{
	char **argv = xcalloc((size_t)c->argc + 6, sizeof(*argv));
	int i, n = 0;

	argv[n++] = xstrdup(daemon_name(id));
	argv[n++] = xstrdup("-run-dir");
	argv[n++] = xstrdup(c->run_dir);
	for (i = 0; i < c->argc && strcmp(c->argv[i], "--") != 0; i++)
		argv[n++] = c->argv[i];
	argv[n++] = xstrdup("-node-id");
	argv[n++] = xstrdup(c->node_id);
	return (argv);
}

/* As systemd does it for its units. */
static void
watchdog_set(const struct children *c)
{
	char text[32];

	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (c->watchdog.ns <= 0)
		return;
	snprintf(
	    text, sizeof(text), "%lld", (long long)(c->watchdog.ns / 1000));
	setenv("WATCHDOG_USEC", text, 1);
	snprintf(text, sizeof(text), "%ld", (long)getpid());
	setenv("WATCHDOG_PID", text, 1);
}

static void
child_run(const struct children *c, enum daemon_id id, pid_t launcher)
{
	char path[4096], socket[128];
	sigset_t none;

	privsep_tie_to_parent(launcher);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(path, sizeof(path), "%s/%s", c->folder, daemon_name(id));
	snprintf(socket, sizeof(socket), "%s/notify", c->run_dir);
	setenv("NOTIFY_SOCKET", socket, 1);
	watchdog_set(c);
	if (c->log >= 0)
		dup2(c->log, STDOUT_FILENO);
	execv(path, arguments_make(c, id));
	fprintf(stderr, "==> Cannot start %s: %s\n", path, strerror(errno));
	_exit(1);
}

void
child_start(struct children *c, struct child *child, struct instant now)
{
	pid_t launcher = getpid(), pid;

	child->started = now;
	child->restart_at = INSTANT_NEVER;
	child->is_ready = false;
	child->said = 0;
	child->alive_at = INSTANT_NEVER;
	pid = fork();
	if (pid == 0)
		child_run(c, child->id, launcher);
	if (pid > 0) {
		child->pid = pid;
		return;
	}
	log_error("agent", "Cannot start a daemon", "daemon=%s error=\"%s\"",
	    daemon_name(child->id), strerror(errno));
	child_died(child, now);
}

struct child *
children_find(struct children *c, pid_t pid)
{
	size_t i;

	for (i = 0; i < DAEMON_COUNT; i++) {
		if (c->items[i].pid == pid)
			return (&c->items[i]);
	}
	return (NULL);
}

void
child_died(struct child *child, struct instant now)
{
	struct duration lived = instant_since(now, child->started);
	struct duration delay = { 0 };
	unsigned i;

	child->pid = 0;
	child->quick_deaths =
	    lived.ns < LONG_LIFE.ns ? child->quick_deaths + 1 : 0;
	if (child->quick_deaths > 1)
		delay = RESTART_DELAY_STEP;
	for (i = 2; i < child->quick_deaths; i++) {
		if (delay.ns < RESTART_DELAY_MAX.ns)
			delay.ns *= 2;
	}
	if (delay.ns > RESTART_DELAY_MAX.ns)
		delay = RESTART_DELAY_MAX;
	child->restart_at = instant_add(now, delay);
}

struct instant
children_restart(struct children *c, struct instant now)
{
	struct instant next = INSTANT_NEVER;
	size_t i;

	for (i = 0; i < DAEMON_COUNT; i++) {
		struct child *child = &c->items[i];

		if (child->pid != 0)
			continue;
		if (!instant_before(now, child->restart_at))
			child_start(c, child, now);
		if (child->pid == 0 && instant_before(child->restart_at, next))
			next = child->restart_at;
	}
	return (next);
}

void
child_is_alive(struct child *child, struct instant now)
{
	child->alive_at = now;
}

/* What hangs heeds no other signal. */
static void
child_watch(struct children *c, struct child *child, struct instant now)
{
	struct duration silent;

	if (child->pid <= 0 || child->alive_at.ns == INSTANT_NEVER.ns)
		return;
	silent = instant_since(now, child->alive_at);
	if (silent.ns < c->watchdog.ns)
		return;
	log_error("agent", "Daemon hangs, killing it", "daemon=%s silent=%llds",
	    daemon_name(child->id), (long long)(silent.ns / SECONDS(1).ns));
	kill(child->pid, SIGKILL);
	child->alive_at = INSTANT_NEVER;
}

static void
child_silence(struct child *child)
{
	log_error("agent",
	    "Violation: a daemon floods the notify socket, killing it",
	    "daemon=%s datagrams=%u", daemon_name(child->id), child->said);
	kill(child->pid, SIGKILL);
	child->alive_at = INSTANT_NEVER;
}

/* True where one has kept others from being heard. What was said while we hung
 * is no measure. */
static bool
flooders_kill(struct children *c, bool is_late)
{
	bool found = false;
	size_t i;

	for (i = 0; i < DAEMON_COUNT; i++) {
		if (c->items[i].pid > 0 && c->items[i].said > SAID_MAX &&
		    !is_late) {
			child_silence(&c->items[i]);
			found = true;
		}
		c->items[i].said = 0;
	}
	return (found);
}

static bool
is_anyone_watched(const struct children *c)
{
	size_t i;

	for (i = 0; i < DAEMON_COUNT; i++) {
		if (c->items[i].alive_at.ns != INSTANT_NEVER.ns ||
		    c->items[i].said > SAID_MAX)
			return (true);
	}
	return (false);
}

struct instant
children_watch(struct children *c, struct instant now)
{
	bool is_late =
	    c->watched_next.ns != INSTANT_NEVER.ns &&
	    instant_since(now, c->watched_next).ns >= WATCHDOG_LATE.ns;
	bool is_deaf;
	size_t i;

	if (c->watchdog.ns <= 0 || !is_anyone_watched(c))
		return (c->watched_next = INSTANT_NEVER);
	if (c->watched_next.ns != INSTANT_NEVER.ns &&
	    instant_before(now, c->watched_next))
		return (c->watched_next);
	is_deaf = flooders_kill(c, is_late) || is_late;
	for (i = 0; i < DAEMON_COUNT; i++) {
		struct child *child = &c->items[i];

		/* We, or the whole machine, were stopped, or the queue was
		 * full: what they have said meanwhile has not been heard. */
		if (is_deaf && child->alive_at.ns != INSTANT_NEVER.ns)
			child->alive_at = now;
		child_watch(c, child, now);
	}
	c->watched_next = instant_add(now, NANOSECONDS(c->watchdog.ns / 4));
	return (c->watched_next);
}

void
children_signal(struct children *c, int signal)
{
	size_t i;

	for (i = 0; i < DAEMON_COUNT; i++) {
		if (c->items[i].pid > 0)
			kill(c->items[i].pid, signal);
	}
}

size_t
children_count_running(const struct children *c)
{
	size_t i, count = 0;

	for (i = 0; i < DAEMON_COUNT; i++)
		count += c->items[i].pid > 0;
	return (count);
}

bool
children_are_ready(const struct children *c)
{
	size_t i;

	for (i = 0; i < DAEMON_COUNT; i++) {
		if (!c->items[i].has_been_ready)
			return (false);
	}
	return (true);
}

bool
children_are_up(const struct children *c)
{
	size_t i;

	for (i = 0; i < DAEMON_COUNT; i++) {
		if (c->items[i].pid == 0 || !c->items[i].is_ready)
			return (false);
	}
	return (true);
}
