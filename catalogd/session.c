/* Sessions; see session.h. */
#include "check.h"
#include "index.h"
#include "kv.h"
#include "node.h"
#include "queries.h"
#include "session.h"

enum err
session_find(
    const struct state *s, struct slice id, struct row **row, struct buf *why)
{
	uint8_t uuid[UUID_SIZE];

	*row = NULL;
	if (uuid_parse(id, uuid, why) != ERR_OK)
		return (ERR_INVALID);
	*row = state_find(s, ORDER_SESSIONS, slice(uuid, UUID_SIZE));
	return (ERR_OK);
}

static enum err
check_validate(struct state *s, struct slice node, struct slice id)
{
	struct row *row = check_find(s, &s->arena, node, id);

	if (row == NULL)
		return (state_refuse(
		    s, "Missing check '%.*s' registration", SLICE_ARGS(id)));
	if (slice_equal(CHECK_OF(row)->status, CRITICAL))
		return (state_refuse(
		    s, "Check '%.*s' is in critical state", SLICE_ARGS(id)));
	return (ERR_OK);
}

static enum err
checks_validate(struct state *s, const struct session *session)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < session->checks.count; i++)
		err =
		    check_validate(s, session->node, session->checks.items[i]);
	for (size_t i = 0; err == ERR_OK && i < session->node_checks.count; i++)
		err = check_validate(
		    s, session->node, session->node_checks.items[i]);
	for (size_t i = 0; err == ERR_OK && i < session->service_checks.count;
	     i++)
		err = check_validate(
		    s, session->node, session->service_checks.items[i].id);
	return (err);
}

static enum err
behavior_validate(struct state *s, struct session *session)
{
	if (session->behavior.size == 0)
		session->behavior = SESSION_RELEASE;
	if (!slice_equal(session->behavior, SESSION_RELEASE) &&
	    !slice_equal(session->behavior, SESSION_DELETE))
		return (state_refuse(s, "Invalid session behavior: %.*s",
		    SLICE_ARGS(session->behavior)));
	return (ERR_OK);
}

/* Consul's sessionCreateTxn. */
enum err
session_create(struct state *s, const struct session *given)
{
	struct session new = *given;
	uint8_t uuid[UUID_SIZE];
	enum err err;

	if (given->id.size == 0)
		return (state_refuse(s, "Missing session ID"));
	buf_reset(&s->why);
	if (uuid_parse(given->id, uuid, &s->why) != ERR_OK)
		return (state_refuse_in(s, "failed inserting session: "));
	err = behavior_validate(s, &new);
	if (err != ERR_OK)
		return (err);
	if (!s->is_loading) {
		new.indexes.create_index = s->index;
		new.indexes.modify_index = s->index;
		if (node_find(s, &s->arena, given->node) == NULL)
			return (state_refuse(s, "Missing node registration"));
		err = checks_validate(s, &new);
		if (err != ERR_OK)
			return (err);
	}
	state_put(s, row_of_session(&new));
	index_raise(s, INDEX_SESSIONS);
	return (ERR_OK);
}

/* Consul's deleteSessionTxn. How long the keys may not be locked again is the
 * leader's to remember; it reads the journal. */
void
session_destroy(struct state *s, struct row *row)
{
	const struct session *session = SESSION_OF(row);
	struct slice held = KEY(&s->arena, session->id);
	struct row *kv;

	state_remove(s, row);
	index_raise(s, INDEX_SESSIONS);
	while ((kv = state_first(s, ORDER_KV_BY_SESSION, held)) != NULL) {
		if (slice_equal(session->behavior, SESSION_DELETE))
			kv_delete(s, KV_OF(kv)->key);
		else
			kv_release(s, kv);
	}
	queries_delete_of_session(s, session->id);
}

static bool
texts_have(const struct slice_list *list, struct slice text)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_equal_fold(list->items[i], text))
			return (true);
	return (false);
}

static bool
is_bound_to(const struct session *session, struct slice check_id)
{
	if (texts_have(&session->checks, check_id) ||
	    texts_have(&session->node_checks, check_id))
		return (true);
	for (size_t i = 0; i < session->service_checks.count; i++)
		if (slice_equal_fold(
			session->service_checks.items[i].id, check_id))
			return (true);
	return (false);
}

void
sessions_destroy_of_check(
    struct state *s, struct slice node, struct slice check_id)
{
	struct slice prefix = KEY(&s->arena, node);
	struct row *row = state_first(s, ORDER_SESSIONS_BY_NODE, prefix);

	while (row != NULL) {
		struct row *next =
		    state_next(s, ORDER_SESSIONS_BY_NODE, prefix, row);

		if (is_bound_to(SESSION_OF(row), check_id))
			session_destroy(s, row);
		row = next;
	}
}
