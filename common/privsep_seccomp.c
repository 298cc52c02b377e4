/*
 * seccomp: which system calls a program may still make, on every thread. The
 * table is privsep_calls.h; any other call ends the process, and the log names
 * it.
 *
 * The signal that a forbidden call raises ends the process whatever happens: a
 * thread that blocks it dies of it at once, and nobody may catch it anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "privsep_calls.h"
#include "privsep_parts.h"

#define VALUES_MAX    4
#define STUCK_AFTER_S 1

enum condition_id {
#define X(id, ...) CONDITION_##id,
	PRIVSEP_CONDITIONS(X)
#undef X
};

static const struct condition {
	const char *text;
	unsigned argument;
	uint64_t mask; /* 0: any will do */
	uint64_t values[VALUES_MAX];
	size_t count;
} conditions[] = {
#define VALUES(...)         \
	{                   \
		__VA_ARGS__ \
	}
#define COUNT(...) (sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))
#define X(id, text, argument, mask, ...)                                \
	[CONDITION_##id] = { text, argument, mask, VALUES(__VA_ARGS__), \
		COUNT(__VA_ARGS__) },
	PRIVSEP_CONDITIONS(X)
#undef X
};

static const struct call {
	const char *name;
	const char *programs;
	enum condition_id condition;
} calls[] = {
#define X(name, programs, condition) { #name, programs, CONDITION_##condition },
	PRIVSEP_CALLS(X) PRIVSEP_CALLS_OF_CHECKS(X)
#undef X
};

#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

static bool
is_allowed(const struct call *call, size_t program, bool reaches_out)
{
	char may = call->programs[program];

	return (may == '+' || (may == 'r' && reaches_out));
}

static const char *
program_name(size_t program)
{
	return (program < DAEMON_COUNT ? daemon_rows[program].name
				       : helper_rows[HELPER_prober].name);
}

static bool
is_there(void)
{
	uint32_t action = SECCOMP_RET_TRAP;

	return (
	    syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0);
}

/* --- The record. --- */

static int
by_name(const void *a, const void *b)
{
	const struct call *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return (order != 0 ? order : (*x < *y ? -1 : 1));
}

void
privsep_seccomp_put(size_t program, bool reaches_out, struct buf *record)
{
	const struct call *sorted[CALL_COUNT];
	size_t count = 0;

	if (!is_there()) {
		buf_put_text(record, "seccomp missing all of it\n");
		return;
	}
	for (size_t i = 0; i < CALL_COUNT; i++)
		if (is_allowed(&calls[i], program, reaches_out))
			sorted[count++] = &calls[i];
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < count; i++) {
		const char *text = conditions[sorted[i]->condition].text;

		buf_printf(record, "seccomp %s%s%s\n", sorted[i]->name,
		    *text == '\0' ? "" : " ", text);
	}
}

/* --- The filter. --- */

static void
rule_add(scmp_filter_ctx filter, const struct call *call)
{
	const struct condition *c = &conditions[call->condition];
	int number = seccomp_syscall_resolve_name(call->name);
	struct scmp_arg_cmp compare = { c->argument, SCMP_CMP_MASKED_EQ,
		c->mask, 0 };
	int error = 0;

	/* A name that this architecture lacks needs no rule. */
	if (number < 0)
		return;
	if (c->mask == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	for (size_t i = 0; i < c->count && error == 0; i++) {
		compare.datum_b = call->condition == CONDITION_OURSELVES
				      ? (uint64_t)getpid()
				      : c->values[i];
		error = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, number, 1, &compare);
	}
	if (error != 0)
		fatal("seccomp refuses a rule for %s: %s", call->name,
		    strerror(-error));
}

/* Its arguments are behind a pointer, where no filter sees them: without it
 * glibc takes clone. */
static void
clone3_hide(scmp_filter_ctx filter)
{
	if (seccomp_rule_add(
		filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) != 0)
		fatal("seccomp refuses a rule for clone3");
}

static scmp_filter_ctx
filter_new(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);

	if (filter == NULL ||
	    seccomp_attr_set(
		filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0)
		fatal("seccomp gives no filter");
	return (filter);
}

/* --- A breach. --- */

static volatile sig_atomic_t breach_number;

static void
breach_tell(const char *name)
{
	/* A monitor's edge is not for a handler. */
	log_set_tap(LOG_LEVEL_NONE, NULL, NULL);
	log_error("agent", "System call not allowed, ending this daemon",
	    "syscall=%s", name);
}

/* In a handler, so without malloc: of the calls in the table. These are all
 * that can be made while malloc is locked: its own, and fork's clone. */
static const char *
breach_name(int number)
{
	for (size_t i = 0; i < CALL_COUNT; i++)
		if (seccomp_syscall_resolve_name(calls[i].name) == number)
			return (calls[i].name);
	return ("?");
}

/* The breach came from within malloc or the like, whose lock the line of the
 * log waits for. */
static void
on_stuck(int signal_number)
{
	static const char before[] = "    agent: System call not allowed, "
				     "ending this daemon: syscall=";
	const char *name = breach_name(breach_number);
	struct iovec parts[] = {
		{ (void *)(uintptr_t)before, sizeof(before) - 1 },
		{ (void *)(uintptr_t)name, strlen(name) },
		{ (void *)(uintptr_t) "\n", 1 },
	};
	ssize_t ignored;

	(void)signal_number;
	ignored = writev(STDOUT_FILENO, parts, 3);
	(void)ignored;
	_exit(128 + SIGSYS);
}

static void
on_breach(int signal_number, siginfo_t *info, void *context)
{
	char *name;

	(void)signal_number;
	(void)context;
	breach_number = info->si_syscall;
	(void)alarm(STUCK_AFTER_S);
	name =
	    seccomp_syscall_resolve_num_arch(info->si_arch, info->si_syscall);
	breach_tell(name != NULL ? name : "?");
	_exit(128 + SIGSYS);
}

static void
breach_catch(void)
{
	struct sigaction breach = { .sa_flags = SA_SIGINFO };
	struct sigaction stuck = { .sa_handler = on_stuck };
	sigset_t both;

	breach.sa_sigaction = on_breach;
	sigemptyset(&both);
	sigaddset(&both, SIGSYS);
	sigaddset(&both, SIGALRM);
	if (sigaction(SIGSYS, &breach, NULL) != 0 ||
	    sigaction(SIGALRM, &stuck, NULL) != 0 ||
	    sigprocmask(SIG_UNBLOCK, &both, NULL) != 0)
		fatal("cannot watch for breaches: %s", strerror(errno));
}

/*
 * nanomsg's thread, and each of libcurl's and ours, blocks all signals: its
 * breach would end the process without a name. The linker lets them all have
 * this one in the place of libc's, which leaves out what only libc blocks.
 */
int
pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t copy;

	if (set != NULL && how != SIG_UNBLOCK) {
		copy = *set;
		sigdelset(&copy, SIGSYS);
		sigdelset(&copy, SIGALRM);
		set = &copy;
	}
	return (sigprocmask(how, set, old) == 0 ? 0 : errno);
}

/* --- All of it. --- */

void
privsep_seccomp(size_t program, bool reaches_out)
{
	scmp_filter_ctx filter;
	int error;

	if (!is_there()) {
		log_warn("agent", "seccomp is not there, going on without it",
		    "daemon=%s", program_name(program));
		return;
	}
	filter = filter_new();
	for (size_t i = 0; i < CALL_COUNT; i++)
		if (is_allowed(&calls[i], program, reaches_out))
			rule_add(filter, &calls[i]);
	clone3_hide(filter);
	breach_catch();
	error = seccomp_load(filter);
	if (error != 0)
		fatal("seccomp does not load: %s", strerror(-error));
	seccomp_release(filter);
}
