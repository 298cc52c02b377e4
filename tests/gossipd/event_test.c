/* User events and their buffer (gossipd/serf_event.c). */
#include "member.h"
#include "tests/lib/tap.h"

static struct message
event_at(uint64_t ltime, const char *name, const char *payload)
{
	struct message message = { .kind = MESSAGE_USER_EVENT };

	message.as.user_event.ltime = ltime;
	message.as.user_event.name = slice_of_text(name);
	message.as.user_event.payload = slice_of_text(payload);
	return (message);
}

static bool
is_delivered(struct member_test *t, uint64_t ltime, const char *name,
    const char *payload)
{
	member_hears(t, 2, event_at(ltime, name, payload));
	return (t->fx.events.count == 1 &&
		slice_is(t->fx.events.items[0].name, name) &&
		slice_is(t->fx.events.items[0].payload, payload));
}

static uint64_t
clock_of(const struct member_test *t)
{
	struct gossip_stats stats;

	gossip_stats(t->g, &stats);
	return (stats.event_clock);
}

static void
test_once(void)
{
	struct member_test t;

	member_begin(&t);
	CHECK(is_delivered(&t, 3, "deploy", "1"));
	CHECK_EQ(clock_of(&t), 4);
	CHECK(!is_delivered(&t, 3, "deploy", "1"));
	/* Another at the same time: name or payload differ. */
	CHECK(is_delivered(&t, 3, "deploy", "2"));
	CHECK(is_delivered(&t, 3, "restart", "1"));
	CHECK(is_delivered(&t, 2, "deploy", "1"));
	CHECK(!is_delivered(&t, 2, "deploy", "1"));
	member_end(&t);
}

static void
test_too_old(void)
{
	struct member_test t;

	member_begin(&t);
	CHECK(is_delivered(&t, 1000, "now", ""));
	CHECK_EQ(clock_of(&t), 1001);
	CHECK(!is_delivered(&t, 488, "old", ""));
	CHECK(has_noted(&t, GOSSIP_NOTE_LATE_EVENT));
	CHECK(is_delivered(&t, 489, "just", ""));
	/* The slot of 489 is that of 1001 as well. */
	CHECK(is_delivered(&t, 1001, "just", ""));
	CHECK(!is_delivered(&t, 489, "just", ""));
	member_end(&t);
}

static void
test_not_of_another_life(void)
{
	struct member_test t;
	struct gossip_options options = member_options();

	options.event_clock = 40;
	member_begin_with(&t, &options);
	CHECK_EQ(clock_of(&t), 41);
	CHECK(!is_delivered(&t, 40, "seen", ""));
	CHECK(is_delivered(&t, 41, "new", ""));
	member_end(&t);
}

static void
fire(struct member_test *t, size_t name_bytes, size_t payload_bytes)
{
	static const uint8_t bytes[10000];
	struct gossip_event event = { .kind = GOSSIP_USER_EVENT };

	event.as.user_event.id = 5;
	event.as.user_event.name = slice(bytes, name_bytes);
	event.as.user_event.payload = slice(bytes, payload_bytes);
	member_step(t, event);
	CHECK_EQ(t->fx.done.count, 1);
	CHECK_EQ(t->fx.done.items[0].id, 5);
}

static void
test_fire(void)
{
	struct member_test t;
	const struct message *said;

	member_begin(&t);
	member_hears(&t, 2, make_alive("a", 2, 1));
	fire(&t, 4, 4);
	CHECK(t.fx.done.items[0].is_ok);
	CHECK_EQ(t.fx.events.count, 1); /* here too */
	CHECK_EQ(t.fx.events.items[0].ltime, 1);
	CHECK_EQ(clock_of(&t), 2);
	said = member_runs(&t, SECONDS(1), MESSAGE_USER_EVENT, NULL);
	CHECK(said != NULL);
	CHECK_EQ(said->as.user_event.ltime, 1);
	member_end(&t);
}

static void
test_limits(void)
{
	struct member_test t;

	member_begin(&t);
	fire(&t, 100, 413);
	CHECK(!t.fx.done.items[0].is_ok);
	CHECK(slice_is(t.fx.done.items[0].why,
	    "user event exceeds configured limit of 512 bytes before "
	    "encoding"));
	fire(&t, 100, 400);
	CHECK(!t.fx.done.items[0].is_ok);
	CHECK(slice_is(t.fx.done.items[0].why,
	    "encoded user event exceeds configured limit of 512 bytes after "
	    "encoding"));
	CHECK_EQ(t.fx.events.count, 0);
	/* 50 bytes around: types, names of the fields, lengths, time. */
	fire(&t, 20, 462);
	CHECK(t.fx.done.items[0].is_ok);
	fire(&t, 20, 463);
	CHECK(!t.fx.done.items[0].is_ok);
	member_end(&t);
}

/* However much is sent, so much is kept. */
static void
test_bounded(void)
{
	struct member_test t;
	struct gossip_stats stats;
	static uint8_t payload[GOSSIP_TEXT_BYTES_MAX];
	char name[24];
	uint64_t delivered = 0;

	member_begin(&t);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "e%u", i);
		delivered += is_delivered(&t, 7, name, "");
	}
	CHECK_EQ(delivered, GOSSIP_EVENTS_PER_TICK);
	delivered = 0;
	for (unsigned i = 0; i < 2000; i++) {
		struct message message = event_at(100 + i % 300, "", "");

		snprintf(name, sizeof(name), "f%u", i);
		message.as.user_event.name = slice_of_text(name);
		message.as.user_event.payload = slice(payload, sizeof(payload));
		member_hears(&t, 2, message);
		delivered += t.fx.events.count;
	}
	CHECK(delivered < 500);
	CHECK(delivered > 400); /* 4 MiB of them */
	gossip_stats(t.g, &stats);
	CHECK(stats.dropped > 2000);
	/* Time goes on, and makes room. */
	CHECK(is_delivered(&t, 100 + GOSSIP_EVENT_TICKS, "later", ""));
	member_end(&t);
}

int
main(void)
{
	RUN(test_once);
	RUN(test_too_old);
	RUN(test_not_of_another_life);
	RUN(test_fire);
	RUN(test_limits);
	RUN(test_bounded);
	return (tap_done());
}
