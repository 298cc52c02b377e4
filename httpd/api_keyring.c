/*
 * /v1/operator/keyring: the keys of gossip; api/http.md 12.
 */
#include "api.h"
#include "httpd.h"
#include "render.h"

#define RELAY_FACTOR_MAX 5

/* clang-format off */
#define KEYRING_BODY(F) \
	F(STR, _, key, "Key", 0, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0) \
	F(U64, _, relay_factor, "RelayFactor", 0, 0) \
	F(BOOL, _, local_only, "LocalOnly", 0, 0)
/* clang-format on */

struct keyring_body {
	KEYRING_BODY(TYPE_MEMBER)
};

/* clang-format off */
TYPE_DEFINE(keyring_body, KEYRING_BODY, "keyringArgs")
/* clang-format on */

static const struct operation {
	enum http_method method;
	const char *name; /* on the wire */
} operations[] = {
	{ HTTP_GET, "list" },
	{ HTTP_POST, "install" },
	{ HTTP_PUT, "use" },
	{ HTTP_DELETE, "remove" },
};

static struct slice
operation_of(const struct request *r)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (operations[i].method == r->head->method)
			return (slice_of_text(operations[i].name));
	return ((struct slice){ 0 }); /* the route lets no other in */
}

/* --- Parameters. --- */

/* false: it was refused, as below. */
static bool
relay_factor_take(struct request *r, uint64_t *out)
{
	struct slice value = query_get(&r->query, "relay-factor");
	const char *why;
	int64_t number;

	if (value.size == 0)
		return (true);
	if (!query_int(value, &number, &why)) {
		request_text(r, 400,
		    "Bad request: Error parsing relay factor: strconv.Atoi: "
		    "parsing \"%.*s\": %s",
		    SLICE_ARGS(value), why);
		return (false);
	}
	if (number < 0 || number > RELAY_FACTOR_MAX) {
		request_text(r, 400,
		    "Bad request: Invalid relay-factor: Relay factor must be "
		    "in range: [0, %d]",
		    RELAY_FACTOR_MAX);
		return (false);
	}
	*out = (uint64_t)number;
	return (true);
}

static bool
local_only_take(struct request *r, bool *out)
{
	struct slice value = query_get(&r->query, "local-only");

	if (value.size == 0)
		return (true);
	if (!query_bool(value, out)) {
		request_text(r, 400,
		    "Bad request: Error parsing local-only: strconv.ParseBool: "
		    "parsing \"%.*s\": invalid syntax",
		    SLICE_ARGS(value));
		return (false);
	}
	if (*out && r->head->method != HTTP_GET) {
		request_text(r, 400,
		    "Bad request: Invalid use of local-only: local-only can "
		    "only be set for list requests");
		return (false);
	}
	return (true);
}

/* A body's own factor is a byte to Go; false: it was refused. */
static bool
body_check(struct request *r, const struct keyring_body *body)
{
	if (body->relay_factor <= UINT8_MAX)
		return (true);
	request_text(r, 400,
	    "Bad request: Request decode failed: json: cannot unmarshal number "
	    "%llu into Go struct field keyringArgs.RelayFactor of type uint8",
	    (unsigned long long)body->relay_factor);
	return (false);
}

/* --- Answers. --- */

/* All that went wrong in the pools, in the manner of hashicorp's multierror;
 * 0: nothing did. */
static size_t
errors_gather(const struct keyring_responses *reply, struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < reply->responses.count; i++) {
		const struct keyring_response *pool =
		    &reply->responses.items[i];

		if (pool->error.size == 0)
			continue;
		if (pool->wan)
			buf_put_text(out, "\t* WAN");
		else
			buf_printf(out, "\t* %.*s (LAN)",
			    SLICE_ARGS(pool->datacenter));
		buf_printf(out, " error: %.*s\n", SLICE_ARGS(pool->error));
		for (size_t j = 0; j < pool->messages.count; j++)
			buf_printf(out, "\t* %.*s: %.*s\n",
			    SLICE_ARGS(pool->messages.items[j].key),
			    SLICE_ARGS(pool->messages.items[j].value));
		count += 1 + pool->messages.count;
	}
	return (count);
}

/* true: there were errors, which are the answer now. */
static bool
errors_render(const struct keyring_responses *reply, struct response *out)
{
	struct buf list = { 0 };
	size_t count = errors_gather(reply, &list);

	if (count > 0) {
		out->status = 500;
		out->content = CONTENT_TEXT;
		buf_printf(&out->body, "%zu error%s occurred:\n", count,
		    count == 1 ? "" : "s");
		buf_put_slice(&out->body, buf_slice(&list));
		buf_put_u8(&out->body, '\n');
	}
	buf_deinit(&list);
	return (count > 0);
}

static void
render_changed(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	(void)view;
	(void)arena;
	(void)errors_render(replies[0], out);
}

static void
render_keys(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct keyring_responses *reply = replies[0];

	(void)view;
	(void)arena;
	if (errors_render(reply, out))
		return;
	out->content = CONTENT_JSON;
	render_list(&keyring_response_type, reply->responses.items,
	    reply->responses.count, &out->body);
}

void
api_operator_keyring(struct request *r)
{
	bool is_list = r->head->method == HTTP_GET;
	struct keyring_body body = { 0 };
	struct keyring_request q = { .operation = operation_of(r),
		.datacenter = request_agent_datacenter(r) };
	struct view view = { .render = is_list ? render_keys : render_changed };

	if (!is_list && !request_decode(r, JSON_API, &keyring_body_type, &body,
			    "Bad request: Request decode failed: "))
		return;
	if (!body_check(r, &body) ||
	    !relay_factor_take(r, &body.relay_factor) ||
	    !local_only_take(r, &body.local_only))
		return;
	if (!r->httpd->daemon->config->is_server) {
		request_text(r, 500,
		    "keyring operations must run against a server node");
		return;
	}
	q.key = body.key;
	q.relay_factor = body.relay_factor;
	q.local_only = body.local_only;
	q.options.token = r->token;
	ask(r, METHOD_Internal_KeyringOperation, &q, &view);
}
