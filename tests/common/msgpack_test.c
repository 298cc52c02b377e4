/* msgpack: what is written, what is taken, and what is refused. */
#include <string.h>

#include "common/limits.h"
#include "common/msgpack.h"
#include "tests/lib/tap.h"

static bool
is_hex(const struct buf *b, const char *hex)
{
	char text[512] = "";

	for (size_t i = 0; i < b->size; i++)
		snprintf(text + 2 * i, 3, "%02x", b->data[i]);
	if (strcmp(text, hex) != 0)
		printf("# %s, not %s\n", text, hex);
	return (strcmp(text, hex) == 0);
}

#define CHECK_PACKED(call, hex)         \
	do {                            \
		struct buf b;           \
		buf_init(&b);           \
		call;                   \
		CHECK(is_hex(&b, hex)); \
		buf_deinit(&b);         \
	} while (0)

static void
test_shortest_integers(void)
{
	CHECK_PACKED(pack_uint(&b, 0), "00");
	CHECK_PACKED(pack_uint(&b, 127), "7f");
	CHECK_PACKED(pack_uint(&b, 128), "cc80");
	CHECK_PACKED(pack_uint(&b, 255), "ccff");
	CHECK_PACKED(pack_uint(&b, 256), "cd0100");
	CHECK_PACKED(pack_uint(&b, 65535), "cdffff");
	CHECK_PACKED(pack_uint(&b, 65536), "ce00010000");
	CHECK_PACKED(pack_uint(&b, UINT32_MAX), "ceffffffff");
	CHECK_PACKED(pack_uint(&b, UINT64_MAX), "cfffffffffffffffff");
	CHECK_PACKED(pack_int(&b, 200), "ccc8");
	CHECK_PACKED(pack_int(&b, -1), "ff");
	CHECK_PACKED(pack_int(&b, -32), "e0");
	CHECK_PACKED(pack_int(&b, -33), "d0df");
	CHECK_PACKED(pack_int(&b, -129), "d1ff7f");
	CHECK_PACKED(pack_int(&b, -32769), "d2ffff7fff");
	CHECK_PACKED(pack_int(&b, INT64_MIN), "d38000000000000000");
}

static void
test_raw_and_containers(void)
{
	uint8_t bytes[70000] = { 0 };
	struct buf big;

	CHECK_PACKED(pack_text(&b, ""), "a0");
	CHECK_PACKED(pack_text(&b, "abc"), "a3616263");
	CHECK_PACKED(pack_array(&b, 15), "9f");
	CHECK_PACKED(pack_array(&b, 16), "dc0010");
	CHECK_PACKED(pack_map(&b, 70000), "df00011170");
	CHECK_PACKED(pack_nil(&b), "c0");
	CHECK_PACKED(pack_bool(&b, true), "c3");
	CHECK_PACKED(pack_float(&b, 1.5), "cb3ff8000000000000");
	buf_init(&big);
	pack_raw(&big, slice(bytes, 32)); /* never str8 */
	CHECK_EQ(big.size, 3 + 32);
	CHECK_EQ(big.data[0], 0xda);
	buf_reset(&big);
	pack_raw(&big, slice(bytes, sizeof(bytes)));
	CHECK_EQ(big.size, 5 + sizeof(bytes));
	CHECK_EQ(big.data[0], 0xdb);
	buf_deinit(&big);
}

#define READER(literal) reader(SLICE(literal))

static void
test_every_form_is_taken(void)
{
	struct reader rd = READER("\x05\xcc\x80\xd0\x05\xd3\xff\xff\xff\xff\xff"
				  "\xff\xff\xfe\xca\x3f\xc0\x00\x00\xd9\x01x"
				  "\xc4\x01y\xc0\xff");

	CHECK_EQ(unpack_uint(&rd), 5);
	CHECK_EQ(unpack_uint(&rd), 128);
	CHECK_EQ(unpack_uint(&rd), 5); /* signed form, not negative */
	CHECK_EQ(unpack_int(&rd), -2);
	CHECK(unpack_float(&rd) == 1.5);
	CHECK(slice_is(unpack_raw(&rd), "x"));
	CHECK(slice_is(unpack_raw(&rd), "y"));
	CHECK_EQ(unpack_uint(&rd), 0); /* nil is zero */
	CHECK(unpack_float(&rd) == -1);
	CHECK(reader_done(&rd));
}

static void
test_wrong_kinds_fail(void)
{
	struct reader rd = READER("\xa1x");

	unpack_uint(&rd);
	CHECK(rd.has_failed);
	rd = READER("\xff");
	unpack_uint(&rd);
	CHECK(rd.has_failed);
	rd = READER("\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
	unpack_int(&rd);
	CHECK(rd.has_failed);
	rd = READER("\x02");
	unpack_bool(&rd);
	CHECK(rd.has_failed);
	rd = READER("\xc1");
	CHECK_EQ(unpack(&rd).token, TOKEN_END);
	CHECK(rd.has_failed);
	rd = READER("\x90");
	unpack_map(&rd);
	CHECK(rd.has_failed);
}

static void
test_cut_everywhere(void)
{
	struct slice whole = SLICE("\x83\xa1"
				   "a\xcd\x01\x02\xa1"
				   "b\x92\xa3xyz\xc3\xa1"
				   "c\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00");

	for (size_t size = 0; size <= whole.size; size++) {
		struct reader rd = reader(slice_head(whole, size));
		struct slice object = unpack_object(&rd);

		CHECK_EQ(rd.has_failed, size < whole.size);
		CHECK_EQ(object.size, size < whole.size ? 0 : whole.size);
	}
}

static void
test_counts_are_bounded(void)
{
	struct reader rd = READER("\xdd\xff\xff\xff\xff\x01");

	CHECK_EQ(unpack_array(&rd), 0);
	CHECK(rd.has_failed);
	rd = READER("\x82\x01\x01\x01");
	CHECK_EQ(unpack_map(&rd), 0);
	CHECK(rd.has_failed);
	rd = READER("\xdb\xff\xff\xff\xff\x01");
	CHECK_EQ(unpack_raw(&rd).size, 0);
	CHECK(rd.has_failed);
}

static void
test_depth_is_bounded(void)
{
	uint8_t deep[TYPE_DEPTH_MAX + 2];
	struct reader rd = reader(slice(deep, TYPE_DEPTH_MAX));

	memset(deep, 0x91, sizeof(deep));
	deep[TYPE_DEPTH_MAX - 1] = 0x01;
	CHECK_EQ(unpack_object(&rd).size, TYPE_DEPTH_MAX);
	deep[TYPE_DEPTH_MAX - 1] = 0x91;
	deep[TYPE_DEPTH_MAX] = 0x01;
	rd = reader(slice(deep, TYPE_DEPTH_MAX + 1));
	CHECK_EQ(unpack_object(&rd).size, 0);
	CHECK(rd.has_failed);
}

static void
test_peek_takes_nothing(void)
{
	struct reader rd = READER("\xa1x");

	CHECK_EQ(unpack_peek(&rd), TOKEN_RAW);
	CHECK(slice_is(unpack_raw(&rd), "x"));
	CHECK_EQ(unpack_peek(&rd), TOKEN_END);
	CHECK(reader_done(&rd));
}

int
main(void)
{
	RUN(test_shortest_integers);
	RUN(test_raw_and_containers);
	RUN(test_every_form_is_taken);
	RUN(test_wrong_kinds_fail);
	RUN(test_cut_everywhere);
	RUN(test_counts_are_bounded);
	RUN(test_depth_is_bounded);
	RUN(test_peek_takes_nothing);
	return (tap_done());
}
