/* From text to a tree; see hil.h. */
#include <assert.h>
#include <string.h>

#include "hil.h"

enum token {
	TOKEN_END,
	TOKEN_OPEN,  /* ${ */
	TOKEN_CLOSE, /* } */
	TOKEN_LEFT,  /* ( */
	TOKEN_RIGHT,
	TOKEN_LEFT_SQUARE,
	TOKEN_RIGHT_SQUARE,
	TOKEN_COMMA,
	TOKEN_OPERATOR,
	TOKEN_NAME,
	TOKEN_INTEGER,
	TOKEN_FLOAT,
	TOKEN_TEXT,
};

struct parser {
	struct slice in;
	struct arena *arena; /* lent */
	/* The scanner's place (hil's lex.go, next and backup). */
	size_t at;
	size_t width; /* of the rune read last */
	int line, column, last_column;
	bool is_inside; /* an expression; else text */
	unsigned depth; /* of ${ that are open */
	/* The token at hand, and where its first rune stood. */
	enum token token;
	bool is_placed;
	int token_line, token_column;
	struct buf text;
	int64_t integer;
	double number;
	char sign;
	/* The grammar. */
	unsigned nesting;
	const char *mistake; /* NULL: none yet */
};

/* --- Runes. --- */

#define RUNE_END  0 /* a NUL ends the text, as in HIL */
#define RUNE_BAD  0xfffdU
#define RUNE_MORE 0x80U

/* One rune of UTF-8; what is none is one byte wide, and U+FFFD. */
static uint32_t
rune_at(struct slice in, size_t at, size_t *width)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint8_t first = in.data[at];
	size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	uint32_t rune = first & (0x3fU >> more);

	*width = 1;
	if (first < 0x80)
		return (first);
	if (first < 0xc2 || first > 0xf4 || in.size - at <= more)
		return (RUNE_BAD);
	for (size_t i = 1; i <= more; i++) {
		if ((in.data[at + i] & 0xc0U) != RUNE_MORE)
			return (RUNE_BAD);
		rune = rune << 6 | (in.data[at + i] & 0x3fU);
	}
	if (rune < least[more] || rune > 0x10ffff ||
	    (rune >= 0xd800 && rune < 0xe000))
		return (RUNE_BAD);
	*width = more + 1;
	return (rune);
}

static uint32_t
next(struct parser *p)
{
	uint32_t rune;

	if (p->at >= p->in.size) {
		p->width = 0;
		return (RUNE_END);
	}
	rune = rune_at(p->in, p->at, &p->width);
	p->at += p->width;
	if (p->line == 0) {
		p->line = 1;
		p->column = 1;
	} else {
		p->column++;
	}
	if (rune == '\n') {
		p->last_column = p->column;
		p->line++;
		p->column = 1;
	}
	if (!p->is_placed) {
		p->is_placed = true;
		p->token_line = p->line;
		p->token_column = p->column;
	}
	return (rune);
}

static void
backup(struct parser *p)
{
	p->at -= p->width;
	p->column--;
	if (p->column == 0) {
		p->column = p->last_column;
		p->line--;
	}
}

static uint32_t
peek(struct parser *p)
{
	uint32_t rune = next(p);

	backup(p);
	return (rune);
}

/* The rune read last, as bytes. */
static void
text_put(struct parser *p, uint32_t rune)
{
	if (rune == RUNE_BAD)
		buf_put_text(&p->text, "\xef\xbf\xbd");
	else if (rune < 0x80)
		buf_put_u8(&p->text, (uint8_t)rune);
	else
		buf_put(&p->text, &p->in.data[p->at - p->width], p->width);
}

static bool
is_space(uint32_t rune)
{
	return (rune == ' ' || (rune >= '\t' && rune <= '\r') || rune == 0x85 ||
		rune == 0xa0 || rune == 0x1680 ||
		(rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 ||
		rune == 0x2029 || rune == 0x202f || rune == 0x205f ||
		rune == 0x3000);
}

static bool
is_digit(uint32_t rune)
{
	return (rune >= '0' && rune <= '9');
}

/* Go asks Unicode; we take any rune beyond ASCII for a letter. No variable has
 * one, so that all it changes is the text of the error. */
static bool
is_of_name(uint32_t rune)
{
	return (rune == '_' || rune == '-' || rune == '.' || rune == '*' ||
		is_digit(rune) ||
		((rune | 0x20) >= 'a' && (rune | 0x20) <= 'z') ||
		(rune >= 0x80 && rune != RUNE_BAD && !is_space(rune)));
}

/* --- Tokens. --- */

/* Behind a backslash in a quoted text. */
static uint8_t
escape(struct parser *p)
{
	uint32_t rune = next(p);

	if (rune == '\\' || rune == '"')
		return ((uint8_t)rune);
	if (rune == 'n')
		return ('\n');
	backup(p);
	return ('\\');
}

/* True: its closing quote was there; else ${ or the end comes. */
static bool
scan_text(struct parser *p, bool is_quoted)
{
	uint32_t rune;

	buf_reset(&p->text);
	while ((rune = next(p)) != RUNE_END) {
		if (is_quoted && rune == '"')
			return (true);
		if (is_quoted && rune == '\\') {
			buf_put_u8(&p->text, escape(p));
			continue;
		}
		if (rune == '$') {
			uint32_t after = peek(p);

			if (after == '{') { /* as wide as the dollar */
				backup(p);
				return (false);
			}
			if (after == '$')
				next(p);
		}
		text_put(p, rune);
	}
	return (false);
}

static enum token scan(struct parser *);

static enum token
scan_outside(struct parser *p)
{
	uint32_t rune = next(p);

	if (rune == RUNE_END)
		return (TOKEN_END);
	if (rune == '$' && peek(p) == '{') {
		next(p);
		p->depth++;
		p->is_inside = true;
		return (TOKEN_OPEN);
	}
	/* peek() has left the width of what it saw. So HIL loses a dollar that
	 * stands alone at the end; where it would go back too far, we do not.
	 */
	if (rune == '$' && p->width > 1)
		p->width = 1;
	backup(p);
	if (scan_text(p, p->depth > 0) && p->depth > 0) {
		p->is_inside = true;
		if (p->text.size == 0) /* it would be an empty node */
			return (scan(p));
	}
	return (TOKEN_TEXT);
}

static enum token
scan_number(struct parser *p)
{
	bool has_point = false;
	const char *mistake;
	uint32_t rune;

	buf_reset(&p->text);
	while ((rune = next(p)) != RUNE_END) {
		if (rune == '.' && !has_point) {
			has_point = true;
		} else if (!is_digit(rune)) {
			backup(p);
			break;
		}
		buf_put_u8(&p->text, (uint8_t)rune);
	}
	mistake = has_point ? go_parse_float(buf_slice(&p->text), &p->number)
			    : go_parse_int(buf_slice(&p->text), &p->integer);
	if (mistake != NULL)
		return (TOKEN_END); /* and so a syntax error */
	return (has_point ? TOKEN_FLOAT : TOKEN_INTEGER);
}

/* A star only behind a point: else it multiplies. */
static enum token
scan_name(struct parser *p)
{
	uint32_t rune, last = 0;

	buf_reset(&p->text);
	while ((rune = next(p)) != RUNE_END) {
		if ((rune == '*' && last != '.') || !is_of_name(rune)) {
			backup(p);
			break;
		}
		text_put(p, rune);
		last = rune;
	}
	return (TOKEN_NAME);
}

static enum token
scan_quoted(struct parser *p)
{
	if (scan_text(p, true))
		return (TOKEN_TEXT);
	p->is_inside = false;
	return (p->text.size == 0 ? scan(p) : TOKEN_TEXT);
}

static enum token
scan_inside(struct parser *p)
{
	static const struct {
		uint32_t rune;
		enum token token;
	} marks[] = { { '(', TOKEN_LEFT }, { ')', TOKEN_RIGHT },
		{ '[', TOKEN_LEFT_SQUARE }, { ']', TOKEN_RIGHT_SQUARE },
		{ ',', TOKEN_COMMA }, { '+', TOKEN_OPERATOR },
		{ '-', TOKEN_OPERATOR }, { '*', TOKEN_OPERATOR },
		{ '/', TOKEN_OPERATOR }, { '%', TOKEN_OPERATOR } };
	uint32_t rune = next(p);

	while (is_space(rune))
		rune = next(p);
	if (rune == RUNE_END)
		return (TOKEN_END);
	if (rune == '"')
		return (scan_quoted(p));
	if (rune == '}') {
		p->depth--;
		p->is_inside = false;
		return (TOKEN_CLOSE);
	}
	p->sign = (char)rune;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (marks[i].rune == rune)
			return (marks[i].token);
	backup(p);
	return (is_digit(rune) ? scan_number(p) : scan_name(p));
}

static enum token
scan(struct parser *p)
{
	return (p->is_inside ? scan_inside(p) : scan_outside(p));
}

static void
advance(struct parser *p)
{
	p->is_placed = false;
	p->token = scan(p);
}

/* --- Grammar (hil's lang.y). --- */

static struct hil_node *parse_expression(struct parser *);

static struct hil_node *
fail(struct parser *p, const char *mistake)
{
	if (p->mistake == NULL)
		p->mistake = mistake;
	return (NULL);
}

static struct hil_node *
node_new(struct parser *p, enum hil_kind kind)
{
	struct hil_node *node = arena_alloc(p->arena, sizeof(*node));

	node->kind = kind;
	node->line = p->token_line;
	node->column = p->token_column;
	node->depth = 1;
	return (node);
}

static void
node_add(struct parser *p, struct hil_node *parent, struct hil_node *child)
{
	if (parent->first == NULL)
		parent->first = child;
	else
		parent->last->next = child;
	parent->last = child;
	if (child->depth >= parent->depth)
		parent->depth = child->depth + 1;
	if (parent->depth > HIL_DEPTH_MAX)
		fail(p, "expression nests too deeply");
}

/* The token's own node, and on to the next token. */
static struct hil_node *
leaf_take(struct parser *p, enum hil_kind kind)
{
	struct hil_node *node = node_new(p, kind);

	node->text = arena_copy(p->arena, buf_slice(&p->text));
	node->integer = p->integer;
	node->number = p->number;
	advance(p);
	return (node);
}

static bool
expect(struct parser *p, enum token token)
{
	if (p->token != token) {
		fail(p, "syntax error");
		return (false);
	}
	advance(p);
	return (true);
}

/* A text or ${expression}. */
static struct hil_node *
parse_piece(struct parser *p)
{
	struct hil_node *node;

	if (p->token == TOKEN_TEXT)
		return (leaf_take(p, HIL_TEXT));
	advance(p);
	node = parse_expression(p);
	if (node == NULL || !expect(p, TOKEN_CLOSE))
		return (NULL);
	return (node);
}

/* All that stand together. */
static struct hil_node *
parse_pieces(struct parser *p)
{
	struct hil_node *node = parse_piece(p), *output, *more;

	if (node == NULL || (p->token != TOKEN_TEXT && p->token != TOKEN_OPEN))
		return (node);
	output = node_new(p, HIL_OUTPUT);
	output->line = node->line;
	output->column = node->column;
	/* An output that comes first is not put into another: it grows. */
	if (node->kind == HIL_OUTPUT)
		output = node;
	else
		node_add(p, output, node);
	while (p->token == TOKEN_TEXT || p->token == TOKEN_OPEN) {
		more = parse_piece(p);
		if (more == NULL)
			return (NULL);
		node_add(p, output, more);
	}
	return (output);
}

/* (a, b): also (), and (, a) as in HIL. */
static struct hil_node *
parse_call(struct parser *p, struct hil_node *node)
{
	node->kind = HIL_CALL;
	advance(p);
	if (p->token != TOKEN_RIGHT && p->token != TOKEN_COMMA) {
		struct hil_node *argument = parse_expression(p);

		if (argument == NULL)
			return (NULL);
		node_add(p, node, argument);
	}
	while (p->token == TOKEN_COMMA) {
		struct hil_node *argument;

		advance(p);
		argument = parse_expression(p);
		if (argument == NULL)
			return (NULL);
		node_add(p, node, argument);
	}
	return (expect(p, TOKEN_RIGHT) ? node : NULL);
}

static struct hil_node *
parse_name(struct parser *p)
{
	struct hil_node *node = leaf_take(p, HIL_VARIABLE), *key;

	if (p->token == TOKEN_LEFT)
		return (parse_call(p, node));
	if (p->token != TOKEN_LEFT_SQUARE)
		return (node);
	node->kind = HIL_INDEX;
	advance(p);
	key = parse_expression(p);
	if (key == NULL || !expect(p, TOKEN_RIGHT_SQUARE))
		return (NULL);
	node_add(p, node, key);
	return (node);
}

static struct hil_node *parse_operand(struct parser *);

/* 0 - x. Of any other sign the generated parser dies. */
static struct hil_node *
parse_negative(struct parser *p)
{
	struct hil_node *node = node_new(p, HIL_ARITHMETIC), *zero, *operand;

	if (p->sign != '-')
		return (fail(p, "Unary - is only allowed"));
	node->sign = '-';
	advance(p);
	zero = arena_alloc(p->arena, sizeof(*zero));
	zero->kind = HIL_INTEGER;
	zero->depth = 1;
	operand = parse_operand(p);
	if (operand == NULL)
		return (NULL);
	node->line = operand->line;
	node->column = operand->column;
	node_add(p, node, zero);
	node_add(p, node, operand);
	return (node);
}

static struct hil_node *
parse_group(struct parser *p)
{
	struct hil_node *node;

	advance(p);
	node = parse_expression(p);
	if (node == NULL || !expect(p, TOKEN_RIGHT))
		return (NULL);
	return (node);
}

static struct hil_node *
parse_operand_of(struct parser *p)
{
	switch (p->token) {
	case TOKEN_LEFT:
		return (parse_group(p));
	case TOKEN_TEXT:
	case TOKEN_OPEN:
		return (parse_pieces(p));
	case TOKEN_INTEGER:
		return (leaf_take(p, HIL_INTEGER));
	case TOKEN_FLOAT:
		return (leaf_take(p, HIL_FLOAT));
	case TOKEN_OPERATOR:
		return (parse_negative(p));
	case TOKEN_NAME:
		return (parse_name(p));
	default:
		return (fail(p, "syntax error"));
	}
}

static struct hil_node *
parse_operand(struct parser *p)
{
	struct hil_node *node;

	if (++p->nesting > HIL_DEPTH_MAX)
		return (fail(p, "expression nests too deeply"));
	node = parse_operand_of(p);
	p->nesting--;
	return (node);
}

/* All operators are of one rank. */
static struct hil_node *
parse_expression(struct parser *p)
{
	struct hil_node *left = parse_operand(p);

	if (left == NULL)
		return (NULL);
	while (p->token == TOKEN_OPERATOR) {
		struct hil_node *node = node_new(p, HIL_ARITHMETIC), *right;

		node->sign = p->sign;
		node->line = left->line;
		node->column = left->column;
		advance(p);
		right = parse_operand(p);
		if (right == NULL)
			return (NULL);
		node_add(p, node, left);
		node_add(p, node, right);
		left = node;
	}
	return (left);
}

/* What is no text yet becomes one. */
static struct hil_node *
output_of(struct parser *p, struct hil_node *node)
{
	struct hil_node *output;

	if (node->kind == HIL_OUTPUT || node->kind == HIL_TEXT)
		return (node);
	output = node_new(p, HIL_OUTPUT);
	output->line = node->line;
	output->column = node->column;
	node_add(p, output, node);
	return (output);
}

enum err
hil_parse(struct slice text, struct arena *arena, struct hil_node **root,
    struct buf *why)
{
	struct parser p = { .in = text, .arena = arena };
	struct hil_node *node;

	advance(&p);
	if (p.token == TOKEN_END)
		node = node_new(&p, HIL_TEXT);
	else if (p.token == TOKEN_TEXT || p.token == TOKEN_OPEN)
		node = parse_pieces(&p);
	else
		node = fail(&p, "syntax error");
	if (node != NULL && p.token != TOKEN_END)
		fail(&p, "syntax error");
	if (p.mistake == NULL)
		*root = output_of(&p, node);
	buf_deinit(&p.text);
	if (p.mistake == NULL)
		return (ERR_OK);
	buf_printf(why, "parse error: %s", p.mistake);
	return (ERR_INVALID);
}
