/* Looks at health checks, and at services with their checks. */
#include <string.h>

#include "check.h"
#include "index.h"
#include "node.h"
#include "service.h"
#include "view.h"

#define STATE_ANY SLICE("any")

static void
check_add(struct view *v, struct row *row, size_t *room)
{
	struct indexed_health_checks *reply = v->reply;

	reply->health_checks.items =
	    view_grow(v, reply->health_checks.items, reply->health_checks.count,
		room, sizeof(*reply->health_checks.items));
	check_to_health_check(CHECK_OF(row), v->arena,
	    &reply->health_checks.items[reply->health_checks.count++]);
}

static void
checks_begin(struct view *v)
{
	struct indexed_health_checks *reply = v->reply;

	reply->health_checks.items =
	    arena_array(v->arena, 1, sizeof(*reply->health_checks.items));
}

static struct slice
node_of_check(const void *item)
{
	return (((const struct health_check *)item)->node);
}

static void
checks_sort(struct view *v, const struct query_source *source)
{
	struct indexed_health_checks *reply = v->reply;

	view_near(v, source, reply->health_checks.items,
	    reply->health_checks.count, sizeof(*reply->health_checks.items),
	    node_of_check);
}

void
view_checks_in_state(struct view *v, const void *request)
{
	const struct checks_in_state_request *q = request;
	bool is_any = slice_equal(q->state, STATE_ANY);
	size_t room = 0;
	struct row *row;

	checks_begin(v);
	STATE_EACH(v->state, ORDER_CHECKS, SLICE(""), row)
	if ((is_any || slice_equal(CHECK_OF(row)->status, q->state)) &&
	    node_matches(v, CHECK_OF(row)->node, &q->node_meta_filters))
		check_add(v, row, &room);
	view_watches(v, WATCH_CHECK_STATE, q->state);
	view_shows(v, GEN_CHECKS_TABLE, SLICE(""));
	v->index = index_of(v->state, INDEX_CHECKS);
	if (q->node_meta_filters.count > 0)
		view_depends(v, GEN_NODES_TABLE, SLICE(""));
	checks_sort(v, &q->source);
}

void
view_node_checks(struct view *v, const void *request)
{
	const struct node_specific_request *q = request;
	struct slice prefix = KEY(v->arena, q->node);
	size_t room = 0;
	struct row *row;

	checks_begin(v);
	STATE_EACH(v->state, ORDER_CHECKS, prefix, row)
	check_add(v, row, &room);
	v->index = index_of(v->state, INDEX_CHECKS);
	view_depends(v, GEN_NODE, view_name(v, q->node));
	view_shows(v, GEN_CHECKS_TABLE, SLICE(""));
}

void
view_service_checks(struct view *v, const void *request)
{
	const struct service_specific_request *q = request;
	struct slice prefix = KEY(v->arena, q->service_name);
	size_t room = 0;
	struct row *row;

	checks_begin(v);
	STATE_EACH(v->state, ORDER_CHECKS_BY_NAME, prefix, row)
	if (node_matches(v, CHECK_OF(row)->node, &q->node_meta_filters))
		check_add(v, row, &room);
	view_watches(v, WATCH_SERVICE_CHECKS, view_name(v, q->service_name));
	view_shows(v, GEN_CHECKS_TABLE, SLICE(""));
	v->index = index_of(v->state, INDEX_CHECKS);
	if (q->node_meta_filters.count > 0) {
		v->index =
		    index_of_service(v->state, q->service_name, true, true);
		view_depends(v, GEN_SERVICE, view_name(v, q->service_name));
		view_depends(v, GEN_NODES_TABLE, SLICE(""));
		view_shows(v, GEN_SERVICES_TABLE, SLICE(""));
	}
	checks_sort(v, &q->source);
}

/* --- Services with node and checks. --- */

static void
checks_of_instance(struct view *v, const struct service_row *service,
    struct check_service_node *to)
{
	const struct slice prefixes[] = {
		KEY(v->arena, service->node, SLICE("")), /* the node's first */
		KEY(v->arena, service->node, service->id),
	};
	size_t room = 0;
	struct row *row;

	to->checks.items = arena_array(v->arena, 1, sizeof(*to->checks.items));
	for (size_t i = 0; i < 2; i++)
		STATE_EACH(v->state, ORDER_CHECKS_BY_SERVICE, prefixes[i], row)
		{
			to->checks.items = view_grow(v, to->checks.items,
			    to->checks.count, &room, sizeof(*to->checks.items));
			check_to_health_check(CHECK_OF(row), v->arena,
			    &to->checks.items[to->checks.count++]);
		}
}

void
view_instance_add(struct view *v, const struct service_row *service,
    const struct pair_list *node_meta, size_t *room)
{
	struct indexed_check_service_nodes *reply = v->reply;
	struct row *row = node_find(v->state, v->arena, service->node);
	struct check_service_node *to;

	if (row == NULL || !meta_matches(&NODE_OF(row)->meta, node_meta))
		return;
	reply->nodes.items = view_grow(
	    v, reply->nodes.items, reply->nodes.count, room, sizeof(*to));
	to = &reply->nodes.items[reply->nodes.count++];
	to->node = arena_alloc(v->arena, sizeof(*to->node));
	*to->node = *NODE_OF(row);
	to->service = arena_alloc(v->arena, sizeof(*to->service));
	service_to_node_service(service, v->arena, to->service);
	checks_of_instance(v, service, to);
}

static struct slice
node_of_instance(const void *item)
{
	return (((const struct check_service_node *)item)->node->node);
}

void
view_check_service_nodes(struct view *v, const void *request)
{
	const struct service_specific_request *q = request;
	const struct slice_list *tags = tags_wanted(v, q);
	struct indexed_check_service_nodes *reply = v->reply;
	struct slice prefix = KEY(v->arena, q->service_name);
	bool is_there = false;
	size_t room = 0;
	struct row *row;

	if (q->service_name.size == 0) {
		v->refusal = "Must provide service name";
		return;
	}
	reply->nodes.items =
	    arena_array(v->arena, 1, sizeof(*reply->nodes.items));
	STATE_EACH(v->state, ORDER_SERVICES_BY_NAME, prefix, row)
	{
		is_there = true;
		if (tags_match(&SERVICE_OF(row)->tags, tags))
			view_instance_add(
			    v, SERVICE_OF(row), &q->node_meta_filters, &room);
	}
	view_service_index(v, q->service_name, is_there, true);
	view_near(v, &q->source, reply->nodes.items, reply->nodes.count,
	    sizeof(*reply->nodes.items), node_of_instance);
}

/* Consul's index "connect" (state/index_connect.go). */
static bool
is_connected(
    struct view *v, const struct service_row *row, struct slice service)
{
	struct node_service full;

	if (row->proxy.size == 0 && row->connect.size == 0)
		return (false);
	service_to_node_service(row, v->arena, &full);
	if (slice_is(row->kind, "connect-proxy"))
		return (slice_equal_fold(
		    full.proxy.destination_service_name, service));
	return (full.connect.native && slice_equal_fold(row->name, service));
}

void
view_connect_nodes(struct view *v, struct slice service)
{
	static const struct pair_list any;
	size_t room = 0;
	struct row *row;

	STATE_EACH(v->state, ORDER_SERVICES, SLICE(""), row)
	if (is_connected(v, SERVICE_OF(row), service))
		view_instance_add(v, SERVICE_OF(row), &any, &room);
}
