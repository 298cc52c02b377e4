/*
 * Looks at whole nodes and at all services, for the web page.
 *
 * Source  api/http.md 15; Consul's internal_endpoint.go
 */
#include "check.h"
#include "index.h"
#include "node.h"
#include "service.h"
#include "view.h"

static void
services_add(struct view *v, struct slice prefix, struct node_info *to)
{
	size_t room = 0;
	struct row *row;

	STATE_EACH(v->state, ORDER_SERVICES, prefix, row)
	{
		to->services.items = view_grow(v, to->services.items,
		    to->services.count, &room, sizeof(*to->services.items));
		service_to_node_service(SERVICE_OF(row), v->arena,
		    &to->services.items[to->services.count++]);
	}
}

static void
checks_add(struct view *v, struct slice prefix, struct node_info *to)
{
	size_t room = 0;
	struct row *row;

	STATE_EACH(v->state, ORDER_CHECKS, prefix, row)
	{
		to->checks.items = view_grow(v, to->checks.items,
		    to->checks.count, &room, sizeof(*to->checks.items));
		check_to_health_check(CHECK_OF(row), v->arena,
		    &to->checks.items[to->checks.count++]);
	}
}

static void
node_add(struct view *v, const struct node *node, size_t *room)
{
	struct indexed_node_dump *reply = v->reply;
	struct slice prefix = KEY(v->arena, node->node);
	struct node_info *to;

	reply->dump.items = view_grow(
	    v, reply->dump.items, reply->dump.count, room, sizeof(*to));
	to = &reply->dump.items[reply->dump.count++];
	*to = (struct node_info){
		.id = node->id,
		.node = node->node,
		.address = node->address,
		.tagged_addresses = node->tagged_addresses,
		.meta = node->meta,
	};
	services_add(v, prefix, to);
	checks_add(v, prefix, to);
}

void
view_node_info(struct view *v, const void *request)
{
	const struct node_specific_request *q = request;
	size_t room = 0;
	struct row *row;

	if (q->node.size == 0) {
		v->refusal = "Must provide node";
		return;
	}
	row = node_find(v->state, v->arena, q->node);
	if (row != NULL)
		node_add(v, NODE_OF(row), &room);
	v->index = index_of_catalog(v->state, true);
	view_depends(v, GEN_NODE, view_name(v, q->node));
	view_shows(v, GEN_NODES_TABLE, SLICE(""));
	view_shows(v, GEN_SERVICES_TABLE, SLICE(""));
	view_shows(v, GEN_CHECKS_TABLE, SLICE(""));
}

static void
dump_depends(struct view *v)
{
	v->index = index_of_catalog(v->state, true);
	view_depends(v, GEN_NODES_TABLE, SLICE(""));
	view_depends(v, GEN_SERVICES_TABLE, SLICE(""));
	view_depends(v, GEN_CHECKS_TABLE, SLICE(""));
}

void
view_node_dump(struct view *v, const void *request)
{
	size_t room = 0;
	struct row *row;

	(void)request;
	STATE_EACH(v->state, ORDER_NODES, SLICE(""), row)
	node_add(v, NODE_OF(row), &room);
	dump_depends(v);
}

void
view_service_dump(struct view *v, const void *request)
{
	static const struct pair_list any;
	const struct service_dump_request *q = request;
	size_t room = 0;
	struct row *row;

	STATE_EACH(v->state, ORDER_SERVICES, SLICE(""), row)
	if (!q->use_service_kind ||
	    slice_equal(SERVICE_OF(row)->kind, q->service_kind))
		view_instance_add(v, SERVICE_OF(row), &any, &room);
	dump_depends(v);
}
