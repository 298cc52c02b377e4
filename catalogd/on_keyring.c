/*
 * The keys of both pools: asked of all their members by gossipd, and put
 * together as Consul shows them. A pool that fails says so in its part.
 *
 * Source  api/http.md 12; Consul's internal_endpoint.go, KeyringOperation
 */
#include "catalogd.h"

#define ASK_DEADLINE SECONDS(30)

struct keyring_work {
	struct catalogd *owner;
	struct call *call;
	const struct keyring_request *request;
	struct keyring_response responses[2]; /* WAN, LAN */
	size_t count;
};

static void lan_ask(struct keyring_work *);

static void
response_add(
    struct keyring_work *work, const struct answer *answer, bool is_wan)
{
	struct arena *arena = &work->call->arena;
	struct keyring_response *r = &work->responses[work->count++];
	struct serf_keyring_reply reply = { 0 };

	*r = (struct keyring_response){
		.wan = is_wan,
		.datacenter =
		    slice_of_text(work->owner->daemon->config->datacenter),
	};
	if (answer->err != ERR_OK ||
	    type_decode_all(&serf_keyring_reply_type,
		arena_copy(arena, answer->body), arena, &reply) != ERR_OK) {
		r->error = arena_copy(arena, answer->text);
		return;
	}
	r->messages = reply.messages;
	r->keys = reply.keys;
	r->primary_keys = reply.primary_keys;
	r->num_nodes = reply.node_count;
	r->error = reply.error;
}

static void
on_lan(void *arg, const struct answer *answer)
{
	struct keyring_work *work = arg;
	struct keyring_responses reply = { 0 };

	response_add(work, answer, false);
	reply.responses.items = work->responses;
	reply.responses.count = work->count;
	call_answer(work->call, &keyring_responses_type, &reply);
}

static void
on_wan(void *arg, const struct answer *answer)
{
	response_add(arg, answer, true);
	lan_ask(arg);
}

static void
pool_ask(struct keyring_work *work, bool is_wan)
{
	const struct serf_keyring_request request = {
		.operation = work->request->operation,
		.key = work->request->key,
		.relay_factor = work->request->relay_factor,
		.is_wan = is_wan,
	};

	edge_ask(work->owner->daemon->edges[DAEMON_gossipd],
	    METHOD_Serf_Keyring, &serf_keyring_request_type, &request,
	    ASK_DEADLINE, is_wan ? on_wan : on_lan, work);
}

static void
lan_ask(struct keyring_work *work)
{
	pool_ask(work, false);
}

static bool
is_operation(struct slice operation)
{
	static const char *const names[] = { "list", "install", "use",
		"remove" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_is(operation, names[i]))
			return (true);
	return (false);
}

void
on_keyring(struct daemon *d, struct call *call, const void *request)
{
	const struct keyring_request *q = request;
	struct catalogd *c = catalogd_of(d);
	struct keyring_work *work;

	if (!datacenter_is_ours(c, call, q->datacenter))
		return;
	if (!d->config->is_server) {
		call_fail(
		    call, "keyring operations must run against a server node");
		return;
	}
	if (q->local_only && !slice_is(q->operation, "list")) {
		call_fail(call,
		    "argument error: LocalOnly can only be used for List "
		    "operations");
		return;
	}
	if (!is_operation(q->operation) || q->key.size > 64) {
		call_fail(call, "invalid keyring operation");
		return;
	}
	work = arena_alloc(&call->arena, sizeof(*work));
	*work = (struct keyring_work){ .owner = c, .call = call, .request = q };
	/* One that was handed on was asked of the WAN pool by who handed it. */
	pool_ask(work,
	    !q->local_only && !q->forwarded && d->config->serf_wan_port > 0);
}
