/* The heap of what is due. */
#include "healthd/agenda.h"
#include "tests/lib/tap.h"

static struct instant
at(int64_t ns)
{
	return ((struct instant){ ns });
}

static void
test_earliest_first(void)
{
	struct agenda agenda = { 0 };
	struct agenda_entry entries[64] = { 0 };
	uint64_t seed = 1;
	int64_t last = -1;
	struct agenda_entry *e;
	size_t count = 0;

	for (size_t i = 0; i < 64; i++) {
		seed = seed * 6364136223846793005U + 1;
		agenda_set(
		    &agenda, &entries[i], at((int64_t)(seed >> 33) % 100));
	}
	for (size_t i = 0; i < 64; i += 3)
		agenda_set(&agenda, &entries[i], at((int64_t)(i * 7 % 100)));
	for (size_t i = 1; i < 64; i += 3)
		agenda_clear(&agenda, &entries[i]);
	while ((e = agenda_next(&agenda, at(1000))) != NULL) {
		CHECK(e->due.ns >= last);
		CHECK(!agenda_has(e));
		last = e->due.ns;
		count++;
	}
	CHECK_EQ(count, 64 - 21);
	CHECK_EQ(agenda_first(&agenda).ns, INSTANT_NEVER.ns);
	agenda_deinit(&agenda);
}

static void
test_only_what_is_due(void)
{
	struct agenda agenda = { 0 };
	struct agenda_entry a = { 0 }, b = { 0 };

	agenda_set(&agenda, &a, at(10));
	agenda_set(&agenda, &b, at(20));
	CHECK_EQ(agenda_first(&agenda).ns, 10);
	CHECK(agenda_next(&agenda, at(9)) == NULL);
	CHECK(agenda_next(&agenda, at(10)) == &a);
	CHECK(agenda_next(&agenda, at(19)) == NULL);
	agenda_set(&agenda, &b, at(5)); /* moved */
	CHECK(agenda_next(&agenda, at(19)) == &b);
	agenda_clear(&agenda, &b); /* not in it: nothing happens */
	agenda_deinit(&agenda);
}

int
main(void)
{
	RUN(test_earliest_first);
	RUN(test_only_what_is_due);
	return (tap_done());
}
