/* Keys joined as Go's path package does it. */
#include "common/path.h"
#include "tests/lib/tap.h"

static void
check(const char *a, const char *b, const char *expected)
{
	struct slice parts[] = { slice_of_text(a), slice_of_text(b) };
	struct arena arena;
	struct slice made;

	arena_init(&arena);
	made = path_join(&arena, parts, 2);
	if (!slice_is(made, expected)) {
		printf("# %s and %s: %.*s, not %s\n", a, b, SLICE_ARGS(made),
		    expected);
		tap_is_ok = false;
	}
	arena_deinit(&arena);
}

/* The results are those of Go 1.14. */
static void
test_join(void)
{
	check("a", "b", "a/b");
	check("a/", "b", "a/b");
	check("a//b/", "./c", "a/b/c");
	check("", "b", "b");
	check("", "", "");
	check("a", "", "a");
	check("a", "..", ".");
	check("a", "../..", "..");
	check("..", "a", "../a");
	check("../..", "..", "../../..");
	check("a/b/../..", "c/", "c");
	check("/", "a", "/a");
	check("/a", "../..", "/");
	check("/..", "b", "/b");
	check("a", "/b", "a/b");
}

int
main(void)
{
	RUN(test_join);
	return (tap_done());
}
