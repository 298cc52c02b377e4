/*
 * /v1/agent/health/service/: the health of this agent's own services, as a
 * status; api/http.md 7.
 */
#include "api.h"
#include "api_types.h"
#include "render.h"

/* In the order of how bad they are. */
/* clang-format off */
static const struct health {
	const char *status;
	int http_status;
} healths[] = {
	{ "passing",	 200 },
	{ "warning",	 429 },
	{ "critical",	 503 },
	{ "maintenance", 503 },
};
/* clang-format on */

enum {
	HEALTH_PASSING,
	HEALTH_WARNING,
	HEALTH_CRITICAL,
	HEALTH_MAINTENANCE,
};

/* Of the node (no service) or of this service. */
static bool
concerns(const struct health_check *check, struct slice id)
{
	return (
	    check->service_id.size == 0 || slice_equal(check->service_id, id));
}

static int
health_of(const struct health_check *check)
{
	if (slice_is(check->check_id, "_node_maintenance") ||
	    slice_starts_with(check->check_id, SLICE("_service_maintenance:")))
		return (HEALTH_MAINTENANCE);
	if (slice_is(check->status, "critical"))
		return (HEALTH_CRITICAL);
	return (slice_is(check->status, "warning") ? HEALTH_WARNING
						   : HEALTH_PASSING);
}

static int
health_of_service(const struct agent_checks *checks, struct slice id)
{
	int worst = HEALTH_PASSING;

	for (size_t i = 0; i < checks->checks.count; i++) {
		const struct health_check *check = &checks->checks.items[i];

		if (concerns(check, id) && health_of(check) > worst)
			worst = health_of(check);
	}
	return (worst);
}

/* As the API's client library prints it: all of its definition, and no type. */
static void
put_check(struct buf *out, const struct health_check *check)
{
	struct api_check shown = { .node = check->node,
		.check_id = check->check_id,
		.name = check->name,
		.status = check->status,
		.notes = check->notes,
		.output = check->output,
		.service_id = check->service_id,
		.service_name = check->service_name,
		.service_tags = check->service_tags };

	json_from_type_nulls(&api_check_type, &shown, out);
}

static void
put_service(struct buf *out, struct agent_service *service,
    const struct agent_checks *checks, int health)
{
	bool has_check = false;

	buf_printf(out, "{\"AggregatedStatus\":\"%s\",\"Service\":",
	    healths[health].status);
	service->content_hash = (struct slice){ 0 };
	json_from_type(&agent_service_type, service, out);
	buf_put_text(out, ",\"Checks\":[");
	for (size_t i = 0; i < checks->checks.count; i++) {
		if (!concerns(&checks->checks.items[i], service->id))
			continue;
		if (has_check)
			buf_put_u8(out, ',');
		has_check = true;
		put_check(out, &checks->checks.items[i]);
	}
	buf_put_text(out, "]}");
}

static void
health_put(const struct view *view, int health, struct response *out)
{
	out->status = healths[health].http_status;
	out->reason = slice_of_text(healths[health].status);
	if ((view->flags & VIEW_TEXT) == 0) {
		out->content = CONTENT_JSON;
		return;
	}
	out->content = CONTENT_PLAIN;
	buf_reset(&out->body);
	buf_put_text(&out->body, healths[health].status);
}

static void
render_id(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct agent_services *services = replies[0];
	const struct agent_checks *checks = replies[1];

	for (size_t i = 0; i < services->services.count; i++) {
		struct agent_service *service = &services->services.items[i];
		int health;

		if (!slice_equal(service->id, view->note))
			continue;
		health = health_of_service(checks, service->id);
		put_service(&out->body, service, checks, health);
		health_put(view, health, out);
		return;
	}
	out->status = 404;
	out->content = CONTENT_JSON;
	out->reason = arena_printf(
	    arena, "ServiceId %.*s not found", SLICE_ARGS(view->note));
	/* As Consul: even as text it is JSON here. */
	if (view->flags & VIEW_TEXT)
		json_put_text(&out->body, out->reason);
	else
		buf_put_text(&out->body,
		    "{\"AggregatedStatus\":\"critical\",\"Service\":null,"
		    "\"Checks\":null}");
}

static void
render_name(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct agent_services *services = replies[0];
	const struct agent_checks *checks = replies[1];
	int worst = -1;

	buf_put_u8(&out->body, '[');
	for (size_t i = 0; i < services->services.count; i++) {
		struct agent_service *service = &services->services.items[i];
		int health;

		if (!slice_equal(service->service, view->note))
			continue;
		health = health_of_service(checks, service->id);
		if (worst >= 0)
			buf_put_u8(&out->body, ',');
		put_service(&out->body, service, checks, health);
		worst = health > worst ? health : worst;
	}
	buf_put_u8(&out->body, ']');
	if (worst >= 0) {
		health_put(view, worst, out);
		return;
	}
	out->status = 404;
	out->content = CONTENT_JSON;
	out->reason = arena_printf(
	    arena, "ServiceName %.*s Not Found", SLICE_ARGS(view->note));
	if (view->flags & VIEW_TEXT) {
		out->content = CONTENT_PLAIN;
		buf_reset(&out->body);
		buf_put_slice(&out->body, out->reason);
	}
}

static void
health_ask(struct request *r, render_fn *render)
{
	static const struct empty nothing;
	static const struct part parts[] = {
		{ METHOD_Agent_Services, &nothing },
		{ METHOD_Agent_Checks, &nothing },
	};
	struct view view = { .render = render, .note = r->argument };

	if (!request_refuse_namespace(r))
		return;
	if (slice_is(query_get(&r->query, "format"), "text") ||
	    slice_starts_with(r->head->accept, SLICE("text/plain")))
		view.flags |= VIEW_TEXT;
	ask_parts(r, parts, sizeof(parts) / sizeof(parts[0]), &view);
}

void
api_agent_health_id(struct request *r)
{
	if (r->argument.size == 0)
		request_text(r, 500, "Bad request: Missing serviceID");
	else
		health_ask(r, render_id);
}

void
api_agent_health_name(struct request *r)
{
	if (r->argument.size == 0)
		request_text(r, 500, "Bad request: Missing service Name");
	else
		health_ask(r, render_name);
}
