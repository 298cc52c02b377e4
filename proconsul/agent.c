/*
 * proconsul agent: reads the configuration, makes the places the daemons need,
 * starts all six, and starts again whichever dies. It says what Consul says
 * and ends with Consul's status, but knows nothing of what daemons say to each
 * other: it hears of them by their death, and by the datagram that tells that
 * one is up.
 *
 * Source  DESIGN.md 8; api/cli.md 2
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent_banner.h"
#include "agent_log.h"
#include "agent_place.h"
#include "children.h"
#include "commands.h"
#include "config_check.h"
#include "config_flags.h"
#include "daemon.h"
#include "log.h"
#include "metrics_read.h"
#include "notify.h"
#include "place.h"
#include "places.h"
#include "privsep.h"
#include "trim.h"

#define LOG_NAME      "agent"
#define LEAVE_TIMEOUT SECONDS(15)
#define STOP_TIMEOUT  SECONDS(5)

#define NOTIFY_TURN_MAX 64 /* datagrams */

enum phase {
	STARTING, /* not all daemons have been up yet */
	RUNNING,
	LEAVING,  /* gossipd was asked to leave the cluster */
	STOPPING, /* all daemons were asked to end */
};

struct agent {
	struct children children;
	struct place place;
	struct agent_log log;
	enum phase phase;
	int exit_status;
	struct instant deadline; /* of LEAVING and STOPPING */
	struct instant trim_at;	 /* the start is over then; trim.h */
	bool leaves_on_terminate;
	bool leaves_on_interrupt;
	bool is_server;
	bool has_more_notify; /* than one turn has read */
	struct buf listeners; /* owned; lines of fields, for the end */
	int signals;	      /* owned; a signalfd */
	int notify;	      /* owned; whoever started us wants to know */
	struct duration beat; /* how often they want to; 0: not at all */
	struct instant beat_at;
};

static void
stop_begin(struct agent *a, int status)
{
	a->phase = STOPPING;
	a->exit_status = status;
	a->deadline = instant_add(instant_now(), STOP_TIMEOUT);
	notify_send(a->notify, "STOPPING=1");
	log_info(LOG_NAME, "Requesting shutdown", "");
	log_info(a->is_server ? "agent.server" : "agent.client",
	    a->is_server ? "shutting down server" : "shutting down client", "");
	children_signal(&a->children, SIGTERM);
}

/* --- Signals. --- */

/* Before it is up, the signal would end it: it is told when it is. */
static void
leave_ask(struct agent *a)
{
	const struct child *gossipd = &a->children.items[DAEMON_gossipd];

	if (gossipd->pid > 0 && gossipd->is_ready)
		kill(gossipd->pid, SIGUSR1);
}

static void
leave_begin(struct agent *a)
{
	log_info(LOG_NAME, "Gracefully shutting down agent...", "");
	a->phase = LEAVING;
	a->deadline = instant_add(instant_now(), LEAVE_TIMEOUT);
	leave_ask(a);
}

/* Daemons read their files themselves; but what is broken is told once. */
static void
reload(struct agent *a)
{
	struct buf why = { 0 };
	struct config *config;

	log_info(LOG_NAME, "Reloading configuration...", "");
	config = config_load(a->children.argc, a->children.argv, &why);
	if (config == NULL) {
		log_error(LOG_NAME, "Failed to reload configs", "error=\"%s\"",
		    buf_text(&why));
	} else {
		log_set_level(config->log_level);
		agent_log_tap(&a->log, config->log_level);
		children_signal(&a->children, SIGHUP);
	}
	config_free(config);
	buf_deinit(&why);
	malloc_trim(0);
}

/* What all daemons have measured, to standard error. */
static void
dump(struct agent *a)
{
	struct buf why = { 0 };
	struct config *config =
	    config_load(a->children.argc, a->children.argv, &why);

	if (config != NULL)
		metrics_dump_all(a->place.run_dir, config);
	else
		log_error(LOG_NAME, "Failed to read configuration",
		    "error=\"%s\"", buf_text(&why));
	config_free(config);
	buf_deinit(&why);
	malloc_trim(0);
}

static void
on_end_signal(struct agent *a, int signal)
{
	bool leaves =
	    signal == SIGINT ? a->leaves_on_interrupt : a->leaves_on_terminate;
	const char *name = signal == SIGINT ? "interrupt" : "terminated";

	if (a->phase == LEAVING || a->phase == STOPPING) {
		log_info(LOG_NAME, "Caught second signal, Exiting", "signal=%s",
		    name);
		children_signal(&a->children, SIGKILL);
		a->exit_status = 1;
		a->phase = STOPPING;
		return;
	}
	log_info(LOG_NAME, "Caught", "signal=%s", name);
	if (leaves) {
		leave_begin(a);
		return;
	}
	log_info(LOG_NAME, "Graceful shutdown disabled. Exiting", "");
	stop_begin(a, 1);
}

/* --- Deaths. --- */

static const char *
status_text(int status, char out[32])
{
	/* No handler was let in to name the call. */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(out, 32, "system call not allowed");
	else if (WIFSIGNALED(status))
		snprintf(out, 32, "signal %d", WTERMSIG(status));
	else
		snprintf(out, 32, "exit status %d", WEXITSTATUS(status));
	return (out);
}

static void
on_death(struct agent *a, struct child *child, int status)
{
	struct instant now = instant_now();
	char text[32];

	child_died(child, now);
	if (a->phase == STOPPING)
		return;
	if (child->id == DAEMON_gossipd && WIFEXITED(status) &&
	    WEXITSTATUS(status) == EXIT_HAS_LEFT) {
		if (a->phase == LEAVING)
			log_info(LOG_NAME, "Graceful exit completed", "");
		stop_begin(a, 0);
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_GIVE_UP) {
		stop_begin(a, 1);
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_ANEW) {
		log_info(LOG_NAME, "Daemon starts anew for its configuration",
		    "daemon=%s", daemon_name(child->id));
		return;
	}
	/* It has said why, and would say the same again: a port in use, a
	 * file that it may not read. */
	if (!child->has_been_ready && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 1) {
		log_error(LOG_NAME, "Error starting agent",
		    "error=\"%s could not start\"", daemon_name(child->id));
		stop_begin(a, 1);
		return;
	}
	log_error(LOG_NAME, "Daemon died, restarting",
	    "daemon=%s status=\"%s\" delay=%lldms", daemon_name(child->id),
	    status_text(status, text),
	    (long long)(instant_since(child->restart_at, now).ns / 1000000));
}

static void
reap(struct agent *a)
{
	struct child *child;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		child = children_find(&a->children, pid);
		if (child != NULL)
			on_death(a, child, status);
	}
}

static void
on_signals(struct agent *a)
{
	struct signalfd_siginfo info;

	while (read(a->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			reap(a);
			break;
		case SIGHUP:
			log_info(LOG_NAME, "Caught", "signal=hangup");
			if (a->phase <= RUNNING)
				reload(a);
			break;
		case SIGUSR1:
			dump(a);
			break;
		default:
			on_end_signal(a, (int)info.ssi_signo);
		}
	}
}

/* --- Daemons that are up. --- */

static void
on_ready(struct agent *a, struct child *child)
{
	child->has_been_ready = true;
	child->is_ready = true;
	if (a->phase == LEAVING && child->id == DAEMON_gossipd)
		leave_ask(a);
	if (a->phase != STARTING || !children_are_ready(&a->children))
		return;
	a->phase = RUNNING;
	printf("==> Consul agent running!\n");
	fflush(stdout);
	notify_send(a->notify, "READY=1");
}

/* No more than so many in a turn: one that never ends must not keep us from
 * the others, nor from signals. */
static void
on_notify(struct agent *a)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	char text[64];
	struct iovec part = { text, sizeof(text) - 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct ucred sender;
	struct child *child;
	struct cmsghdr *c;
	ssize_t size;
	unsigned i;

	for (i = 0; i < NOTIFY_TURN_MAX; i++) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		size = recvmsg(a->place.notify, &message, MSG_CMSG_CLOEXEC);
		if (size < 0)
			break;
		text[size] = '\0';
		c = CMSG_FIRSTHDR(&message);
		if (c == NULL || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&sender, CMSG_DATA(c), sizeof(sender));
		child = children_find(&a->children, sender.pid);
		if (child == NULL)
			continue;
		child->said++;
		if (strcmp(text, "READY=1") == 0)
			on_ready(a, child);
		else if (strcmp(text, "WATCHDOG=1") == 0)
			child_is_alive(child, instant_now());
	}
	a->has_more_notify = i == NOTIFY_TURN_MAX;
}

/* --- The loop. --- */

static void
on_deadline(struct agent *a)
{
	if (a->phase == LEAVING) {
		log_info(LOG_NAME, "Timeout on graceful leave. Exiting", "");
		stop_begin(a, 1);
	} else {
		children_signal(&a->children, SIGKILL);
	}
	if (a->phase == STOPPING)
		a->deadline = instant_add(instant_now(), STOP_TIMEOUT);
}

/* We are a service ourselves, and the loop turns: whoever watches us hears of
 * it. */
static void
beat(struct agent *a)
{
	struct instant now = instant_now();

	if (instant_before(now, a->beat_at))
		return;
	notify_send(a->notify, "WATCHDOG=1");
	a->beat_at = instant_add(now, a->beat);
}

static void
beat_start(struct agent *a)
{
	a->notify = notify_open();
	a->beat = NANOSECONDS((int64_t)(notify_watchdog_s() * 1e9));
	a->beat_at = INSTANT_NEVER;
	if (a->notify >= 0 && a->beat.ns > 0)
		a->beat_at = instant_now();
}

static int
wait_ms(struct instant until)
{
	int64_t ns = instant_since(until, instant_now()).ns;

	if (until.ns == INSTANT_NEVER.ns)
		return (-1);
	return (ns <= 0 ? 0 : (int)(ns / 1000000) + 1);
}

/* Once all are up, what they say of being alive is read now and then. */
static int
notify_wanted(const struct agent *a)
{
	return (a->phase == RUNNING && children_are_up(&a->children) &&
			!a->has_more_notify
		    ? -1
		    : a->place.notify);
}

static void
loop(struct agent *a)
{
	struct pollfd fds[] = {
		{ .fd = a->signals, .events = POLLIN },
		{ .fd = a->place.notify, .events = POLLIN },
		/* Passed over where there is none. */
		{ .fd = a->log.input, .events = POLLIN },
	};
	struct instant next, watch;

	while (
	    a->phase != STOPPING || children_count_running(&a->children) > 0) {
		next = INSTANT_NEVER;
		if (a->phase != STOPPING)
			next = children_restart(&a->children, instant_now());
		watch = children_watch(&a->children, instant_now());
		if (a->phase <= RUNNING && instant_before(watch, next))
			next = watch;
		if (a->phase >= LEAVING && instant_before(a->deadline, next))
			next = a->deadline;
		if (instant_before(a->trim_at, next))
			next = a->trim_at;
		if (instant_before(a->beat_at, next))
			next = a->beat_at;
		fds[1].fd = notify_wanted(a);
		if (poll(fds, 3, wait_ms(next)) < 0 && errno != EINTR)
			fatal("poll: %s", strerror(errno));
		if (!instant_before(instant_now(), a->trim_at)) {
			a->trim_at = INSTANT_NEVER;
			trim_memory();
		}
		beat(a);
		/* Readiness first: it was told before a death. */
		on_notify(a);
		on_signals(a);
		agent_log_read(&a->log);
		if (a->phase >= LEAVING &&
		    !instant_before(instant_now(), a->deadline))
			on_deadline(a);
	}
}

/* --- Start and end. --- */

static int
signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* A shell starts what it puts into the background with SIGINT
	 * ignored; Consul heeds it all the same. */
	signal(SIGINT, SIG_DFL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fatal("signalfd: %s", strerror(errno));
	return (fd);
}

static bool
is_daemons_folder(const char *path)
{
	char probe[PLACE_PATH_MAX + 16];

	snprintf(probe, sizeof(probe), "%s/catalogd", path);
	return (access(probe, X_OK) == 0);
}

/* Beside our own program, as in a build directory, or PREFIX/libexec/proconsul
 * of PREFIX/bin: wherever the whole was installed, or moved to. */
static bool
daemons_find(char out[PLACE_PATH_MAX])
{
	static const char installed[] = "/libexec/proconsul";
	ssize_t size = readlink("/proc/self/exe", out, PLACE_PATH_MAX - 1);
	char *slash;

	if (size <= 0)
		return (false);
	out[size] = '\0';
	slash = strrchr(out, '/');
	*slash = '\0';
	if (is_daemons_folder(out))
		return (true);
	slash = strrchr(out, '/');
	if (slash == NULL ||
	    (size_t)(slash - out) + sizeof(installed) > PLACE_PATH_MAX)
		return (false);
	memcpy(slash, installed, sizeof(installed));
	return (is_daemons_folder(out));
}

static void
log_warnings(const struct config *config)
{
	size_t i;

	for (i = 0; i < config->warning_count; i++)
		log_warn(LOG_NAME, config->warnings[i], "");
}

static void
agent_end(struct agent *a)
{
	struct slice rest = buf_slice(&a->listeners);
	size_t size;

	place_remove(&a->place);
	log_info(LOG_NAME,
	    a->is_server ? "consul server down" : "consul client down", "");
	log_info(LOG_NAME, "shutdown complete", "");
	while ((size = slice_find(rest, '\n', 0)) != SIZE_MAX) {
		log_info(LOG_NAME, "Stopping server", "%.*s",
		    SLICE_ARGS(slice_head(rest, size)));
		rest = slice_tail(rest, size + 1);
	}
	log_info(LOG_NAME, "Waiting for endpoints to shut down", "");
	log_info(LOG_NAME, "Endpoints down", "");
	log_info(LOG_NAME, "Exit code", "code=%d", a->exit_status);
	buf_deinit(&a->listeners);
}

/* Only what belonged to somebody else is worth a line. */
static void
log_taken_over(char *told)
{
	char *line, *rest;

	for (line = strtok_r(told, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, PLACE_TOOK_OVER, strlen(PLACE_TOOK_OVER)) ==
		    0)
			log_info(LOG_NAME, line, "");
	}
}

/* Each daemon reads it once more at a reload, as its own user. All are alike in
 * that: one is asked for. */
static void
log_unreadable(const struct agent *a)
{
	const struct places places = { DAEMON_catalogd, a->place.run_dir,
		a->children.argc, a->children.argv };
	struct buf why = { 0 };

	if (privsep_may_change_users() &&
	    places_check_configuration(&places, &why) != ERR_OK)
		log_warn(LOG_NAME, "A reload will be refused", "error=\"%s\"",
		    buf_text(&why));
	buf_deinit(&why);
}

/* Its places; what was done is *told, to be freed. */
static enum err
agent_place(
    struct agent *a, const struct config *config, char **told, struct buf *why)
{
	size_t size = 0;
	FILE *stream = open_memstream(told, &size);
	enum err err;

	if (stream == NULL)
		fatal("open_memstream: %s", strerror(errno));
	err = place_make(&a->place, config, stream, why);
	fclose(stream);
	return (err);
}

/* From the configuration to a running agent. Frees the configuration: the
 * launcher needs none of it while it runs. */
static int
agent_start(struct agent *a, struct config *config)
{
	struct buf why = { 0 };
	char *told = NULL;

	if (agent_place(a, config, &told, &why) != ERR_OK) {
		fprintf(stderr, "==> %s\n", buf_text(&why));
		free(told);
		buf_deinit(&why);
		config_free(config);
		return (1);
	}
	config->node_id = a->place.node_id;
	agent_banner_print(config);
	log_set_level(config->log_level);
	log_set_json(config->log_json);
	agent_log_tap(&a->log, config->log_level);
	log_warnings(config);
	log_taken_over(told);
	free(told);
	log_unreadable(a);
	if (config_check_start(config, &why) != ERR_OK) {
		log_error(LOG_NAME, "Error starting agent", "error=\"%s\"",
		    buf_text(&why));
		log_info(LOG_NAME, "Exit code", "code=1");
		place_remove(&a->place);
		buf_deinit(&why);
		config_free(config);
		return (1);
	}
	agent_listeners_put(config, &a->listeners);
	a->leaves_on_terminate = config->leave_on_terminate;
	a->leaves_on_interrupt = !config->skip_leave_on_interrupt;
	a->is_server = config->is_server;
	a->children.log = a->log.output;
	a->children.run_dir = a->place.run_dir;
	a->children.node_id = a->place.node_id;
	config_free(config);
	malloc_trim(0);
	privsep_bound_launcher();
	return (0);
}

/* What is wrong with the flags is told with their list, all else without. */
static struct config *
configuration_read(int argc, char **argv)
{
	struct config *config = NULL;
	struct config_flags flags;
	struct buf why = { 0 };
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = config_flags_read(argc, argv, &arena, &flags, &why);
	arena_deinit(&arena);
	if (err == ERR_OK)
		config = config_load(argc, argv, &why);
	if (err == ERR_INVALID) {
		fprintf(stderr, "%s\n", buf_text(&why));
		flags_usage(stderr, config_flag_table);
		fprintf(
		    stderr, "==> error parsing flags: %s\n", buf_text(&why));
	} else if (config == NULL) {
		fprintf(stderr, "==> %s\n", buf_text(&why));
	}
	buf_deinit(&why);
	return (config);
}

/* Before signals are held back: it may take a minute. */
static bool
log_open(struct agent_log *log, const struct config *config)
{
	struct buf why = { 0 };
	enum err err = agent_log_open(log, config, &why);

	if (err != ERR_OK)
		fprintf(stderr, "==> %s\n", buf_text(&why));
	buf_deinit(&why);
	return (err == ERR_OK);
}

/* For tests, and for who holds a daemon in a debugger. */
static void
watchdog_read(struct children *c)
{
	const char *text = getenv("PROCONSUL_WATCHDOG");

	if (text != NULL)
		c->watchdog = SECONDS(strtol(text, NULL, 10));
}

/* Whoever connects to them would wait for ever. */
static bool
were_sockets_given(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");

	if (count == NULL || pid == NULL || strtol(count, NULL, 10) <= 0 ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return (false);
	fprintf(stderr,
	    "==> LISTEN_FDS: `proconsul agent` takes no sockets from a service "
	    "manager: start the daemons as units of their own "
	    "(proconsul.target with proconsul-httpd.socket and "
	    "proconsul-dnsd.socket), or the agent without a socket unit\n");
	return (true);
}

int
agent_run(int argc, char **argv)
{
	struct agent a = { .phase = STARTING, .deadline = INSTANT_NEVER };
	char folder[PLACE_PATH_MAX];
	struct config *config;
	enum daemon_id id;

	if (argc == 1 && strcmp(argv[0], "-h") == 0) {
		printf("Usage: consul agent [options]\n\n"
		       "  Runs an agent, the part of Consul that every node "
		       "has, until it\n  is interrupted.\n");
		flags_help(stdout, config_flag_table);
		return (0);
	}
	if (were_sockets_given())
		return (1);
	config = configuration_read(argc, argv);
	if (config == NULL)
		return (1);
	if (!daemons_find(folder)) {
		fprintf(stderr, "==> No daemons in %s\n", folder);
		config_free(config);
		return (1);
	}
	if (!log_open(&a.log, config)) {
		config_free(config);
		return (1);
	}
	a.signals = signals_open();
	beat_start(&a);
	children_init(&a.children);
	watchdog_read(&a.children);
	a.children.folder = folder;
	a.children.argc = argc;
	a.children.argv = argv;
	if (agent_start(&a, config) != 0)
		return (1);
	for (id = 0; id < DAEMON_COUNT; id++)
		child_start(&a.children, &a.children.items[id], instant_now());
	a.trim_at = instant_add(instant_now(), SECONDS(TRIM_AFTER_S));
	loop(&a);
	agent_log_read(&a.log);
	agent_end(&a);
	agent_log_close(&a.log);
	return (a.exit_status);
}
