/*
 * /v1/coordinate/: where the nodes are in Vivaldi's space; api/http.md 9.
 */
#include "api.h"
#include "httpd.h"
#include "render.h"

/* false: it has been refused. */
static bool
coordinates_are_on(struct request *r)
{
	if (!r->httpd->daemon->config->keys.disable_coordinates)
		return (true);
	request_text(r, 401, "Coordinate support disabled");
	return (false);
}

/* --- Datacenters. --- */

static void
render_datacenters(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct datacenter_maps *reply = replies[0];

	(void)view;
	(void)arena;
	out->content = CONTENT_JSON;
	render_list(&datacenter_map_type, reply->value.items,
	    reply->value.count, &out->body);
}

/* No parameter is looked at. */
void
api_coordinate_datacenters(struct request *r)
{
	struct datacenters_request q = { .options.token = r->token };
	struct view view = { .render = render_datacenters };

	if (coordinates_are_on(r))
		ask(r, METHOD_Coordinate_ListDatacenters, &q, &view);
}

/* --- Nodes. --- */

#define VIEW_OF_NODE	VIEW_RAW     /* nothing is 404 */
#define VIEW_OF_SEGMENT VIEW_PASSING /* the note is its name */

static size_t
put_coordinates(const struct view *view,
    const struct indexed_coordinates *reply, struct buf *out)
{
	size_t count = 0;

	buf_put_u8(out, '[');
	for (size_t i = 0; i < reply->coordinates.count; i++) {
		const struct coordinate *row = &reply->coordinates.items[i];

		if ((view->flags & VIEW_OF_SEGMENT) != 0 &&
		    !slice_equal(row->segment, view->note))
			continue;
		if (count++ > 0)
			buf_put_u8(out, ',');
		json_from_type(&coordinate_type, row, out);
	}
	buf_put_u8(out, ']');
	return (count);
}

static void
render_coordinates(const struct view *view, const void *const *replies,
    struct arena *arena, struct response *out)
{
	const struct indexed_coordinates *reply = replies[0];

	(void)arena;
	if (put_coordinates(view, reply, &out->body) > 0 ||
	    (view->flags & VIEW_OF_NODE) == 0) {
		render_meta(view, &reply->meta, out);
		return;
	}
	buf_reset(&out->body);
	out->status = 404;
	/* Unseen, but what a blocking client waits for. */
	out->index = reply->meta.index;
}

static struct view
coordinates_view(const struct request *r, unsigned flags)
{
	struct view view = { .render = render_coordinates, .flags = flags };

	if (query_has(&r->query, "segment")) {
		view.flags |= VIEW_OF_SEGMENT;
		view.note = query_get(&r->query, "segment");
	}
	return (view);
}

void
api_coordinate_nodes(struct request *r)
{
	struct dc_specific_request q = { .datacenter = request_datacenter(r) };
	struct view view = coordinates_view(r, 0);

	if (coordinates_are_on(r) && request_options(r, &q.options))
		ask_read(r, METHOD_Coordinate_ListNodes, &q, &q.options, &view);
}

void
api_coordinate_node(struct request *r)
{
	struct node_specific_request q = { .datacenter = request_datacenter(r),
		.node = r->argument };
	struct view view = coordinates_view(r, VIEW_OF_NODE);

	if (coordinates_are_on(r) && request_options(r, &q.options))
		ask_read(r, METHOD_Coordinate_Node, &q, &q.options, &view);
}

/* --- Update. --- */

void
api_coordinate_update(struct request *r)
{
	struct coordinate_update_request q = { 0 };
	struct view view = { .render = render_empty };
	struct slice dc = query_get(&r->query, "dc");

	if (!coordinates_are_on(r) ||
	    !request_decode(r, JSON_API, &coordinate_update_request_type, &q,
		"Request decode failed: "))
		return;
	/* Here Consul's server dies of a nil pointer. */
	if (q.coord == NULL) {
		request_text(r, 400, "Missing Coord");
		return;
	}
	if (dc.size > 0 || q.datacenter.size == 0)
		q.datacenter = request_datacenter(r);
	if (r->token.size > 0)
		q.write.token = r->token;
	ask(r, METHOD_Coordinate_Update, &q, &view);
}
