/* LZW both ways; the captured forms are in vectors_test.c. */
#include <stdlib.h>
#include <string.h>

#include "gossipd/lzw.h"
#include "tests/lib/tap.h"

#define LIMIT (1U << 20)

static void
check_both_ways(struct slice plain)
{
	struct buf packed = { 0 }, again = { 0 };

	buf_put_text(&again, "before");
	lzw_compress(plain, &packed);
	CHECK(lzw_expand(buf_slice(&packed), plain.size, &again) == ERR_OK);
	CHECK(slice_equal(slice_tail(buf_slice(&again), 6), plain));
	if (plain.size > 0) {
		buf_reset(&again);
		CHECK(lzw_expand(buf_slice(&packed), plain.size - 1, &again) ==
		      ERR_TOO_BIG);
	}
	buf_deinit(&packed);
	buf_deinit(&again);
}

static void
test_small(void)
{
	check_both_ways(SLICE(""));
	check_both_ways(SLICE("a"));
	check_both_ways(SLICE("aa"));
	check_both_ways(SLICE("aaaaaaaaaaaaaaaaaaaaaaaa"));
	check_both_ways(SLICE("abababababababa"));
	check_both_ways(slice("\0\xff\0\xff\xff\0\0", 7));
}

/* Long enough for every width and several clears; of little and much chance.
 */
static void
test_long(void)
{
	static uint8_t plain[100000];

	for (unsigned values = 1; values <= 256; values *= 2) {
		srand(values);
		for (size_t i = 0; i < sizeof(plain); i++)
			plain[i] = (uint8_t)((unsigned)rand() % values);
		check_both_ways(slice(plain, sizeof(plain)));
		check_both_ways(slice(plain, 4095 + values));
	}
}

/* Newer Go begins with a clear code. */
static void
test_clear_first(void)
{
	struct buf out = { 0 };
	/* 256, 'a', 257 in nine bits each. */
	const uint8_t packed[] = { 0x00, 0xc3, 0x04, 0x04 };

	CHECK(lzw_expand(slice(packed, 4), LIMIT, &out) == ERR_OK);
	CHECK(slice_is(buf_slice(&out), "a"));
	buf_deinit(&out);
}

static void
test_malformed(void)
{
	struct buf packed = { 0 }, out = { 0 };
	const uint8_t ahead[] = { 0x61, 0x04, 0x02, 0x02 }; /* 'a', 258, ... */
	const uint8_t beyond[] = { 0x61, 0x06, 0x06, 0x02 };

	CHECK(lzw_expand(SLICE(""), LIMIT, &out) == ERR_INVALID);
	CHECK(lzw_expand(slice(ahead, 2), LIMIT, &out) == ERR_INVALID);
	CHECK(lzw_expand(slice(beyond, 4), LIMIT, &out) == ERR_INVALID);
	lzw_compress(SLICE("hello hello hello"), &packed);
	for (size_t i = 0; i + 1 < packed.size; i++)
		CHECK(lzw_expand(slice_head(buf_slice(&packed), i), LIMIT,
			  &out) == ERR_INVALID);
	buf_deinit(&packed);
	buf_deinit(&out);
}

int
main(void)
{
	RUN(test_small);
	RUN(test_long);
	RUN(test_clear_first);
	RUN(test_malformed);
	return (tap_done());
}
