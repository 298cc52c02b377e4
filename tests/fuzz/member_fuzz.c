/*
 * A member of a pool that strangers talk to: packets, push/pulls and time, in
 * any order. It never fails an assertion, always says when it wants to wake
 * up, its packets keep their size, and it keeps no more than its limits.
 *
 * Each piece of the input is an op byte, a length of two bytes, and so many
 * bytes of packet or stream; for time, the length is milliseconds.
 */
#include <assert.h>
#include <string.h>

#include "gossipd/codec.h"
#include "gossipd/gossip.h"

enum op {
	OP_PACKET,
	OP_PUSH_PULL,
	OP_ANSWER, /* of the stream that was begun last */
	OP_FAILED,
	OP_TIME,
	OP_LONG_TIME,
	OP_JOIN,
	OP_LEAVE,
	OP_QUERY,
	OP_COUNT,
};

struct run {
	struct gossip *g;
	struct gossip_effects fx;
	struct arena arena;
	struct instant now;
	uint64_t stream;
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_effects(struct run *run)
{
	const struct gossip_effects *fx = &run->fx;

	for (size_t i = 0; i < fx->packets.count; i++) {
		const struct gossip_packet *packet = &fx->packets.items[i];
		struct buf out = { 0 };

		assert(packet->count > 0);
		assert(packet->count <= GOSSIP_COMPOUND_PARTS_MAX);
		codec_join(&fx->messages.items[packet->first], packet->count,
		    (struct codec_form){ false, false }, &out);
		/* A question's own text may be long, and so its answer. */
		assert(packet->count == 1 || out.size <= GOSSIP_PACKET_BYTES);
		buf_deinit(&out);
	}
	for (size_t i = 0; i < fx->streams.count; i++)
		if (fx->streams.items[i].kind != STREAM_REPLY)
			run->stream = fx->streams.items[i].id;
}

static void
step(struct run *run, struct gossip_event event)
{
	bool is_tick = event.kind == GOSSIP_TICK;

	event.now = run->now;
	gossip_effects_reset(&run->fx);
	gossip_step(run->g, &event, &run->fx);
	check_effects(run);
	assert(!is_tick || instant_before(run->now, gossip_deadline(run->g)));
}

static void
on_message(void *arg, const struct message *message)
{
	struct gossip_event event = { .kind = GOSSIP_MESSAGE };

	event.as.message.from = (struct endpoint){ { 127, 0, 0, 9 }, 4, 8301 };
	event.as.message.message = message;
	step(arg, event);
}

static void
on_stream(struct run *run, enum op op, struct slice in)
{
	struct stream_message message;
	struct gossip_event event = { .kind = GOSSIP_PUSH_PULL };

	if (codec_stream_get(in, &run->arena, &message) != ERR_OK ||
	    message.kind != STREAM_HAS_PUSH_PULL)
		return;
	if (op == OP_PUSH_PULL) {
		event.as.push_pull.state = &message.as.push_pull;
	} else {
		event.kind = GOSSIP_STREAM_ANSWER;
		event.as.answer.stream = run->stream;
		event.as.answer.state = &message.as.push_pull;
	}
	step(run, event);
}

static void
on_time(struct run *run, struct duration time)
{
	struct instant end = instant_add(run->now, time);

	for (int i = 0; i < 50; i++) {
		struct instant due = gossip_deadline(run->g);

		if (instant_before(end, due))
			break;
		if (instant_before(run->now, due))
			run->now = due;
		step(run, (struct gossip_event){ .kind = GOSSIP_TICK });
	}
	if (instant_before(run->now, end))
		run->now = end; /* and so it comes late */
}

static void
on_command(struct run *run, enum op op, struct slice in)
{
	struct gossip_event event = { .kind = GOSSIP_STREAM_FAILED };

	if (op == OP_FAILED) {
		event.as.failed.stream = run->stream;
	} else if (op == OP_JOIN) {
		event.kind = GOSSIP_JOIN;
		event.as.join.to =
		    (struct endpoint){ { 127, 0, 0, 9 }, 4, 8301 };
	} else if (op == OP_QUERY) {
		event.kind = GOSSIP_QUERY;
		event.as.query.name = SLICE("uptime");
		event.as.query.filters = &in;
		event.as.query.filter_count = in.size > 0;
	} else {
		event.kind = GOSSIP_LEAVE;
	}
	step(run, event);
}

static void
piece(struct run *run, enum op op, uint16_t size, struct slice in)
{
	if (op == OP_PACKET)
		(void)codec_split(in, &run->arena, on_message, run);
	else if (op == OP_PUSH_PULL || op == OP_ANSWER)
		on_stream(run, op, in);
	else if (op == OP_TIME)
		on_time(run, MILLISECONDS(size));
	else if (op == OP_LONG_TIME)
		on_time(run, SECONDS(size));
	else
		on_command(run, op, in);
	arena_reset(&run->arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = { .now = { 1000000000 } };
	struct gossip_options options = {
		.name = SLICE("n1"),
		.address = { { 127, 0, 0, 1 }, 4, 8301 },
		.timing = gossip_timing_lan,
		.rule = size > 0 && data[0] % 2 ? RULE_CONSUL_LAN : RULE_ANY,
		.datacenter = SLICE("dc1"),
		.seed = 1,
	};
	struct reader rd = reader(slice(data, size));

	gossip_effects_init(&run.fx);
	arena_init(&run.arena);
	run.g = gossip_new(&options);
	step(&run, (struct gossip_event){ .kind = GOSSIP_START });
	while (rd.rest.size >= 3 && !rd.has_failed) {
		enum op op = (enum op)(read_u8(&rd) / 2 % OP_COUNT);
		uint16_t length = read_be16(&rd);
		bool has_bytes = op != OP_TIME && op != OP_LONG_TIME;
		struct slice in = { 0 };

		if (has_bytes)
			in = read_bytes(
			    &rd, length < rd.rest.size ? length : rd.rest.size);
		piece(&run, op, length, in);
	}
	gossip_free(run.g);
	gossip_effects_deinit(&run.fx);
	arena_deinit(&run.arena);
	return (0);
}
