/* Entries in pieces (catalogd/pieces.c). */
#include "catalogd/pieces.h"

#include "common/msgpack.h"
#include "tests/lib/tap.h"

static struct slice
head_of(uint64_t number, uint32_t sequence, uint32_t count, struct buf *out)
{
	const struct piece_head head = { number, sequence, count };

	buf_reset(out);
	piece_head_put(&head, out);
	return (buf_slice(out));
}

static void
test_head(void)
{
	struct piece_head head;
	struct buf bytes = { 0 };

	CHECK_EQ(piece_head_read(head_of(UINT64_MAX, 2, 300, &bytes), &head),
	    ERR_OK);
	CHECK(head.number == UINT64_MAX);
	CHECK_EQ(head.sequence, 2);
	CHECK_EQ(head.count, 300);
	/* Zeros are left out, and what nobody knows is read over. */
	CHECK_EQ(head_of(0, 0, 1, &bytes).size, 2);
	CHECK_EQ(piece_head_read(SLICE("\x18\x02\x22\x01x"), &head), ERR_OK);
	CHECK_EQ(head.count, 2);
	CHECK_EQ(piece_head_read(SLICE("\x18\x02\x10\x02"), &head),
	    ERR_INVALID); /* the third of two */
	CHECK_EQ(piece_head_read(SLICE("\x08\x01"), &head), ERR_INVALID);
	CHECK_EQ(piece_head_read(SLICE("\x18"), &head), ERR_INVALID);
	CHECK_EQ(piece_head_read(SLICE("\x22\x05x"), &head), ERR_INVALID);
	CHECK_EQ(piece_head_read(head_of(1, 0, PIECES_MAX + 1, &bytes), &head),
	    ERR_INVALID);
	buf_deinit(&bytes);
}

/* In any order, two at a time. */
static void
test_join(void)
{
	struct pieces p = { 0 };
	struct buf head = { 0 }, whole = { 0 };

	CHECK_EQ(
	    pieces_add(&p, 1, head_of(7, 1, 3, &head), SLICE("two"), &whole),
	    ERR_OK);
	CHECK_EQ(pieces_add(&p, 1, head_of(8, 0, 2, &head), SLICE("x"), &whole),
	    ERR_OK);
	CHECK_EQ(
	    pieces_add(&p, 1, head_of(7, 0, 3, &head), SLICE("one"), &whole),
	    ERR_OK);
	CHECK_EQ(whole.size, 0);
	CHECK_EQ(pieces_add(&p, 1, head_of(7, 2, 2, &head), SLICE("?"), &whole),
	    ERR_INVALID);
	CHECK_EQ(
	    pieces_add(&p, 1, head_of(7, 2, 3, &head), SLICE("three"), &whole),
	    ERR_OK);
	CHECK(slice_is(buf_slice(&whole), "onetwothree"));
	buf_reset(&whole);
	/* Another leader: what is not whole never will be. */
	CHECK_EQ(pieces_add(&p, 2, head_of(8, 1, 2, &head), SLICE("y"), &whole),
	    ERR_OK);
	CHECK_EQ(whole.size, 0);
	pieces_deinit(&p);
	buf_deinit(&head);
	buf_deinit(&whole);
}

static void
test_snapshot(void)
{
	struct pieces p = { 0 }, again = { 0 };
	struct buf head = { 0 }, whole = { 0 }, record = { 0 };
	struct arena arena;
	struct reader from;

	arena_init(&arena);
	CHECK_EQ(
	    pieces_add(&p, 5, head_of(7, 0, 2, &head), SLICE("one"), &whole),
	    ERR_OK);
	pieces_write(&p, &record);
	from = reader(buf_slice(&record));
	CHECK_EQ(pieces_load(&again, &from, &arena), ERR_OK);
	CHECK(reader_done(&from));
	CHECK_EQ(pieces_add(
		     &again, 5, head_of(7, 1, 2, &head), SLICE("two"), &whole),
	    ERR_OK);
	CHECK(slice_is(buf_slice(&whole), "onetwo"));
	/* Every cut of it is refused, and nothing is read beyond it. */
	for (size_t size = 1; size < record.size; size++) {
		from = reader(slice_head(buf_slice(&record), size));
		CHECK(pieces_load(&again, &from, &arena) != ERR_OK);
	}
	pieces_deinit(&p);
	pieces_deinit(&again);
	buf_deinit(&head);
	buf_deinit(&whole);
	buf_deinit(&record);
	arena_deinit(&arena);
}

int
main(void)
{
	RUN(test_head);
	RUN(test_join);
	RUN(test_snapshot);
	return (tap_done());
}
