/*
 * Words of HCL 1; see hcl_scan.h. A mistake does not end the scan: the parser
 * goes on until it fails itself, and then the last mistake of the scan is
 * what is told, as hashicorp/hcl does it. Columns come out as there, too.
 */
#include <string.h>

#include "hcl_scan.h"

#define END	    0 /* of the source, or a NUL in it */
#define REPLACEMENT 0xfffdU

static const char *const names[] = {
#define X(name) #name,
	HCL_TOKENS(X)
#undef X
};

const char *
hcl_token_name(enum hcl_token_kind kind)
{
	return (names[kind]);
}

void
hcl_scan_init(struct hcl_scan *s, struct slice source)
{
	*s = (struct hcl_scan){ .source = source };
	s->now.line = 1;
}

static void
fail(struct hcl_scan *s, const char *why)
{
	s->why = why;
	s->why_at = (struct hcl_position){ 0, 1, 1 };
	if (s->now.column > 0) {
		s->why_at = s->now;
	} else if (s->line_size > 0) {
		s->why_at.line = s->now.line - 1;
		s->why_at.column = s->line_size;
	}
}

/* --- Characters. --- */

/* One character of UTF-8; *size is 1 with REPLACEMENT where it is none. */
static uint32_t
character_at(struct slice text, size_t *size)
{
	static const struct {
		uint8_t mask, bits, least_size;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 1, 0 },
		{ 0xe0, 0xc0, 2, 0x80 },
		{ 0xf0, 0xe0, 3, 0x800 },
		{ 0xf8, 0xf0, 4, 0x10000 },
	};
	uint8_t first = text.data[0];
	uint32_t value;
	size_t i, j;

	*size = 1;
	for (i = 0; i < 4; i++) {
		if ((first & forms[i].mask) == forms[i].bits)
			break;
	}
	if (i == 4 || text.size < forms[i].least_size)
		return (REPLACEMENT);
	value = first & (uint8_t)~forms[i].mask;
	for (j = 1; j <= i; j++) {
		if ((text.data[j] & 0xc0) != 0x80)
			return (REPLACEMENT);
		value = value << 6 | (text.data[j] & 0x3fU);
	}
	if (value < forms[i].least || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		return (REPLACEMENT);
	*size = i + 1;
	return (value);
}

static uint32_t
next(struct hcl_scan *s)
{
	struct slice rest = slice_tail(s->source, s->now.offset);
	uint32_t c;
	size_t size = 0;

	if (rest.size == 0) {
		s->now.column++;
		s->character_size = 0;
		return (END);
	}
	c = character_at(rest, &size);
	s->before = s->now;
	s->now.column++;
	s->now.offset += size;
	s->character_size = size;
	if (c == REPLACEMENT && size == 1) {
		fail(s, "illegal UTF-8 encoding");
	} else if (c == '\n') {
		s->now.line++;
		s->line_size = s->now.column;
		s->now.column = 0;
	} else if (c == 0) {
		fail(s, "unexpected null character (0x00)");
	} else if (c == 0xe123) {
		fail(s, "unicode code point U+E123 reserved for internal use");
		return (REPLACEMENT);
	}
	return (c);
}

static void
back(struct hcl_scan *s)
{
	s->now = s->before;
}

static uint32_t
peek(const struct hcl_scan *s)
{
	struct slice rest = slice_tail(s->source, s->now.offset);
	size_t size;

	return (rest.size == 0 ? END : character_at(rest, &size));
}

static bool
is_blank(uint32_t c)
{
	return (c == ' ' || c == '\t' || c == '\n' || c == '\r');
}

static bool
is_decimal(uint32_t c)
{
	return (c >= '0' && c <= '9');
}

static bool
is_hexadecimal(uint32_t c)
{
	return (
	    is_decimal(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
}

/* Beyond ASCII whatever is no sign, blank or picture counts as a letter;
 * hashicorp/hcl asks Unicode's tables. */
static bool
is_letter(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} others[] = {
		{ 0x80, 0xa9 },
		{ 0xab, 0xb4 },
		{ 0xb6, 0xb9 },
		{ 0xbb, 0xbf },
		{ 0xd7, 0xd7 },
		{ 0xf7, 0xf7 },
		{ 0x2000, 0x206f },
		{ 0x20a0, 0x20cf },
		{ 0x2190, 0x2bff },
		{ 0x3000, 0x3004 },
		{ 0x3008, 0x3030 },
		{ 0xd800, 0xf8ff },
		{ 0xfe00, 0xfe6f },
		{ 0xfeff, 0xff20 },
		{ 0xfff0, 0xffff },
		{ 0x1f000, 0x1faff },
	};
	size_t i;

	if (c < 0x80)
		return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			c == '_');
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (c >= others[i].first && c <= others[i].last)
			return (false);
	}
	return (true);
}

/* --- Words. --- */

static void
scan_comment(struct hcl_scan *s, uint32_t c)
{
	uint32_t last;

	if (c == '/' && peek(s) == '*') {
		next(s);
		c = next(s);
		do {
			if (c == END) {
				fail(s, "comment not terminated");
				return;
			}
			last = c;
			c = next(s);
		} while (last != '*' || c != '/');
		return;
	}
	if (c == '/' && peek(s) != '/') {
		fail(s, "expected '/' for comment");
		return;
	}
	do {
		c = next(s);
	} while (c != '\n' && c != END);
	if (c != END)
		back(s);
}

/* The digits from `c` on; returns what follows them, which is put back. */
static uint32_t
scan_digits(struct hcl_scan *s, uint32_t c)
{
	bool was_any = false;

	for (; is_decimal(c); was_any = true)
		c = next(s);
	if (was_any && c != END)
		back(s);
	return (c);
}

static void
scan_exponent(struct hcl_scan *s, uint32_t c)
{
	if (c != 'e' && c != 'E')
		return;
	c = next(s);
	if (c == '-' || c == '+')
		c = next(s);
	scan_digits(s, c);
}

/* Behind the whole part of a number, at `c`: is it a float? */
static bool
scan_fraction(struct hcl_scan *s, uint32_t c)
{
	if (c == 'e' || c == 'E') {
		scan_exponent(s, c);
		return (true);
	}
	if (c != '.')
		return (false);
	c = scan_digits(s, peek(s));
	if (c == 'e' || c == 'E')
		scan_exponent(s, next(s));
	return (true);
}

static void
scan_hexadecimal(struct hcl_scan *s)
{
	uint32_t c = next(s);

	if (!is_hexadecimal(c))
		fail(s, "illegal hexadecimal number");
	while (is_hexadecimal(c))
		c = next(s);
	if (c != END)
		back(s);
}

static enum hcl_token_kind
scan_number(struct hcl_scan *s, uint32_t c)
{
	bool is_octal = c == '0', has_bad_digit = false;

	if (!is_octal) {
		scan_digits(s, c);
		c = next(s);
	} else {
		c = next(s);
		if (c == 'x' || c == 'X') {
			scan_hexadecimal(s);
			return (HCL_NUMBER);
		}
		/* 0159 is wrong, but 0159.2 is not. */
		while (is_decimal(c)) {
			c = next(s);
			has_bad_digit |= c == '8' || c == '9';
		}
	}
	if (scan_fraction(s, c))
		return (HCL_FLOAT);
	if (has_bad_digit)
		fail(s, "illegal octal number");
	if (c != END)
		back(s);
	return (HCL_NUMBER);
}

static unsigned
digit_of(uint32_t c)
{
	if (is_decimal(c))
		return (c - '0');
	return (is_hexadecimal(c) ? (c | 0x20) - 'a' + 10 : 16);
}

static void
scan_escape_digits(
    struct hcl_scan *s, uint32_t c, unsigned base, unsigned count)
{
	unsigned left = count;

	while (left > 0 && digit_of(c) < base) {
		c = next(s);
		if (c == END)
			break;
		left--;
	}
	if (left > 0)
		fail(s, "illegal char escape");
	if (left != count && c != END)
		back(s);
}

static void
scan_escape(struct hcl_scan *s)
{
	uint32_t c = next(s);

	if (c >= '0' && c <= '7')
		scan_escape_digits(s, c, 8, 3);
	else if (c == 'x')
		scan_escape_digits(s, next(s), 16, 2);
	else if (c == 'u')
		scan_escape_digits(s, next(s), 16, 4);
	else if (c == 'U')
		scan_escape_digits(s, next(s), 16, 8);
	else if (c == END || c >= 0x80 || strchr("abfnrtv\\\"", (int)c) == NULL)
		fail(s, "illegal char escape");
}

/* Inside of ${} quotes do not end the string, nor do line ends. */
static void
scan_string(struct hcl_scan *s)
{
	size_t braces = 0;
	uint32_t c;

	for (;;) {
		c = next(s);
		if ((c == '\n' && braces == 0) || c == END) {
			fail(s, "literal not terminated");
			return;
		}
		if (c == '"' && braces == 0)
			return;
		if (braces == 0 && c == '$' && peek(s) == '{') {
			braces++;
			next(s);
		} else if (braces > 0 && c == '{') {
			braces++;
		}
		if (braces > 0 && c == '}')
			braces--;
		if (c == '\\')
			scan_escape(s);
	}
}

/* Does this line end the heredoc: blanks, its mark, and nothing more? */
static bool
is_mark(struct slice line, struct slice mark)
{
	if (line.size < mark.size)
		return (false); /* the '-' of an indented one counts, too */
	if (mark.data[0] == '-')
		mark = slice_tail(mark, 1);
	while (line.size > 0 && line.data[0] != '\0' &&
	       strchr(" \t\r\v\f", line.data[0]) != NULL)
		line = slice_tail(line, 1);
	if (!slice_starts_with(line, mark))
		return (false);
	line = slice_tail(line, mark.size);
	while (line.size > 0 && line.data[0] == '\r')
		line = slice_tail(line, 1);
	return (line.size == 0);
}

/* The name behind <<, with the '-' that asks for indentation. */
static bool
scan_mark(struct hcl_scan *s, struct slice *mark)
{
	size_t from;
	uint32_t c;

	if (next(s) != '<') {
		fail(s, "heredoc expected second '<', didn't see it");
		return (false);
	}
	from = s->now.offset;
	c = next(s);
	if (c == '-')
		c = next(s);
	while (is_letter(c) || is_decimal(c))
		c = next(s);
	if (c == END) {
		fail(s, "heredoc not terminated");
		return (false);
	}
	if (c == '\r' && peek(s) == '\n')
		c = next(s);
	if (c != '\n') {
		fail(s, "invalid characters in heredoc anchor");
		return (false);
	}
	*mark = slice(
	    s->source.data + from, s->now.offset - s->character_size - from);
	if (mark->size > 0 && !slice_is(*mark, "-"))
		return (true);
	fail(s, "zero-length heredoc anchor");
	return (false);
}

static void
scan_heredoc(struct hcl_scan *s)
{
	struct slice mark = { 0 };
	size_t from;
	uint32_t c;

	if (!scan_mark(s, &mark))
		return;
	from = s->now.offset;
	for (;;) {
		c = next(s);
		if (c == END) {
			fail(s, "heredoc not terminated");
			return;
		}
		if (c != '\n')
			continue;
		if (is_mark(
			slice(s->source.data + from, s->now.offset - 1 - from),
			mark))
			return;
		from = s->now.offset;
	}
}

static enum hcl_token_kind
scan_identifier(struct hcl_scan *s)
{
	size_t from = s->now.offset - s->character_size;
	struct slice word;
	uint32_t c;

	do {
		c = next(s);
	} while (is_letter(c) || is_decimal(c) || c == '-' || c == '.');
	if (c != END)
		back(s);
	word = slice(s->source.data + from, s->now.offset - from);
	return (slice_is(word, "true") || slice_is(word, "false") ? HCL_BOOL
								  : HCL_IDENT);
}

static enum hcl_token_kind
scan_sign(struct hcl_scan *s, uint32_t c)
{
	static const struct {
		char sign;
		enum hcl_token_kind kind;
	} signs[] = { { '[', HCL_LBRACK }, { ']', HCL_RBRACK },
		{ '{', HCL_LBRACE }, { '}', HCL_RBRACE }, { ',', HCL_COMMA },
		{ '=', HCL_ASSIGN }, { '+', HCL_ADD } };
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (c == (uint32_t)signs[i].sign)
			return (signs[i].kind);
	}
	if (c == '-')
		return (
		    is_decimal(peek(s)) ? scan_number(s, next(s)) : HCL_SUB);
	if (c == '.') {
		if (!is_decimal(peek(s)))
			return (HCL_PERIOD);
		scan_exponent(s, scan_digits(s, next(s)));
		return (HCL_FLOAT);
	}
	fail(s, "illegal char");
	return (HCL_ILLEGAL);
}

static enum hcl_token_kind
scan_word(struct hcl_scan *s, uint32_t c)
{
	if (is_letter(c))
		return (scan_identifier(s));
	if (is_decimal(c))
		return (scan_number(s, c));
	switch (c) {
	case END:
		return (HCL_EOF);
	case '"':
		scan_string(s);
		return (HCL_STRING);
	case '#':
	case '/':
		scan_comment(s, c);
		return (HCL_COMMENT);
	case '<':
		scan_heredoc(s);
		return (HCL_HEREDOC);
	default:
		return (scan_sign(s, c));
	}
}

struct hcl_token
hcl_scan_next(struct hcl_scan *s)
{
	struct hcl_token token = { 0 };
	uint32_t c;

	do {
		c = next(s);
	} while (is_blank(c));
	token.at.offset = s->now.offset - s->character_size;
	token.at.line = s->now.line;
	token.at.column = s->now.column;
	token.kind = scan_word(s, c);
	token.text = slice(
	    s->source.data + token.at.offset, s->now.offset - token.at.offset);
	return (token);
}
