/* Queries, their filters, answers and relays (gossipd/serf_query.c,
 * filter.c). */
#include "member.h"
#include "tests/lib/tap.h"

/* {"role": "web", "dc": "dc1"}, as Serf writes tags. */
#define TAGS                          \
	"\xff\x82\xa4role\xa3web\xa2" \
	"dc\xa3"                      \
	"dc1"

static void
begin(struct member_test *t)
{
	struct gossip_options options = member_options();

	options.meta = SLICE(TAGS);
	member_begin_with(t, &options);
	member_hears(t, 2, make_alive("a", 2, 1));
	member_hears(t, 3, make_alive("b", 3, 1));
	member_hears(t, 4, make_alive("c", 4, 1));
}

static struct message
query_of(uint64_t ltime, uint32_t id, uint32_t flags)
{
	struct message message = { .kind = MESSAGE_QUERY };

	message.as.query = (struct query){
		.ltime = ltime,
		.id = id,
		.source = address_of(2),
		.source_node = SLICE("a"),
		.flags = flags,
		.timeout = SECONDS(5),
		.name = SLICE("uptime"),
		.payload = SLICE("?"),
	};
	return (message);
}

static void
test_asked_once(void)
{
	struct member_test t;

	begin(&t);
	member_hears(&t, 3, query_of(5, 1, 0));
	CHECK_EQ(t.fx.asked.count, 1);
	CHECK(slice_is(t.fx.asked.items[0].name, "uptime"));
	CHECK(slice_is(t.fx.asked.items[0].from, "a"));
	CHECK(member_said(&t, MESSAGE_QUERY_RESPONSE, NULL) == NULL);
	CHECK(member_runs(&t, SECONDS(1), MESSAGE_QUERY, NULL) != NULL);
	member_hears(&t, 4, query_of(5, 1, 0));
	CHECK_EQ(t.fx.asked.count, 0);
	member_hears(&t, 4, query_of(5, 2, 0));
	CHECK_EQ(t.fx.asked.count, 1);
	member_end(&t);
}

static void
test_no_rebroadcast(void)
{
	struct member_test t;

	begin(&t);
	member_hears(&t, 3, query_of(5, 1, QUERY_NO_REBROADCAST));
	CHECK_EQ(t.fx.asked.count, 1);
	CHECK(member_runs(&t, SECONDS(2), MESSAGE_QUERY, NULL) == NULL);
	member_end(&t);
}

static void
test_ack_and_response(void)
{
	struct member_test t;
	struct gossip_event respond = { .kind = GOSSIP_RESPOND };
	const struct gossip_packet *packet;
	const struct message *said;

	begin(&t);
	member_hears(&t, 3, query_of(5, 9, QUERY_WANTS_ACK));
	said = member_said(&t, MESSAGE_QUERY_RESPONSE, &packet);
	CHECK(said != NULL);
	CHECK_EQ(said->as.query_response.flags, RESPONSE_IS_ACK);
	CHECK_EQ(said->as.query_response.id, 9);
	CHECK(slice_is(said->as.query_response.from, "me"));
	CHECK_EQ(packet->to.ip[3], 2);
	CHECK_EQ(packet->count, 1); /* nothing rides along */
	respond.as.respond.asked = t.fx.asked.items[0].id;
	respond.as.respond.payload = SLICE("3 days");
	member_step(&t, respond);
	said = member_said(&t, MESSAGE_QUERY_RESPONSE, NULL);
	CHECK(said != NULL);
	CHECK_EQ(said->as.query_response.flags, 0);
	CHECK(slice_is(said->as.query_response.payload, "3 days"));
	member_step(&t, respond); /* once is enough */
	CHECK(member_said(&t, MESSAGE_QUERY_RESPONSE, NULL) == NULL);
	member_end(&t);
}

static void
test_response_too_late_or_long(void)
{
	struct member_test t;
	struct gossip_event respond = { .kind = GOSSIP_RESPOND };
	static const uint8_t payload[2000];

	begin(&t);
	member_hears(&t, 3, query_of(5, 1, 0));
	respond.as.respond.asked = t.fx.asked.items[0].id;
	respond.as.respond.payload = slice(payload, sizeof(payload));
	member_step(&t, respond);
	CHECK_EQ(t.fx.packets.count, 0);
	CHECK(has_noted(&t, GOSSIP_NOTE_FULL));
	member_hears(&t, 3, query_of(6, 2, 0));
	respond.as.respond.asked = t.fx.asked.items[0].id;
	respond.as.respond.payload = SLICE("late");
	t.now = instant_add(t.now, SECONDS(6));
	member_step(&t, respond);
	CHECK_EQ(t.fx.packets.count, 0);
	member_end(&t);
}

static void
test_relay(void)
{
	struct member_test t;
	struct message query = query_of(5, 9, QUERY_WANTS_ACK);
	struct message relay = { .kind = MESSAGE_RELAY };
	const struct gossip_packet *packet;
	const struct message *said;
	unsigned relays = 0;

	begin(&t);
	query.as.query.relay_factor = 2;
	member_hears(&t, 3, query);
	for (size_t i = 0; i < t.fx.messages.count; i++)
		relays += t.fx.messages.items[i].kind == MESSAGE_RELAY;
	CHECK_EQ(relays, 2);
	said = member_said(&t, MESSAGE_RELAY, NULL);
	CHECK(said != NULL);
	CHECK_EQ(said->as.relay.to.ip[3], 2);
	CHECK_EQ(said->as.relay.response->id, 9);
	CHECK(slice_is(said->as.relay.to_node, "a"));
	/* And we hand on what others relay. */
	relay.as.relay.to = address_of(4);
	relay.as.relay.bytes = SLICE("\x05whatever");
	member_hears(&t, 3, relay);
	said = member_said(&t, MESSAGE_RELAYED, &packet);
	CHECK(said != NULL);
	CHECK(slice_is(said->as.relayed, "\x05whatever"));
	CHECK_EQ(packet->to.ip[3], 4);
	member_end(&t);
}

static void
test_filters(void)
{
	static const struct {
		struct slice filter;
		bool is_for_us;
	} cases[] = {
		{ SLICE("\x00\x91\xa2me"), true },
		{ SLICE("\x00\x92\xa1"
			"a\xa2me"),
		    true },
		{ SLICE("\x00\x91\xa1"
			"a"),
		    false },
		{ SLICE("\x00\x90"), false },
		{ SLICE("\x00\xc0"), false },
		{ SLICE("\x01\x82\xa4"
			"Expr\xa4^w.b\xa3Tag\xa4role"),
		    true },
		{ SLICE("\x01\x82\xa4"
			"Expr\xa3web\xa3Tag\xa2"
			"dc"),
		    false },
		{ SLICE("\x01\x82\xa4"
			"Expr\xa3"
			"d.1\xa3Tag\xa2"
			"dc"),
		    true },
		{ SLICE("\x01\x82\xa4"
			"Expr\xa2^$\xa3Tag\xa4none"),
		    true },
		{ SLICE("\x01\x82\xa4"
			"Expr\xa1(\xa3Tag\xa4role"),
		    false },
		{ SLICE("\x02\xc0"), false }, /* of a kind yet to come */
		{ SLICE(""), false },
		{ SLICE("\x00\x9f"), false },
		{ SLICE("\x01\x82\xa4"
			"Expr"),
		    false },
	};
	struct member_test t;

	begin(&t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message query = query_of(5 + i, 1, 0);

		query.as.query.filters = &cases[i].filter;
		query.as.query.filter_count = 1;
		member_hears(&t, 3, query);
		if ((t.fx.asked.count == 1) != cases[i].is_for_us)
			printf("# filter %zu\n", i);
		CHECK((t.fx.asked.count == 1) == cases[i].is_for_us);
	}
	/* Not for us, but others should have it. */
	CHECK(member_runs(&t, SECONDS(1), MESSAGE_QUERY, NULL) != NULL);
	member_end(&t);
}

static void
test_all_filters_must_match(void)
{
	struct slice filters[2] = { SLICE("\x00\x91\xa2me"),
		SLICE("\x00\x91\xa1"
		      "a") };
	struct message query = query_of(5, 1, QUERY_WANTS_ACK);
	struct member_test t;

	begin(&t);
	query.as.query.filters = filters;
	query.as.query.filter_count = 2;
	member_hears(&t, 3, query);
	CHECK_EQ(t.fx.asked.count, 0);
	CHECK_EQ(t.fx.packets.count, 0);
	member_end(&t);
}

static void
test_internal_ping(void)
{
	struct member_test t;
	struct message query = query_of(5, 1, QUERY_WANTS_ACK);

	begin(&t);
	query.as.query.name = SLICE("_serf_ping");
	member_hears(&t, 3, query);
	CHECK_EQ(t.fx.asked.count, 0);
	CHECK(member_said(&t, MESSAGE_QUERY_RESPONSE, NULL) != NULL);
	member_end(&t);
}

static struct message
response_of(const struct query *query, const char *from, uint32_t flags)
{
	struct message message = { .kind = MESSAGE_QUERY_RESPONSE };

	message.as.query_response = (struct query_response){ query->ltime,
		query->id, slice_of_text(from), flags, SLICE("answer") };
	return (message);
}

static void
test_own_query(void)
{
	struct member_test t;
	struct gossip_event ask = { .kind = GOSSIP_QUERY };
	const struct message *said;
	struct query query;
	struct instant begun;

	begin(&t);
	ask.as.query.id = 33;
	ask.as.query.name = SLICE("uptime");
	ask.as.query.wants_ack = true;
	member_step(&t, ask);
	begun = t.now;
	/* We are asked as well, and our own ack needs no net. */
	CHECK_EQ(t.fx.asked.count, 1);
	CHECK_EQ(t.fx.packets.count, 0);
	CHECK_EQ(t.fx.replies.count, 1);
	CHECK(t.fx.replies.items[0].is_ack);
	said = member_runs(&t, SECONDS(1), MESSAGE_QUERY, NULL);
	CHECK(said != NULL);
	query = said->as.query;
	/* 200 ms x 16 x ceil(log10(4 + 1)) */
	CHECK_EQ(query.timeout.ns, MILLISECONDS(3200).ns);
	query.name = query.payload = query.source_node = (struct slice){ 0 };
	member_hears(&t, 2, response_of(&query, "a", 0));
	CHECK_EQ(t.fx.replies.count, 1);
	CHECK_EQ(t.fx.replies.items[0].id, 33);
	CHECK(slice_is(t.fx.replies.items[0].from, "a"));
	CHECK(slice_is(t.fx.replies.items[0].payload, "answer"));
	member_hears(&t, 3, response_of(&query, "a", 0)); /* by a relay */
	CHECK_EQ(t.fx.replies.count, 0);
	member_hears(&t, 2, response_of(&query, "a", RESPONSE_IS_ACK));
	CHECK_EQ(t.fx.replies.count, 1);
	query.id++;
	member_hears(&t, 3, response_of(&query, "b", 0));
	CHECK_EQ(t.fx.replies.count, 0);
	query.id--;
	while (t.fx.done.count == 0 && instant_since(t.now, begun).ns < 1e10)
		(void)member_runs(&t, MILLISECONDS(1), MESSAGE_COUNT, NULL);
	CHECK_EQ(t.fx.done.items[0].id, 33);
	CHECK_EQ(instant_since(t.now, begun).ns / 100000000, 32);
	member_hears(&t, 3, response_of(&query, "b", 0));
	CHECK_EQ(t.fx.replies.count, 0);
	member_end(&t);
}

static void
test_own_queries_are_bounded(void)
{
	struct member_test t;
	struct gossip_event ask = { .kind = GOSSIP_QUERY };
	static const uint8_t payload[1000];

	begin(&t);
	ask.as.query.name = SLICE("x");
	for (int i = 0; i < 32; i++) {
		member_step(&t, ask);
		CHECK_EQ(t.fx.done.count, 0);
	}
	member_step(&t, ask);
	CHECK_EQ(t.fx.done.count, 1);
	CHECK(!t.fx.done.items[0].is_ok);
	ask.as.query.payload = slice(payload, sizeof(payload));
	member_step(&t, ask);
	CHECK(slice_is(
	    t.fx.done.items[0].why, "query exceeds limit of 1024 bytes"));
	member_end(&t);
}

int
main(void)
{
	RUN(test_asked_once);
	RUN(test_no_rebroadcast);
	RUN(test_ack_and_response);
	RUN(test_response_too_late_or_long);
	RUN(test_relay);
	RUN(test_filters);
	RUN(test_all_filters_must_match);
	RUN(test_internal_ping);
	RUN(test_own_query);
	RUN(test_own_queries_are_bounded);
	return (tap_done());
}
