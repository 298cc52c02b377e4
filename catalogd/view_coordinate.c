/* Looks at coordinates: where nodes are in the network. */
#include "coordinate.h"
#include "index.h"
#include "view.h"

static void
coordinates_add(struct view *v, struct slice prefix)
{
	struct indexed_coordinates *reply = v->reply;
	size_t room = 0;
	struct row *row;

	STATE_EACH(v->state, ORDER_COORDINATES, prefix, row)
	{
		reply->coordinates.items = view_grow(v,
		    reply->coordinates.items, reply->coordinates.count, &room,
		    sizeof(*reply->coordinates.items));
		coordinate_of_row(COORDINATE_OF(row), v->arena,
		    &reply->coordinates.items[reply->coordinates.count++]);
	}
	v->index = index_of(v->state, INDEX_COORDINATES);
}

void
view_coordinates(struct view *v, const void *request)
{
	(void)request;
	coordinates_add(v, SLICE(""));
	view_depends(v, GEN_COORDINATES_TABLE, SLICE(""));
}

/* Consul shows the name as it was asked for. */
void
view_node_coordinates(struct view *v, const void *request)
{
	const struct node_specific_request *q = request;
	struct indexed_coordinates *reply = v->reply;

	coordinates_add(v, KEY(v->arena, q->node));
	for (size_t i = 0; i < reply->coordinates.count; i++)
		reply->coordinates.items[i].node = q->node;
	view_shows(v, GEN_COORDINATES_TABLE, SLICE(""));
	view_watches(v, WATCH_COORDINATES, view_name(v, q->node));
}
