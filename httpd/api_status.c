/* /v1/status/ and /v1/operator/: api/http.md 11 and 12. */
#include "api.h"
#include "render.h"

static void
status_ask(struct request *r, enum method method, render_fn *render)
{
	struct dc_specific_request q = { .datacenter = request_datacenter(r) };
	struct view view = { .render = render };

	ask(r, method, &q, &view);
}

void
api_status_leader(struct request *r)
{
	status_ask(r, METHOD_Status_Leader, render_text);
}

void
api_status_peers(struct request *r)
{
	status_ask(r, METHOD_Status_Peers, render_texts);
}

static void
render_raft_configuration(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	(void)view;
	(void)arena;
	out->content = CONTENT_JSON;
	json_from_type(
	    &raft_configuration_response_type, replies[0], &out->body);
}

void
api_operator_raft_configuration(struct request *r)
{
	struct dc_specific_request q = { .datacenter = request_datacenter(r) };
	struct view view = { .render = render_raft_configuration };

	q.options.token = r->token;
	q.options.allow_stale = query_has(&r->query, "stale");
	ask(r, METHOD_Operator_RaftGetConfiguration, &q, &view);
}
