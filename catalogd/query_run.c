/* Running prepared queries; see query_run.h. */
#include <string.h>

#include "query_run.h"
#include "rtt.h"
#include "service.h"
#include "view.h"

/* Consul looks for the near node among so many only: sorted, it is one of the
 * first. */
#define NEAR_DEPTH 10

/* --- Who offers the service. --- */

static void
instances_find(struct view *v, struct slice service,
    struct prepared_query_execute_response *reply)
{
	struct indexed_check_service_nodes found = { 0 };
	const struct service_specific_request request = { .service_name =
							      service };

	if (service.size == 0) /* a template that came to nothing */
		return;
	v->reply = &found;
	view_check_service_nodes(v, &request);
	v->reply = NULL;
	reply->nodes.items = found.nodes.items;
	reply->nodes.count = found.nodes.count;
}

static void
instances_find_connect(struct view *v, struct slice service,
    struct prepared_query_execute_response *reply)
{
	struct indexed_check_service_nodes found = { 0 };

	v->reply = &found;
	view_connect_nodes(v, service);
	v->reply = NULL;
	reply->nodes.items = found.nodes.items;
	reply->nodes.count = found.nodes.count;
}

/* --- Which of them will do. --- */

static bool
texts_have(const struct slice_list *list, struct slice text)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_equal(list->items[i], text))
			return (true);
	return (false);
}

static bool
is_healthy(
    const struct check_service_node *row, const struct service_query *wanted)
{
	for (size_t i = 0; i < row->checks.count; i++) {
		const struct health_check *check = &row->checks.items[i];

		if (texts_have(&wanted->ignore_check_ids, check->check_id))
			continue;
		if (slice_is(check->status, "critical") ||
		    (wanted->only_passing &&
			!slice_is(check->status, "passing")))
			return (false);
	}
	return (true);
}

static bool
tags_fit(const struct slice_list *have, const struct slice_list *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		struct slice tag = wanted->items[i];
		bool is_unwanted = slice_starts_with(tag, SLICE("!"));
		struct slice_list one = { &tag, 1 };

		if (is_unwanted)
			tag = slice_tail(tag, 1);
		if (tags_match(have, &one) == is_unwanted)
			return (false);
	}
	return (true);
}

static bool
fits(const struct check_service_node *row, const struct service_query *wanted)
{
	return (is_healthy(row, wanted) &&
		meta_matches(&row->node->meta, &wanted->node_meta) &&
		meta_matches(&row->service->meta, &wanted->service_meta) &&
		tags_fit(&row->service->tags, &wanted->tags));
}

void
query_run(const struct state *s, const struct prepared_query *query,
    bool must_connect, struct slice datacenter, struct arena *arena,
    struct prepared_query_execute_response *reply)
{
	struct view v = { .state = s, .arena = arena };
	size_t kept = 0;

	if (query->service.connect || must_connect)
		instances_find_connect(&v, query->service.service, reply);
	else
		instances_find(&v, query->service.service, reply);
	for (size_t i = 0; i < reply->nodes.count; i++) {
		struct check_service_node row = reply->nodes.items[i];

		if (!fits(&row, &query->service))
			continue;
		if (row.checks.count == 0) /* Go's nil */
			row.checks.items = NULL;
		reply->nodes.items[kept++] = row;
	}
	reply->nodes.count = kept;
	reply->service = query->service.service;
	reply->dns = query->dns;
	reply->datacenter = datacenter;
}

/* --- Near whom. --- */

static struct slice
node_at(const struct state *s, struct slice address)
{
	struct row *row;

	STATE_EACH(s, ORDER_NODES, SLICE(""), row)
	if (slice_equal(NODE_OF(row)->address, address))
		return (NODE_OF(row)->node);
	return (SLICE(""));
}

struct slice
query_near(const struct state *s, const struct prepared_query *query,
    const struct prepared_query_execute_request *q, struct slice datacenter,
    bool *is_without_address)
{
	struct slice near = q->source.node, of = q->source.datacenter;

	*is_without_address = false;
	if (of.size == 0)
		of = q->agent.datacenter;
	if (near.size == 0)
		near = query->service.near;
	if (slice_is(near, "_agent")) {
		near = q->agent.node;
	} else if (slice_is(near, "_ip")) {
		*is_without_address = q->source.ip.size == 0;
		near =
		    *is_without_address ? SLICE("") : node_at(s, q->source.ip);
	}
	/* Coordinates of different datacenters do not compare. */
	return (slice_equal(of, datacenter) ? near : SLICE(""));
}

static struct slice
node_of(const void *item)
{
	return (((const struct check_service_node *)item)->node->node);
}

void
query_sort(const struct state *s, struct slice near, struct arena *arena,
    struct prepared_query_execute_response *reply)
{
	struct check_service_node *rows = reply->nodes.items, swap;

	if (near.size == 0)
		return;
	rtt_sort(
	    s, arena, near, rows, reply->nodes.count, sizeof(*rows), node_of);
	for (size_t i = 0; i < reply->nodes.count && i < NEAR_DEPTH; i++) {
		if (!slice_equal(rows[i].node->node, near))
			continue;
		swap = rows[0];
		rows[0] = rows[i];
		rows[i] = swap;
		return;
	}
}

/* --- Other datacenters. --- */

struct slice_list
query_datacenters(const struct prepared_query *query,
    const struct slice_list *known, struct arena *arena,
    struct slice_list *skipped)
{
	const struct query_datacenter_options *o = &query->service.failover;
	struct slice_list chosen = {
		arena_array(arena, known->count + o->datacenters.count + 1,
		    sizeof(struct slice)),
		0
	};
	size_t nearest;

	skipped->count = 0;
	skipped->items = arena_array(
	    arena, o->datacenters.count + 1, sizeof(*skipped->items));
	for (size_t i = 0; i < known->count && (int64_t)i < o->nearest_n; i++)
		chosen.items[chosen.count++] = known->items[i];
	nearest = chosen.count;
	for (size_t i = 0; i < o->datacenters.count; i++) {
		struct slice name = o->datacenters.items[i];
		const struct slice_list first = { chosen.items, nearest };

		if (!texts_have(known, name))
			skipped->items[skipped->count++] = name;
		else if (!texts_have(&first, name))
			chosen.items[chosen.count++] = name;
	}
	return (chosen);
}
