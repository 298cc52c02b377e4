/*
 * The smallest test frame: each RUN(test_x) is one TAP line.
 *
 *	static void test_sum(void) { CHECK(1 + 1 == 2); }
 *	int main(void) { RUN(test_sum); return (tap_done()); }
 */
#ifndef TESTS_LIB_TAP_H
#define TESTS_LIB_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failures;
static bool tap_is_ok;

#define CHECK(condition)                                                      \
	do {                                                                  \
		if (!(condition)) {                                           \
			tap_is_ok = false;                                    \
			printf(                                               \
			    "# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
		}                                                             \
	} while (0)

/* Integers, printed when they differ. */
#define CHECK_EQ(got, expected)                                           \
	do {                                                              \
		intmax_t tap_got = (intmax_t)(got);                       \
		intmax_t tap_expected = (intmax_t)(expected);             \
		if (tap_got != tap_expected) {                            \
			tap_is_ok = false;                                \
			printf("# %s:%d: %s is %jd, not %jd\n", __FILE__, \
			    __LINE__, #got, tap_got, tap_expected);       \
		}                                                         \
	} while (0)

#define RUN(test)                                                              \
	do {                                                                   \
		tap_is_ok = true;                                              \
		test();                                                        \
		tap_count++;                                                   \
		tap_failures += !tap_is_ok;                                    \
		printf("%s %d - %s\n", tap_is_ok ? "ok" : "not ok", tap_count, \
		    #test);                                                    \
		fflush(stdout);                                                \
	} while (0)

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return (tap_failures == 0 ? 0 : 1);
}

#endif
