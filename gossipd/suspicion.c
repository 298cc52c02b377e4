/* Deadlines of suspects; see suspicion.h. */
#include "suspicion.h"

#include <assert.h>
#include <string.h>

#include "logarithm.h"

#define NS_PER_MS 1000000
#define TINY	  1e-9 /* so that 1,000 is 3, and not a little less */

struct duration
suspicion_timeout(unsigned mult, size_t members, struct duration interval)
{
	double scale = members > 10 ? logarithm10((double)members) + TINY : 1;

	return (NANOSECONDS(
	    (int64_t)mult * (int64_t)(scale * 1000) * interval.ns / 1000));
}

void
suspicion_start(struct suspicion *s, uint64_t accuser, unsigned wanted,
    struct duration min, struct duration max, struct instant now)
{
	assert(min.ns <= max.ns);
	memset(s, 0, sizeof(*s));
	s->start = now;
	s->min = min;
	s->max = max;
	s->wanted = wanted < SUSPICION_ACCUSERS_MAX
			? wanted
			: SUSPICION_ACCUSERS_MAX - 1;
	s->accusers[0] = accuser;
}

bool
suspicion_confirm(struct suspicion *s, uint64_t accuser)
{
	if (s->confirmations >= s->wanted)
		return (false);
	for (unsigned i = 0; i <= s->confirmations; i++)
		if (s->accusers[i] == accuser)
			return (false);
	s->accusers[++s->confirmations] = accuser;
	return (true);
}

/* memberlist suspicion.go, remainingSuspicionTime. */
struct instant
suspicion_deadline(const struct suspicion *s)
{
	double share, ms;
	struct duration timeout;

	if (s->wanted == 0)
		return (instant_add(s->start, s->min));
	if (s->confirmations == 0)
		return (instant_add(s->start, s->max));
	share = logarithm(s->confirmations + 1.0) / logarithm(s->wanted + 1.0);
	ms = ((double)s->max.ns - share * (double)(s->max.ns - s->min.ns)) /
	     NS_PER_MS;
	timeout = MILLISECONDS((int64_t)ms); /* whole ones */
	return (
	    instant_add(s->start, timeout.ns > s->min.ns ? timeout : s->min));
}
