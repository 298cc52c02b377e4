/* The method table: names, and who may carry what. */
#include "common/rpc_methods.h"
#include "tests/lib/tap.h"

static void
test_every_name_is_found(void)
{
	for (enum method m = 0; m < METHOD_COUNT; m++)
		CHECK_EQ(method_find(slice_of_text(method_rows[m].name)), m);
	CHECK_EQ(method_find(SLICE("KVS.Zork")), METHOD_COUNT);
	CHECK_EQ(method_find(SLICE("")), METHOD_COUNT);
	CHECK_EQ(method_find(SLICE("kvs.get")), METHOD_COUNT);
}

static void
test_rows_are_complete(void)
{
	for (enum method m = 0; m < METHOD_COUNT; m++) {
		const struct method_row *row = &method_rows[m];

		CHECK(row->request != NULL);
		CHECK(row->reply != NULL);
		CHECK(row->from != 0);
		CHECK(row->owner < DAEMON_COUNT);
		/* What goes through the log is catalogd's. */
		CHECK(
		    row->kind != METHOD_WRITE || row->owner == DAEMON_catalogd);
	}
	/* A command or an event that was put twice would be twice. */
	CHECK(method_rows[METHOD_Agent_RemoteExec].kind == METHOD_LOCAL);
	CHECK(method_rows[METHOD_Serf_FireEvent].kind == METHOD_LOCAL);
	CHECK(method_rows[METHOD_Agent_RegisterService].kind == METHOD_AGAIN);
}

static void
test_daemons(void)
{
	CHECK(
	    slice_is(slice_of_text(daemon_name(DAEMON_catalogd)), "catalogd"));
	CHECK(slice_is(slice_of_text(daemon_user(DAEMON_httpd)), "_httpd"));
}

static void
test_hash_is_stable(void)
{
	CHECK_EQ(method_table_hash(), method_table_hash());
	CHECK(method_table_hash() != 0);
}

int
main(void)
{
	RUN(test_every_name_is_found);
	RUN(test_rows_are_complete);
	RUN(test_daemons);
	RUN(test_hash_is_stable);
	return (tap_done());
}
