/*
 * What Consul says where Connect is off: after a look at the request, always
 * the same. api/http.md 16.
 */
#include "api.h"
#include "local_types.h"

static void
connect_refuse(struct request *r)
{
	struct response out = { 0 };
	static const struct query_meta unknown;

	response_text(
	    &out, 500, "Connect must be enabled in order to use this endpoint");
	if (r->route->flags & ROUTE_META_ON_ERROR)
		response_meta(&out, &unknown);
	request_answer(r, &out);
}

/* The roots are asked of the datacenter before anything is refused. */
void
api_connect_roots(struct request *r)
{
	struct query_options options = { 0 };
	struct slice dc = query_get(&r->query, "dc");
	struct response out = { 0 };
	static const struct query_meta unknown;

	if (!request_options(r, &options))
		return;
	if (dc.size == 0 || slice_equal(dc, request_agent_datacenter(r))) {
		connect_refuse(r);
		return;
	}
	response_text(&out, 500, "No path to datacenter");
	if (r->route->flags & ROUTE_META_ON_ERROR)
		response_meta(&out, &unknown);
	request_answer(r, &out);
}

void
api_connect_leaf(struct request *r)
{
	struct query_options options = { 0 };

	if (request_options(r, &options))
		connect_refuse(r);
}

void
api_connect_configuration(struct request *r)
{
	struct ca_configuration body = { 0 };
	struct query_options options = { 0 };

	if (r->head->method == HTTP_GET) {
		if (request_options(r, &options))
			connect_refuse(r);
	} else if (request_decode(r, JSON_API, &ca_configuration_type, &body,
		       "Bad request: Request decode failed: "))
		connect_refuse(r);
}

/* Of its body, only the syntax is looked at. */
void
api_discovery_chain(struct request *r)
{
	struct query_options options = { 0 };
	struct empty body;

	if (!request_options(r, &options))
		return;
	if (r->argument.size == 0)
		request_text(r, 400, "Bad request: Missing chain name");
	else if (r->head->method == HTTP_GET ||
		 request_decode(r, JSON_API_LAX, &empty_type, &body,
		     "Bad request: Request decoding failed: "))
		connect_refuse(r);
}

/* With no ACLs and no intentions it would have to judge certificates: that is
 * not built. */
void
api_connect_authorize(struct request *r)
{
	struct connect_authorize body = { 0 };

	if (!request_refuse_namespace(r) ||
	    !request_decode(r, JSON_API, &connect_authorize_type, &body,
		"Bad request: Request decode failed: "))
		return;
	if (body.target.size == 0)
		request_text(
		    r, 400, "Bad request: Target service must be specified");
	else
		api_not_built(r);
}
