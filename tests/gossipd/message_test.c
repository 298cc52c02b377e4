/* What the core believes a message takes is what the codec writes. */
#include <string.h>

#include "gossipd/codec.h"
#include "gossipd/message.h"
#include "tests/lib/tap.h"

static uint8_t filler[GOSSIP_TEXT_BYTES_MAX];

/* Of all lengths at which msgpack changes its form. */
static const size_t lengths[] = { 0, 1, 31, 32, 255, 256, 512 };
static const uint64_t numbers[] = { 0, 127, 128, 255, 256, 65535, 65536,
	UINT32_MAX };

#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static void
check_size(const struct message *message)
{
	struct buf out;

	buf_init(&out);
	codec_put(message, &out);
	CHECK_EQ(message_size(message), out.size);
	buf_deinit(&out);
}

static struct slice
text(size_t i)
{
	return (slice(filler, lengths[i % LENGTHS]));
}

static uint32_t
number(size_t i)
{
	return ((uint32_t)numbers[i % NUMBERS]);
}

static struct endpoint
endpoint(size_t i)
{
	return ((struct endpoint){
	    { 1, 2, 3, 4 }, i % 2 ? 4 : 16, (uint16_t)number(i) });
}

static void
test_pings(void)
{
	for (size_t i = 0; i < 60; i++) {
		struct message m = { .kind = MESSAGE_PING };

		m.as.ping = (struct ping){ number(i), text(i), endpoint(i / 2),
			text(i / 3) };
		check_size(&m);
		m.as.ping.source.ip_size = 0;
		check_size(&m);
		m.kind = MESSAGE_INDIRECT_PING;
		m.as.indirect_ping = (struct indirect_ping){ number(i), text(i),
			endpoint(i), i % 2 == 0, endpoint(i / 2), text(i / 3) };
		check_size(&m);
	}
}

static void
test_acks(void)
{
	for (size_t i = 0; i < NUMBERS; i++) {
		struct message m = { .kind = MESSAGE_ACK };

		m.as.ack.sequence = number(i);
		check_size(&m);
		m.as.ack.has_coord = true;
		check_size(&m);
		m.kind = MESSAGE_NACK;
		m.as.nack.sequence = number(i);
		check_size(&m);
	}
}

static void
test_members(void)
{
	for (size_t i = 0; i < 60; i++) {
		struct message m = { .kind = MESSAGE_SUSPECT };

		m.as.accusation =
		    (struct accusation){ number(i), text(i), text(i / 2) };
		check_size(&m);
		m.kind = MESSAGE_DEAD;
		check_size(&m);
		m.kind = MESSAGE_ALIVE;
		m.as.alive = (struct alive){ number(i), text(i), endpoint(i),
			text(i / 2), { { 1, 5, 2, 2, 5, 4 }, 6 } };
		check_size(&m);
	}
}

static void
test_serf(void)
{
	for (size_t i = 0; i < 60; i++) {
		uint64_t ltime = i % 5 == 0 ? UINT64_MAX : number(i);
		struct message m = { .kind = MESSAGE_LEAVE_INTENT };

		m.as.intent = (struct intent){ ltime, text(i), i % 2 == 0 };
		check_size(&m);
		m.kind = MESSAGE_JOIN_INTENT;
		check_size(&m);
		m.kind = MESSAGE_USER_EVENT;
		m.as.user_event = (struct user_event){ ltime, text(i),
			text(i / 2), i % 2 == 0 };
		check_size(&m);
	}
}

static void
test_queries(void)
{
	struct slice filters[20];

	for (size_t i = 0; i < 20; i++)
		filters[i] = text(i);
	for (size_t i = 0; i < 60; i++) {
		struct message m = { .kind = MESSAGE_QUERY };

		m.as.query = (struct query){ number(i), number(i / 2),
			endpoint(i), text(i / 3), filters, i % 21, number(i),
			(uint8_t)i, SECONDS(i % 17), text(i), text(i / 4) };
		check_size(&m);
		m.as.query.timeout = NANOSECONDS(-(int64_t)number(i));
		check_size(&m);
	}
}

static void
test_responses(void)
{
	for (size_t i = 0; i < 60; i++) {
		struct query_response response = { number(i), number(i / 2),
			text(i), number(i / 3), text(i / 4) };
		struct message m = { .kind = MESSAGE_QUERY_RESPONSE };

		m.as.query_response = response;
		check_size(&m);
		m.kind = MESSAGE_RELAY;
		m.as.relay = (struct relay){ endpoint(i), text(i / 2), { 0 },
			&response };
		check_size(&m);
		m.as.relay.response = NULL;
		m.as.relay.bytes = text(i);
		check_size(&m);
		m.kind = MESSAGE_RELAYED;
		m.as.relayed = text(1 + i % 6);
		check_size(&m);
	}
}

static void
test_equal(void)
{
	struct endpoint a = endpoint(1), b = endpoint(1);

	CHECK(endpoint_equal(&a, &b));
	b.port++;
	CHECK(!endpoint_equal(&a, &b));
	b = a;
	b.ip[3]++;
	CHECK(!endpoint_equal(&a, &b));
}

int
main(void)
{
	RUN(test_pings);
	RUN(test_acks);
	RUN(test_members);
	RUN(test_serf);
	RUN(test_queries);
	RUN(test_responses);
	RUN(test_equal);
	return (tap_done());
}
