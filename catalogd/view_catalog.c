/* Looks at nodes and services. */
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "node.h"
#include "service.h"
#include "view.h"

static struct slice
node_of_node(const void *item)
{
	return (((const struct node *)item)->node);
}

void
view_nodes(struct view *v, const void *request)
{
	const struct dc_specific_request *q = request;
	struct indexed_nodes *reply = v->reply;
	struct row *row;

	reply->nodes.items = arena_array(v->arena,
	    v->state->counts[TABLE_NODES] + 1, sizeof(*reply->nodes.items));
	STATE_EACH(v->state, ORDER_NODES, SLICE(""), row)
	if (meta_matches(&NODE_OF(row)->meta, &q->node_meta_filters))
		reply->nodes.items[reply->nodes.count++] = *NODE_OF(row);
	v->index = index_of(v->state, INDEX_NODES);
	view_depends(v, GEN_NODES_TABLE, SLICE(""));
	view_near(v, &q->source, reply->nodes.items, reply->nodes.count,
	    sizeof(*reply->nodes.items), node_of_node);
}

/* --- All service names with their tags. --- */

static int
text_compare(const void *a, const void *b)
{
	return (
	    slice_compare(*(const struct slice *)a, *(const struct slice *)b));
}

/* Sorted, each once. */
static void
tags_unify(struct slice_list *tags)
{
	size_t kept = 0;

	if (tags->count < 2)
		return;
	qsort(tags->items, tags->count, sizeof(*tags->items), text_compare);
	for (size_t i = 1; i < tags->count; i++)
		if (!slice_equal(tags->items[i], tags->items[kept]))
			tags->items[++kept] = tags->items[i];
	tags->count = kept + 1;
}

struct service_name_row {
	struct slice name;
	struct slice_list tags;
	size_t room;
};

struct service_names {
	struct service_name_row *items;
	size_t count;
	size_t room;
	size_t group; /* first of the names that differ only in case */
};

static struct service_name_row *
name_find(struct view *v, struct service_names *names, struct slice name)
{
	struct service_name_row *row;

	if (names->count > 0 &&
	    !slice_equal_fold(names->items[names->count - 1].name, name))
		names->group = names->count;
	for (size_t i = names->group; i < names->count; i++)
		if (slice_equal(names->items[i].name, name))
			return (&names->items[i]);
	names->items = view_grow(
	    v, names->items, names->count, &names->room, sizeof(*row));
	row = &names->items[names->count++];
	row->name = name;
	row->tags.items = arena_array(v->arena, 1, sizeof(struct slice));
	return (row);
}

static void
name_add(struct view *v, struct service_names *names,
    const struct service_row *service)
{
	struct service_name_row *row = name_find(v, names, service->name);

	for (size_t i = 0; i < service->tags.count; i++) {
		row->tags.items = view_grow(v, row->tags.items, row->tags.count,
		    &row->room, sizeof(struct slice));
		row->tags.items[row->tags.count++] = service->tags.items[i];
	}
}

static void
names_reply(struct view *v, struct service_names *names)
{
	struct indexed_services *reply = v->reply;

	reply->services.items = arena_array(
	    v->arena, names->count + 1, sizeof(*reply->services.items));
	for (size_t i = 0; i < names->count; i++) {
		tags_unify(&names->items[i].tags);
		reply->services.items[i] = (struct strs_entry){
			.key = names->items[i].name,
			.value = names->items[i].tags,
		};
	}
	reply->services.count = names->count;
}

void
view_services(struct view *v, const void *request)
{
	const struct dc_specific_request *q = request;
	struct service_names names = { 0 };
	struct row *row;

	STATE_EACH(v->state, ORDER_SERVICES_BY_NAME, SLICE(""), row)
	if (node_matches(v, SERVICE_OF(row)->node, &q->node_meta_filters))
		name_add(v, &names, SERVICE_OF(row));
	names_reply(v, &names);
	view_depends(v, GEN_SERVICES_TABLE, SLICE(""));
	if (q->node_meta_filters.count > 0) {
		v->index = index_of_catalog(v->state, false);
		view_depends(v, GEN_NODES_TABLE, SLICE(""));
	} else {
		v->index = index_of(v->state, INDEX_SERVICES);
	}
}

/* --- Instances of one service. --- */

const struct slice_list *
tags_wanted(struct view *v, const struct service_specific_request *q)
{
	static const struct slice_list none;
	struct slice_list *one;

	if (!q->tag_filter)
		return (&none);
	if (q->service_tag.size == 0)
		return (&q->service_tags);
	one = arena_alloc(v->arena, sizeof(*one)); /* the older form */
	one->items = arena_alloc(v->arena, sizeof(*one->items));
	one->items[0] = q->service_tag;
	one->count = 1;
	return (one);
}

static bool
address_matches(const struct service_row *service, struct slice address)
{
	if (slice_equal(service->address, address))
		return (true);
	for (size_t i = 0; i < service->address_count; i++)
		if (slice_equal(service->addresses[i].value.address, address))
			return (true);
	return (false);
}

static void
service_node_add(struct view *v, struct row *row,
    const struct pair_list *node_meta, size_t *room)
{
	struct indexed_service_nodes *reply = v->reply;
	const struct service_row *service = SERVICE_OF(row);
	struct row *node = node_find(v->state, v->arena, service->node);

	if (node == NULL || !meta_matches(&NODE_OF(node)->meta, node_meta))
		return;
	reply->service_nodes.items =
	    view_grow(v, reply->service_nodes.items, reply->service_nodes.count,
		room, sizeof(*reply->service_nodes.items));
	service_to_service_node(service, NODE_OF(node), v->arena,
	    &reply->service_nodes.items[reply->service_nodes.count++]);
}

/* By address, for DNS. */
static void
service_nodes_at(struct view *v, const struct service_specific_request *q)
{
	size_t room = 0;
	struct row *row;

	STATE_EACH(v->state, ORDER_SERVICES, SLICE(""), row)
	if (address_matches(SERVICE_OF(row), q->service_address))
		service_node_add(v, row, &q->node_meta_filters, &room);
	v->index = index_of_catalog(v->state, false);
	view_depends(v, GEN_SERVICES_TABLE, SLICE(""));
	view_depends(v, GEN_NODES_TABLE, SLICE(""));
}

static struct slice
node_of_service(const void *item)
{
	return (((const struct service_node *)item)->node);
}

static void
service_nodes_sort(struct view *v, const struct service_specific_request *q)
{
	struct indexed_service_nodes *reply = v->reply;

	view_near(v, &q->source, reply->service_nodes.items,
	    reply->service_nodes.count, sizeof(*reply->service_nodes.items),
	    node_of_service);
}

void
view_service_nodes(struct view *v, const void *request)
{
	const struct service_specific_request *q = request;
	const struct slice_list *tags = tags_wanted(v, q);
	struct indexed_service_nodes *reply = v->reply;
	struct slice prefix = KEY(v->arena, q->service_name);
	bool is_there = false;
	size_t room = 0;
	struct row *row;

	reply->service_nodes.items =
	    arena_array(v->arena, 1, sizeof(*reply->service_nodes.items));
	if (q->service_address.size > 0) {
		service_nodes_at(v, q);
		service_nodes_sort(v, q);
		return;
	}
	if (q->service_name.size == 0) {
		v->refusal = "Must provide service name";
		return;
	}
	STATE_EACH(v->state, ORDER_SERVICES_BY_NAME, prefix, row)
	{
		is_there = true;
		if (tags_match(&SERVICE_OF(row)->tags, tags))
			service_node_add(v, row, &q->node_meta_filters, &room);
	}
	view_service_index(v, q->service_name, is_there, false);
	service_nodes_sort(v, q);
}

/* --- Services of one node. --- */

/* By name, or by two or more digits of its id, if that is one node only. */
static const struct node *
node_meant(struct view *v, struct slice name)
{
	struct row *row = node_find(v->state, v->arena, name);

	view_depends(v, GEN_NODE, view_name(v, name));
	if (row != NULL)
		return (NODE_OF(row));
	view_depends(v, GEN_NODES_TABLE, SLICE(""));
	if (name.size < 2)
		return (NULL);
	row = node_find_id_prefix(v->state, name);
	if (row == NULL)
		return (NULL);
	view_depends(v, GEN_NODE, view_name(v, NODE_OF(row)->node));
	return (NODE_OF(row));
}

/* An unknown node shows no index at all. */
static const struct node *
node_of(struct view *v, const struct node_specific_request *q)
{
	const struct node *node;

	if (q->node.size == 0) {
		v->refusal = "Must provide node";
		return (NULL);
	}
	node = node_meant(v, q->node);
	if (node == NULL)
		return (NULL);
	v->index = index_of_catalog(v->state, false);
	view_shows(v, GEN_SERVICES_TABLE, SLICE(""));
	view_shows(v, GEN_NODES_TABLE, SLICE(""));
	return (node);
}

static struct node *
node_copy(struct view *v, const struct node *node)
{
	struct node *copy = arena_alloc(v->arena, sizeof(*copy));

	*copy = *node;
	return (copy);
}

void
view_node_services(struct view *v, const void *request)
{
	struct indexed_node_services *reply = v->reply;
	const struct node *node = node_of(v, request);
	struct node_services *services;
	struct slice prefix;
	size_t room = 0;
	struct row *row;

	if (node == NULL)
		return;
	prefix = KEY(v->arena, node->node);
	services = arena_alloc(v->arena, sizeof(*services));
	services->node = node_copy(v, node);
	services->services.items =
	    arena_array(v->arena, 1, sizeof(*services->services.items));
	STATE_EACH(v->state, ORDER_SERVICES, prefix, row)
	{
		struct node_service_entry *entry;

		services->services.items =
		    view_grow(v, services->services.items,
			services->services.count, &room, sizeof(*entry));
		entry = &services->services.items[services->services.count++];
		entry->key = SERVICE_OF(row)->id;
		service_to_node_service(
		    SERVICE_OF(row), v->arena, &entry->value);
	}
	reply->node_services = services;
}

void
view_node_service_list(struct view *v, const void *request)
{
	struct indexed_node_service_list *reply = v->reply;
	struct node_service_list *list = &reply->node_services;
	const struct node *node = node_of(v, request);
	struct slice prefix;
	size_t room = 0;
	struct row *row;

	if (node == NULL)
		return;
	prefix = KEY(v->arena, node->node);
	list->node = node_copy(v, node);
	STATE_EACH(v->state, ORDER_SERVICES, prefix, row)
	{
		list->services.items = view_grow(v, list->services.items,
		    list->services.count, &room, sizeof(*list->services.items));
		service_to_node_service(SERVICE_OF(row), v->arena,
		    &list->services.items[list->services.count++]);
	}
}
