/*
 * Regular expressions; see pattern.h. A pattern becomes a program whose jumps
 * are relative, so that a piece of it can be moved and copied; all places the
 * program may be at go through the text together (Thompson; Cox, "Regular
 * Expression Matching: the Virtual Machine Approach").
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_program.h"
#include "utf8.h"
#include "xmalloc.h"

#define DEPTH_MAX  64
#define REPEAT_MAX 1000 /* RE2's */

struct compiler {
	struct slice in;
	size_t at;
	size_t escape;		  /* where the last backslash stood */
	struct arena *arena;	  /* lent; of sets */
	struct instruction *code; /* owned; PATTERN_STATES_MAX */
	size_t size;
	unsigned depth;
	int repeats; /* what counts make of the piece at hand, one in another */
	bool is_folding; /* (?i) */
	bool is_quoting; /* between \Q and \E */
	bool is_by_line; /* (?m) */
	bool is_dot_all; /* (?s) */
	bool is_modest;	 /* (?U) */
	bool is_lazy;	 /* the count read last */
	bool has_marks;	 /* the program notes where groups are */
	int group_count;
	bool is_bad;
	const char *mistake; /* why it is bad, in Go's words */
	struct slice wrong;  /* the part that is */
};

/* --- Classes. --- */

/* A named class: ranges, two bytes each. */
struct class
{
	const char *name;
	const char *ranges;
};

static const struct class escapes[] = {
	{ "d", "09" },
	{ "w", "09AZ__az" },
	{ "s", "\t\n\f\r  " },
};

static const struct class posix[] = {
	{ "alnum", "09AZaz" },
	{ "alpha", "AZaz" },
	{ "ascii", "\x01\x7f" },
	{ "blank", "\t\t  " },
	{ "cntrl", "\x01\x1f\x7f\x7f" },
	{ "digit", "09" },
	{ "graph", "!~" },
	{ "lower", "az" },
	{ "print", " ~" },
	{ "punct", "!/:@[`{~" },
	{ "space", "\t\r  " },
	{ "upper", "AZ" },
	{ "word", "09AZ__az" },
	{ "xdigit", "09AFaf" },
};

static void
set_add_class(
    struct compiler *c, struct pattern_set *set, const struct class *class)
{
	for (const char *r = class->ranges; *r != '\0'; r += 2)
		pattern_set_add(c->arena, set, (uint8_t)r[0], (uint8_t)r[1]);
}

/* --- Reading the pattern. --- */

/* The first mistake counts; it stands between `from` and `to`. */
static void
fail(struct compiler *c, const char *mistake, size_t from, size_t to)
{
	if (c->is_bad)
		return;
	c->is_bad = true;
	c->mistake = mistake;
	c->wrong = slice_head(slice_tail(c->in, from), to - from);
}

static void
fail_whole(struct compiler *c, const char *mistake)
{
	fail(c, mistake, 0, c->in.size);
}

static bool
is_at_end(const struct compiler *c)
{
	return (c->at >= c->in.size || c->is_bad);
}

static int
peek(const struct compiler *c)
{
	return (is_at_end(c) ? -1 : c->in.data[c->at]);
}

static bool
eat(struct compiler *c, const char *text)
{
	size_t size = strlen(text);

	if (c->is_bad || c->in.size - c->at < size ||
	    memcmp(c->in.data + c->at, text, size) != 0)
		return (false);
	c->at += size;
	return (true);
}

static int
next(struct compiler *c)
{
	int byte = peek(c);

	if (byte < 0)
		fail_whole(c, "unexpected end");
	else
		c->at++;
	return (byte);
}

/* The same for a whole character. */
static int32_t
next_rune(struct compiler *c)
{
	size_t width;
	int32_t rune;

	if (next(c) < 0)
		return (-1);
	rune = utf8_decode(slice_tail(c->in, c->at - 1), &width);
	c->at += width - 1;
	return (rune);
}

/* --- Writing the program. --- */

static struct instruction *
insert(struct compiler *c, size_t at, enum op op)
{
	if (c->size >= PATTERN_STATES_MAX) {
		fail_whole(c, "expression too large");
		return (&c->code[0]); /* scratch: nobody will run it */
	}
	memmove(
	    &c->code[at + 1], &c->code[at], (c->size - at) * sizeof(*c->code));
	c->size++;
	memset(&c->code[at], 0, sizeof(*c->code));
	c->code[at].op = op;
	return (&c->code[at]);
}

static struct instruction *
append(struct compiler *c, enum op op)
{
	return (insert(c, c->size, op));
}

static void
append_set(struct compiler *c, struct pattern_set set)
{
	if (c->is_folding)
		pattern_set_fold(c->arena, &set);
	pattern_set_tidy(&set);
	append(c, OP_SET)->set = set;
}

static void
append_one(struct compiler *c, int32_t rune)
{
	struct pattern_set set = { 0 };

	pattern_set_add(c->arena, &set, rune, rune);
	append_set(c, set);
}

static void
copy_piece(struct compiler *c, size_t from, size_t size)
{
	if (c->size + size > PATTERN_STATES_MAX) {
		fail_whole(c, "expression too large");
		return;
	}
	memcpy(&c->code[c->size], &c->code[from], size * sizeof(*c->code));
	c->size += size;
}

/* The piece from `from` on, once or not at all. */
static void
make_optional(struct compiler *c, size_t from)
{
	int size = (int)(c->size - from);
	struct instruction *fork = insert(c, from, OP_FORK);

	fork->to = c->is_lazy ? size + 1 : 1;
	fork->other = c->is_lazy ? 1 : size + 1;
}

static void
make_repeated(struct compiler *c, size_t from)
{
	struct instruction *fork = append(c, OP_FORK);

	fork->to = -(int)(c->size - 1 - from);
	fork->other = 1;
	if (c->is_lazy) {
		fork->other = fork->to;
		fork->to = 1;
	}
}

/* At least `low` times, at most `high`; -1: as often as it likes. */
static void
repeat(struct compiler *c, size_t from, int low, int high)
{
	size_t size = c->size - from;
	size_t last = from;

	if (high == 0) {
		c->size = from;
		return;
	}
	for (int i = 1; i < (high > low ? high : low) && !c->is_bad; i++) {
		last = c->size;
		copy_piece(c, from, size);
		if (i >= low && high >= 0)
			make_optional(c, last);
	}
	if (high < 0)
		make_repeated(c, last);
	if (low == 0)
		make_optional(c, from);
}

/* --- Parsing. --- */

static int
hex_digit(int byte)
{
	if (byte >= '0' && byte <= '9')
		return (byte - '0');
	if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
		return ((byte | 0x20) - 'a' + 10);
	return (-1);
}

static int32_t
fail_escape(struct compiler *c)
{
	fail(c, "invalid escape sequence", c->escape, c->at);
	return (0);
}

/* Behind \x: two digits, or any number of them in braces. */
static int32_t
escaped_hex(struct compiler *c)
{
	int32_t value = 0;
	int high, low;

	if (!eat(c, "{")) {
		high = is_at_end(c) ? -1 : hex_digit(next(c));
		low = is_at_end(c) ? -1 : hex_digit(next(c));
		return (high < 0 || low < 0 ? fail_escape(c) : high * 16 + low);
	}
	if (peek(c) == '}')
		return (next(c), fail_escape(c));
	while (!is_at_end(c) && !eat(c, "}")) {
		int digit = hex_digit(next(c));

		value = value * 16 + digit;
		if (digit < 0 || value > UTF8_MAX)
			return (fail_escape(c));
	}
	return (c->in.data[c->at - 1] == '}' ? value : fail_escape(c));
}

/* \0, \12 and \123; a single other digit would be a back reference. */
static int32_t
escaped_octal(struct compiler *c, int byte)
{
	int32_t value = byte - '0';

	if (byte != '0' && (peek(c) < '0' || peek(c) > '7'))
		return (fail_escape(c));
	for (int i = 0; i < 2 && peek(c) >= '0' && peek(c) <= '7'; i++)
		value = value * 8 + next(c) - '0';
	return (value);
}

/* Behind a backslash, one character. */
static int32_t
escaped_rune(struct compiler *c)
{
	static const char names[] = "afnrtv", bytes[] = "\a\f\n\r\t\v";
	const char *found;
	int32_t rune;

	c->escape = c->at - 1;
	if (is_at_end(c))
		fail(
		    c, "trailing backslash at end of expression", c->at, c->at);
	rune = next_rune(c);
	if (rune == 'x')
		return (escaped_hex(c));
	if (rune >= '0' && rune <= '7')
		return (escaped_octal(c, rune));
	found = rune > 0 && rune < 0x80 ? strchr(names, rune) : NULL;
	if (found != NULL)
		return (bytes[found - names]);
	/* What means nothing is an error, as in RE2. */
	if (rune >= 0x80 || rune == '8' || rune == '9' ||
	    ((rune | 0x20) >= 'a' && (rune | 0x20) <= 'z'))
		return (fail_escape(c));
	return (rune);
}

/* Behind \p or \P: a category, in braces unless its name is one letter. */
static void
unicode_class(struct compiler *c, struct pattern_set *set, bool is_inverted)
{
	size_t start = c->at - 2, end = c->at;
	struct slice name;

	if (eat(c, "{")) {
		end = slice_find(c->in, '}', c->at);
		if (end == SIZE_MAX) {
			fail(c, "invalid character class range", start,
			    c->in.size);
			return;
		}
		name = slice_head(slice_tail(c->in, c->at), end - c->at);
		c->at = end + 1;
	} else {
		if (!is_at_end(c))
			(void)next_rune(c);
		name = slice_head(slice_tail(c->in, end), c->at - end);
	}
	if (name.size > 0 && name.data[0] == '^') {
		is_inverted = !is_inverted;
		name = slice_tail(name, 1);
	}
	if (!pattern_set_add_category(c->arena, set, name))
		fail(c, "invalid character class range", start, c->at);
	if (c->is_folding)
		pattern_set_fold(c->arena, set);
	if (is_inverted)
		pattern_set_invert(c->arena, set);
}

/* Behind a backslash: \d, \D, \pL and the like. */
static bool
escaped_class(struct compiler *c, struct pattern_set *set)
{
	int byte = peek(c);

	if (byte == 'p' || byte == 'P') {
		c->at++;
		unicode_class(c, set, byte == 'P');
		return (true);
	}
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		if (byte < 0 || (byte | 0x20) != escapes[i].name[0])
			continue;
		c->at++;
		set_add_class(c, set, &escapes[i]);
		if (byte != escapes[i].name[0])
			pattern_set_invert(c->arena, set);
		return (true);
	}
	return (false);
}

/* [:name:] or [:^name:], behind its first bracket; a colon without an end is
 * text, but another name is a mistake. */
static bool
posix_class(struct compiler *c, struct pattern_set *set)
{
	size_t start = c->at;
	struct pattern_set named = { 0 };
	bool is_inverted;

	if (!eat(c, ":"))
		return (false);
	is_inverted = eat(c, "^");
	for (size_t i = 0; i < sizeof(posix) / sizeof(posix[0]); i++) {
		size_t name = c->at;

		if (eat(c, posix[i].name) && eat(c, ":]")) {
			set_add_class(c, &named, &posix[i]);
			if (is_inverted)
				pattern_set_invert(c->arena, &named);
			pattern_set_join(c->arena, set, &named);
			return (true);
		}
		c->at = name;
	}
	while (
	    c->at + 1 < c->in.size && memcmp(&c->in.data[c->at], ":]", 2) != 0)
		c->at++;
	if (eat(c, ":]"))
		fail(c, "invalid character class range", start - 1, c->at);
	c->at = start;
	return (false);
}

static int32_t
bracket_rune(struct compiler *c)
{
	return (eat(c, "\\") ? escaped_rune(c) : next_rune(c));
}

/* One item between brackets: a class, a byte, a range. */
static void
bracket_item(struct compiler *c, struct pattern_set *set)
{
	struct pattern_set class = { 0 };
	size_t start = c->at;
	int32_t first, last;

	if (eat(c, "[")) {
		if (!posix_class(c, set))
			pattern_set_add(c->arena, set, '[', '[');
		return;
	}
	if (peek(c) == '\\') {
		c->at++;
		if (escaped_class(c, &class)) {
			pattern_set_join(c->arena, set, &class);
			return;
		}
		c->at--;
	}
	first = last = bracket_rune(c);
	if (peek(c) == '-' && c->at + 1 < c->in.size &&
	    c->in.data[c->at + 1] != ']') {
		c->at++;
		last = bracket_rune(c);
	}
	if (first < 0 || last < first)
		fail(c, "invalid character class range", start, c->at);
	else
		pattern_set_add(c->arena, set, first, last);
}

static void
parse_bracket(struct compiler *c)
{
	struct pattern_set set = { 0 };
	size_t start = c->at - 1;
	bool is_inverted = eat(c, "^");

	do {
		if (is_at_end(c))
			break;
		bracket_item(c, &set);
	} while (peek(c) != ']');
	if (!eat(c, "]"))
		fail(c, "missing closing ]", start, c->in.size);
	if (c->is_folding)
		pattern_set_fold(c->arena, &set);
	if (is_inverted)
		pattern_set_invert(c->arena, &set);
	pattern_set_tidy(&set);
	append(c, OP_SET)->set = set;
}

static void
parse_escape(struct compiler *c)
{
	static const struct {
		char name;
		enum op op;
	} places[] = { { 'A', OP_START }, { 'z', OP_END }, { 'b', OP_WORD },
		{ 'B', OP_NO_WORD } };
	struct pattern_set set = { 0 };
	int byte = peek(c);
	int32_t rune;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (byte != places[i].name)
			continue;
		c->at++;
		append(c, places[i].op);
		return;
	}
	if (escaped_class(c, &set)) {
		append_set(c, set);
		return;
	}
	rune = escaped_rune(c);
	if (rune >= 0)
		append_one(c, rune);
}

static void parse_alternatives(struct compiler *);

/* (?i), (?i-s:...), (?:...), behind the question mark. False: the flags are
 * for the rest of the group around. */
static bool
parse_flags(struct compiler *c)
{
	size_t start = c->at - 2;
	bool value = true;

	for (;;) {
		int byte = is_at_end(c) ? 0 : next(c);

		if (byte == 'i')
			c->is_folding = value;
		else if (byte == 'm')
			c->is_by_line = value;
		else if (byte == 's')
			c->is_dot_all = value;
		else if (byte == '-' && value)
			value = false;
		else if (byte == ')')
			return (false);
		else if (byte == 'U')
			c->is_modest = value;
		else {
			if (byte != ':')
				fail(c, "invalid or unsupported Perl syntax",
				    start, c->at);
			return (true);
		}
	}
}

static void
append_mark(struct compiler *c, int number)
{
	if (c->has_marks)
		append(c, OP_MARK)->other = number;
}

/* Of a group that begins at `start`. */
static void
parse_name(struct compiler *c, size_t start)
{
	size_t name = c->at, end = slice_find(c->in, '>', name);
	bool is_right = end != SIZE_MAX && end > name;

	c->at = end == SIZE_MAX ? c->in.size : end + 1;
	for (size_t i = name; is_right && i < end; i++) {
		uint8_t byte = c->in.data[i];

		is_right = (byte >= '0' && byte <= '9') || byte == '_' ||
			   ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
	}
	if (!is_right)
		fail(c, "invalid named capture", start, c->at);
}

static void
parse_group(struct compiler *c)
{
	struct compiler outer = *c;
	int group = peek(c) == '?' ? 0 : ++c->group_count;

	if (eat(c, "?P<")) {
		group = ++c->group_count;
		parse_name(c, outer.at - 1);
	} else if (eat(c, "?") && !parse_flags(c)) {
		return;
	}
	if (group > 0)
		append_mark(c, 2 * group);
	if (++c->depth > DEPTH_MAX)
		fail_whole(c, "expression nests too deeply");
	else
		parse_alternatives(c);
	if (group > 0)
		append_mark(c, 2 * group + 1);
	if (!eat(c, ")"))
		fail_whole(c, "missing closing )");
	c->depth--;
	c->is_folding = outer.is_folding;
	c->is_by_line = outer.is_by_line;
	c->is_dot_all = outer.is_dot_all;
	c->is_modest = outer.is_modest;
}

static void
parse_atom(struct compiler *c)
{
	int32_t byte = next_rune(c);
	struct pattern_set set = { 0 };

	if (byte == '(') {
		parse_group(c);
	} else if (byte == '[') {
		parse_bracket(c);
	} else if (byte == '\\') {
		parse_escape(c);
	} else if (byte == '^') {
		append(c, c->is_by_line ? OP_LINE_START : OP_START);
	} else if (byte == '$') {
		append(c, c->is_by_line ? OP_LINE_END : OP_END);
	} else if (byte == '.') {
		if (!c->is_dot_all)
			pattern_set_add(c->arena, &set, '\n', '\n');
		pattern_set_invert(c->arena, &set);
		append(c, OP_SET)->set = set;
	} else if (byte == '*' || byte == '+' || byte == '?') {
		fail(c, "missing argument to repetition operator", c->at - 1,
		    c->at);
	} else if (byte >= 0) {
		append_one(c, byte);
	}
}

/* The count at hand is too large, or its ends are the wrong way round. */
static void
fail_count(struct compiler *c)
{
	size_t from = c->at, to;

	for (to = from; to < c->in.size && c->in.data[to] != '}'; to++)
		;
	while (from > 0 && c->in.data[from] != '{')
		from--;
	fail(c, "invalid repeat count", from, to < c->in.size ? to + 1 : to);
}

static bool
parse_number(struct compiler *c, int *out)
{
	int number = 0, byte = peek(c);

	if (byte < '0' || byte > '9')
		return (false);
	for (; byte >= '0' && byte <= '9'; byte = peek(c)) {
		number = number * 10 + byte - '0';
		if (number > REPEAT_MAX) {
			fail_count(c);
			return (false);
		}
		c->at++;
	}
	*out = number;
	return (true);
}

/* {n}, {n,} or {n,m}; anything else is text, as in RE2. */
static bool
parse_counts(struct compiler *c, int *low, int *high)
{
	size_t start = c->at;

	if (eat(c, "{") && parse_number(c, low)) {
		*high = *low;
		if (eat(c, ",") && !parse_number(c, high))
			*high = -1;
		if (peek(c) == '}') {
			if (*high >= 0 && *high < *low)
				fail_count(c);
			return (eat(c, "}") || c->is_bad);
		}
	}
	c->at = start;
	return (false);
}

/* How often; lazily or not, it finds the same places, but not the same
 * groups. */
static bool
parse_count(struct compiler *c, int *low, int *high)
{
	if (eat(c, "*")) {
		*low = 0;
		*high = -1;
	} else if (eat(c, "+")) {
		*low = 1;
		*high = -1;
	} else if (eat(c, "?")) {
		*low = 0;
		*high = 1;
	} else if (!parse_counts(c, low, high)) {
		return (false);
	}
	c->is_lazy = eat(c, "?") != c->is_modest;
	return (true);
}

static void
parse_repeated(struct compiler *c)
{
	size_t from = c->size, first;
	int low = 1, high = 1, ignored, outer = c->repeats;

	c->repeats = 1;
	if (c->is_quoting)
		append_one(c, next_rune(c));
	else
		parse_atom(c);
	if (c->is_quoting && eat(c, "\\E"))
		c->is_quoting = false;
	if (c->is_quoting) { /* what follows is text */
		c->repeats = outer;
		return;
	}
	first = c->at;
	if (parse_count(c, &low, &high)) {
		c->repeats *= high > low ? high : low > 0 ? low : 1;
		if (c->repeats > REPEAT_MAX)
			fail(c, "invalid repeat count", first, c->at);
	}
	if (c->repeats < outer)
		c->repeats = outer;
	if (c->at == first)
		return;
	if (parse_count(c, &ignored, &ignored))
		fail(c, "invalid nested repetition operator", first, c->at);
	if (c->size > from)
		repeat(c, from, low, high);
}

static void
parse_sequence(struct compiler *c)
{
	while (!is_at_end(c) &&
	       (c->is_quoting || (peek(c) != '|' && peek(c) != ')'))) {
		c->is_quoting |= eat(c, "\\Q");
		if (c->is_quoting && eat(c, "\\E"))
			c->is_quoting = false;
		else if (!is_at_end(c))
			parse_repeated(c);
	}
}

static void
parse_alternatives(struct compiler *c)
{
	size_t from = c->size;

	parse_sequence(c);
	while (eat(c, "|")) {
		size_t middle = c->size, second;

		/* fork; the first; jump; the second */
		insert(c, from, OP_FORK)->to = 1;
		append(c, OP_JUMP);
		second = c->size;
		if (c->is_bad)
			return;
		c->code[from].other = (int)(middle + 2 - from);
		parse_sequence(c);
		c->code[second - 1].to = (int)(c->size - (second - 1));
		/* The next alternative takes all of this as its first. */
	}
}

/* The caller frees its code. */
static void
compile(struct compiler *c, struct slice pattern, struct arena *arena,
    bool has_marks)
{
	*c = (struct compiler){ .in = pattern,
		.arena = arena,
		.repeats = 1,
		.has_marks = has_marks };
	c->code = xreallocarray(NULL, PATTERN_STATES_MAX, sizeof(*c->code));
	parse_alternatives(c);
	append(c, OP_FOUND);
	if (c->at != pattern.size)
		fail_whole(c, "unexpected )");
}

enum err
program_compile(struct slice pattern, bool has_marks, struct arena *arena,
    struct program *out, struct buf *why)
{
	enum err err = ERR_OK;
	struct compiler c;

	compile(&c, pattern, arena, has_marks);
	if (c.is_bad) {
		err = ERR_INVALID;
		if (why != NULL)
			buf_printf(why, "error parsing regexp: %s: `%.*s`",
			    c.mistake, SLICE_ARGS(c.wrong));
	} else {
		out->size = c.size;
		out->group_count = c.group_count;
		out->code = arena_array(arena, c.size, sizeof(*out->code));
		memcpy(out->code, c.code, c.size * sizeof(*out->code));
	}
	free(c.code);
	return (err);
}
