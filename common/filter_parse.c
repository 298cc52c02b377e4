/*
 * Filters: text to tree, and the mistakes on the way.
 *
 * The grammar is a PEG: alternatives are tried in order, each from the same
 * place. What a mistake says depends on what was tried, so each rule of
 * go-bexpr's is a function here, of the same parts in the same order; the ones
 * that nest remember what they found at a place, or time would be exponential.
 *
 * Source  api/http.md 1.8; texts and places as pigeon's parsers give them
 */
#include "filter_scan.h"
#include "filter_tree.h"

/* Rules that nest, one in another. */
#define DEPTH_MAX 4000

/* Of a rule that nests, what it made at a place. */
enum rule {
	RULE_OR,
	RULE_AND,
	RULE_NOT,
	RULE_GROUPING,
	RULE_MATCH,
	RULE_COUNT
};

struct memo {
	struct {
		struct filter_node *node; /* NULL: it does not match */
		size_t end;
		bool is_known;
	} rules[RULE_COUNT];
};

/* --- Selectors and values, as they are kept. --- */

static struct slice_list
parts_of(struct parser *p, struct slice text)
{
	struct parser again = { .in = text, .arena = p->arena };
	struct slice_list list = { 0 };
	struct slice part;
	size_t room = 1;

	for (size_t i = 0; i < text.size; i++)
		room += text.data[i] == '.' || text.data[i] == '[';
	list.items = arena_array(p->arena, room, sizeof(*list.items));
	scan_restore(&again, 0);
	if (scan_identifier(&again, &part))
		list.items[list.count++] = part;
	while (list.count < room && scan_part(&again, &part))
		list.items[list.count++] = part;
	return (list);
}

struct slice
filter_join(const struct slice_list *parts, size_t count, struct arena *arena)
{
	struct buf text = { 0 };
	struct slice joined;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_u8(&text, '.');
		buf_put_slice(&text, parts->items[i]);
	}
	joined = arena_copy(arena, buf_slice(&text));
	buf_deinit(&text);
	return (joined);
}

static bool
value_there(struct parser *p, struct slice *out)
{
	struct slice_list parts;
	struct slice text;

	if (!scan_selector(p, &text))
		return (scan_number(p, out) || scan_string(p, out));
	parts = parts_of(p, text);
	*out = filter_join(&parts, parts.count, p->arena);
	return (true);
}

static bool
value(struct parser *p, struct slice *out)
{
	const char *outer = p->rule;
	size_t start = p->at;
	bool is_there;

	p->rule = "\"value\"";
	is_there = value_there(p, out);
	p->rule = outer;
	if (!is_there)
		scan_restore(p, start);
	return (is_there);
}

/* --- Operators. --- */

struct operator_row {
	const char *name; /* of the rule */
	enum terminal words[3];
	unsigned word_count;
	enum filter_operator operator;
	bool is_negated;
	bool is_tight; /* spaces around it may be left out */
	bool is_last;  /* nothing follows, no space either */
};

/* clang-format off */
static const struct operator_row before_value[] = {
	{ "MatchEqual",       { T_EQUAL },           1, FILTER_EQUAL,   false, true,  false },
	{ "MatchNotEqual",    { T_NOT_EQUAL },       1, FILTER_EQUAL,   true,  true,  false },
	{ "MatchContains",    { T_CONTAINS },        1, FILTER_IN,      false, false, false },
	{ "MatchNotContains", { T_NOT, T_CONTAINS }, 2, FILTER_IN,      true,  false, false },
	{ "MatchMatches",     { T_MATCHES },         1, FILTER_MATCHES, false, false, false },
	{ "MatchNotMatches",  { T_NOT, T_MATCHES },  2, FILTER_MATCHES, true,  false, false },
};
static const struct operator_row alone[] = {
	{ "MatchIsEmpty",     { T_IS, T_EMPTY },        2, FILTER_EMPTY, false, false, true },
	{ "MatchIsNotEmpty",  { T_IS, T_NOT, T_EMPTY }, 3, FILTER_EMPTY, true,  false, true },
};
static const struct operator_row before_selector[] = {
	{ "MatchIn",          { T_IN },              1, FILTER_IN,      false, false, false },
	{ "MatchNotIn",       { T_NOT, T_IN },       2, FILTER_IN,      true,  false, false },
};
/* clang-format on */

static bool
operator_words(struct parser *p, const struct operator_row *row)
{
	for (unsigned i = 0; i < row->word_count; i++)
		if (!(row->is_tight ? scan_maybe_space(p) : scan_space(p)) ||
		    !scan_literal(p, row->words[i]))
			return (false);
	return (row->is_last ||
		(row->is_tight ? scan_maybe_space(p) : scan_space(p)));
}

static bool
operator_one(
    struct parser *p, const struct operator_row *row, struct filter_match *m)
{
	const char *outer = p->rule;
	size_t start = p->at;
	bool is_there;

	p->rule = row->name;
	is_there = operator_words(p, row);
	p->rule = outer;
	if (!is_there) {
		scan_restore(p, start);
		return (false);
	}
	m->operator= row->operator;
	m->is_negated = row->is_negated;
	return (true);
}

static bool
operator_of(struct parser *p, const struct operator_row *rows, size_t count,
    struct filter_match *m)
{
	for (size_t i = 0; i < count; i++)
		if (operator_one(p, &rows[i], m))
			return (true);
	return (false);
}

#define OPERATOR(p, rows, m) \
	operator_of(p, rows, sizeof(rows) / sizeof((rows)[0]), m)

/* --- Rules that nest. --- */

static bool match_or(struct parser *, struct filter_node **);

static struct filter_node *
node_new(struct parser *p, enum filter_kind kind, struct filter_node *left,
    struct filter_node *right)
{
	struct filter_node *n = arena_alloc(p->arena, sizeof(*n));

	n->kind = kind;
	n->left = left;
	n->right = right;
	return (n);
}

/* VALUE in SELECTOR */
static bool
match_value_first(struct parser *p, struct filter_match *m, struct slice *text)
{
	size_t start = p->at;

	if (value(p, &m->value) && OPERATOR(p, before_selector, m) &&
	    scan_selector(p, text)) {
		m->has_value = true;
		return (true);
	}
	scan_restore(p, start);
	if (value(p, &m->value) && OPERATOR(p, before_selector, m) &&
	    scan_is_no_selector(p))
		scan_mistake_add(p, p->at, "Invalid selector");
	scan_restore(p, start);
	return (false);
}

static bool
match_any_way(struct parser *p, struct filter_match *m)
{
	size_t start = p->at;
	struct slice text;

	if (scan_selector(p, &text) && OPERATOR(p, before_value, m) &&
	    value(p, &m->value)) {
		m->has_value = true;
	} else {
		scan_restore(p, start);
		if (!scan_selector(p, &text) || !OPERATOR(p, alone, m)) {
			scan_restore(p, start);
			if (!match_value_first(p, m, &text))
				return (false);
		}
	}
	m->selector = parts_of(p, text);
	return (true);
}

static bool
rule_match(struct parser *p, struct filter_node **out)
{
	struct filter_match m = { 0 };

	if (!match_any_way(p, &m))
		return (false);
	*out = node_new(p, FILTER_MATCH, NULL, NULL);
	(*out)->match = m;
	return (true);
}

typedef bool nest_fn(struct parser *, struct filter_node **);

/* A rule that nests, by its memory where it has been here. */
static bool
nest(struct parser *p, enum rule number, const char *name, nest_fn *fn,
    struct filter_node **out)
{
	struct memo **memo = &p->memos[p->at];
	const char *outer = p->rule;
	size_t start = p->at;

	if (*memo == NULL)
		*memo = arena_alloc(p->arena, sizeof(**memo));
	if (!(*memo)->rules[number].is_known) {
		if (++p->depth > DEPTH_MAX) {
			p->is_too_deep = true;
			return (false);
		}
		p->rule = name;
		*out = NULL;
		if (!fn(p, out)) {
			*out = NULL;
			scan_restore(p, start);
		}
		p->rule = outer;
		p->depth--;
		(*memo)->rules[number].node = *out;
		(*memo)->rules[number].end = p->at;
		(*memo)->rules[number].is_known = true;
	}
	*out = (*memo)->rules[number].node;
	scan_restore(p, (*memo)->rules[number].end);
	return (*out != NULL);
}

static bool
rule_grouping(struct parser *p, struct filter_node **out)
{
	struct filter_node *ignored;
	size_t start = p->at;

	if (scan_literal(p, T_OPEN) && scan_maybe_space(p) &&
	    match_or(p, out) && scan_maybe_space(p) && scan_literal(p, T_CLOSE))
		return (true);
	scan_restore(p, start);
	if (nest(p, RULE_MATCH, "\"match\"", rule_match, out))
		return (true);
	if (scan_literal(p, T_OPEN) && scan_maybe_space(p) &&
	    match_or(p, &ignored) && scan_maybe_space(p) &&
	    scan_is_not_literal(p, T_CLOSE))
		scan_mistake_add(p, p->at, "Unmatched parentheses");
	return (false);
}

static bool
rule_not(struct parser *p, struct filter_node **out)
{
	struct filter_node *operand;
	size_t start = p->at;

	if (scan_literal(p, T_NOT) && scan_space(p) &&
	    nest(p, RULE_NOT, "NotExpression", rule_not, &operand)) {
		*out = node_new(p, FILTER_NOT, operand, NULL);
		return (true);
	}
	scan_restore(p, start);
	return (nest(p, RULE_GROUPING, "\"grouping\"", rule_grouping, out));
}

static bool
rule_and(struct parser *p, struct filter_node **out)
{
	struct filter_node *left, *right;
	size_t start = p->at;

	if (nest(p, RULE_NOT, "NotExpression", rule_not, &left) &&
	    scan_space(p) && scan_literal(p, T_AND) && scan_space(p) &&
	    nest(p, RULE_AND, "AndExpression", rule_and, &right)) {
		*out = node_new(p, FILTER_AND, left, right);
		return (true);
	}
	scan_restore(p, start);
	return (nest(p, RULE_NOT, "NotExpression", rule_not, out));
}

static bool
rule_or(struct parser *p, struct filter_node **out)
{
	struct filter_node *left, *right;
	size_t start = p->at;

	if (nest(p, RULE_AND, "AndExpression", rule_and, &left) &&
	    scan_space(p) && scan_literal(p, T_OR) && scan_space(p) &&
	    match_or(p, &right)) {
		*out = node_new(p, FILTER_OR, left, right);
		return (true);
	}
	scan_restore(p, start);
	return (nest(p, RULE_AND, "AndExpression", rule_and, out));
}

static bool
match_or(struct parser *p, struct filter_node **out)
{
	return (nest(p, RULE_OR, "OrExpression", rule_or, out));
}

static bool
input(struct parser *p, struct filter_node **out)
{
	p->rule = "Input";
	if (scan_maybe_space(p) && scan_literal(p, T_OPEN) &&
	    scan_maybe_space(p) && match_or(p, out) && scan_maybe_space(p) &&
	    scan_literal(p, T_CLOSE) && scan_maybe_space(p) && scan_end(p))
		return (true);
	scan_restore(p, 0);
	return (scan_maybe_space(p) && match_or(p, out) &&
		scan_maybe_space(p) && scan_end(p));
}

enum err
filter_parse(struct slice text, struct arena *arena, struct filter_node **out,
    struct buf *why)
{
	struct parser p = { .in = text, .arena = arena };
	bool is_read;

	p.memos = arena_array(arena, text.size + 1, sizeof(struct memo *));
	scan_look(&p);
	is_read = input(&p, out);
	if (p.is_too_deep) {
		buf_printf(why, "expression nests deeper than %d", DEPTH_MAX);
		return (ERR_INVALID);
	}
	if (!is_read && p.mistake_count == 0)
		scan_tell_wanted(&p);
	for (size_t i = 0; i < p.mistake_count; i++) {
		if (i > 0)
			buf_put_u8(why, '\n');
		buf_put_slice(why, p.mistakes[i]);
	}
	return (p.mistake_count == 0 ? ERR_OK : ERR_INVALID);
}
