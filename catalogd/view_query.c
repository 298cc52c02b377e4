/* Looks at prepared queries, as they were written. */
#include "index.h"
#include "queries.h"
#include "view.h"

static void
query_add(struct view *v, const struct row *row, size_t *room)
{
	struct indexed_prepared_queries *reply = v->reply;

	reply->queries.items = view_grow(v, reply->queries.items,
	    reply->queries.count, room, sizeof(*reply->queries.items));
	reply->queries.items[reply->queries.count++] = *QUERY_OF(row);
}

void
view_query(struct view *v, const void *request)
{
	const struct prepared_query_specific_request *q = request;
	size_t room = 0;
	struct row *row;

	if (query_find(v->state, q->query_id, &row, &v->why) != ERR_OK) {
		v->refusal = arena_text(v->arena,
		    arena_printf(v->arena, "failed prepared query lookup: %s",
			buf_text(&v->why)));
		return;
	}
	if (row == NULL) {
		v->refusal = QUERY_NOT_FOUND;
		return;
	}
	query_add(v, row, &room);
	v->index = index_of(v->state, INDEX_QUERIES);
	view_depends(v, GEN_QUERIES_TABLE, SLICE(""));
}

void
view_queries(struct view *v, const void *request)
{
	size_t room = 0;
	struct row *row;

	(void)request;
	STATE_EACH(v->state, ORDER_QUERIES, SLICE(""), row)
	query_add(v, row, &room);
	v->index = index_of(v->state, INDEX_QUERIES);
	view_depends(v, GEN_QUERIES_TABLE, SLICE(""));
}
