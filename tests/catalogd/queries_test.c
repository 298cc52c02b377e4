/* Prepared queries: the table, its index, and what they find. */
#include "fixture.h"

#include "catalogd/queries.h"
#include "catalogd/query_run.h"

#define ID1 "11111111-2222-3333-4444-555555555551"
#define ID2 "11111111-2222-3333-4444-555555555552"
#define S1  "99999999-2222-3333-4444-555555555551"

static struct prepared_query
query(const char *id, const char *name)
{
	struct prepared_query q = { .id = T(id), .name = T(name) };

	q.service.service = T("web");
	return (q);
}

static uint64_t
put(struct world *w, const char *op, const struct prepared_query *q)
{
	struct prepared_query copy = *q;
	struct prepared_query_request r = { .op = T(op), .query = &copy };

	return (apply(w, FSM_QUERY, &prepared_query_request_type, &r));
}

static enum err
resolve(struct world *w, const char *name, struct prepared_query *q)
{
	struct buf why = { 0 };
	enum err err =
	    query_resolve(&w->s, T(name), SLICE("alpha"), &w->arena, q, &why);

	if (err != ERR_OK)
		*q = (struct prepared_query){ .name = arena_copy(
						  &w->arena, buf_slice(&why)) };
	buf_deinit(&why);
	return (err);
}

static void
test_indexes(void)
{
	struct prepared_query q = query(ID1, "One"), found;
	uint64_t created, changed;
	struct world w;

	world_init(&w);
	created = put(&w, "create", &q);
	CHECK(!w.result.is_refused);
	CHECK_EQ(resolve(&w, "oNE", &found), ERR_OK); /* in any case */
	CHECK_EQ(found.indexes.create_index, created);
	changed = put(&w, "update", &q);
	CHECK_EQ(resolve(&w, ID1, &found), ERR_OK);
	CHECK_EQ(found.indexes.create_index, created);
	CHECK_EQ(found.indexes.modify_index, changed);
	CHECK_EQ(index_of(&w.s, INDEX_QUERIES), changed);
	changed = put(&w, "delete", &q);
	CHECK_EQ(index_of(&w.s, INDEX_QUERIES), changed);
	CHECK_EQ(resolve(&w, ID1, &found), ERR_NOT_FOUND);
	put(&w, "delete", &q); /* there is none, and nothing happens */
	CHECK(!w.result.is_refused);
	CHECK_EQ(index_of(&w.s, INDEX_QUERIES), changed);
	world_deinit(&w);
}

static void
test_refusals(void)
{
	struct prepared_query q = query(ID1, "one");
	struct world w;

	world_init(&w);
	put(&w, "create", &q);
	q = query(ID2, "ONE");
	put(&w, "create", &q);
	CHECK(refused(&w, "name 'ONE' aliases an existing query name"));
	q = query(ID2, ID1);
	put(&w, "create", &q);
	CHECK(refused(&w, "name '" ID1 "' aliases an existing query ID"));
	q = query("x", "two");
	put(&w, "create", &q);
	CHECK(refused(&w, "failed prepared query lookup: index error: UUID "
			  "must be 36 characters"));
	q = query("", "two");
	put(&w, "create", &q);
	CHECK(refused(&w, "Missing Query ID"));
	q = query(ID2, "two");
	q.session = T("x");
	put(&w, "create", &q);
	CHECK(refused(
	    &w, "invalid session: index error: UUID must be 36 characters"));
	q.session = T(S1);
	put(&w, "create", &q);
	CHECK(refused(&w, "invalid session \"" S1 "\""));
	put(&w, "zap", &q);
	CHECK(refused(&w, "Invalid PreparedQuery operation 'zap'"));
	q = query(ID2, "two");
	q.template.type = T("zap");
	put(&w, "create", &q);
	CHECK(
	    refused(&w, "failed compiling template: Bad Template.Type 'zap'"));
	CHECK_EQ(w.s.counts[TABLE_QUERIES], 1);
	world_deinit(&w);
}

static void
test_session_takes_its_queries_along(void)
{
	struct prepared_query q = query(ID1, "");
	struct prepared_query other = query(ID2, "other"), found;
	struct world w;
	uint64_t index;

	world_init(&w);
	node_put(&w, "n1", "10.0.0.1");
	session_put(&w, S1, "n1", "", "release");
	q.session = T(S1);
	put(&w, "create", &q);
	CHECK(!w.result.is_refused);
	put(&w, "create", &other);
	CHECK_EQ(resolve(&w, ID1, &found), ERR_OK);
	index = session_end_of(&w, S1);
	CHECK_EQ(resolve(&w, ID1, &found), ERR_NOT_FOUND);
	CHECK_EQ(resolve(&w, ID2, &found), ERR_OK);
	CHECK_EQ(index_of(&w.s, INDEX_QUERIES), index);
	world_deinit(&w);
}

static void
test_templates_by_longest_prefix(void)
{
	struct prepared_query all = query(ID1, ""), geo = query(ID2, "Geo-");
	struct prepared_query found;
	struct world w;

	world_init(&w);
	all.template.type = T("name_prefix_match");
	all.service.service = T("all-${name.full}");
	geo.template.type = T("name_prefix_match");
	geo.service.service = T("${name.suffix}.${agent.segment}");
	put(&w, "create", &all);
	put(&w, "create", &geo);
	CHECK(!w.result.is_refused);
	CHECK_EQ(resolve(&w, "Geo-web", &found), ERR_OK);
	CHECK(slice_is(found.service.service, "web.alpha"));
	/* Found in any case, but cut off as it is written. */
	CHECK_EQ(resolve(&w, "geo-web", &found), ERR_OK);
	CHECK(slice_is(found.service.service, "geo-web.alpha"));
	CHECK_EQ(resolve(&w, "ge", &found), ERR_OK);
	CHECK(slice_is(found.service.service, "all-ge"));
	CHECK_EQ(resolve(&w, ID2, &found), ERR_REFUSED);
	CHECK(slice_is(found.name, "prepared query templates can only be "
				   "resolved up by name, not by ID"));
	CHECK_EQ(resolve(&w, "", &found), ERR_REFUSED);
	world_deinit(&w);
}

static void
test_empty_template_is_one(void)
{
	struct prepared_query q = query(ID1, "");
	struct world w;

	world_init(&w);
	q.template.type = T("name_prefix_match");
	put(&w, "create", &q);
	put(&w, "update", &q);
	CHECK(!w.result.is_refused);
	q.id = T(ID2);
	put(&w, "create", &q);
	CHECK(
	    refused(&w, "a query template with an empty name already exists"));
	world_deinit(&w);
}

/* --- Running. --- */

static size_t
run(struct world *w, const struct prepared_query *q)
{
	struct prepared_query_execute_response reply = { 0 };

	query_run(&w->s, q, false, SLICE("dc1"), &w->arena, &reply);
	return (reply.nodes.count);
}

static void
instances_put(struct world *w)
{
	node_put(w, "n1", "10.0.0.1");
	node_put(w, "n2", "10.0.0.2");
	node_put(w, "n3", "10.0.0.3");
	service_put(w, "n1", "web", "web", 1);
	service_put(w, "n2", "web", "web", 2);
	service_put(w, "n3", "web", "web", 3);
	check_put(w, "n1", "c", "web", "passing");
	check_put(w, "n2", "c", "web", "warning");
	check_put(w, "n3", "c", "web", "critical");
	/* All of these came with an address of their own. */
	node_put(w, "n1", "10.0.0.1");
	node_put(w, "n2", "10.0.0.2");
	node_put(w, "n3", "10.0.0.3");
}

static void
test_health(void)
{
	struct prepared_query q = query(ID1, "one");
	struct slice ignored[] = { T("c") };
	struct world w;

	world_init(&w);
	instances_put(&w);
	CHECK_EQ(run(&w, &q), 2);
	q.service.only_passing = true;
	CHECK_EQ(run(&w, &q), 1);
	q.service.ignore_check_ids.items = ignored;
	q.service.ignore_check_ids.count = 1;
	CHECK_EQ(run(&w, &q), 3);
	q.service.service = T("nope");
	CHECK_EQ(run(&w, &q), 0);
	q.service.service = T("");
	CHECK_EQ(run(&w, &q), 0);
	world_deinit(&w);
}

static void
test_tags(void)
{
	struct slice have[] = { T("Blue"), T("v1") }, want[2];
	struct node_service service = {
		.id = T("web"), .service = T("web"), .tags = { have, 2 }
	};
	struct register_request r = {
		.node = T("n1"), .address = T("10.0.0.1"), .service = &service
	};
	static const struct {
		const char *tags[2];
		size_t found;
	} cases[] = { { { "blue", "V1" }, 1 }, { { "blue", "red" }, 0 },
		{ { "!red", "blue" }, 1 }, { { "!BLUE", "v1" }, 0 } };
	struct prepared_query q = query(ID1, "one");
	struct world w;

	world_init(&w);
	apply(&w, FSM_REGISTER, &register_request_type, &r);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		want[0] = T(cases[i].tags[0]);
		want[1] = T(cases[i].tags[1]);
		q.service.tags = (struct slice_list){ want, 2 };
		CHECK_EQ(run(&w, &q), cases[i].found);
	}
	world_deinit(&w);
}

/* --- Near. --- */

static void
place(struct world *w, const char *node, double at)
{
	double vec[8] = { at };
	struct vivaldi_coord coord = { .vec = { vec, 8 } };
	struct coordinate one = { .node = T(node), .coord = &coord };
	struct coordinates batch = { .value = { &one, 1 } };

	apply(w, FSM_COORDINATES, &coordinates_type, &batch);
}

static void
test_near(void)
{
	struct prepared_query q = query(ID1, "one");
	struct prepared_query_execute_response reply = { 0 };
	struct prepared_query_execute_request asked = {
		.agent = { .node = T("n2"), .datacenter = T("dc1") },
	};
	struct slice dc1 = SLICE("dc1"), ignored[] = { T("c") };
	bool is_without;
	struct world w;

	world_init(&w);
	instances_put(&w);
	place(&w, "n1", 1);
	place(&w, "n2", 2);
	q.service.ignore_check_ids = (struct slice_list){ ignored, 1 };
	CHECK_EQ(query_near(&w.s, &q, &asked, dc1, &is_without).size, 0);
	q.service.near = T("_agent");
	CHECK(slice_is(query_near(&w.s, &q, &asked, dc1, &is_without), "n2"));
	asked.source.datacenter = T("dc2"); /* another's distances */
	CHECK_EQ(query_near(&w.s, &q, &asked, dc1, &is_without).size, 0);
	asked.source.datacenter = T("dc1");
	q.service.near = T("_ip");
	CHECK_EQ(query_near(&w.s, &q, &asked, dc1, &is_without).size, 0);
	CHECK(is_without);
	asked.source.ip = T("10.0.0.3");
	CHECK(slice_is(query_near(&w.s, &q, &asked, dc1, &is_without), "n3"));
	CHECK(!is_without);

	query_run(&w.s, &q, false, dc1, &w.arena, &reply);
	CHECK_EQ(reply.nodes.count, 3);
	query_sort(&w.s, SLICE("n2"), &w.arena, &reply);
	CHECK(slice_is(reply.nodes.items[0].node->node, "n2"));
	CHECK(slice_is(reply.nodes.items[1].node->node, "n1"));
	CHECK(slice_is(reply.nodes.items[2].node->node, "n3"));
	/* It has no coordinate, but is itself. */
	query_sort(&w.s, SLICE("n3"), &w.arena, &reply);
	CHECK(slice_is(reply.nodes.items[0].node->node, "n3"));
	world_deinit(&w);
}

static void
test_datacenters(void)
{
	struct slice near[] = { T("dc2"), T("dc3"), T("dc4") };
	struct slice named[] = { T("dc3"), T("dc9"), T("dc2"), T("dc4") };
	struct slice_list known = { near, 3 }, chosen, skipped;
	struct prepared_query q = query(ID1, "one");
	struct world w;

	world_init(&w);
	q.service.failover.datacenters = (struct slice_list){ named, 4 };
	chosen = query_datacenters(&q, &known, &w.arena, &skipped);
	CHECK_EQ(chosen.count, 3);
	CHECK(slice_is(chosen.items[0], "dc3"));
	CHECK(slice_is(chosen.items[1], "dc2"));
	CHECK_EQ(skipped.count, 1);
	CHECK(slice_is(skipped.items[0], "dc9"));
	q.service.failover.nearest_n = 2;
	chosen = query_datacenters(&q, &known, &w.arena, &skipped);
	CHECK_EQ(chosen.count, 3);
	CHECK(slice_is(chosen.items[0], "dc2"));
	CHECK(slice_is(chosen.items[1], "dc3"));
	CHECK(slice_is(chosen.items[2], "dc4"));
	world_deinit(&w);
}

/* --- Snapshots. --- */

static void
test_snapshot(void)
{
	struct slice tags[] = { T("a"), T("!b") };
	struct pair meta[] = { { T("k"), T("v") } };
	struct prepared_query q = query(ID1, "one"), found;
	struct buf bytes = { 0 }, why = { 0 };
	struct snapshot_load load;
	struct snapshot *snap;
	struct world w, other;

	world_init(&w);
	world_init(&other);
	q.template.type = T("name_prefix_match");
	q.service.tags = (struct slice_list){ tags, 2 };
	q.service.node_meta = (struct pair_list){ meta, 1 };
	q.dns.ttl = T("7s");
	put(&w, "create", &q);
	snap = snapshot_take(&w.s);
	while (snapshot_write(snap, 64, &bytes))
		continue;
	snapshot_free(snap);
	snapshot_load_init(&load, &other.s);
	CHECK_EQ(
	    snapshot_load_piece(&load, buf_slice(&bytes), true, &why), ERR_OK);
	snapshot_load_deinit(&load);
	CHECK_EQ(resolve(&other, "one", &found), ERR_OK);
	CHECK(type_equal(&prepared_query_type, &found,
	    QUERY_OF(state_first(&w.s, ORDER_QUERIES, SLICE("")))));
	CHECK_EQ(index_of(&other.s, INDEX_QUERIES), w.index);
	buf_deinit(&bytes);
	buf_deinit(&why);
	world_deinit(&w);
	world_deinit(&other);
}

int
main(void)
{
	RUN(test_indexes);
	RUN(test_refusals);
	RUN(test_session_takes_its_queries_along);
	RUN(test_templates_by_longest_prefix);
	RUN(test_empty_template_is_one);
	RUN(test_health);
	RUN(test_tags);
	RUN(test_near);
	RUN(test_datacenters);
	RUN(test_snapshot);
	return (tap_done());
}
