/* How long suspects have (gossipd/suspicion.c). */
#include "gossipd/suspicion.h"
#include "tests/lib/tap.h"

static const struct instant start = { 5000000000 };

static int64_t
waits_ms(const struct suspicion *s)
{
	return (instant_since(suspicion_deadline(s), start).ns / 1000000);
}

static void
test_timeout_grows_with_the_logarithm(void)
{
	CHECK_EQ(suspicion_timeout(4, 1, SECONDS(1)).ns, SECONDS(4).ns);
	CHECK_EQ(suspicion_timeout(4, 10, SECONDS(1)).ns, SECONDS(4).ns);
	CHECK_EQ(suspicion_timeout(4, 100, SECONDS(1)).ns, SECONDS(8).ns);
	CHECK_EQ(suspicion_timeout(4, 1000, SECONDS(1)).ns, SECONDS(12).ns);
	/* log10(50) is 1.69897, of which three decimals count. */
	CHECK_EQ(
	    suspicion_timeout(4, 50, SECONDS(1)).ns, MILLISECONDS(6792).ns);
	CHECK_EQ(
	    suspicion_timeout(6, 50, SECONDS(5)).ns, MILLISECONDS(50940).ns);
}

static void
test_confirmations_shorten(void)
{
	struct suspicion s;

	/* k = 3 between 2 s and 30 s: Lifeguard's own example figures, which
	 * follow from max - (max - min) ln(c + 1) / ln(k + 1). */
	suspicion_start(&s, 1, 3, SECONDS(2), SECONDS(30), start);
	CHECK_EQ(waits_ms(&s), 30000);
	CHECK(suspicion_confirm(&s, 2));
	CHECK_EQ(waits_ms(&s), 16000);
	CHECK(suspicion_confirm(&s, 3));
	CHECK_EQ(waits_ms(&s), 7810);
	CHECK(suspicion_confirm(&s, 4));
	CHECK_EQ(waits_ms(&s), 2000);
}

static void
test_only_new_accusers_count(void)
{
	struct suspicion s;

	suspicion_start(&s, 1, 2, SECONDS(4), SECONDS(24), start);
	CHECK(!suspicion_confirm(&s, 1)); /* who began it */
	CHECK(suspicion_confirm(&s, 2));
	CHECK(!suspicion_confirm(&s, 2));
	CHECK(suspicion_confirm(&s, 3));
	CHECK(!suspicion_confirm(&s, 4)); /* as many as were wanted */
	CHECK_EQ(waits_ms(&s), 4000);
}

static void
test_nobody_to_confirm(void)
{
	struct suspicion s;

	suspicion_start(&s, 1, 0, SECONDS(4), SECONDS(24), start);
	CHECK_EQ(waits_ms(&s), 4000);
	CHECK(!suspicion_confirm(&s, 2));
}

static void
test_never_below_the_least(void)
{
	struct suspicion s;

	suspicion_start(&s, 0, 1000, SECONDS(1), SECONDS(1), start);
	for (uint64_t i = 1; i < 100; i++)
		(void)suspicion_confirm(&s, i);
	CHECK_EQ(s.confirmations, SUSPICION_ACCUSERS_MAX - 1);
	CHECK_EQ(waits_ms(&s), 1000);
}

int
main(void)
{
	RUN(test_timeout_grows_with_the_logarithm);
	RUN(test_confirmations_shorten);
	RUN(test_only_new_accusers_count);
	RUN(test_nobody_to_confirm);
	RUN(test_never_below_the_least);
	return (tap_done());
}
