/* /v1/agent/: this agent's own services and checks; api/http.md 7. */
#include <stdlib.h>

#include "api.h"
#include "filter.h"
#include "render.h"

static const struct empty nothing;

static const struct view quiet = { .render = render_empty };

/* --- Lists. --- */

typedef enum err filter_read_fn(struct slice, const struct type *,
    struct arena *, const struct filter **, struct buf *);

/* The filter in the view's note; false: *out says what is wrong with it. */
static bool
filter_of(const struct view *view, filter_read_fn *read,
    const struct type *type, struct arena *arena, const struct filter **filter,
    struct response *out)
{
	struct buf why = { 0 };
	bool is_read = read(view->note, type, arena, filter, &why) == ERR_OK;

	if (!is_read)
		response_text_slice(out, 500, buf_slice(&why));
	buf_deinit(&why);
	return (is_read);
}

static int
service_compare(const void *a, const void *b)
{
	const struct agent_service *x = a, *y = b;

	return (slice_compare(x->id, y->id));
}

/* A map by id, which Go prints sorted. */
static void
render_services(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct agent_services *reply = replies[0];
	struct agent_service *sorted = reply->services.items;
	const struct filter *filter;
	const char *separator = "";

	if (!filter_of(
		view, filter_read, &agent_service_type, arena, &filter, out))
		return;
	out->content = CONTENT_JSON;
	qsort(sorted, reply->services.count, sizeof(*sorted), service_compare);
	buf_put_u8(&out->body, '{');
	for (size_t i = 0; i < reply->services.count; i++) {
		if (!filter_holds(filter, &sorted[i]))
			continue;
		buf_put_text(&out->body, separator);
		separator = ",";
		json_put_text(&out->body, sorted[i].id);
		buf_put_u8(&out->body, ':');
		sorted[i].content_hash = (struct slice){ 0 };
		json_from_type(&agent_service_type, &sorted[i], &out->body);
	}
	buf_put_u8(&out->body, '}');
}

void
api_agent_services(struct request *r)
{
	struct view view = { .render = render_services,
		.note = query_get(&r->query, "filter") };

	if (request_refuse_namespace(r))
		ask(r, METHOD_Agent_Services, &nothing, &view);
}

static int
check_compare(const void *a, const void *b)
{
	const struct health_check *x = a, *y = b;

	return (slice_compare(x->check_id, y->check_id));
}

static void
render_checks(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct agent_checks *reply = replies[0];
	struct health_check *sorted = reply->checks.items;
	const struct type *type = NULL;
	const struct filter *filter;
	const char *separator = "";

	/* Consul finds out at the first check what a selector may be. */
	if (reply->checks.count > 0)
		type = &health_check_type;
	if (!filter_of(view, filter_read_late, type, arena, &filter, out))
		return;
	out->content = CONTENT_JSON;
	qsort(sorted, reply->checks.count, sizeof(*sorted), check_compare);
	buf_put_u8(&out->body, '{');
	for (size_t i = 0; i < reply->checks.count; i++) {
		if (!filter_holds(filter, &sorted[i]))
			continue;
		buf_put_text(&out->body, separator);
		separator = ",";
		json_put_text(&out->body, sorted[i].check_id);
		buf_put_u8(&out->body, ':');
		json_from_type(&health_check_type, &sorted[i], &out->body);
	}
	buf_put_u8(&out->body, '}');
}

void
api_agent_checks(struct request *r)
{
	struct view view = { .render = render_checks,
		.note = query_get(&r->query, "filter") };

	if (request_refuse_namespace(r))
		ask(r, METHOD_Agent_Checks, &nothing, &view);
}

/* --- Registering. --- */

void
api_agent_service_register(struct request *r)
{
	struct agent_register_service q = { .token = r->token };
	struct slice replace = query_get(&r->query, "replace-existing-checks");

	if (!request_refuse_namespace(r) ||
	    !request_decode(r, JSON_API, &service_definition_type, &q.service,
		"Request decode failed: "))
		return;
	q.replace_existing_checks =
	    query_has(&r->query, "replace-existing-checks") &&
	    (replace.size == 0 || slice_is(replace, "true"));
	ask(r, METHOD_Agent_RegisterService, &q, &quiet);
}

void
api_agent_check_register(struct request *r)
{
	struct agent_register_check q = { .token = r->token };

	if (request_refuse_namespace(r) &&
	    request_decode(r, JSON_API, &check_definition_type, &q.check,
		"Request decode failed: "))
		ask(r, METHOD_Agent_RegisterCheck, &q, &quiet);
}

void
api_agent_service_deregister(struct request *r)
{
	struct agent_id q = { .id = r->argument, .token = r->token };

	if (request_refuse_namespace(r))
		ask(r, METHOD_Agent_DeregisterService, &q, &quiet);
}

void
api_agent_check_deregister(struct request *r)
{
	struct agent_id q = { .id = r->argument, .token = r->token };

	if (request_refuse_namespace(r))
		ask(r, METHOD_Agent_DeregisterCheck, &q, &quiet);
}

/* --- TTL checks. --- */

static void
check_ask(struct request *r, struct slice status)
{
	struct agent_check_update q = { .check_id = r->argument,
		.status = status,
		.output = query_get(&r->query, "note"),
		.token = r->token };

	if (request_refuse_namespace(r))
		ask(r, METHOD_Agent_UpdateCheck, &q, &quiet);
}

void
api_agent_check_pass(struct request *r)
{
	check_ask(r, SLICE("passing"));
}

void
api_agent_check_warn(struct request *r)
{
	check_ask(r, SLICE("warning"));
}

void
api_agent_check_fail(struct request *r)
{
	check_ask(r, SLICE("critical"));
}

/* clang-format off */
#define CHECK_BODY(F) \
	F(STR, _, status, "Status", 0, 0) \
	F(STR, _, output, "Output", 0, 0)
/* clang-format on */

struct check_body {
	CHECK_BODY(TYPE_MEMBER)
};

/* clang-format off */
TYPE_DEFINE(check_body, CHECK_BODY, "checkUpdate")
/* clang-format on */

void
api_agent_check_update(struct request *r)
{
	struct agent_check_update q = { .check_id = r->argument,
		.token = r->token };
	struct check_body body = { 0 };

	if (!request_decode(r, JSON_API, &check_body_type, &body,
		"Request decode failed: "))
		return;
	if (!slice_is(body.status, "passing") &&
	    !slice_is(body.status, "warning") &&
	    !slice_is(body.status, "critical")) {
		request_text(r, 400, "Invalid check status: '%.*s'",
		    SLICE_ARGS(body.status));
		return;
	}
	if (!request_refuse_namespace(r))
		return;
	q.status = body.status;
	q.output = body.output;
	ask(r, METHOD_Agent_UpdateCheck, &q, &quiet);
}

/* --- Maintenance. --- */

/* enable= and reason=; false: it has answered 400. */
static bool
maintenance_take(struct request *r, struct agent_maintenance *q)
{
	struct slice enable = query_get(&r->query, "enable");

	q->token = r->token;
	q->reason = query_get(&r->query, "reason");
	if (!query_has(&r->query, "enable"))
		request_text(r, 400, "Missing value for enable");
	else if (!query_bool(enable, &q->is_enabled))
		request_text(r, 400, "Invalid value for enable: \"%.*s\"",
		    SLICE_ARGS(enable));
	else
		return (request_refuse_namespace(r));
	return (false);
}

void
api_agent_service_maintenance(struct request *r)
{
	struct agent_maintenance q = { .service_id = r->argument };

	if (r->argument.size == 0)
		request_text(r, 400, "Missing service ID");
	else if (maintenance_take(r, &q))
		ask(r, METHOD_Agent_ServiceMaintenance, &q, &quiet);
}

void
api_agent_maintenance(struct request *r)
{
	struct agent_maintenance q = { 0 };

	if (maintenance_take(r, &q))
		ask(r, METHOD_Agent_NodeMaintenance, &q, &quiet);
}
