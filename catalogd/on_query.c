/*
 * PreparedQuery.*: writing queries, showing what a template makes of a name,
 * and running them.
 *
 * Source  api/http.md 10, api/semantics.md 12; Consul's
 *	   prepared_query_endpoint.go
 */
#include <stdlib.h>

#include "catalogd.h"
#include "config_definitions.h"
#include "log.h"
#include "on_writes.h"
#include "queries.h"
#include "query_failover.h"
#include "query_run.h"

#define LOG_NAME      "agent.server.prepared_query"
#define REDACTED      "<hidden>"
#define INVALID_QUERY "Invalid prepared query: "

/* --- Writing. --- */

/* Consul's parseDNS; false: the call is answered. */
static bool
ttl_is_valid(struct call *call, struct slice text)
{
	struct duration ttl;
	char why[128];

	if (text.size == 0)
		return (true);
	if (duration_parse(text, &ttl, why, sizeof(why)) != ERR_OK)
		call_fail(call, INVALID_QUERY "Bad DNS TTL '%.*s': %s",
		    SLICE_ARGS(text), why);
	else if (ttl.ns < 0)
		call_fail(call, INVALID_QUERY "DNS TTL '%jd', must be >=0",
		    (intmax_t)ttl.ns);
	else
		return (true);
	return (false);
}

static bool
meta_is_valid(struct call *call, const struct pair_list *meta)
{
	struct buf why = { 0 };
	enum err err = config_meta_filter_check(meta, true, &why);

	if (err != ERR_OK)
		call_fail(call, INVALID_QUERY "%s", buf_text(&why));
	buf_deinit(&why);
	return (err == ERR_OK);
}

/* Consul's parseQuery. Names and sessions are looked at when the entry is
 * applied, and templates compiled then. */
static bool
query_is_valid(struct call *call, const struct prepared_query *q)
{
	if (q->name.size == 0 && q->template.type.size == 0 &&
	    q->session.size == 0)
		call_fail(call, INVALID_QUERY "Must be bound to a session");
	else if (slice_is(q->token, REDACTED))
		call_fail(call,
		    INVALID_QUERY
		    "Bad Token '%.*s', it looks like a query definition with "
		    "a redacted token was submitted",
		    SLICE_ARGS(q->token));
	else if (q->service.service.size == 0)
		call_fail(
		    call, INVALID_QUERY "Must provide a Service name to query");
	else if (q->service.failover.nearest_n < 0)
		call_fail(call,
		    INVALID_QUERY "Bad NearestN '%jd', must be >= 0",
		    (intmax_t)q->service.failover.nearest_n);
	else
		return (meta_is_valid(call, &q->service.node_meta) &&
			ttl_is_valid(call, q->dns.ttl));
	return (false);
}

/* What is changed has to be there. */
static bool
is_there(struct catalogd *c, struct call *call, struct slice id)
{
	struct buf why = { 0 };
	struct row *row;
	enum err err = query_find(c->state, id, &row, &why);

	if (err != ERR_OK)
		call_fail(call,
		    "Prepared Query lookup failed: failed prepared query "
		    "lookup: %s",
		    buf_text(&why));
	else if (row == NULL)
		call_fail(call,
		    "Cannot modify non-existent prepared query: '%.*s'",
		    SLICE_ARGS(id));
	buf_deinit(&why);
	return (err == ERR_OK && row != NULL);
}

static bool
id_prepare(struct catalogd *c, struct call *call, bool is_create,
    struct prepared_query *query)
{
	if (!is_create)
		return (is_there(c, call, query->id));
	if (query->id.size > 0) {
		call_fail(call,
		    "ID must be empty when creating a new prepared query");
		return (false);
	}
	query->id = uuid_new(&call->arena);
	return (true);
}

void
on_query_apply(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	struct prepared_query_request r =
	    *(const struct prepared_query_request *)request;
	bool is_delete = slice_is(r.op, "delete");
	bool is_create = slice_is(r.op, "create");
	struct prepared_query query;

	if (!datacenter_is_ours(c, call, r.datacenter))
		return;
	if (r.query == NULL) { /* Consul dies of it */
		call_fail(call, "Missing Query");
		return;
	}
	query = *r.query;
	if (!id_prepare(c, call, is_create, &query))
		return;
	if (!is_create && !is_delete && !slice_is(r.op, "update")) {
		call_fail(call, "Unknown prepared query operation: %.*s",
		    SLICE_ARGS(r.op));
		return;
	}
	if (!is_delete && !query_is_valid(call, &query))
		return;
	r.query = &query;
	call_measure(call, METRIC_query_apply);
	propose_call(c, call, FSM_QUERY, &prepared_query_request_type, &r);
}

/* --- Finding what is asked for. --- */

/* False: the call is answered. */
static bool
resolve(struct catalogd *c, struct call *call,
    const struct prepared_query_execute_request *q,
    struct prepared_query *query)
{
	struct buf why = { 0 };
	enum err err;

	if (!datacenter_is_ours(c, call, q->datacenter))
		return (false);
	err = query_resolve(c->state, q->query_id_or_name, q->agent.segment,
	    &call->arena, query, &why);
	if (err != ERR_OK)
		call_fail_text(call, buf_slice(&why));
	buf_deinit(&why);
	return (err == ERR_OK);
}

void
on_query_explain(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	struct prepared_query_explain_response reply = { 0 };

	call_measure(call, METRIC_query_explain);
	if (!resolve(c, call, request, &reply.query))
		return;
	catalogd_meta(c, &reply.meta);
	call_answer(call, &prepared_query_explain_response_type, &reply);
}

/* --- Running. --- */

static void
shuffle(struct prepared_query_execute_response *reply)
{
	struct check_service_node *rows = reply->nodes.items;

	for (size_t left = reply->nodes.count; left > 1; left--) {
		size_t at = arc4random_uniform((uint32_t)left);
		struct check_service_node swap = rows[at];

		rows[at] = rows[left - 1];
		rows[left - 1] = swap;
	}
}

static void
cut(struct prepared_query_execute_response *reply, int64_t limit)
{
	if (limit > 0 && (uint64_t)limit < reply->nodes.count)
		reply->nodes.count = (size_t)limit;
}

/* No stamps: each answer is in an order of its own, and so is not kept. */
void
on_query_execute(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct prepared_query_execute_request *q = request;
	struct slice ours = slice_of_text(d->config->datacenter), near;
	struct prepared_query_execute_response reply = { 0 };
	struct prepared_query query;
	bool is_without_address;

	call_measure(call, METRIC_query_execute);
	if (!resolve(c, call, q, &query))
		return;
	query_run(c->state, &query, q->connect, ours, &call->arena, &reply);
	shuffle(&reply);
	near = query_near(c->state, &query, q, ours, &is_without_address);
	if (is_without_address)
		log_warn(LOG_NAME,
		    "Prepared Query using near=_ip requires the source IP to "
		    "be set but none was provided. No distance sorting will "
		    "be done.",
		    NULL);
	query_sort(c->state, near, &call->arena, &reply);
	cut(&reply, q->limit);
	catalogd_meta(c, &reply.meta);
	if (reply.nodes.count == 0)
		query_failover(c, call, q, &query, &reply);
	else
		call_answer(
		    call, &prepared_query_execute_response_type, &reply);
}

/* For a server of another datacenter, which has found nothing in its own. */
void
on_query_execute_remote(
    struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct prepared_query_execute_remote_request *q = request;
	struct prepared_query_execute_response reply = { 0 };

	if (!datacenter_is_ours(c, call, q->datacenter))
		return;
	call_measure(call, METRIC_query_remote);
	query_run(c->state, &q->query, q->connect,
	    slice_of_text(d->config->datacenter), &call->arena, &reply);
	shuffle(&reply);
	cut(&reply, q->limit);
	catalogd_meta(c, &reply.meta);
	call_answer(call, &prepared_query_execute_response_type, &reply);
}
