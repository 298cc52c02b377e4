/*
 * Calls that another daemon answers: handed on as they came, and answered with
 * the bytes that come back.
 *
 * Where a daemon died over a question that may be put twice (rpc_methods.h,
 * AGAIN), the next one is asked, and a client only sees that it took longer.
 */
#include "catalogd.h"

#define TRIES_MAX 3

struct route {
	struct edge *edge; /* of the owner */
	uint64_t ask;
	unsigned tries;
	struct call *call;
};

static void ask(struct route *);

static bool
may_ask_again(const struct route *route)
{
	return (method_rows[route->call->method].kind == METHOD_AGAIN &&
		route->tries < TRIES_MAX);
}

static void
on_answer(void *arg, const struct answer *answer)
{
	struct route *route = arg;
	struct call *call = route->call;

	if (answer->err == ERR_PEER_GONE && may_ask_again(route)) {
		ask(route);
		return;
	}
	call->on_cancel = NULL;
	if (answer->err != ERR_OK)
		call_fail_text(call, answer->text);
	else
		call_answer_bytes(call, answer->body);
}

static void
on_cancel(struct call *call)
{
	struct route *route = call->keeper;

	edge_cancel(route->edge, route->ask);
}

static void
ask(struct route *route)
{
	const struct call *call = route->call;
	struct duration left = instant_since(call->deadline, instant_now());

	route->tries++;
	route->ask = edge_ask_bytes(
	    route->edge, call->method, call->body, left, on_answer, route);
}

void
on_routed(struct daemon *d, struct call *call, const void *request)
{
	const struct method_row *method = &method_rows[call->method];
	struct route *route = arena_alloc(&call->arena, sizeof(*route));

	(void)request;
	*route =
	    (struct route){ .call = call, .edge = d->edges[method->owner] };
	ask(route);
	call->on_cancel = on_cancel;
	call->keeper = route;
}
