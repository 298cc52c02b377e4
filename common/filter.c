/* Filters: whether one holds of an object; see filter.h. */
#include <assert.h>
#include <string.h>

#include "filter_tree.h"
#include "type_shape.h"

/* A value on the way of a selector. */
struct value {
	const void *at;
	enum kind kind;
	const struct type *type; /* of what is inside */
};

/* --- Values at the end of a selector. --- */

static bool
list_has(const struct slice_list *list, struct slice wanted)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_equal(list->items[i], wanted))
			return (true);
	return (false);
}

/* The value of a key; NULL if the map has none. */
static const void *
map_find(const struct value *map, struct slice key)
{
	const struct any_list *list = map->at;
	size_t size = kind_element_size(map->kind, map->type);

	for (size_t i = 0; i < list->count; i++) {
		const char *entry = (const char *)list->items + i * size;

		if (slice_equal(
			*(const struct slice *)(const void *)entry, key))
			return (entry + ENTRY_VALUE_OFFSET);
	}
	return (NULL);
}

static bool
is_in(const struct filter_match *m, const struct value *v)
{
	const struct slice *text = v->at;

	if (v->kind == KIND_STRS)
		return (list_has(v->at, m->value));
	if (kind_rows[v->kind].form == FORM_MAP)
		return (map_find(v, m->value) != NULL);
	assert(v->kind == KIND_STR);
	return (m->value.size == 0 ||
		(text->size > 0 && memmem(text->data, text->size, m->value.data,
				       m->value.size) != NULL));
}

static bool
is_equal(const struct filter_match *m, const struct value *v)
{
	if (v->kind == KIND_BOOL)
		return (*(const bool *)v->at == (m->number != 0));
	if (v->kind == KIND_INT)
		return (*(const int64_t *)v->at == m->number);
	assert(v->kind == KIND_STR);
	return (slice_equal(*(const struct slice *)v->at, m->value));
}

static bool
compare(const struct filter_match *m, const struct value *v)
{
	switch (m->operator) {
	case FILTER_EQUAL:
		return (is_equal(m, v));
	case FILTER_IN:
		return (is_in(m, v));
	case FILTER_EMPTY:
		return (((const struct any_list *)v->at)->count == 0);
	case FILTER_MATCHES:
		return (
		    pattern_matches(m->pattern, *(const struct slice *)v->at));
	}
	return (false);
}

/* --- On the way there. --- */

/* What go-bexpr makes of a key that is not in the map: it equals nothing and
 * has nothing in it, and all else is true, `matches` too. */
static bool
holds_of_nothing(const struct filter_match *m)
{
	if (m->operator== FILTER_EQUAL || m->operator== FILTER_IN)
		return (m->is_negated);
	return (m->operator== FILTER_MATCHES || !m->is_negated);
}

static bool match_holds(
    const struct filter_match *m, size_t step, struct value v);

/* Of a list, any element will do. */
static bool
holds_of_any(const struct filter_match *m, size_t step, const struct value *v)
{
	const struct any_list *list = v->at;
	size_t size = kind_element_size(v->kind, v->type);

	assert(list->count == 0 || list->items != NULL);
	for (size_t i = 0; i < list->count; i++) {
		struct value element = { (const char *)list->items + i * size,
			kind_rows[v->kind].element, v->type };

		if (match_holds(m, step, element))
			return (true);
	}
	return (false);
}

static bool
match_holds(const struct filter_match *m, size_t step, struct value v)
{
	for (; step < m->step_count; step++) {
		const struct filter_step *to = &m->steps[step];

		if (v.kind == KIND_PTR)
			v.at = *(const void *const *)v.at;
		if (v.at == NULL)
			return (holds_of_nothing(m));
		if (kind_rows[v.kind].form == FORM_LIST)
			return (holds_of_any(m, step, &v));
		if (kind_rows[v.kind].form == FORM_MAP)
			v.at = map_find(&v, to->key);
		else
			v.at = (const char *)v.at + to->offset;
		if (v.at == NULL)
			return (holds_of_nothing(m));
		v.kind = to->kind;
		v.type = to->type;
	}
	return (compare(m, &v) != m->is_negated);
}

/* Chains lean to the right: no recursion there. */
static bool
node_holds(const struct filter_node *n, const struct value *object)
{
	bool is_not = false;

	for (;;) {
		if (n->kind == FILTER_MATCH)
			return (match_holds(&n->match, 0, *object) != is_not);
		if (n->kind == FILTER_NOT) {
			is_not = !is_not;
			n = n->left;
		} else if (node_holds(n->left, object) ==
			   (n->kind == FILTER_OR)) {
			return ((n->kind == FILTER_OR) != is_not);
		} else {
			n = n->right;
		}
	}
}

bool
filter_holds(const struct filter *f, const void *object)
{
	struct value v = { .at = object, .kind = KIND_STRUCT };

	if (f == NULL)
		return (true);
	v.type = f->type;
	return (node_holds(f->root, &v));
}

/* --- Reading one. --- */

static const char prefix[] = "Failed to create boolean expression evaluator: ";

static enum err
parse(struct slice text, struct arena *arena, struct filter_node **root,
    struct buf *why)
{
	size_t before = why->size;

	buf_put_text(why, prefix);
	if (text.size > FILTER_BYTES_MAX)
		buf_printf(why, "expression is longer than %d bytes",
		    FILTER_BYTES_MAX);
	else if (filter_parse(text, arena, root, why) == ERR_OK) {
		why->size = before;
		return (ERR_OK);
	}
	return (ERR_INVALID);
}

enum err
filter_read_late(struct slice text, const struct type *type,
    struct arena *arena, const struct filter **out, struct buf *why)
{
	struct filter *filter;
	struct filter_node *root;

	*out = NULL;
	if (text.size == 0)
		return (ERR_OK);
	if (parse(text, arena, &root, why) != ERR_OK)
		return (ERR_INVALID);
	if (type == NULL)
		return (ERR_OK);
	if (filter_check(root, type, arena, why) != ERR_OK)
		return (ERR_INVALID);
	filter = arena_alloc(arena, sizeof(*filter));
	*filter = (struct filter){ type, root };
	*out = filter;
	return (ERR_OK);
}

enum err
filter_read(struct slice text, const struct type *type, struct arena *arena,
    const struct filter **out, struct buf *why)
{
	struct buf mistake = { 0 };
	enum err err = filter_read_late(text, type, arena, out, &mistake);

	if (err != ERR_OK) {
		if (!slice_starts_with(buf_slice(&mistake), SLICE(prefix)))
			buf_put_text(why, prefix);
		buf_put_slice(why, buf_slice(&mistake));
	}
	buf_deinit(&mistake);
	return (err);
}
