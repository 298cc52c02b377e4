/*
 * Endpoints whose capability is off, or not built yet. The first answer as
 * Consul does where that capability is off; the others refuse by name.
 */
#include "api.h"

void
api_acl_disabled(struct request *r)
{
	request_text(r, 401, "ACL support disabled");
}

void
api_connect_disabled(struct request *r)
{
	struct response out = { 0 };
	static const struct query_meta unknown;

	response_text(
	    &out, 500, "Connect must be enabled in order to use this endpoint");
	if (r->route->flags & ROUTE_META_ON_ERROR)
		response_meta(&out, &unknown);
	request_answer(r, &out);
}

void
api_not_built(struct request *r)
{
	request_text(r, 501, "%.*s %s is not built yet in proconsul",
	    SLICE_ARGS(r->head->method_text), r->route->pattern);
}
