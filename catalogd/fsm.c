/* The state machine; see fsm.h. */
#include <assert.h>
#include <string.h>

#include "check.h"
#include "coordinate.h"
#include "federation.h"
#include "fsm.h"
#include "index.h"
#include "kv.h"
#include "node.h"
#include "queries.h"
#include "service.h"
#include "session.h"
#include "txn.h"

struct apply {
	struct state *state;
	struct fsm_result *result;
};

typedef enum err apply_fn(struct apply *, const void *request);

static void
reply_set(struct apply *a, const struct type *type, const void *reply)
{
	type_encode(type, reply, &a->result->reply);
}

static void
reply_boolean(struct apply *a, bool value)
{
	struct boolean reply = { .value = value };

	reply_set(a, &boolean_type, &reply);
}

/* --- Register, deregister. --- */

/* Consul's RegisterRequest.ChangesNode. */
static bool
node_changes(const struct register_request *r, const struct node *of_row)
{
	if (r->skip_node_update)
		return (false);
	return (!slice_equal(r->id, of_row->id) ||
		!slice_equal(r->node, of_row->node) ||
		!slice_equal(r->address, of_row->address) ||
		!slice_equal(r->datacenter, of_row->datacenter) ||
		!pairs_same(&r->tagged_addresses, &of_row->tagged_addresses) ||
		!pairs_same(&r->node_meta, &of_row->meta));
}

static enum err
register_node(struct state *s, const struct register_request *r)
{
	struct row *row = node_find(s, &s->arena, r->node);
	const struct node node = {
		.id = r->id,
		.node = r->node,
		.address = r->address,
		.datacenter = r->datacenter,
		.tagged_addresses = r->tagged_addresses,
		.meta = r->node_meta,
		.indexes = r->indexes,
	};

	if (row != NULL && !node_changes(r, NODE_OF(row)))
		return (ERR_OK);
	if (node_set(s, &node) != ERR_OK)
		return (state_refuse_in(s, "failed inserting node: "));
	return (ERR_OK);
}

static enum err
register_check(struct state *s, const struct register_request *r,
    const struct health_check *check)
{
	bool is_same = s->is_loading ? slice_equal_fold(check->node, r->node)
				     : slice_equal(check->node, r->node);

	/* Consul minds the case. A snapshot names the node as it is now, which
	 * may not be as it was when the check came. */
	if (!is_same)
		return (state_refuse(s,
		    "check node \"%.*s\" does not match node \"%.*s\"",
		    SLICE_ARGS(check->node), SLICE_ARGS(r->node)));
	if (check_set(s, check) != ERR_OK) {
		buf_printf(
		    &s->why, " on node \"%.*s\"", SLICE_ARGS(check->node));
		return (state_refuse_in(s, "failed inserting check: "));
	}
	return (ERR_OK);
}

enum err
fsm_register(struct state *s, const struct register_request *r)
{
	enum err err = register_node(s, r);

	if (err != ERR_OK)
		return (err);
	if (r->service != NULL && service_set(s, r->node, r->service) != ERR_OK)
		return (state_refuse_in(s, "failed inserting service: "));
	if (r->check != NULL)
		err = register_check(s, r, r->check);
	for (size_t i = 0; err == ERR_OK && i < r->checks.count; i++)
		err = register_check(s, r, &r->checks.items[i]);
	return (err);
}

static enum err
apply_register(struct apply *a, const void *request)
{
	struct empty empty;

	reply_set(a, &empty_type, &empty);
	return (fsm_register(a->state, request));
}

static enum err
apply_deregister(struct apply *a, const void *request)
{
	const struct deregister_request *r = request;
	struct state *s = a->state;
	struct empty empty;
	struct row *row;

	reply_set(a, &empty_type, &empty);
	if (r->service_id.size > 0) {
		row = service_find(s, &s->arena, r->node, r->service_id);
		if (row != NULL)
			service_delete(s, row);
	} else if (r->check_id.size > 0) {
		row = check_find(s, &s->arena, r->node, r->check_id);
		if (row != NULL)
			check_delete(s, row);
	} else {
		node_delete(s, r->node);
	}
	return (ERR_OK);
}

/* --- KV. --- */

static enum err
apply_kvs(struct apply *a, const void *request)
{
	const struct kvs_request *r = request;
	struct dir_entry entry = r->dir_ent;
	struct state *s = a->state;
	bool is_done = false; /* what set and delete answer as well */
	enum err err = ERR_OK;

	a->result->op = r->op;
	if (slice_is(r->op, "set"))
		err = kv_set(s, &entry);
	else if (slice_is(r->op, "delete"))
		kv_delete(s, entry.key);
	else if (slice_is(r->op, "delete-cas"))
		is_done =
		    kv_delete_cas(s, entry.key, entry.indexes.modify_index);
	else if (slice_is(r->op, "delete-tree"))
		kv_delete_tree(s, entry.key);
	else if (slice_is(r->op, "cas"))
		err = kv_set_cas(s, &entry, &is_done);
	else if (slice_is(r->op, "lock"))
		err = kv_lock(s, &entry, &is_done);
	else if (slice_is(r->op, "unlock"))
		err = kv_unlock(s, &entry, &is_done);
	else
		err = state_refuse(
		    s, "Invalid KVS operation '%.*s'", SLICE_ARGS(r->op));
	reply_boolean(a, is_done);
	return (err);
}

/* --- Coordinates, autopilot. --- */

static enum err
apply_coordinates(struct apply *a, const void *request)
{
	const struct coordinates *updates = request;
	struct empty empty;

	reply_set(a, &empty_type, &empty);
	for (size_t i = 0; i < updates->value.count; i++)
		coordinate_update(a->state, &updates->value.items[i]);
	index_raise(a->state, INDEX_COORDINATES);
	return (ERR_OK);
}

/* Without cas Consul answers nothing, which is false on the wire. */
static enum err
apply_autopilot(struct apply *a, const void *request)
{
	const struct autopilot_set_config_request *r = request;

	if (r->cas)
		reply_boolean(a, autopilot_set_cas(a->state, &r->config));
	else {
		autopilot_set(a->state, &r->config);
		reply_boolean(a, false);
	}
	return (ERR_OK);
}

static enum err
apply_tombstone(struct apply *a, const void *request)
{
	const struct tombstone_request *r = request;

	a->result->op = r->op;
	reply_boolean(a, true);
	if (!slice_is(r->op, "reap"))
		return (state_refuse(a->state,
		    "Invalid Tombstone operation '%.*s'", SLICE_ARGS(r->op)));
	kv_reap(a->state, r->reap_index);
	return (ERR_OK);
}

/* --- Sessions, transactions. --- */

static enum err
session_end(struct state *s, struct slice id)
{
	struct row *row;

	buf_reset(&s->why);
	if (session_find(s, id, &row, &s->why) != ERR_OK)
		return (state_refuse_in(s, "failed session lookup: "));
	if (row != NULL)
		session_destroy(s, row);
	return (ERR_OK);
}

static enum err
apply_session(struct apply *a, const void *request)
{
	const struct session_request *r = request;
	struct state *s = a->state;
	struct text reply = { .value = SLICE("") };
	enum err err;

	a->result->op = r->op;
	if (slice_is(r->op, "create")) {
		err = session_create(s, &r->session);
		reply.value = r->session.id;
	} else if (slice_is(r->op, "destroy")) {
		err = session_end(s, r->session.id);
	} else {
		err = state_refuse(
		    s, "Invalid session operation '%.*s'", SLICE_ARGS(r->op));
	}
	reply_set(a, &text_type, &reply);
	return (err);
}

static enum err
apply_query(struct apply *a, const void *request)
{
	const struct prepared_query_request *r = request;
	struct state *s = a->state;
	struct text reply = { .value = SLICE("") };

	/* Consul dies of a nil pointer. */
	if (r->query == NULL)
		return (state_refuse(s, "Missing Query"));
	a->result->op = r->op;
	reply.value = r->query->id;
	reply_set(a, &text_type, &reply);
	if (slice_is(r->op, "create") || slice_is(r->op, "update"))
		return (query_set(s, r->query));
	if (slice_is(r->op, "delete"))
		return (query_delete(s, r->query->id));
	return (state_refuse(
	    s, "Invalid PreparedQuery operation '%.*s'", SLICE_ARGS(r->op)));
}

/* Failing operations are told in the reply, and nothing is done. */
static enum err
apply_txn(struct apply *a, const void *request)
{
	const struct txn_request *r = request;
	const struct txn_ops ops = { r->ops.items, r->ops.count };
	struct txn_response reply;

	txn_run(a->state, ops, &reply);
	reply_set(a, &txn_response_type, &reply);
	if (reply.errors.count > 0)
		state_undo(a->state);
	return (ERR_OK);
}

static enum err
apply_federation(struct apply *a, const void *request)
{
	reply_boolean(a, true);
	return (federation_apply(a->state, request));
}

/* --- All types. --- */

static const struct entry_row {
	enum fsm_type type;
	const struct type *request;
	apply_fn *apply;
} entry_rows[] = {
	{ FSM_REGISTER, &register_request_type, apply_register },
	{ FSM_DEREGISTER, &deregister_request_type, apply_deregister },
	{ FSM_KVS, &kvs_request_type, apply_kvs },
	{ FSM_SESSION, &session_request_type, apply_session },
	{ FSM_TOMBSTONE, &tombstone_request_type, apply_tombstone },
	{ FSM_COORDINATES, &coordinates_type, apply_coordinates },
	{ FSM_AUTOPILOT, &autopilot_set_config_request_type, apply_autopilot },
	{ FSM_FEDERATION, &federation_state_request_type, apply_federation },
	{ FSM_QUERY, &prepared_query_request_type, apply_query },
	{ FSM_TXN, &txn_request_type, apply_txn },
};

static const struct entry_row *
entry_find(uint8_t type)
{
	for (size_t i = 0; i < sizeof(entry_rows) / sizeof(*entry_rows); i++)
		if ((uint8_t)entry_rows[i].type == type)
			return (&entry_rows[i]);
	return (NULL);
}

void
fsm_result_deinit(struct fsm_result *result)
{
	buf_deinit(&result->text);
	buf_deinit(&result->reply);
}

static void
result_reset(struct fsm_result *result)
{
	result->is_refused = false;
	result->op = slice(NULL, 0);
	buf_reset(&result->text);
	buf_reset(&result->reply);
}

static enum err
entry_apply(struct apply *a, const struct entry_row *row, struct slice body)
{
	struct state *s = a->state;
	void *request = arena_alloc(&s->arena, row->request->size);
	enum err err = type_decode_all(row->request, body, &s->arena, request);

	if (err != ERR_OK)
		return (ERR_INVALID);
	err = row->apply(a, request);
	if (err != ERR_OK) {
		assert(err == ERR_REFUSED);
		state_undo(s);
		a->result->is_refused = true;
		buf_put_slice(&a->result->text, buf_slice(&s->why));
	}
	return (ERR_OK);
}

enum err
fsm_apply(struct state *s, uint64_t index, struct slice entry,
    struct fsm_result *result)
{
	struct apply a = { .state = s, .result = result };
	const struct entry_row *row;

	result_reset(result);
	state_begin(s, index);
	if (entry.size == 0)
		return (ERR_INVALID);
	row = entry_find(entry.data[0] & (uint8_t)~FSM_IGNORE_UNKNOWN);
	if (row != NULL)
		return (entry_apply(&a, row, slice_tail(entry, 1)));
	return (entry.data[0] & FSM_IGNORE_UNKNOWN ? ERR_OK : ERR_UNAVAILABLE);
}
