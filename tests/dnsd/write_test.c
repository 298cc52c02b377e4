/*
 * Shuffling and cutting. Which records remain is a matter of chance; how many,
 * and that every one has the same chance, is not.
 */
#include <string.h>

#include "../lib/tap.h"
#include "dnsd/write.h"

static struct dns_settings settings = { .udp_answer_limit = 3 };
static struct writer writer = { .chance = { 7 } };
static struct arena arena;
static uint8_t data[DNS_MESSAGE_BYTES_MAX];

static struct slice
name(const char *text)
{
	uint8_t bytes[DNS_NAME_BYTES_MAX];
	size_t size = 0;

	CHECK(name_from_text(slice_of_text(text), bytes, &size));
	return (arena_copy(&arena, slice(bytes, size)));
}

static void
query_init(struct dns_query *q, uint16_t udp_size)
{
	struct slice asked = name("web.service.consul");

	memset(q, 0, sizeof(*q));
	q->has_question = true;
	q->type = DNS_A;
	q->class = DNS_CLASS_IN;
	q->name_size = (uint8_t)asked.size;
	memcpy(q->name, asked.data, asked.size);
	memcpy(q->folded, asked.data, asked.size);
	q->has_edns = udp_size > 0;
	q->udp_size = udp_size;
}

/* `count` instances with an address each, the last byte tells which. */
static struct dns_answer *
addresses(size_t count, size_t limit)
{
	struct draft d;

	draft_init(&d, &arena);
	d.is_service = true;
	d.group_limit = limit;
	for (size_t i = 0; i < count; i++) {
		uint8_t address[4] = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i };

		rr_add(&arena, &draft_add(&d)->answers,
		    (struct rr){ .type = DNS_A,
			.data = arena_copy(&arena, slice(address, 4)) });
	}
	return (answer_new(&d));
}

static struct dns_answer *
targets(size_t count)
{
	struct draft d;

	draft_init(&d, &arena);
	d.is_service = true;
	for (size_t i = 0; i < count; i++) {
		struct draft_group *g = draft_add(&d);
		struct slice target;
		char text[64];

		snprintf(text, sizeof(text), "node-%04zu.node.dc1.consul", i);
		target = name(text);
		rr_add(&arena, &g->answers,
		    (struct rr){ .type = DNS_SRV,
			.data = SLICE("\0\1\0\1\0\1"),
			.target = target });
		rr_add(&arena, &g->extras,
		    (struct rr){ .type = DNS_A,
			.owner = target,
			.data = SLICE("\1\2\3\4") });
		rr_add(&arena, &g->extras,
		    (struct rr){ .type = DNS_TXT,
			.owner = target,
			.data = SLICE("\5hello") });
	}
	return (answer_new(&d));
}

struct counts {
	unsigned answers, authorities, extras;
	bool is_cut; /* TC */
	size_t size;
};

static struct counts
written(struct dns_answer *a, uint16_t udp_size, bool is_tcp)
{
	struct dns_query q;
	struct counts c;

	query_init(&q, udp_size);
	if (a->has_extras)
		q.type = DNS_SRV;
	c.size = answer_write(&writer, &settings, a, &q, is_tcp, data);
	c.answers = (unsigned)(data[6] << 8 | data[7]);
	c.authorities = (unsigned)(data[8] << 8 | data[9]);
	c.extras = (unsigned)(data[10] << 8 | data[11]);
	c.is_cut = (data[2] & 2) != 0;
	return (c);
}

static void
test_counts_of_addresses(void)
{
	struct dns_answer *a = addresses(100, 0);

	CHECK_EQ(written(a, 0, false).answers, 3);
	CHECK_EQ(written(a, 512, false).answers, 3);
	/* 700 - 7 - 12 - 24 bytes, 16 each. */
	CHECK_EQ(written(a, 700, false).answers, 41);
	CHECK_EQ(written(a, 4096, false).answers, 100);
	CHECK_EQ(written(a, 0, true).answers, 100);
	settings.udp_answer_limit = 20;
	CHECK_EQ(written(a, 0, false).answers, 8);
	settings.udp_answer_limit = 3;
	answer_free(a);
}

static void
test_a_record_limit(void)
{
	struct dns_answer *a = addresses(100, 2);

	CHECK_EQ(written(a, 0, false).answers, 2);
	CHECK_EQ(written(a, 4096, false).answers, 2);
	CHECK_EQ(written(a, 0, true).answers, 2);
	answer_free(a);
}

static void
test_none_over_udp(void)
{
	struct dns_answer *a = addresses(5, 0);
	struct counts c;

	settings.udp_answer_limit = 0;
	c = written(a, 0, false);
	CHECK_EQ(c.answers, 0);
	CHECK_EQ(c.authorities, 1);
	CHECK(!c.is_cut);
	settings.enable_truncate = true;
	c = written(a, 0, false);
	CHECK_EQ(c.answers, 0);
	CHECK_EQ(c.authorities, 0);
	CHECK(c.is_cut);
	settings.enable_truncate = false;
	settings.udp_answer_limit = 3;
	answer_free(a);
}

/* Cut answers keep the addresses of their targets, and nothing else. */
static void
test_extras(void)
{
	struct dns_answer *a = targets(50);
	struct counts c = written(a, 0, false);

	CHECK_EQ(c.answers, 3);
	CHECK_EQ(c.extras, 3);
	c = written(a, 0, true);
	CHECK_EQ(c.answers, 50);
	CHECK_EQ(c.extras, 100);
	c = written(a, 1232, false);
	CHECK(c.answers > 10);
	CHECK_EQ(c.extras, c.answers + 1); /* and OPT */
	CHECK(c.size <= 1232 - 7 + 11);
	answer_free(a);
	a = targets(2);
	c = written(a, 0, false);
	CHECK_EQ(c.answers, 2);
	CHECK_EQ(c.extras, 4);
	answer_free(a);
}

/* As many as fit: one more (an answer of 45 bytes, an address of 16) would be
 * too long. */
static void
test_as_many_as_fit(void)
{
	struct dns_answer *a = targets(200);

	for (uint16_t size = 513; size < 6000; size += 37) {
		struct counts c = written(a, size, false);

		CHECK(c.size - 11 <= size - 7U);
		CHECK(c.answers == 200 || c.size - 11 + 61 > size - 7U);
	}
	answer_free(a);
}

static void
test_limits_of_tcp(void)
{
	struct dns_answer *a = addresses(5000, 0);
	struct counts c = written(a, 0, true);

	CHECK(c.answers > 4000 && c.answers <= 4096);
	CHECK(c.size <= 65523);
	answer_free(a);
}

/* A message that nothing can shorten is refused, not cut in the middle. */
static void
test_too_long_to_say(void)
{
	static uint8_t text[256] = { 255 };
	struct dns_answer *a;
	struct draft_group *g;
	struct draft d;

	draft_init(&d, &arena);
	g = draft_add(&d);
	for (int i = 0; i < 300; i++)
		rr_add(&arena, &g->answers,
		    (struct rr){
			.type = DNS_TXT, .data = slice(text, sizeof(text)) });
	a = answer_new(&d);
	CHECK_EQ(written(a, 0, true).answers, 0);
	CHECK_EQ(data[3] & 15, DNS_SERVFAIL);
	answer_free(a);
}

static void
test_every_instance_has_the_same_chance(void)
{
	enum { COUNT = 10, TURNS = 20000 };
	struct dns_answer *a = addresses(COUNT, 0);
	size_t seen[COUNT] = { 0 }, first[COUNT] = { 0 };
	struct counts c;

	for (int i = 0; i < TURNS; i++) {
		c = written(a, 0, false);
		for (unsigned k = 0; k < c.answers; k++)
			seen[data[c.size - 1 - 16 * k]]++;
		first[data[c.size - 1 - 16 * (c.answers - 1)]]++;
	}
	/* 5 % off would be ten standard deviations and more. */
	for (size_t i = 0; i < COUNT; i++) {
		CHECK(seen[i] > 5700 && seen[i] < 6300);
		CHECK(first[i] > 1800 && first[i] < 2200);
	}
	answer_free(a);
}

/* Equal instances are one record, with more chances to come first. */
static void
test_repeated_instances(void)
{
	struct dns_answer *a;
	struct draft d;
	size_t first = 0;

	draft_init(&d, &arena);
	d.is_service = true;
	for (uint8_t i = 0; i < 2; i++)
		rr_add(&arena, &draft_add(&d)->answers,
		    (struct rr){ .type = DNS_A,
			.data = arena_copy(
			    &arena, slice((uint8_t[]){ 1, 1, 1, i }, 4)) });
	draft_repeat(&d, 1);
	draft_repeat(&d, 1);
	a = answer_new(&d);
	for (int i = 0; i < 10000; i++) {
		struct counts c = written(a, 0, false);

		CHECK_EQ(c.answers, 2);
		first += data[c.size - 1 - 16];
	}
	CHECK(first > 7200 && first < 7800);
	answer_free(a);
}

int
main(void)
{
	settings.domain.size = 8;
	memcpy(settings.domain.data, "\6consul", 8);
	RUN(test_counts_of_addresses);
	RUN(test_a_record_limit);
	RUN(test_none_over_udp);
	RUN(test_extras);
	RUN(test_as_many_as_fit);
	RUN(test_limits_of_tcp);
	RUN(test_too_long_to_say);
	RUN(test_every_instance_has_the_same_chance);
	RUN(test_repeated_instances);
	arena_deinit(&arena);
	return (tap_done());
}
