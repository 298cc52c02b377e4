/* Logarithms against libm's. */
#include <math.h>

#include "gossipd/logarithm.h"
#include "tests/lib/tap.h"

static void
test_real(void)
{
	double worst = 0;

	for (double x = 1; x < 1e6; x = x * 1.01 + 0.1) {
		double error = fabs(logarithm(x) - log(x)) / (1 + log(x));

		worst = error > worst ? error : worst;
		error = fabs(logarithm10(x) - log10(x));
		worst = error > worst ? error : worst;
	}
	CHECK(worst < 1e-14);
	CHECK(logarithm(1) == 0);
}

static void
test_up(void)
{
	bool are_same = true;

	for (size_t n = 1; n < 20000; n++)
		are_same =
		    are_same &&
		    logarithm10_up(n) == (unsigned)ceil(log10((double)n)) &&
		    logarithm2_up(n) == (unsigned)ceil(log2((double)n));
	CHECK(are_same);
	CHECK(logarithm10_up(SIZE_MAX) == 20);
	CHECK(logarithm2_up(SIZE_MAX) == 64);
}

int
main(void)
{
	RUN(test_real);
	RUN(test_up);
	return (tap_done());
}
