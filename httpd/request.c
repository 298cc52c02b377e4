/* What handlers have in common; see request.h. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conn.h"
#include "httpd.h"
#include "limits.h"
#include "log.h"
#include "request.h"

void
request_answer(struct request *r, struct response *out)
{
	struct httpd *h = r->httpd;
	struct render_options options = {
		.is_pretty = h->is_pretty || query_has(&r->query, "pretty"),
		.wants_gzip = r->head->accepts_gzip,
		.gzip = h->gzip,
		.extra_headers = r->route != NULL ? h->policy.api_headers
						  : out->extra_headers,
	};
	struct blob *blob;

	out->is_api = r->route != NULL;
	if (out->body.size > 0 && (out->status >= 500 || out->status == 405))
		conn_log_error(r->conn, buf_slice(&out->body));
	out->is_bodiless |= r->head->method == HTTP_HEAD;
	blob = blob_new(out, &options);
	conn_send(r->conn, blob);
	blob_release(blob);
}

void
request_text(struct request *r, int status, const char *format, ...)
{
	struct response out = { 0 };
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	response_text_slice(&out, status, slice_of_text(text));
	request_answer(r, &out);
}

void
request_json(struct request *r, const char *json)
{
	struct response out = { .status = 200 };

	response_json_text(&out, json);
	request_answer(r, &out);
}

void
request_empty(struct request *r, int status)
{
	struct response out = { .status = status };

	request_answer(r, &out);
}

struct slice
request_agent_datacenter(const struct request *r)
{
	return (slice_of_text(r->httpd->daemon->config->datacenter));
}

struct slice
request_datacenter(const struct request *r)
{
	struct slice dc = query_get(&r->query, "dc");

	if (dc.size > DATACENTER_BYTES_MAX) /* none has such a name */
		dc.size = DATACENTER_BYTES_MAX;
	return (dc.size > 0 ? dc : request_agent_datacenter(r));
}

void
request_near(const struct request *r, struct query_source *source)
{
	struct slice near = query_get(&r->query, "near");

	if (near.size == 0)
		return;
	source->datacenter = request_datacenter(r);
	source->node = near;
	if (slice_is(near, "_agent"))
		source->node =
		    slice_of_text(r->httpd->daemon->config->node_name);
}

/* Go's net.IP.String(), where an IPv4 address in IPv6's form is the former. */
static struct slice
address_text(struct arena *arena, const uint8_t *bytes, size_t size)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];

	if (size == 16 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		bytes += sizeof(mapped);
		size = 4;
	}
	if (inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text,
		sizeof(text)) == NULL)
		return (SLICE(""));
	return (arena_copy(arena, slice_of_text(text)));
}

/* What the first proxy has seen, if it is an address; else nothing. */
static struct slice
forwarded_address(const struct request *r)
{
	struct slice first = r->head->forwarded_for;
	size_t comma = slice_find(first, ',', 0);
	uint8_t bytes[16];
	const char *text;

	if (comma != SIZE_MAX)
		first = slice_head(first, comma);
	while (first.size > 0 && first.data[0] == ' ')
		first = slice_tail(first, 1);
	while (first.size > 0 && first.data[first.size - 1] == ' ')
		first.size--;
	text = arena_text(r->arena, first);
	if (inet_pton(AF_INET, text, bytes) == 1)
		return (address_text(r->arena, bytes, 4));
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return (address_text(r->arena, bytes, 16));
	return (SLICE(""));
}

void
request_source(const struct request *r, struct query_source *source)
{
	struct slice peer = conn_address(r->conn);

	request_near(r, source);
	source->datacenter = request_datacenter(r);
	source->ip = forwarded_address(r);
	if (source->ip.size == 0 && peer.size > 0)
		source->ip = address_text(r->arena, peer.data, peer.size);
}

bool
request_refuse_namespace(struct request *r)
{
	static const char tail[] = "Namespaces are a Consul Enterprise feature";

	if (r->route->flags & ROUTE_TAKES_NS)
		return (true);
	if (query_get(&r->query, "ns").size > 0) {
		request_text(r, 400,
		    "Bad request: Invalid query parameter: \"ns\" - %s", tail);
		return (false);
	}
	if (r->head->consul_namespace.size > 0) {
		request_text(r, 400,
		    "Bad request: Invalid header: \"X-Consul-Namespace\" - %s",
		    tail);
		return (false);
	}
	return (true);
}

/* Reads of discovery that say nothing of consistency may be as stale as
 * discovery_max_stale allows. */
static void
discovery_default(const struct request *r, struct query_options *options)
{
	struct duration most = r->httpd->policy.discovery_max_stale;

	if (most.ns <= 0 || options->allow_stale ||
	    options->require_consistent || options->use_cache ||
	    query_has(&r->query, "leader"))
		return;
	if (!slice_starts_with(r->path, SLICE("/v1/catalog")) &&
	    !slice_starts_with(r->path, SLICE("/v1/health")))
		return;
	options->allow_stale = true;
	options->max_stale_duration = most;
}

/* False: it was answered. */
static bool
options_take(struct request *r, const char *why, struct query_options *options)
{
	struct cache_control control;

	if (why == NULL &&
	    !query_cache_control_parse(r->head->cache_control, &control))
		why = "Invalid Cache-Control header.";
	if (why != NULL) {
		request_text(r, 400, "%s", why);
		return (false);
	}
	options->token = r->token;
	return (true);
}

bool
request_options(struct request *r, struct query_options *options)
{
	const char *why = query_options_parse(&r->query, r->arena, options);

	if (!options_take(r, why, options))
		return (false);
	options->filter = query_get(&r->query, "filter");
	discovery_default(r, options);
	return (request_refuse_namespace(r));
}

bool
request_consistency(struct request *r, struct query_options *options)
{
	return (options_take(
	    r, query_consistency_parse(&r->query, r->arena, options), options));
}

bool
request_wait(struct request *r, struct query_options *options)
{
	const char *why = query_wait_parse(&r->query, options);

	if (why == NULL)
		return (request_refuse_namespace(r));
	request_text(r, 400, "%s", why);
	return (false);
}

bool
request_service(struct request *r, struct service_specific_request *q)
{
	q->datacenter = request_datacenter(r);
	q->service_name = r->argument;
	q->service_tags = query_all(&r->query, "tag", r->arena);
	q->tag_filter = q->service_tags.count > 0;
	request_near(r, &q->source);
	query_node_meta(&r->query, r->arena, &q->node_meta_filters);
	return (request_options(r, &q->options));
}

bool
request_decode(struct request *r, enum json_dialect dialect,
    const struct type *type, void *object, const char *prefix)
{
	char why[JSON_WHY_MAX] = "";
	struct json *tree;

	if (r->body_error != NULL)
		snprintf(why, sizeof(why), "%s", r->body_error);
	else if (json_parse(r->body, r->arena, &tree, NULL, why) == ERR_OK &&
		 json_to_type(tree, dialect, type, r->arena, object, why) ==
		     ERR_OK)
		return (true);
	request_text(r, 400, "%s%s", prefix, why);
	return (false);
}
