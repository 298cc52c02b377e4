/* Characters, and which bytes are kept from terminals. */
#include <string.h>

#include "common/utf8.h"
#include "tests/lib/tap.h"

static void
test_what_is_readable_is_safe(void)
{
	CHECK(utf8_find_unsafe(SLICE(""), 0) == SIZE_MAX);
	CHECK(utf8_find_unsafe(SLICE("plain ~ text"), 0) == SIZE_MAX);
	/* ä, the first beyond C1, €, U+FFFD itself, an emoji */
	CHECK(utf8_find_unsafe(SLICE("\xc3\xa4 \xc2\xa0 \xe2\x82\xac "
				     "\xef\xbf\xbd \xf0\x9f\x98\x80"),
		  0) == SIZE_MAX);
}

static void
test_controls_are_not(void)
{
	CHECK_EQ(utf8_find_unsafe(SLICE("a\tb"), 0), 1);
	CHECK_EQ(utf8_find_unsafe(SLICE("a\033[2J"), 0), 1);
	CHECK_EQ(utf8_find_unsafe(SLICE("ab\x7f"), 0), 2);
	CHECK_EQ(utf8_find_unsafe(SLICE("\0"), 0), 0);
	/* CSI, as a character and as a byte of its own */
	CHECK_EQ(utf8_find_unsafe(SLICE("a\xc2\x9b"
					"2J"),
		     0),
	    1);
	CHECK_EQ(utf8_find_unsafe(SLICE("a\xc2\x80"), 0), 1);
	CHECK_EQ(utf8_find_unsafe(SLICE("a\xc2\x9f"), 0), 1);
	CHECK_EQ(utf8_find_unsafe(SLICE("a\x9b"
					"2J"),
		     0),
	    1);
}

/* By the byte: what is left of a character is none. */
static void
test_each_byte_of_it(void)
{
	struct slice csi = SLICE("\xc2\x9b \xc3\xa4");

	CHECK_EQ(utf8_find_unsafe(csi, 0), 0);
	CHECK_EQ(utf8_find_unsafe(csi, 1), 1);
	CHECK(utf8_find_unsafe(csi, 2) == SIZE_MAX);
}

static void
test_what_is_no_utf8(void)
{
	/* cut off, too long for what it says, a surrogate, Latin-1 */
	CHECK_EQ(utf8_find_unsafe(SLICE("a\xe2\x82"), 0), 1);
	CHECK_EQ(utf8_find_unsafe(SLICE("\xc0\x9b"), 0), 0);
	CHECK_EQ(utf8_find_unsafe(SLICE("\xed\xa0\x80"), 0), 0);
	CHECK_EQ(utf8_find_unsafe(SLICE("m\xfcll"), 0), 1);
}

static void
test_all_of_it_is_hidden(void)
{
	char text[] = "m\xc3\xbc \xc2\x9b"
		      "1\033\x9b\xff";

	utf8_hide_unsafe(text, strlen(text), '?');
	CHECK(strcmp(text, "m\xc3\xbc ??1???") == 0);
	utf8_hide_unsafe(NULL, 0, '?');
}

int
main(void)
{
	RUN(test_what_is_readable_is_safe);
	RUN(test_controls_are_not);
	RUN(test_each_byte_of_it);
	RUN(test_what_is_no_utf8);
	RUN(test_all_of_it_is_hidden);
	return (tap_done());
}
