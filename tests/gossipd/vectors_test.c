/*
 * Captured packets and streams of serf 0.9.4 and Consul 1.8.7 through the
 * codec, both ways: what is decoded and encoded again must be the same bytes,
 * wherever the format leaves no choice (the start of an LZW stream, and empty
 * slots of Serf's ring of events, are one).
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/user_event.h"
#include "gossipd/codec.h"
#include "gossipd/keyring.h"
#include "gossipd/lzw.h"
#include "gossipd/packed.h"
#include "tests/lib/tap.h"

#define FOLDER	     "tests/vectors/gossip"
#define FILES_MAX    100
#define MESSAGES_MAX 16

struct vector {
	char name[256];
	bool is_stream;
	struct keyring *keyring; /* NULL: in the clear */
	struct buf bytes;
};

static struct arena arena;
static struct message messages[MESSAGES_MAX];
static size_t message_count;

static void
collect(void *arg, const struct message *m)
{
	(void)arg;
	CHECK(message_count < MESSAGES_MAX);
	if (message_count < MESSAGES_MAX)
		messages[message_count++] = *m;
}

/* --- Files. --- */

static void
key_take(struct vector *v, const char *text)
{
	struct buf key = { 0 };

	if (v->keyring == NULL)
		v->keyring = keyring_new();
	CHECK(base64_decode(slice(text, strcspn(text, "\n")), &key) == ERR_OK);
	CHECK(keyring_install(v->keyring, buf_slice(&key)) == NULL);
	buf_deinit(&key);
}

static void
hex_take(struct vector *v, const char *text)
{
	unsigned byte;

	for (; sscanf(text, "%2x", &byte) == 1; text += 2) {
		buf_put_u8(&v->bytes, (uint8_t)byte);
		while (text[2] == '\n')
			text++;
	}
}

static void
vector_read(const char *name, struct vector *v)
{
	static char line[65536];
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), FOLDER "/%s", name);
	file = fopen(path, "re");
	CHECK(file != NULL);
	*v = (struct vector){ 0 };
	snprintf(v->name, sizeof(v->name), "%s", name);
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "kind: ", 6) == 0)
			v->is_stream = strncmp(line + 6, "tcp", 3) == 0;
		else if (strncmp(line, "key: ", 5) == 0)
			key_take(v, line + 5);
		else if (strchr(line, ':') == NULL)
			hex_take(v, line);
	}
	if (file != NULL)
		fclose(file);
}

static void
vector_free(struct vector *v)
{
	keyring_free(v->keyring);
	buf_deinit(&v->bytes);
}

static bool
is_of_consul(const struct vector *v)
{
	return (strncmp(v->name, "consul", 6) == 0);
}

/* --- Layers. --- */

/* What is in the sealed bytes; sealing it again opens to the same. */
static struct slice
unsealed(struct vector *v, struct slice sealed, struct slice also)
{
	struct buf plain = { 0 }, again = { 0 }, twice = { 0 };
	struct slice out;

	CHECK(keyring_open(v->keyring, sealed, also, &plain) == ERR_OK);
	keyring_seal(v->keyring, buf_slice(&plain), also, &again);
	CHECK_EQ(again.size, sealed.size);
	CHECK(keyring_open(v->keyring, buf_slice(&again), also, &twice) ==
	      ERR_OK);
	CHECK(slice_equal(buf_slice(&plain), buf_slice(&twice)));
	out = arena_copy(&arena, buf_slice(&plain));
	buf_deinit(&plain);
	buf_deinit(&again);
	buf_deinit(&twice);
	return (out);
}

/* Expanded; and Consul's compression is ours to the bit. */
static struct slice
expanded(const struct vector *v, struct slice in)
{
	struct buf packed = { 0 };
	struct slice plain = { 0 };

	CHECK(packed_get(slice_tail(in, 1), 1 << 20, &arena, &plain) == ERR_OK);
	packed_put(plain, &packed);
	if (is_of_consul(v))
		CHECK(slice_equal(buf_slice(&packed), in));
	buf_deinit(&packed);
	return (plain);
}

static void
check_packet(struct vector *v)
{
	struct slice in = buf_slice(&v->bytes), body;
	struct codec_form form = { 0 };
	struct buf again = { 0 };

	if (v->keyring != NULL)
		in = unsealed(v, in, (struct slice){ 0 });
	body = in;
	if ((form.has_checksum = in.data[0] == 12))
		body = slice_tail(in, 5);
	message_count = 0;
	CHECK_EQ(codec_split(in, &arena, collect, NULL), 0);
	CHECK(message_count > 0);
	if ((form.is_compressed = body.data[0] == 9))
		body = expanded(v, body);
	codec_join(messages, message_count, (struct codec_form){ 0 }, &again);
	CHECK(slice_equal(buf_slice(&again), body));
	buf_reset(&again);
	codec_join(messages, message_count, form, &again);
	if (is_of_consul(v) || !form.is_compressed)
		CHECK(slice_equal(buf_slice(&again), in));
	buf_deinit(&again);
}

/* The nodes as they were; Serf's part the same at the second reading. */
static void
check_push_pull(const struct stream_message *s, struct slice plain)
{
	const struct push_pull *p = &s->as.push_pull;
	struct stream_message again;
	struct buf bytes = { 0 }, twice = { 0 };
	struct stream_message bare = *s;

	CHECK(p->has_serf);
	CHECK(p->node_count > 0);
	codec_stream_put(s, &bytes);
	CHECK(codec_stream_get(buf_slice(&bytes), &arena, &again) == ERR_OK);
	codec_stream_put(&again, &twice);
	CHECK(slice_equal(buf_slice(&bytes), buf_slice(&twice)));
	bare.as.push_pull.has_serf = false;
	buf_reset(&twice);
	codec_stream_put(&bare, &twice);
	/* Behind the header, whose length of Serf's part differs. */
	CHECK(memmem(plain.data, plain.size, twice.data + 29,
		  twice.size - 29) != NULL);
	buf_deinit(&bytes);
	buf_deinit(&twice);
}

/* The end is found, however few bytes come at a time. */
static void
check_end(struct slice in)
{
	struct stream_end slow = { 0 }, fast = { 0 };

	for (size_t i = 0; i < in.size; i++)
		CHECK(
		    codec_stream_end(&slow, slice_head(in, i)) == STREAM_MORE);
	CHECK(codec_stream_end(&slow, in) == STREAM_WHOLE);
	CHECK(codec_stream_end(&fast, in) == STREAM_WHOLE);
}

static void
check_stream(struct vector *v)
{
	struct slice in = buf_slice(&v->bytes), plain;
	struct stream_message s;

	check_end(in);
	if (v->keyring != NULL) {
		in = unsealed(v, slice_tail(in, 5), slice_head(in, 5));
		check_end(in);
	}
	CHECK(in.data[0] == 9);
	plain = expanded(v, in);
	check_end(plain);
	CHECK(codec_stream_get(in, &arena, &s) == ERR_OK);
	CHECK(s.kind == STREAM_HAS_PUSH_PULL);
	if (s.kind == STREAM_HAS_PUSH_PULL)
		check_push_pull(&s, plain);
}

static int
is_hex(const struct dirent *entry)
{
	return (strstr(entry->d_name, ".hex") != NULL);
}

static void
test_all_vectors(void)
{
	struct dirent **entries = NULL;
	int count = scandir(FOLDER, &entries, is_hex, alphasort);

	CHECK(count >= 44);
	for (int i = 0; i < count; i++) {
		bool was_ok = tap_is_ok;
		struct vector v;

		tap_is_ok = true;
		vector_read(entries[i]->d_name, &v);
		if (v.is_stream)
			check_stream(&v);
		else
			check_packet(&v);
		if (!tap_is_ok)
			printf("# in %s\n", v.name);
		tap_is_ok = tap_is_ok && was_ok;
		vector_free(&v);
		arena_reset(&arena);
		free(entries[i]);
	}
	free(entries);
}

/* --- What is in them. --- */

/* Messages of a packet that is not encrypted. */
static void
packet_read(const char *name)
{
	struct vector v;

	arena_reset(&arena);
	message_count = 0;
	vector_read(name, &v);
	CHECK_EQ(codec_split(arena_copy(&arena, buf_slice(&v.bytes)), &arena,
		     collect, NULL),
	    0);
	vector_free(&v);
}

static void
test_ping(void)
{
	const struct ping *ping = &messages[0].as.ping;

	packet_read("udp-ping.hex");
	CHECK_EQ(message_count, 1);
	CHECK_EQ(messages[0].kind, MESSAGE_PING);
	CHECK_EQ(ping->sequence, 1);
	CHECK(slice_is(ping->node, "n3"));
	CHECK(slice_is(ping->source_node, "n2"));
	CHECK_EQ(ping->source.port, 7946);
	CHECK_EQ(ping->source.ip_size, 4);
	CHECK(memcmp(ping->source.ip, "\x7f\x0b\0\2", 4) == 0);
}

static void
test_ack_has_a_coordinate(void)
{
	packet_read("udp-ack.hex");
	CHECK_EQ(messages[0].kind, MESSAGE_ACK);
	CHECK(messages[0].as.ack.has_coord);
	CHECK(messages[0].as.ack.coord.error > 1.435);
	CHECK(messages[0].as.ack.coord.error < 1.436);
}

static void
test_indirect_ping(void)
{
	const struct indirect_ping *ping = &messages[0].as.indirect_ping;

	packet_read("udp-indirect-ping.hex");
	CHECK_EQ(messages[0].kind, MESSAGE_INDIRECT_PING);
	CHECK(ping->wants_nack);
	CHECK_EQ(ping->sequence, 12);
	CHECK_EQ(ping->target.ip_size, 4);
	CHECK_EQ(ping->source.port, 7946);
}

static void
test_query_with_filters(void)
{
	const struct query *query = &messages[0].as.query;

	packet_read("udp-gossip-serf-query-filter.hex");
	CHECK_EQ(messages[0].kind, MESSAGE_QUERY);
	CHECK_EQ(query->filter_count, 2);
	CHECK_EQ(query->filters[0].data[0], 0);
	CHECK_EQ(query->filters[1].data[0], 1);
	CHECK_EQ(query->flags, QUERY_WANTS_ACK);
	CHECK_EQ(query->relay_factor, 1);
}

static void
test_relay(void)
{
	packet_read("udp-serf-relay.hex");
	CHECK_EQ(messages[0].kind, MESSAGE_RELAY);
	CHECK(slice_is(messages[0].as.relay.to_node, "n1"));
	CHECK_EQ(messages[0].as.relay.to.port, 7946);
	CHECK_EQ(messages[0].as.relay.bytes.data[0], 5);
}

/* Consul's envelope is written as it came. */
static void
test_user_event(void)
{
	const struct user_event *event = &messages[0].as.user_event;
	struct user_event_entry entry;
	struct buf again = { 0 };

	packet_read("consul-udp-user-event.hex");
	CHECK_EQ(messages[0].kind, MESSAGE_USER_EVENT);
	CHECK(slice_is(event->name, "consul:event:deploy"));
	CHECK(user_event_decode(event->payload, &entry) == ERR_OK);
	CHECK(slice_is(entry.id, "d2b1a753-562e-7fee-0d28-66ad0d89afb2"));
	CHECK(slice_is(entry.payload, "payload1"));
	CHECK(slice_is(entry.node_filter, "c.*"));
	CHECK(slice_is(entry.service_filter, "web"));
	CHECK_EQ(entry.tag_filter.size, 0);
	CHECK_EQ(entry.version, 1);
	user_event_encode(&entry, &again);
	CHECK(slice_equal(buf_slice(&again), event->payload));
	buf_deinit(&again);
}

int
main(void)
{
	RUN(test_all_vectors);
	RUN(test_ping);
	RUN(test_ack_has_a_coordinate);
	RUN(test_indirect_ping);
	RUN(test_query_with_filters);
	RUN(test_relay);
	RUN(test_user_event);
	arena_deinit(&arena);
	return (tap_done());
}
