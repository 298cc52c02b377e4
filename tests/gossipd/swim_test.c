/* memberlist's rules (gossipd/swim.c, probe.c). */
#include "member.h"
#include "tests/lib/tap.h"

static void
begin_with(struct member_test *t, unsigned count)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f" };

	member_begin(t);
	for (unsigned i = 0; i < count; i++)
		member_hears(t, 2 + i, make_alive(names[i], 2 + i, 1));
}

static void
test_start(void)
{
	struct member_test t;

	member_begin(&t);
	CHECK(has_changed(&t, CHANGE_JOIN, "me"));
	CHECK_EQ(member_sees(&t, "me").incarnation, 1);
	CHECK_EQ(member_sees(&t, "me").status, MEMBER_ALIVE);
	CHECK(member_sees(&t, "me").is_self);
	CHECK_EQ(gossip_member_count(t.g), 1);
	member_end(&t);
}

static void
test_alive(void)
{
	struct member_test t;
	const struct message *said;

	member_begin(&t);
	member_hears(&t, 9, make_alive("a", 2, 3));
	CHECK(has_changed(&t, CHANGE_JOIN, "a"));
	CHECK_EQ(member_sees(&t, "a").incarnation, 3);
	/* News is gossiped on, and old news is not even noticed. */
	said = member_runs(&t, SECONDS(1), MESSAGE_ALIVE, NULL);
	CHECK(said != NULL);
	member_hears(&t, 9, make_alive("a", 2, 2));
	CHECK_EQ(member_sees(&t, "a").incarnation, 3);
	CHECK_EQ(t.fx.changes.count, 0);
	member_hears(&t, 9, make_alive("a", 2, 4));
	CHECK_EQ(member_sees(&t, "a").incarnation, 4);
	CHECK_EQ(t.fx.changes.count, 0); /* nothing that anybody sees */
	member_end(&t);
}

/* Of no allowed network: not in by any way, nor by a move. */
static void
test_networks(void)
{
	static const struct gossip_network networks[] = {
		{ { 10, 0, 0, 0 }, 4, 29 },
		{ { 10, 0, 0, 64 }, 4, 32 },
	};
	struct gossip_options options = member_options();
	struct member_test t;

	options.networks = networks;
	options.network_count = 2;
	member_begin_with(&t, &options);
	member_hears(&t, 2, make_alive("a", 2, 1));
	member_hears(&t, 2, make_alive("b", 64, 1));
	CHECK(member_sees(&t, "a").status == MEMBER_ALIVE);
	CHECK(member_sees(&t, "b").status == MEMBER_ALIVE);
	member_hears(&t, 2, make_alive("c", 8, 1));
	CHECK(has_noted(&t, GOSSIP_NOTE_OUTSIDE));
	CHECK(gossip_member_count(t.g) == 3);
	member_hears(&t, 65, make_alive("d", 3, 1));
	CHECK(t.fx.notes.count == 0);
	CHECK(gossip_member_count(t.g) == 3);
	member_hears(&t, 2, make_alive("a", 9, 2));
	CHECK(has_noted(&t, GOSSIP_NOTE_MOVED_OUTSIDE));
	CHECK(member_sees(&t, "a").address.ip[3] == 2);
	member_end(&t);
}

static void
test_tags_change(void)
{
	struct member_test t;
	struct message alive = make_alive("a", 2, 2);

	begin_with(&t, 1);
	alive.as.alive.meta = SLICE("other");
	member_hears(&t, 2, alive);
	CHECK(has_changed(&t, CHANGE_UPDATE, "a"));
	CHECK(slice_is(member_sees(&t, "a").meta, "other"));
	member_end(&t);
}

static void
test_bad_versions(void)
{
	struct member_test t;
	struct message alive = make_alive("a", 2, 1);

	member_begin(&t);
	alive.as.alive.versions.of[0] = 6; /* pmin > pmax */
	member_hears(&t, 2, alive);
	CHECK(has_noted(&t, GOSSIP_NOTE_BAD_VERSION));
	alive = make_alive("a", 2, 0); /* nobody begins at 0 */
	member_hears(&t, 2, alive);
	CHECK_EQ(gossip_member_count(t.g), 1);
	member_end(&t);
}

static void
test_suspect_and_refutation(void)
{
	struct member_test t;

	begin_with(&t, 2);
	member_hears(&t, 3, make_accusation(MESSAGE_SUSPECT, "a", 1, "b"));
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_SUSPECT);
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_ALIVE);
	member_hears(&t, 2, make_alive("a", 2, 1)); /* too old a defence */
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_SUSPECT);
	member_hears(&t, 2, make_alive("a", 2, 2));
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_ALIVE);
	member_hears(&t, 3, make_accusation(MESSAGE_SUSPECT, "a", 1, "b"));
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_ALIVE);
	member_end(&t);
}

static void
test_suspicion_runs_out(void)
{
	struct member_test t;
	const struct message *said;

	begin_with(&t, 1);
	member_hears(&t, 3, make_accusation(MESSAGE_SUSPECT, "a", 1, "x"));
	/* Of two members none can confirm: the least time, 4 s. */
	said = member_runs(&t, MILLISECONDS(3990), MESSAGE_DEAD, NULL);
	CHECK(said == NULL);
	said = member_runs(&t, SECONDS(1), MESSAGE_DEAD, NULL);
	CHECK(said != NULL);
	CHECK(slice_is(said->as.accusation.from, "me"));
	CHECK_EQ(member_sees(&t, "a").status, MEMBER_FAILED);
	member_end(&t);
}

static void
test_self_defence(void)
{
	struct member_test t;
	struct gossip_stats stats;
	const struct message *said;

	begin_with(&t, 2);
	(void)member_runs(&t, SECONDS(3), MESSAGE_COUNT, NULL);
	member_hears(&t, 2, make_accusation(MESSAGE_SUSPECT, "me", 5, "a"));
	CHECK(has_noted(&t, GOSSIP_NOTE_REFUTE));
	CHECK_EQ(member_sees(&t, "me").incarnation, 6);
	CHECK_EQ(member_sees(&t, "me").swim, SWIM_ALIVE);
	said = member_runs(&t, SECONDS(1), MESSAGE_ALIVE, NULL);
	CHECK(said != NULL);
	CHECK_EQ(said->as.alive.incarnation, 6);
	member_hears(&t, 2, make_accusation(MESSAGE_DEAD, "me", 6, "a"));
	CHECK_EQ(member_sees(&t, "me").incarnation, 7);
	gossip_stats(t.g, &stats);
	CHECK(stats.health_score >= 2);
	/* A word from an earlier life of ours, with other tags. */
	member_hears(&t, 2, make_alive("me", 1, 9));
	CHECK_EQ(member_sees(&t, "me").incarnation, 10);
	CHECK(slice_is(member_sees(&t, "me").meta, "role"));
	member_end(&t);
}

static void
test_dead_and_left(void)
{
	struct member_test t;

	begin_with(&t, 2);
	member_hears(&t, 3, make_accusation(MESSAGE_DEAD, "a", 1, "b"));
	CHECK(has_changed(&t, CHANGE_FAILED, "a"));
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_DEAD);
	member_hears(&t, 3, make_accusation(MESSAGE_DEAD, "b", 1, "b"));
	CHECK(has_changed(&t, CHANGE_LEAVE, "b"));
	CHECK_EQ(member_sees(&t, "b").swim, SWIM_LEFT);
	CHECK_EQ(member_sees(&t, "b").status, MEMBER_LEFT);
	member_hears(&t, 3, make_accusation(MESSAGE_DEAD, "b", 0, "b"));
	CHECK_EQ(t.fx.changes.count, 0);
	member_hears(&t, 2, make_alive("a", 2, 2));
	CHECK(has_changed(&t, CHANGE_JOIN, "a"));
	member_end(&t);
}

/* Another address for a known name: never while it lives. */
static void
test_address_reclaim(void)
{
	struct member_test t;

	begin_with(&t, 2);
	member_hears(&t, 9, make_alive("a", 9, 7));
	CHECK(has_noted(&t, GOSSIP_NOTE_CONFLICT));
	CHECK_EQ(member_sees(&t, "a").address.ip[3], 2);
	member_hears(&t, 9, make_alive("me", 9, 7));
	CHECK(has_noted(&t, GOSSIP_NOTE_CONFLICT));
	CHECK_EQ(member_sees(&t, "me").incarnation, 1);
	/* Dead for less than 30 s, no; left, at once, at any incarnation. */
	member_hears(&t, 3, make_accusation(MESSAGE_DEAD, "a", 1, "b"));
	member_hears(&t, 9, make_alive("a", 9, 7));
	CHECK(has_noted(&t, GOSSIP_NOTE_CONFLICT));
	member_hears(&t, 3, make_accusation(MESSAGE_DEAD, "b", 1, "b"));
	member_hears(&t, 9, make_alive("b", 9, 1));
	CHECK(has_noted(&t, GOSSIP_NOTE_ADDRESS_CHANGED));
	CHECK_EQ(member_sees(&t, "b").address.ip[3], 9);
	CHECK_EQ(member_sees(&t, "b").status, MEMBER_ALIVE);
	member_end(&t);
}

static struct message
make_alive_id(uint8_t number, uint32_t incarnation, const char *id)
{
	static struct buf meta; /* lent to the message */
	struct message m = make_alive("a", number, incarnation);

	buf_deinit(&meta);
	buf_put_u8(&meta, 0xff);
	buf_put_u8(&meta, 0x81);
	buf_put_u8(&meta, 0xa2);
	buf_put_text(&meta, "id");
	buf_put_u8(&meta, (uint8_t)(0xa0 + strlen(id)));
	buf_put_text(&meta, id);
	m.as.alive.meta = buf_slice(&meta);
	return (m);
}

/* A pod that is back with its volume, elsewhere: by its node ID, at once, but
 * only by a word that it alone can say, and not while somebody answers. */
static void
test_back_elsewhere(void)
{
	struct member_test t;

	member_begin(&t);
	member_hears(&t, 3, make_alive("b", 3, 1));
	member_hears(&t, 2, make_alive_id(2, 4, "id-a"));
	member_hears(&t, 9, make_alive_id(9, 5, "id-a"));
	CHECK(has_noted(&t, GOSSIP_NOTE_CONFLICT));
	member_hears(&t, 3, make_accusation(MESSAGE_SUSPECT, "a", 4, "b"));
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_SUSPECT);
	member_hears(&t, 9, make_alive_id(9, 4, "id-a"));
	CHECK(has_noted(&t, GOSSIP_NOTE_CONFLICT));
	member_hears(&t, 9, make_alive_id(9, 5, "other"));
	CHECK(has_noted(&t, GOSSIP_NOTE_CONFLICT));
	CHECK_EQ(member_sees(&t, "a").address.ip[3], 2);
	member_hears(&t, 9, make_alive_id(9, 5, "id-a"));
	CHECK(has_noted(&t, GOSSIP_NOTE_ADDRESS_CHANGED));
	CHECK(has_changed(&t, CHANGE_UPDATE, "a"));
	CHECK_EQ(member_sees(&t, "a").address.ip[3], 9);
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_ALIVE);
	/* And from the dead; a late word of its earlier life changes nothing.
	 */
	member_hears(&t, 3, make_accusation(MESSAGE_DEAD, "a", 5, "b"));
	member_hears(&t, 2, make_alive_id(2, 4, "id-a"));
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_DEAD);
	member_hears(&t, 8, make_alive_id(8, 6, "id-a"));
	CHECK(has_changed(&t, CHANGE_JOIN, "a"));
	CHECK_EQ(member_sees(&t, "a").address.ip[3], 8);
	member_end(&t);
}

static void
test_ping(void)
{
	struct member_test t;
	struct message ping = { .kind = MESSAGE_PING };
	const struct gossip_packet *packet;
	const struct message *said;

	begin_with(&t, 1);
	ping.as.ping.sequence = 77;
	member_hears(&t, 4, ping);
	said = member_said(&t, MESSAGE_ACK, &packet);
	CHECK(said != NULL);
	CHECK_EQ(said->as.ack.sequence, 77);
	CHECK(said->as.ack.has_coord);
	CHECK_EQ(packet->to.ip[3], 4);
	CHECK(packet->count > 1); /* gossip rides along */
	ping.as.ping.source = address_of(5);
	ping.as.ping.node = SLICE("me");
	member_hears(&t, 4, ping);
	said = member_said(&t, MESSAGE_ACK, &packet);
	CHECK(said != NULL);
	CHECK_EQ(packet->to.ip[3], 5);
	ping.as.ping.node = SLICE("who was here before");
	member_hears(&t, 4, ping);
	CHECK(member_said(&t, MESSAGE_ACK, NULL) == NULL);
	member_end(&t);
}

static void
answer_ping(struct member_test *t, const struct message *ping)
{
	struct message ack = { .kind = MESSAGE_ACK };

	ack.as.ack.sequence = ping->as.ping.sequence;
	t->now = instant_add(t->now, MILLISECONDS(3));
	member_hears(t, 2, ack);
}

static void
test_probe_is_answered(void)
{
	struct member_test t;

	begin_with(&t, 1);
	for (int i = 0; i < 20; i++) {
		const struct message *ping =
		    member_runs(&t, SECONDS(2), MESSAGE_PING, NULL);

		CHECK(ping != NULL);
		CHECK(slice_is(ping->as.ping.node, "a"));
		CHECK(slice_is(ping->as.ping.source_node, "me"));
		answer_ping(&t, ping);
	}
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_ALIVE);
	member_end(&t);
}

/* Nobody answers: others are asked, and TCP; then it is suspected. */
static void
test_probe_fails(void)
{
	struct member_test t;
	struct instant begun;
	struct slice target;
	const struct message *said;
	unsigned asked = 0;
	struct gossip_stats stats;

	begin_with(&t, 5);
	(void)member_runs(&t, SECONDS(1), MESSAGE_PING, NULL);
	begun = t.now;
	said = member_runs(&t, SECONDS(1), MESSAGE_INDIRECT_PING, NULL);
	CHECK(said != NULL);
	CHECK_EQ(instant_since(t.now, begun).ns, MILLISECONDS(500).ns);
	CHECK(said->as.indirect_ping.wants_nack);
	target = said->as.indirect_ping.node;
	for (size_t i = 0; i < t.fx.packets.count; i++)
		asked +=
		    t.fx.messages.items[t.fx.packets.items[i].first].kind ==
		    MESSAGE_INDIRECT_PING;
	CHECK_EQ(asked, 3);
	CHECK_EQ(t.fx.streams.count, 1);
	CHECK_EQ(t.fx.streams.items[0].kind, STREAM_PING);
	CHECK(slice_equal(t.fx.streams.items[0].ping.node, target));
	/* Three nacks: all are well but the target. */
	for (unsigned i = 0; i < 3; i++) {
		struct message nack = { .kind = MESSAGE_NACK };

		nack.as.nack.sequence = 1;
		member_hears(&t, 3, nack);
	}
	t.now = instant_add(begun, SECONDS(1));
	member_step(&t, (struct gossip_event){ .kind = GOSSIP_TICK });
	CHECK(has_noted(&t, GOSSIP_NOTE_SUSPECT));
	gossip_stats(t.g, &stats);
	CHECK_EQ(stats.health_score, 0);
	member_end(&t);
}

static void
test_no_nacks_is_our_fault(void)
{
	struct member_test t;
	struct gossip_stats stats;

	begin_with(&t, 5);
	(void)member_runs(&t, SECONDS(2), MESSAGE_SUSPECT, NULL);
	gossip_stats(t.g, &stats);
	CHECK_EQ(stats.health_score, 3);
	(void)member_runs(&t, SECONDS(60), MESSAGE_COUNT, NULL);
	gossip_stats(t.g, &stats);
	CHECK_EQ(stats.health_score, 7); /* and no more */
	member_end(&t);
}

static void
test_tcp_saves(void)
{
	struct member_test t;
	struct gossip_event event = { .kind = GOSSIP_STREAM_ANSWER };

	begin_with(&t, 1);
	(void)member_runs(&t, SECONDS(1), MESSAGE_PING, NULL);
	do
		(void)member_runs(&t, MILLISECONDS(20), MESSAGE_COUNT, NULL);
	while (t.fx.streams.count == 0);
	event.as.answer.stream = t.fx.streams.items[0].id;
	member_step(&t, event);
	for (int i = 0; i < 60 && !has_noted(&t, GOSSIP_NOTE_TCP_ONLY); i++)
		(void)member_runs(&t, MILLISECONDS(20), MESSAGE_COUNT, NULL);
	CHECK(has_noted(&t, GOSSIP_NOTE_TCP_ONLY));
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_ALIVE);
	member_end(&t);
}

/* Lifeguard's buddy system: the suspect hears it from us. */
static void
test_suspect_is_told(void)
{
	struct member_test t;
	const struct gossip_packet *packet;
	const struct message *said;

	begin_with(&t, 1);
	(void)member_runs(&t, SECONDS(1), MESSAGE_PING, NULL);
	member_hears(&t, 3, make_accusation(MESSAGE_SUSPECT, "a", 1, "x"));
	said = member_runs(&t, SECONDS(3), MESSAGE_PING, &packet);
	CHECK(said != NULL);
	CHECK_EQ(packet->count, 2);
	CHECK(packet->has_checksum);
	said = &t.fx.messages.items[packet->first + 1];
	CHECK_EQ(said->kind, MESSAGE_SUSPECT);
	CHECK(slice_is(said->as.accusation.from, "me"));
	member_end(&t);
}

static void
test_errand(void)
{
	struct member_test t;
	struct message ask = { .kind = MESSAGE_INDIRECT_PING };
	struct message ack = { .kind = MESSAGE_ACK };
	const struct gossip_packet *packet;
	const struct message *said;

	begin_with(&t, 1);
	ask.as.indirect_ping = (struct indirect_ping){ .sequence = 50,
		.node = SLICE("a"),
		.target = address_of(2),
		.wants_nack = true };
	member_hears(&t, 4, ask);
	said = member_said(&t, MESSAGE_PING, &packet);
	CHECK(said != NULL);
	CHECK_EQ(packet->to.ip[3], 2);
	ack.as.ack.sequence = said->as.ping.sequence;
	member_hears(&t, 2, ack);
	said = member_said(&t, MESSAGE_ACK, &packet);
	CHECK(said != NULL);
	CHECK_EQ(said->as.ack.sequence, 50);
	CHECK(!said->as.ack.has_coord);
	CHECK_EQ(packet->to.ip[3], 4);
	CHECK(member_runs(&t, SECONDS(1), MESSAGE_NACK, NULL) == NULL);
	/* And one that is not answered. */
	member_hears(&t, 4, ask);
	said = member_runs(&t, MILLISECONDS(500), MESSAGE_NACK, &packet);
	CHECK(said != NULL);
	CHECK_EQ(said->as.nack.sequence, 50);
	CHECK_EQ(packet->to.ip[3], 4);
	member_end(&t);
}

static void
test_errands_are_bounded(void)
{
	struct member_test t;
	struct message ask = { .kind = MESSAGE_INDIRECT_PING };
	struct gossip_stats stats;

	begin_with(&t, 1);
	ask.as.indirect_ping.target = address_of(2);
	for (int i = 0; i < 1000; i++)
		member_hears(&t, 4, ask);
	CHECK(member_said(&t, MESSAGE_PING, NULL) == NULL);
	gossip_stats(t.g, &stats);
	CHECK(stats.dropped > 500);
	member_end(&t);
}

/* We were stopped for long: what others said in the meantime comes first, and
 * suspects get their time again. */
static void
test_late(void)
{
	struct member_test t;
	struct gossip_stats stats;

	begin_with(&t, 1);
	member_hears(&t, 3, make_accusation(MESSAGE_SUSPECT, "a", 1, "x"));
	t.now = instant_add(t.now, SECONDS(100));
	member_step(&t, (struct gossip_event){ .kind = GOSSIP_TICK });
	CHECK_EQ(member_sees(&t, "a").swim, SWIM_SUSPECT);
	gossip_stats(t.g, &stats);
	CHECK(stats.health_score > 0);
	member_end(&t);
}

/* Nothing to say: nothing to wake up for but the probe. */
static void
test_idle(void)
{
	struct member_test t;
	struct instant before;
	int ticks = 0;

	member_begin(&t);
	(void)member_runs(&t, SECONDS(10), MESSAGE_COUNT, NULL);
	before = t.now;
	while (instant_since(t.now, before).ns < SECONDS(10).ns) {
		t.now = gossip_deadline(t.g);
		member_step(&t, (struct gossip_event){ .kind = GOSSIP_TICK });
		ticks++;
	}
	CHECK(ticks <= 13);
	member_end(&t);
}

static void
test_packets_keep_their_size(void)
{
	struct member_test t;
	struct message ping = { .kind = MESSAGE_PING };
	static const uint8_t meta[GOSSIP_META_BYTES_MAX];

	member_begin(&t);
	gossip_set_encrypted(t.g, true);
	for (unsigned i = 0; i < 100; i++) {
		char name[16];
		struct message alive;

		snprintf(name, sizeof(name), "node-%u", i);
		alive = make_alive(name, i + 2, 1);
		alive.as.alive.meta = slice(meta, i * 5);
		member_hears(&t, 2, alive);
	}
	for (int i = 0; i < 500; i++) {
		size_t bytes = GOSSIP_COMPOUND_BYTES + GOSSIP_ENCRYPT_BYTES;

		member_hears(&t, 2, ping);
		CHECK_EQ(t.fx.packets.count, 1);
		for (size_t j = 0; j < t.fx.messages.count; j++)
			bytes += GOSSIP_PART_BYTES +
				 message_size(&t.fx.messages.items[j]);
		CHECK(bytes <= GOSSIP_PACKET_BYTES);
	}
	member_end(&t);
}

int
main(void)
{
	RUN(test_start);
	RUN(test_alive);
	RUN(test_networks);
	RUN(test_tags_change);
	RUN(test_bad_versions);
	RUN(test_suspect_and_refutation);
	RUN(test_suspicion_runs_out);
	RUN(test_self_defence);
	RUN(test_dead_and_left);
	RUN(test_address_reclaim);
	RUN(test_back_elsewhere);
	RUN(test_ping);
	RUN(test_probe_is_answered);
	RUN(test_probe_fails);
	RUN(test_no_nacks_is_our_fault);
	RUN(test_tcp_saves);
	RUN(test_suspect_is_told);
	RUN(test_errand);
	RUN(test_errands_are_bounded);
	RUN(test_late);
	RUN(test_idle);
	RUN(test_packets_keep_their_size);
	return (tap_done());
}
