/*
 * Regular expressions; see pattern.h. A pattern becomes a program whose jumps
 * are relative, so that a piece of it can be moved and copied; all places the
 * program may be at go through the text together (Thompson; Cox, "Regular
 * Expression Matching: the Virtual Machine Approach").
 */
#include "pattern.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

#define DEPTH_MAX  64
#define REPEAT_MAX 1000 /* RE2's */

enum op {
	OP_SET,	 /* one byte of the set */
	OP_FORK, /* go on at both `to` and `other` */
	OP_JUMP, /* at `to` */
	OP_START,
	OP_END,
	OP_LINE_START,
	OP_LINE_END,
	OP_WORD,
	OP_NO_WORD,
	OP_FOUND,
	OP_MARK, /* a group begins or ends here: number `other` */
};

struct set {
	uint8_t bits[32];
};

struct instruction {
	enum op op;
	int to, other; /* relative to this one */
	struct set set;
};

struct compiler {
	struct slice in;
	size_t at;
	size_t escape;		  /* where the last backslash stood */
	struct instruction *code; /* owned; PATTERN_STATES_MAX */
	size_t size;
	unsigned depth;
	bool is_folding; /* (?i) */
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

/* --- Sets of bytes. --- */

static bool
set_has(const struct set *set, uint8_t byte)
{
	return ((set->bits[byte / 8] >> (byte % 8)) & 1);
}

static void
set_add(struct set *set, unsigned first, unsigned last)
{
	for (unsigned byte = first; byte <= last; byte++)
		set->bits[byte / 8] |= (uint8_t)(1U << (byte % 8));
}

static void
set_join(struct set *set, const struct set *other)
{
	for (size_t i = 0; i < sizeof(set->bits); i++)
		set->bits[i] |= other->bits[i];
}

static void
set_invert(struct set *set)
{
	for (size_t i = 0; i < sizeof(set->bits); i++)
		set->bits[i] ^= 0xff;
}

static void
set_fold(struct set *set)
{
	for (unsigned letter = 'a'; letter <= 'z'; letter++) {
		unsigned other = letter - 'a' + 'A';

		if (set_has(set, (uint8_t)letter) ||
		    set_has(set, (uint8_t)other)) {
			set_add(set, letter, letter);
			set_add(set, other, other);
		}
	}
}

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
set_add_class(struct set *set, const struct class *class)
{
	for (const char *r = class->ranges; *r != '\0'; r += 2)
		set_add(set, (uint8_t)r[0], (uint8_t)r[1]);
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
append_set(struct compiler *c, struct set set)
{
	if (c->is_folding)
		set_fold(&set);
	append(c, OP_SET)->set = set;
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
hex_digit(struct compiler *c)
{
	int byte = next(c);

	if (byte >= '0' && byte <= '9')
		return (byte - '0');
	if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
		return ((byte | 0x20) - 'a' + 10);
	fail(c, "invalid escape sequence", c->escape, c->at);
	return (0);
}

/* Behind a backslash, one byte. */
static int
escaped_byte(struct compiler *c)
{
	static const char names[] = "afnrtv", bytes[] = "\a\f\n\r\t\v";
	const char *found;
	int byte;

	c->escape = c->at - 1;
	if (is_at_end(c))
		fail(
		    c, "trailing backslash at end of expression", c->at, c->at);
	byte = next(c);
	if (byte == 'x') {
		int high = hex_digit(c);

		return (high * 16 + hex_digit(c));
	}
	found = byte > 0 ? strchr(names, byte) : NULL;
	if (found != NULL)
		return ((uint8_t)bytes[found - names]);
	/* Letters and digits that mean nothing are errors, as in RE2. */
	if ((byte >= '0' && byte <= '9') ||
	    ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'))
		fail(c, "invalid escape sequence", c->escape, c->at);
	return (byte);
}

/* Behind a backslash: \d, \D and the like. */
static bool
escaped_class(struct compiler *c, struct set *set)
{
	int byte = peek(c);

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		if (byte < 0 || (byte | 0x20) != escapes[i].name[0])
			continue;
		c->at++;
		set_add_class(set, &escapes[i]);
		if (byte != escapes[i].name[0])
			set_invert(set);
		return (true);
	}
	return (false);
}

/* [:name:] or [:^name:], behind its first bracket; a colon without an end is
 * text, but another name is a mistake. */
static bool
posix_class(struct compiler *c, struct set *set)
{
	size_t start = c->at;
	struct set named = { 0 };
	bool is_inverted;

	if (!eat(c, ":"))
		return (false);
	is_inverted = eat(c, "^");
	for (size_t i = 0; i < sizeof(posix) / sizeof(posix[0]); i++) {
		size_t name = c->at;

		if (eat(c, posix[i].name) && eat(c, ":]")) {
			set_add_class(&named, &posix[i]);
			if (is_inverted)
				set_invert(&named);
			set_join(set, &named);
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

static int
bracket_byte(struct compiler *c)
{
	return (eat(c, "\\") ? escaped_byte(c) : next(c));
}

/* One item between brackets: a class, a byte, a range. */
static void
bracket_item(struct compiler *c, struct set *set)
{
	struct set class = { 0 };
	size_t start = c->at;
	int first, last;

	if (eat(c, "[")) {
		if (!posix_class(c, set))
			set_add(set, '[', '[');
		return;
	}
	if (peek(c) == '\\') {
		c->at++;
		if (escaped_class(c, &class)) {
			set_join(set, &class);
			return;
		}
		c->at--;
	}
	first = last = bracket_byte(c);
	if (peek(c) == '-' && c->at + 1 < c->in.size &&
	    c->in.data[c->at + 1] != ']') {
		c->at++;
		last = bracket_byte(c);
	}
	if (first < 0 || last < first)
		fail(c, "invalid character class range", start, c->at);
	else
		set_add(set, (unsigned)first, (unsigned)last);
}

static void
parse_bracket(struct compiler *c)
{
	struct set set = { 0 };
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
		set_fold(&set);
	if (is_inverted)
		set_invert(&set);
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
	struct set set = { 0 };
	int byte = peek(c);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (byte != places[i].name)
			continue;
		c->at++;
		append(c, places[i].op);
		return;
	}
	if (!escaped_class(c, &set)) {
		byte = escaped_byte(c);
		if (byte < 0)
			return;
		set_add(&set, (unsigned)byte, (unsigned)byte);
	}
	append_set(c, set);
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
		int byte = next(c);

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

static void
parse_group(struct compiler *c)
{
	struct compiler outer = *c;
	int group = peek(c) == '?' ? 0 : ++c->group_count;

	if (eat(c, "?P<")) {
		group = ++c->group_count;
		while (!is_at_end(c) && peek(c) != '>')
			c->at++;
		if (!eat(c, ">"))
			fail(c, "invalid named capture", outer.at - 1,
			    c->in.size);
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
	int byte = next(c);
	struct set set = { 0 };

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
			set_add(&set, '\n', '\n');
		set_invert(&set);
		append(c, OP_SET)->set = set;
	} else if (byte == '*' || byte == '+' || byte == '?') {
		fail(c, "missing argument to repetition operator", c->at - 1,
		    c->at);
	} else if (byte >= 0) {
		set_add(&set, (unsigned)byte, (unsigned)byte);
		append_set(c, set);
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
	int low = 1, high = 1, ignored;

	parse_atom(c);
	first = c->at;
	if (!parse_count(c, &low, &high))
		return;
	if (parse_count(c, &ignored, &ignored))
		fail(c, "invalid nested repetition operator", first, c->at);
	if (c->size > from)
		repeat(c, from, low, high);
}

static void
parse_sequence(struct compiler *c)
{
	while (!is_at_end(c) && peek(c) != '|' && peek(c) != ')')
		parse_repeated(c);
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

/* --- Running. --- */

struct machine {
	const struct instruction *code;
	size_t size;
	struct slice text;
	/* Where the program may be; `seen` marks them at `round`. */
	uint16_t *now, *then, *stack;
	size_t now_count, then_count;
	uint32_t *seen;
	uint32_t round;
	bool is_found;
};

static bool
is_word_at(struct slice text, size_t at)
{
	struct set set = { 0 };

	set_add_class(&set, &escapes[1]);
	return (at < text.size && set_has(&set, text.data[at]));
}

static bool
holds(enum op op, struct slice text, size_t at)
{
	bool before = at > 0 && is_word_at(text, at - 1);
	bool is_border = before != is_word_at(text, at);

	switch (op) {
	case OP_START:
		return (at == 0);
	case OP_END:
		return (at == text.size);
	case OP_LINE_START:
		return (at == 0 || text.data[at - 1] == '\n');
	case OP_LINE_END:
		return (at == text.size || text.data[at] == '\n');
	case OP_WORD:
		return (is_border);
	case OP_NO_WORD:
		return (!is_border);
	default:
		return (false);
	}
}

/* Go on from `start` to all places that want a byte. */
static void
follow(struct machine *m, size_t start, size_t at)
{
	size_t depth = 0;

	m->stack[depth++] = (uint16_t)start;
	while (depth > 0) {
		size_t place = m->stack[--depth];
		const struct instruction *i = &m->code[place];

		if (m->seen[place] == m->round)
			continue;
		m->seen[place] = m->round;
		if (i->op == OP_FOUND) {
			m->is_found = true;
		} else if (i->op == OP_SET) {
			m->then[m->then_count++] = (uint16_t)place;
		} else if (i->op == OP_FORK || i->op == OP_JUMP) {
			m->stack[depth++] = (uint16_t)((int)place + i->to);
			if (i->op == OP_FORK)
				m->stack[depth++] =
				    (uint16_t)((int)place + i->other);
		} else if (i->op == OP_MARK || holds(i->op, m->text, at)) {
			m->stack[depth++] = (uint16_t)(place + 1);
		}
	}
}

static bool
run(struct machine *m)
{
	for (size_t at = 0; !m->is_found; at++) {
		uint16_t *swap = m->now;

		m->round++;
		for (size_t i = 0; i < m->now_count; i++) {
			const struct instruction *set = &m->code[m->now[i]];

			if (set_has(&set->set, m->text.data[at - 1]))
				follow(m, m->now[i] + 1U, at);
		}
		follow(m, 0, at); /* it may begin anywhere */
		m->now = m->then;
		m->now_count = m->then_count;
		m->then = swap;
		m->then_count = 0;
		if (at == m->text.size)
			break;
	}
	return (m->is_found);
}

/* `lists`: four of the code's size, `seen`: one. A place is on the stack at
 * most twice: once for each way into it from a fork that was new. */
static bool
search(const struct instruction *code, size_t size, uint16_t *lists,
    uint32_t *seen, struct slice text)
{
	struct machine m = { .code = code, .size = size, .text = text };

	m.now = lists;
	m.then = lists + size;
	m.stack = lists + 2 * size;
	m.seen = seen;
	memset(seen, 0, size * sizeof(*seen));
	return (run(&m));
}

/* The caller frees its code. */
static void
compile(struct compiler *c, struct slice pattern, bool has_marks)
{
	*c = (struct compiler){ .in = pattern, .has_marks = has_marks };
	c->code = xreallocarray(NULL, PATTERN_STATES_MAX, sizeof(*c->code));
	parse_alternatives(c);
	append(c, OP_FOUND);
	if (c->at != pattern.size)
		fail_whole(c, "unexpected )");
}

struct pattern {
	const struct instruction *code;
	size_t size;
	uint16_t *lists;
	uint32_t *seen;
};

static void
mistake_tell(const struct compiler *c, struct buf *why)
{
	buf_printf(why, "error parsing regexp: %s: `%.*s`", c->mistake,
	    SLICE_ARGS(c->wrong));
}

enum err
pattern_compile(struct slice text, struct arena *arena,
    const struct pattern **out, struct buf *why)
{
	struct pattern *p;
	struct instruction *code;
	struct compiler c;

	compile(&c, text, false);
	if (c.is_bad) {
		mistake_tell(&c, why);
		free(c.code);
		return (ERR_INVALID);
	}
	p = arena_alloc(arena, sizeof(*p));
	code = arena_array(arena, c.size, sizeof(*code));
	memcpy(code, c.code, c.size * sizeof(*code));
	free(c.code);
	p->code = code;
	p->size = c.size;
	p->lists = arena_array(arena, 4 * c.size, sizeof(*p->lists));
	p->seen = arena_array(arena, c.size, sizeof(*p->seen));
	*out = p;
	return (ERR_OK);
}

bool
pattern_matches(const struct pattern *p, struct slice text)
{
	return (search(p->code, p->size, p->lists, p->seen, text));
}

enum pattern_result
pattern_search(struct slice pattern, struct slice text)
{
	const struct pattern *p;
	struct buf why = { 0 };
	struct arena arena;
	enum pattern_result result = PATTERN_BAD;

	arena_init(&arena);
	if (pattern_compile(pattern, &arena, &p, &why) == ERR_OK)
		result =
		    pattern_matches(p, text) ? PATTERN_FOUND : PATTERN_ABSENT;
	arena_deinit(&arena);
	buf_deinit(&why);
	return (result);
}

enum err
pattern_check(struct slice pattern, struct buf *why)
{
	struct compiler c;

	compile(&c, pattern, false);
	if (c.is_bad)
		mistake_tell(&c, why);
	free(c.code);
	return (c.is_bad ? ERR_INVALID : ERR_OK);
}

/* --- Groups: the first way through the program counts, where a fork's `to`
 * comes before its `other` (Cox, "the Virtual Machine Approach", Pike). --- */

struct threads {
	uint16_t *places; /* in the order of preference */
	size_t *marks;	  /* mark_count for each of them */
	size_t count;
};

/* A place to go on at; or, behind all that follows a mark, its old value. */
struct step {
	size_t place;
	int mark; /* -1: a place */
	size_t old;
};

struct race {
	const struct instruction *code;
	struct slice text;
	size_t mark_count;
	size_t *marks; /* of the thread that is followed */
	size_t *found; /* of the best one that has ended */
	struct step *stack;
	uint32_t *seen;
	uint32_t round;
	bool is_found;
};

#define MARK_NONE SIZE_MAX

static void
race_follow(struct race *r, size_t start, size_t at, struct threads *to)
{
	size_t depth = 0, size = r->mark_count * sizeof(*r->marks);

	r->stack[depth++] = (struct step){ start, -1, 0 };
	while (depth > 0) {
		struct step step = r->stack[--depth];
		const struct instruction *i = &r->code[step.place];

		if (step.mark >= 0) {
			r->marks[step.mark] = step.old;
			continue;
		}
		if (r->seen[step.place] == r->round)
			continue;
		r->seen[step.place] = r->round;
		if (i->op == OP_SET || i->op == OP_FOUND) {
			memcpy(&to->marks[to->count * r->mark_count], r->marks,
			    size);
			to->places[to->count++] = (uint16_t)step.place;
			continue;
		}
		if (i->op == OP_FORK)
			r->stack[depth++] = (struct step){
				(size_t)((int)step.place + i->other), -1, 0
			};
		if (i->op == OP_FORK || i->op == OP_JUMP) {
			step.place = (size_t)((int)step.place + i->to);
			r->stack[depth++] = step;
			continue;
		}
		if (i->op == OP_MARK) {
			r->stack[depth++] = (struct step){ step.place, i->other,
				r->marks[i->other] };
			r->marks[i->other] = at;
		} else if (!holds(i->op, r->text, at)) {
			continue;
		}
		step.place++;
		r->stack[depth++] = step;
	}
}

/* All threads over the byte at `at`; those behind one that ends are cut off. */
static void
race_step(struct race *r, size_t at, const struct threads *now,
    struct threads *then)
{
	size_t size = r->mark_count * sizeof(*r->marks);

	r->round++;
	then->count = 0;
	for (size_t i = 0; i < now->count; i++) {
		const struct instruction *op = &r->code[now->places[i]];
		const size_t *marks = &now->marks[i * r->mark_count];

		if (op->op == OP_FOUND) {
			memcpy(r->found, marks, size);
			r->found[1] = at;
			r->is_found = true;
			return;
		}
		if (at == r->text.size ||
		    !set_has(&op->set, r->text.data[at]))
			continue;
		memcpy(r->marks, marks, size);
		race_follow(r, now->places[i] + 1U, at + 1, then);
	}
}

static void
race_run(struct race *r, struct threads *now, struct threads *then)
{
	r->round = 1;
	for (size_t at = 0; at <= r->text.size; at++) {
		struct threads swap = *now;

		if (!r->is_found) {
			for (size_t i = 0; i < r->mark_count; i++)
				r->marks[i] = MARK_NONE;
			r->marks[0] = at;
			race_follow(r, 0, at, now);
		}
		if (now->count == 0 && r->is_found)
			break;
		race_step(r, at, now, then);
		*now = *then;
		*then = swap;
	}
}

static struct threads
threads_new(size_t size, size_t mark_count)
{
	return ((struct threads){
	    .places = xreallocarray(NULL, size, sizeof(uint16_t)),
	    .marks = xreallocarray(NULL, size * mark_count, sizeof(size_t)),
	});
}

static void
threads_free(struct threads *t)
{
	free(t->places);
	free(t->marks);
}

static size_t
groups_find(const struct compiler *c, struct slice text, struct slice *groups,
    size_t most)
{
	size_t marks = 2 * ((size_t)c->group_count + 1), count = 0;
	struct race r = { .code = c->code, .text = text, .mark_count = marks };
	struct threads now = threads_new(c->size, marks);
	struct threads then = threads_new(c->size, marks);

	r.marks = xreallocarray(NULL, 2 * marks, sizeof(*r.marks));
	r.found = r.marks + marks;
	r.seen = xcalloc(c->size, sizeof(*r.seen));
	/* Each place that is new puts two there at most. */
	r.stack = xreallocarray(NULL, 2 * c->size + 1, sizeof(*r.stack));
	race_run(&r, &now, &then);
	for (; r.is_found && count < marks / 2 && count < most; count++) {
		size_t from = r.found[2 * count], to = r.found[2 * count + 1];

		groups[count] = SLICE("");
		if (from != MARK_NONE && to != MARK_NONE)
			groups[count] =
			    slice_head(slice_tail(text, from), to - from);
	}
	free(r.marks);
	free(r.seen);
	free(r.stack);
	threads_free(&now);
	threads_free(&then);
	return (count);
}

size_t
pattern_groups(struct slice pattern, struct slice text, struct slice *groups,
    size_t most)
{
	struct compiler c;
	size_t count = 0;

	compile(&c, pattern, true);
	if (!c.is_bad)
		count = groups_find(&c, text, groups, most);
	free(c.code);
	return (count);
}
