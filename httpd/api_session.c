/* /v1/session/: api/http.md 4. */
#include "api.h"
#include "httpd.h"
#include "render.h"

#define LOCK_DELAY_DEFAULT SECONDS(15)

/* LockDelay as a number: below 1000 it is seconds, else nanoseconds. */
static void
lock_delay_fix(const struct json *tree, struct duration *delay)
{
	const struct json *given = NULL;

	for (const struct json *at = tree->first; at != NULL; at = at->next)
		if (slice_equal_fold(at->key, SLICE("LockDelay")))
			given = at;
	if (given != NULL && given->kind == JSON_NUMBER && delay->ns < 1000)
		*delay = SECONDS(delay->ns);
}

/* Checks is the old form of NodeChecks; each has the default that the other
 * may take away. */
static void
checks_fix(struct session *s)
{
	static struct slice none;

	if (s->checks.count == 0) {
		s->node_checks = (struct slice_list){ &none, 0 };
		return;
	}
	if (s->node_checks.count == 0 ||
	    (s->checks.count == 1 &&
		slice_is(s->checks.items[0], "serfHealth")))
		s->checks = (struct slice_list){ 0 };
}

/* false: it has been refused. Unknown fields and an ID are ignored. */
static bool
body_decode(struct request *r, struct session *s)
{
	char why[JSON_WHY_MAX];
	struct json *tree;

	if (json_parse(r->body, r->arena, &tree, NULL, why) == ERR_OK &&
	    json_to_type(tree, JSON_API_LAX, &session_type, r->arena, s, why) ==
		ERR_OK) {
		lock_delay_fix(tree, &s->lock_delay);
		s->id = (struct slice){ 0 };
		s->indexes = (struct raft_index){ 0 };
		return (true);
	}
	request_text(r, 400, "Request decode failed: %s", why);
	return (false);
}

static void
render_id(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct text *reply = replies[0];

	(void)view;
	(void)arena;
	out->content = CONTENT_JSON;
	buf_put_text(&out->body, "{\"ID\":");
	json_put_text(&out->body, reply->value);
	buf_put_u8(&out->body, '}');
}

void
api_session_create(struct request *r)
{
	struct slice node_check = SLICE("serfHealth"), check = node_check;
	struct session_request q = { .op = SLICE("create"),
		.datacenter = request_datacenter(r),
		.write.token = r->token };
	struct session *s = &q.session;
	struct view view = { .render = render_id };

	if (!request_refuse_namespace(r))
		return;
	s->node = slice_of_text(r->httpd->daemon->config->node_name);
	s->node_checks = (struct slice_list){ &node_check, 1 };
	s->checks = (struct slice_list){ &check, 1 };
	s->lock_delay = LOCK_DELAY_DEFAULT;
	s->behavior = SLICE("release");
	/* As Consul: a body without Content-Length is not looked at. */
	if (r->head->content_length > 0 && !body_decode(r, s))
		return;
	checks_fix(s);
	ask(r, METHOD_Session_Apply, &q, &view);
}

void
api_session_destroy(struct request *r)
{
	struct session_request q = { .op = SLICE("destroy"),
		.datacenter = request_datacenter(r),
		.write.token = r->token };
	struct view view = { .render = render_true };

	if (!request_refuse_namespace(r))
		return;
	q.session.id = r->argument;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing session");
	else
		ask(r, METHOD_Session_Apply, &q, &view);
}

static void
render_sessions(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_sessions *reply = replies[0];

	(void)arena;
	render_meta(view, &reply->meta, out);
	render_list(&session_type, reply->sessions.items, reply->sessions.count,
	    &out->body);
}

/* The note is the id; no index headers here. */
static void
render_renewed(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_sessions *reply = replies[0];

	(void)arena;
	if (reply->sessions.count == 0) {
		response_text(out, 404, "Session id '%.*s' not found",
		    SLICE_ARGS(view->note));
		return;
	}
	out->content = CONTENT_JSON;
	render_list(&session_type, reply->sessions.items, reply->sessions.count,
	    &out->body);
}

void
api_session_renew(struct request *r)
{
	struct session_specific_request q = { .datacenter =
						  request_datacenter(r) };
	struct view view = { .render = render_renewed, .note = r->argument };

	if (!request_options(r, &q.options))
		return;
	q.options.min_query_index = 0;
	q.session_id = r->argument;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing session");
	else
		ask(r, METHOD_Session_Renew, &q, &view);
}

void
api_session_info(struct request *r)
{
	struct session_specific_request q = { .datacenter =
						  request_datacenter(r) };
	struct view view = { .render = render_sessions };

	if (!request_options(r, &q.options))
		return;
	q.session_id = r->argument;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing session");
	else
		ask_read(r, METHOD_Session_Get, &q, &q.options, &view);
}

void
api_session_list(struct request *r)
{
	struct session_specific_request q = { .datacenter =
						  request_datacenter(r) };
	struct view view = { .render = render_sessions };

	if (request_options(r, &q.options))
		ask_read(r, METHOD_Session_List, &q, &q.options, &view);
}

void
api_session_node(struct request *r)
{
	struct node_specific_request q = { .datacenter = request_datacenter(r),
		.node = r->argument };
	struct view view = { .render = render_sessions };

	if (!request_options(r, &q.options))
		return;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing node name");
	else
		ask_read(r, METHOD_Session_NodeSessions, &q, &q.options, &view);
}
