/* Federation states; see federation.h. */
#include "federation.h"
#include "fsm.h"
#include "index.h"

/* The state in this row; NULL if it is of something else. */
static const struct federation_state *
state_of(struct state *s, const struct row *row)
{
	struct slice record = KEPT_OF(row)->record;
	struct federation_state_request *r = arena_alloc(&s->arena, sizeof(*r));

	if (record.data[0] != FSM_FEDERATION ||
	    type_decode_all(&federation_state_request_type,
		slice_tail(record, 1), &s->arena, r) != ERR_OK)
		return (NULL);
	return (r->state);
}

/* The row of this datacenter, or NULL; *next is a number that is free. */
static struct row *
row_find(struct state *s, struct slice datacenter, uint64_t *next)
{
	struct row *row, *found = NULL;

	*next = 1;
	STATE_EACH(s, ORDER_KEPT, SLICE(""), row)
	{
		const struct federation_state *here = state_of(s, row);

		*next = KEPT_OF(row)->number + 1;
		if (here != NULL && slice_equal(here->datacenter, datacenter))
			found = row;
	}
	return (found);
}

static void
put(struct state *s, uint64_t number, struct federation_state *state)
{
	const struct federation_state_request r = {
		.op = SLICE("upsert"),
		.state = state,
	};
	struct buf record = { 0 };

	buf_put_u8(&record, FSM_FEDERATION);
	type_encode(&federation_state_request_type, &r, &record);
	state_put(s, row_of_kept(number, buf_slice(&record)));
	buf_deinit(&record);
}

static void
upsert(struct state *s, const struct federation_state *given)
{
	struct federation_state new = *given;
	uint64_t number;
	struct row *row = row_find(s, given->datacenter, &number);
	const struct federation_state *old =
	    row == NULL ? NULL : state_of(s, row);

	new.indexes.create_index =
	    old == NULL ? s->index : old->indexes.create_index;
	new.indexes.modify_index = s->index;
	/* Who writes it first is the primary. */
	if (new.primary_modify_index == 0)
		new.primary_modify_index = s->index;
	put(s, row == NULL ? number : KEPT_OF(row)->number, &new);
	index_raise(s, INDEX_FEDERATION);
}

static void
drop(struct state *s, const struct federation_state *given)
{
	uint64_t number;
	struct row *row = row_find(s, given->datacenter, &number);

	if (row == NULL)
		return;
	state_remove(s, row);
	index_raise(s, INDEX_FEDERATION);
}

enum err
federation_apply(struct state *s, const struct federation_state_request *r)
{
	if (r->state == NULL)
		return (state_refuse(s, "missing federation state"));
	if (slice_is(r->op, "upsert"))
		upsert(s, r->state);
	else if (slice_is(r->op, "delete"))
		drop(s, r->state);
	else
		return (state_refuse(s,
		    "invalid federation state operation type: %.*s",
		    SLICE_ARGS(r->op)));
	return (ERR_OK);
}
