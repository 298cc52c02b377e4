/* /v1/catalog/: api/http.md 5. */
#include <stdlib.h>

#include "agent_cache.h"
#include "api.h"
#include "render.h"

/* --- Writing. --- */

void
api_catalog_register(struct request *r)
{
	struct register_request q = { 0 };
	struct view view = { .render = render_true };

	if (!request_refuse_namespace(r) ||
	    !request_decode(r, JSON_API, &register_request_type, &q,
		"Request decode failed: "))
		return;
	if (q.datacenter.size == 0)
		q.datacenter = request_agent_datacenter(r);
	if (r->token.size > 0)
		q.write.token = r->token;
	ask(r, METHOD_Catalog_Register, &q, &view);
}

void
api_catalog_deregister(struct request *r)
{
	struct deregister_request q = { 0 };
	struct view view = { .render = render_true };

	if (!request_refuse_namespace(r) ||
	    !request_decode(r, JSON_API, &deregister_request_type, &q,
		"Request decode failed: "))
		return;
	if (q.datacenter.size == 0)
		q.datacenter = request_agent_datacenter(r);
	if (r->token.size > 0)
		q.write.token = r->token;
	ask(r, METHOD_Catalog_Deregister, &q, &view);
}

/* --- Lists. --- */

void
api_catalog_datacenters(struct request *r)
{
	struct datacenters_request q = { 0 };
	struct view view = { .render = render_texts };

	if (!request_consistency(r, &q.options))
		return;
	if (agent_cache_is_wanted(r, &q.options))
		agent_cache_ask(
		    r, METHOD_Catalog_ListDatacenters, &q, &q.options, &view);
	else
		ask(r, METHOD_Catalog_ListDatacenters, &q, &view);
}

static void
render_nodes(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_nodes *reply = replies[0];

	(void)arena;
	render_meta_consistency(view, &reply->meta, out);
	render_list(
	    &node_type, reply->nodes.items, reply->nodes.count, &out->body);
}

/* What lists of nodes and services have in common; false: it was refused. */
static bool
list_request(struct request *r, struct dc_specific_request *q)
{
	q->datacenter = request_datacenter(r);
	request_near(r, &q->source);
	query_node_meta(&r->query, r->arena, &q->node_meta_filters);
	return (request_options(r, &q->options));
}

void
api_catalog_nodes(struct request *r)
{
	struct dc_specific_request q = { 0 };
	struct view view = { .render = render_nodes };

	if (list_request(r, &q))
		ask_read(r, METHOD_Catalog_ListNodes, &q, &q.options, &view);
}

static int
entry_compare(const void *a, const void *b)
{
	const struct strs_entry *x = a, *y = b;

	return (slice_compare(x->key, y->key));
}

static void
render_services(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_services *reply = replies[0];
	struct strs_entry *sorted = reply->services.items;

	render_meta_consistency(view, &reply->meta, out);
	qsort(sorted, reply->services.count, sizeof(*sorted), entry_compare);
	buf_put_u8(&out->body, '{');
	for (size_t i = 0; i < reply->services.count; i++) {
		struct texts tags = { .value = sorted[i].value };
		const void *list = &tags;

		if (i > 0)
			buf_put_u8(&out->body, ',');
		json_put_text(&out->body, sorted[i].key);
		buf_put_u8(&out->body, ':');
		render_texts(view, &list, arena, out);
	}
	buf_put_u8(&out->body, '}');
}

void
api_catalog_services(struct request *r)
{
	struct dc_specific_request q = { 0 };
	struct view view = { .render = render_services };

	if (list_request(r, &q))
		ask_cached(
		    r, METHOD_Catalog_ListServices, &q, &q.options, &view);
}

/* --- One service, one node. --- */

static void
render_service_nodes(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_service_nodes *reply = replies[0];

	(void)arena;
	render_meta_consistency(view, &reply->meta, out);
	render_list(&service_node_type, reply->service_nodes.items,
	    reply->service_nodes.count, &out->body);
}

void
api_catalog_service(struct request *r)
{
	struct service_specific_request q = { 0 };
	struct view view = { .render = render_service_nodes };

	if (!request_service(r, &q))
		return;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing service name");
	else
		ask_cached(
		    r, METHOD_Catalog_ServiceNodes, &q, &q.options, &view);
}

static void
render_node_services(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_node_services *reply = replies[0];

	(void)arena;
	render_meta_consistency(view, &reply->meta, out);
	if (reply->node_services == NULL)
		buf_put_text(&out->body, "null");
	else
		json_from_type(
		    &node_services_type, reply->node_services, &out->body);
}

static void
render_node_service_list(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_node_service_list *reply = replies[0];

	(void)arena;
	render_meta_consistency(view, &reply->meta, out);
	json_from_type(
	    &node_service_list_type, &reply->node_services, &out->body);
}

static void
node_ask(struct request *r, enum method method, render_fn *render)
{
	struct node_specific_request q = { .datacenter = request_datacenter(r),
		.node = r->argument };
	struct view view = { .render = render };

	if (!request_options(r, &q.options))
		return;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing node name");
	else
		ask_read(r, method, &q, &q.options, &view);
}

void
api_catalog_node(struct request *r)
{
	node_ask(r, METHOD_Catalog_NodeServices, render_node_services);
}

void
api_catalog_node_services(struct request *r)
{
	node_ask(r, METHOD_Catalog_NodeServiceList, render_node_service_list);
}
