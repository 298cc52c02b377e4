/*
 * Txn.Apply, Txn.Read.
 *
 * Source  api/http.md 3; Consul's txn_endpoint.go
 */
#include "catalogd.h"
#include "on_writes.h"
#include "txn.h"

struct errors {
	struct txn_error *items;
	size_t count;
};

static void
error_add(
    struct call *call, struct errors *errors, size_t op, const struct buf *what)
{
	errors->items[errors->count++] = (struct txn_error){
		.op_index = (int64_t)op,
		.what = arena_copy(&call->arena, buf_slice(what)),
	};
}

static void
kv_precheck(struct catalogd *c, struct call *call, const struct txn_kv_op *op,
    size_t i, struct errors *errors)
{
	struct buf why = { 0 };
	enum err err = kvs_check(c, op->verb, &op->dir_ent, &why);

	if (err == ERR_REFUSED)
		errors->items[errors->count++] = (struct txn_error){
			.op_index = (int64_t)i,
			.what = arena_printf(&call->arena,
			    "failed to lock key \"%.*s\" due to lock delay",
			    SLICE_ARGS(op->dir_ent.key)),
		};
	else if (err != ERR_OK)
		error_add(call, errors, i, &why);
	buf_deinit(&why);
}

/* Consul's preCheck; what it finds is answered alone, before anything runs.
 * Names that may be left out are filled in. */
static void
op_precheck(struct catalogd *c, struct call *call, struct txn_op *op, size_t i,
    struct errors *errors)
{
	struct buf why = { 0 };
	enum err err = ERR_OK;

	if (op->kv != NULL) {
		kv_precheck(c, call, op->kv, i, errors);
		return;
	}
	if (op->node != NULL && !slice_is(op->node->verb, "get"))
		err = node_check(op->node->node.node, op->node->node.id, &why);
	else if (op->service != NULL && !slice_is(op->service->verb, "get"))
		err = service_prepare(&op->service->service, &why);
	else if (op->check != NULL && !slice_is(op->check->verb, "get"))
		check_prepare(&op->check->check);
	if (err != ERR_OK)
		error_add(call, errors, i, &why);
	buf_deinit(&why);
}

static struct errors
precheck(
    struct catalogd *c, struct call *call, struct txn_op *ops, size_t count)
{
	struct errors errors = { 0 };

	errors.items =
	    arena_array(&call->arena, count + 1, sizeof(*errors.items));
	for (size_t i = 0; i < count; i++)
		op_precheck(c, call, &ops[i], i, &errors);
	return (errors);
}

void
on_txn_apply(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct txn_request *q = request;
	struct txn_response reply = { 0 };
	struct txn_request r;
	struct errors errors;

	if (!datacenter_is_ours(c, call, q->datacenter))
		return;
	call_measure(call, METRIC_txn_apply);
	type_copy(&txn_request_type, q, &call->arena, &r);
	errors = precheck(c, call, r.ops.items, r.ops.count);
	if (errors.count > 0) {
		reply.errors.items = errors.items;
		reply.errors.count = errors.count;
		call_answer(call, &txn_response_type, &reply);
		return;
	}
	propose_call(c, call, FSM_TXN, &txn_request_type, &r);
}

/* Only verbs that read come this way. Were there another among them, what it
 * does is undone again. */
static void
read_run(struct catalogd *c, struct call *call, struct txn_request *r)
{
	const struct txn_ops ops = { r->ops.items, r->ops.count };
	struct errors errors = precheck(c, call, r->ops.items, r->ops.count);
	struct txn_read_response reply = { 0 };
	struct txn_response found;

	catalogd_meta(c, &reply.meta);
	if (errors.count > 0) {
		reply.errors.items = errors.items;
		reply.errors.count = errors.count;
		call_answer(call, &txn_read_response_type, &reply);
		return;
	}
	state_begin(c->state, c->state->index);
	txn_run(c->state, ops, &found);
	reply.errors.items = found.errors.items;
	reply.errors.count = found.errors.count;
	reply.results.items = found.results.items;
	reply.results.count = found.results.count;
	call_answer(call, &txn_read_response_type, &reply);
	state_undo(c->state);
}

void
on_txn_read(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct txn_read_request *q = request;
	struct txn_read_request copy;
	struct txn_request r = { 0 };

	if (!datacenter_is_ours(c, call, q->datacenter))
		return;
	call_measure(call, METRIC_txn_read);
	type_copy(&txn_read_request_type, q, &call->arena, &copy);
	r.ops.items = copy.ops.items;
	r.ops.count = copy.ops.count;
	read_run(c, call, &r);
}
