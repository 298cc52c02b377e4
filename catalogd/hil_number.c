/* Numbers as Go reads and writes them; see hil.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hil.h"

#define SYNTAX "invalid syntax"
#define RANGE  "value out of range"

/* What a digit is worth; 99: it is none. */
static unsigned
digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'z' ? c - 'a' + 10U : 99);
}

/* The base that the text's prefix says; the prefix is cut off. */
static unsigned
base_take(struct slice *text)
{
	static const struct {
		uint8_t letter;
		unsigned base;
	} rows[] = { { 'x', 16 }, { 'b', 2 }, { 'o', 8 } };

	if (text->size < 2 || text->data[0] != '0')
		return (10);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (text->size >= 3 &&
		    (text->data[1] | 0x20) == rows[i].letter) {
			*text = slice_tail(*text, 2);
			return (rows[i].base);
		}
	*text = slice_tail(*text, 1);
	return (8);
}

/* strconv's underscoreOK: between digits, or behind the base's prefix. */
static bool
underscores_are_right(struct slice digits, bool has_prefix)
{
	bool was_digit = has_prefix;

	for (size_t i = 0; i < digits.size; i++) {
		bool is_line = digits.data[i] == '_';

		if (is_line && (!was_digit || i + 1 == digits.size))
			return (false);
		was_digit = !is_line;
	}
	return (true);
}

const char *
go_parse_int(struct slice text, int64_t *out)
{
	bool is_negative = text.size > 0 && text.data[0] == '-';
	uint64_t value = 0, most = (uint64_t)INT64_MAX + is_negative;
	size_t before;
	unsigned base;

	if (text.size > 0 && (text.data[0] == '-' || text.data[0] == '+'))
		text = slice_tail(text, 1);
	if (text.size == 0)
		return (SYNTAX);
	before = text.size;
	base = base_take(&text);
	if (!underscores_are_right(text, text.size < before))
		return (SYNTAX);
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] != '_' && digit_value(text.data[i]) >= base)
			return (SYNTAX);
	for (size_t i = 0; i < text.size; i++) {
		unsigned digit = digit_value(text.data[i]);

		if (text.data[i] == '_')
			continue;
		if (value > (most - digit) / base)
			return (RANGE);
		value = value * base + digit;
	}
	*out = (int64_t)(is_negative ? 0 - value : value);
	return (NULL);
}

/* strtod() knows more forms than Go: blanks in front, "nan(...)". */
static bool
float_is_plain(const char *text)
{
	const char *at = text + (*text == '-' || *text == '+');

	if (isdigit((unsigned char)*at) || *at == '.')
		return (
		    strpbrk(text, "xX") == NULL || strpbrk(text, "pP") != NULL);
	return (strcasecmp(at, "inf") == 0 || strcasecmp(at, "infinity") == 0 ||
		strcasecmp(text, "nan") == 0);
}

const char *
go_parse_float(struct slice text, double *out)
{
	char copy[512], *end;
	double value;

	if (text.size == 0 || text.size >= sizeof(copy) ||
	    memchr(text.data, '\0', text.size) != NULL)
		return (SYNTAX);
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (!float_is_plain(copy))
		return (SYNTAX);
	value = strtod(copy, &end);
	if (*end != '\0')
		return (SYNTAX);
	if (isinf(value) && strpbrk(copy, "0123456789") != NULL)
		return (RANGE);
	*out = value;
	return (NULL);
}

/* Digits d.ddd and a power of ten, as %f has them. */
static void
put_plain(struct buf *out, const char *digits, size_t count, int exponent)
{
	int point = exponent + 1; /* digits in front of it */

	if (point <= 0) {
		buf_put_text(out, "0.");
		for (int i = point; i < 0; i++)
			buf_put_u8(out, '0');
		buf_put(out, digits, count);
		return;
	}
	for (int i = 0; i < point || i < (int)count; i++) {
		if (i == point)
			buf_put_u8(out, '.');
		buf_put_u8(
		    out, i < (int)count ? (uint8_t)digits[i] : (uint8_t)'0');
	}
}

static void
put_scientific(struct buf *out, const char *digits, size_t count, int exponent)
{
	buf_put_u8(out, (uint8_t)digits[0]);
	if (count > 1)
		buf_put_u8(out, '.');
	buf_put(out, digits + 1, count - 1);
	buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

/* The fewest digits that give the number back. */
static size_t
shortest_digits(double value, char digits[18], int *exponent)
{
	char text[40];
	size_t count = 0;

	for (int precision = 0; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, value);
		if (strtod(text, NULL) >= value && strtod(text, NULL) <= value)
			break;
	}
	for (const char *at = text; *at != 'e'; at++)
		if (isdigit((unsigned char)*at))
			digits[count++] = *at;
	*exponent = atoi(strchr(text, 'e') + 1);
	return (count);
}

void
go_put_float(struct buf *out, double value)
{
	char digits[18] = "0";
	int exponent;
	size_t count;

	if (isnan(value) || isinf(value)) {
		buf_put_text(out, isnan(value) ? "NaN"
				  : value < 0  ? "-Inf"
					       : "+Inf");
		return;
	}
	if (signbit(value))
		buf_put_u8(out, '-');
	count = shortest_digits(fabs(value), digits, &exponent);
	/* ftoa.go: "if precision was the shortest possible, use precision 6".
	 */
	if (exponent < -4 || exponent >= 6)
		put_scientific(out, digits, count, exponent);
	else
		put_plain(out, digits, count, exponent);
}
