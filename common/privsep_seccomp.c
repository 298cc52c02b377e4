/*
 * seccomp: which system calls a daemon may still make, on every thread.
 *
 * One list a purpose; a daemon gets the lists that its row of wiring.h calls
 * for. Any other call ends the process, and the log names the call.
 *
 * Source  what strace shows of libev, nanomsg and each library (FIGURES.md 1
 *         and 5); what a list lacks shows at once as a death with a name
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "privsep_parts.h"

/* Loop, memory, time, signals, edges; and the files that a reload reads. */
static const char *const base_calls[] = {
	"epoll_wait",
	"epoll_pwait",
	"epoll_ctl",
	"epoll_create1",
	"poll",
	"ppoll",
	"read",
	"write",
	"writev",
	"readv",
	"close",
	"recvmsg",
	"sendmsg",
	"recvfrom",
	"sendto",
	"connect",
	"bind",
	"listen",
	"accept4",
	"accept",
	"getsockopt",
	"setsockopt",
	"getsockname",
	"getpeername",
	"fcntl",
	"futex",
	"eventfd2",
	"pipe2",
	"brk",
	"mmap",
	"munmap",
	"mremap",
	"madvise",
	"mprotect",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigtimedwait",
	"sigaltstack",
	"restart_syscall",
	"clock_gettime",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
	"getrandom",
	"getpid",
	"gettid",
	"getppid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"exit",
	"exit_group",
	"tgkill",
	"sched_yield",
	"sched_getaffinity",
	"set_robust_list",
	"rseq",
	"openat",
	"newfstatat",
	"fstat",
	"stat",
	"lstat",
	"lseek",
	"getdents64",
	"readlink",
	"readlinkat",
	"access",
	"faccessat",
	"faccessat2",
	"timerfd_create",
	"timerfd_settime",
	"prlimit64",
	"umask",
	"unlink",
	"unlinkat",
	"ioctl",
	"uname",
	"sysinfo",
	"getcwd",
	"pread64",
	"statx",
	"dup",
	"dup2",
};

/* SQLite, and files made and renamed. */
static const char *const storage_calls[] = {
	"pwrite64",
	"pwritev",
	"preadv",
	"fsync",
	"fdatasync",
	"ftruncate",
	"fallocate",
	"rename",
	"renameat",
	"renameat2",
	"mkdir",
	"mkdirat",
	"rmdir",
	"chmod",
	"fchmod",
	"fchown",
	"geteuid",
	"statfs",
	"fstatfs",
	"utimensat",
	"flock",
	"fadvise64",
	"sync_file_range",
};

/* How full the disk is. */
static const char *const host_calls[] = {
	"statfs",
};

/* Threads: raftd's writer, the resolver of healthd's prober. */
static const char *const thread_calls[] = {
	"clone",
	"clone3",
	"set_tid_address",
	"sched_setscheduler",
	"sched_getparam",
	"sched_getscheduler",
	"prctl",
};

static const char *const network_calls[] = {
	"recvmmsg",
	"sendmmsg",
	"shutdown",
	"socketpair",
	"sendfile",
};

static void
allow(scmp_filter_ctx filter, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		/* A name that this architecture lacks needs no rule. */
		if (number < 0)
			continue;
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) != 0)
			fatal("seccomp refuses a rule for %s", names[i]);
	}
}

/* Sockets of the edges for all; of the internet only for who reaches out. */
static void
allow_sockets(scmp_filter_ctx filter, bool reaches_out)
{
	int result;

	if (reaches_out)
		result = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 0);
	else
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (result != 0)
		fatal("seccomp refuses a rule for socket");
}

/* Name the call, then die by a signal that nothing can catch. */
static void
on_breach(int signal_number, siginfo_t *info, void *context)
{
	char *name =
	    seccomp_syscall_resolve_num_arch(info->si_arch, info->si_syscall);

	(void)signal_number;
	(void)context;
	log_error("agent", "System call not allowed, ending this daemon",
	    "syscall=%s", name != NULL ? name : "?");
	_exit(128 + SIGSYS);
}

static void
breach_catch(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = on_breach;
	if (sigaction(SIGSYS, &action, NULL) != 0)
		fatal("cannot watch for breaches: %s", strerror(errno));
}

#define LISTS_MAX 8

struct list {
	const char *const *names;
	size_t count;
};

#define LIST(names) ((struct list){ names, sizeof(names) / sizeof((names)[0]) })

static size_t
lists_of(const struct daemon_row *row, struct list out[LISTS_MAX])
{
	size_t count = 0;

	out[count++] = LIST(base_calls);
	if (row->writes[0] != '\0')
		out[count++] = LIST(storage_calls);
	if (row->writes[0] != '\0' || row->network == NET_CONNECT)
		out[count++] = LIST(thread_calls);
	if (row->reads & READ_HOST)
		out[count++] = LIST(host_calls);
	if (row->network != NET_NONE)
		out[count++] = LIST(network_calls);
	return (count);
}

static int
by_name(const void *a, const void *b)
{
	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

void
privsep_seccomp_put(
    const struct daemon_row *row, bool reaches_out, struct buf *record)
{
	struct list lists[LISTS_MAX];
	size_t count = lists_of(row, lists), all = 0;
	const char *names[512];

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < lists[i].count; k++)
			names[all++] = lists[i].names[k];
	names[all++] = "socket";
	qsort(names, all, sizeof(*names), by_name);
	for (size_t i = 0; i < all; i++) {
		if (i > 0 && strcmp(names[i], names[i - 1]) == 0)
			continue;
		buf_printf(record, "seccomp %s%s\n", names[i],
		    strcmp(names[i], "socket") == 0 && !reaches_out ? " AF_UNIX"
								    : "");
	}
}

void
privsep_seccomp(const struct daemon_row *row, bool reaches_out)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	struct list lists[LISTS_MAX];
	size_t count = lists_of(row, lists);

	if (filter == NULL ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0)
		fatal("seccomp gives no filter");
	breach_catch();
	for (size_t i = 0; i < count; i++)
		allow(filter, lists[i].names, lists[i].count);
	allow_sockets(filter, reaches_out);
	if (seccomp_load(filter) != 0)
		fatal("seccomp does not load: %s", strerror(errno));
	seccomp_release(filter);
}
