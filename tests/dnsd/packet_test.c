/* Messages: what is taken, what is refused, and how names are written. */
#include <string.h>

#include "../lib/tap.h"
#include "dnsd/packet.h"

#define HEAD "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define WEB  "\3web\7service\6consul\0"
#define A_IN "\0\1\0\1"

#define PARSE(literal) parse((literal), sizeof(literal) - 1)

static struct dns_query query;
static enum dns_rcode rcode;

/* Every message is tried with each of its ends cut off, too: in memory of its
 * own size, where a sanitizer sees each byte too far. */
static enum packet_verdict
parse(const char *message, size_t size)
{
	enum packet_verdict verdict;

	for (size_t i = 0; i < size; i++) {
		struct buf part = { 0 };

		buf_put(&part, message, i);
		verdict = packet_parse(buf_slice(&part), &query, &rcode);
		CHECK(verdict <= PACKET_QUERY);
		buf_deinit(&part);
	}
	return (packet_parse(slice(message, size), &query, &rcode));
}

static void
test_question(void)
{
	CHECK_EQ(PARSE(HEAD "\3WeB\7service\6consul\0" A_IN), PACKET_QUERY);
	CHECK_EQ(query.id, 0x1234);
	CHECK_EQ(query.flags, DNS_RD);
	CHECK_EQ(query.type, DNS_A);
	CHECK_EQ(query.class, DNS_CLASS_IN);
	CHECK_EQ(query.name_size, sizeof(WEB) - 1);
	CHECK(memcmp(query.name, "\3WeB\7service\6consul", 20) == 0);
	CHECK(memcmp(query.folded, WEB, sizeof(WEB) - 1) == 0);
	CHECK(!query.has_edns);
}

static void
test_rejections(void)
{
	CHECK_EQ(PARSE("\x12\x34"), PACKET_IGNORE);
	CHECK_EQ(
	    PARSE("\x12\x34\x81\0\0\1\0\0\0\0\0\0" WEB A_IN), PACKET_IGNORE);
	CHECK_EQ(
	    PARSE("\x12\x34\x29\0\0\1\0\0\0\0\0\0" WEB A_IN), PACKET_REJECT);
	CHECK_EQ(rcode, DNS_NOTIMP);
	CHECK_EQ(PARSE("\x12\x34\1\0\0\2\0\0\0\0\0\0" WEB A_IN WEB A_IN),
	    PACKET_REJECT);
	CHECK_EQ(rcode, DNS_FORMERR);
	CHECK_EQ(PARSE(HEAD), PACKET_REJECT);
	CHECK_EQ(rcode, DNS_REFUSED);
}

static void
test_bad_names(void)
{
	char message[400] = HEAD;
	size_t size = sizeof(HEAD) - 1;

	/* To itself, forward out of the message, a label of type 10. */
	CHECK_EQ(PARSE(HEAD "\xc0\x0c" A_IN), PACKET_REJECT);
	CHECK_EQ(PARSE(HEAD "\xc0\xff" A_IN), PACKET_REJECT);
	CHECK_EQ(PARSE(HEAD "\x80\0" A_IN), PACKET_REJECT);
	/* Two pointers that lead to each other. */
	CHECK_EQ(PARSE(HEAD "\xc0\x0e\xc0\x0c" A_IN), PACKET_REJECT);
	/* 255 bytes are a name, 256 are none. */
	for (int i = 0; i < 4; i++, size += 64)
		memset(&message[size], 'a', 64), message[size] = 63;
	message[12 + 3 * 64] = 61;
	memcpy(&message[12 + 254], "\0" A_IN, 5);
	CHECK_EQ(parse(message, 12 + 255 + 4), PACKET_QUERY);
	CHECK_EQ(query.name_size, DNS_NAME_BYTES_MAX);
	message[12 + 3 * 64] = 62;
	memcpy(&message[12 + 255], "\0" A_IN, 5);
	CHECK_EQ(parse(message, 12 + 256 + 4), PACKET_REJECT);
}

static void
test_edns(void)
{
	CHECK_EQ(PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\1" WEB A_IN
		       "\0\0\x29\x04\xd0\0\0\0\0\0\x0b"
		       "\0\x08\0\7\0\1\x14\0\x0a\1\xff"),
	    PACKET_QUERY);
	CHECK(query.has_edns);
	CHECK_EQ(query.udp_size, 1232);
	CHECK(query.subnet.is_set);
	CHECK_EQ(query.subnet.source_bits, 20);
	/* An option longer than its record. */
	CHECK_EQ(PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\1" WEB A_IN
		       "\0\0\x29\x04\xd0\0\0\0\0\0\4\0\x08\0\1"),
	    PACKET_REJECT);
	/* 33 bits of an IPv4 address. */
	CHECK_EQ(PARSE("\x12\x34\1\0\0\1\0\0\0\0\0\1" WEB A_IN
		       "\0\0\x29\x04\xd0\0\0\0\0\0\x08\0\x08\0\4\0\1\x21\0"),
	    PACKET_REJECT);
}

static struct packet packet;
static uint8_t out[DNS_MESSAGE_BYTES_MAX];

static void
begin(size_t capacity, bool is_compressed)
{
	(void)PARSE(HEAD WEB A_IN);
	packet_begin(&packet, out, capacity, is_compressed);
	packet_put_question(&packet, &query, DNS_QR);
}

static void
put(const char *text)
{
	uint8_t name[DNS_NAME_BYTES_MAX];
	size_t size = 0;

	CHECK(name_from_text(slice_of_text(text), name, &size));
	packet_put_name(&packet, slice(name, size), true);
}

static void
test_compression(void)
{
	size_t start;

	begin(sizeof(out), true);
	start = packet.size;
	put("web.service.consul.");
	CHECK_EQ(packet.size, start + 2);
	put("n1.node.consul");
	/* n1, node, and a pointer to consul in the question. */
	CHECK_EQ(packet.size, start + 2 + 3 + 5 + 2);
	put("n2.node.consul");
	CHECK_EQ(packet.size, start + 12 + 3 + 2);
	put("N2.node.consul"); /* case is kept, so it is another name */
	CHECK_EQ(packet.size, start + 17 + 3 + 2);
	put(".");
	CHECK_EQ(packet.size, start + 22 + 1);
	CHECK(memcmp(&out[start + 12], "\2n2\xc0\x29", 5) == 0);
}

static void
test_no_compression(void)
{
	size_t start;

	begin(sizeof(out), false);
	start = packet.size;
	packet_put_asked(&packet);
	CHECK_EQ(packet.size, start + sizeof(WEB) - 1);
	put("web.service.consul");
	CHECK_EQ(packet.size, start + 2 * (sizeof(WEB) - 1));
}

/* More names than the table holds, and behind what a pointer can reach. */
static void
test_many_names(void)
{
	char text[64];

	begin(sizeof(out), true);
	for (int i = 0; i < 4000; i++) {
		snprintf(text, sizeof(text), "a%d.b%d.node.consul", i, i);
		put(text);
	}
	CHECK(!packet.is_full);
	CHECK(packet.size > 0x3fff);
	put("web.service.consul");
	CHECK(memcmp(&out[packet.size - 2], "\xc0\x0c", 2) == 0);
}

static void
test_full(void)
{
	begin(40, true);
	CHECK(!packet.is_full);
	put("a.longer.name.than.there.is.room.for");
	CHECK(packet.is_full);
	CHECK(packet.size <= 40);
}

/* Serials wrap after 2^32 messages; old slots must not look new then. */
static void
test_serial_wraps(void)
{
	begin(sizeof(out), true);
	put("n1.node.consul");
	packet.serial = UINT32_MAX;
	begin(sizeof(out), true);
	CHECK_EQ(packet.serial, 1);
	put("n1.node.consul");
	CHECK_EQ(packet.size, 12 + sizeof(WEB) - 1 + 4 + 3 + 5 + 2);
}

static void
test_subnet_is_masked(void)
{
	size_t start;

	begin(sizeof(out), true);
	query.has_edns = true;
	query.udp_size = 1232;
	query.subnet = (struct dns_subnet){ true, 1, 20, { 10, 1, 0xff } };
	start = packet.size;
	packet_put_edns(&packet, &query, false);
	CHECK_EQ(packet.size - start, 11 + 4 + 4 + 3);
	CHECK(memcmp(&out[packet.size - 7], "\0\1\x14\0\x0a\1\xf0", 7) == 0);
}

static void
test_names_from_text(void)
{
	uint8_t name[DNS_NAME_BYTES_MAX];
	char text[300];
	size_t size = 0;

	CHECK(name_from_text(SLICE("a.bc."), name, &size));
	CHECK_EQ(size, 6);
	CHECK(memcmp(name, "\1a\2bc\0", 6) == 0);
	CHECK(name_from_text(SLICE(""), name, &size));
	CHECK_EQ(size, 1);
	CHECK(!name_from_text(SLICE("a..b"), name, &size));
	CHECK(!name_from_text(SLICE("a.."), name, &size));
	CHECK(!name_from_text(SLICE(".a"), name, &size));
	memset(text, 'a', sizeof(text));
	CHECK(name_from_text(slice(text, 63), name, &size));
	CHECK(!name_from_text(slice(text, 64), name, &size));
	for (size_t i = 63; i < sizeof(text); i += 64)
		text[i] = '.';
	CHECK(name_from_text(slice(text, 253), name, &size));
	CHECK_EQ(size, DNS_NAME_BYTES_MAX);
	CHECK(!name_from_text(slice(text, 254), name, &size));
}

static void
test_ends(void)
{
	struct slice name = SLICE(WEB);
	size_t prefix = 0;

	CHECK(name_ends_with(name, SLICE("\6consul\0"), &prefix));
	CHECK_EQ(prefix, 12);
	CHECK(name_ends_with(name, name, &prefix));
	CHECK_EQ(prefix, 0);
	/* The same bytes, but not at the beginning of a label. */
	CHECK(!name_ends_with(
	    SLICE("\10x\6consul\0"), SLICE("\6consul\0"), &prefix));
	CHECK(!name_ends_with(SLICE("\0"), SLICE("\6consul\0"), &prefix));
}

int
main(void)
{
	RUN(test_question);
	RUN(test_rejections);
	RUN(test_bad_names);
	RUN(test_edns);
	RUN(test_compression);
	RUN(test_no_compression);
	RUN(test_many_names);
	RUN(test_full);
	RUN(test_serial_wraps);
	RUN(test_subnet_is_masked);
	RUN(test_names_from_text);
	RUN(test_ends);
	return (tap_done());
}
