/*
 * What each program may not do once it has dropped and locked: a child takes
 * its powers and tries, one attempt a child. Either the call is none of its
 * calls, and it dies with the call's name in the log; or the call fails, for
 * Landlock says so; or it works, for the program needs it.
 *
 * As root each becomes its user of wiring.h; else all stay who we are.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <netinet/in.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/config.h"
#include "common/powers_record.h"
#include "common/privsep.h"
#include "tests/lib/tap.h"

#define DIED	 (128 + SIGSYS)
#define PROGRAMS "GRCHWDP"
#define PROBER	 DAEMON_COUNT

static char data[64], run[64], path[256];
static struct config *config;
static pid_t tester;
static uint32_t landlock_abi;
static struct sockaddr_in listener; /* somebody else's */

/* --- What is tried: 0, or an errno. --- */

static const char *
part_of(size_t program)
{
	static const char *const parts[] = { "serf", "raft", "raft", "services",
		"raft", "raft", "raft" };

	return (parts[program]);
}

static int
file_open(const char *folder, const char *name, int flags)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return (open(path, flags | O_CLOEXEC, 0600) < 0 ? errno : 0);
}

static int
write_own(size_t program)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/new", part_of(program));
	return (file_open(data, name, O_WRONLY | O_CREAT));
}

static int
write_others(size_t program)
{
	return (
	    file_open(data, program == DAEMON_raftd ? "serf/new" : "raft/new",
		O_WRONLY | O_CREAT));
}

static int
read_others(size_t program)
{
	return (file_open(data,
	    program == DAEMON_raftd ? "serf/file" : "raft/file", O_RDONLY));
}

static int
write_record(size_t program)
{
	char name[64];

	snprintf(name, sizeof(name), POWERS_FOLDER "/%s",
	    program == PROBER ? "prober"
			      : daemon_name((enum daemon_id)program));
	return (file_open(run, name, O_WRONLY));
}

static int
read_passwd(size_t program)
{
	(void)program;
	return (file_open("/etc", "passwd", O_RDONLY));
}

static int
read_hosts(size_t program)
{
	(void)program;
	return (file_open("/etc", "hosts", O_RDONLY));
}

static int
read_process(size_t program)
{
	(void)program;
	return (file_open("/proc/1", "status", O_RDONLY));
}

static int
tcp_connect(size_t program)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)program;
	return (connect(fd, (struct sockaddr *)&listener, sizeof(listener)) != 0
		    ? errno
		    : 0);
}

static int
tcp_bind(size_t program)
{
	struct sockaddr_in at = listener;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)program;
	at.sin_port = htons(18531);
	return (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ? errno : 0);
}

static int
unix_bind(size_t program)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)program;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/mine", run);
	return (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ? errno : 0);
}

static int
packet_socket(size_t program)
{
	(void)program;
	return (socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0);
}

static int
netlink_socket(size_t program)
{
	(void)program;
	return (socket(AF_NETLINK, SOCK_RAW, 0) < 0 ? errno : 0);
}

static int
fork_off(size_t program)
{
	pid_t pid = fork();

	(void)program;
	if (pid == 0)
		_exit(0);
	return (pid < 0 ? errno : 0);
}

static int
run_program(size_t program)
{
	char *const none[] = { NULL };

	(void)program;
	execve("/bin/true", none, none);
	return (errno);
}

static void *
thread_run(void *arg)
{
	return (arg);
}

static int
thread_start(size_t program)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, thread_run, NULL);

	(void)program;
	return (error != 0 ? error : pthread_join(thread, NULL));
}

static int
code_map(size_t program)
{
	(void)program;
	return (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		    ? errno
		    : 0);
}

static int
code_make(size_t program)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)program;
	return (mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0 ? errno : 0);
}

static int
limit_lift(size_t program)
{
	struct rlimit limit = { 0, 0 };

	(void)program;
	return (setrlimit(RLIMIT_CORE, &limit) != 0 ? errno : 0);
}

static int
breach_catch(size_t program)
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	(void)program;
	return (sigaction(SIGSYS, &action, NULL) != 0 ? errno : 0);
}

/* It is not heard then, and still is the end. */
static int
breach_block(size_t program)
{
	sigset_t all;

	(void)program;
	sigfillset(&all);
	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8) != 0)
		return (errno);
	(void)syscall(SYS_getsid, 0);
	return (0);
}

static int
parent_signal(size_t program)
{
	(void)program;
	return (syscall(SYS_tgkill, tester, tester, 0) != 0 ? errno : 0);
}

/*
 * In the order of PROGRAMS: x dies of the call, X dies without its name (for
 * glibc blocks all signals around it), + works, - fails, and
 * a space is not tried.
 */
static const struct attempt {
	const char *name;
	int (*try)(size_t program);
	const char *call;
	const char *expected;
} attempts[] = {
	{ "write its own part", write_own, "openat", "++x+xxx" },
	{ "write another's part", write_others, "openat", "--x-xxx" },
	{ "read another's part", read_others, "openat", "-------" },
	{ "write its record", write_record, "openat", "--x-xxx" },
	{ "read /etc/passwd", read_passwd, "openat", "------+" },
	{ "read /etc/hosts", read_hosts, "openat", "+-----+" },
	{ "read what others are", read_process, "openat", "-------" },
	{ "connect by TCP", tcp_connect, "socket", "++xxxx+" },
	{ "bind a TCP port", tcp_bind, "socket", "--xxxx-" },
	{ "bind a local socket", unix_bind, "bind", "--xxxx-" },
	{ "open a raw socket", packet_socket, "socket", "xxxxxxx" },
	{ "ask the kernel's routes", netlink_socket, "socket", "+xxxxx+" },
	/* Within fork malloc is locked: this is what takes a second. */
	{ "fork", fork_off, "clone", "     xx" },
	{ "run a program", run_program, "execve", "xxxxxxx" },
	{ "start a thread", thread_start, "clone", "++XXXX+" },
	{ "map code", code_map, "mmap", "xxxxxxx" },
	{ "make code of data", code_make, "mprotect", "xxxxxxx" },
	{ "set a limit", limit_lift, "prlimit64", "xxxxxxx" },
	{ "catch a breach", breach_catch, "rt_sigaction", "xxxxxxx" },
	{ "block a breach", breach_block, "getsid", "XXXXXXX" },
	{ "signal another", parent_signal, "tgkill", "xxxxxxx" },
};

/* None of them is anybody's. */
static const struct {
	const char *name;
	long number;
} forbidden[] = {
/* clang-format off */
#define X(name) { #name, SYS_##name }
	X(accept), X(acct), X(add_key), X(bpf), X(capset), X(chmod), X(chown),
	X(chroot), X(clock_settime), X(delete_module), X(dup), X(execveat),
	X(fanotify_init), X(fchmodat), X(fchownat), X(fork), X(init_module),
	X(inotify_init1), X(io_setup), X(io_uring_setup), X(ioperm), X(kcmp),
	X(kexec_load), X(keyctl), X(kill), X(landlock_restrict_self), X(link),
	X(listen), X(memfd_create), X(mknodat), X(mlock), X(mount), X(mq_open),
	X(name_to_handle_at), X(open), X(open_by_handle_at), X(openat2),
	X(perf_event_open), X(personality), X(pidfd_getfd), X(pidfd_open),
	X(pivot_root), X(pkey_mprotect), X(prctl), X(process_vm_readv),
	X(process_vm_writev), X(ptrace), X(reboot), X(request_key), X(seccomp),
	X(setgid), X(setgroups), X(sethostname), X(setns), X(setpriority),
	X(setresuid), X(setsid), X(setuid), X(shmget), X(signalfd4), X(splice),
	X(swapon), X(symlink), X(tkill), X(truncate), X(umount2), X(unshare),
	X(userfaultfd), X(vfork), X(wait4),
#undef X
	/* clang-format on */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- One child. --- */

/* The first thread of a daemon is nanomsg's. */
static void
powers_take(size_t program)
{
	if (program < DAEMON_COUNT) {
		(void)thread_start(program);
		privsep_drop((enum daemon_id)program, config, run);
		privsep_lock((enum daemon_id)program, config);
		return;
	}
	privsep_drop_runner();
	privsep_confine_prober();
}

static size_t
output_read(int fd, char *out, size_t size)
{
	size_t used = 0;
	ssize_t got;

	while (used < size - 1 &&
	       (got = read(fd, out + used, size - 1 - used)) > 0)
		used += (size_t)got;
	out[used] = '\0';
	close(fd);
	return (used);
}

/* Its status, and what it said. */
static int
child_run(
    size_t program, int (*try)(size_t), long number, char *out, size_t size)
{
	int ends[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(ends) != 0 || (pid = fork()) < 0)
		return (-1);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		powers_take(program);
		if (try == NULL)
			(void)syscall(number, 0, 0, 0, 0, 0, 0);
		_exit(try == NULL ? 0 : try(program));
	}
	close(ends[1]);
	(void)output_read(ends[0], out, size);
	if (waitpid(pid, &status, 0) != pid)
		return (-1);
	return (
	    WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
}

static bool
is_named(const char *out, const char *call)
{
	char line[64];

	snprintf(line, sizeof(line), "syscall=%s\n", call);
	return (strstr(out, line) != NULL);
}

static bool
is_as_expected(char expected, int status, const char *out, const char *call)
{
	switch (expected) {
	case 'x':
		return (status == DIED && is_named(out, call));
	case 'X':
		return (status == 1000 + SIGSYS);
	case '+':
		return (status == 0);
	default:
		return (status == EACCES || status == EPERM);
	}
}

static void
attempt_check(size_t program, const struct attempt *a)
{
	char expected = a->expected[program], out[4096];
	int status;

	/* What fails does so by Landlock, as far as this kernel has it. */
	if (expected == ' ' ||
	    (expected == '-' && landlock_abi < (a->try == tcp_bind ? 4 : 1)))
		return;
	status = child_run(program, a->try, 0, out, sizeof(out));
	if (is_as_expected(expected, status, out, a->call))
		return;
	tap_is_ok = false;
	printf("# %c: %s: status %d, not %c: %s\n", PROGRAMS[program], a->name,
	    status, expected, out);
}

static void
test_attempts(void)
{
	for (size_t program = 0; program <= PROBER; program++)
		for (size_t i = 0; i < COUNT(attempts); i++)
			attempt_check(program, &attempts[i]);
}

/* All programs share what is not in the table: two stand for them. */
static void
test_forbidden(void)
{
	static const size_t programs[] = { DAEMON_gossipd, DAEMON_raftd };
	char out[4096];

	for (size_t p = 0; p < COUNT(programs); p++) {
		for (size_t i = 0; i < COUNT(forbidden); i++) {
			int status = child_run(programs[p], NULL,
			    forbidden[i].number, out, sizeof(out));

			if (status == DIED && is_named(out, forbidden[i].name))
				continue;
			tap_is_ok = false;
			printf("# %c: %s: status %d: %s\n",
			    PROGRAMS[programs[p]], forbidden[i].name, status,
			    out);
		}
	}
}

/* --- Threads. --- */

static pthread_barrier_t locked;

static void *
breach_run(void *arg)
{
	sigset_t all;

	(void)arg;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pthread_barrier_wait(&locked);
	(void)syscall(SYS_getsid, 0);
	return (NULL);
}

static void __attribute__((noreturn)) thread_child(int out)
{
	pthread_t thread;

	dup2(out, STDOUT_FILENO);
	pthread_barrier_init(&locked, NULL, 2);
	privsep_drop(DAEMON_catalogd, config, run);
	if (pthread_create(&thread, NULL, breach_run, NULL) != 0)
		_exit(1);
	privsep_lock(DAEMON_catalogd, config);
	pthread_barrier_wait(&locked);
	(void)pthread_join(thread, NULL);
	_exit(1);
}

static void
test_thread_that_blocks_signals(void)
{
	char out[4096];
	int ends[2], status = 0;
	pid_t pid;

	fflush(stdout);
	CHECK_EQ(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		thread_child(ends[1]);
	close(ends[1]);
	(void)output_read(ends[0], out, sizeof(out));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == DIED);
	CHECK(is_named(out, "getsid"));
}

/* Signals that this thread of ours blocks. */
static uint64_t
blocked_by(const char *task)
{
	char text[64], line[256];
	uint64_t mask = 0;
	FILE *file;

	snprintf(text, sizeof(text), "/proc/self/task/%s/status", task);
	file = fopen(text, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		(void)sscanf(line, "SigBlk: %" SCNx64, &mask);
	if (file != NULL)
		fclose(file);
	return (mask);
}

static void
test_thread_of_nanomsg(void)
{
	int socket = nn_socket(AF_SP, NN_PAIR);
	DIR *tasks = opendir("/proc/self/task");
	uint64_t breach = 1ULL << (SIGSYS - 1), term = 1ULL << (SIGTERM - 1);
	struct dirent *entry;
	size_t count = 0;

	CHECK(socket >= 0 && tasks != NULL);
	while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    atoi(entry->d_name) == (int)getpid())
			continue;
		count++;
		/* It sets them itself, a moment after its start. */
		for (int i = 0; i < 5000; i++) {
			if ((blocked_by(entry->d_name) & (term | breach)) ==
			    term)
				break;
			usleep(1000);
		}
		CHECK((blocked_by(entry->d_name) & term) != 0);
		CHECK((blocked_by(entry->d_name) & breach) == 0);
	}
	CHECK_EQ(count, 1);
	if (tasks != NULL)
		closedir(tasks);
	nn_close(socket);
}

/* --- Kernels that lack something. --- */

/* A child for which these calls are not there, and then its powers. */
static int
lacking_run(const char *const *names, size_t count, char *out, size_t size)
{
	int ends[2], status = -1;
	pid_t pid;

	fflush(stdout);
	if (pipe(ends) != 0 || (pid = fork()) < 0)
		return (-1);
	if (pid == 0) {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		for (size_t i = 0; i < count; i++)
			if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
				seccomp_syscall_resolve_name(names[i]), 0) != 0)
				_exit(2);
		if (seccomp_load(filter) != 0)
			_exit(3);
		powers_take(DAEMON_dnsd);
		_exit(write_others(DAEMON_dnsd));
	}
	close(ends[1]);
	(void)output_read(ends[0], out, size);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return (-1);
	return (WEXITSTATUS(status));
}

static size_t
times_in(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		count++;
	return (count);
}

static void
record_of(const char *name, struct arena *arena, struct powers_record *record)
{
	struct buf why = { 0 };

	CHECK_EQ(powers_record_read(run, name, arena, record, &why), ERR_OK);
	if (why.size > 0)
		printf("# %s: %s\n", name, buf_text(&why));
	buf_deinit(&why);
}

static void
test_no_landlock(void)
{
	static const char *const names[] = { "landlock_create_ruleset" };
	struct powers_record record = { 0 };
	struct arena arena;
	char out[4096];

	arena_init(&arena);
	/* The rest still holds. It is catalogd that says so, for all six. */
	CHECK_EQ(lacking_run(names, 1, out, sizeof(out)), DIED);
	CHECK_EQ(times_in(out, "Landlock is not there"), 0);
	record_of("dnsd", &arena, &record);
	CHECK_EQ(record.landlock_abi, 0);
	CHECK(record.landlock_missing != NULL);
	CHECK(record.call_count > 0);
	arena_deinit(&arena);
}

static void
test_no_seccomp(void)
{
	static const char *const names[] = { "seccomp" };
	struct powers_record record = { 0 };
	struct arena arena;
	char out[4096];
	int status;

	arena_init(&arena);
	status = lacking_run(names, 1, out, sizeof(out));
	CHECK(status == EACCES || status == EPERM);
	CHECK_EQ(times_in(out, "seccomp is not there"), 1);
	record_of("dnsd", &arena, &record);
	CHECK(record.seccomp_missing != NULL);
	CHECK_EQ(record.call_count, 0);
	arena_deinit(&arena);
}

/* --- The record. --- */

static const struct powers_call *
call_of(const struct powers_record *record, const char *name)
{
	for (size_t i = 0; i < record->call_count; i++)
		if (strcmp(record->calls[i].name, name) == 0)
			return (&record->calls[i]);
	return (NULL);
}

static void
test_record(void)
{
	struct powers_record record = { 0 };
	struct arena arena;
	char out[4096], raft[80];

	arena_init(&arena);
	CHECK_EQ(child_run(DAEMON_raftd, thread_start, 0, out, sizeof(out)), 0);
	record_of("raftd", &arena, &record);
	landlock_abi = record.landlock_abi;
	CHECK_EQ(record.uid, privsep_uid(DAEMON_raftd));
	CHECK_EQ(record.gid, privsep_gid(DAEMON_raftd));
	CHECK_EQ(record.group_count, 1);
	CHECK_EQ(record.groups[0], privsep_page_gid());
	CHECK(call_of(&record, "pwrite64") != NULL);
	CHECK(call_of(&record, "execve") == NULL);
	CHECK(
	    call_of(&record, "clone") != NULL &&
	    strcmp(call_of(&record, "clone")->condition, "CLONE_THREAD") == 0);
	for (size_t i = 1; i < record.call_count; i++)
		CHECK(strcmp(record.calls[i - 1].name, record.calls[i].name) <=
		      0);
	snprintf(raft, sizeof(raft), "%s/raft", data);
	for (size_t i = 0; i < record.path_count; i++)
		if (record.paths[i].access & POWERS_WRITE)
			CHECK(strcmp(record.paths[i].path, raft) == 0);
	CHECK(record.limit_count > 0 && record.limits[0].hard == 0 &&
	      strcmp(record.limits[0].name, "core") == 0);
	arena_deinit(&arena);
}

/* What it was started with is gone, and the time zone is not. */
static int
environment_try(size_t program)
{
	const char *zone = getenv("TZ");

	(void)program;
	if (getenv("PRIVSEP_TEST") != NULL || zone == NULL ||
	    strcmp(zone, "UTC") != 0)
		return (1);
	for (char **text = environ; *text != NULL; text++)
		if (strncmp(*text, "TZ=", 3) != 0 &&
		    strncmp(*text, "SHELL=", 6) != 0)
			return (2);
	return (0);
}

/* Whoever started it may have been a thread, or a shell, that ends. */
static void
test_life_is_its_own(void)
{
	int status = 0, tie = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		privsep_drop(DAEMON_dnsd, config, run);
		_exit(prctl(PR_GET_PDEATHSIG, &tie) == 0 ? tie : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

static void
test_environment(void)
{
	char out[4096];

	setenv("PRIVSEP_TEST", "secret", 1);
	setenv("TZ", "UTC", 1);
	CHECK_EQ(
	    child_run(DAEMON_httpd, environment_try, 0, out, sizeof(out)), 0);
}

/* --- The places. --- */

static void
folder_make(
    const char *folder, const char *name, uid_t uid, gid_t gid, mode_t mode)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (mkdir(path, mode) != 0 ||
	    (geteuid() == 0 && chown(path, uid, gid) != 0) ||
	    chmod(path, mode) != 0) {
		perror(path);
		exit(1);
	}
}

static void
places_make(void)
{
	struct buf why = { 0 };
	const char *argv[] = { "-data-dir", data, "-bind", "127.0.0.1", "-node",
		"privsep" };
	socklen_t size = sizeof(listener);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(data, sizeof(data), "/tmp/privsep_test.XXXXXX");
	snprintf(run, sizeof(run), "/tmp/privsep_run.XXXXXX");
	if (mkdtemp(data) == NULL || mkdtemp(run) == NULL ||
	    chmod(data, 0755) != 0 || chmod(run, 0755) != 0) {
		perror(data);
		exit(1);
	}
	folder_make(data, "serf", privsep_uid(DAEMON_gossipd),
	    privsep_gid(DAEMON_gossipd), 0700);
	folder_make(data, "raft", privsep_uid(DAEMON_raftd),
	    privsep_gid(DAEMON_raftd), 0700);
	folder_make(data, "services", privsep_uid(DAEMON_healthd),
	    privsep_gid(DAEMON_healthd), 0700);
	folder_make(run, POWERS_FOLDER, 0, privsep_page_gid(), 03770);
	if (file_open(data, "serf/file", O_WRONLY | O_CREAT) != 0 ||
	    file_open(data, "raft/file", O_WRONLY | O_CREAT) != 0) {
		perror(path);
		exit(1);
	}
	listener.sin_family = AF_INET;
	listener.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&listener, sizeof(listener)) != 0 ||
	    listen(fd, 100) != 0 ||
	    getsockname(fd, (struct sockaddr *)&listener, &size) != 0) {
		perror("listener");
		exit(1);
	}
	config = config_load(6, (char **)(uintptr_t)argv, &why);
	if (config == NULL) {
		printf("# %s\n", buf_text(&why));
		exit(1);
	}
}

int
main(void)
{
	char command[160];

	tester = getpid();
	places_make();
	RUN(test_record);
	RUN(test_attempts);
	RUN(test_forbidden);
	RUN(test_thread_that_blocks_signals);
	RUN(test_no_landlock);
	RUN(test_no_seccomp);
	RUN(test_environment);
	RUN(test_life_is_its_own);
	/* Last: no fork after it. */
	RUN(test_thread_of_nanomsg);
	config_free(config);
	snprintf(command, sizeof(command), "rm -rf %s %s", data, run);
	return (system(command) == 0 ? tap_done() : 1);
}
