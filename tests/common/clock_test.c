/* Durations and times as Go reads and prints them. */
#include <string.h>

#include "common/clock.h"
#include "tests/lib/tap.h"

static void
check_parse(const char *text, int64_t ns)
{
	struct duration d = { -1 };
	char why[128];

	if (duration_parse(slice_of_text(text), &d, why, sizeof(why)) !=
	    ERR_OK) {
		printf("# %s: %s\n", text, why);
		tap_is_ok = false;
	}
	CHECK_EQ(d.ns, ns);
}

static void
check_refused(const char *text, const char *expected)
{
	struct duration d;
	char why[128] = "";

	CHECK_EQ(duration_parse(slice_of_text(text), &d, why, sizeof(why)),
	    ERR_INVALID);
	if (strcmp(why, expected) != 0) {
		printf("# %s, not %s\n", why, expected);
		tap_is_ok = false;
	}
}

static void
test_parse(void)
{
	check_parse("0", 0);
	check_parse("5s", 5000000000);
	check_parse("-1.5h", INT64_C(-5400000000000));
	check_parse("+1m", INT64_C(60000000000));
	check_parse("1h30m", INT64_C(5400000000000));
	check_parse("300ms", 300000000);
	check_parse("1.5ms", 1500000);
	check_parse(".5s", 500000000);
	check_parse("1.s", 1000000000);
	check_parse("7us", 7000);
	check_parse("7\302\265s", 7000);
	check_parse("9ns", 9);
	check_parse("0.100000000000000000000h", INT64_C(360000000000));
	check_parse("9223372036854775807ns", INT64_MAX);
}

static void
test_refuse(void)
{
	check_refused("", "time: invalid duration \"\"");
	check_refused("x", "time: invalid duration \"x\"");
	check_refused("-", "time: invalid duration \"-\"");
	check_refused(".s", "time: invalid duration \".s\"");
	check_refused("10", "time: missing unit in duration \"10\"");
	check_refused("10q", "time: unknown unit \"q\" in duration \"10q\"");
	check_refused("1s2", "time: missing unit in duration \"1s2\"");
	check_refused("3000000h", "time: invalid duration \"3000000h\"");
	check_refused("9223372036854775808ns",
	    "time: invalid duration \"9223372036854775808ns\"");
	check_refused(
	    "1\"s", "time: unknown unit \"\"s\" in duration \"1\"s\"");
}

static void
check_print(int64_t ns, const char *expected)
{
	struct buf b;

	buf_init(&b);
	duration_print(NANOSECONDS(ns), &b);
	if (strcmp(buf_text(&b), expected) != 0) {
		printf("# %s, not %s\n", buf_text(&b), expected);
		tap_is_ok = false;
	}
	buf_deinit(&b);
}

static void
test_print(void)
{
	check_print(0, "0s");
	check_print(1, "1ns");
	check_print(1100, "1.1\302\265s");
	check_print(2200000, "2.2ms");
	check_print(3300000000, "3.3s");
	check_print(INT64_C(245000000000), "4m5s");
	check_print(INT64_C(245001000000), "4m5.001s");
	check_print(INT64_C(5400000000000), "1h30m0s");
	check_print(INT64_C(3600000000000), "1h0m0s");
	check_print(-1500000000, "-1.5s");
	check_print(INT64_MAX, "2562047h47m16.854775807s");
	check_print(INT64_MIN, "-2562047h47m16.854775808s");
}

static void
test_instants(void)
{
	struct instant at = { 5 };

	CHECK_EQ(instant_add(at, SECONDS(1)).ns, 1000000005);
	CHECK_EQ(instant_add(INSTANT_NEVER, SECONDS(-1)).ns, INT64_MAX);
	CHECK_EQ(instant_add((struct instant){ INT64_MAX - 1 }, SECONDS(1)).ns,
	    INT64_MAX);
	CHECK_EQ(instant_since(at, (struct instant){ 2 }).ns, 3);
	CHECK(instant_before(at, INSTANT_NEVER));
	CHECK(!instant_before(at, at));
	CHECK(!instant_before(instant_now(), at));
}

static void
test_wall(void)
{
	struct wall at = { 1606059264, 180123456 };
	struct buf b;

	buf_init(&b);
	wall_print(at, 3, &b);
	CHECK(slice_is(buf_slice(&b), "2020-11-22T15:34:24.180Z"));
	buf_reset(&b);
	wall_print(at, 0, &b);
	CHECK(slice_is(buf_slice(&b), "2020-11-22T15:34:24Z"));
	buf_reset(&b);
	wall_print(at, 9, &b);
	CHECK(slice_is(buf_slice(&b), "2020-11-22T15:34:24.180123456Z"));
	buf_deinit(&b);
}

int
main(void)
{
	RUN(test_parse);
	RUN(test_refuse);
	RUN(test_print);
	RUN(test_instants);
	RUN(test_wall);
	return (tap_done());
}
