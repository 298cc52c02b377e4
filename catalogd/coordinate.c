/* Coordinates and autopilot's configuration; see coordinate.h. */
#include "coordinate.h"
#include "index.h"
#include "node.h"

void
coordinate_load(struct state *s, const struct coordinate *c)
{
	struct coordinate_row row = { .node = c->node, .segment = c->segment };
	struct buf coord = { 0 };

	if (c->coord == NULL)
		return;
	type_encode(&vivaldi_coord_type, c->coord, &coord);
	row.coord = buf_slice(&coord);
	state_put(s, row_of_coordinate(&row));
	buf_deinit(&coord);
}

void
coordinate_update(struct state *s, const struct coordinate *c)
{
	if (node_find(s, &s->arena, c->node) != NULL)
		coordinate_load(s, c);
}

void
coordinate_of_row(const struct coordinate_row *row, struct arena *arena,
    struct coordinate *out)
{
	struct vivaldi_coord *coord = arena_alloc(arena, sizeof(*coord));

	/* They are our own bytes. */
	if (type_decode_all(&vivaldi_coord_type, row->coord, arena, coord) !=
	    ERR_OK)
		coord = NULL;
	*out = (struct coordinate){ row->node, row->segment, coord };
}

void
coordinates_delete(struct state *s, struct slice node)
{
	struct slice prefix = KEY(&s->arena, node);
	struct row *row;

	while ((row = state_first(s, ORDER_COORDINATES, prefix)) != NULL) {
		state_remove(s, row);
		index_raise(s, INDEX_COORDINATES);
	}
}

/* --- Autopilot: one row, and no index of a table. --- */

static struct row *
autopilot_row(const struct state *s)
{
	return (state_first(s, ORDER_AUTOPILOT, SLICE("")));
}

const struct autopilot_config *
autopilot_config_of(const struct state *s)
{
	struct row *row = autopilot_row(s);

	return (row == NULL ? NULL : AUTOPILOT_OF(row));
}

void
autopilot_load(struct state *s, const struct autopilot_config *config)
{
	state_put(s, row_of_autopilot(config));
}

void
autopilot_set(struct state *s, const struct autopilot_config *given)
{
	const struct autopilot_config *old = autopilot_config_of(s);
	struct autopilot_config new = *given;

	new.create_index = old == NULL ? s->index : old->create_index;
	new.modify_index = s->index;
	autopilot_load(s, &new);
}

bool
autopilot_set_cas(struct state *s, const struct autopilot_config *given)
{
	const struct autopilot_config *old = autopilot_config_of(s);

	if (old == NULL || old->modify_index != given->modify_index)
		return (false);
	autopilot_set(s, given);
	return (true);
}
