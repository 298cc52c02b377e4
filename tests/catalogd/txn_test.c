/* Transactions: all or none, and every failing operation named (http.md 3). */
#include "fixture.h"

#define S1 "11111111-2222-3333-4444-555555555555"

struct ops {
	struct txn_op items[8];
	struct txn_kv_op kv[8];
	size_t count;
};

static struct txn_kv_op *
kv_op(struct ops *ops, const char *verb, const char *key, const char *value)
{
	struct txn_kv_op *op = &ops->kv[ops->count];

	*op = (struct txn_kv_op){ .verb = T(verb) };
	op->dir_ent.key = T(key);
	op->dir_ent.value = T(value);
	ops->items[ops->count++] = (struct txn_op){ .kv = op };
	return (op);
}

/* The reply is lent by the world's arena and result. */
static struct txn_response
run(struct world *w, struct ops *ops)
{
	struct txn_request r = { .datacenter = T("dc1") };
	struct txn_response reply = { 0 };

	r.ops.items = ops->items;
	r.ops.count = ops->count;
	apply(w, FSM_TXN, &txn_request_type, &r);
	CHECK_EQ(type_decode_all(&txn_response_type,
		     buf_slice(&w->result.reply), &w->arena, &reply),
	    ERR_OK);
	return (reply);
}

static bool
failed(
    const struct txn_response *reply, size_t at, int64_t op, const char *what)
{
	if (at >= reply->errors.count)
		return (false);
	if (!slice_is(reply->errors.items[at].what, what))
		printf(
		    "# what: %.*s\n", SLICE_ARGS(reply->errors.items[at].what));
	return (reply->errors.items[at].op_index == op &&
		slice_is(reply->errors.items[at].what, what));
}

static void
test_results_in_order(void)
{
	struct world w;
	struct ops ops = { 0 };
	struct txn_response reply;

	world_init(&w);
	kv_op(&ops, "set", "t/a", "1");
	kv_op(&ops, "set", "t/b", "2");
	kv_op(&ops, "get", "t/a", "");
	kv_op(&ops, "get-tree", "t/", "");
	kv_op(&ops, "delete", "t/b", "");
	kv_op(&ops, "check-not-exists", "t/b", "");
	reply = run(&w, &ops);
	CHECK_EQ(reply.errors.count, 0);
	CHECK_EQ(reply.results.count, 5);
	/* Writes show no value, reads do; later ones see earlier ones. */
	CHECK_EQ(reply.results.items[0].kv->value.size, 0);
	CHECK(slice_is(reply.results.items[2].kv->value, "1"));
	CHECK(slice_is(reply.results.items[4].kv->key, "t/b"));
	CHECK_EQ(reply.results.items[0].kv->indexes.modify_index, w.index);
	CHECK(entry(&w, "t/b") == NULL);
	world_deinit(&w);
}

static void
test_nothing_is_done_if_one_fails(void)
{
	struct world w;
	struct ops ops = { 0 };
	struct txn_response reply;
	uint64_t before;

	world_init(&w);
	before = kv_do(&w, "set", "t/a", "old", "");
	kv_op(&ops, "set", "t/a", "new");
	kv_op(&ops, "get", "nope", "");
	kv_op(&ops, "delete-tree", "t/", "");
	kv_op(&ops, "check-not-exists", "t/a", "");
	kv_op(&ops, "zzz", "t/a", "");
	reply = run(&w, &ops);
	CHECK_EQ(reply.results.count, 0);
	CHECK(reply.results.items == NULL);
	CHECK_EQ(reply.errors.count, 2);
	CHECK(failed(&reply, 0, 1, "key \"nope\" doesn't exist"));
	CHECK(failed(&reply, 1, 4, "unknown KV verb \"zzz\""));
	CHECK(slice_is(entry(&w, "t/a")->value, "old"));
	CHECK_EQ(index_of_kv(&w.s), before);
	CHECK_EQ(w.s.counts[TABLE_TOMBSTONES], 0);
	CHECK_EQ(w.s.change_count, 0);
	world_deinit(&w);
}

static void
test_kv_errors(void)
{
	struct world w;
	struct ops ops = { 0 };
	struct txn_response reply;

	world_init(&w);
	kv_do(&w, "set", "t/a", "1", "");
	kv_op(&ops, "cas", "t/a", "2")->dir_ent.indexes.modify_index = 3;
	kv_op(&ops, "delete-cas", "t/a", "")->dir_ent.indexes.modify_index = 3;
	kv_op(&ops, "unlock", "t/a", "")->dir_ent.session = T(S1);
	kv_op(&ops, "lock", "t/a", "")->dir_ent.session = T("bad");
	kv_op(&ops, "check-session", "t/a", "")->dir_ent.session = T(S1);
	kv_op(&ops, "check-session", "t/zz", "");
	kv_op(&ops, "check-index", "t/a", "")->dir_ent.indexes.modify_index = 3;
	kv_op(&ops, "check-index", "t/zz", "");
	reply = run(&w, &ops);
	CHECK_EQ(reply.errors.count, 8);
	CHECK(
	    failed(&reply, 0, 0, "failed to set key \"t/a\", index is stale"));
	CHECK(failed(
	    &reply, 1, 1, "failed to delete key \"t/a\", index is stale"));
	CHECK(failed(&reply, 2, 2,
	    "failed to unlock key \"t/a\", lock isn't held, or is held by "
	    "another session"));
	CHECK(failed(&reply, 3, 3,
	    "failed session lookup: index error: UUID must be 36 characters"));
	CHECK(failed(&reply, 4, 4,
	    "failed session check for key \"t/a\", current session \"\" != "
	    "\"" S1 "\""));
	CHECK(failed(&reply, 5, 5,
	    "failed to check session, key \"t/zz\" doesn't exist"));
	CHECK(failed(&reply, 6, 6,
	    "failed index check for key \"t/a\", current modify index 101 != "
	    "3"));
	CHECK(failed(
	    &reply, 7, 7, "failed to check index, key \"t/zz\" doesn't exist"));
	world_deinit(&w);
}

static void
test_catalog_operations(void)
{
	struct world w;
	struct txn_node_op node = { .verb = T("set") };
	struct txn_service_op service = { .verb = T("set"), .node = T("tn") };
	struct txn_check_op check = { .verb = T("set") };
	struct ops ops = { .count = 3 };
	struct txn_response reply;

	world_init(&w);
	node.node.node = T("tn");
	node.node.address = T("1.1.1.1");
	service.service.id = T("ts1");
	service.service.service = T("ts");
	check.check.node = T("tn");
	check.check.check_id = T("ck");
	check.check.service_id = T("ts1");
	ops.items[0].node = &node;
	ops.items[1].service = &service;
	ops.items[2].check = &check;
	reply = run(&w, &ops);
	CHECK_EQ(reply.errors.count, 0);
	CHECK_EQ(reply.results.count, 3);
	CHECK(slice_is(reply.results.items[2].check->status, "critical"));
	CHECK(slice_is(reply.results.items[2].check->service_name, "ts"));
	CHECK_EQ(reply.results.items[1].service->weights->passing, 1);
	world_deinit(&w);
}

static void
test_catalog_errors(void)
{
	struct world w;
	struct txn_node_op nodes[] = { { .verb = T("get") },
		{ .verb = T("cas") }, { .verb = T("zap") } };
	struct txn_service_op services[] = {
		{ .verb = T("get"), .node = T("tn") },
		{ .verb = T("set"), .node = T("tn") },
	};
	struct txn_check_op checks[] = { { .verb = T("get") },
		{ .verb = T("delete-cas") } };
	struct ops ops = { .count = 7 };
	struct txn_response reply;

	world_init(&w);
	for (size_t i = 0; i < 3; i++) {
		nodes[i].node.node = T("zz");
		nodes[i].node.indexes.modify_index = 7;
		ops.items[i].node = &nodes[i];
	}
	for (size_t i = 0; i < 2; i++) {
		services[i].service.id = T("s");
		ops.items[3 + i].service = &services[i];
		checks[i].check.node = T("tn");
		checks[i].check.check_id = T("c");
		ops.items[5 + i].check = &checks[i];
	}
	reply = run(&w, &ops);
	CHECK_EQ(reply.errors.count, 7);
	CHECK(failed(&reply, 0, 0, "node \"zz\" doesn't exist"));
	CHECK(
	    failed(&reply, 1, 1, "failed to set node \"zz\", index is stale"));
	CHECK(failed(&reply, 2, 2, "unknown Node verb \"zap\""));
	CHECK(
	    failed(&reply, 3, 3, "service \"s\" on node \"tn\" doesn't exist"));
	CHECK(failed(&reply, 4, 4, "Missing node registration"));
	CHECK(failed(&reply, 5, 5, "check \"c\" on node \"tn\" doesn't exist"));
	CHECK(failed(&reply, 6, 6,
	    "failed to delete check \"c\" on node \"tn\", index is stale"));
	CHECK_EQ(w.s.counts[TABLE_NODES], 0);
	world_deinit(&w);
}

static void
test_nothing_to_do(void)
{
	struct world w;
	struct ops ops = { .count = 1 };
	struct txn_response reply;

	world_init(&w);
	reply = run(&w, &ops);
	CHECK(failed(&reply, 0, 0, "no operation specified"));
	ops.count = 0;
	reply = run(&w, &ops);
	CHECK_EQ(reply.errors.count, 0);
	CHECK_EQ(reply.results.count, 0);
	CHECK(reply.results.items != NULL);
	world_deinit(&w);
}

int
main(void)
{
	RUN(test_results_in_order);
	RUN(test_nothing_is_done_if_one_fails);
	RUN(test_kv_errors);
	RUN(test_catalog_operations);
	RUN(test_catalog_errors);
	RUN(test_nothing_to_do);
	return (tap_done());
}
