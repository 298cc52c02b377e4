/* Push/pull and joining (gossipd/pull.c). */
#include "member.h"
#include "tests/lib/tap.h"

static const struct push_node nobody = {
	.versions = { { 1, 5, 2, 2, 5, 4 }, 6 },
	.incarnation = 1,
};

static struct push_node
node_of(const char *name, unsigned number, enum swim_state state)
{
	struct push_node node = nobody;

	node.name = slice_of_text(name);
	node.address = address_of(number);
	node.state = state;
	return (node);
}

/* Somebody else's stream brings this. */
static void
is_pushed(struct member_test *t, const struct push_pull *state)
{
	struct gossip_event event = { .kind = GOSSIP_PUSH_PULL };

	event.as.push_pull.stream = 70;
	event.as.push_pull.from = address_of(2);
	event.as.push_pull.state = state;
	member_step(t, event);
}

static uint64_t
join(struct member_test *t, uint64_t id)
{
	struct gossip_event event = { .kind = GOSSIP_JOIN };

	event.as.join.id = id;
	event.as.join.to = address_of(2);
	member_step(t, event);
	CHECK_EQ(t->fx.streams.count, 1);
	return (t->fx.streams.items[0].id);
}

static void
is_answered(
    struct member_test *t, uint64_t stream, const struct push_pull *state)
{
	struct gossip_event event = { .kind = GOSSIP_STREAM_ANSWER };

	event.as.answer.stream = stream;
	event.as.answer.state = state;
	member_step(t, event);
}

static void
test_join(void)
{
	struct member_test t;
	struct push_node nodes[] = { node_of("a", 2, SWIM_ALIVE),
		node_of("b", 3, SWIM_ALIVE), node_of("me", 1, SWIM_ALIVE) };
	struct push_pull state = {
		.is_join = true,
		.nodes = nodes,
		.node_count = 3,
		.has_serf = true,
		.ltime = 20,
		.event_ltime = 30,
		.query_ltime = 40,
	};
	const struct gossip_stream *stream;
	struct gossip_stats stats;
	const struct message *said;
	uint64_t id;

	member_begin(&t);
	id = join(&t, 5);
	stream = &t.fx.streams.items[0];
	CHECK_EQ(stream->kind, STREAM_PUSH_PULL);
	CHECK(stream->state->is_join);
	CHECK_EQ(stream->state->node_count, 1);
	CHECK(slice_is(stream->state->nodes[0].name, "me"));
	CHECK_EQ(instant_since(stream->deadline, t.now).ns, SECONDS(10).ns);
	nodes[2].meta = SLICE("role");
	is_answered(&t, id, &state);
	CHECK_EQ(t.fx.done.count, 1);
	CHECK_EQ(t.fx.done.items[0].id, 5);
	CHECK(t.fx.done.items[0].is_ok);
	CHECK(has_changed(&t, CHANGE_JOIN, "a"));
	CHECK(has_changed(&t, CHANGE_JOIN, "b"));
	CHECK_EQ(gossip_member_count(t.g), 3);
	gossip_stats(t.g, &stats);
	CHECK_EQ(stats.clock, 21); /* the join intent took 20 */
	CHECK_EQ(stats.event_clock, 30);
	CHECK_EQ(stats.query_clock, 40);
	said = member_runs(&t, SECONDS(1), MESSAGE_JOIN_INTENT, NULL);
	CHECK(said != NULL);
	CHECK_EQ(said->as.intent.ltime, 20);
	is_answered(&t, id, &state); /* of a stream that is over */
	CHECK_EQ(t.fx.done.count, 0);
	member_end(&t);
}

static void
test_join_fails(void)
{
	struct member_test t;
	struct gossip_event event = { .kind = GOSSIP_STREAM_FAILED };

	member_begin(&t);
	event.as.failed.stream = join(&t, 5);
	event.as.failed.why = SLICE("connection refused");
	member_step(&t, event);
	CHECK_EQ(t.fx.done.count, 1);
	CHECK(!t.fx.done.items[0].is_ok);
	CHECK(slice_is(t.fx.done.items[0].why, "connection refused"));
	CHECK(member_runs(&t, SECONDS(2), MESSAGE_JOIN_INTENT, NULL) == NULL);
	member_end(&t);
}

/* Several at once end in one intent. */
static void
test_joins_share_an_intent(void)
{
	struct member_test t;
	struct push_node node = node_of("a", 2, SWIM_ALIVE);
	struct push_pull state = { .nodes = &node, .node_count = 1 };
	struct gossip_stats stats;
	uint64_t first, second;

	member_begin(&t);
	first = join(&t, 1);
	second = join(&t, 2);
	is_answered(&t, first, &state);
	gossip_stats(t.g, &stats);
	CHECK_EQ(stats.intent_queue, 0);
	is_answered(&t, second, &state);
	gossip_stats(t.g, &stats);
	CHECK_EQ(stats.intent_queue, 1);
	member_end(&t);
}

static void
test_no_join_after_leave(void)
{
	struct member_test t;
	struct gossip_event event = { .kind = GOSSIP_JOIN };

	member_begin(&t);
	member_step(&t, (struct gossip_event){ .kind = GOSSIP_LEAVE });
	event.as.join.to = address_of(2);
	member_step(&t, event);
	CHECK_EQ(t.fx.streams.count, 0);
	CHECK_EQ(t.fx.done.count, 1);
	CHECK(slice_is(
	    t.fx.done.items[0].why, "Serf can't Join after Leave or Shutdown"));
	member_end(&t);
}

/* They get what we knew before they told us. */
static void
test_reply(void)
{
	struct member_test t;
	struct push_node node = node_of("a", 2, SWIM_ALIVE);
	struct push_pull state = { .nodes = &node, .node_count = 1 };
	const struct gossip_stream *reply;

	member_begin(&t);
	member_hears(&t, 3, make_alive("b", 3, 4));
	member_hears(&t, 3, make_accusation(MESSAGE_DEAD, "b", 4, "b"));
	is_pushed(&t, &state);
	CHECK_EQ(t.fx.streams.count, 1);
	reply = &t.fx.streams.items[0];
	CHECK_EQ(reply->kind, STREAM_REPLY);
	CHECK_EQ(reply->id, 70);
	CHECK(!reply->state->is_join);
	CHECK_EQ(reply->state->node_count, 2);
	CHECK(reply->state->has_serf);
	CHECK_EQ(reply->state->status_count, 2);
	CHECK_EQ(reply->state->left_count, 1);
	CHECK(slice_is(reply->state->left_members[0], "b"));
	CHECK_EQ(gossip_member_count(t.g), 3);
	member_end(&t);
}

/* What they take for dead we suspect; what has left has left. */
static void
test_merge_states(void)
{
	struct member_test t;
	struct push_node nodes[] = { node_of("a", 2, SWIM_DEAD),
		node_of("b", 3, SWIM_SUSPECT), node_of("c", 4, SWIM_LEFT),
		node_of("me", 1, SWIM_DEAD), node_of("new", 5, SWIM_DEAD) };
	struct push_pull state = { .nodes = nodes, .node_count = 5 };

	member_begin(&t);
	member_hears(&t, 2, make_alive("a", 2, 1));
	member_hears(&t, 2, make_alive("b", 3, 1));
	member_hears(&t, 2, make_alive("c", 4, 1));
	is_pushed(&t, &state);
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_SUSPECT);
	CHECK_EQ(member_sees(&t, "b").swim, SWIM_SUSPECT);
	CHECK_EQ(member_sees(&t, "c").swim, SWIM_LEFT);
	CHECK_EQ(member_sees(&t, "c").status, MEMBER_LEFT);
	CHECK_EQ(member_sees(&t, "me").incarnation, 2);
	CHECK_EQ(member_sees(&t, "new").status, MEMBER_NONE);
	member_end(&t);
}

static void
test_merge_statuses(void)
{
	struct member_test t;
	struct slice left[] = { SLICE("a") };
	struct status_time times[] = { { SLICE("a"), 6 }, { SLICE("b"), 9 } };
	struct push_pull state = {
		.has_serf = true,
		.left_members = left,
		.left_count = 1,
		.status_times = times,
		.status_count = 2,
	};

	member_begin(&t);
	member_hears(&t, 2, make_alive("a", 2, 1));
	member_hears(&t, 2, make_alive("b", 3, 1));
	member_hears(&t, 2, make_accusation(MESSAGE_DEAD, "a", 1, "x"));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_FAILED);
	is_pushed(&t, &state);
	CHECK(has_changed(&t, CHANGE_LEAVE, "a"));
	CHECK_EQ(member_sees(&t, "a").status_ltime, 7);
	CHECK_EQ(member_sees(&t, "b").status, MEMBER_ALIVE);
	CHECK_EQ(member_sees(&t, "b").status_ltime, 9);
	member_end(&t);
}

static void
test_events(void)
{
	struct member_test t;
	struct event_body bodies[] = { { SLICE("deploy"), SLICE("1") },
		{ SLICE("deploy"), SLICE("2") } };
	struct event_tick tick = { 12, bodies, 2 };
	struct push_node node = node_of("a", 2, SWIM_ALIVE);
	struct push_pull state = {
		.nodes = &node,
		.node_count = 1,
		.has_serf = true,
		.event_ltime = 13,
		.events = &tick,
		.event_count = 1,
	};

	member_begin(&t);
	/* Who joins is not told what was before. */
	is_answered(&t, join(&t, 1), &state);
	CHECK(t.fx.done.items[0].is_ok);
	CHECK_EQ(t.fx.events.count, 0);
	tick.ltime = 14;
	is_pushed(&t, &state);
	CHECK_EQ(t.fx.events.count, 2);
	is_pushed(&t, &state);
	CHECK_EQ(t.fx.events.count, 0);
	CHECK_EQ(t.fx.streams.items[0].state->event_count, 1);
	CHECK_EQ(t.fx.streams.items[0].state->events[0].ltime, 14);
	CHECK_EQ(t.fx.streams.items[0].state->events[0].count, 2);
	CHECK(slice_is(
	    t.fx.streams.items[0].state->events[0].events[1].payload, "2"));
	member_end(&t);
}

static void
test_versions(void)
{
	struct member_test t;
	struct push_node node = node_of("old", 2, SWIM_ALIVE);
	struct push_pull state = { .nodes = &node, .node_count = 1 };

	member_begin(&t);
	node.versions = (struct versions){ { 1, 1, 1, 2, 5, 4 }, 6 };
	is_answered(&t, join(&t, 1), &state);
	CHECK(!t.fx.done.items[0].is_ok);
	/* Nobody speaks 2 where one only understands 1. */
	CHECK(slice_is(t.fx.done.items[0].why,
	    "Node 'me' protocol version (2) is incompatible: [1, 1]"));
	node.versions = (struct versions){ { 1, 5, 2, 2, 5, 6 }, 6 };
	is_answered(&t, join(&t, 1), &state);
	CHECK(slice_is(t.fx.done.items[0].why,
	    "Node 'old' delegate protocol version (6) is incompatible: "
	    "[2, 5]"));
	CHECK_EQ(gossip_member_count(t.g), 1);
	member_end(&t);
}

static void
test_routine(void)
{
	struct member_test t;
	struct instant begun;
	unsigned routine = 0;

	member_begin(&t);
	member_hears(&t, 2, make_alive("a", 2, 1));
	begun = t.now;
	while (instant_since(t.now, begun).ns < SECONDS(300).ns) {
		struct gossip_event done = { .kind = GOSSIP_STREAM_FAILED };

		t.now = gossip_deadline(t.g);
		member_step(&t, (struct gossip_event){ .kind = GOSSIP_TICK });
		for (size_t i = 0; i < t.fx.streams.count; i++) {
			const struct gossip_stream *s = &t.fx.streams.items[i];

			if (s->kind != STREAM_PUSH_PULL || s->state->is_join)
				continue;
			routine++;
			done.as.failed.stream = s->id;
			member_step(&t, done);
		}
		/* Alive for ever. */
		if (member_sees(&t, "a").swim != SWIM_ALIVE)
			member_hears(&t, 2,
			    make_alive(
				"a", 2, member_sees(&t, "a").incarnation + 1));
	}
	CHECK(routine >= 9); /* one in 30 s */
	CHECK(routine <= 10);
	member_end(&t);
}

/* As many as a hostile member likes. */
static void
test_requests_leave_nothing_behind(void)
{
	struct member_test t;
	struct push_node node = node_of("a", 2, SWIM_ALIVE);
	struct push_pull state = { .nodes = &node, .node_count = 1 };

	member_begin(&t);
	for (int i = 0; i < 1000; i++)
		is_pushed(&t, &state);
	CHECK_EQ(gossip_member_count(t.g), 2);
	CHECK_EQ(t.fx.streams.count, 1);
	member_end(&t);
}

int
main(void)
{
	RUN(test_join);
	RUN(test_join_fails);
	RUN(test_joins_share_an_intent);
	RUN(test_no_join_after_leave);
	RUN(test_reply);
	RUN(test_merge_states);
	RUN(test_merge_statuses);
	RUN(test_events);
	RUN(test_versions);
	RUN(test_routine);
	RUN(test_requests_leave_nothing_behind);
	return (tap_done());
}
