/* Intents, leaving, reaping (gossipd/serf.c, serf_reap.c). */
#include "member.h"
#include "tests/lib/tap.h"

static void
begin_with_a(struct member_test *t)
{
	member_begin(t);
	member_hears(t, 2, make_alive("a", 2, 1));
}

static uint64_t
clock_of(const struct member_test *t)
{
	struct gossip_stats stats;

	gossip_stats(t->g, &stats);
	return (stats.clock);
}

static void
test_clock(void)
{
	struct member_test t;

	begin_with_a(&t);
	CHECK_EQ(clock_of(&t), 1);
	member_hears(&t, 2, make_intent(MESSAGE_JOIN_INTENT, "a", 9));
	CHECK_EQ(clock_of(&t), 10);
	member_hears(&t, 2, make_intent(MESSAGE_JOIN_INTENT, "a", 4));
	CHECK_EQ(clock_of(&t), 10);
	member_hears(&t, 2, make_intent(MESSAGE_JOIN_INTENT, "a", 10));
	CHECK_EQ(clock_of(&t), 11);
	/* The end of time does not begin it again. */
	member_hears(&t, 2, make_intent(MESSAGE_JOIN_INTENT, "a", UINT64_MAX));
	CHECK_EQ(clock_of(&t), 11);
	member_end(&t);
}

static void
test_leave_intent_then_dead(void)
{
	struct member_test t;

	begin_with_a(&t);
	member_hears(&t, 2, make_intent(MESSAGE_LEAVE_INTENT, "a", 5));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_LEAVING);
	CHECK_EQ(member_sees(&t, "a").status_ltime, 5);
	/* Passed on, once. */
	CHECK(member_runs(&t, SECONDS(1), MESSAGE_LEAVE_INTENT, NULL) != NULL);
	/* By whomever it is said to be dead, it has left. */
	member_hears(&t, 2, make_accusation(MESSAGE_DEAD, "a", 1, "b"));
	CHECK(has_changed(&t, CHANGE_LEAVE, "a"));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_LEFT);
	member_end(&t);
}

static void
test_old_intents_are_nothing(void)
{
	struct member_test t;

	begin_with_a(&t);
	member_hears(&t, 2, make_intent(MESSAGE_JOIN_INTENT, "a", 5));
	member_hears(&t, 2, make_intent(MESSAGE_LEAVE_INTENT, "a", 5));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_ALIVE);
	member_hears(&t, 2, make_intent(MESSAGE_LEAVE_INTENT, "a", 6));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_LEAVING);
	member_hears(&t, 2, make_intent(MESSAGE_JOIN_INTENT, "a", 7));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_ALIVE);
	member_end(&t);
}

static void
test_intent_before_member(void)
{
	struct member_test t;

	member_begin(&t);
	member_hears(&t, 3, make_intent(MESSAGE_LEAVE_INTENT, "a", 4));
	member_hears(&t, 3, make_intent(MESSAGE_JOIN_INTENT, "b", 6));
	CHECK_EQ(gossip_member_count(t.g), 1);
	member_hears(&t, 2, make_alive("a", 2, 1));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_LEAVING);
	CHECK_EQ(member_sees(&t, "a").status_ltime, 4);
	member_hears(&t, 2, make_alive("b", 3, 1));
	CHECK_EQ(member_sees(&t, "b").status, MEMBER_ALIVE);
	CHECK_EQ(member_sees(&t, "b").status_ltime, 6);
	/* Forgotten after 5 minutes. */
	member_hears(&t, 3, make_intent(MESSAGE_LEAVE_INTENT, "c", 8));
	(void)member_runs(&t, SECONDS(330), MESSAGE_COUNT, NULL);
	member_hears(&t, 4, make_alive("c", 4, 1));
	CHECK_EQ(member_sees(&t, "c").status, MEMBER_ALIVE);
	CHECK_EQ(member_sees(&t, "c").status_ltime, 0);
	member_end(&t);
}

static void
test_early_intents_are_bounded(void)
{
	struct member_test t;
	struct gossip_stats stats;
	char name[24];

	member_begin(&t);
	for (uint64_t i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "nobody-%u", (unsigned)i);
		member_hears(
		    &t, 3, make_intent(MESSAGE_JOIN_INTENT, name, i + 1));
	}
	gossip_stats(t.g, &stats);
	CHECK(stats.dropped > 10000);
	CHECK(stats.intent_queue <= 4096);
	member_end(&t);
}

/* Somebody says that we leave. */
static void
test_slander(void)
{
	struct member_test t;
	const struct message *said;

	begin_with_a(&t);
	(void)member_runs(&t, SECONDS(5), MESSAGE_COUNT, NULL);
	member_hears(&t, 2, make_intent(MESSAGE_LEAVE_INTENT, "me", 30));
	CHECK_EQ(member_sees(&t, "me").status, MEMBER_ALIVE);
	said = member_runs(&t, SECONDS(1), MESSAGE_JOIN_INTENT, NULL);
	CHECK(said != NULL);
	CHECK(slice_is(said->as.intent.node, "me"));
	CHECK_EQ(said->as.intent.ltime, 31);
	CHECK(member_said(&t, MESSAGE_LEAVE_INTENT, NULL) == NULL);
	/* At the very time of our own join, too: others may have heard it
	 * first, and then ignored the join. */
	member_hears(&t, 2, make_intent(MESSAGE_LEAVE_INTENT, "me", 31));
	CHECK_EQ(member_sees(&t, "me").status_ltime, 32);
	member_end(&t);
}

/* It was said to leave, and stays: in the end we believe it. */
static void
test_leaving_does_not_last(void)
{
	struct member_test t;

	member_begin(&t);
	member_hears(&t, 2, make_alive("a", 2, 1));
	member_hears(&t, 2, make_intent(MESSAGE_LEAVE_INTENT, "a", 5));
	for (int i = 0; i < 60; i++) {
		const struct message *ping =
		    member_runs(&t, SECONDS(1), MESSAGE_PING, NULL);
		struct message ack = { .kind = MESSAGE_ACK };

		if (ping == NULL)
			continue;
		ack.as.ack.sequence = ping->as.ping.sequence;
		member_hears(&t, 2, ack);
	}
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_ALIVE);
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_ALIVE);
	member_end(&t);
}

static void
test_leave(void)
{
	struct member_test t;
	const struct message *said;
	struct instant begun;

	begin_with_a(&t);
	begun = t.now;
	member_step(&t, (struct gossip_event){ .kind = GOSSIP_LEAVE });
	CHECK_EQ(member_sees(&t, "me").status, MEMBER_LEAVING);
	said = member_runs(&t, SECONDS(1), MESSAGE_LEAVE_INTENT, NULL);
	CHECK(said != NULL);
	said = member_runs(&t, SECONDS(5), MESSAGE_DEAD, NULL);
	CHECK(said != NULL);
	CHECK(slice_is(said->as.accusation.node, "me"));
	CHECK(slice_is(said->as.accusation.from, "me"));
	CHECK_EQ(member_sees(&t, "me").status, MEMBER_LEFT);
	/* What we left comes not back, and we still answer. */
	member_hears(&t, 2, make_alive("me", 1, 9));
	CHECK_EQ(member_sees(&t, "me").status, MEMBER_LEFT);
	member_hears(&t, 2, (struct message){ .kind = MESSAGE_PING });
	CHECK(member_said(&t, MESSAGE_ACK, NULL) != NULL);
	CHECK(!t.fx.has_left);
	while (!t.fx.has_left && instant_since(t.now, begun).ns < 2e10)
		(void)member_runs(&t, MILLISECONDS(10), MESSAGE_COUNT, NULL);
	CHECK(t.fx.has_left);
	/* Both words out, and 3 s to spread. */
	CHECK(instant_since(t.now, begun).ns >= SECONDS(3).ns);
	CHECK(instant_since(t.now, begun).ns < SECONDS(6).ns);
	member_end(&t);
}

static void
test_leave_alone(void)
{
	struct member_test t;
	struct instant begun;

	member_begin(&t);
	begun = t.now;
	member_step(&t, (struct gossip_event){ .kind = GOSSIP_LEAVE });
	while (!t.fx.has_left && instant_since(t.now, begun).ns < 2e10)
		(void)member_runs(&t, MILLISECONDS(10), MESSAGE_COUNT, NULL);
	CHECK(instant_since(t.now, begun).ns <= MILLISECONDS(3010).ns);
	member_end(&t);
}

static void
test_force_leave(void)
{
	struct member_test t;
	struct gossip_event event = { .kind = GOSSIP_FORCE_LEAVE };

	begin_with_a(&t);
	member_hears(&t, 3, make_alive("b", 3, 1));
	member_hears(&t, 3, make_accusation(MESSAGE_DEAD, "a", 1, "b"));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_FAILED);
	event.as.force_leave.id = 8;
	event.as.force_leave.name = SLICE("a");
	member_step(&t, event);
	CHECK_EQ(t.fx.done.count, 1);
	CHECK_EQ(t.fx.done.items[0].id, 8);
	CHECK(t.fx.done.items[0].is_ok);
	CHECK(has_changed(&t, CHANGE_LEAVE, "a"));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_LEFT);
	CHECK(member_runs(&t, SECONDS(1), MESSAGE_LEAVE_INTENT, NULL) != NULL);
	event.as.force_leave.is_prune = true;
	member_step(&t, event);
	CHECK(has_changed(&t, CHANGE_REAP, "a"));
	CHECK_EQ(gossip_member_count(t.g), 2);
	member_end(&t);
}

/* Pruned while it leaves: only when others have heard of that. */
static void
test_prune_waits(void)
{
	struct member_test t;
	struct message leave = make_intent(MESSAGE_LEAVE_INTENT, "a", 5);

	begin_with_a(&t);
	leave.as.intent.is_prune = true;
	member_hears(&t, 2, leave);
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_LEAVING);
	member_hears(&t, 2, make_accusation(MESSAGE_DEAD, "a", 1, "a"));
	(void)member_runs(&t, SECONDS(7), MESSAGE_COUNT, NULL);
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_LEFT);
	(void)member_runs(&t, SECONDS(2), MESSAGE_COUNT, NULL);
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_NONE);
	CHECK_EQ(gossip_member_count(t.g), 1);
	member_end(&t);
}

static void
test_reaping(void)
{
	struct member_test t;
	struct gossip_stats stats;
	struct instant before;

	begin_with_a(&t);
	member_hears(&t, 3, make_alive("b", 3, 1));
	member_hears(&t, 2, make_accusation(MESSAGE_DEAD, "a", 1, "x"));
	member_hears(&t, 3, make_accusation(MESSAGE_DEAD, "b", 1, "b"));
	gossip_stats(t.g, &stats);
	CHECK_EQ(stats.failed, 1);
	CHECK_EQ(stats.left, 1);
	before = t.now;
	while (member_sees(&t, "b").status != MEMBER_NONE &&
	       instant_since(t.now, before).ns < SECONDS(90000).ns)
		(void)member_runs(&t, SECONDS(15), MESSAGE_COUNT, NULL);
	CHECK_EQ(instant_since(t.now, before).ns / SECONDS(3600).ns, 24);
	while (member_sees(&t, "a").status != MEMBER_NONE &&
	       instant_since(t.now, before).ns < SECONDS(300000).ns)
		(void)member_runs(&t, SECONDS(15), MESSAGE_COUNT, NULL);
	CHECK_EQ(instant_since(t.now, before).ns / SECONDS(3600).ns, 72);
	CHECK_EQ(gossip_member_count(t.g), 1);
	member_end(&t);
}

/* The failed one is called again, about once in 30 s for one of two. */
static void
test_reconnect(void)
{
	struct member_test t;
	struct instant before;
	int calls = 0;

	begin_with_a(&t);
	member_hears(&t, 2, make_accusation(MESSAGE_DEAD, "a", 1, "x"));
	before = t.now;
	while (instant_since(t.now, before).ns < SECONDS(600).ns) {
		struct gossip_event failed = { .kind = GOSSIP_STREAM_FAILED };

		t.now = gossip_deadline(t.g);
		member_step(&t, (struct gossip_event){ .kind = GOSSIP_TICK });
		if (t.fx.streams.count == 0)
			continue;
		calls++;
		CHECK(t.fx.streams.items[0].state->is_join);
		CHECK_EQ(t.fx.streams.items[0].to.ip[3], 2);
		failed.as.failed.stream = t.fx.streams.items[0].id;
		failed.as.failed.why = SLICE("connection refused");
		member_step(&t, failed);
		CHECK(has_noted(&t, GOSSIP_NOTE_STREAM_FAILED));
	}
	CHECK_EQ(calls, 20); /* one failed for one alive: always */
	member_end(&t);
}

int
main(void)
{
	RUN(test_clock);
	RUN(test_leave_intent_then_dead);
	RUN(test_old_intents_are_nothing);
	RUN(test_intent_before_member);
	RUN(test_early_intents_are_bounded);
	RUN(test_slander);
	RUN(test_leaving_does_not_last);
	RUN(test_leave);
	RUN(test_leave_alone);
	RUN(test_force_leave);
	RUN(test_prune_waits);
	RUN(test_reaping);
	RUN(test_reconnect);
	return (tap_done());
}
