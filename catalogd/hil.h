/*
 * HIL, HashiCorp's interpolation language, as it was in July 2016: that is the
 * one Consul 1.8.7 has for the templates of prepared queries.
 *
 *	text, $${ for ${, and ${expression}
 *	expression  a number, a name, a call, "text", (expression), -expression,
 *		    or two of them with + - * / % between, all of one rank and
 *		    taken from the left; texts that stand together are joined
 *	functions   match(N), and those that HIL has for itself:
 *		    __builtin_IntToString and its like
 *
 * What is no text becomes one. Where Consul dies of a template (a / 0, a text
 * where match() wants a number), ours is refused or does what was meant.
 *
 * Memory  nodes, values and what they lend are the arena's, or the text's
 * Source  hashicorp/hil at 1e86c6b523c5: lang.y, lex.go, check_identifier.go,
 *	   check_types.go, eval.go, builtins.go; api/http.md 10
 */
#ifndef CATALOGD_HIL_H
#define CATALOGD_HIL_H

#include "arena.h"
#include "err.h"

/* Of one template's text: ours, since trees are walked by recursion. */
#define HIL_DEPTH_MAX 500

enum hil_kind {
	HIL_TEXT,
	HIL_INTEGER,
	HIL_FLOAT,
	HIL_VARIABLE,
	HIL_CALL,
	HIL_INDEX, /* of a variable; the key is its child */
	HIL_ARITHMETIC,
	HIL_OUTPUT, /* its children, joined */
};

struct hil_node {
	enum hil_kind kind;
	int line, column;
	unsigned depth;
	struct slice text; /* a text, or a name */
	int64_t integer;
	double number;
	char sign;		/* + - * / % */
	struct hil_node *first; /* children */
	struct hil_node *last;
	struct hil_node *next; /* of its parent's children */
};

/* What names and match() stand for; all lent. */
struct hil_scope {
	struct slice full;
	struct slice prefix;
	struct slice suffix;
	struct slice segment;
	const struct slice *groups; /* of the regular expression */
	size_t group_count;
};

/* ERR_INVALID: *why gets "parse error: ...". */
MUST_CHECK enum err hil_parse(
    struct slice text, struct arena *, struct hil_node **root, struct buf *why);
/* ERR_INVALID: *why gets HIL's text. */
MUST_CHECK enum err hil_eval(const struct hil_node *root,
    const struct hil_scope *, struct arena *, struct slice *out,
    struct buf *why);

/* Go's strconv.ParseInt(text, 0, 64) and ParseFloat(text, 64); NULL, or what
 * is wrong. */
const char *go_parse_int(struct slice text, int64_t *out);
const char *go_parse_float(struct slice text, double *out);
/* strconv.FormatFloat(value, 'g', -1, 64). */
void go_put_float(struct buf *, double value);

#endif
