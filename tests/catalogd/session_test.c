/* Locks, sessions and names of nodes: semantics.md 3, 4 and 7. */
#include "fixture.h"

#define S1 "11111111-2222-3333-4444-555555555555"
#define S2 "22222222-2222-3333-4444-555555555555"

static void
world_with_sessions(struct world *w, const char *behavior)
{
	world_init(w);
	check_put(w, "n1", "mem", "", "passing");
	session_put(w, S1, "n1", "mem", behavior);
	CHECK(!w->result.is_refused);
	session_put(w, S2, "n1", "", "");
	CHECK(!w->result.is_refused);
}

static void
test_lock_and_unlock(void)
{
	struct world w;
	uint64_t locked;

	world_with_sessions(&w, "");
	locked = kv_do(&w, "lock", "k", "v", S1);
	CHECK(answered_true(&w));
	CHECK_EQ(entry(&w, "k")->lock_index, 1);
	CHECK(slice_is(entry(&w, "k")->session, S1));
	/* Held by another; then the same again, which changes nothing. */
	kv_do(&w, "lock", "k", "w", S2);
	CHECK(!answered_true(&w));
	kv_do(&w, "lock", "k", "v", S1);
	CHECK(answered_true(&w));
	CHECK_EQ(entry(&w, "k")->indexes.modify_index, locked);
	kv_do(&w, "unlock", "k", "x", S2);
	CHECK(!answered_true(&w));
	kv_do(&w, "unlock", "k", "", S1);
	CHECK(answered_true(&w));
	CHECK_EQ(entry(&w, "k")->session.size, 0);
	CHECK_EQ(entry(&w, "k")->value.size, 0);
	CHECK_EQ(entry(&w, "k")->lock_index, 1);
	kv_do(&w, "lock", "k", "v", S2);
	CHECK_EQ(entry(&w, "k")->lock_index, 2);
	world_deinit(&w);
}

static void
test_set_keeps_session_and_zeroes_lock_index(void)
{
	struct world w;

	world_with_sessions(&w, "");
	kv_do(&w, "lock", "k", "v", S1);
	kv_do(&w, "set", "k", "v", "");
	CHECK(slice_is(entry(&w, "k")->session, S1));
	CHECK_EQ(entry(&w, "k")->lock_index, 0);
	kv_do(&w, "unlock", "k", "v", S1);
	kv_do(&w, "lock", "k", "v", S1);
	CHECK_EQ(entry(&w, "k")->lock_index, 1);
	world_deinit(&w);
}

static void
test_lock_refusals(void)
{
	struct world w;

	world_with_sessions(&w, "");
	kv_do(&w, "lock", "k", "v", "");
	CHECK(refused(&w, "missing session"));
	kv_do(&w, "lock", "k", "v", "bad");
	CHECK(refused(&w, "failed session lookup: index error: UUID must be "
			  "36 characters"));
	kv_do(&w, "lock", "k", "v", "33333333-2222-3333-4444-555555555555");
	CHECK(refused(
	    &w, "invalid session \"33333333-2222-3333-4444-555555555555\""));
	kv_do(&w, "lock", "k", "v", "3333333z-2222-3333-4444-555555555555");
	CHECK(refused(&w, "failed session lookup: index error: Invalid UUID: "
			  "encoding/hex: invalid byte: U+007A 'z'"));
	kv_do(&w, "unlock", "k", "v", "");
	CHECK(refused(&w, "missing session"));
	kv_do(&w, "zap", "k", "v", "");
	CHECK(refused(&w, "Invalid KVS operation 'zap'"));
	CHECK_EQ(w.s.counts[TABLE_KV], 0);
	world_deinit(&w);
}

static void
test_end_of_session_releases(void)
{
	struct world w;
	uint64_t ended;

	world_with_sessions(&w, "release");
	kv_do(&w, "lock", "k", "v", S1);
	ended = session_end_of(&w, S1);
	CHECK_EQ(entry(&w, "k")->session.size, 0);
	CHECK_EQ(entry(&w, "k")->lock_index, 1);
	CHECK_EQ(entry(&w, "k")->indexes.modify_index, ended);
	CHECK(slice_is(entry(&w, "k")->value, "v"));
	world_deinit(&w);
}

static void
test_end_of_session_deletes(void)
{
	struct world w;
	uint64_t ended;

	world_with_sessions(&w, "delete");
	kv_do(&w, "lock", "dir/k", "v", S1);
	ended = session_end_of(&w, S1);
	CHECK(entry(&w, "dir/k") == NULL);
	CHECK_EQ(index_of_tree(&w, "dir/"), ended);
	CHECK_EQ(w.s.counts[TABLE_TOMBSTONES], 1);
	/* And a session that is not there: nothing, and no error. */
	session_end_of(&w, S1);
	CHECK(!w.result.is_refused);
	session_end_of(&w, "bad");
	CHECK(refused(&w, "failed session lookup: index error: UUID must be "
			  "36 characters"));
	world_deinit(&w);
}

static void
test_critical_check_ends_sessions(void)
{
	struct world w;

	world_with_sessions(&w, "");
	kv_do(&w, "lock", "k", "v", S1);
	check_put(&w, "n1", "mem", "", "warning");
	CHECK_EQ(w.s.counts[TABLE_SESSIONS], 2);
	check_put(&w, "n1", "mem", "", "critical");
	CHECK_EQ(w.s.counts[TABLE_SESSIONS], 1);
	CHECK_EQ(entry(&w, "k")->session.size, 0);
	world_deinit(&w);
}

static void
test_removed_check_ends_sessions(void)
{
	struct world w;

	world_with_sessions(&w, "");
	deregister(&w, "n1", "", "mem");
	CHECK_EQ(w.s.counts[TABLE_SESSIONS], 1);
	world_deinit(&w);
}

static void
test_session_refusals(void)
{
	struct world w;

	world_init(&w);
	session_put(&w, S1, "n1", "", "");
	CHECK(refused(&w, "Missing node registration"));
	check_put(&w, "n1", "mem", "", "critical");
	session_put(&w, S1, "n1", "nope", "");
	CHECK(refused(&w, "Missing check 'nope' registration"));
	session_put(&w, S1, "n1", "mem", "");
	CHECK(refused(&w, "Check 'mem' is in critical state"));
	session_put(&w, S1, "n1", "", "zap");
	CHECK(refused(&w, "Invalid session behavior: zap"));
	session_put(&w, "", "n1", "", "");
	CHECK(refused(&w, "Missing session ID"));
	CHECK_EQ(w.s.counts[TABLE_SESSIONS], 0);
	world_deinit(&w);
}

/* --- Names and ids of nodes. --- */

#define ID1 "aaaaaaaa-2222-3333-4444-555555555555"
#define ID2 "bbbbbbbb-2222-3333-4444-555555555555"

static uint64_t
node_put_id(struct world *w, const char *name, const char *id)
{
	struct register_request r = { .datacenter = T("dc1"),
		.node = T(name),
		.id = T(id),
		.address = T("1.1.1.2") };

	return (apply(w, FSM_REGISTER, &register_request_type, &r));
}

static void
test_same_id_other_name_renames(void)
{
	struct world w;
	uint64_t first, renamed;
	struct row *row;

	world_init(&w);
	first = node_put_id(&w, "old", ID1);
	service_put(&w, "other", "web1", "web", 80);
	renamed = node_put_id(&w, "new", ID1);
	CHECK(node_find(&w.s, &w.arena, T("old")) == NULL);
	row = node_find_id(&w.s, T(ID1));
	CHECK(slice_is(NODE_OF(row)->node, "new"));
	CHECK_EQ(NODE_OF(row)->indexes.create_index, first);
	CHECK_EQ(NODE_OF(row)->indexes.modify_index, renamed);
	world_deinit(&w);
}

static void
test_rename_onto_a_healthy_name(void)
{
	struct world w;

	world_init(&w);
	node_put_id(&w, "ra", ID1);
	node_put_id(&w, "rb", ID2);
	check_put(&w, "rb", "serfHealth", "", "passing");
	/* A registration without id has cleared that of the row. */
	node_put_id(&w, "rb", ID2);
	node_put_id(&w, "rb", ID1);
	CHECK(refused(&w,
	    "failed inserting node: Error while renaming Node ID: \"" ID1
	    "\" (1.1.1.2): Node name rb is reserved by node " ID2
	    " with name rb (1.1.1.2)"));
	node_put_id(&w, "RB", "cccccccc-2222-3333-4444-555555555555");
	CHECK(refused(&w,
	    "failed inserting node: Error while renaming Node ID: "
	    "\"cccccccc-2222-3333-4444-555555555555\": Node name RB is "
	    "reserved by node " ID2 " with name rb (1.1.1.2)"));
	check_put(&w, "rb", "serfHealth", "", "critical");
	node_put_id(&w, "rb", ID1);
	CHECK(!w.result.is_refused);
	CHECK_EQ(w.s.counts[TABLE_NODES], 1);
	world_deinit(&w);
}

static void
test_case_of_names(void)
{
	struct world w;
	struct row *row;

	world_init(&w);
	node_put(&w, "CaSe", "10.0.0.1");
	node_put(&w, "case", "10.0.0.1");
	CHECK_EQ(w.s.counts[TABLE_NODES], 1);
	row = node_find(&w.s, &w.arena, T("CASE"));
	CHECK(slice_is(NODE_OF(row)->node, "case"));
	world_deinit(&w);
}

static void
test_registration_refusals_leave_nothing(void)
{
	struct health_check check = {
		.node = T("n1"), .check_id = T("c"), .service_id = T("none")
	};
	struct register_request r = { .datacenter = T("dc1"),
		.node = T("n1"),
		.address = T("1.1.1.1"),
		.check = &check };
	struct world w;

	world_init(&w);
	apply(&w, FSM_REGISTER, &register_request_type, &r);
	CHECK(refused(&w, "failed inserting check: Missing service "
			  "registration on node \"n1\""));
	CHECK_EQ(w.s.counts[TABLE_NODES], 0);
	CHECK_EQ(index_of(&w.s, INDEX_NODES), 0);
	check.node = T("n2");
	apply(&w, FSM_REGISTER, &register_request_type, &r);
	CHECK(refused(&w, "check node \"n2\" does not match node \"n1\""));
	CHECK_EQ(w.s.counts[TABLE_NODES], 0);
	world_deinit(&w);
}

static void
test_service_meta_refusals(void)
{
	static const struct {
		const char *key;
		const char *fault;
	} cases[] = {
		{ "", "Key cannot be blank" },
		{ "a b", "Key contains invalid characters" },
		{ "consul-x", "Key prefix 'consul-' is reserved for internal "
			      "use" },
	};
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pair pair = { T(cases[i].key), T("v") };
		struct node_service service = {
			.id = T("bm"), .service = T("bm"), .meta = { &pair, 1 }
		};
		struct register_request r = { .datacenter = T("dc1"),
			.node = T("x"),
			.address = T("1.1.1.1"),
			.service = &service };
		char text[256];

		snprintf(text, sizeof(text),
		    "failed inserting service: Invalid Service Meta for node "
		    "x and serviceID bm: Couldn't load metadata pair ('%s', "
		    "'v'): %s",
		    cases[i].key, cases[i].fault);
		apply(&w, FSM_REGISTER, &register_request_type, &r);
		CHECK(refused(&w, text));
	}
	CHECK_EQ(w.s.counts[TABLE_NODES], 0);
	world_deinit(&w);
}

/* Keys are bytes: two that differ only in case are two, locked or not. */
static void
test_locked_keys_keep_their_case(void)
{
	struct world w;

	world_with_sessions(&w, "delete");
	kv_do(&w, "lock", "Key", "v", S1);
	kv_do(&w, "lock", "key", "v", S1);
	CHECK_EQ(w.s.counts[TABLE_KV], 2);
	session_end_of(&w, S1);
	CHECK_EQ(w.s.counts[TABLE_KV], 0);
	world_deinit(&w);
}

/* A NUL in a name must not make two rows look like one. */
static void
test_names_with_nul(void)
{
	struct node_service services[] = {
		{ .id = T("c"), .service = SLICE("x\0a") },
		{ .id = T("c"), .service = T("x") },
		{ .id = SLICE("b\0c"),
		    .service = SLICE("x\x01"
				     "a") },
	};
	struct slice nodes[] = { T("b"), SLICE("a\0b"), T("a") };
	struct world w;
	struct row *row;

	world_init(&w);
	for (size_t i = 0; i < 3; i++) {
		struct register_request r = { .node = nodes[i],
			.address = T("1.1.1.1"),
			.service = &services[i] };

		apply(&w, FSM_REGISTER, &register_request_type, &r);
		CHECK(!w.result.is_refused);
	}
	CHECK_EQ(w.s.counts[TABLE_SERVICES], 3);
	for (size_t i = 0; i < 3; i++) {
		row = service_find(&w.s, &w.arena, nodes[i], services[i].id);
		CHECK(row != NULL);
		CHECK(row == NULL ||
		      slice_equal(SERVICE_OF(row)->name, services[i].service));
	}
	world_deinit(&w);
}

int
main(void)
{
	RUN(test_lock_and_unlock);
	RUN(test_set_keeps_session_and_zeroes_lock_index);
	RUN(test_lock_refusals);
	RUN(test_end_of_session_releases);
	RUN(test_end_of_session_deletes);
	RUN(test_critical_check_ends_sessions);
	RUN(test_removed_check_ends_sessions);
	RUN(test_session_refusals);
	RUN(test_same_id_other_name_renames);
	RUN(test_rename_onto_a_healthy_name);
	RUN(test_case_of_names);
	RUN(test_registration_refusals_leave_nothing);
	RUN(test_service_meta_refusals);
	RUN(test_locked_keys_keep_their_case);
	RUN(test_names_with_nul);
	return (tap_done());
}
