/* What a tree comes to; see hil.h. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "hil.h"

#define INTEGER_END 9223372036854775808.0 /* 2^63 */

enum hil_type {
	TYPE_ANY_TEXT,
	TYPE_INTEGER,
	TYPE_NUMBER,
};

struct value {
	enum hil_type type;
	struct slice text;
	int64_t integer;
	double number;
};

struct eval {
	const struct hil_scope *scope;
	struct arena *arena;
	struct buf *why;
};

/* --- Functions. --- */

struct function {
	const char *name;
	size_t argument_count;
	bool is_variadic;
	bool is_closed; /* Consul dies when a template calls it by name */
	enum hil_type argument;
	enum hil_type result;
};

static const struct function functions[] = {
	{ "match", 1, false, false, TYPE_INTEGER, TYPE_ANY_TEXT },
	{ "__builtin_FloatToInt", 1, false, false, TYPE_NUMBER, TYPE_INTEGER },
	{ "__builtin_FloatToString", 1, false, false, TYPE_NUMBER,
	    TYPE_ANY_TEXT },
	{ "__builtin_IntToFloat", 1, false, false, TYPE_INTEGER, TYPE_NUMBER },
	{ "__builtin_IntToString", 1, false, false, TYPE_INTEGER,
	    TYPE_ANY_TEXT },
	{ "__builtin_StringToFloat", 1, false, false, TYPE_ANY_TEXT,
	    TYPE_NUMBER },
	{ "__builtin_StringToInt", 1, false, true, TYPE_INTEGER,
	    TYPE_ANY_TEXT },
	{ "__builtin_IntMath", 1, true, true, TYPE_INTEGER, TYPE_INTEGER },
	{ "__builtin_FloatMath", 1, true, true, TYPE_INTEGER, TYPE_NUMBER },
};

static const struct function *
function_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (slice_is(name, functions[i].name))
			return (&functions[i]);
	return (NULL);
}

static const struct slice *
variable_find(const struct hil_scope *scope, struct slice name)
{
	const struct {
		const char *name;
		const struct slice *value;
	} rows[] = {
		{ "name.full", &scope->full },
		{ "name.prefix", &scope->prefix },
		{ "name.suffix", &scope->suffix },
		{ "agent.segment", &scope->segment },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (slice_is(name, rows[i].name))
			return (rows[i].value);
	return (NULL);
}

/* --- First pass: names (check_identifier.go), children first. --- */

static bool
call_is_known(struct eval *e, const struct hil_node *node)
{
	const struct function *function = function_find(node->text);
	size_t count = 0;

	for (const struct hil_node *a = node->first; a != NULL; a = a->next)
		count++;
	if (function == NULL)
		buf_printf(e->why, "%d:%d: unknown function called: %.*s",
		    node->line, node->column, SLICE_ARGS(node->text));
	else if (count < function->argument_count ||
		 (count > function->argument_count && !function->is_variadic))
		buf_printf(e->why, "%d:%d: %s: expected %zu arguments, got %zu",
		    node->line, node->column, function->name,
		    function->argument_count, count);
	else if (function->is_closed)
		buf_printf(e->why, "%d:%d: %s may not be called", node->line,
		    node->column, function->name);
	else
		return (true);
	return (false);
}

static bool
names_are_known(struct eval *e, const struct hil_node *node)
{
	if (node->kind == HIL_INDEX) /* HIL does not look into it here */
		return (true);
	for (const struct hil_node *c = node->first; c != NULL; c = c->next)
		if (!names_are_known(e, c))
			return (false);
	if (node->kind == HIL_CALL)
		return (call_is_known(e, node));
	if (node->kind != HIL_VARIABLE ||
	    variable_find(e->scope, node->text) != NULL)
		return (true);
	buf_printf(e->why, "%d:%d: unknown variable accessed: %.*s", node->line,
	    node->column, SLICE_ARGS(node->text));
	return (false);
}

/* --- Second pass: types (check_types.go). --- */

#define NO_INDEX "invalid index operation into non-indexable type: TypeString"

/* What keeps the key of an index from having a type; false: nothing does. */
static bool
key_is_wrong(struct eval *e, const struct hil_node *key)
{
	if (key->kind == HIL_CALL && function_find(key->text) == NULL) {
		buf_printf(
		    e->why, "unknown function: %.*s", SLICE_ARGS(key->text));
		return (true);
	}
	if (key->kind == HIL_VARIABLE || key->kind == HIL_INDEX) {
		if (variable_find(e->scope, key->text) == NULL)
			buf_printf(e->why,
			    key->kind == HIL_INDEX
				? "unknown variable accessed: %.*s"
				: "unknown variable: %.*s",
			    SLICE_ARGS(key->text));
		else if (key->kind == HIL_INDEX)
			buf_put_text(e->why, NO_INDEX);
		return (e->why->size > 0);
	}
	if (key->kind != HIL_OUTPUT)
		return (false);
	for (const struct hil_node *c = key->first; c != NULL; c = c->next)
		if (key_is_wrong(e, c))
			return (true);
	return (false);
}

/* No variable of ours has anything inside. */
static bool
index_refuse(struct eval *e, const struct hil_node *node)
{
	struct buf prefix = { 0 };

	if (variable_find(e->scope, node->text) == NULL)
		buf_printf(e->why, "unknown variable accessed: %.*s",
		    SLICE_ARGS(node->text));
	else if (!key_is_wrong(e, node->first))
		buf_put_text(e->why, NO_INDEX);
	buf_printf(
	    &prefix, "At column %d, line %d: ", node->column, node->line);
	buf_put_slice(&prefix, buf_slice(e->why));
	buf_reset(e->why);
	buf_put_slice(e->why, buf_slice(&prefix));
	buf_deinit(&prefix);
	return (false);
}

/* Arithmetic is that of its first operand that is a number. */
static enum hil_type
type_of(const struct hil_node *node)
{
	switch (node->kind) {
	case HIL_INTEGER:
		return (TYPE_INTEGER);
	case HIL_FLOAT:
		return (TYPE_NUMBER);
	case HIL_CALL:
		return (function_find(node->text)->result);
	case HIL_ARITHMETIC:
		for (const struct hil_node *c = node->first; c != NULL;
		     c = c->next)
			if (type_of(c) != TYPE_ANY_TEXT)
				return (type_of(c));
		return (TYPE_INTEGER);
	default:
		return (TYPE_ANY_TEXT);
	}
}

static bool
types_are_right(struct eval *e, const struct hil_node *node)
{
	if (node->kind == HIL_INDEX)
		return (index_refuse(e, node));
	for (const struct hil_node *c = node->first; c != NULL; c = c->next)
		if (!types_are_right(e, c))
			return (false);
	if (node->kind != HIL_ARITHMETIC || node->sign != '%' ||
	    type_of(node) != TYPE_NUMBER)
		return (true);
	buf_printf(e->why,
	    "At column %d, line %d: modulo cannot be used with floats",
	    node->column, node->line);
	return (false);
}

/* --- Third pass: values (eval.go, builtins.go). --- */

static bool eval(struct eval *, const struct hil_node *, struct value *);

/* Go on amd64: what does not fit is the least of all. */
static int64_t
truncate(double number)
{
	if (number >= -INTEGER_END && number < INTEGER_END)
		return ((int64_t)number);
	return (INT64_MIN);
}

static bool
conversion_fail(struct eval *e, const char *function, const char *parser,
    struct slice text, const char *mistake)
{
	buf_printf(
	    e->why, "__builtin_%s: strconv.%s: parsing ", function, parser);
	buf_put_quoted(e->why, text);
	buf_printf(e->why, ": %s", mistake);
	return (false);
}

static bool
to_integer(struct eval *e, struct value *v)
{
	const char *mistake = NULL;

	if (v->type == TYPE_NUMBER)
		v->integer = truncate(v->number);
	else if (v->type == TYPE_ANY_TEXT)
		mistake = go_parse_int(v->text, &v->integer);
	if (mistake != NULL)
		return (conversion_fail(
		    e, "StringToInt", "ParseInt", v->text, mistake));
	v->type = TYPE_INTEGER;
	return (true);
}

static bool
to_number(struct eval *e, struct value *v)
{
	const char *mistake = NULL;

	if (v->type == TYPE_INTEGER)
		v->number = (double)v->integer;
	else if (v->type == TYPE_ANY_TEXT)
		mistake = go_parse_float(v->text, &v->number);
	if (mistake != NULL)
		return (conversion_fail(
		    e, "StringToFloat", "ParseFloat", v->text, mistake));
	v->type = TYPE_NUMBER;
	return (true);
}

static bool
to_text(struct eval *e, struct value *v)
{
	struct buf text = { 0 };

	if (v->type == TYPE_ANY_TEXT)
		return (true);
	if (v->type == TYPE_INTEGER)
		buf_printf(&text, "%jd", (intmax_t)v->integer);
	else
		go_put_float(&text, v->number);
	v->text = arena_copy(e->arena, buf_slice(&text));
	v->type = TYPE_ANY_TEXT;
	buf_deinit(&text);
	return (true);
}

static bool
eval_as(struct eval *e, const struct hil_node *node, enum hil_type type,
    struct value *v)
{
	if (!eval(e, node, v))
		return (false);
	if (type == TYPE_INTEGER)
		return (to_integer(e, v));
	return (type == TYPE_NUMBER ? to_number(e, v) : to_text(e, v));
}

/* Without overflow's undefined behaviour: Go wraps around. */
static bool
integers_join(struct eval *e, char sign, int64_t a, int64_t b, int64_t *out)
{
	uint64_t left = (uint64_t)a, right = (uint64_t)b;

	if ((sign == '/' || sign == '%') && b == 0) {
		buf_put_text(e->why, "__builtin_IntMath: divide by zero");
		return (false);
	}
	if (sign == '+')
		*out = (int64_t)(left + right);
	else if (sign == '-')
		*out = (int64_t)(left - right);
	else if (sign == '*')
		*out = (int64_t)(left * right);
	else if (b == -1)
		*out = sign == '/' ? (int64_t)(0 - left) : 0;
	else
		*out = sign == '/' ? a / b : a % b;
	return (true);
}

static double
numbers_join(char sign, double a, double b)
{
	if (sign == '+')
		return (a + b);
	if (sign == '-')
		return (a - b);
	return (sign == '*' ? a * b : a / b);
}

static bool
eval_arithmetic(struct eval *e, const struct hil_node *node, struct value *out)
{
	enum hil_type type = type_of(node);
	struct value a = { 0 }, b = { 0 };

	assert(node->first != node->last);
	if (!eval_as(e, node->first, type, &a) ||
	    !eval_as(e, node->last, type, &b))
		return (false);
	out->type = type;
	if (type == TYPE_INTEGER)
		return (integers_join(
		    e, node->sign, a.integer, b.integer, &out->integer));
	out->number = numbers_join(node->sign, a.number, b.number);
	return (true);
}

static void
match(const struct hil_scope *scope, struct value *v)
{
	int64_t group = v->integer;

	v->type = TYPE_ANY_TEXT;
	v->text = SLICE("");
	if (group >= 0 && (uint64_t)group < scope->group_count)
		v->text = scope->groups[group];
}

/* Conversions are done by asking for the argument, and for the result. */
static bool
eval_call(struct eval *e, const struct hil_node *node, struct value *out)
{
	const struct function *function = function_find(node->text);

	if (!eval_as(e, node->first, function->argument, out))
		return (false);
	if (slice_is(node->text, "match")) {
		match(e->scope, out);
		return (true);
	}
	if (function->result == TYPE_INTEGER)
		return (to_integer(e, out));
	return (function->result == TYPE_NUMBER ? to_number(e, out)
						: to_text(e, out));
}

static bool
eval_output(struct eval *e, const struct hil_node *node, struct value *out)
{
	struct buf text = { 0 };
	bool is_done = true;

	for (const struct hil_node *c = node->first; c != NULL && is_done;
	     c = c->next) {
		struct value v = { 0 };

		is_done = eval_as(e, c, TYPE_ANY_TEXT, &v);
		if (is_done)
			buf_put_slice(&text, v.text);
	}
	out->type = TYPE_ANY_TEXT;
	out->text = arena_copy(e->arena, buf_slice(&text));
	buf_deinit(&text);
	return (is_done);
}

static bool
eval(struct eval *e, const struct hil_node *node, struct value *out)
{
	const struct slice *variable;

	*out = (struct value){ .type = type_of(node),
		.text = node->text,
		.integer = node->integer,
		.number = node->number };
	switch (node->kind) {
	case HIL_VARIABLE:
		variable = variable_find(e->scope, node->text);
		assert(variable != NULL);
		out->text = *variable;
		return (true);
	case HIL_CALL:
		return (eval_call(e, node, out));
	case HIL_ARITHMETIC:
		return (eval_arithmetic(e, node, out));
	case HIL_OUTPUT:
		return (eval_output(e, node, out));
	default:
		assert(node->kind != HIL_INDEX);
		return (true);
	}
}

enum err
hil_eval(const struct hil_node *root, const struct hil_scope *scope,
    struct arena *arena, struct slice *out, struct buf *why)
{
	struct eval e = { .scope = scope, .arena = arena, .why = why };
	struct value v = { 0 };

	if (!names_are_known(&e, root) || !types_are_right(&e, root) ||
	    !eval_as(&e, root, TYPE_ANY_TEXT, &v))
		return (ERR_INVALID);
	*out = v.text;
	return (ERR_OK);
}
