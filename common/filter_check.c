/*
 * Filters: what can be selected of a type, and how it can be compared.
 *
 * A type's rows say what its fields are; Consul's structs hide some of them.
 *
 * Source  api/http.md 1.8; strconv's ParseInt (base 0) and ParseBool
 */
#include <assert.h>
#include <string.h>

#include "filter_number.h"
#include "filter_tree.h"
#include "type_shape.h"

/* --- What can't be selected. --- */

static const struct hidden {
	const char *type; /* Go's name; NULL is any */
	const char *field;
} hidden[] = {
	{ NULL, "CreateIndex" },
	{ NULL, "ModifyIndex" },
	{ "HealthCheck", "Definition" },
	{ "NodeService", "LocallyRegisteredAsSidecar" },
	{ "ServiceConnect", "SidecarService" },
	{ "ConnectProxyConfig", "Config" },
	{ "Upstream", "Config" },
	{ "Upstream", "IngressHosts" },
};

static bool
is_hidden(const struct type *type, struct slice name)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if ((hidden[i].type == NULL ||
			strcmp(hidden[i].type, type->name) == 0) &&
		    slice_is(name, hidden[i].field))
			return (true);
	return (false);
}

static const struct slot *
slot_find(const struct type *type, struct slice name)
{
	const struct shape *shape = type_shape(type);

	if (is_hidden(type, name))
		return (NULL);
	for (size_t i = 0; i < shape->count; i++)
		if (slice_equal(field_name(shape->wire[i].field), name))
			return (&shape->wire[i]);
	return (NULL);
}

/* --- From a selector to steps. --- */

/* One step on from a value of this kind; false: there is none. */
static bool
step_from(enum kind kind, const struct type *type, struct slice name,
    struct filter_step *out)
{
	const struct slot *slot;

	if (kind_rows[kind].form == FORM_MAP) {
		*out = (struct filter_step){ .key = name,
			.kind = kind_rows[kind].element,
			.type = type };
		return (true);
	}
	/* Through a list one goes to what its elements have. */
	if (kind != KIND_STRUCT && kind != KIND_PTR && kind != KIND_LIST)
		return (false);
	slot = slot_find(type, name);
	if (slot == NULL)
		return (false);
	*out = (struct filter_step){ .offset = slot->offset,
		.kind = slot->field->kind,
		.type = slot->type };
	return (true);
}

struct checker {
	struct arena *arena; /* lent */
	struct buf *why;     /* lent */
	size_t arena_start;
};

static struct slice
selector_text(struct checker *c, const struct filter_match *m, size_t count)
{
	return (filter_join(&m->selector, count, c->arena));
}

static enum err
check_selector(
    struct checker *c, struct filter_match *m, const struct type *type)
{
	enum kind kind = KIND_STRUCT;

	m->steps = arena_array(c->arena, m->selector.count, sizeof(*m->steps));
	for (size_t i = 0; i < m->selector.count; i++) {
		struct filter_step *step = &m->steps[i];

		if (!step_from(kind, type, m->selector.items[i], step)) {
			buf_put_text(c->why, "Selector ");
			buf_put_quoted(c->why, selector_text(c, m, i + 1));
			buf_put_text(c->why, " is not valid");
			return (ERR_INVALID);
		}
		kind = step->kind;
		type = step->type;
	}
	m->step_count = m->selector.count;
	return (ERR_OK);
}

/* --- Operators and values. --- */

#define CAN(operator) (1U << (operator))

static unsigned
operators_of(enum kind kind)
{
	enum form form = kind_rows[kind].form;

	if (kind == KIND_STR)
		return (
		    CAN(FILTER_EQUAL) | CAN(FILTER_IN) | CAN(FILTER_MATCHES));
	if (kind == KIND_BOOL || kind == KIND_INT)
		return (CAN(FILTER_EQUAL));
	if (kind == KIND_STRS || form == FORM_MAP)
		return (CAN(FILTER_IN) | CAN(FILTER_EMPTY));
	return (form == FORM_LIST ? CAN(FILTER_EMPTY) : 0);
}

static enum err
check_operator(struct checker *c, const struct filter_match *m, enum kind kind)
{
	static const char *const names[] = { "Equal", "In", "Empty",
		"Matches" };
	const char *name = names[m->operator];

	if ((operators_of(kind) & CAN(m->operator)) != 0)
		return (ERR_OK);
	if (m->operator== FILTER_EMPTY)
		buf_printf(c->why, "Invalid match operator \"Is %s%s\"",
		    m->is_negated ? "Not " : "", name);
	else
		buf_printf(c->why, "Invalid match operator \"%s%s\"",
		    m->is_negated ? "Not " : "", name);
	buf_put_text(c->why, " for selector ");
	buf_put_quoted(c->why, selector_text(c, m, m->selector.count));
	return (ERR_INVALID);
}

static enum err
check_value(struct checker *c, struct filter_match *m, enum kind kind)
{
	const char *fault;

	if (kind == KIND_BOOL)
		fault = filter_bool(m->value, &m->number);
	else if (kind == KIND_INT)
		fault = filter_int(m->value, &m->number);
	else
		return (ERR_OK);
	if (fault == NULL)
		return (ERR_OK);
	buf_put_text(c->why, "Failed to coerce value ");
	buf_put_quoted(c->why, m->value);
	buf_put_text(c->why, " for selector ");
	buf_put_quoted(c->why, selector_text(c, m, m->selector.count));
	buf_printf(c->why, ": strconv.%s: parsing ",
	    kind == KIND_BOOL ? "ParseBool" : "ParseInt");
	buf_put_quoted(c->why, m->value);
	buf_printf(c->why, ": %s", fault);
	return (ERR_INVALID);
}

static enum err
check_pattern(struct checker *c, struct filter_match *m)
{
	struct buf fault = { 0 };
	enum err err = pattern_compile(m->value, c->arena, &m->pattern, &fault);

	if (err != ERR_OK) {
		buf_put_text(c->why, "Failed to compile regular expression ");
		buf_put_quoted(c->why, m->value);
		buf_put_text(c->why, ": ");
		buf_put_slice(c->why, buf_slice(&fault));
	}
	buf_deinit(&fault);
	return (err);
}

static enum err
check_match(struct checker *c, struct filter_match *m, const struct type *type)
{
	enum kind kind;
	enum err err = check_selector(c, m, type);

	if (err != ERR_OK)
		return (err);
	kind = m->steps[m->step_count - 1].kind;
	err = check_operator(c, m, kind);
	if (err == ERR_OK && m->has_value)
		err = check_value(c, m, kind);
	if (err == ERR_OK && m->operator== FILTER_MATCHES)
		err = check_pattern(c, m);
	if (err == ERR_OK &&
	    c->arena->size - c->arena_start > FILTER_MEMORY_MAX) {
		buf_put_text(c->why, "expression is too large");
		err = ERR_INVALID;
	}
	return (err);
}

/* From left to right: the first mistake counts. */
static enum err
check_node(struct checker *c, struct filter_node *n, const struct type *type)
{
	while (n->kind != FILTER_MATCH) {
		enum err err = n->kind == FILTER_NOT
				   ? ERR_OK
				   : check_node(c, n->left, type);

		if (err != ERR_OK)
			return (err);
		n = n->kind == FILTER_NOT ? n->left : n->right;
	}
	return (check_match(c, &n->match, type));
}

enum err
filter_check(struct filter_node *root, const struct type *type,
    struct arena *arena, struct buf *why)
{
	struct checker c = { arena, why, arena->size };

	return (check_node(&c, root, type));
}
