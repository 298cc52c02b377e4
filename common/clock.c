/* Clocks, and durations as Go reads and prints them; see clock.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define NS_PER_SECOND INT64_C(1000000000)

struct instant
instant_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((struct instant){ ts.tv_sec * NS_PER_SECOND + ts.tv_nsec });
}

struct instant
instant_add(struct instant at, struct duration by)
{
	struct instant sum;

	if (at.ns == INT64_MAX)
		return (at);
	if (__builtin_add_overflow(at.ns, by.ns, &sum.ns))
		sum.ns = by.ns > 0 ? INT64_MAX : INT64_MIN;
	return (sum);
}

struct duration
instant_since(struct instant later, struct instant earlier)
{
	struct duration span;

	if (__builtin_sub_overflow(later.ns, earlier.ns, &span.ns))
		span.ns = later.ns > earlier.ns ? INT64_MAX : INT64_MIN;
	return (span);
}

bool
instant_before(struct instant a, struct instant b)
{
	return (a.ns < b.ns);
}

double
duration_seconds(struct duration d)
{
	return ((double)d.ns / 1e9);
}

struct wall
wall_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ((struct wall){ ts.tv_sec, (int32_t)ts.tv_nsec });
}

/* --- Parsing, step by step as time.ParseDuration does it. --- */

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\302\265s", 1000 }, /* U+00B5, micro sign */
	{ "\316\274s", 1000 }, /* U+03BC, Greek mu */
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", UINT64_C(60) * 1000000000 },
	{ "h", UINT64_C(3600) * 1000000000 },
};

static const struct unit *
unit_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (slice_is(name, units[i].name))
			return (&units[i]);
	return (NULL);
}

static bool
is_digit(struct slice s)
{
	return (s.size > 0 && s.data[0] >= '0' && s.data[0] <= '9');
}

/* Digits in front of *s. False: beyond 63 bits. */
static bool
take_whole(struct slice *s, uint64_t *value)
{
	*value = 0;
	for (; is_digit(*s); *s = slice_tail(*s, 1)) {
		if (*value > INT64_MAX / 10)
			return (false);
		*value = *value * 10 + (s->data[0] - '0');
		if (*value > INT64_MAX)
			return (false);
	}
	return (true);
}

/* Digits behind the point: value / scale. Those too small to count are
 * skipped, never an error. */
static void
take_fraction(struct slice *s, uint64_t *value, double *scale)
{
	bool is_full = false;

	*value = 0;
	*scale = 1;
	for (; is_digit(*s); *s = slice_tail(*s, 1)) {
		uint64_t next = *value * 10 + (s->data[0] - '0');

		is_full |= *value > INT64_MAX / 10 || next > INT64_MAX;
		if (is_full)
			continue;
		*value = next;
		*scale *= 10;
	}
}

static struct slice
take_unit(struct slice *s)
{
	size_t size = 0;
	struct slice name;

	while (size < s->size && s->data[size] != '.' &&
	       !is_digit(slice_tail(*s, size)))
		size++;
	name = slice_head(*s, size);
	*s = slice_tail(*s, size);
	return (name);
}

static enum err
duration_fail(char *why, size_t why_size, const char *what,
    const struct slice *unit, struct slice text)
{
	struct buf b;

	buf_init(&b);
	buf_printf(&b, "time: %s ", what);
	if (unit != NULL)
		buf_printf(&b, "\"%.*s\" in duration ", SLICE_ARGS(*unit));
	buf_printf(&b, "\"%.*s\"", SLICE_ARGS(text)); /* nothing escaped */
	snprintf(why, why_size, "%s", buf_text(&b));
	buf_deinit(&b);
	return (ERR_INVALID);
}

/* One number with its unit in front of *s, added to *sum. Otherwise what is
 * wrong, or "" and the unit that nobody knows. */
static const char *
take_term(struct slice *s, uint64_t *sum, struct slice *name)
{
	bool has_digits = is_digit(*s);
	uint64_t whole, fraction = 0;
	const struct unit *unit;
	double scale = 1;

	if (!take_whole(s, &whole))
		return ("invalid duration");
	if (s->size > 0 && s->data[0] == '.') {
		*s = slice_tail(*s, 1);
		has_digits |= is_digit(*s);
		take_fraction(s, &fraction, &scale);
	}
	if (!has_digits)
		return ("invalid duration");
	*name = take_unit(s);
	if (name->size == 0)
		return ("missing unit in duration");
	unit = unit_find(*name);
	if (unit == NULL)
		return ("");
	if (whole > INT64_MAX / unit->ns)
		return ("invalid duration");
	whole *= unit->ns;
	whole += (uint64_t)((double)fraction * ((double)unit->ns / scale));
	if (whole > INT64_MAX || *sum + whole > INT64_MAX)
		return ("invalid duration");
	*sum += whole;
	return (NULL);
}

enum err
duration_parse(
    struct slice text, struct duration *out, char *why, size_t why_size)
{
	struct slice rest = text, name = { 0 };
	bool is_negative = false;
	uint64_t sum = 0;

	if (rest.size > 0 && (rest.data[0] == '-' || rest.data[0] == '+')) {
		is_negative = rest.data[0] == '-';
		rest = slice_tail(rest, 1);
	}
	if (slice_is(rest, "0")) {
		*out = NANOSECONDS(0);
		return (ERR_OK);
	}
	if (rest.size == 0)
		return (duration_fail(
		    why, why_size, "invalid duration", NULL, text));
	while (rest.size > 0) {
		const char *what = take_term(&rest, &sum, &name);

		if (what == NULL)
			continue;
		if (*what == '\0')
			return (duration_fail(
			    why, why_size, "unknown unit", &name, text));
		return (duration_fail(why, why_size, what, NULL, text));
	}
	*out = NANOSECONDS(is_negative ? -(int64_t)sum : (int64_t)sum);
	return (ERR_OK);
}

/* --- Printing. --- */

/* value / 10^digits without trailing zeros, nor a point without a fraction. */
static void
put_decimal(struct buf *b, uint64_t value, unsigned digits)
{
	uint64_t scale = 1;
	uint64_t fraction;

	for (unsigned i = 0; i < digits; i++)
		scale *= 10;
	buf_printf(b, "%" PRIu64, value / scale);
	fraction = value % scale;
	if (fraction == 0)
		return;
	while (fraction % 10 == 0) {
		fraction /= 10;
		digits--;
	}
	buf_printf(b, ".%0*" PRIu64, (int)digits, fraction);
}

void
duration_print(struct duration d, struct buf *b)
{
	uint64_t ns = d.ns < 0 ? -(uint64_t)d.ns : (uint64_t)d.ns;
	uint64_t minutes = ns / (60 * (uint64_t)NS_PER_SECOND);

	if (ns == 0) {
		buf_put_text(b, "0s");
		return;
	}
	if (d.ns < 0)
		buf_put_u8(b, '-');
	if (ns < 1000)
		buf_printf(b, "%" PRIu64 "ns", ns);
	else if (ns < 1000000) {
		put_decimal(b, ns, 3);
		buf_put_text(b, "\302\265s");
	} else if (ns < (uint64_t)NS_PER_SECOND) {
		put_decimal(b, ns, 6);
		buf_put_text(b, "ms");
	} else {
		if (minutes >= 60)
			buf_printf(b, "%" PRIu64 "h", minutes / 60);
		if (minutes >= 1)
			buf_printf(b, "%" PRIu64 "m", minutes % 60);
		put_decimal(b, ns % (60 * (uint64_t)NS_PER_SECOND), 9);
		buf_put_u8(b, 's');
	}
}

void
wall_print(struct wall at, unsigned digits, struct buf *b)
{
	time_t seconds = at.seconds;
	int32_t fraction = at.ns;
	struct tm tm;

	assert(digits <= 9);
	gmtime_r(&seconds, &tm);
	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	for (unsigned i = digits; i < 9; i++)
		fraction /= 10;
	if (digits > 0)
		buf_printf(b, ".%0*" PRId32, (int)digits, fraction);
	buf_put_u8(b, 'Z');
}
