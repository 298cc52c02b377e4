/* Arenas: alignment, zeroes, growth, and use after a reset. */
#include <stdint.h>
#include <string.h>

#include "common/arena.h"
#include "tests/lib/tap.h"

static void
test_aligned_and_zeroed(void)
{
	struct arena a;

	arena_init(&a);
	for (size_t size = 0; size < 3000; size += 7) {
		uint8_t *memory = arena_alloc(&a, size);

		CHECK_EQ((uintptr_t)memory % 16, 0);
		for (size_t i = 0; i < size; i++)
			if (memory[i] != 0)
				tap_is_ok = false;
		memset(memory, 0xaa, size);
	}
	arena_deinit(&a);
}

static void
test_large_blocks(void)
{
	struct arena a;
	uint8_t *small, *large;

	arena_init(&a);
	small = arena_alloc(&a, 1);
	*small = 7;
	large = arena_array(&a, 1000, 1000);
	memset(large, 1, 1000000);
	CHECK_EQ(*small, 7);
	CHECK(a.size >= 1000000);
	arena_deinit(&a);
	CHECK_EQ(a.size, 0);
}

static void
test_reset_and_again(void)
{
	struct arena a;
	uint8_t *memory;

	arena_init(&a);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++)
			memset(arena_alloc(&a, 100), 0xff, 100);
		arena_reset(&a);
		CHECK_EQ(a.size, 0);
		memory = arena_alloc(&a, 64);
		CHECK_EQ(memory[0], 0); /* zeroed again */
	}
	arena_deinit(&a);
}

static void
test_copies(void)
{
	char text[] = "hello";
	struct arena a;
	struct slice copy, printed;

	arena_init(&a);
	copy = arena_copy(&a, slice_of_text(text));
	text[0] = 'J';
	CHECK(slice_is(copy, "hello"));
	CHECK(arena_copy(&a, (struct slice){ 0 }).data == NULL);
	CHECK_EQ(strcmp(arena_text(&a, slice_of_text(text)), "Jello"), 0);
	printed = arena_printf(&a, "%d-%s", 5, "x");
	CHECK(slice_is(printed, "5-x"));
	arena_deinit(&a);
}

int
main(void)
{
	RUN(test_aligned_and_zeroed);
	RUN(test_large_blocks);
	RUN(test_reset_and_again);
	RUN(test_copies);
	return (tap_done());
}
