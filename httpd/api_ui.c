/*
 * /v1/internal/ui/: what the web page shows; api/http.md 15.
 *
 * Unlike everywhere else, tags that a service does not have are null.
 */
#include <stdlib.h>

#include "api.h"
#include "render.h"

/* --- Nodes. --- */

/* clang-format off */
#define UI_SERVICE(F) NODE_SERVICE_ROWS(F, 0)
#define UI_CHECK(F) HEALTH_CHECK_ROWS(F, 0)

#define UI_NODE(F) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, node, "Node", 0, 0) \
	F(STR, _, address, "Address", 0, 0) \
	F(MAP_STR, _, tagged_addresses, "TaggedAddresses", 0, 0) \
	F(MAP_STR, _, meta, "Meta", 0, 0) \
	F(LIST, ui_service, services, "Services", 0, JSON_EMPTY_LIST) \
	F(LIST, ui_check, checks, "Checks", 0, JSON_EMPTY_LIST)
/* clang-format on */

struct ui_service {
	UI_SERVICE(TYPE_MEMBER)
};

struct ui_check {
	UI_CHECK(TYPE_MEMBER)
};

struct ui_node {
	UI_NODE(TYPE_MEMBER)
};

/* clang-format off */
TYPE_DEFINE(ui_service, UI_SERVICE, "NodeService")
TYPE_DEFINE(ui_check, UI_CHECK, "HealthCheck")
TYPE_DEFINE(ui_node, UI_NODE, "NodeInfo")
/* clang-format on */

/* The rows are those of the wire, with other flags: so is what they make. */
_Static_assert(sizeof(struct ui_service) == sizeof(struct node_service) &&
		   sizeof(struct ui_check) == sizeof(struct health_check) &&
		   sizeof(struct ui_node) == sizeof(struct node_info),
    "the page's structs are those of the wire");

static void
render_nodes(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_node_dump *reply = replies[0];

	(void)view;
	(void)arena;
	response_meta(out, &reply->meta);
	out->content = CONTENT_JSON;
	render_list(
	    &ui_node_type, reply->dump.items, reply->dump.count, &out->body);
}

void
api_ui_nodes(struct request *r)
{
	struct dc_specific_request q = { .datacenter = request_datacenter(r) };
	struct view view = { .render = render_nodes };

	if (request_options(r, &q.options))
		ask_read(r, METHOD_Internal_NodeDump, &q, &q.options, &view);
}

static void
render_node(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_node_dump *reply = replies[0];

	(void)view;
	(void)arena;
	if (reply->dump.count == 0) {
		out->status = 404;
		return;
	}
	response_meta(out, &reply->meta);
	out->content = CONTENT_JSON;
	json_from_type(&ui_node_type, &reply->dump.items[0], &out->body);
}

void
api_ui_node(struct request *r)
{
	struct node_specific_request q = { .datacenter = request_datacenter(r),
		.node = r->argument };
	struct view view = { .render = render_node };

	if (!request_options(r, &q.options))
		return;
	if (r->argument.size == 0)
		request_text(r, 400, "Missing node name");
	else
		ask_read(r, METHOD_Internal_NodeInfo, &q, &q.options, &view);
}

/* --- Services, a line for each name. --- */

/* clang-format off */
#define UI_GATEWAY(F) \
	F(INT, _, associated_service_count, "AssociatedServiceCount", 0, JSON_OMITEMPTY)

#define UI_SUMMARY(F) \
	F(STR, _, kind, "Kind", 0, JSON_OMITEMPTY) \
	F(STR, _, name, "Name", 0, 0) \
	F(STRS, _, tags, "Tags", 0, 0) \
	F(STRS, _, nodes, "Nodes", 0, 0) \
	F(INT, _, instance_count, "InstanceCount", 0, 0) \
	F(STRS, _, proxy_for, "ProxyFor", 0, JSON_OMITEMPTY) \
	F(INT, _, passing, "ChecksPassing", 0, 0) \
	F(INT, _, warning, "ChecksWarning", 0, 0) \
	F(INT, _, critical, "ChecksCritical", 0, 0) \
	F(STRS, _, external_sources, "ExternalSources", 0, 0) \
	F(STRUCT, ui_gateway, gateway, "GatewayConfig", 0, 0)
/* clang-format on */

struct ui_gateway {
	UI_GATEWAY(TYPE_MEMBER)
};

struct ui_summary {
	UI_SUMMARY(TYPE_MEMBER)
};

/* clang-format off */
TYPE_DEFINE(ui_gateway, UI_GATEWAY, "GatewayConfig")
TYPE_DEFINE(ui_summary, UI_SUMMARY, "ServiceSummary")
/* clang-format on */

static int
text_compare(const void *a, const void *b)
{
	return (
	    slice_compare(*(const struct slice *)a, *(const struct slice *)b));
}

/* By name, and then as they came: what they point to is one array. */
static int
instance_compare(const void *a, const void *b)
{
	const struct check_service_node *const *x = a, *const *y = b;
	int order =
	    slice_compare((*x)->service->service, (*y)->service->service);

	if (order == 0)
		return (*x < *y ? -1 : *x > *y);
	return (order);
}

/* Room doubles whenever it is full: at 0, 1, 2, 4 ... */
static void
texts_add(struct arena *arena, struct slice_list *list, struct slice text)
{
	struct slice *more;

	if ((list->count & (list->count - 1)) == 0) {
		more = arena_array(arena, 2 * list->count + 1, sizeof(*more));
		for (size_t i = 0; i < list->count; i++)
			more[i] = list->items[i];
		list->items = more;
	}
	list->items[list->count++] = text;
}

static void
texts_add_once(struct arena *arena, struct slice_list *list, struct slice text)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_equal(list->items[i], text))
			return;
	texts_add(arena, list, text);
}

static struct slice
external_source(const struct node_service *service)
{
	for (size_t i = 0; i < service->meta.count; i++)
		if (slice_is(service->meta.items[i].key, "external-source"))
			return (service->meta.items[i].value);
	return (SLICE(""));
}

static void
summary_add(struct arena *arena, struct ui_summary *sum,
    const struct check_service_node *row)
{
	const struct node_service *service = row->service;
	struct slice source = external_source(service);

	sum->kind = service->kind;
	sum->name = service->service;
	sum->instance_count++;
	texts_add(arena, &sum->nodes, row->node->node);
	if (slice_is(service->kind, "connect-proxy"))
		texts_add_once(arena, &sum->proxy_for,
		    service->proxy.destination_service_name);
	for (size_t i = 0; i < service->tags.count; i++)
		texts_add_once(arena, &sum->tags, service->tags.items[i]);
	if (source.size > 0)
		texts_add_once(arena, &sum->external_sources, source);
	for (size_t i = 0; i < row->checks.count; i++) {
		struct slice status = row->checks.items[i].status;

		sum->passing += slice_is(status, "passing");
		sum->warning += slice_is(status, "warning");
		sum->critical += slice_is(status, "critical");
	}
}

static void
summary_sort(struct ui_summary *sum)
{
	qsort(sum->nodes.items, sum->nodes.count, sizeof(struct slice),
	    text_compare);
	if (sum->tags.count > 0)
		qsort(sum->tags.items, sum->tags.count, sizeof(struct slice),
		    text_compare);
}

static const struct check_service_node **
instances_sort(const struct indexed_check_service_nodes *reply,
    struct arena *arena, size_t *count)
{
	const struct check_service_node **sorted =
	    arena_array(arena, reply->nodes.count + 1, sizeof(*sorted));

	*count = 0;
	for (size_t i = 0; i < reply->nodes.count; i++)
		if (reply->nodes.items[i].service != NULL &&
		    reply->nodes.items[i].node != NULL)
			sorted[(*count)++] = &reply->nodes.items[i];
	qsort(sorted, *count, sizeof(*sorted), instance_compare);
	return (sorted);
}

static void
render_services(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_check_service_nodes *reply = replies[0];
	size_t count, used = 0;
	const struct check_service_node **rows =
	    instances_sort(reply, arena, &count);
	struct ui_summary *sums = arena_array(arena, count + 1, sizeof(*sums));

	(void)view;
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && !slice_equal(rows[i]->service->service,
				 rows[i - 1]->service->service))
			used++;
		summary_add(arena, &sums[used], rows[i]);
	}
	used += count > 0;
	for (size_t i = 0; i < used; i++)
		summary_sort(&sums[i]);
	response_meta(out, &reply->meta);
	out->content = CONTENT_JSON;
	render_list(&ui_summary_type, sums, used, &out->body);
}

void
api_ui_services(struct request *r)
{
	struct service_dump_request q = { .datacenter = request_datacenter(r) };
	struct view view = { .render = render_services };

	if (request_options(r, &q.options))
		ask_read(r, METHOD_Internal_ServiceDump, &q, &q.options, &view);
}
