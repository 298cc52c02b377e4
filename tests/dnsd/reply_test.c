/* Replies of recursors: which are to our question, and what they say. */
#include <string.h>

#include "../lib/tap.h"
#include "dnsd/reply.h"

#define ID 0x1234

static uint8_t message[1024];
static size_t size;
static struct dns_query query;
static uint8_t asked[DNS_QUESTION_BYTES_MAX];

/* "www.Example.com", type A. */
static void
ask(void)
{
	static const uint8_t name[] = "\3www\7Example\3com";

	reply_question(slice(name, sizeof(name)), DNS_A, asked, &query);
}

static void
put(const void *data, size_t more)
{
	memcpy(&message[size], data, more);
	size += more;
}

/* A reply with the question in lower case; counts follow. */
static void
begin(uint8_t flags_high, uint8_t flags_low, uint8_t answers, uint8_t others)
{
	uint8_t head[DNS_HEADER_BYTES] = { ID >> 8, ID & 0xff, flags_high,
		flags_low, 0, 1, 0, answers, 0, others };

	ask();
	size = 0;
	put(head, sizeof(head));
	put("\3www\7example\3com\0\0\1\0\1", 21);
}

#define PUT(text) put(text, sizeof(text) - 1)

static enum reply_verdict
judge(void)
{
	return (reply_judge(message, &size, &query, ID));
}

static void
test_question(void)
{
	ask();
	CHECK_EQ(query.message.size, DNS_HEADER_BYTES + 17 + 4);
	CHECK_EQ(query.message.data[2], 1); /* RD */
	CHECK(memcmp(&query.name[5], "Example", 7) == 0);
	CHECK(memcmp(&query.folded[5], "example", 7) == 0);
}

static void
test_to_us(void)
{
	begin(0x81, 0x80, 0, 0);
	CHECK_EQ(judge(), REPLY_WHOLE);
	CHECK_EQ(reply_rcode(message), DNS_NOERROR);
	CHECK_EQ(reply_judge(message, &size, &query, ID ^ 1), REPLY_FOREIGN);
	message[2] = 0x01; /* no QR */
	CHECK_EQ(judge(), REPLY_FOREIGN);
	message[2] = 0x81;
	message[14] = 'v'; /* another name */
	CHECK_EQ(judge(), REPLY_FOREIGN);
	message[14] = 'w';
	message[size - 3] = DNS_AAAA;
	CHECK_EQ(judge(), REPLY_FOREIGN);
	message[size - 3] = DNS_A;
	message[size - 1] = 3; /* class CH */
	CHECK_EQ(judge(), REPLY_FOREIGN);
	for (size_t cut = 0; cut < DNS_HEADER_BYTES + 21; cut++) {
		begin(0x81, 0x80, 0, 0);
		size = cut;
		CHECK_EQ(judge(), REPLY_FOREIGN);
	}
}

/* Who refuses need not repeat the question; who answers must. */
static void
test_without_question(void)
{
	begin(0x81, 0x85, 0, 0);
	message[5] = 0;
	size = DNS_HEADER_BYTES;
	CHECK_EQ(judge(), REPLY_WHOLE);
	CHECK_EQ(reply_rcode(message), DNS_REFUSED);
	message[3] = 0x80;
	CHECK_EQ(judge(), REPLY_FOREIGN);
}

static void
test_records(void)
{
	struct arena arena = { 0 };
	struct rr_list list = { 0 };

	begin(0x81, 0x80, 4, 0);
	PUT("\xc0\x0c\0\5\0\1\0\0\0\7\0\4\1b\xc0\x10");
	PUT("\1b\xc0\x10\0\1\0\1\0\0\1\0\0\4\12\1\2\3");
	PUT("\xc0\x0c\0\56\0\1\0\0\0\7\0\3xyz"); /* RRSIG: left out */
	PUT("\xc0\x0c\0\20\0\1\0\0\0\7\0\2\1t");
	PUT("behind it");
	CHECK_EQ(judge(), REPLY_WHOLE);
	CHECK_EQ(message[size - 1], 't'); /* what is behind is cut off */
	reply_records(slice(message, size), &arena, &list);
	CHECK_EQ(list.count, 3);
	if (list.count != 3)
		return;
	CHECK_EQ(list.items[0].type, DNS_CNAME);
	CHECK_EQ(list.items[0].ttl, 7);
	CHECK(
	    slice_equal(list.items[0].target, slice("\1b\7example\3com", 15)));
	CHECK(
	    slice_equal(list.items[0].owner, slice("\3www\7example\3com", 17)));
	CHECK_EQ(list.items[1].type, DNS_A);
	CHECK_EQ(list.items[1].ttl, 256);
	CHECK(slice_equal(list.items[1].data, slice("\12\1\2\3", 4)));
	CHECK(slice_equal(list.items[1].owner, list.items[0].target));
	CHECK_EQ(list.items[2].type, DNS_TXT);
	arena_deinit(&arena);
}

/* Broken, unless it says that it was cut: then its question is left. */
static void
test_broken(void)
{
	static const struct {
		const char *bytes;
		size_t size;
	} rows[] = {
		{ "\xc0\x0c\0\1\0\1\0\0\0\7\0\4\1\2\3", 15 }, /* cut */
		{ "\xc0\x0c\0\1\0\1\0\0\0\7\0\3\1\2\3", 15 }, /* no address */
		{ "\xc0\x0c\0\34\0\1\0\0\0\7\0\4\1\2\3\4", 16 },
		{ "\xc0\x21\0\1\0\1\0\0\0\7\0\4\1\2\3\4", 16 }, /* loop */
		{ "\xc0\xff\0\1\0\1\0\0\0\7\0\4\1\2\3\4", 16 }, /* nowhere */
		{ "\x80\0\0\1\0\1\0\0\0\7\0\4\1\2\3\4", 16 },
		{ "\xc0\x0c\0\5\0\1\0\0\0\7\0\3\xc0\x0c\0", 15 }, /* longer */
		{ "\xc0\x0c\0\1", 4 },
		{ "\xc0", 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(0x81, 0x80, 1, 0);
		put(rows[i].bytes, rows[i].size);
		CHECK_EQ(judge(), REPLY_BROKEN);
		begin(0x83, 0x80, 1, 0);
		put(rows[i].bytes, rows[i].size);
		CHECK_EQ(judge(), REPLY_WHOLE);
		CHECK_EQ(size, DNS_HEADER_BYTES + 21);
		CHECK_EQ(message[7], 0);
	}
}

/* Counts are those of the records that are there. */
static void
test_counts(void)
{
	begin(0x81, 0x80, 9, 3);
	PUT("\xc0\x0c\0\1\0\1\0\0\0\7\0\4\1\2\3\4");
	CHECK_EQ(judge(), REPLY_WHOLE);
	CHECK_EQ(message[7], 1);
	CHECK_EQ(message[9], 0);
}

int
main(void)
{
	RUN(test_question);
	RUN(test_to_us);
	RUN(test_without_question);
	RUN(test_records);
	RUN(test_broken);
	RUN(test_counts);
	return (tap_done());
}
