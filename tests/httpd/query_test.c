/* Parameters: parsing, options of reads, numbers and booleans as Go's. */
#include <string.h>

#include "httpd/query.h"
#include "tests/lib/tap.h"

static struct arena arena;

static struct query
parse(const char *text)
{
	struct query q;

	CHECK(query_parse(slice_of_text(text), &arena, &q));
	return (q);
}

static void
test_parse(void)
{
	struct query q = parse("a=1&b&&c=x%20y+z;a=2&=v");
	struct buf encoded = { 0 };

	CHECK_EQ(q.count, 5);
	CHECK(slice_is(query_get(&q, "a"), "1"));
	CHECK(query_has(&q, "b"));
	CHECK_EQ(query_get(&q, "b").size, 0);
	CHECK(slice_is(query_get(&q, "c"), "x y z"));
	CHECK(!query_has(&q, "d"));
	CHECK_EQ(query_all(&q, "a", &arena).count, 2);
	query_encode(&q, &encoded);
	CHECK(slice_is(buf_slice(&encoded), "=v&a=1&a=2&b=&c=x+y+z"));
	buf_deinit(&encoded);
}

static void
test_broken(void)
{
	struct query q;
	struct buf many = { 0 };

	CHECK(!query_parse(SLICE("a=%zz"), &arena, &q));
	CHECK(!query_parse(SLICE("%=1"), &arena, &q));
	for (unsigned i = 0; i < QUERY_PARAMS_MAX; i++)
		buf_put_text(&many, "a&");
	CHECK(!query_parse(buf_slice(&many), &arena, &q));
	buf_deinit(&many);
}

static const char *
options_of(const char *text, struct query_options *options)
{
	struct query q = parse(text);

	*options = (struct query_options){ 0 };
	return (query_options_parse(&q, &arena, options));
}

static void
test_options(void)
{
	struct query_options o;

	CHECK(options_of("index=12&wait=1m30s&stale", &o) == NULL);
	CHECK_EQ(o.min_query_index, 12);
	CHECK_EQ(o.max_query_time.ns, SECONDS(90).ns);
	CHECK(o.allow_stale);
	CHECK(options_of("consistent=0", &o) == NULL);
	CHECK(o.require_consistent);
	CHECK(options_of("max_stale=10s", &o) == NULL);
	CHECK(o.allow_stale);
	CHECK_EQ(o.max_stale_duration.ns, SECONDS(10).ns);
	CHECK(options_of("index=&wait=", &o) == NULL);
}

static void
check_refused(const char *text, const char *why)
{
	struct query_options o;
	const char *got = options_of(text, &o);

	CHECK(got != NULL);
	CHECK(got != NULL && strcmp(got, why) == 0);
}

static void
test_options_refused(void)
{
	check_refused("index=x", "Invalid index");
	check_refused("index=-1", "Invalid index");
	check_refused("index=18446744073709551616", "Invalid index");
	check_refused("wait=10", "Invalid wait time");
	check_refused("index=x&wait=z", "Invalid wait time");
	check_refused("max_stale=x", "Invalid max_stale value \"x\"");
	check_refused("stale&consistent&index=x",
	    "Cannot specify ?stale with ?consistent, conflicting semantics.");
	check_refused("cached&consistent",
	    "Cannot specify ?cached with ?consistent, conflicting semantics.");
}

static void
test_numbers(void)
{
	const char *why;
	uint64_t number;
	int64_t integer;
	bool is_true;

	CHECK(query_u64(SLICE("18446744073709551615"), &number, &why));
	CHECK(number == UINT64_MAX);
	CHECK(!query_u64(SLICE("18446744073709551616"), &number, &why));
	CHECK(strcmp(why, "value out of range") == 0);
	CHECK(!query_u64(SLICE(""), &number, &why));
	CHECK(strcmp(why, "invalid syntax") == 0);
	CHECK(query_int(SLICE("-9223372036854775808"), &integer, &why));
	CHECK(integer == INT64_MIN);
	CHECK(query_int(SLICE("+5"), &integer, &why) && integer == 5);
	CHECK(!query_int(SLICE("9223372036854775808"), &integer, &why));
	CHECK(strcmp(why, "value out of range") == 0);
	CHECK(!query_int(SLICE("-"), &integer, &why));
	CHECK(!query_int(SLICE(""), &integer, &why));
	CHECK(!query_int(SLICE("--1"), &integer, &why));
	CHECK(strcmp(why, "invalid syntax") == 0);
	CHECK(query_bool(SLICE("T"), &is_true) && is_true);
	CHECK(query_bool(SLICE("False"), &is_true) && !is_true);
	CHECK(!query_bool(SLICE("yes"), &is_true));
	CHECK(!query_bool(SLICE(""), &is_true));
}

static void
test_cache_control(void)
{
	struct cache_control control;

	CHECK(query_cache_control_parse(SLICE(""), &control));
	CHECK(control.max_age.ns == 0 && !control.must_revalidate);
	CHECK(query_cache_control_parse(
	    SLICE("no-cache, Max-Age=5, stale-if-error=7"), &control));
	CHECK(control.max_age.ns == SECONDS(5).ns);
	CHECK(control.stale_if_error.ns == SECONDS(7).ns);
	CHECK(!control.must_revalidate);
	CHECK(query_cache_control_parse(SLICE("max-age=0"), &control));
	CHECK(control.must_revalidate);
	CHECK(query_cache_control_parse(SLICE("must-revalidate"), &control));
	CHECK(control.must_revalidate);
	CHECK(!query_cache_control_parse(SLICE("max-age=x"), &control));
	CHECK(!query_cache_control_parse(SLICE("a,stale-if-error="), &control));
}

static void
test_node_meta(void)
{
	struct query q = parse("node-meta=a:b:c&node-meta=d");
	struct pair_list pairs = { 0 };

	query_node_meta(&q, &arena, &pairs);
	CHECK_EQ(pairs.count, 2);
	CHECK(slice_is(pairs.items[0].key, "a"));
	CHECK(slice_is(pairs.items[0].value, "b:c"));
	CHECK(slice_is(pairs.items[1].key, "d"));
	CHECK_EQ(pairs.items[1].value.size, 0);
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_parse);
	RUN(test_broken);
	RUN(test_options);
	RUN(test_options_refused);
	RUN(test_numbers);
	RUN(test_cache_control);
	RUN(test_node_meta);
	arena_deinit(&arena);
	return (tap_done());
}
