/*
 * The tables of wiring.h and rpc_methods.h as text: who there is, what each
 * may touch, every message that an edge may carry, and the system calls. It is
 * kept in tests/audit/expected.txt, so that a new power is a visible diff.
 */
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "privsep.h"
#include "rpc_methods.h"

static const char *const networks[] = {
	[NET_NONE] = "none",
	[NET_SERVE] = "serve",
	[NET_CONNECT] = "connect",
	[NET_RECURSE] = "serve,recurse",
};

static const char *const kinds[] = {
	[METHOD_READ] = "read",
	[METHOD_WRITE] = "write",
	[METHOD_LOCAL] = "local",
	[METHOD_AGAIN] = "again",
	[METHOD_NOTICE] = "notice",
};

static const char *const runs[] = {
	[RUNS_NOTHING] = "nothing",
	[RUNS_HELPERS] = "helpers",
	[RUNS_ANYTHING] = "anything",
};

static void
reads_print(unsigned reads)
{
	static const char *const names[] = { "config", "page", "system",
		"metrics", "host", "ui", "names" };
	const char *before = " ";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(reads & (1U << i)))
			continue;
		printf("%s%s", before, names[i]);
		before = ",";
	}
	if (reads == 0)
		fputs(" -", stdout);
}

static void
rows_print(const char *what, const struct daemon_row *rows, size_t count)
{
	printf("# %s user network runs reads writes\n", what);
	for (size_t i = 0; i < count; i++) {
		const struct daemon_row *row = &rows[i];

		printf("%s %s %s %s %s", what, row->name, row->user,
		    networks[row->network], runs[row->runs]);
		reads_print(row->reads);
		printf(" %s\n", row->writes[0] != '\0' ? row->writes : "-");
	}
}

static void
scripts_print(void)
{
	static const char *const scripts[] = {
		[SCRIPTS_ALL] = "all",
		[SCRIPTS_OF_CHECKS] = "checks",
		[SCRIPTS_OF_OWN_USER] = "all, as _runner",
	};

	puts("# script limit value of");
#define X(name, value, of) \
	printf("script %s %s %s\n", #name, #value, scripts[of]);
	SCRIPT_LIMITS(X)
#undef X
	puts("# variables of scripts");
#define X(name) puts("environment " name);
	SCRIPT_ENVIRONMENT(X)
#undef X
}

static void
methods_print(void)
{
	puts("# method owner kind request reply; from");
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		const struct method_row *row = &method_rows[i];

		printf("method %s %s %s %s %s;", row->name,
		    daemon_name(row->owner), kinds[row->kind],
		    row->request->name, row->reply->name);
		for (size_t id = 0; id < DAEMON_COUNT; id++)
			if (row->from & FROM_BIT(id))
				printf(" %s", daemon_name(id));
		putchar('\n');
	}
}

/* Notices that all daemons serve (daemon.h). */
static bool
is_for_all(size_t method)
{
	return (method == METHOD_Edge_Monitor || method == METHOD_Edge_Reload);
}

/* What the end that is not catalogd may say, and what may be said to it; the
 * rule is that of ipc_call.c. */
static void
edge_print(enum daemon_id peer)
{
	const char *name = daemon_name(peer);

	printf("edge %s\n", name);
	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (method_rows[i].from & FROM_BIT(peer))
			printf("edge %s says %s\n", name, method_rows[i].name);
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		const struct method_row *row = &method_rows[i];

		if (row->kind == METHOD_NOTICE
			? (row->from & FROM(catalogd)) != 0 &&
			      (row->owner == peer || is_for_all(i))
			: row->owner == peer)
			printf("edge %s hears %s\n", name, row->name);
	}
}

static void
edges_print(void)
{
	puts("# edges: catalogd and; what that says, what it hears");
#define X(peer) edge_print(DAEMON_##peer);
	EDGES(X)
#undef X
}

/* With no configuration: that adds what it names, and nothing else. */
static void
calls_print(size_t subject)
{
	struct config config = { .data_dir = "" };
	struct buf record = { 0 };
	struct slice rest, line;
	size_t size;

	if (!privsep_declared(subject).is_confined)
		return;
	privsep_declare_record(subject, &config, "/nowhere", &record);
	rest = buf_slice(&record);
	while ((size = slice_find(rest, '\n', 0)) != SIZE_MAX) {
		line = slice_head(rest, size);
		rest = slice_tail(rest, size + 1);
		if (slice_starts_with(line, SLICE("seccomp ")) ||
		    slice_starts_with(line, SLICE("rlimit ")))
			printf("%s %.*s\n", audit_row(subject)->name,
			    SLICE_ARGS(line));
	}
	buf_deinit(&record);
}

void
audit_print_tables(void)
{
	rows_print("daemon", daemon_rows, DAEMON_COUNT);
	rows_print("helper", helper_rows, HELPER_COUNT);
	scripts_print();
	edges_print();
	methods_print();
	puts("# system calls and limits");
	for (size_t i = 0; i < AUDIT_SUBJECTS; i++)
		calls_print(i);
}
