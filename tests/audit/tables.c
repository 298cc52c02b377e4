/*
 * The tables of wiring.h and rpc_methods.h as text: who there is, what each
 * may touch, and every message that an edge may carry. tests/audit/all keeps
 * the output in expected.txt, so that a new power is always a visible diff.
 */
#include <stdio.h>

#include "rpc_methods.h"
#include "wiring.h"

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
		"metrics", "host", "ui" };
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
edges_print(void)
{
	puts("# edges: catalogd and");
#define X(peer) puts("edge " #peer);
	EDGES(X)
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

int
main(void)
{
	rows_print("daemon", daemon_rows, DAEMON_COUNT);
	rows_print("helper", helper_rows, HELPER_COUNT);
	edges_print();
	methods_print();
	return (0);
}
