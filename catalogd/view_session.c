/* Looks at sessions. */
#include "index.h"
#include "session.h"
#include "view.h"

static void
session_add(struct view *v, struct row *row, size_t *room)
{
	struct indexed_sessions *reply = v->reply;

	reply->sessions.items = view_grow(v, reply->sessions.items,
	    reply->sessions.count, room, sizeof(*reply->sessions.items));
	reply->sessions.items[reply->sessions.count++] = *SESSION_OF(row);
}

static void
sessions_index(struct view *v)
{
	v->index = index_of(v->state, INDEX_SESSIONS);
	view_shows(v, GEN_SESSIONS_TABLE, SLICE(""));
}

/* Agents before 1.7 put the id into another field. */
static struct slice
id_of(const struct session_specific_request *q)
{
	return (q->session_id.size > 0 ? q->session_id : q->session);
}

void
view_session(struct view *v, const void *request)
{
	struct slice id = id_of(request);
	size_t room = 0;
	struct row *row;

	buf_put_text(&v->why, "failed session lookup: ");
	if (session_find(v->state, id, &row, &v->why) != ERR_OK) {
		v->refusal = buf_text(&v->why);
		return;
	}
	if (row != NULL)
		session_add(v, row, &room);
	view_watches(v, WATCH_SESSION, view_name(v, id));
	sessions_index(v);
}

void
view_sessions(struct view *v, const void *request)
{
	struct indexed_sessions *reply = v->reply;
	size_t room = 0;
	struct row *row;

	(void)request;
	reply->sessions.items =
	    arena_array(v->arena, 1, sizeof(*reply->sessions.items));
	STATE_EACH(v->state, ORDER_SESSIONS, SLICE(""), row)
	session_add(v, row, &room);
	view_watches(v, GEN_SESSIONS_TABLE, SLICE(""));
	sessions_index(v);
}

void
view_node_sessions(struct view *v, const void *request)
{
	const struct node_specific_request *q = request;
	struct indexed_sessions *reply = v->reply;
	struct slice prefix = KEY(v->arena, q->node);
	size_t room = 0;
	struct row *row;

	reply->sessions.items =
	    arena_array(v->arena, 1, sizeof(*reply->sessions.items));
	STATE_EACH(v->state, ORDER_SESSIONS_BY_NODE, prefix, row)
	session_add(v, row, &room);
	view_watches(v, WATCH_NODE_SESSIONS, view_name(v, q->node));
	sessions_index(v);
}
