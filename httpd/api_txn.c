/*
 * /v1/txn: api/http.md 3. The body's shape is the API's own; this turns it
 * into operations.
 */
#include "api.h"
#include "httpd.h"
#include "limits.h"
#include "render.h"

/* clang-format off */
#define API_KV_OP(F) \
	F(STR, _, verb, "Verb", 0, 0) \
	F(STR, _, key, "Key", 0, 0) \
	F(BYTES, _, value, "Value", 0, 0) \
	F(U64, _, flags, "Flags", 0, 0) \
	F(U64, _, index, "Index", 0, 0) \
	F(STR, _, session, "Session", 0, 0) \
	F(STR, _, namespace_, "Namespace", 0, 0) /* taken, and ignored */

#define API_SERVICE_OP(F) \
	F(STR, _, verb, "Verb", 0, 0) \
	F(STR, _, node, "Node", 0, 0) \
	F(STRUCT, node_service, service, "Service", 0, 0)

#define API_TXN_OP(F) \
	F(PTR, api_kv_op, kv, "KV", 0, 0) \
	F(PTR, txn_node_op, node, "Node", 0, 0) \
	F(PTR, api_service_op, service, "Service", 0, 0) \
	F(PTR, txn_check_op, check, "Check", 0, 0)

#define API_TXN_OPS(F) \
	F(LIST, api_txn_op, items, "", 0, 0)
/* clang-format on */

struct api_kv_op {
	API_KV_OP(TYPE_MEMBER)
};

struct api_service_op {
	API_SERVICE_OP(TYPE_MEMBER)
};

struct api_txn_op {
	API_TXN_OP(TYPE_MEMBER)
};

struct api_txn_ops {
	API_TXN_OPS(TYPE_MEMBER)
};

/* clang-format off */
TYPE_DEFINE(api_kv_op, API_KV_OP, "api.KVTxnOp")
TYPE_DEFINE(api_service_op, API_SERVICE_OP, "api.ServiceTxnOp")
TYPE_DEFINE(api_txn_op, API_TXN_OP, "api.TxnOp")
TYPE_DEFINE_BARE(api_txn_ops, API_TXN_OPS, "api.TxnOps")
/* clang-format on */

/* What goes through the log; a verb that nobody knows is refused without. */
static bool
is_kv_write(struct slice verb)
{
	static const char *const writes[] = { "set", "cas", "lock", "unlock",
		"delete", "delete-tree", "delete-cas" };

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		if (slice_is(verb, writes[i]))
			return (true);
	return (false);
}

/* The operation on KV; NULL: a value is too large, and this was said. */
static struct txn_kv_op *
kv_convert(struct request *r, const struct api_kv_op *in)
{
	struct txn_kv_op *out = arena_alloc(r->arena, sizeof(*out));

	if (in->value.size > r->httpd->policy.kv_value_max) {
		request_text(r, 413,
		    "Value for key \"%.*s\" is too large (%zu > %llu bytes)",
		    SLICE_ARGS(in->key), in->value.size,
		    (unsigned long long)r->httpd->policy.kv_value_max);
		return (NULL);
	}
	out->verb = in->verb;
	out->dir_ent.key = in->key;
	out->dir_ent.value = in->value;
	out->dir_ent.flags = in->flags;
	out->dir_ent.session = in->session;
	out->dir_ent.indexes.modify_index = in->index;
	return (out);
}

static struct txn_service_op *
service_convert(struct request *r, const struct api_service_op *in)
{
	struct txn_service_op *out = arena_alloc(r->arena, sizeof(*out));

	out->verb = in->verb;
	out->node = in->node;
	out->service = in->service;
	return (out);
}

/* One operation; false: it was refused. *writes counts what is no read. */
static bool
op_convert(struct request *r, const struct api_txn_op *in, struct txn_op *out,
    size_t *writes)
{
	if (in->kv != NULL) {
		*writes += is_kv_write(in->kv->verb);
		out->kv = kv_convert(r, in->kv);
		return (out->kv != NULL);
	}
	if (in->node != NULL) {
		*writes += !slice_is(in->node->verb, "get");
		if (in->node->node.datacenter.size == 0)
			in->node->node.datacenter = request_agent_datacenter(r);
		out->node = in->node;
	} else if (in->service != NULL) {
		*writes += !slice_is(in->service->verb, "get");
		out->service = service_convert(r, in->service);
	} else if (in->check != NULL) {
		*writes += !slice_is(in->check->verb, "get");
		in->check->check.type = (struct slice){ 0 }; /* as Consul */
		out->check = in->check;
	}
	return (true);
}

/* The body into *ops of *count; false: it was refused. */
static bool
ops_convert(
    struct request *r, struct txn_op **ops, size_t *count, size_t *writes)
{
	struct api_txn_ops body = { 0 };
	uint64_t most = r->httpd->policy.txn_ops_max;

	/* Of a body that did not say its size. */
	if (r->body.size > r->httpd->policy.txn_max) {
		request_text(r, 413,
		    "Request body too large, max size: %ju bytes. See "
		    "https://www.consul.io/docs/agent/options.html#"
		    "txn_max_req_len.",
		    (uintmax_t)r->httpd->policy.txn_max);
		return (false);
	}
	if (!request_decode(r, JSON_API, &api_txn_ops_type, &body,
		"Failed to parse body: "))
		return (false);
	if (body.items.count > most) {
		request_text(r, 413,
		    "Transaction contains too many operations (%zu > %ju)",
		    body.items.count, (uintmax_t)most);
		return (false);
	}
	*ops = arena_array(r->arena, body.items.count + 1, sizeof(**ops));
	for (size_t i = 0; i < body.items.count; i++) {
		const struct api_txn_op *in = &body.items.items[i];

		if (in->kv == NULL && in->node == NULL && in->service == NULL &&
		    in->check == NULL)
			continue; /* as Consul */
		if (!op_convert(r, in, &(*ops)[(*count)++], writes))
			return (false);
	}
	return (true);
}

static void
render_read(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct txn_read_response *reply = replies[0];

	(void)view;
	(void)arena;
	out->status = reply->errors.count > 0 ? 409 : 200;
	out->content = CONTENT_JSON;
	response_meta(out, &reply->meta);
	out->has_meta = false;
	out->has_contact = true;
	json_from_type_nulls(&txn_read_response_type, reply, &out->body);
}

static void
render_written(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct txn_response *reply = replies[0];

	(void)view;
	(void)arena;
	out->status = reply->errors.count > 0 ? 409 : 200;
	out->content = CONTENT_JSON;
	json_from_type_nulls(&txn_response_type, reply, &out->body);
}

static void
read_ask(struct request *r, struct txn_op *ops, size_t count)
{
	struct txn_read_request q = { .datacenter = request_datacenter(r) };
	struct view view = { .render = render_read };

	if (!request_options(r, &q.options))
		return;
	q.options.min_query_index = 0;
	q.ops.items = ops;
	q.ops.count = count;
	ask(r, METHOD_Txn_Read, &q, &view);
}

static void
write_ask(struct request *r, struct txn_op *ops, size_t count)
{
	struct txn_request q = { .datacenter = request_datacenter(r),
		.write.token = r->token };
	struct view view = { .render = render_written };

	if (!request_refuse_namespace(r))
		return;
	q.ops.items = ops;
	q.ops.count = count;
	ask(r, METHOD_Txn_Apply, &q, &view);
}

void
api_txn(struct request *r)
{
	struct txn_op *ops;
	size_t count = 0, writes = 0;

	if (!ops_convert(r, &ops, &count, &writes))
		return;
	if (writes == 0)
		read_ask(r, ops, count);
	else
		write_ask(r, ops, count);
}
