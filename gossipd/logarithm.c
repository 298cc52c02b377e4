/* Logarithms; see logarithm.h. */
#include <assert.h>

#include "logarithm.h"

#define LN_2	 0.69314718055994530942
#define LN_10	 2.30258509299404568402
#define SQRT_2	 1.41421356237309504880
#define TERM_MAX 23 /* s^25 / 25 is below 1e-20 for the s that are left */

/* ln x = 2 (s + s^3/3 + s^5/5 + ...) with s = (x-1)/(x+1), for x near 1. */
double
logarithm(double x)
{
	double halvings = 0, sum = 0, power, square;

	assert(x >= 1);
	while (x > SQRT_2) {
		x /= 2;
		halvings++;
	}
	power = (x - 1) / (x + 1);
	square = power * power;
	for (unsigned term = 1; term <= TERM_MAX; term += 2) {
		sum += power / term;
		power *= square;
	}
	return (halvings * LN_2 + 2 * sum);
}

double
logarithm10(double x)
{
	return (logarithm(x) / LN_10);
}

static unsigned
logarithm_up(size_t base, size_t of)
{
	unsigned result = 0;

	assert(of >= 1);
	/* Rounded up at each step, so that the last is not missed. */
	for (; of > 1; of = of / base + (of % base != 0))
		result++;
	return (result);
}

unsigned
logarithm2_up(size_t of)
{
	return (logarithm_up(2, of));
}

unsigned
logarithm10_up(size_t of)
{
	return (logarithm_up(10, of));
}
