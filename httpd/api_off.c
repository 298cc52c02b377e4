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
api_not_built(struct request *r)
{
	request_text(r, 501, "%.*s %s is not built yet in proconsul",
	    SLICE_ARGS(r->head->method_text), r->route->pattern);
}
