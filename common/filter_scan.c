/* Filter expressions: what does not nest; see filter_scan.h. */
#include "filter_scan.h"

#include <stdio.h>
#include <string.h>

#include "filter_unquote.h"
#include "utf8.h"

static const char *const terminals[] = {
#define X(name, text) text,
	TERMINALS(X)
#undef X
};

#define INVERTED(terminal) (UINT64_C(1) << ((terminal) + 32))

/* --- Places and mistakes. --- */

static void
put_place(const struct parser *p, size_t place, struct buf *out)
{
	unsigned line = 1, column = 0;
	size_t at = 0, width;

	for (;;) {
		int32_t rune = utf8_decode(slice_tail(p->in, at), &width);

		column++;
		if (rune == '\n') {
			line++;
			column = 0;
		}
		if (at >= place || width == 0)
			break;
		at += width;
	}
	buf_printf(out, "%u:%u (%zu)", line, column, place);
}

/* Each is told once, in the order of the first time. */
void
scan_mistake_add(struct parser *p, size_t place, const char *text)
{
	struct buf out = { 0 };
	size_t i = 0;

	put_place(p, place, &out);
	if (p->rule != NULL)
		buf_printf(&out, ": rule %s", p->rule);
	buf_printf(&out, ": %s", text);
	while (i < p->mistake_count &&
	       !slice_equal(p->mistakes[i], buf_slice(&out)))
		i++;
	if (i == p->mistake_count && i < MISTAKES_MAX)
		p->mistakes[p->mistake_count++] =
		    arena_copy(p->arena, buf_slice(&out));
	buf_deinit(&out);
}

void
scan_look(struct parser *p)
{
	p->rune = utf8_decode(slice_tail(p->in, p->at), &p->width);
	if (p->width == 0)
		p->rune = -1;
	else if (p->rune == UTF8_ERROR && p->width == 1)
		scan_mistake_add(p, p->at, "invalid encoding");
}

static void
advance(struct parser *p)
{
	p->at += p->width;
	scan_look(p);
}

void
scan_restore(struct parser *p, size_t at)
{
	p->at = at;
	p->rune = utf8_decode(slice_tail(p->in, at), &p->width);
	if (p->width == 0)
		p->rune = -1;
}

/* What was tried at a place, and whether it was there. */
static bool
tried(struct parser *p, enum terminal terminal, size_t place, bool is_there)
{
	if (is_there != p->is_inverted || place < p->far)
		return (is_there);
	if (place > p->far) {
		p->far = place;
		p->wanted = 0;
	}
	p->wanted |=
	    p->is_inverted ? INVERTED(terminal) : UINT64_C(1) << terminal;
	return (is_there);
}

/* --- Terminals. --- */

bool
scan_literal(struct parser *p, enum terminal terminal)
{
	const char *name = terminals[terminal];
	size_t start = p->at, size = strlen(name) - 1;

	for (size_t i = name[1] == '\\' ? 2 : 1; i < size; i++) {
		if (p->rune != name[i]) {
			scan_restore(p, start);
			return (tried(p, terminal, start, false));
		}
		advance(p);
	}
	return (tried(p, terminal, start, true));
}

static bool
is_of(int32_t rune, enum terminal terminal)
{
	bool is_digit = rune >= '0' && rune <= '9';
	bool is_letter =
	    (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');

	switch (terminal) {
	case T_SPACE:
		return (rune == ' ' || rune == '\t' || rune == '\r' ||
			rune == '\n');
	case T_DIGIT:
		return (is_digit);
	case T_DIGIT_1:
		return (is_digit && rune != '0');
	case T_LETTER:
		return (is_letter);
	case T_WORD:
		return (is_letter || is_digit || rune == '_');
	default:
		return (rune >= 0); /* any */
	}
}

static bool
one_of(struct parser *p, enum terminal terminal)
{
	size_t start = p->at;
	bool is_there = is_of(p->rune, terminal);

	if (is_there)
		advance(p);
	return (tried(p, terminal, start, is_there));
}

static bool
many_of(struct parser *p, enum terminal terminal)
{
	while (one_of(p, terminal))
		continue;
	return (true);
}

/* --- Rules that do not nest. --- */

/* Does the rule match? If not, we are where we were. */
typedef bool rule_fn(struct parser *, struct slice *out);

static bool
rule(struct parser *p, const char *name, rule_fn *fn, struct slice *out)
{
	const char *outer = p->rule;
	size_t start = p->at;
	bool is_there;

	p->rule = name;
	is_there = fn(p, out);
	if (!is_there)
		scan_restore(p, start);
	p->rule = outer;
	return (is_there);
}

/* True where it does not match; we stay where we are. */
static bool
is_not(struct parser *p, const char *name, rule_fn *fn)
{
	size_t start = p->at;
	struct slice ignored;
	bool is_there;

	p->is_inverted = !p->is_inverted;
	is_there = rule(p, name, fn, &ignored);
	p->is_inverted = !p->is_inverted;
	scan_restore(p, start);
	return (!is_there);
}

bool
scan_is_not_literal(struct parser *p, enum terminal terminal)
{
	size_t start = p->at;
	bool is_there;

	p->is_inverted = !p->is_inverted;
	is_there = scan_literal(p, terminal);
	p->is_inverted = !p->is_inverted;
	scan_restore(p, start);
	return (!is_there);
}

static bool
rule_space(struct parser *p, struct slice *out)
{
	(void)out;
	return (one_of(p, T_SPACE) && many_of(p, T_SPACE));
}

bool
scan_space(struct parser *p)
{
	return (rule(p, "\"whitespace\"", rule_space, NULL));
}

bool
scan_maybe_space(struct parser *p)
{
	(void)scan_space(p);
	return (true);
}

static bool
rule_any(struct parser *p, struct slice *out)
{
	(void)out;
	return (one_of(p, T_ANY));
}

static bool
rule_end(struct parser *p, struct slice *out)
{
	size_t start = p->at;
	bool is_there;

	(void)out;
	p->is_inverted = !p->is_inverted;
	is_there = rule_any(p, NULL);
	p->is_inverted = !p->is_inverted;
	scan_restore(p, start);
	return (!is_there);
}

bool
scan_end(struct parser *p)
{
	return (rule(p, "EOF", rule_end, NULL));
}

static bool
rule_identifier(struct parser *p, struct slice *out)
{
	size_t start = p->at;

	if (!one_of(p, T_LETTER))
		return (false);
	many_of(p, T_WORD);
	*out = slice(p->in.data + start, p->at - start);
	return (true);
}

/* A character of a text that such a quote ends. */
static bool
quoted_one(struct parser *p, enum terminal quote)
{
	return (scan_is_not_literal(p, quote) && one_of(p, T_ANY));
}

static bool
rule_raw_one(struct parser *p, struct slice *out)
{
	(void)out;
	return (quoted_one(p, T_BACKQUOTE));
}

static bool
rule_double_one(struct parser *p, struct slice *out)
{
	(void)out;
	return (quoted_one(p, T_QUOTE));
}

static bool
quoted_open(struct parser *p, enum terminal quote)
{
	if (!scan_literal(p, quote))
		return (false);
	if (quote == T_QUOTE)
		while (rule(p, "DoubleStringChar", rule_double_one, NULL))
			continue;
	else
		while (rule(p, "RawStringChar", rule_raw_one, NULL))
			continue;
	return (true);
}

static bool
quoted(struct parser *p, enum terminal quote)
{
	size_t start = p->at;

	if (quoted_open(p, quote) && scan_literal(p, quote))
		return (true);
	scan_restore(p, start);
	return (false);
}

static bool
rule_string(struct parser *p, struct slice *out)
{
	size_t start = p->at;

	if (quoted(p, T_BACKQUOTE) || quoted(p, T_QUOTE)) {
		if (filter_unquote(slice(p->in.data + start, p->at - start),
			p->arena, out) != ERR_OK) {
			scan_mistake_add(p, start, "invalid syntax");
			*out = SLICE("");
		}
		return (true);
	}
	if ((quoted_open(p, T_BACKQUOTE) || quoted_open(p, T_QUOTE)) &&
	    scan_end(p))
		scan_mistake_add(p, p->at, "Unterminated string literal");
	return (false);
}

bool
scan_string(struct parser *p, struct slice *out)
{
	return (rule(p, "\"string\"", rule_string, out));
}

static bool
index_closed(struct parser *p, struct slice *out)
{
	return (scan_literal(p, T_BRACKET) && scan_maybe_space(p) &&
		scan_string(p, out) && scan_maybe_space(p) &&
		scan_literal(p, T_END_BRACKET));
}

static bool
rule_index(struct parser *p, struct slice *out)
{
	size_t start = p->at;

	if (index_closed(p, out))
		return (true);
	scan_restore(p, start);
	if (scan_literal(p, T_BRACKET) && scan_maybe_space(p) &&
	    is_not(p, "\"string\"", rule_string))
		scan_mistake_add(p, p->at, "Invalid index");
	scan_restore(p, start);
	if (scan_literal(p, T_BRACKET) && scan_maybe_space(p) &&
	    scan_string(p, out) && scan_maybe_space(p) &&
	    scan_is_not_literal(p, T_END_BRACKET))
		scan_mistake_add(p, p->at, "Unclosed index expression");
	return (false);
}

static bool
rule_part(struct parser *p, struct slice *out)
{
	size_t start = p->at;

	if (scan_literal(p, T_DOT) &&
	    rule(p, "Identifier", rule_identifier, out))
		return (true);
	scan_restore(p, start);
	return (rule(p, "\"index\"", rule_index, out));
}

/* The parts, each as it stands in the answer's arena; `out` spans them. */
static bool
rule_selector(struct parser *p, struct slice *out)
{
	struct slice part;
	size_t start = p->at;

	if (!rule(p, "Identifier", rule_identifier, &part))
		return (false);
	while (rule(p, "SelectorOrIndex", rule_part, &part))
		continue;
	*out = slice(p->in.data + start, p->at - start);
	return (true);
}

bool
scan_selector(struct parser *p, struct slice *out)
{
	return (rule(p, "\"selector\"", rule_selector, out));
}

/* --- Numbers. --- */

static bool
fraction(struct parser *p)
{
	size_t start = p->at;

	if (scan_literal(p, T_DOT) && one_of(p, T_DIGIT))
		return (many_of(p, T_DIGIT));
	scan_restore(p, start);
	return (true); /* none is fine */
}

static bool
rule_integer_or_float(struct parser *p, struct slice *out)
{
	(void)out;
	if (!scan_literal(p, T_ZERO) &&
	    (!one_of(p, T_DIGIT_1) || !many_of(p, T_DIGIT)))
		return (false);
	return (fraction(p));
}

static bool
rule_after_numbers(struct parser *p, struct slice *out)
{
	size_t start = p->at;
	bool is_there =
	    scan_space(p) || scan_end(p) || scan_literal(p, T_CLOSE);

	(void)out;
	scan_restore(p, start);
	return (is_there);
}

static bool
number_start(struct parser *p)
{
	(void)scan_literal(p, T_MINUS);
	return (rule(p, "IntegerOrFloat", rule_integer_or_float, NULL));
}

static bool
rule_number(struct parser *p, struct slice *out)
{
	size_t start = p->at;

	if (number_start(p) &&
	    rule(p, "AfterNumbers", rule_after_numbers, NULL)) {
		*out = slice(p->in.data + start, p->at - start);
		return (true);
	}
	scan_restore(p, start);
	if (number_start(p) && is_not(p, "AfterNumbers", rule_after_numbers))
		scan_mistake_add(p, p->at, "Invalid number literal");
	return (false);
}

bool
scan_number(struct parser *p, struct slice *out)
{
	return (rule(p, "\"number\"", rule_number, out));
}

bool
scan_identifier(struct parser *p, struct slice *out)
{
	return (rule(p, "Identifier", rule_identifier, out));
}

bool
scan_part(struct parser *p, struct slice *out)
{
	return (rule(p, "SelectorOrIndex", rule_part, out));
}

bool
scan_is_no_selector(struct parser *p)
{
	return (is_not(p, "\"selector\"", rule_selector));
}

/* --- What was wanted. --- */

static size_t
wanted_list(const struct parser *p, char names[][32])
{
	size_t count = 0;

	for (unsigned i = 0; i < TERMINAL_COUNT; i++)
		if (i != T_ANY && (p->wanted & INVERTED(i)) != 0)
			snprintf(names[count++], 32, "!%s", terminals[i]);
	for (unsigned i = 0; i < TERMINAL_COUNT; i++)
		if ((p->wanted >> i & 1) != 0)
			snprintf(names[count++], 32, "%s", terminals[i]);
	if ((p->wanted & INVERTED(T_ANY)) != 0)
		snprintf(names[count++], 32, "EOF");
	return (count);
}

void
scan_tell_wanted(struct parser *p)
{
	char names[2 * TERMINAL_COUNT][32];
	size_t count = wanted_list(p, names);
	struct buf text = { 0 };

	buf_put_text(&text, "no match found, expected: ");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_text(&text, i + 1 == count ? " or " : ", ");
		buf_put_text(&text, names[i]);
	}
	p->rule = NULL;
	scan_mistake_add(p, p->far, buf_text(&text));
	buf_deinit(&text);
}
