/* /v1/status/: api/http.md 11. */
#include "api.h"
#include "render.h"

static void
status_ask(struct request *r, enum method method, render_fn *render)
{
	struct dc_specific_request q = { .datacenter = request_datacenter(r) };
	struct view view = { .render = render };

	if (!request_options(r, &q.options))
		return;
	q.options.min_query_index = 0;
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
