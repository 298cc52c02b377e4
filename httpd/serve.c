/* Requests and their checks; see serve.h. */
#include <assert.h>

#include "figures.h"
#include "httpd.h"
#include "limits.h"
#include "request.h"
#include "serve.h"
#include "ui.h"
#include "uri.h"

/* --- Routing. --- */

static void
redirect(struct request *r, struct slice path)
{
	struct buf location = { 0 };
	struct response out = { .status = 301 };

	r->route = NULL; /* the multiplexer's word, not the endpoint's */
	uri_path_encode(path, &location);
	if (r->head->has_query && r->head->query.size > 0) {
		buf_put_u8(&location, '?');
		buf_put_slice(&location, r->head->query);
	}
	out.location = buf_slice(&location);
	if (r->head->method == HTTP_GET || r->head->method == HTTP_HEAD)
		out.content = CONTENT_HTML;
	if (r->head->method == HTTP_GET) {
		buf_put_text(&out.body, "<a href=\"");
		uri_html_escape(out.location, &out.body);
		buf_put_text(&out.body, "\">Moved Permanently</a>.\n\n");
	}
	request_answer(r, &out);
	buf_deinit(&location);
}

/* Of a program in Go. Without enable_debug Consul has nothing for strangers
 * there; we have nothing there at all. */
static bool
is_profiling(const struct request *r)
{
	return (slice_starts_with(r->path, SLICE("/debug/pprof/")) &&
		!r->httpd->daemon->config->keys.enable_debug);
}

/* What is no /v1 endpoint. */
static void
page_serve(struct request *r)
{
	const struct httpd *h = r->httpd;
	struct response out = { .status = 200, .content = CONTENT_TEXT };

	if (r->head->method == HTTP_CONNECT) {
		out.content_type = SLICE("text/plain; charset=utf-8");
		response_text(&out, 404, "404 page not found\n");
		request_answer(r, &out);
	} else if (is_profiling(r)) {
		out.extra_headers = SLICE("Vary: Accept-Encoding\r\n");
		response_text(&out, 401, "ACL support disabled");
		request_answer(r, &out);
	} else if (h->ui != NULL && slice_is(r->path, "/"))
		redirect(r, h->policy.ui_path);
	else if (slice_is(r->path, "/")) {
		buf_put_text(&out.body, "Consul Agent");
		request_answer(r, &out);
	} else if (h->ui == NULL || !ui_serve(r))
		request_empty(r, 404);
}

static bool
is_ui_folder(const struct request *r)
{
	struct slice folder = r->httpd->policy.ui_path;

	folder.size--; /* its slash */
	return (r->httpd->ui != NULL && folder.size > 0 &&
		slice_equal(r->path, folder));
}

/* Find the endpoint; false: it has been answered. */
static bool
route_take(struct request *r)
{
	struct slice path = uri_path_decode(r->head->path, r->arena);
	struct slice clean;

	if (r->httpd->policy.refuses_unprintable && !uri_is_printable(path)) {
		request_empty(r, 400);
		return (false);
	}
	if (slice_is(path, "*")) {
		request_empty(r, r->head->method == HTTP_OPTIONS ? 200 : 400);
		return (false);
	}
	if (r->head->method == HTTP_CONNECT) {
		page_serve(r);
		return (false);
	}
	clean = uri_path_clean(path, r->arena);
	r->path = clean;
	r->route = route_find(r->httpd->routes, clean, &r->argument);
	if (route_wants_slash(r->httpd->routes, clean) || is_ui_folder(r)) {
		redirect(r, arena_printf(r->arena, "%.*s/", SLICE_ARGS(clean)));
		return (false);
	}
	if (!slice_equal(clean, path)) {
		redirect(r, clean);
		return (false);
	}
	if (r->route == NULL)
		page_serve(r);
	return (r->route != NULL);
}

/* --- Checks of a /v1 endpoint. --- */

static void
token_take(struct request *r)
{
	const struct head *head = r->head;
	struct slice bearer = head->authorization;

	r->token = query_get(&r->query, "token");
	if (r->token.size == 0)
		r->token = head->consul_token;
	if (r->token.size == 0 && bearer.size > 7 &&
	    slice_equal_fold(slice_head(bearer, 7), SLICE("Bearer ")))
		r->token = slice_tail(bearer, 7);
	if (r->token.size >
	    TOKEN_BYTES_MAX) /* no token is: it grants nothing */
		r->token.size = TOKEN_BYTES_MAX;
}

/* A prepared query can only be read where it is to do something. */
static bool
is_get_only(const struct request *r)
{
	return ((r->route->flags & ROUTE_BARE_ALLOW) != 0 &&
		(slice_ends_with(r->path, SLICE("/execute")) ||
		    slice_ends_with(r->path, SLICE("/explain"))));
}

static struct slice
allow_text(struct request *r, bool has_options)
{
	return (arena_printf(r->arena, "%s%s", has_options ? "OPTIONS," : "",
	    is_get_only(r) ? "GET" : r->route->allow));
}

static bool
method_check(struct request *r)
{
	struct response out = { .status = 200, .is_api = true };
	bool is_bare = (r->route->flags & ROUTE_BARE_ALLOW) != 0;

	if ((r->head->method &
		(is_get_only(r) ? HTTP_GET : r->route->methods)) != 0)
		return (true);
	if (r->head->method == HTTP_OPTIONS) {
		out.allow = allow_text(r, true);
		if (is_bare)
			response_json_text(&out, "{}");
	} else {
		out.allow = allow_text(r, !is_bare);
		response_text(&out, 405, "method %.*s not allowed",
		    SLICE_ARGS(r->head->method_text));
	}
	request_answer(r, &out);
	return (false);
}

static bool
size_check(struct request *r)
{
	const struct policy *policy = &r->httpd->policy;
	const struct {
		uint64_t most;
		const char *see; /* the option that raises it */
	} rules[] = {
		[BODY_KV] = { policy->kv_value_max, "kv_max_value_size" },
		[BODY_TXN] = { policy->txn_max, "txn_max_req_len" },
		[BODY_ANY] = { HTTP_BODY_BYTES_MAX, NULL },
		[BODY_FLOW] = { UINT64_MAX, NULL },
	};
	uint64_t size = r->head->content_length;
	uint64_t most = rules[r->route->body].most;

	if (size <= most)
		return (true);
	if (rules[r->route->body].see == NULL)
		request_text(r, 413,
		    "Request body too large, max size: %llu "
		    "bytes.",
		    (unsigned long long)most);
	else
		request_text(r, 413,
		    "Request body(%llu bytes) too large, max size: %llu bytes. "
		    "See https://www.consul.io/docs/agent/options.html#%s.",
		    (unsigned long long)size, (unsigned long long)most,
		    rules[r->route->body].see);
	return (false);
}

/* Keys aside, what stands behind a pattern is a name, and those are bounded
 * (limits.h) where Consul bounds none. */
static bool
argument_check(struct request *r)
{
	if (r->argument.size <= NAME_BYTES_MAX || r->route->body == BODY_KV ||
	    (r->route->flags & ROUTE_IS_OFF) != 0)
		return (true);
	request_text(r, 400,
	    "Bad request: the name in the path has %zu bytes, and the limit "
	    "is %d",
	    r->argument.size, NAME_BYTES_MAX);
	return (false);
}

/* Endpoints and writers that the configuration refuses. */
static bool
policy_check(struct request *r)
{
	unsigned reads = HTTP_GET | HTTP_HEAD | HTTP_OPTIONS;

	if (policy_blocks(&r->httpd->policy, r->path)) {
		request_text(
		    r, 403, "Endpoint is blocked by agent configuration");
		return (false);
	}
	if (!method_check(r))
		return (false);
	if ((r->head->method & reads) == 0 &&
	    !policy_lets_write(&r->httpd->policy, conn_address(r->conn))) {
		request_text(r, 403, "Access is restricted");
		return (false);
	}
	return (true);
}

/* All that can be said before the body is here; false: it was answered. It is
 * said again when more of the body has come, but measured once. */
static bool
admit(struct request *r, const struct intake *intake)
{
	if (!route_take(r))
		return (false);
	if (!intake->is_in_body)
		figures_begin(r);
	if (!query_parse(r->head->query, r->arena, &r->query)) {
		conn_log_error(
		    r->conn, SLICE("invalid URL escape in the query"));
		request_empty(r, 500);
		return (false);
	}
	if (!policy_check(r) || !size_check(r) || !argument_check(r))
		return (false);
	token_take(r);
	return (true);
}

/* --- Bodies. --- */

enum body {
	BODY_MISSING,
	BODY_THERE,
};

/* Is the body whole? *size is what it takes on the wire. */
static enum body
body_take(
    struct request *r, struct intake *intake, struct slice rest, size_t *size)
{
	struct buf *scratch = &r->httpd->scratch;

	if (!r->head->is_chunked) {
		*size = r->head->content_length;
		if (rest.size < *size)
			return (BODY_MISSING);
		r->body = slice_head(rest, *size);
		return (BODY_THERE);
	}
	intake->chunks.body_max = r->httpd->policy.body_max;
	switch (chunks_scan(&intake->chunks, rest)) {
	case CHUNKS_MORE:
		return (BODY_MISSING);
	case CHUNKS_BAD:
		*size = rest.size;
		r->body_error = intake->chunks.why;
		return (BODY_THERE);
	case CHUNKS_DONE:
		break;
	}
	*size = intake->chunks.at;
	buf_reset(scratch);
	chunks_join(rest, scratch);
	r->body = arena_copy(r->arena, buf_slice(scratch));
	return (BODY_THERE);
}

static bool
wants_keep_alive(const struct head *head)
{
	if (head->is_http10)
		return (head->wants_keep_alive && !head->wants_close);
	return (!head->wants_close);
}

static bool
is_body_there(const struct head *head, size_t size)
{
	return (!head->is_chunked && size - head->size >= head->content_length);
}

/* The early answer left a body behind: read over it, or close. */
static void
body_leave(const struct head *head, struct slice bytes, struct served *out)
{
	size_t there = bytes.size - head->size;

	out->taken = head->size;
	if (head->is_chunked ||
	    head->content_length > there + HTTP_DISCARD_BYTES_MAX)
		out->taken = bytes.size;
	else if (head->content_length <= there)
		out->taken += head->content_length;
	else {
		out->taken = bytes.size;
		out->discard = head->content_length - there;
	}
}

/* The handler begins before the body is here, and takes it (conn_body). One
 * that has answered at once does not want it. */
static void
handle_flow(struct request *r, struct slice bytes, struct served *out)
{
	conn_body_begin(r->conn, r->head);
	r->route->handler(r);
	if (!conn_is_waiting(r->conn)) {
		conn_body_leave(r->conn);
		body_leave(r->head, bytes, out);
		return;
	}
	conn_begin(r->conn, r->head, wants_keep_alive(r->head));
	out->taken = r->head->size;
	out->wants_continue = r->head->expects_continue;
}

static void
handle(struct request *r, struct intake *intake, struct slice bytes,
    struct served *out)
{
	const struct head *head = r->head;
	bool keeps = wants_keep_alive(head);
	size_t body_size = 0;

	/* If it is answered before its body is here, the rest is read over,
	 * unless there is too much of it. */
	conn_begin(r->conn, head,
	    keeps && (is_body_there(head, bytes.size) ||
			 (!head->is_chunked &&
			     head->content_length <= HTTP_DISCARD_BYTES_MAX)));
	if (!admit(r, intake)) {
		body_leave(head, bytes, out);
		return;
	}
	if (r->route->body == BODY_FLOW && head->method == HTTP_PUT) {
		handle_flow(r, bytes, out);
		return;
	}
	if (body_take(r, intake, slice_tail(bytes, head->size), &body_size) ==
	    BODY_MISSING) {
		intake->needed = head->is_chunked ? 0 : head->size + body_size;
		intake->is_in_body = true;
		out->wants_continue =
		    head->expects_continue && !intake->has_continued;
		return;
	}
	conn_begin(r->conn, head, keeps && r->body_error == NULL);
	out->taken = head->size + body_size;
	r->route->handler(r);
}

void
serve(struct httpd *h, struct conn *conn, struct intake *intake,
    struct slice bytes, struct served *out)
{
	struct head head;
	struct request r = {
		.httpd = h, .conn = conn, .head = &head, .arena = &h->arena
	};
	size_t size;

	*out = (struct served){ .refusal = REFUSAL_NONE };
	if (bytes.size < intake->needed)
		return;
	size = head_find_end(bytes, &intake->scanned);
	if (size > HTTP_HEAD_BYTES_MAX ||
	    (size == 0 && bytes.size > HTTP_HEAD_BYTES_MAX)) {
		out->refusal = REFUSAL_TOO_LARGE;
		return;
	}
	if (size == 0)
		return;
	out->refusal = head_parse(slice_head(bytes, size), &head);
	if (out->refusal != REFUSAL_NONE)
		return;
	arena_reset(&h->arena);
	conn_log_begin(conn, &head);
	if (head.expects_more) {
		conn_begin(conn, &head, false);
		out->taken = bytes.size;
		request_empty(&r, 417);
		return;
	}
	handle(&r, intake, bytes, out);
}
