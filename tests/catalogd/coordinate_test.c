/* Coordinates and autopilot's configuration in the state. */
#include "catalogd/coordinate.h"
#include "fixture.h"

static uint64_t
coordinates_put(struct world *w, const char *first, const char *second)
{
	double vec[8] = { 0.5 };
	struct vivaldi_coord coord = { .vec = { vec, 8 }, .error = 1.5 };
	struct coordinate items[] = { { .node = T(first), .coord = &coord },
		{ .node = T(second), .coord = &coord } };
	struct coordinates batch = { .value = { items, 2 } };

	return (apply(w, FSM_COORDINATES | FSM_IGNORE_UNKNOWN,
	    &coordinates_type, &batch));
}

static size_t
coordinates_seen(struct world *w, const char *node, uint64_t *index)
{
	const struct node_specific_request q = { .node = T(node) };
	struct indexed_coordinates reply = { 0 };
	struct view v = { .state = &w->s, .arena = &w->arena, .reply = &reply };

	view_node_coordinates(&v, &q);
	if (reply.coordinates.count > 0)
		CHECK(reply.coordinates.items[0].coord->vec.items[0] == 0.5);
	*index = v.index;
	return (reply.coordinates.count);
}

static void
test_unknown_nodes_are_dropped(void)
{
	struct world w;
	uint64_t put, seen;

	world_init(&w);
	node_put(&w, "n1", "1.1.1.1");
	put = coordinates_put(&w, "N1", "n2");
	CHECK_EQ(w.s.counts[TABLE_COORDINATES], 1);
	CHECK_EQ(coordinates_seen(&w, "n1", &seen), 1);
	CHECK_EQ(seen, put);
	CHECK_EQ(coordinates_seen(&w, "n2", &seen), 0);
	CHECK_EQ(seen, put);
	world_deinit(&w);
}

static void
test_they_go_with_their_node(void)
{
	const struct deregister_request r = { .node = T("n1") };
	struct world w;
	uint64_t gone;

	world_init(&w);
	node_put(&w, "n1", "1.1.1.1");
	node_put(&w, "n2", "1.1.1.2");
	coordinates_put(&w, "n1", "n2");
	CHECK_EQ(w.s.counts[TABLE_COORDINATES], 2);
	gone = apply(&w, FSM_DEREGISTER, &deregister_request_type, &r);
	CHECK_EQ(w.s.counts[TABLE_COORDINATES], 1);
	CHECK_EQ(index_of(&w.s, INDEX_COORDINATES), gone);
	world_deinit(&w);
}

static bool
autopilot_put(struct world *w, uint64_t trailing, bool is_cas, uint64_t cas)
{
	const struct autopilot_set_config_request r = { .cas = is_cas,
		.config = {
		    .max_trailing_logs = trailing, .modify_index = cas } };

	apply(w, FSM_AUTOPILOT, &autopilot_set_config_request_type, &r);
	return (w->result.reply.size == 1 && w->result.reply.data[0] == 0xc3);
}

static void
test_autopilot_cas(void)
{
	struct world w;
	uint64_t first;

	world_init(&w);
	CHECK(autopilot_config_of(&w.s) == NULL);
	CHECK(!autopilot_put(&w, 1, true, 0)); /* there is none to replace */
	CHECK(autopilot_config_of(&w.s) == NULL);
	autopilot_put(&w, 2, false, 0);
	first = w.index;
	CHECK(!autopilot_put(&w, 3, true, first + 7));
	CHECK_EQ(autopilot_config_of(&w.s)->max_trailing_logs, 2);
	CHECK(autopilot_put(&w, 4, true, first));
	CHECK_EQ(autopilot_config_of(&w.s)->max_trailing_logs, 4);
	CHECK_EQ(autopilot_config_of(&w.s)->create_index, first);
	CHECK_EQ(autopilot_config_of(&w.s)->modify_index, w.index);
	world_deinit(&w);
}

static void
test_snapshot(void)
{
	struct buf bytes = { 0 }, why = { 0 };
	struct snapshot_load load;
	struct snapshot *snap;
	struct state again;
	struct world w;

	world_init(&w);
	node_put(&w, "n1", "1.1.1.1");
	coordinates_put(&w, "n1", "n1");
	autopilot_put(&w, 9, false, 0);
	snap = snapshot_take(&w.s);
	while (snapshot_write(snap, 4096, &bytes))
		continue;
	snapshot_free(snap);
	state_init(&again);
	snapshot_load_init(&load, &again);
	CHECK_EQ(
	    snapshot_load_piece(&load, buf_slice(&bytes), true, &why), ERR_OK);
	CHECK_EQ(again.counts[TABLE_COORDINATES], 1);
	CHECK_EQ(autopilot_config_of(&again)->max_trailing_logs, 9);
	CHECK_EQ(autopilot_config_of(&again)->modify_index, w.index);
	CHECK_EQ(index_of(&again, INDEX_COORDINATES),
	    index_of(&w.s, INDEX_COORDINATES));
	snapshot_load_deinit(&load);
	state_deinit(&again);
	buf_deinit(&bytes);
	buf_deinit(&why);
	world_deinit(&w);
}

int
main(void)
{
	RUN(test_unknown_nodes_are_dropped);
	RUN(test_they_go_with_their_node);
	RUN(test_autopilot_cas);
	RUN(test_snapshot);
	return (tap_done());
}
