/*
 * Calls that another daemon answers: handed on as they came, and answered with
 * the bytes that come back.
 */
#include "catalogd.h"

struct route {
	struct edge *edge; /* of the owner */
	uint64_t ask;
	struct call *call;
};

static void
on_answer(void *arg, const struct answer *answer)
{
	struct route *route = arg;
	struct call *call = route->call;

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

void
on_routed(struct daemon *d, struct call *call, const void *request)
{
	const struct method_row *method = &method_rows[call->method];
	struct route *route = arena_alloc(&call->arena, sizeof(*route));
	struct duration left = instant_since(call->deadline, instant_now());

	(void)request;
	route->call = call;
	route->edge = d->edges[method->owner];
	route->ask = edge_ask_bytes(
	    route->edge, call->method, call->body, left, on_answer, route);
	call->on_cancel = on_cancel;
	call->keeper = route;
}
