/* Numbers in filters; see filter_number.h. */
#include "filter_number.h"

static const char invalid[] = "invalid syntax";
static const char out_of_range[] = "value out of range";

const char *
filter_bool(struct slice text, int64_t *out)
{
	static const char *const words[][6] = {
		{ "0", "f", "F", "false", "FALSE", "False" },
		{ "1", "t", "T", "true", "TRUE", "True" },
	};

	for (int64_t truth = 0; truth < 2; truth++)
		for (size_t i = 0; i < 6; i++)
			if (slice_is(text, words[truth][i])) {
				*out = truth;
				return (NULL);
			}
	return (invalid);
}

/* What stands before the digits: 0x, 0o, 0b, or 0 alone for octal ones. */
static unsigned
base_of(struct slice *digits)
{
	static const struct {
		char letter;
		unsigned base;
	} bases[] = { { 'x', 16 }, { 'o', 8 }, { 'b', 2 } };

	if (digits->size < 1 || digits->data[0] != '0')
		return (10);
	for (size_t i = 0; i < 3; i++)
		if (digits->size >= 3 &&
		    (digits->data[1] | 0x20) == bases[i].letter) {
			*digits = slice_tail(*digits, 2);
			return (bases[i].base);
		}
	*digits = slice_tail(*digits, 1);
	return (8);
}

/* Underscores may stand between digits, and behind what says the base. */
static bool
underscores_are_right(struct slice digits, bool has_base)
{
	uint8_t before = has_base ? '0' : '_';

	for (size_t i = 0; i < digits.size; i++) {
		if (digits.data[i] == '_' && before == '_')
			return (false);
		before = digits.data[i];
	}
	return (before != '_' || digits.size == 0);
}

static unsigned
digit_of(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return (byte - '0');
	if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
		return ((byte | 0x20U) - 'a' + 10U);
	return (16);
}

/* The first digit that is wrong, or one too many, decides. */
static const char *
magnitude(struct slice digits, unsigned base, uint64_t most, uint64_t *out)
{
	bool is_over = false;
	uint64_t value = 0;

	for (size_t i = 0; i < digits.size; i++) {
		unsigned digit = digit_of(digits.data[i]);

		if (digits.data[i] == '_')
			continue;
		if (digit >= base)
			return (invalid);
		if (value > (UINT64_MAX - digit) / base)
			return (out_of_range);
		value = value * base + digit;
		is_over = value > most;
	}
	*out = value;
	return (is_over ? out_of_range : NULL);
}

const char *
filter_int(struct slice text, int64_t *out)
{
	struct slice digits = text;
	bool is_negative = false;
	const char *fault;
	uint64_t value = 0;
	size_t before;
	unsigned base;

	if (digits.size > 0 &&
	    (digits.data[0] == '-' || digits.data[0] == '+')) {
		is_negative = digits.data[0] == '-';
		digits = slice_tail(digits, 1);
	}
	if (digits.size == 0)
		return (invalid);
	before = digits.size;
	base = base_of(&digits);
	fault =
	    magnitude(digits, base, (uint64_t)INT64_MAX + is_negative, &value);
	if (fault != NULL)
		return (fault);
	if (!underscores_are_right(digits, digits.size < before))
		return (invalid);
	*out = is_negative ? (int64_t)(0 - value) : (int64_t)value;
	return (NULL);
}
