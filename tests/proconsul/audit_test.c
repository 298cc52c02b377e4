/*
 * The core of `proconsul audit`: a daemon that is as declared has no line that
 * says otherwise, and each kind of difference, made alone, is found alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proconsul/audit.h"
#include "tests/lib/tap.h"

#define DIR "/run/proconsul-test"

struct fixture {
	struct arena arena;
	struct audit_report report;
	struct audit_thread threads[2];
	struct audit_handle handles[16];
	struct audit_socket sockets[16];
	struct audit_limit limits[2];
	struct audit_process process;
	struct audit_path paths[8];
	struct audit_listener listeners[4];
	struct powers_path rules[8], declared_rules[8];
	struct powers_call calls[4], declared_calls[4];
	struct powers_limit powers[2], declared_powers[2];
	uint16_t recursors[2];
	uint32_t connects[2], declared_connects[2];
	struct audit_declared declared;
	struct audit_place place;
	struct audit_socket ends[4];
	struct audit_process processes[2];
	struct audit_suite suite;
};

static struct audit_handle *
handle_add(struct fixture *f, int number, const char *target, bool writes)
{
	struct audit_handle *h = &f->handles[f->process.handle_count++];

	*h = (struct audit_handle){ .number = number,
		.target = target,
		.reads = true,
		.writes = writes };
	return (h);
}

static struct audit_socket *
socket_add(struct fixture *f, struct audit_socket socket)
{
	struct audit_handle *h = handle_add(
	    f, 10 + (int)f->process.handle_count, "socket:[1]", true);
	struct audit_socket *s = &f->sockets[h - f->handles];

	*s = socket;
	h->socket = s;
	return (s);
}

/* dnsd, as it is to be: on 127.0.0.1:8600, with a recursor at port 53. */
static void
process_init(struct fixture *f)
{
	struct audit_thread thread = { .uids = { 500, 500, 500, 500 },
		.gids = { 501, 501, 501, 501 },
		.groups = "600",
		.no_new_privs = 1,
		.seccomp = 2 };

	f->threads[0] = f->threads[1] = thread;
	f->threads[0].id = 70;
	f->threads[1].id = 71;
	f->process = (struct audit_process){
		.pid = 70,
		.parent = 1,
		.subject = DAEMON_dnsd,
		.threads = f->threads,
		.thread_count = 2,
		.limits = f->limits,
		.limit_count = 1,
		.is_open = true,
		.program = "/usr/libexec/proconsul/dnsd",
		.environment = "",
		.writable_code = "",
		.replaced_code = "",
		.handles = f->handles,
		.record_why = "",
	};
	f->limits[0] = (struct audit_limit){ "core", 0, 0 };
	handle_add(f, 0, "/dev/null", false);
	handle_add(f, 1, "pipe:[7]", true);
	handle_add(f, 4, "anon_inode:[eventpoll]", true);
	handle_add(f, 5, "/proc/70/stat", false);
	handle_add(f, -1, DIR "/metrics/dnsd", true);
	handle_add(f, -1, DIR "/genpage/page", false);
	socket_add(f, (struct audit_socket){ .family = AUDIT_UDP,
			  .address = "127.0.0.1",
			  .port = 8600,
			  .remote = "0.0.0.0" });
	socket_add(f, (struct audit_socket){ .family = AUDIT_TCP,
			  .is_listening = true,
			  .address = "127.0.0.1",
			  .port = 8600,
			  .remote = "0.0.0.0" });
	socket_add(f, (struct audit_socket){ .family = AUDIT_UNIX,
			  .address = "",
			  .knows_peer = true,
			  .peer = 9,
			  .peer_path = DIR "/dnsd/s",
			  .peer_pid = 60 });
}

static void
record_init(struct fixture *f)
{
	struct powers_record record = { .uid = 500,
		.gid = 501,
		.landlock_abi = 7,
		.path_count = 1,
		.connect_count = 1,
		.call_count = 2,
		.limit_count = 1 };

	f->rules[0] = f->declared_rules[0] =
	    (struct powers_path){ POWERS_READ, DIR "/genpage" };
	f->calls[0] = f->declared_calls[0] = (struct powers_call){ "read", "" };
	f->calls[1] = f->declared_calls[1] =
	    (struct powers_call){ "socket", "AF_UNIX" };
	f->powers[0] = f->declared_powers[0] =
	    (struct powers_limit){ "core", 0, 0 };
	f->connects[0] = f->declared_connects[0] = 53;
	f->process.record = f->declared.record = record;
	f->process.record.paths = f->rules;
	f->process.record.calls = f->calls;
	f->process.record.limits = f->powers;
	f->process.record.connects = f->connects;
	f->declared.record.paths = f->declared_rules;
	f->declared.record.calls = f->declared_calls;
	f->declared.record.limits = f->declared_powers;
	f->declared.record.connects = f->declared_connects;
}

static void
declared_init(struct fixture *f)
{
	f->declared = (struct audit_declared){
		.subject = DAEMON_dnsd,
		.row = &daemon_rows[DAEMON_dnsd],
		.kind = "daemon",
		.uid = 500,
		.gid = 501,
		.page_gid = 600,
		.has_page_group = true,
		.is_confined = true,
		.run_dir = DIR,
		.paths = f->paths,
		.path_count = 2,
		.listeners = f->listeners,
		.listener_count = 2,
		.recursor_ports = f->recursors,
		.recursor_count = 1,
		.has_record = true,
	};
	f->paths[0] = (struct audit_path){ POWERS_READ, DIR "/genpage",
		"reads page", true };
	f->paths[1] = (struct audit_path){ POWERS_READ | POWERS_WRITE,
		DIR "/metrics/dnsd", "its figures", false };
	f->listeners[0] =
	    (struct audit_listener){ AUDIT_UDP, "127.0.0.1", 8600, "DNS" };
	f->listeners[1] =
	    (struct audit_listener){ AUDIT_TCP, "127.0.0.1", 8600, "DNS" };
	f->recursors[0] = 53;
}

static void
place_init(struct fixture *f)
{
	f->place = (struct audit_place){ .path = DIR "/httpd",
		.what = "folder",
		.kind = S_IFDIR,
		.uid = 7,
		.other_uid = 7,
		.gid = 8,
		.mode = 02710,
		.other_mode = 02710,
		.found_uid = 7,
		.found_gid = 8,
		.found_mode = S_IFDIR | 02710 };
}

static void
edge_init(struct fixture *f)
{
	f->processes[0] =
	    (struct audit_process){ .pid = 60, .subject = DAEMON_catalogd };
	f->processes[1] =
	    (struct audit_process){ .pid = 70, .subject = DAEMON_dnsd };
	f->ends[0] = (struct audit_socket){ .family = AUDIT_UNIX,
		.inode = 1,
		.is_listening = true,
		.address = DIR "/dnsd/s",
		.knows_peer = true,
		.holder = 60 };
	f->ends[1] = (struct audit_socket){ .family = AUDIT_UNIX,
		.inode = 2,
		.address = DIR "/dnsd/s",
		.knows_peer = true,
		.peer = 3,
		.holder = 60,
		.peer_pid = 70 };
	f->suite = (struct audit_suite){ .run_dir = DIR,
		.processes = f->processes,
		.count = 2,
		.sockets = f->ends,
		.socket_count = 2,
		.knows_peers = true,
		.knows_holders = true };
}

static void
fixture_init(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	arena_init(&f->arena);
	f->report.arena = &f->arena;
	process_init(f);
	declared_init(f);
	record_init(f);
	place_init(f);
	edge_init(f);
}

static void
fixture_compare(struct fixture *f)
{
	audit_block_add(&f->report, "daemon", "dnsd", 70);
	audit_compare_process(&f->report, &f->process, &f->declared);
	audit_compare_record(&f->report, &f->process, &f->declared);
	audit_compare_handles(&f->report, &f->process, &f->declared);
	audit_block_add(&f->report, "edge", "dnsd", 0);
	audit_compare_place(&f->report, &f->place);
	f->suite.arena = &f->arena;
	audit_compare_ends(&f->report, &f->suite, DAEMON_dnsd);
}

/* --- One change each. --- */

#define CHANGE(name, ...)                   \
	static void name(struct fixture *f) \
	{                                   \
		__VA_ARGS__;                \
	}

/* clang-format off */
CHANGE(threads_cut, f->process.threads_why = "more than 4096")
CHANGE(files_cut, f->process.handles_why = "more than 65536")
CHANGE(environment_unread, f->process.environment = NULL)
CHANGE(code_unread, f->process.writable_code = f->process.replaced_code = NULL)
CHANGE(real_user, f->threads[0].uids[0] = 0)
CHANGE(saved_user, f->threads[1].uids[2] = 0)
CHANGE(file_group, f->threads[1].gids[3] = 0)
CHANGE(more_groups, f->threads[0].groups = "27 600")
CHANGE(permitted, f->threads[0].capabilities[AUDIT_PERMITTED] = 1U << 21)
CHANGE(effective, f->threads[1].capabilities[AUDIT_EFFECTIVE] = 1U << 10)
CHANGE(inheritable, f->threads[1].capabilities[AUDIT_INHERITABLE] = 1)
CHANGE(ambient, f->threads[1].capabilities[AUDIT_AMBIENT] = 1)
CHANGE(bounding_by_root, f->process.has_launcher = true;
    f->threads[0].capabilities[AUDIT_BOUNDING] = 1)
CHANGE(bounding_by_others, f->threads[0].capabilities[AUDIT_BOUNDING] = 1;
    f->threads[1].capabilities[AUDIT_BOUNDING] = 1)
CHANGE(new_privileges, f->threads[1].no_new_privs = 0)
CHANGE(no_filter, f->threads[1].seccomp = 0)
CHANGE(strict_filter, f->threads[0].seccomp = 1)
CHANGE(dumpable, f->process.proc_uid = 500)
CHANGE(loose_program, f->process.program_is_loose = true)
CHANGE(other_program, f->process.program = "/tmp/dnsd2")
CHANGE(old_program, f->process.program_was_replaced = true)
CHANGE(old_library, f->process.replaced_code = "/lib/x (deleted)")
CHANGE(writable_code, f->process.writable_code = "memory")
CHANGE(environment, f->process.environment = "HOME")
CHANGE(limit_more, f->limits[0].soft = f->limits[0].hard = 1)
CHANGE(rule_more, f->rules[1] = (struct powers_path){ POWERS_READ, "/etc" };
    f->process.record.path_count = 2)
CHANGE(rule_writes, f->rules[0].access = POWERS_WRITE)
CHANGE(rule_less, f->process.record.path_count = 0)
CHANGE(abi_less, f->process.record.landlock_abi = 5)
CHANGE(abi_none, f->process.record.landlock_missing = "all of it")
CHANGE(port_other, f->connects[0] = 22)
CHANGE(port_any, f->connects[0] = POWERS_PORT_ANY)
CHANGE(bind_more, f->process.record.binds = f->connects;
    f->process.record.bind_count = 1)
CHANGE(call_more, f->calls[2] = (struct powers_call){ "ptrace", "" };
    f->process.record.call_count = 3)
CHANGE(call_more_of_before, call_more(f);
    f->process.program_was_replaced = true)
CHANGE(call_less, f->process.record.call_count = 1)
CHANGE(call_condition, f->calls[1].condition = "")
CHANGE(calls_missing, f->threads[0].seccomp = f->threads[1].seccomp = 0;
    f->declared.record.seccomp_missing = "all of it")
CHANGE(config_hidden, f->declared.has_record = false)
CHANGE(record_none, f->process.record_err = ERR_NOT_FOUND)
CHANGE(record_bad, f->process.record_err = ERR_CORRUPT)
CHANGE(record_hidden, f->process.record_err = ERR_IO)
CHANGE(record_of_other, f->process.record.uid = 9)
CHANGE(file_more, handle_add(f, 20, "/etc/shadow", false))
CHANGE(file_memory, handle_add(f, 20, "/memfd:x (deleted)", true))
CHANGE(file_written, handle_add(f, 20, DIR "/genpage/page", true))
CHANGE(file_mapped, handle_add(f, -1, DIR "/metrics/httpd", true))
CHANGE(file_alike, handle_add(f, 20, DIR "/genpages", false))
CHANGE(file_pipe, handle_add(f, 20, "pipe:[8]", true))
CHANGE(file_kind, handle_add(f, 20, "anon_inode:bpf-prog", true))
CHANGE(file_hidden, f->process.is_open = false)
CHANGE(socket_kind, handle_add(f, 20, "socket:[2]", true))
CHANGE(stream_internet, f->handles[1].target = "socket:[3]";
    f->handles[1].socket = &f->sockets[7])
CHANGE(listens_more, socket_add(f, (struct audit_socket){
    .family = AUDIT_TCP, .is_listening = true, .address = "127.0.0.1",
    .port = 22, .remote = "0.0.0.0" }))
CHANGE(listens_wide, f->sockets[7].address = "0.0.0.0")
CHANGE(reaches_other_port, socket_add(f, (struct audit_socket){
    .family = AUDIT_TCP, .address = "127.0.0.1", .port = 40000,
    .remote = "10.0.0.1", .remote_port = 80 }))
CHANGE(reaches_recursor, socket_add(f, (struct audit_socket){
    .family = AUDIT_TCP, .address = "127.0.0.1", .port = 40000,
    .remote = "10.0.0.1", .remote_port = 53 }))
CHANGE(serves_client, socket_add(f, (struct audit_socket){
    .family = AUDIT_TCP, .address = "127.0.0.1", .port = 8600,
    .remote = "127.0.0.1", .remote_port = 40000 }))
CHANGE(asks_without_recursors, f->declared.recursor_count = 0;
    socket_add(f, (struct audit_socket){ .family = AUDIT_UDP,
    .address = "0.0.0.0", .port = 40000, .remote = "0.0.0.0" }))
CHANGE(edge_of_other, f->sockets[8].peer_path = DIR "/httpd/s")
CHANGE(unix_path, f->sockets[8].peer_path = "/run/dbus/system_bus_socket")
CHANGE(unix_listens, socket_add(f, (struct audit_socket){
    .family = AUDIT_UNIX, .is_listening = true, .address = "/tmp/x",
    .knows_peer = true, .peer_path = "" }))
CHANGE(unix_notice, socket_add(f, (struct audit_socket){
    .family = AUDIT_UNIX, .is_datagram = true, .address = "",
    .knows_peer = true, .peer_path = DIR "/notify" }))
CHANGE(unix_datagram, socket_add(f, (struct audit_socket){
    .family = AUDIT_UNIX, .is_datagram = true, .address = "",
    .knows_peer = true, .peer_path = "/dev/log" }))
CHANGE(unix_unknown, f->sockets[8].knows_peer = false)
CHANGE(place_mode, f->place.found_mode = S_IFDIR | 0777)
CHANGE(place_owner, f->place.found_uid = 9)
CHANGE(place_group, f->place.found_gid = 9)
CHANGE(place_link, f->place.found_mode = S_IFLNK | 02710)
CHANGE(place_missing, f->place.error = ENOENT)
CHANGE(place_hidden, f->place.error = EACCES)
CHANGE(edge_stranger, f->ends[1].peer_pid = 99)
CHANGE(edge_second, f->ends[2] = f->ends[1]; f->ends[2].peer_pid = 99;
    f->suite.socket_count = 3)
CHANGE(edge_listener, f->ends[0].holder = 99)
CHANGE(edge_cut, f->suite.socket_count = 1)
CHANGE(edge_hidden, f->suite.knows_peers = false)

/* What is changed; the one line that then is not as declared; count 0: none. */
static const struct change {
	const char *name;
	void (*make)(struct fixture *);
	enum audit_verdict verdict;
	const char *what;
	const char *found; /* a part of it */
} changes[] = {
#define D AUDIT_DIFFERENT
	{ "real user", real_user, D, "user", "real 0" },
	{ "saved user of a thread", saved_user, D, "user", "saved 0" },
	{ "group of a thread", file_group, D, "group", "of files 0 on thread 71" },
	{ "more groups", more_groups, D, "groups", "27 600" },
	{ "permitted", permitted, D, "permitted set", "sys_admin" },
	{ "effective", effective, D, "effective set", "none; net_bind_service on thread 71" },
	{ "inheritable", inheritable, D, "inheritable set", "chown" },
	{ "ambient", ambient, D, "ambient set", "chown" },
	{ "bounding", bounding_by_root, D, "bounding set", "chown" },
	{ "bounding, of others", bounding_by_others, AUDIT_NOTE, "bounding set", "chown" },
	{ "new privileges", new_privileges, D, "no new privileges", "yes; no on thread 71" },
	{ "no filter", no_filter, D, "seccomp", "filter; none on thread 71" },
	{ "strict", strict_filter, D, "seccomp", "strict" },
	{ "dumpable", dumpable, D, "dumpable", "yes" },
	{ "loose program", loose_program, D, "program", "others may write it" },
	{ "other program", other_program, D, "program", "/tmp/dnsd2" },
	{ "old program", old_program, AUDIT_NOTE, "program", "dnsd" },
	{ "old library", old_library, AUDIT_NOTE, "libraries", "/lib/x" },
	{ "writable code", writable_code, D, "code in memory", "memory" },
	{ "environment", environment, D, "environment", "HOME" },
	{ "rule more", rule_more, D, "landlock", "read /etc" },
	{ "rule less", rule_less, AUDIT_NOTE, "landlock", "not allowed" },
	{ "abi less", abi_less, D, "landlock", "ABI 5" },
	{ "abi none", abi_none, AUDIT_NOTE, "landlock", "missing: all of it" },
	{ "port other", port_other, D, "TCP connect", "port 22" },
	{ "port any", port_any, D, "TCP connect", "any port" },
	{ "bind more", bind_more, D, "TCP bind", "port 53" },
	{ "call more", call_more, D, "seccomp allows", "+ptrace" },
	{ "call less", call_less, D, "seccomp allows", "-socket:AF_UNIX" },
	{ "call condition", call_condition, D, "seccomp allows", "+socket -socket:AF_UNIX" },
	{ "calls missing", calls_missing, AUDIT_NOTE, "seccomp", "none" },
	{ "config hidden", config_hidden, AUDIT_UNSEEN, "record", "" },
	{ "record none", record_none, D, "record", "" },
	{ "record bad", record_bad, D, "record", "" },
	{ "record hidden", record_hidden, AUDIT_UNSEEN, "record", "" },
	{ "record of other", record_of_other, D, "record", "of user 9" },
	{ "file more", file_more, D, "open file", "read /etc/shadow" },
	{ "file memory", file_memory, D, "open file", "memfd" },
	{ "file written", file_written, D, "open file", "read,write " DIR },
	{ "file mapped", file_mapped, D, "shared memory", "read,write " DIR },
	{ "file alike", file_alike, D, "open file", "genpages" },
	{ "file pipe", file_pipe, D, "open file", "pipe" },
	{ "file kind", file_kind, D, "open file", "bpf" },
	{ "threads cut", threads_cut, AUDIT_UNSEEN, "threads", "more than" },
	{ "files cut", files_cut, AUDIT_UNSEEN, "files, sockets", "more than" },
	{ "environment unread", environment_unread, AUDIT_UNSEEN, "environment", "cannot be read" },
	{ "code unread", code_unread, AUDIT_UNSEEN, "code in memory", "cannot be read" },
	{ "socket kind", socket_kind, D, "socket", "neither" },
	{ "stream internet", stream_internet, AUDIT_SAME, "", "" },
	{ "listens more", listens_more, D, "socket", "tcp listening on 127.0.0.1:22" },
	{ "other port", reaches_other_port, D, "socket", "tcp to 10.0.0.1:80" },
	{ "recursor", reaches_recursor, AUDIT_SAME, "", "" },
	{ "client", serves_client, AUDIT_SAME, "", "" },
	{ "no recursors", asks_without_recursors, D, "socket", "udp at 0.0.0.0:40000" },
	{ "edge of other", edge_of_other, D, "socket", "unix to " DIR "/httpd/s" },
	{ "unix path", unix_path, D, "socket", "unix to /run/dbus" },
	{ "unix listens", unix_listens, D, "socket", "unix on /tmp/x" },
	{ "unix notice", unix_notice, AUDIT_SAME, "", "" },
	{ "unix datagram", unix_datagram, D, "socket", "unix datagrams to /dev/log" },
	{ "unix unknown", unix_unknown, AUDIT_UNSEEN, "socket", "unix" },
	{ "place mode", place_mode, D, "folder", "folder 0777 7:8" },
	{ "place owner", place_owner, D, "folder", "folder 2710 9:8" },
	{ "place group", place_group, D, "folder", "folder 2710 7:9" },
	{ "place link", place_link, D, "folder", "link 2710" },
	{ "place missing", place_missing, D, "folder", "missing: " DIR },
	{ "place hidden", place_hidden, AUDIT_UNSEEN, "folder", DIR },
	{ "edge stranger", edge_stranger, D, "ends", "catalogd and process 99" },
	{ "edge second", edge_second, D, "ends", "catalogd and process 99" },
	{ "edge listener", edge_listener, D, "listens", "process 99" },
	{ "edge cut", edge_cut, D, "ends", "not connected" },
	{ "edge hidden", edge_hidden, AUDIT_UNSEEN, "ends", "hidden" },
#undef D
};
/* clang-format on */

static bool
is_expected(const struct change *change, const struct audit_line *line)
{
	return (line->verdict == change->verdict &&
		strcmp(line->what, change->what) == 0 &&
		strstr(line->found, change->found) != NULL);
}

/* The lines that are not as declared: of the expected, and of others. */
static void
lines_count(const struct fixture *f, const struct change *change,
    size_t *expected, size_t *others)
{
	*expected = *others = 0;
	for (size_t i = 0; i < f->report.count; i++) {
		for (size_t k = 0; k < f->report.blocks[i].count; k++) {
			const struct audit_line *line =
			    &f->report.blocks[i].lines[k];

			if (line->verdict == AUDIT_SAME)
				continue;
			if (is_expected(change, line)) {
				*expected += 1;
				continue;
			}
			*others += 1;
			printf("# %s: %s, %s, %s\n", change->name, line->what,
			    line->declared, line->found);
		}
	}
}

static void
test_as_declared(void)
{
	struct fixture f;

	fixture_init(&f);
	fixture_compare(&f);
	CHECK_EQ(audit_count(&f.report, AUDIT_DIFFERENT), 0);
	CHECK_EQ(audit_count(&f.report, AUDIT_NOTE), 0);
	CHECK_EQ(audit_count(&f.report, AUDIT_UNSEEN), 0);
	CHECK(audit_count(&f.report, AUDIT_SAME) > 25);
	arena_deinit(&f.arena);
}

static void
test_each_change_is_found_alone(void)
{
	struct fixture f;
	size_t expected, others;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		fixture_init(&f);
		changes[i].make(&f);
		fixture_compare(&f);
		lines_count(&f, &changes[i], &expected, &others);
		if (expected != (changes[i].verdict != AUDIT_SAME))
			printf("# %s\n", changes[i].name);
		CHECK_EQ(expected, changes[i].verdict != AUDIT_SAME);
		CHECK_EQ(others, 0);
		arena_deinit(&f.arena);
	}
}

/* Some make two lines: what is there, and what is then not. */
static void
test_changes_with_two_sides(void)
{
	static const struct {
		void (*make)(struct fixture *);
		size_t different, notes, unseen;
	} cases[] = {
		{ limit_more, 2, 0, 0 }, /* of the table, of the record */
		{ call_more_of_before, 0, 2, 0 }, /* program, calls */
		{ rule_writes, 1, 1, 0 },	  /* one more, one less */
		{ listens_wide, 2, 0, 0 },	  /* here, and not there */
		{ file_hidden, 0, 0, 3 }, /* program, environment, files */
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_init(&f);
		cases[i].make(&f);
		fixture_compare(&f);
		CHECK_EQ(audit_count(&f.report, AUDIT_DIFFERENT),
		    cases[i].different);
		CHECK_EQ(audit_count(&f.report, AUDIT_NOTE), cases[i].notes);
		CHECK_EQ(audit_count(&f.report, AUDIT_UNSEEN), cases[i].unseen);
		arena_deinit(&f.arena);
	}
}

/* Who is alone with all of it has its groups, and its own files. */
static void
test_one_user_for_all(void)
{
	struct fixture f;

	fixture_init(&f);
	f.declared.is_shared = true;
	f.threads[0].groups = f.threads[1].groups = "4 27";
	fixture_compare(&f);
	CHECK_EQ(audit_count(&f.report, AUDIT_DIFFERENT), 0);
	arena_deinit(&f.arena);
}

/* --- The kernel's texts. --- */

static const char status_text[] =
    "Name:\tdnsd\nPid:\t70\nPPid:\t1\nUid:\t500\t501\t502\t503\n"
    "Gid:\t5\t6\t7\t8\nGroups:\t27 6 600 \nThreads:\t2\n"
    "CapInh:\t0000000000000001\nCapPrm:\t0000000000000002\n"
    "CapEff:\t0000000000000003\nCapBnd:\t000001ffffffffff\n"
    "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n"
    "Seccomp_filters:\t39\n";

static void
test_status(void)
{
	struct audit_thread t;
	struct arena arena;
	struct slice text = slice_of_text(status_text);

	arena_init(&arena);
	CHECK(audit_parse_status(text, &arena, &t));
	CHECK_EQ(t.id, 70);
	CHECK_EQ(t.parent, 1);
	CHECK_EQ(t.uids[0], 500);
	CHECK_EQ(t.uids[3], 503);
	CHECK_EQ(t.gids[2], 7);
	CHECK(strcmp(t.groups, "27 600") == 0);
	CHECK_EQ(t.capabilities[AUDIT_EFFECTIVE], 3);
	CHECK_EQ(t.capabilities[AUDIT_BOUNDING], 0x1ffffffffff);
	CHECK_EQ(t.no_new_privs, 1);
	CHECK_EQ(t.seccomp, 2);
	/* What is cut is refused, not read as none. */
	for (size_t size = 0;
	     size < text.size - sizeof("Seccomp_filters:\t39\n"); size++)
		CHECK(!audit_parse_status(slice_head(text, size), &arena, &t));
	arena_deinit(&arena);
}

static void
test_sockets(void)
{
	static const char tcp[] =
	    "   0: 0100007F:2198 00000000:0000 0A 00000000:00000000 "
	    "00:00000000 00000000   500        0 4711 1 0000000000000000 100";
	static const char tcp6[] =
	    "   1: 00000000000000000000000001000000:0035 "
	    "0000000000000000FFFF00000100007F:D431 01 00000000:00000000 "
	    "00:00000000 00000000   500        0 4712 1 0000000000000000";
	static const char local[] =
	    "0000000000000000: 00000002 00000000 00010000 0001 01 4713 "
	    "/run/a b/s";
	struct audit_socket s;
	struct arena arena;

	arena_init(&arena);
	CHECK(audit_parse_net(slice_of_text(tcp), false, &arena, &s));
	CHECK(strcmp(s.address, "127.0.0.1") == 0);
	CHECK_EQ(s.port, 8600);
	CHECK_EQ(s.inode, 4711);
	CHECK(s.is_listening);
	CHECK(audit_parse_net(slice_of_text(tcp6), true, &arena, &s));
	CHECK(strcmp(s.address, "::1") == 0);
	CHECK(strcmp(s.remote, "::ffff:127.0.0.1") == 0);
	CHECK_EQ(s.remote_port, 54321);
	CHECK(!s.is_listening);
	CHECK(!audit_parse_net(slice_of_text(tcp6), false, &arena, &s));
	CHECK(!audit_parse_net(
	    SLICE("  sl  local_address rem_address   st"), false, &arena, &s));
	CHECK(audit_parse_unix(slice_of_text(local), &arena, &s));
	CHECK_EQ(s.inode, 4713);
	CHECK(s.is_listening);
	CHECK(!s.is_datagram);
	CHECK(strcmp(s.address, "/run/a b/s") == 0);
	CHECK(!audit_parse_unix(
	    SLICE("Num       RefCount Protocol Flags"), &arena, &s));
	arena_deinit(&arena);
}

static void
test_limits_and_flags(void)
{
	static const char text[] =
	    "Limit                     Soft Limit           Hard Limit  \n"
	    "Max core file size        0                    unlimited   bytes\n"
	    "Max open files            256                  4096        files\n"
	    "Max nice priority         0                    0           \n";
	struct audit_process p = { 0 };
	struct audit_handle h;
	struct arena arena;

	arena_init(&arena);
	audit_parse_limits(slice_of_text(text), &arena, &p);
	CHECK_EQ(p.limit_count, 3);
	CHECK(strcmp(p.limits[0].name, "core") == 0);
	CHECK(p.limits[0].hard == POWERS_UNLIMITED);
	CHECK(strcmp(p.limits[1].name, "nofile") == 0);
	CHECK_EQ(p.limits[1].soft, 256);
	audit_parse_flags(SLICE("pos:\t0\nflags:\t0100000\n"), &h);
	CHECK(h.reads && !h.writes);
	audit_parse_flags(SLICE("pos:\t0\nflags:\t02000001\n"), &h);
	CHECK(!h.reads && h.writes);
	audit_parse_flags(SLICE("pos:\t0\nflags:\t010000000\n"), &h);
	CHECK(!h.reads && !h.writes);
	audit_parse_flags(SLICE(""), &h);
	CHECK(h.reads && h.writes);
	arena_deinit(&arena);
}

/* Lines that say the same are one, with a count. */
static void
test_counts(void)
{
	struct audit_report r = { 0 };
	struct arena arena;

	arena_init(&arena);
	r.arena = &arena;
	audit_block_add(&r, "daemon", "dnsd", 1);
	for (int i = 0; i < 100; i++)
		audit_add(&r, AUDIT_SAME, "socket", "DNS", "a peer", "");
	audit_add(&r, AUDIT_SAME, "socket", "DNS", "another", "");
	CHECK_EQ(r.blocks[0].count, 2);
	CHECK_EQ(r.blocks[0].lines[0].count, 100);
	CHECK_EQ(audit_count(&r, AUDIT_SAME), 2);
	arena_deinit(&arena);
}

/* However many there are of a stranger's, the real ones come before them. */
static void
test_whose_processes_come_first(void)
{
	struct audit_candidate list[] = {
		{ .pid = 1, .is_foreign = true, .is_dir_foreign = true },
		{ .pid = 2, .is_foreign = true },
		{ .pid = 3, .is_dir_foreign = true },
		{ .pid = 5 },
		{ .pid = 4 },
	};
	static const pid_t order[] = { 4, 5, 3, 2, 1 };

	qsort(list, 5, sizeof(list[0]), audit_candidate_compare);
	for (size_t i = 0; i < 5; i++)
		CHECK_EQ(list[i].pid, order[i]);
}

static void
test_what_cannot_be_read(void)
{
	struct arena arena;
	struct buf text = { 0 };
	char path[] = "/tmp/audit-test-XXXXXX", *words[1];
	int fd = mkstemp(path);

	arena_init(&arena);
	CHECK(ftruncate(fd, AUDIT_TEXT_MAX) == 0);
	CHECK(audit_file_read(path, &text));
	CHECK(ftruncate(fd, AUDIT_TEXT_MAX + 4097) == 0);
	CHECK(!audit_file_read(path, &text));
	CHECK_EQ(errno, EFBIG);
	CHECK(unlink(path) == 0);
	CHECK(!audit_file_read(path, &text));
	CHECK_EQ(errno, ENOENT);
	/* Nor is a part of a command line all of it. */
	CHECK_EQ(audit_arguments_read(&arena, INT32_MAX, words, 1), -1);
	close(fd);
	buf_deinit(&text);
	arena_deinit(&arena);
}

int
main(void)
{
	RUN(test_as_declared);
	RUN(test_each_change_is_found_alone);
	RUN(test_changes_with_two_sides);
	RUN(test_one_user_for_all);
	RUN(test_status);
	RUN(test_sockets);
	RUN(test_limits_and_flags);
	RUN(test_counts);
	RUN(test_whose_processes_come_first);
	RUN(test_what_cannot_be_read);
	return (tap_done());
}
