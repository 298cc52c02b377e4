/* What is kept stands exactly as long as its generations, in bounded room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "dnsd/cache.h"

static char path[] = "/tmp/cache_test.XXXXXX";
static struct genpage *page;
static const struct instant now = { 1000 };
static struct duration stale; /* how old answers may be */

static struct dns_answer *
answer(void)
{
	struct arena arena = { 0 };
	struct dns_answer *a;
	struct draft d;

	draft_init(&d, &arena);
	a = answer_new(&d);
	arena_deinit(&arena);
	return (a);
}

static void
keep(struct cache *c, const char *name, uint32_t bucket)
{
	struct stamp stamp = { bucket, genpage_generation(page, bucket) };

	cache_keep(c, slice_of_text(name), DNS_A, answer(), genpage_epoch(page),
	    &stamp, 1);
}

static bool
has(struct cache *c, const char *name)
{
	return (cache_find(c, slice_of_text(name), DNS_A, page, now, stale) !=
		NULL);
}

static void
test_find(void)
{
	struct cache *c = cache_new(100000, 42);

	keep(c, "web", 1);
	CHECK(has(c, "web"));
	CHECK(!has(c, "we"));
	CHECK(!has(c, "webs"));
	CHECK(cache_find(c, SLICE("web"), DNS_SRV, page, now, stale) == NULL);
	cache_clear(c);
	CHECK(!has(c, "web"));
	cache_free(c);
}

static void
test_generations(void)
{
	struct cache *c = cache_new(100000, 42);
	struct stamp both[2] = { { 1, genpage_generation(page, 1) },
		{ 2, genpage_generation(page, 2) } };

	keep(c, "a", 1);
	keep(c, "b", 2);
	cache_keep(
	    c, SLICE("ab"), DNS_A, answer(), genpage_epoch(page), both, 2);
	genpage_raise(page, 2);
	CHECK(has(c, "a"));
	CHECK(!has(c, "b"));
	CHECK(!has(c, "ab"));
	keep(c, "b", 2);
	CHECK(has(c, "b"));
	cache_free(c);
}

/* Nothing but time ends what has no stamps. */
static void
test_until(void)
{
	struct cache *c = cache_new(100000, 42);
	struct instant end = instant_add(now, SECONDS(5));

	cache_keep_until(c, SLICE("a"), DNS_A, answer(), end);
	CHECK(has(c, "a"));
	genpage_raise_all(page);
	CHECK(has(c, "a"));
	CHECK(cache_find(c, SLICE("a"), DNS_A, NULL, now, stale) != NULL);
	CHECK(cache_find(c, SLICE("a"), DNS_A, page, end, stale) == NULL);
	CHECK(!has(c, "a"));
	cache_keep_until(c, SLICE("a"), DNS_A, answer(), now);
	genpage_trust(page, INSTANT_NEVER);
	keep(c, "a", 1); /* in its place */
	CHECK(has(c, "a"));
	cache_free(c);
}

static void
test_trust_and_epoch(void)
{
	struct cache *c = cache_new(100000, 42);

	keep(c, "a", 1);
	genpage_trust(page, (struct instant){ 999 });
	CHECK(!has(c, "a"));
	genpage_trust(page, INSTANT_NEVER);
	CHECK(has(c, "a"));
	CHECK(cache_find(c, SLICE("a"), DNS_A, NULL, now, stale) == NULL);
	genpage_raise_all(page);
	genpage_trust(page, INSTANT_NEVER);
	CHECK(!has(c, "a"));
	cache_free(c);
}

/* On a server that follows: as long as it has heard of a leader lately. */
static void
test_stale(void)
{
	struct cache *c = cache_new(100000, 42);

	keep(c, "a", 1);
	genpage_trust(page, INSTANT_NONE);
	stale = SECONDS(5);
	CHECK(!has(c, "a"));
	genpage_contact(page, instant_add(now, SECONDS(-4)));
	CHECK(has(c, "a"));
	genpage_contact(page, instant_add(now, SECONDS(-6)));
	CHECK(!has(c, "a"));
	genpage_contact(page, now);
	genpage_raise(page, 1);
	CHECK(!has(c, "a"));
	keep(c, "a", 1);
	CHECK(has(c, "a"));
	stale = SECONDS(0);
	CHECK(!has(c, "a"));
	genpage_trust(page, INSTANT_NEVER);
	genpage_contact(page, INSTANT_NONE);
	cache_free(c);
}

static void
test_replacing(void)
{
	struct cache *c = cache_new(100000, 42);

	keep(c, "a", 1);
	genpage_raise(page, 1);
	keep(c, "a", 1);
	CHECK(has(c, "a"));
	cache_free(c);
}

/* A flood of names that nobody asks for again does not push out one in use. */
static void
test_bounds(void)
{
	struct cache *c = cache_new(20000, 42);
	size_t left = 0;
	char name[16];

	keep(c, "used", 1);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		keep(c, name, 1);
		CHECK(has(c, "used"));
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		left += has(c, name);
	}
	CHECK(left > 10 && left < 200);
	cache_free(c);
}

/* What would take a quarter of all room is not kept at all. */
static void
test_too_large(void)
{
	struct cache *c = cache_new(600, 42);

	keep(c, "a", 1);
	CHECK(!has(c, "a"));
	cache_free(c);
}

int
main(void)
{
	close(mkstemp(path));
	page = genpage_create(path);
	genpage_trust(page, INSTANT_NEVER);
	RUN(test_find);
	RUN(test_generations);
	RUN(test_until);
	RUN(test_trust_and_epoch);
	RUN(test_stale);
	RUN(test_replacing);
	RUN(test_bounds);
	RUN(test_too_large);
	genpage_close(page);
	unlink(path);
	return (tap_done());
}
