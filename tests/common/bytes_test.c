/* Slices, buffers and readers. */
#include <string.h>

#include "common/bytes.h"
#include "tests/lib/tap.h"

static void
test_slices(void)
{
	struct slice s = SLICE("hello");

	CHECK(slice_is(slice_tail(s, 2), "llo"));
	CHECK(slice_is(slice_head(s, 2), "he"));
	CHECK_EQ(slice_tail(s, 5).size, 0);
	CHECK(slice_equal(s, slice_of_text("hello")));
	CHECK(!slice_equal(s, SLICE("hellO")));
	CHECK(slice_equal_fold(s, SLICE("HELLO")));
	CHECK(!slice_equal_fold(s, SLICE("HELL")));
	CHECK(!slice_equal_fold(SLICE("["), SLICE("{")));
	CHECK(slice_starts_with(s, SLICE("hel")));
	CHECK(slice_ends_with(s, SLICE("llo")));
	CHECK(!slice_ends_with(s, SLICE("hello!")));
	CHECK(slice_equal((struct slice){ 0 }, SLICE("")));
}

static void
test_slice_order(void)
{
	CHECK(slice_compare(SLICE("a"), SLICE("b")) < 0);
	CHECK(slice_compare(SLICE("ab"), SLICE("a")) > 0);
	CHECK_EQ(slice_compare(SLICE("a"), SLICE("a")), 0);
	CHECK(slice_compare(SLICE("\xff"), SLICE("a")) > 0);
	CHECK(slice_compare((struct slice){ 0 }, SLICE("a")) < 0);
}

static void
test_slice_find(void)
{
	struct slice s = SLICE("a/b/c");

	CHECK_EQ(slice_find(s, '/', 0), 1);
	CHECK_EQ(slice_find(s, '/', 2), 3);
	CHECK_EQ(slice_find(s, '/', 4), SIZE_MAX);
	CHECK_EQ(slice_find(s, '/', 9), SIZE_MAX);
	CHECK_EQ(slice_find((struct slice){ 0 }, 'x', 0), SIZE_MAX);
}

static void
test_buf_grows(void)
{
	struct buf b;

	buf_init(&b);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	CHECK_EQ(b.size, 10 * 2 + 90 * 3 + 900 * 4);
	CHECK(slice_ends_with(buf_slice(&b), SLICE("998,999,")));
	buf_drop_front(&b, 4);
	CHECK(slice_starts_with(buf_slice(&b), SLICE("2,3,")));
	buf_reset(&b);
	CHECK_EQ(b.size, 0);
	CHECK_EQ(strlen(buf_text(&b)), 0);
	buf_deinit(&b);
	buf_put_text(&b, "again");
	CHECK(slice_is(buf_slice(&b), "again"));
	buf_deinit(&b);
}

static void
test_integers_both_ways(void)
{
	struct buf b;
	struct reader rd;

	buf_init(&b);
	buf_put_u8(&b, 0x12);
	buf_put_be16(&b, 0x3456);
	buf_put_be32(&b, 0x789abcde);
	buf_put_be64(&b, UINT64_C(0xf0123456789abcde));
	CHECK(slice_starts_with(buf_slice(&b), SLICE("\x12\x34\x56\x78\x9a")));
	rd = reader(buf_slice(&b));
	CHECK_EQ(read_u8(&rd), 0x12);
	CHECK_EQ(read_be16(&rd), 0x3456);
	CHECK_EQ(read_be32(&rd), 0x789abcde);
	CHECK(read_be64(&rd) == UINT64_C(0xf0123456789abcde));
	CHECK(reader_done(&rd));
	buf_deinit(&b);
}

static void
test_reader_remembers_failure(void)
{
	struct reader rd = reader(SLICE("\x01\x02\x03"));

	CHECK_EQ(read_u8(&rd), 1);
	CHECK(!reader_done(&rd));
	CHECK_EQ(read_be32(&rd), 0);
	CHECK(rd.has_failed);
	CHECK_EQ(read_u8(&rd), 0); /* nothing after a failure */
	CHECK_EQ(read_bytes(&rd, 1).size, 0);
	CHECK(!reader_done(&rd));
}

int
main(void)
{
	RUN(test_slices);
	RUN(test_slice_order);
	RUN(test_slice_find);
	RUN(test_buf_grows);
	RUN(test_integers_both_ways);
	RUN(test_reader_remembers_failure);
	return (tap_done());
}
