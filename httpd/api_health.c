/* /v1/health/: api/http.md 6. */
#include "api.h"
#include "passing.h"
#include "render.h"

static void
render_checks(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_health_checks *reply = replies[0];

	(void)arena;
	render_meta_consistency(view, &reply->meta, out);
	render_list(&health_check_type, reply->health_checks.items,
	    reply->health_checks.count, &out->body);
}

void
api_health_node(struct request *r)
{
	struct node_specific_request q = { .datacenter = request_datacenter(r),
		.node = r->argument };
	struct view view = { .render = render_checks };

	if (!request_options(r, &q.options))
		return;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing node name");
	else
		ask_read(r, METHOD_Health_NodeChecks, &q, &q.options, &view);
}

void
api_health_checks(struct request *r)
{
	struct service_specific_request q = { .service_name = r->argument,
		.datacenter = request_datacenter(r) };
	struct view view = { .render = render_checks };

	request_near(r, &q.source);
	query_node_meta(&r->query, r->arena, &q.node_meta_filters);
	if (!request_options(r, &q.options))
		return;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing service name");
	else
		ask_read(r, METHOD_Health_ServiceChecks, &q, &q.options, &view);
}

void
api_health_state(struct request *r)
{
	struct checks_in_state_request q = { .state = r->argument,
		.datacenter = request_datacenter(r) };
	struct view view = { .render = render_checks };

	request_near(r, &q.source);
	query_node_meta(&r->query, r->arena, &q.node_meta_filters);
	if (!request_options(r, &q.options))
		return;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing check state");
	else
		ask_read(r, METHOD_Health_ChecksInState, &q, &q.options, &view);
}

static void
render_instances(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_check_service_nodes *reply = replies[0];
	struct check_service_node *rows = reply->nodes.items;
	size_t count = reply->nodes.count;

	(void)arena;
	render_meta_consistency(view, &reply->meta, out);
	if ((view->flags & VIEW_PASSING) != 0)
		count = passing_keep(rows, count);
	render_list(&check_service_node_type, rows, count, &out->body);
}

/* ?passing alone is true. */
static bool
passing_take(struct request *r, struct view *view)
{
	struct slice value = query_get(&r->query, "passing");
	bool is_wanted = true;

	if (value.size > 0 && !query_bool(value, &is_wanted)) {
		request_text(r, 400, "Invalid value for ?passing");
		return (false);
	}
	if (is_wanted && query_has(&r->query, "passing"))
		view->flags |= VIEW_PASSING;
	return (true);
}

void
api_health_service(struct request *r)
{
	struct service_specific_request q = { 0 };
	struct view view = { .render = render_instances };

	if (!request_service(r, &q))
		return;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing service name");
	else if (passing_take(r, &view))
		ask_cached(
		    r, METHOD_Health_ServiceNodes, &q, &q.options, &view);
}
