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
};

static const char *const kinds[] = {
	[METHOD_READ] = "read",
	[METHOD_WRITE] = "write",
	[METHOD_LOCAL] = "local",
	[METHOD_NOTICE] = "notice",
};

static void
reads_print(unsigned reads)
{
	printf(" %s%s%s", reads & READ_CONFIG ? "config" : "",
	    reads & READ_PAGE ? ",page" : "",
	    reads & READ_SYSTEM ? ",system" : "");
}

static void
daemons_print(void)
{
	puts("# daemon user network runs reads writes");
	for (size_t i = 0; i < DAEMON_COUNT; i++) {
		const struct daemon_row *row = &daemon_rows[i];

		printf("daemon %s %s %s %s", row->name, row->user,
		    networks[row->network],
		    row->runs == RUNS_RUNNER ? "runner" : "nothing");
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
	daemons_print();
	edges_print();
	methods_print();
	return (0);
}
