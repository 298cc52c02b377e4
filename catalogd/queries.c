/* Prepared queries; see queries.h. */
#include <ctype.h>

#include "index.h"
#include "queries.h"
#include "session.h"
#include "template.h"

bool
query_is_template(const struct prepared_query *q)
{
	return (q->template.type.size > 0);
}

/* Consul's validUUID: 8-4-4-4-12 digits. */
bool
query_is_uuid(struct slice text)
{
	if (text.size != 36)
		return (false);
	for (size_t i = 0; i < text.size; i++) {
		bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_hyphen ? text.data[i] != '-'
			      : uuid_digit(text.data[i]) < 0)
			return (false);
	}
	return (true);
}

/* --- Finding. --- */

enum err
query_find(
    const struct state *s, struct slice id, struct row **row, struct buf *why)
{
	uint8_t uuid[UUID_SIZE];

	*row = NULL;
	if (uuid_parse(id, uuid, why) != ERR_OK)
		return (ERR_INVALID);
	*row = state_find(s, ORDER_QUERIES, slice(uuid, UUID_SIZE));
	return (ERR_OK);
}

/* As rows have it (row.c, pack_query_name). */
static struct slice
name_key(struct arena *arena, struct slice name)
{
	uint8_t *to = arena_alloc(arena, name.size + 1);

	to[0] = '\0';
	for (size_t i = 0; i < name.size; i++)
		to[i + 1] = (uint8_t)tolower(name.data[i]);
	return (slice(to, name.size + 1));
}

static struct row *
find_by_name(const struct state *s, struct arena *arena, struct slice name)
{
	if (name.size == 0)
		return (NULL);
	return (state_find(s, ORDER_QUERIES_BY_NAME, name_key(arena, name)));
}

/* The template whose name is the longest beginning of this one. */
static struct row *
find_by_prefix(const struct state *s, struct arena *arena, struct slice name)
{
	struct slice key = name_key(arena, name);

	for (; key.size > 0; key.size--) {
		struct row *row = state_find(s, ORDER_QUERIES_BY_PREFIX, key);

		if (row != NULL)
			return (row);
	}
	return (NULL);
}

static enum err
resolve_row(const struct row *row, struct slice name, struct slice segment,
    struct arena *arena, struct prepared_query *query, struct buf *why)
{
	if (!query_is_template(QUERY_OF(row))) {
		*query = *QUERY_OF(row);
		return (ERR_OK);
	}
	return (
	    template_render(QUERY_OF(row), name, segment, arena, query, why));
}

/* Consul's PreparedQueryResolve: an id wins over a name, so that nobody can
 * take the place of another's query. */
enum err
query_resolve(const struct state *s, struct slice id_or_name,
    struct slice segment, struct arena *arena, struct prepared_query *query,
    struct buf *why)
{
	struct row *row = NULL;

	if (id_or_name.size == 0) {
		buf_put_text(why, "Missing Query ID");
		return (ERR_REFUSED);
	}
	if (query_is_uuid(id_or_name) &&
	    query_find(s, id_or_name, &row, why) == ERR_OK && row != NULL) {
		if (query_is_template(QUERY_OF(row))) {
			buf_put_text(why, "prepared query templates can only "
					  "be resolved up by name, not by ID");
			return (ERR_REFUSED);
		}
		*query = *QUERY_OF(row);
		return (ERR_OK);
	}
	row = find_by_name(s, arena, id_or_name);
	if (row == NULL)
		row = find_by_prefix(s, arena, id_or_name);
	if (row != NULL)
		return (
		    resolve_row(row, id_or_name, segment, arena, query, why));
	buf_put_text(why, QUERY_NOT_FOUND);
	return (ERR_NOT_FOUND);
}

/* --- Writing. --- */

static enum err
find_for_write(struct state *s, struct slice id, struct row **row)
{
	buf_reset(&s->why);
	if (query_find(s, id, row, &s->why) != ERR_OK)
		return (state_refuse_in(s, "failed prepared query lookup: "));
	return (ERR_OK);
}

/* Is there another query where this one would stand? */
static bool
is_taken(const struct row *other, const struct row *existing)
{
	return (other != NULL &&
		(existing == NULL ||
		    !slice_equal(QUERY_OF(existing)->id, QUERY_OF(other)->id)));
}

static enum err
name_check(
    struct state *s, const struct prepared_query *q, const struct row *existing)
{
	struct row *other;

	if (is_taken(find_by_name(s, &s->arena, q->name), existing))
		return (state_refuse(s,
		    "name '%.*s' aliases an existing query name",
		    SLICE_ARGS(q->name)));
	if (q->name.size == 0 && query_is_template(q) &&
	    is_taken(state_find(s, ORDER_QUERIES_BY_PREFIX,
			 name_key(&s->arena, q->name)),
		existing))
		return (state_refuse(
		    s, "a query template with an empty name already exists"));
	if (!query_is_uuid(q->name))
		return (ERR_OK);
	if (query_find(s, q->name, &other, NULL) == ERR_OK && other != NULL)
		return (
		    state_refuse(s, "name '%.*s' aliases an existing query ID",
			SLICE_ARGS(q->name)));
	return (ERR_OK);
}

static enum err
session_check(struct state *s, struct slice id)
{
	struct row *row;

	if (id.size == 0)
		return (ERR_OK);
	buf_reset(&s->why);
	if (session_find(s, id, &row, &s->why) != ERR_OK)
		return (state_refuse_in(s, "invalid session: "));
	if (row == NULL)
		return (state_refuse(
		    s, "invalid session \"%.*s\"", SLICE_ARGS(id)));
	return (ERR_OK);
}

/* A template that cannot be rendered is not taken: Consul finds mistakes by
 * rendering it for its own prefix. */
static enum err
template_check(struct state *s, const struct prepared_query *q)
{
	struct prepared_query rendered;

	if (!query_is_template(q))
		return (ERR_OK);
	buf_reset(&s->why);
	if (template_render(
		q, q->name, SLICE(""), &s->arena, &rendered, &s->why) != ERR_OK)
		return (state_refuse_in(s, "failed compiling template: "));
	return (ERR_OK);
}

/* Consul's preparedQuerySetTxn. */
enum err
query_set(struct state *s, const struct prepared_query *given)
{
	struct prepared_query new = *given;
	struct row *existing;
	enum err err;

	if (given->id.size == 0)
		return (state_refuse(s, "Missing Query ID"));
	err = find_for_write(s, given->id, &existing);
	if (err != ERR_OK)
		return (err);
	new.indexes.modify_index = s->index;
	new.indexes.create_index =
	    existing == NULL ? s->index
			     : QUERY_OF(existing)->indexes.create_index;
	err = name_check(s, &new, existing);
	if (err == ERR_OK)
		err = session_check(s, new.session);
	if (err == ERR_OK)
		err = template_check(s, &new);
	if (err != ERR_OK)
		return (err);
	state_put(s, row_of_query(&new));
	index_raise(s, INDEX_QUERIES);
	return (ERR_OK);
}

enum err
query_delete(struct state *s, struct slice id)
{
	struct row *row;
	enum err err = find_for_write(s, id, &row);

	if (err != ERR_OK || row == NULL)
		return (err);
	state_remove(s, row);
	index_raise(s, INDEX_QUERIES);
	return (ERR_OK);
}

void
queries_delete_of_session(struct state *s, struct slice session)
{
	struct slice prefix = KEY(&s->arena, session);
	struct row *row;

	while (
	    (row = state_first(s, ORDER_QUERIES_BY_SESSION, prefix)) != NULL) {
		state_remove(s, row);
		index_raise(s, INDEX_QUERIES);
	}
}

/* Whatever it names was there when it was written. */
enum err
query_load(struct state *s, const struct prepared_query *q)
{
	struct row *existing;
	enum err err = find_for_write(s, q->id, &existing);

	if (err == ERR_OK)
		err = name_check(s, q, existing);
	if (err == ERR_OK)
		err = template_check(s, q);
	if (err != ERR_OK)
		return (err);
	state_put(s, row_of_query(q));
	index_raise(s, INDEX_QUERIES);
	return (ERR_OK);
}
