/* Output in pieces: when one leaves, and when nothing more is read. */
#include <string.h>

#include "healthd/stream.h"
#include "tests/lib/tap.h"

static struct instant
at_ms(int64_t ms)
{
	return ((struct instant){ MILLISECONDS(ms).ns });
}

static void
test_piece_leaves_when_idle(void)
{
	struct stream s;

	stream_init(&s);
	CHECK(!stream_is_due(&s, true, at_ms(0))); /* nothing in it */
	stream_put(&s, "ab", 2, at_ms(0));
	CHECK(!stream_is_due(&s, false, at_ms(499)));
	CHECK(stream_is_due(&s, false, at_ms(500)));
	CHECK(stream_is_due(&s, true, at_ms(1))); /* the end has come */
	CHECK_EQ(stream_next(&s).ns, at_ms(500).ns);
	stream_put(&s, "c", 1, at_ms(400)); /* the wait begins anew */
	CHECK(!stream_is_due(&s, false, at_ms(899)));
	CHECK(stream_is_due(&s, false, at_ms(900)));
	CHECK(memcmp(s.piece, "abc", s.size) == 0);
	stream_sent(&s);
	CHECK_EQ(s.size, 0);
	CHECK_EQ(stream_next(&s).ns, INSTANT_NEVER.ns);
}

static void
test_piece_leaves_when_full(void)
{
	char bytes[STREAM_PIECE_BYTES] = { 0 };
	struct stream s;

	stream_init(&s);
	stream_put(&s, bytes, 100, at_ms(0));
	CHECK_EQ(stream_room(&s), STREAM_PIECE_BYTES - 100);
	stream_put(&s, bytes, stream_room(&s), at_ms(0));
	CHECK_EQ(stream_room(&s), 0);
	CHECK(stream_is_due(&s, false, at_ms(0)));
}

static void
test_nothing_without_credit(void)
{
	struct stream s;

	stream_init(&s);
	for (unsigned i = 0; i < STREAM_CREDITS; i++) {
		stream_put(&s, "x", 1, at_ms(0));
		CHECK(stream_is_due(&s, true, at_ms(0)));
		stream_sent(&s);
	}
	CHECK_EQ(stream_room(&s), 0);
	CHECK_EQ(stream_next(&s).ns, INSTANT_NEVER.ns);
	stream_credit(&s);
	CHECK_EQ(stream_room(&s), STREAM_PIECE_BYTES);
	for (unsigned i = 0; i < 2 * STREAM_CREDITS; i++)
		stream_credit(&s);
	CHECK_EQ(s.credits, STREAM_CREDITS);
}

static void
test_muted_is_read_and_dropped(void)
{
	struct stream s;

	stream_init(&s);
	s.credits = 0;
	s.is_muted = true;
	CHECK_EQ(stream_room(&s), STREAM_PIECE_BYTES);
	stream_put(&s, "x", 1, at_ms(0));
	CHECK_EQ(s.size, 0);
	CHECK(!stream_is_due(&s, true, at_ms(9999)));
}

int
main(void)
{
	RUN(test_piece_leaves_when_idle);
	RUN(test_piece_leaves_when_full);
	RUN(test_nothing_without_credit);
	RUN(test_muted_is_read_and_dropped);
	return (tap_done());
}
