/*
 * What is wrong with a text that is no JSON, in the words of Go's scanner.
 *
 * yajl finds out that something is wrong, but says it in its own words. This
 * walks the text again by Go's states; each function takes what it expects
 * from the front, or says why it cannot.
 */
#include <stdio.h>
#include <string.h>

#include "json_syntax.h"

struct scan {
	struct slice rest;
	char *why; /* JSON_WHY_MAX */
	bool has_failed;
};

static void
scan_skip(struct scan *s, size_t size)
{
	s->rest = slice_tail(s->rest, size);
}

/* The next byte, or a failure at the end. */
static uint8_t
scan_peek(struct scan *s)
{
	if (s->rest.size > 0)
		return (s->rest.data[0]);
	if (!s->has_failed)
		snprintf(s->why, JSON_WHY_MAX, "unexpected EOF");
	s->has_failed = true;
	return (0);
}

static bool
is_blank(uint8_t c)
{
	return (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

static uint8_t
scan_peek_solid(struct scan *s)
{
	while (s->rest.size > 0 && is_blank(s->rest.data[0]))
		scan_skip(s, 1);
	return (scan_peek(s));
}

/* Go shows the byte as a character of Latin-1, quoted. */
void
json_invalid_character(uint8_t c, const char *context, char *why)
{
	char shown[16];

	if (c == '\'' || c == '\\')
		snprintf(shown, sizeof(shown), "\\%c", c);
	else if (c == '\n' || c == '\r' || c == '\t')
		snprintf(shown, sizeof(shown), "\\%c",
		    c == '\n'	? 'n'
		    : c == '\r' ? 'r'
				: 't');
	else if (c < ' ' || c == 0x7f)
		snprintf(shown, sizeof(shown), "\\x%02x", c);
	else if (c < 0x7f)
		snprintf(shown, sizeof(shown), "%c", c);
	else if (c <= 0xa0 || c == 0xad)
		snprintf(shown, sizeof(shown), "\\u%04x", c);
	else
		snprintf(shown, sizeof(shown), "%c%c", 0xc0 | c >> 6,
		    0x80 | (c & 0x3f));
	snprintf(
	    why, JSON_WHY_MAX, "invalid character '%s' %s", shown, context);
}

static void
scan_fail(struct scan *s, const char *context)
{
	uint8_t c = scan_peek(s);

	if (s->has_failed)
		return;
	json_invalid_character(c, context, s->why);
	s->has_failed = true;
}

static bool
is_digit(uint8_t c)
{
	return (c >= '0' && c <= '9');
}

static void
scan_digits(struct scan *s, const char *context)
{
	if (!is_digit(scan_peek(s))) {
		scan_fail(s, context);
		return;
	}
	while (s->rest.size > 0 && is_digit(s->rest.data[0]))
		scan_skip(s, 1);
}

static bool
scan_is_next(struct scan *s, const char *set)
{
	return (!s->has_failed && s->rest.size > 0 && s->rest.data[0] != '\0' &&
		strchr(set, s->rest.data[0]) != NULL);
}

static void
scan_number(struct scan *s)
{
	if (scan_is_next(s, "-"))
		scan_skip(s, 1);
	if (scan_is_next(s, "0"))
		scan_skip(s, 1);
	else
		scan_digits(s, "in numeric literal");
	if (scan_is_next(s, ".")) {
		scan_skip(s, 1);
		scan_digits(s, "after decimal point in numeric literal");
	}
	if (scan_is_next(s, "eE")) {
		scan_skip(s, 1);
		if (scan_is_next(s, "+-"))
			scan_skip(s, 1);
		scan_digits(s, "in exponent of numeric literal");
	}
}

static void
scan_literal(struct scan *s, const char *word)
{
	char context[64];

	for (const char *c = word; *c != '\0'; c++) {
		if (scan_peek(s) != (uint8_t)*c) {
			snprintf(context, sizeof(context),
			    "in literal %s (expecting '%c')", word, *c);
			scan_fail(s, context);
			return;
		}
		scan_skip(s, 1);
	}
}

static void
scan_escape(struct scan *s)
{
	scan_skip(s, 1);
	if (scan_is_next(s, "bfnrt\\/\"")) {
		scan_skip(s, 1);
		return;
	}
	if (scan_peek(s) != 'u') {
		scan_fail(s, "in string escape code");
		return;
	}
	scan_skip(s, 1);
	for (int i = 0; i < 4 && !s->has_failed; i++) {
		if (scan_is_next(s, "0123456789abcdefABCDEF"))
			scan_skip(s, 1);
		else
			scan_fail(s, "in \\u hexadecimal character escape");
	}
}

static void
scan_string(struct scan *s)
{
	scan_skip(s, 1);
	while (!s->has_failed) {
		uint8_t c = scan_peek(s);

		if (c == '\\')
			scan_escape(s);
		else if (c < ' ')
			scan_fail(s, "in string literal");
		else
			scan_skip(s, 1);
		if (c == '"')
			return;
	}
}

/* A key and its colon. */
static void
scan_key(struct scan *s)
{
	if (scan_peek_solid(s) != '"') {
		scan_fail(s, "looking for beginning of object key string");
		return;
	}
	scan_string(s);
	if (s->has_failed)
		return;
	if (scan_peek_solid(s) != ':')
		scan_fail(s, "after object key");
	else
		scan_skip(s, 1);
}

static void
scan_scalar(struct scan *s)
{
	uint8_t c = scan_peek_solid(s);

	if (c == '"')
		scan_string(s);
	else if (c == '-' || is_digit(c))
		scan_number(s);
	else if (c == 't')
		scan_literal(s, "true");
	else if (c == 'f')
		scan_literal(s, "false");
	else if (c == 'n')
		scan_literal(s, "null");
	else
		scan_fail(s, "looking for beginning of value");
}

/*
 * Behind a value, up to where the next one begins: commas, keys, and the ends
 * of containers. `open` holds the brackets around, `*depth` of them.
 */
static void
scan_behind_value(struct scan *s, const uint8_t *open, unsigned *depth)
{
	while (*depth > 0 && !s->has_failed) {
		bool is_object = open[*depth - 1] == '{';
		uint8_t c = scan_peek_solid(s);

		if (c == ',') {
			scan_skip(s, 1);
			if (is_object)
				scan_key(s);
			return;
		}
		if (c != (is_object ? '}' : ']')) {
			scan_fail(s, is_object ? "after object key:value pair"
					       : "after array element");
			return;
		}
		scan_skip(s, 1);
		(*depth)--;
	}
}

/* The start of a container: true if a value must follow. */
static bool
scan_open(struct scan *s, uint8_t bracket)
{
	scan_skip(s, 1);
	if (scan_peek_solid(s) == bracket + 2) { /* ']' and '}' */
		scan_skip(s, 1);
		return (false);
	}
	if (bracket == '{' && !s->has_failed)
		scan_key(s);
	return (true);
}

void
json_syntax_error(struct slice text, char *why)
{
	struct scan s = { .rest = text, .why = why };
	uint8_t open[JSON_DEPTH_MAX];
	unsigned depth = 0;

	scan_peek_solid(&s);
	if (s.has_failed) {
		snprintf(why, JSON_WHY_MAX, "EOF");
		return;
	}
	do {
		uint8_t c = scan_peek_solid(&s);

		if (c != '{' && c != '[') {
			scan_scalar(&s);
		} else if (depth == JSON_DEPTH_MAX) {
			break;
		} else {
			open[depth++] = c;
			if (scan_open(&s, c))
				continue;
			depth--;
		}
		scan_behind_value(&s, open, &depth);
	} while (depth > 0 && !s.has_failed);
	if (!s.has_failed) /* it is the limits that were passed */
		snprintf(why, JSON_WHY_MAX, "exceeded max depth");
}
