/* Index to term: runs, truncation, trimming, and logs that were trimmed. */
#include "raftd/trail.h"
#include "tests/lib/tap.h"

/* 1 1 1 2 2 5 5 5 5 */
static void
fill(struct trail *trail)
{
	static const uint64_t terms[] = { 1, 1, 1, 2, 2, 5, 5, 5, 5 };

	trail_init(trail);
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		trail_append(trail, terms[i]);
}

static uint64_t
term_of(const struct trail *trail, uint64_t index)
{
	uint64_t term = 999;

	return (trail_term_of(trail, index, &term) ? term : 999);
}

static void
test_empty(void)
{
	struct trail trail;

	trail_init(&trail);
	CHECK_EQ(trail.last_index, 0);
	CHECK_EQ(trail_last_term(&trail), 0);
	CHECK_EQ(term_of(&trail, 0), 0);
	CHECK_EQ(term_of(&trail, 1), 999);
	trail_deinit(&trail);
}

static void
test_a_run_a_term(void)
{
	struct trail trail;

	fill(&trail);
	CHECK_EQ(trail.run_count, 3);
	CHECK_EQ(term_of(&trail, 1), 1);
	CHECK_EQ(term_of(&trail, 3), 1);
	CHECK_EQ(term_of(&trail, 4), 2);
	CHECK_EQ(term_of(&trail, 6), 5);
	CHECK_EQ(term_of(&trail, 9), 5);
	CHECK_EQ(term_of(&trail, 10), 999);
	CHECK_EQ(trail_last_term(&trail), 5);
	trail_deinit(&trail);
}

static void
test_truncation(void)
{
	struct trail trail;

	fill(&trail);
	trail_truncate(&trail, 10);
	CHECK_EQ(trail.last_index, 9);
	trail_truncate(&trail, 6);
	CHECK_EQ(trail.last_index, 5);
	CHECK_EQ(trail_last_term(&trail), 2);
	trail_append(&trail, 6);
	CHECK_EQ(term_of(&trail, 6), 6);
	trail_truncate(&trail, 1);
	CHECK_EQ(trail.last_index, 0);
	CHECK_EQ(trail.run_count, 0);
	trail_append(&trail, 7);
	CHECK_EQ(term_of(&trail, 1), 7);
	trail_deinit(&trail);
}

static void
test_trimming(void)
{
	struct trail trail;

	fill(&trail);
	trail_set_snapshot(&trail, 7, 5);
	trail_trim(&trail, 4);
	CHECK_EQ(trail.first_index, 5);
	CHECK_EQ(term_of(&trail, 4), 999);
	CHECK_EQ(term_of(&trail, 5), 2);
	trail_trim(&trail, 7);
	CHECK_EQ(trail.first_index, 8);
	CHECK_EQ(term_of(&trail, 7), 5); /* the snapshot's last */
	CHECK_EQ(term_of(&trail, 8), 5);
	trail_truncate(&trail, 8);
	CHECK_EQ(trail.last_index, 7);
	CHECK_EQ(trail_last_term(&trail), 5);
	trail_append(&trail, 8);
	CHECK_EQ(term_of(&trail, 8), 8);
	trail_deinit(&trail);
}

static void
test_reset(void)
{
	struct trail trail;

	fill(&trail);
	trail_reset(&trail, 100, 9);
	CHECK_EQ(trail.first_index, 101);
	CHECK_EQ(trail.last_index, 100);
	CHECK_EQ(trail_last_term(&trail), 9);
	CHECK_EQ(term_of(&trail, 9), 999);
	trail_append(&trail, 9);
	CHECK_EQ(term_of(&trail, 101), 9);
	trail_deinit(&trail);
}

/* As a restart does it: the log goes back behind the snapshot's end, into
 * lower terms than the snapshot's last (simulation, seed 25). */
static void
test_log_from_before_the_snapshot(void)
{
	struct trail trail;

	trail_init(&trail);
	trail_reset(&trail, 5, 4);
	trail.first_index = 3;
	trail.last_index = 2;
	trail_append(&trail, 1);
	trail_append(&trail, 2);
	trail_append(&trail, 4);
	trail_append(&trail, 4);
	CHECK_EQ(term_of(&trail, 3), 1);
	CHECK_EQ(term_of(&trail, 5), 4);
	CHECK_EQ(trail.last_index, 6);
	trail_deinit(&trail);
}

int
main(void)
{
	RUN(test_empty);
	RUN(test_a_run_a_term);
	RUN(test_truncation);
	RUN(test_trimming);
	RUN(test_reset);
	RUN(test_log_from_before_the_snapshot);
	return (tap_done());
}
