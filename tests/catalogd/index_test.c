/* The index that each question shows, and what moves it: semantics.md 1. */
#include "fixture.h"

/* Values in the style of the page: entries are numbered from 101. */

static void
test_key_shows_its_own_index(void)
{
	struct world w;
	uint64_t set;

	world_init(&w);
	set = kv_do(&w, "set", "a", "1", "");
	kv_do(&w, "set", "b", "1", "");
	CHECK_EQ(index_of_key(&w, "a"), set);
	CHECK_EQ(entry(&w, "a")->indexes.create_index, set);
	world_deinit(&w);
}

static void
test_absent_key_shows_the_table(void)
{
	struct world w;
	uint64_t last;

	world_init(&w);
	CHECK_EQ(index_of_key(&w, "a"), 1);
	last = kv_do(&w, "set", "b", "1", "");
	CHECK_EQ(index_of_key(&w, "a"), last);
	last = kv_do(&w, "delete", "b", "", "");
	CHECK_EQ(index_of_key(&w, "a"), last);
	world_deinit(&w);
}

static void
test_same_value_moves_nothing(void)
{
	struct world w;
	uint64_t set;

	world_init(&w);
	set = kv_do(&w, "set", "a", "1", "");
	kv_do(&w, "set", "a", "1", "");
	CHECK_EQ(index_of_key(&w, "a"), set);
	CHECK_EQ(index_of_kv(&w.s), set);
	CHECK_EQ(w.s.change_count, 0);
	world_deinit(&w);
}

static void
test_update_keeps_create_index(void)
{
	struct world w;
	uint64_t set, again;

	world_init(&w);
	set = kv_do(&w, "set", "a", "1", "");
	again = kv_do(&w, "set", "a", "2", "");
	CHECK_EQ(entry(&w, "a")->indexes.create_index, set);
	CHECK_EQ(entry(&w, "a")->indexes.modify_index, again);
	kv_do(&w, "delete", "a", "", "");
	again = kv_do(&w, "set", "a", "2", "");
	CHECK_EQ(entry(&w, "a")->indexes.create_index, again);
	world_deinit(&w);
}

static void
test_prefix_shows_rows_and_tombstones_below(void)
{
	struct world w;
	uint64_t x, gone;

	world_init(&w);
	x = kv_do(&w, "set", "dir/x", "1", "");
	kv_do(&w, "set", "other", "1", "");
	CHECK_EQ(index_of_tree(&w, "dir/"), x);
	kv_do(&w, "set", "dir/y", "1", "");
	gone = kv_do(&w, "delete", "dir/y", "", "");
	kv_do(&w, "set", "other", "2", "");
	CHECK_EQ(index_of_tree(&w, "dir/"), gone);
	world_deinit(&w);
}

static void
test_empty_prefix_shows_tombstone_or_table(void)
{
	struct world w;
	uint64_t gone, last;

	world_init(&w);
	kv_do(&w, "set", "dir/x", "1", "");
	gone = kv_do(&w, "delete-tree", "dir/", "", "");
	last = kv_do(&w, "set", "other", "1", "");
	CHECK_EQ(index_of_tree(&w, "dir/"), gone);
	CHECK_EQ(index_of_tree(&w, "never/"), last);
	CHECK_EQ(w.s.counts[TABLE_TOMBSTONES], 1);
	world_deinit(&w);
}

static void
test_reaping_lets_a_prefix_fall_back(void)
{
	struct world w;
	struct tombstone_request reap = { .op = T("reap") };
	uint64_t x;

	world_init(&w);
	x = kv_do(&w, "set", "dir/x", "1", "");
	kv_do(&w, "set", "dir/y", "1", "");
	reap.reap_index = kv_do(&w, "delete", "dir/y", "", "");
	apply(&w, FSM_TOMBSTONE, &tombstone_request_type, &reap);
	CHECK_EQ(w.s.counts[TABLE_TOMBSTONES], 0);
	CHECK_EQ(index_of_tree(&w, "dir/"), x);
	world_deinit(&w);
}

static void
test_whole_tree_shows_the_table(void)
{
	struct world w;
	uint64_t last;

	world_init(&w);
	kv_do(&w, "set", "a", "1", "");
	last = kv_do(&w, "delete-tree", "", "", "");
	CHECK_EQ(index_of_tree(&w, ""), last);
	CHECK_EQ(w.s.counts[TABLE_KV], 0);
	CHECK_EQ(w.s.counts[TABLE_TOMBSTONES], 0);
	world_deinit(&w);
}

static void
test_failed_cas_moves_no_table(void)
{
	struct world w;
	uint64_t set;

	world_init(&w);
	set = kv_do(&w, "set", "a", "1", "");
	kv_do_at(&w, "cas", "a", set + 1);
	CHECK(!answered_true(&w));
	CHECK_EQ(index_of_kv(&w.s), set);
	kv_do_at(&w, "cas", "a", set);
	CHECK(answered_true(&w));
	CHECK_EQ(index_of_kv(&w.s), w.index);
	world_deinit(&w);
}

static void
test_sessions_show_their_table(void)
{
	struct world w;
	struct session_specific_request q = { 0 };
	uint64_t made, ended;

	world_init(&w);
	node_put(&w, "n1", "10.0.0.1");
	made = session_put(
	    &w, "11111111-2222-3333-4444-555555555555", "n1", "", "");
	CHECK_EQ(
	    look(&w, view_sessions, &indexed_sessions_type, &q, NULL), made);
	kv_do(&w, "set", "a", "1", "");
	CHECK_EQ(
	    look(&w, view_sessions, &indexed_sessions_type, &q, NULL), made);
	ended = session_end_of(&w, "11111111-2222-3333-4444-555555555555");
	CHECK_EQ(
	    look(&w, view_sessions, &indexed_sessions_type, &q, NULL), ended);
	world_deinit(&w);
}

static uint64_t
nodes_index(struct world *w)
{
	struct dc_specific_request q = { 0 };

	return (look(w, view_nodes, &indexed_nodes_type, &q, NULL));
}

static uint64_t
services_index(struct world *w, bool with_meta)
{
	struct pair pair = { T("k"), T("v") };
	struct dc_specific_request q = { 0 };

	if (with_meta)
		q.node_meta_filters = (struct pair_list){ &pair, 1 };
	return (look(w, view_services, &indexed_services_type, &q, NULL));
}

static uint64_t
state_index(struct world *w)
{
	struct checks_in_state_request q = { .state = T("any") };

	return (look(
	    w, view_checks_in_state, &indexed_health_checks_type, &q, NULL));
}

static uint64_t
node_services_index(struct world *w, const char *node)
{
	struct node_specific_request q = { .node = T(node) };

	return (
	    look(w, view_node_services, &indexed_node_services_type, &q, NULL));
}

static void
test_catalog_tables(void)
{
	struct world w;
	uint64_t node, service, check;

	world_init(&w);
	node = node_put(&w, "n1", "10.0.0.1");
	service = service_put(&w, "n1", "web1", "web", 80);
	check = check_put(&w, "n1", "c1", "web1", "passing");
	CHECK_EQ(nodes_index(&w), node);
	CHECK_EQ(services_index(&w, false), service);
	CHECK_EQ(services_index(&w, true), service);
	CHECK_EQ(state_index(&w), check);
	CHECK_EQ(node_services_index(&w, "n1"), service);
	node = node_put(&w, "n2", "10.0.0.2");
	CHECK_EQ(services_index(&w, false), service);
	CHECK_EQ(services_index(&w, true), node);
	CHECK_EQ(node_services_index(&w, "n1"), node);
	CHECK_EQ(node_services_index(&w, "unknown"), 1);
	world_deinit(&w);
}

static void
test_service_is_moved_by_its_own(void)
{
	struct world w;
	uint64_t web, check;

	world_init(&w);
	node_put(&w, "n1", "10.0.0.1");
	node_put(&w, "n2", "10.0.0.1");
	web = service_put(&w, "n1", "web1", "web", 80);
	service_put(&w, "n2", "api1", "api", 80);
	CHECK_EQ(HEALTH_INDEX(&w, "web"), web);
	CHECK_EQ(CATALOG_INDEX(&w, "WEB"), web);
	check = check_put(&w, "n1", "c1", "web1", "passing");
	check_put(&w, "n2", "c1", "api1", "passing");
	CHECK_EQ(HEALTH_INDEX(&w, "web"), check);
	CHECK_EQ(CATALOG_INDEX(&w, "web"), check);
	world_deinit(&w);
}

static void
test_node_check_moves_all_services_of_the_node(void)
{
	struct world w;
	uint64_t services, added, gone;

	world_init(&w);
	node_put(&w, "n1", "10.0.0.1");
	service_put(&w, "n1", "web1", "web", 80);
	services = service_put(&w, "n1", "api1", "api", 80);
	added = check_put(&w, "n1", "mem", "", "passing");
	CHECK_EQ(HEALTH_INDEX(&w, "web"), added);
	CHECK_EQ(HEALTH_INDEX(&w, "api"), added);
	CHECK_EQ(services_index(&w, false), services);
	/* Its removal moves the table of services as well. */
	gone = deregister(&w, "n1", "", "mem");
	CHECK_EQ(HEALTH_INDEX(&w, "web"), gone);
	CHECK_EQ(services_index(&w, false), gone);
	CHECK_EQ(state_index(&w), gone);
	world_deinit(&w);
}

static void
test_node_row_moves_its_services(void)
{
	struct world w;
	uint64_t moved;

	world_init(&w);
	node_put(&w, "n1", "10.0.0.1");
	service_put(&w, "n1", "web1", "web", 80);
	moved = node_put(&w, "n1", "10.0.0.9");
	CHECK_EQ(HEALTH_INDEX(&w, "web"), moved);
	CHECK_EQ(nodes_index(&w), moved);
	world_deinit(&w);
}

static void
test_extinction_is_shared_by_absent_names(void)
{
	struct world w;
	uint64_t last, gone, again;

	world_init(&w);
	node_put(&w, "n1", "10.0.0.1");
	last = service_put(&w, "n1", "web1", "web", 80);
	/* None has died out yet: the tables. */
	CHECK_EQ(HEALTH_INDEX(&w, "none"), last);
	service_put(&w, "n1", "api1", "api", 80);
	gone = deregister(&w, "n1", "web1", "");
	service_put(&w, "n1", "api1", "api", 81);
	CHECK_EQ(HEALTH_INDEX(&w, "web"), gone);
	CHECK_EQ(HEALTH_INDEX(&w, "none"), gone);
	again = service_put(&w, "n1", "web1", "web", 80);
	CHECK_EQ(HEALTH_INDEX(&w, "web"), again);
	world_deinit(&w);
}

static void
test_one_of_two_instances_goes(void)
{
	struct world w;
	uint64_t gone;

	world_init(&w);
	service_put(&w, "n1", "web1", "web", 80);
	service_put(&w, "n1", "web2", "web", 81);
	gone = deregister(&w, "n1", "web1", "");
	CHECK_EQ(HEALTH_INDEX(&w, "web"), gone);
	CHECK_EQ(index_of(&w.s, INDEX_EXTINCTION), 0);
	world_deinit(&w);
}

static void
test_same_registration_moves_nothing(void)
{
	struct world w;
	uint64_t service;

	world_init(&w);
	service = service_put(&w, "n1", "web1", "web", 80);
	service_put(&w, "n1", "web1", "web", 80);
	CHECK_EQ(w.s.change_count, 0);
	CHECK_EQ(HEALTH_INDEX(&w, "web"), service);
	world_deinit(&w);
}

static void
test_same_check_moves_only_its_table(void)
{
	struct world w;
	struct row *row;
	uint64_t first, second;

	world_init(&w);
	service_put(&w, "n1", "web1", "web", 80);
	first = check_put(&w, "n1", "c1", "web1", "passing");
	second = check_put(&w, "n1", "c1", "web1", "passing");
	row = check_find(&w.s, &w.arena, T("n1"), T("c1"));
	CHECK_EQ(CHECK_OF(row)->indexes.modify_index, first);
	CHECK_EQ(HEALTH_INDEX(&w, "web"), first);
	CHECK_EQ(state_index(&w), second);
	world_deinit(&w);
}

static void
test_node_goes_with_all_it_has(void)
{
	struct world w;
	uint64_t gone;

	world_init(&w);
	service_put(&w, "n1", "web1", "web", 80);
	check_put(&w, "n1", "c1", "web1", "passing");
	check_put(&w, "n1", "mem", "", "passing");
	session_put(
	    &w, "11111111-2222-3333-4444-555555555555", "n1", "mem", "delete");
	kv_do(&w, "lock", "k", "v", "11111111-2222-3333-4444-555555555555");
	CHECK(answered_true(&w));
	gone = deregister(&w, "n1", "", "");
	for (size_t table = 0; table < TABLE_TOMBSTONES; table++)
		CHECK_EQ(w.s.counts[table], 0);
	CHECK_EQ(w.s.counts[TABLE_SESSIONS], 0);
	CHECK_EQ(index_of_key(&w, "k"), gone);
	CHECK_EQ(nodes_index(&w), gone);
	CHECK_EQ(services_index(&w, false), gone);
	CHECK_EQ(state_index(&w), gone);
	CHECK_EQ(HEALTH_INDEX(&w, "web"), gone);
	world_deinit(&w);
}

int
main(void)
{
	RUN(test_key_shows_its_own_index);
	RUN(test_absent_key_shows_the_table);
	RUN(test_same_value_moves_nothing);
	RUN(test_update_keeps_create_index);
	RUN(test_prefix_shows_rows_and_tombstones_below);
	RUN(test_empty_prefix_shows_tombstone_or_table);
	RUN(test_reaping_lets_a_prefix_fall_back);
	RUN(test_whole_tree_shows_the_table);
	RUN(test_failed_cas_moves_no_table);
	RUN(test_sessions_show_their_table);
	RUN(test_catalog_tables);
	RUN(test_service_is_moved_by_its_own);
	RUN(test_node_check_moves_all_services_of_the_node);
	RUN(test_node_row_moves_its_services);
	RUN(test_extinction_is_shared_by_absent_names);
	RUN(test_one_of_two_instances_goes);
	RUN(test_same_registration_moves_nothing);
	RUN(test_same_check_moves_only_its_table);
	RUN(test_node_goes_with_all_it_has);
	return (tap_done());
}
