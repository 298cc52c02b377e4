/*
 * `lock`: runs a program while a lock is held; ends it when the lock is lost.
 * See lock.h for the parts.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include "handler.h"
#include "lock.h"
#include "log.h"
#include "path.h"
#include "signals.h"

#define EXIT_CHILD_FAILED 2
#define KILL_GRACE	  SECONDS(5)
#define MONITOR_RETRY	  SECONDS(1)

struct lock_options {
	struct client_options client;
	bool wants_child_status;
	int64_t monitor_retry;
	int64_t limit;
	const char *name;
	bool passes_input;
	bool uses_shell;
	struct duration timeout;
	struct duration try;
	bool is_verbose;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(lock_options),
	SERVER_FLAGS(lock_options),
	{ "child-exit-code", FLAG_BOOL,
	    offsetof(struct lock_options, wants_child_status), "",
	    "End with status 2 when the program fails.", NULL, false },
	{ "monitor-retry", FLAG_INT,
	    offsetof(struct lock_options, monitor_retry), "int",
	    "How often to ask again, a second apart, when servers fail while "
	    "the lock is held, before it counts as lost.", "3", false },
	{ "n", FLAG_INT, offsetof(struct lock_options, limit), "int",
	    "How many may hold it at a time; with more than one it is a "
	    "semaphore.", "1", false },
	{ "name", FLAG_TEXT, offsetof(struct lock_options, name), "string",
	    "Name of the session; made from the program by default.", NULL,
	    false },
	{ "pass-stdin", FLAG_BOOL, offsetof(struct lock_options, passes_input),
	    "", "Give the program our standard input.", NULL, false },
	{ "shell", FLAG_BOOL, offsetof(struct lock_options, uses_shell), "",
	    "Run the program by a shell: that of the environment's SHELL.",
	    "true", false },
	{ "timeout", FLAG_DURATION, offsetof(struct lock_options, timeout),
	    "duration", "How long to wait for the lock, such as 10s; for ever "
	    "by default.", NULL, false },
	{ "try", FLAG_DURATION, offsetof(struct lock_options, try), "duration",
	    "The same; an older name of -timeout.", NULL, false },
	{ "verbose", FLAG_BOOL, offsetof(struct lock_options, is_verbose), "",
	    "Say what is being done.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* A lock and the program under it. */
struct guard {
	struct lock lock;
	const struct lock_options *options;
	struct arena arena;	   /* of one answer of `monitor` */
	struct call *monitor;	   /* owned; asks whether the lock is ours */
	struct instant monitor_at; /* when to ask again after a failure */
	uint64_t index;
	int64_t retries;
	bool is_lost;
	pid_t child; /* 0: none */
	bool has_child_failed;
};

static bool
is_semaphore(const struct guard *g)
{
	return (g->lock.limit > 1);
}

static void say(const struct guard *, const char *, ...) PRINTF_LIKE(2, 3);

static void
say(const struct guard *g, const char *format, ...)
{
	va_list args;

	if (!g->options->is_verbose)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* No key begins with a slash. */
static const char *
key_make(const char *prefix, struct arena *arena)
{
	struct slice parts[] = {
		slice_of_text(*prefix == '/' ? prefix + 1 : prefix),
		SLICE(LOCK_KEY),
	};

	return (arena_text(arena, path_join(arena, parts, 2)));
}

static const char *
name_make(struct run *run, const char *prefix)
{
	struct buf name = { 0 };
	const char *made;
	int i;

	buf_put_text(&name, "Consul lock for '");
	for (i = 1; i < run->argc; i++)
		buf_printf(&name, "%s%s", i > 1 ? " " : "", run->argv[i]);
	buf_printf(&name, "' at '%s'", prefix);
	made = arena_text(&run->arena, buf_slice(&name));
	buf_deinit(&name);
	return (made);
}

/* --- While the lock is held. --- */

static void
monitor_start(struct guard *g)
{
	struct request request;

	arena_reset(&g->arena);
	if (is_semaphore(g))
		lock_semaphore_watch(&g->lock, &g->arena, g->index, &request);
	else
		lock_key_watch(&g->lock, &g->arena, g->index, &request);
	g->monitor = client_start(g->lock.run->client, &request, NULL, NULL);
}

/* An answer came: still ours, gone, or servers that fail for a moment. */
static void
monitor_finish(struct guard *g)
{
	struct run *run = g->lock.run;
	struct response response;
	enum err err;

	err = call_finish(g->monitor, &g->arena, &response, &run->why);
	g->monitor = NULL;
	buf_reset(&run->why);
	if (err != ERR_OK || response.status >= 500) {
		g->is_lost = g->retries-- <= 0;
		g->index = 0;
		g->monitor_at = instant_add(instant_now(), MONITOR_RETRY);
		return;
	}
	g->retries = g->options->monitor_retry;
	g->index = response.index;
	g->is_lost =
	    is_semaphore(g)
		? !lock_semaphore_is_held(&g->lock, &g->arena, &response)
		: !lock_key_is_held(&g->lock, &g->arena, &response);
}

static void
monitor_turn(struct guard *g)
{
	if (g->monitor != NULL && call_is_done(g->monitor))
		monitor_finish(g);
	if (g->monitor == NULL && !g->is_lost &&
	    !instant_before(instant_now(), g->monitor_at))
		monitor_start(g);
}

/* --- The program. --- */

static void
child_begin(struct guard *g)
{
	struct run *run = g->lock.run;
	struct handler_plan plan = {
		.argc = run->argc - 1,
		.argv = run->argv + 1,
		.uses_shell = g->options->uses_shell,
		.variable = "CONSUL_LOCK_HELD=true",
	};

	say(g, "Starting handler");
	if (g->options->passes_input) {
		say(g, "Stdin passed to handler process");
		plan.input = STDIN_FILENO;
	} else if ((plan.input = open("/dev/null", O_RDONLY | O_CLOEXEC)) ==
		   -1) {
		fatal("/dev/null: %m");
	}
	if (handler_start(&plan, &g->child, &run->why) != ERR_OK) {
		run_fail(run, "Error starting handler");
		g->child = 0;
		g->has_child_failed = true;
	}
	if (!g->options->passes_input)
		close(plan.input);
}

/* Whether there is no program, or no more. */
static bool
child_is_gone(struct guard *g)
{
	struct run *run = g->lock.run;

	if (g->child == 0)
		return (true);
	if (!handler_has_ended(g->child, &run->why))
		return (false);
	g->child = 0;
	if (run->why.size > 0) {
		run_fail(run, "Error running handler");
		g->has_child_failed = true;
	}
	return (true);
}

/* Ask it to end, and make it end when it does not. */
static void
child_end(struct guard *g)
{
	struct instant until = instant_add(instant_now(), KILL_GRACE);
	pid_t child = g->child;

	if (child_is_gone(g)) {
		say(g, "No child process to kill");
		return;
	}
	say(g, "Terminating child pid %d", (int)child);
	kill(child, SIGTERM);
	while (!child_is_gone(g) && instant_before(instant_now(), until))
		lock_wait(&g->lock, NULL, until);
	if (child_is_gone(g)) {
		say(g, "Child terminated");
		return;
	}
	say(g, "Child did not exit after grace period of 5s");
	say(g, "Killing child pid %d", (int)child);
	kill(child, SIGKILL);
	while (!child_is_gone(g))
		lock_wait(&g->lock, NULL,
		    instant_add(instant_now(), MILLISECONDS(100)));
}

/* Until the program ends, the lock is lost, or we are told to end. */
static void
guard_run(struct guard *g)
{
	struct lock *l = &g->lock;

	g->retries = g->options->monitor_retry;
	g->monitor_at = instant_now();
	child_begin(g);
	while (!child_is_gone(g) && !g->is_lost && !l->is_stopped) {
		monitor_turn(g);
		lock_wait(l, g->monitor,
		    g->monitor == NULL ? g->monitor_at : INSTANT_NEVER);
	}
	if (l->is_stopped) {
		say(g, "Shutdown triggered, killing child");
		child_end(g);
		/* That it was stopped is no failure of its own. */
		g->has_child_failed = false;
	} else if (g->is_lost) {
		say(g, "Lock lost, killing child");
		child_end(g);
		g->has_child_failed = false;
	} else {
		say(g, "Child terminated, releasing lock");
	}
	call_cancel(g->monitor);
	g->monitor = NULL;
}

/* --- Before and after. --- */

static int
guard_leave(struct guard *g)
{
	struct lock *l = &g->lock;
	enum err err;

	err = is_semaphore(g) ? lock_semaphore_release(l) : lock_key_release(l);
	if (err != ERR_OK)
		return (run_fail(l->run, "Lock release failed"));
	lock_session_destroy(l);
	err = is_semaphore(g) ? lock_semaphore_remove(l) : lock_key_remove(l);
	if (err == ERR_EXISTS)
		say(g, "Cleanup aborted, lock in use");
	else if (err != ERR_OK)
		return (run_fail(l->run, "Lock cleanup failed"));
	else
		say(g, "Cleanup succeeded");
	return (g->options->wants_child_status && g->has_child_failed
		    ? EXIT_CHILD_FAILED
		    : 0);
}

static int
guard_enter(struct guard *g)
{
	struct lock *l = &g->lock;
	enum lock_outcome outcome;

	if (is_semaphore(g))
		say(g, "Setting up semaphore (limit %" PRId64 ") at prefix: %s",
		    l->limit, l->prefix);
	else
		say(g, "Setting up lock at path: %s", l->key);
	say(g, "Attempting lock acquisition");
	if (lock_session_create(l) != ERR_OK)
		return (run_fail(l->run, "Lock acquisition failed: failed to "
					 "create session"));
	outcome =
	    is_semaphore(g) ? lock_semaphore_acquire(l) : lock_key_acquire(l);
	if (outcome == LOCK_FAILED)
		return (run_fail(l->run, "Lock acquisition failed"));
	if (outcome == LOCK_GIVEN_UP)
		return (say_error("Shutdown triggered or timeout during lock "
				  "acquisition"));
	return (0);
}

static int
options_check(const struct run *run, const struct lock_options *o)
{
	if (o->limit <= 0)
		return (say_error("Lock holder limit must be positive"));
	if (run->argc < 2)
		return (say_error(
		    "Key prefix and child command must be specified"));
	if (o->timeout.ns < 0 || o->try.ns < 0)
		return (say_error("Timeout must be positive"));
	if (o->monitor_retry < 0)
		return (say_error("Number for 'monitor-retry' must be >= 0"));
	return (0);
}

static int
lock_work(struct run *run, const void *options)
{
	const struct lock_options *o = options;
	struct guard g = { .options = o, .lock = { .run = run } };
	struct lock *l = &g.lock;
	struct request self;
	int status;

	if (options_check(run, o) != 0 || !run_connect(run, &o->client))
		return (1);
	request_init(&self, &run->arena, "GET", "/v1/agent/self");
	if (run_get(run, &self) == NULL)
		return (run_fail(run, "Error querying Consul agent"));
	l->prefix = run->argv[0] + (*run->argv[0] == '/');
	l->key = key_make(l->prefix, &run->arena);
	l->name = *o->name != '\0' ? o->name : name_make(run, l->prefix);
	l->limit = o->limit;
	l->timeout = o->try.ns != 0 ? o->
	try : o
		->timeout;
	setvbuf(stdout, NULL, _IOLBF, 0); /* the program prints there too */
	l->signals = signals_open();
	arena_init(&g.arena);
	arena_init(&l->scratch);
	arena_init(&l->renewal_arena);
	status = guard_enter(&g);
	if (status == 0) {
		guard_run(&g);
		status = guard_leave(&g);
	}
	lock_session_destroy(l);
	arena_deinit(&l->renewal_arena);
	arena_deinit(&l->scratch);
	arena_deinit(&g.arena);
	return (status);
}

static const struct command_spec spec = {
	.usage = "lock [options] prefix child...",
	.about = "Waits for a lock (with -n, for one of several places), "
		 "runs a program while it is held, and gives it back. If "
		 "the lock is lost the program gets SIGTERM, and SIGKILL "
		 "five seconds later.",
	.flags = flags,
	.work = lock_work,
};

int
lock_run(int argc, char **argv)
{
	struct lock_options options = {
		.limit = 1, .monitor_retry = 3, .name = "", .uses_shell = true
	};

	return (command_main(&spec, argc, argv, &options));
}
