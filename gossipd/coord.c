/* Vivaldi coordinates; see coord.h. Steps are numbered as in the page. */
#include "coord.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "random.h"

#define ERROR_MAX   1.5
#define TUNING	    0.25 /* both of Vivaldi's constants */
#define HEIGHT_MIN  10e-6
#define GRAVITY_RHO 150.0
#define ZERO	    1e-6
#define RTT_MAX_S   10
#define NS_PER_S    1e9

void
coord_init(struct coord_self *self)
{
	memset(self, 0, sizeof(*self));
	self->coord.error = ERROR_MAX;
	self->coord.height = HEIGHT_MIN;
}

bool
coord_is_finite(const struct coord *c)
{
	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		if (!isfinite(c->vec[i]))
			return (false);
	return (isfinite(c->error) && isfinite(c->adjustment) &&
		isfinite(c->height));
}

/* The limit stands behind, for what is no number. */
static double
larger(double a, double limit)
{
	return (a > limit ? a : limit);
}

static double
smaller(double a, double limit)
{
	return (a < limit ? a : limit);
}

static double
length(const double *vec)
{
	double sum = 0;

	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		sum += vec[i] * vec[i];
	return (sqrt(sum));
}

static double
difference(const struct coord *a, const struct coord *b, double *out)
{
	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		out[i] = a->vec[i] - b->vec[i];
	return (length(out));
}

static double
raw_distance(const struct coord *a, const struct coord *b)
{
	double vec[COORD_DIMENSIONS];

	return (difference(a, b, vec) + a->height + b->height);
}

double
coord_distance(const struct coord *a, const struct coord *b)
{
	double raw = raw_distance(a, b);
	double adjusted = raw + a->adjustment + b->adjustment;

	return (trunc((adjusted > 0 ? adjusted : raw) * NS_PER_S) / NS_PER_S);
}

static void
scale(double *vec, double by)
{
	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		vec[i] *= by;
}

/* From `b` towards `a`, of length 1; which way is chance where they are at
 * one place. The distance between them; 0 then. */
static double
direction(const struct coord *a, const struct coord *b, double *unit,
    uint64_t *random)
{
	double distance = difference(a, b, unit), size;

	if (distance > ZERO) {
		scale(unit, 1 / distance);
		return (distance);
	}
	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		unit[i] = random_real(random) - 0.5;
	size = length(unit);
	if (size > ZERO) {
		scale(unit, 1 / size);
	} else {
		memset(unit, 0, COORD_DIMENSIONS * sizeof(*unit));
		unit[0] = 1;
	}
	return (0);
}

/* Step 3: pushed by `force` away from the other. */
static void
push(struct coord *c, double force, const struct coord *other, uint64_t *random)
{
	double unit[COORD_DIMENSIONS];
	double distance = direction(c, other, unit, random);

	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		c->vec[i] += unit[i] * force;
	if (distance > ZERO)
		c->height = larger(
		    (c->height + other->height) * force / distance + c->height,
		    HEIGHT_MIN);
}

/* Step 1: the median of the last round trips, the upper of two. */
static double
filter(struct coord_peer *peer, double rtt)
{
	double sorted[COORD_FILTER] = { 0 };

	if (peer->rtt_count == COORD_FILTER)
		memmove(&peer->rtts[0], &peer->rtts[1],
		    (COORD_FILTER - 1) * sizeof(peer->rtts[0]));
	else
		peer->rtt_count++;
	peer->rtts[peer->rtt_count - 1] = rtt;
	for (size_t i = 0; i < peer->rtt_count; i++) {
		size_t at = i;

		for (; at > 0 && sorted[at - 1] > peer->rtts[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = peer->rtts[i];
	}
	return (sorted[peer->rtt_count / 2]);
}

/* Step 2, and 3 for its force. */
static void
spring(struct coord *c, const struct coord *other, double rtt, uint64_t *random)
{
	double distance = coord_distance(c, other);
	double bounded = larger(rtt, ZERO);
	double wrong = fabs(distance - bounded) / bounded;
	double weight = c->error / larger(c->error + other->error, ZERO);

	c->error =
	    smaller(TUNING * weight * wrong + c->error * (1 - TUNING * weight),
		ERROR_MAX);
	push(c, TUNING * weight * (bounded - distance), other, random);
}

/* Step 4. */
static void
adjust(struct coord_self *self, const struct coord *other, double rtt)
{
	double sum = 0;

	self->samples[self->next_sample] =
	    rtt - raw_distance(&self->coord, other);
	self->next_sample = (self->next_sample + 1) % COORD_WINDOW;
	for (size_t i = 0; i < COORD_WINDOW; i++)
		sum += self->samples[i];
	self->coord.adjustment = sum / (2.0 * COORD_WINDOW);
}

/* Step 5: nobody drifts away for ever. */
static void
pull_to_origin(struct coord *c, uint64_t *random)
{
	const struct coord origin = { .error = ERROR_MAX,
		.height = HEIGHT_MIN };
	double share = coord_distance(&origin, c) / GRAVITY_RHO;

	push(c, -(share * share), &origin, random);
}

bool
coord_update(struct coord_self *self, struct coord_peer *peer,
    const struct coord *where, struct duration rtt, uint64_t *random)
{
	double seconds;

	if (!coord_is_finite(where) || rtt.ns < 0 ||
	    rtt.ns > SECONDS(RTT_MAX_S).ns)
		return (false);
	seconds = filter(peer, duration_seconds(rtt));
	spring(&self->coord, where, seconds, random);
	adjust(self, where, seconds);
	pull_to_origin(&self->coord, random);
	if (!coord_is_finite(&self->coord)) {
		uint64_t resets = self->resets;

		coord_init(self);
		self->resets = resets + 1;
	}
	peer->coord = *where;
	assert(coord_is_finite(&self->coord));
	return (true);
}
