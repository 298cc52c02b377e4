/* /v1/query: prepared queries; api/http.md 10. */
#include "api.h"
#include "httpd.h"
#include "render.h"

#define SUFFIX_EXECUTE SLICE("/execute")
#define SUFFIX_EXPLAIN SLICE("/explain")

/* --- Writing. --- */

static struct prepared_query_request
write_of(struct request *r, struct slice op)
{
	return ((struct prepared_query_request){
	    .op = op,
	    .datacenter = request_datacenter(r),
	    .write.token = r->token,
	});
}

static void
render_created(const struct view *view, const void *const *replies,
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

static bool
is_null(struct slice body)
{
	while (
	    body.size > 0 && (body.data[0] == ' ' || body.data[0] == '\n' ||
				 body.data[0] == '\t' || body.data[0] == '\r'))
		body = slice_tail(body, 1);
	return (slice_starts_with(body, SLICE("null")));
}

static void
query_create(struct request *r)
{
	struct prepared_query_request q = write_of(r, SLICE("create"));
	struct view view = { .render = render_created };
	struct prepared_query query = { 0 };

	if (!request_decode(r, JSON_API, &prepared_query_type, &query,
		"Request decode failed: "))
		return;
	/* Here Consul's server dies of a nil pointer. */
	if (is_null(r->body)) {
		request_text(r, 400, "Request decode failed: null");
		return;
	}
	q.query = &query;
	ask(r, METHOD_PreparedQuery_Apply, &q, &view);
}

/* As Consul: a body without Content-Length is not looked at, and the ID is that
 * of the path. */
static void
query_update(struct request *r, struct slice id)
{
	struct prepared_query_request q = write_of(r, SLICE("update"));
	struct view view = { .render = render_empty };
	struct prepared_query query = { 0 };

	if (r->head->content_length > 0 &&
	    !request_decode(r, JSON_API, &prepared_query_type, &query,
		"Request decode failed: "))
		return;
	query.id = id;
	q.query = &query;
	ask(r, METHOD_PreparedQuery_Apply, &q, &view);
}

static void
query_delete(struct request *r, struct slice id)
{
	struct prepared_query_request q = write_of(r, SLICE("delete"));
	struct view view = { .render = render_empty };
	struct prepared_query query = { .id = id };

	q.query = &query;
	ask(r, METHOD_PreparedQuery_Apply, &q, &view);
}

/* --- Reading. --- */

static void
render_queries(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_prepared_queries *reply = replies[0];

	(void)arena;
	render_meta_consistency(view, &reply->meta, out);
	render_list(&prepared_query_type, reply->queries.items,
	    reply->queries.count, &out->body);
}

static void
query_list(struct request *r)
{
	struct dc_specific_request q = { .datacenter = request_datacenter(r) };
	struct view view = { .render = render_queries };

	if (request_options(r, &q.options))
		ask_read(r, METHOD_PreparedQuery_List, &q, &q.options, &view);
}

static void
query_show(struct request *r, struct slice id)
{
	struct prepared_query_specific_request q = { .query_id = id,
		.datacenter = request_datacenter(r) };
	struct view view = { .render = render_queries };

	if (request_options(r, &q.options))
		ask_read(r, METHOD_PreparedQuery_Get, &q, &q.options, &view);
}

/* --- Running. --- */

static const char *
consistency_of(const struct view *view)
{
	return (view->flags & VIEW_CONSISTENT ? "consistent"
		: view->flags & VIEW_STALE    ? "stale"
					      : "leader");
}

static void
render_executed(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	struct prepared_query_execute_response reply =
	    *(const struct prepared_query_execute_response *)replies[0];

	(void)arena;
	render_meta_consistency(view, &reply.meta, out);
	reply.meta.consistency_level = slice_of_text(consistency_of(view));
	if (reply.nodes.items == NULL)
		reply.nodes.items = TYPE_EMPTY;
	json_from_type_nulls(
	    &prepared_query_execute_response_type, &reply, &out->body);
}

static void
render_explained(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	struct prepared_query_explain_response reply =
	    *(const struct prepared_query_explain_response *)replies[0];

	(void)arena;
	render_meta_consistency(view, &reply.meta, out);
	reply.meta.consistency_level = slice_of_text(consistency_of(view));
	json_from_type(
	    &prepared_query_explain_response_type, &reply, &out->body);
}

/* What both take; false: it has answered. */
static bool
execute_request(struct request *r, struct slice id,
    struct prepared_query_execute_request *q)
{
	const struct config *config = r->httpd->daemon->config;
	struct slice limit = query_get(&r->query, "limit");
	const char *why;

	q->query_id_or_name = id;
	q->datacenter = request_datacenter(r);
	q->agent.node = slice_of_text(config->node_name);
	q->agent.datacenter = request_agent_datacenter(r);
	q->agent.segment = config->keys.segment;
	request_source(r, &q->source);
	if (!request_options(r, &q->options))
		return (false);
	q->options.min_query_index = 0; /* it does not block */
	q->options.max_query_time = (struct duration){ 0 };
	if (limit.size == 0 || query_int(limit, &q->limit, &why))
		return (true);
	request_text(r, 500, "Bad limit: strconv.Atoi: parsing \"%.*s\": %s",
	    SLICE_ARGS(limit), why);
	return (false);
}

static void
query_explain(struct request *r, struct slice id)
{
	struct prepared_query_execute_request q = { 0 };
	struct view view = { .render = render_explained };

	if (execute_request(r, id, &q))
		ask_read(
		    r, METHOD_PreparedQuery_Explain, &q, &q.options, &view);
}

static void
query_execute(struct request *r, struct slice id)
{
	struct prepared_query_execute_request q = { 0 };
	struct view view = { .render = render_executed };
	struct slice connect = query_get(&r->query, "connect");

	if (!execute_request(r, id, &q))
		return;
	if (connect.size > 0 && !query_bool(connect, &q.connect))
		request_text(r, 500,
		    "Error parsing 'connect' value: strconv.ParseBool: "
		    "parsing \"%.*s\": invalid syntax",
		    SLICE_ARGS(connect));
	else
		ask_cached(
		    r, METHOD_PreparedQuery_Execute, &q, &q.options, &view);
}

/* --- By path. --- */

/* The end of the path counts, where there may be no id before it. */
static bool
suffix_take(const struct request *r, struct slice suffix, struct slice *id)
{
	if (!slice_ends_with(r->path, suffix))
		return (false);
	if (slice_ends_with(*id, suffix))
		*id = slice_head(*id, id->size - suffix.size);
	return (true);
}

void
api_query(struct request *r)
{
	if (r->head->method == HTTP_POST)
		query_create(r);
	else
		query_list(r);
}

/* Ids may be names, and names have slashes: only the end counts. */
void
api_query_id(struct request *r)
{
	struct slice id = r->argument;

	if (suffix_take(r, SUFFIX_EXECUTE, &id))
		query_execute(r, id);
	else if (suffix_take(r, SUFFIX_EXPLAIN, &id))
		query_explain(r, id);
	else if (r->head->method == HTTP_GET)
		query_show(r, id);
	else if (r->head->method == HTTP_PUT)
		query_update(r, id);
	else
		query_delete(r, id);
}
