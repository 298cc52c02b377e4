/* Transactions; see txn.h. */
#include <string.h>

#include "check.h"
#include "kv.h"
#include "node.h"
#include "service.h"
#include "session.h"
#include "txn.h"
#include "xmalloc.h"

struct txn {
	struct state *state;
	struct txn_response *reply;
	size_t result_room;
	size_t error_room;
};

typedef enum err kv_verb_fn(struct txn *, struct dir_entry *);
typedef enum err node_verb_fn(struct txn *, const struct node *);
typedef enum err service_verb_fn(
    struct txn *, struct slice node, const struct node_service *);
typedef enum err check_verb_fn(struct txn *, const struct health_check *);

/* --- Results. --- */

/* Room for one more, in the state's arena, doubling as it grows. */
static void *
grown(struct arena *arena, void *items, size_t count, size_t *have, size_t size)
{
	void *more;

	if (count < *have)
		return (items);
	*have = *have * 2 + 8;
	more = arena_array(arena, *have, size);
	if (count > 0)
		memcpy(more, items, count * size);
	return (more);
}

static struct txn_result *
result_new(struct txn *t)
{
	struct txn_response *r = t->reply;

	r->results.items = grown(&t->state->arena, r->results.items,
	    r->results.count, &t->result_room, sizeof(*r->results.items));
	return (&r->results.items[r->results.count++]);
}

static void
result_kv(struct txn *t, const struct dir_entry *entry, bool with_value)
{
	struct dir_entry *copy = arena_alloc(&t->state->arena, sizeof(*copy));

	*copy = *entry;
	if (!with_value)
		copy->value = slice(NULL, 0);
	result_new(t)->kv = copy;
}

static void
result_node(struct txn *t, const struct node *node)
{
	struct node *copy = arena_alloc(&t->state->arena, sizeof(*copy));

	*copy = *node;
	result_new(t)->node = copy;
}

static void
result_service(struct txn *t, struct row *row)
{
	struct arena *arena = &t->state->arena;
	struct node_service *service = arena_alloc(arena, sizeof(*service));

	service_to_node_service(SERVICE_OF(row), arena, service);
	result_new(t)->service = service;
}

static void
result_check(struct txn *t, struct row *row)
{
	struct arena *arena = &t->state->arena;
	struct health_check *check = arena_alloc(arena, sizeof(*check));

	check_to_health_check(CHECK_OF(row), arena, check);
	result_new(t)->check = check;
}

static void
error_add(struct txn *t, size_t op)
{
	struct txn_response *r = t->reply;
	struct arena *arena = &t->state->arena;

	r->errors.items = grown(arena, r->errors.items, r->errors.count,
	    &t->error_room, sizeof(*r->errors.items));
	r->errors.items[r->errors.count++] = (struct txn_error){
		.op_index = (int64_t)op,
		.what = arena_copy(arena, buf_slice(&t->state->why)),
	};
}

/* --- KV. --- */

static enum err
kv_refuse(struct txn *t, const char *what, struct slice key, const char *why)
{
	return (state_refuse(
	    t->state, "%s \"%.*s\"%s", what, SLICE_ARGS(key), why));
}

/* A write's outcome: refused, stale in some way, or the entry as it is now. */
static enum err
kv_outcome(struct txn *t, const struct dir_entry *entry, enum err err,
    bool is_done, const char *what, const char *why)
{
	if (err != ERR_OK)
		return (err);
	if (!is_done)
		return (kv_refuse(t, what, entry->key, why));
	result_kv(t, entry, false);
	return (ERR_OK);
}

static enum err
on_kv_set(struct txn *t, struct dir_entry *entry)
{
	enum err err = kv_set(t->state, entry);

	return (kv_outcome(t, entry, err, true, "", ""));
}

static enum err
on_kv_cas(struct txn *t, struct dir_entry *entry)
{
	bool is_done = false;
	enum err err = kv_set_cas(t->state, entry, &is_done);

	return (kv_outcome(
	    t, entry, err, is_done, "failed to set key", ", index is stale"));
}

static enum err
on_kv_lock(struct txn *t, struct dir_entry *entry)
{
	bool is_done = false;
	enum err err = kv_lock(t->state, entry, &is_done);

	return (kv_outcome(t, entry, err, is_done, "failed to lock key",
	    ", lock is already held"));
}

static enum err
on_kv_unlock(struct txn *t, struct dir_entry *entry)
{
	bool is_done = false;
	enum err err = kv_unlock(t->state, entry, &is_done);

	return (kv_outcome(t, entry, err, is_done, "failed to unlock key",
	    ", lock isn't held, or is held by another session"));
}

static enum err
on_kv_get(struct txn *t, struct dir_entry *entry)
{
	struct row *row = kv_find(t->state, entry->key);

	if (row == NULL)
		return (kv_refuse(t, "key", entry->key, " doesn't exist"));
	result_kv(t, KV_OF(row), true);
	return (ERR_OK);
}

static enum err
on_kv_get_tree(struct txn *t, struct dir_entry *entry)
{
	struct row *row;

	STATE_EACH(t->state, ORDER_KV, entry->key, row)
	result_kv(t, KV_OF(row), true);
	return (ERR_OK);
}

static enum err
on_kv_check_session(struct txn *t, struct dir_entry *entry)
{
	struct row *row = kv_find(t->state, entry->key);

	if (row == NULL)
		return (kv_refuse(t, "failed to check session, key", entry->key,
		    " doesn't exist"));
	if (!slice_equal(KV_OF(row)->session, entry->session))
		return (state_refuse(t->state,
		    "failed session check for key \"%.*s\", "
		    "current session \"%.*s\" != \"%.*s\"",
		    SLICE_ARGS(entry->key), SLICE_ARGS(KV_OF(row)->session),
		    SLICE_ARGS(entry->session)));
	result_kv(t, KV_OF(row), false);
	return (ERR_OK);
}

static enum err
on_kv_check_index(struct txn *t, struct dir_entry *entry)
{
	struct row *row = kv_find(t->state, entry->key);

	if (row == NULL)
		return (kv_refuse(t, "failed to check index, key", entry->key,
		    " doesn't exist"));
	if (KV_OF(row)->indexes.modify_index != entry->indexes.modify_index)
		return (state_refuse(t->state,
		    "failed index check for key \"%.*s\", "
		    "current modify index %ju != %ju",
		    SLICE_ARGS(entry->key),
		    (uintmax_t)KV_OF(row)->indexes.modify_index,
		    (uintmax_t)entry->indexes.modify_index));
	result_kv(t, KV_OF(row), false);
	return (ERR_OK);
}

static enum err
on_kv_check_not_exists(struct txn *t, struct dir_entry *entry)
{
	if (kv_find(t->state, entry->key) != NULL)
		return (kv_refuse(t, "key", entry->key, " exists"));
	return (ERR_OK);
}

static enum err
on_kv_delete(struct txn *t, struct dir_entry *entry)
{
	kv_delete(t->state, entry->key);
	return (ERR_OK);
}

static enum err
on_kv_delete_cas(struct txn *t, struct dir_entry *entry)
{
	if (!kv_delete_cas(t->state, entry->key, entry->indexes.modify_index))
		return (kv_refuse(
		    t, "failed to delete key", entry->key, ", index is stale"));
	return (ERR_OK);
}

static enum err
on_kv_delete_tree(struct txn *t, struct dir_entry *entry)
{
	kv_delete_tree(t->state, entry->key);
	return (ERR_OK);
}

static enum err
kv_run(struct txn *t, const struct txn_kv_op *op)
{
	static const struct {
		const char *verb;
		kv_verb_fn *run;
	} verbs[] = {
		{ "set", on_kv_set },
		{ "cas", on_kv_cas },
		{ "lock", on_kv_lock },
		{ "unlock", on_kv_unlock },
		{ "get", on_kv_get },
		{ "get-tree", on_kv_get_tree },
		{ "check-session", on_kv_check_session },
		{ "check-index", on_kv_check_index },
		{ "check-not-exists", on_kv_check_not_exists },
		{ "delete", on_kv_delete },
		{ "delete-cas", on_kv_delete_cas },
		{ "delete-tree", on_kv_delete_tree },
	};
	struct dir_entry entry = op->dir_ent;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (slice_is(op->verb, verbs[i].verb))
			return (verbs[i].run(t, &entry));
	return (state_refuse(
	    t->state, "unknown KV verb \"%.*s\"", SLICE_ARGS(op->verb)));
}

/* --- Nodes. --- */

static struct row *
node_meant(struct txn *t, const struct node *node)
{
	return (node->id.size > 0
		    ? node_find_id(t->state, node->id)
		    : node_find(t->state, &t->state->arena, node->node));
}

static enum err
node_stale(struct txn *t, const char *verb, const struct node *node)
{
	return (
	    state_refuse(t->state, "failed to %s node \"%.*s\", index is stale",
		verb, SLICE_ARGS(node->node)));
}

static enum err
on_node_get(struct txn *t, const struct node *node)
{
	struct row *row = node_meant(t, node);

	if (row == NULL)
		return (state_refuse(t->state, "node \"%.*s\" doesn't exist",
		    SLICE_ARGS(node->node)));
	result_node(t, NODE_OF(row));
	return (ERR_OK);
}

static enum err
node_written(struct txn *t, const struct node *node, enum err err)
{
	struct row *row = err == ERR_OK ? node_meant(t, node) : NULL;

	if (row != NULL)
		result_node(t, NODE_OF(row));
	return (err);
}

static enum err
on_node_set(struct txn *t, const struct node *node)
{
	return (node_written(t, node, node_set(t->state, node)));
}

static enum err
on_node_cas(struct txn *t, const struct node *node)
{
	bool is_done = false;
	enum err err = node_set_cas(t->state, node, &is_done);

	if (err == ERR_OK && !is_done)
		return (node_stale(t, "set", node));
	return (node_written(t, node, err));
}

static enum err
on_node_delete(struct txn *t, const struct node *node)
{
	node_delete(t->state, node->node);
	return (ERR_OK);
}

static enum err
on_node_delete_cas(struct txn *t, const struct node *node)
{
	if (!node_delete_cas(t->state, node->node, node->indexes.modify_index))
		return (node_stale(t, "delete", node));
	return (ERR_OK);
}

static enum err
node_run(struct txn *t, const struct txn_node_op *op)
{
	static const struct {
		const char *verb;
		node_verb_fn *run;
	} verbs[] = {
		{ "get", on_node_get },
		{ "set", on_node_set },
		{ "cas", on_node_cas },
		{ "delete", on_node_delete },
		{ "delete-cas", on_node_delete_cas },
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (slice_is(op->verb, verbs[i].verb))
			return (verbs[i].run(t, &op->node));
	return (state_refuse(
	    t->state, "unknown Node verb \"%.*s\"", SLICE_ARGS(op->verb)));
}

/* --- Services. --- */

static enum err
service_stale(struct txn *t, const char *verb, struct slice node,
    const struct node_service *service)
{
	return (state_refuse(t->state,
	    "failed to %s service \"%.*s\" on node \"%.*s\", index is stale",
	    verb, SLICE_ARGS(service->id), SLICE_ARGS(node)));
}

static enum err
on_service_get(
    struct txn *t, struct slice node, const struct node_service *service)
{
	struct row *row =
	    service_find(t->state, &t->state->arena, node, service->id);

	if (row == NULL)
		return (state_refuse(t->state,
		    "service \"%.*s\" on node \"%.*s\" doesn't exist",
		    SLICE_ARGS(service->id), SLICE_ARGS(node)));
	result_service(t, row);
	return (ERR_OK);
}

static enum err
on_service_set(
    struct txn *t, struct slice node, const struct node_service *service)
{
	enum err err = service_set(t->state, node, service);

	return (err == ERR_OK ? on_service_get(t, node, service) : err);
}

static enum err
on_service_cas(
    struct txn *t, struct slice node, const struct node_service *service)
{
	bool is_done = false;
	enum err err = service_set_cas(t->state, node, service, &is_done);

	if (err != ERR_OK)
		return (err);
	if (!is_done)
		return (service_stale(t, "set", node, service));
	return (on_service_get(t, node, service));
}

static enum err
on_service_delete(
    struct txn *t, struct slice node, const struct node_service *service)
{
	struct row *row =
	    service_find(t->state, &t->state->arena, node, service->id);

	if (row != NULL)
		service_delete(t->state, row);
	return (ERR_OK);
}

static enum err
on_service_delete_cas(
    struct txn *t, struct slice node, const struct node_service *service)
{
	if (!service_delete_cas(
		t->state, node, service->id, service->indexes.modify_index))
		return (service_stale(t, "delete", node, service));
	return (ERR_OK);
}

static enum err
service_run(struct txn *t, const struct txn_service_op *op)
{
	static const struct {
		const char *verb;
		service_verb_fn *run;
	} verbs[] = {
		{ "get", on_service_get },
		{ "set", on_service_set },
		{ "cas", on_service_cas },
		{ "delete", on_service_delete },
		{ "delete-cas", on_service_delete_cas },
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (slice_is(op->verb, verbs[i].verb))
			return (verbs[i].run(t, op->node, &op->service));
	return (state_refuse(
	    t->state, "unknown Service verb \"%.*s\"", SLICE_ARGS(op->verb)));
}

/* --- Checks. --- */

static enum err
check_stale(struct txn *t, const char *verb, const struct health_check *check)
{
	return (state_refuse(t->state,
	    "failed to %s check \"%.*s\" on node \"%.*s\", index is stale",
	    verb, SLICE_ARGS(check->check_id), SLICE_ARGS(check->node)));
}

static enum err
on_check_get(struct txn *t, const struct health_check *check)
{
	struct row *row = check_find(
	    t->state, &t->state->arena, check->node, check->check_id);

	if (row == NULL)
		return (state_refuse(t->state,
		    "check \"%.*s\" on node \"%.*s\" doesn't exist",
		    SLICE_ARGS(check->check_id), SLICE_ARGS(check->node)));
	result_check(t, row);
	return (ERR_OK);
}

static enum err
on_check_set(struct txn *t, const struct health_check *check)
{
	enum err err = check_set(t->state, check);

	return (err == ERR_OK ? on_check_get(t, check) : err);
}

static enum err
on_check_cas(struct txn *t, const struct health_check *check)
{
	bool is_done = false;
	enum err err = check_set_cas(t->state, check, &is_done);

	/* Consul loses this mistake on its way: nothing is done or told. */
	if (err != ERR_OK)
		return (ERR_OK);
	if (!is_done)
		return (check_stale(t, "set", check));
	return (on_check_get(t, check));
}

static enum err
on_check_delete(struct txn *t, const struct health_check *check)
{
	struct row *row = check_find(
	    t->state, &t->state->arena, check->node, check->check_id);

	if (row != NULL)
		check_delete(t->state, row);
	return (ERR_OK);
}

static enum err
on_check_delete_cas(struct txn *t, const struct health_check *check)
{
	if (!check_delete_cas(t->state, check->node, check->check_id,
		check->indexes.modify_index))
		return (check_stale(t, "delete", check));
	return (ERR_OK);
}

static enum err
check_run(struct txn *t, const struct txn_check_op *op)
{
	static const struct {
		const char *verb;
		check_verb_fn *run;
	} verbs[] = {
		{ "get", on_check_get },
		{ "set", on_check_set },
		{ "cas", on_check_cas },
		{ "delete", on_check_delete },
		{ "delete-cas", on_check_delete_cas },
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (slice_is(op->verb, verbs[i].verb))
			return (verbs[i].run(t, &op->check));
	return (state_refuse(
	    t->state, "unknown Check verb \"%.*s\"", SLICE_ARGS(op->verb)));
}

/* --- All of them. --- */

/* Servers of newer lines of Consul destroy sessions this way. */
static enum err
session_run(struct txn *t, const struct txn_session_op *op)
{
	struct row *row;

	if (!slice_is(op->verb, "delete"))
		return (state_refuse(t->state, "unknown Session verb \"%.*s\"",
		    SLICE_ARGS(op->verb)));
	if (session_find(t->state, op->session.id, &row, NULL) == ERR_OK &&
	    row != NULL)
		session_destroy(t->state, row);
	return (ERR_OK);
}

static enum err
op_run(struct txn *t, const struct txn_op *op)
{
	if (op->kv != NULL)
		return (kv_run(t, op->kv));
	if (op->node != NULL)
		return (node_run(t, op->node));
	if (op->service != NULL)
		return (service_run(t, op->service));
	if (op->check != NULL)
		return (check_run(t, op->check));
	if (op->session != NULL)
		return (session_run(t, op->session));
	if (op->intention != NULL)
		return (state_refuse(
		    t->state, "intentions in transactions are not supported"));
	return (state_refuse(t->state, "no operation specified"));
}

void
txn_run(struct state *s, struct txn_ops ops, struct txn_response *reply)
{
	struct txn t = { .state = s, .reply = reply };

	memset(reply, 0, sizeof(*reply));
	for (size_t i = 0; i < ops.count; i++) {
		buf_reset(&s->why);
		if (op_run(&t, &ops.items[i]) != ERR_OK)
			error_add(&t, i);
	}
	if (reply->errors.count > 0) {
		reply->results.items = NULL;
		reply->results.count = 0;
	} else if (reply->results.items == NULL) {
		/* Nothing to show is an empty list, not nil. */
		reply->results.items =
		    arena_array(&s->arena, 1, sizeof(*reply->results.items));
	}
}
