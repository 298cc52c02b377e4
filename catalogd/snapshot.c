/* state.bin, written; see snapshot.h. */
#include <stdlib.h>

#include "check.h"
#include "coordinate.h"
#include "fsm.h"
#include "msgpack.h"
#include "service.h"
#include "snapshot.h"
#include "xmalloc.h"

struct snapshot {
	struct row **rows; /* each counted; in the order of the records */
	size_t count;
	size_t room;
	size_t next; /* to be written */
	uint64_t index;
	struct row *node; /* lent by rows: whose services and checks follow */
	bool has_head;
	bool has_tail;
	struct buf tail;    /* the last record */
	struct arena arena; /* of one record */
};

/* --- Taking. --- */

static void
row_take(struct snapshot *snap, struct row *row)
{
	if (snap->count == snap->room) {
		snap->room = snap->room * 2 + 256;
		snap->rows =
		    xreallocarray(snap->rows, snap->room, sizeof(*snap->rows));
	}
	snap->rows[snap->count++] = row_keep(row);
}

static void
order_take(struct snapshot *snap, const struct state *s, enum order order,
    struct slice prefix)
{
	struct row *row;

	STATE_EACH(s, order, prefix, row)
	row_take(snap, row);
}

struct snapshot *
snapshot_take(const struct state *s)
{
	struct snapshot *snap = xcalloc(1, sizeof(*snap));
	struct row *node;

	snap->index = s->index;
	buf_put_u8(&snap->tail, FSM_CHUNKING);
	pieces_write(&s->pieces, &snap->tail);
	arena_init(&snap->arena);
	STATE_EACH(s, ORDER_NODES, SLICE(""), node)
	{
		struct slice key = node->links[0].key;

		row_take(snap, node);
		order_take(snap, s, ORDER_SERVICES, key);
		order_take(snap, s, ORDER_CHECKS, key);
	}
	order_take(snap, s, ORDER_COORDINATES, SLICE(""));
	order_take(snap, s, ORDER_SESSIONS, SLICE(""));
	order_take(snap, s, ORDER_KV, SLICE(""));
	order_take(snap, s, ORDER_TOMBSTONES, SLICE(""));
	order_take(snap, s, ORDER_QUERIES, SLICE(""));
	order_take(snap, s, ORDER_AUTOPILOT, SLICE(""));
	order_take(snap, s, ORDER_KEPT, SLICE(""));
	order_take(snap, s, ORDER_INDEXES, SLICE(""));
	return (snap);
}

void
snapshot_free(struct snapshot *snap)
{
	if (snap == NULL)
		return;
	for (size_t i = snap->next; i < snap->count; i++)
		row_drop(snap->rows[i]);
	if (snap->node != NULL)
		row_drop(snap->node);
	arena_deinit(&snap->arena);
	buf_deinit(&snap->tail);
	free(snap->rows);
	free(snap);
}

/* --- Writing, a function a table. --- */

typedef void write_fn(struct snapshot *, struct row *, struct buf *);

static void
record_write(enum fsm_type type, const struct type *shape, const void *record,
    struct buf *out)
{
	buf_put_u8(out, (uint8_t)type);
	type_encode(shape, record, out);
}

static struct register_request
node_register(const struct node *node)
{
	return ((struct register_request){
	    .id = node->id,
	    .node = node->node,
	    .address = node->address,
	    .datacenter = node->datacenter,
	    .tagged_addresses = node->tagged_addresses,
	    .node_meta = node->meta,
	    .indexes = node->indexes,
	});
}

static void
write_node(struct snapshot *snap, struct row *row, struct buf *out)
{
	const struct register_request r = node_register(NODE_OF(row));

	row_drop(snap->node);
	snap->node = row_keep(row);
	record_write(FSM_REGISTER, &register_request_type, &r, out);
}

static void
write_service(struct snapshot *snap, struct row *row, struct buf *out)
{
	struct register_request r = node_register(NODE_OF(snap->node));
	struct node_service service;

	service_to_node_service(SERVICE_OF(row), &snap->arena, &service);
	r.service = &service;
	record_write(FSM_REGISTER, &register_request_type, &r, out);
}

static void
write_check(struct snapshot *snap, struct row *row, struct buf *out)
{
	struct register_request r = node_register(NODE_OF(snap->node));
	struct health_check check;

	check_to_health_check(CHECK_OF(row), &snap->arena, &check);
	r.check = &check;
	record_write(FSM_REGISTER, &register_request_type, &r, out);
}

static void
write_session(struct snapshot *snap, struct row *row, struct buf *out)
{
	(void)snap;
	record_write(FSM_SESSION, &session_type, SESSION_OF(row), out);
}

static void
write_kv(struct snapshot *snap, struct row *row, struct buf *out)
{
	(void)snap;
	record_write(FSM_KVS, &dir_entry_type, KV_OF(row), out);
}

static void
write_tombstone(struct snapshot *snap, struct row *row, struct buf *out)
{
	const struct dir_entry entry = {
		.key = TOMBSTONE_OF(row)->key,
		.indexes = { .modify_index = TOMBSTONE_OF(row)->index },
	};

	(void)snap;
	record_write(FSM_TOMBSTONE, &dir_entry_type, &entry, out);
}

/* An array of one. */
static void
write_coordinate(struct snapshot *snap, struct row *row, struct buf *out)
{
	struct coordinate one;
	const struct coordinates record = { .value = { &one, 1 } };

	coordinate_of_row(COORDINATE_OF(row), &snap->arena, &one);
	record_write(FSM_COORDINATES, &coordinates_type, &record, out);
}

static void
write_query(struct snapshot *snap, struct row *row, struct buf *out)
{
	(void)snap;
	record_write(FSM_QUERY, &prepared_query_type, QUERY_OF(row), out);
}

static void
write_autopilot(struct snapshot *snap, struct row *row, struct buf *out)
{
	(void)snap;
	record_write(
	    FSM_AUTOPILOT, &autopilot_config_type, AUTOPILOT_OF(row), out);
}

static void
write_index(struct snapshot *snap, struct row *row, struct buf *out)
{
	const struct index_entry entry = {
		.key = INDEX_OF(row)->name,
		.value = INDEX_OF(row)->value,
	};

	(void)snap;
	record_write(FSM_INDEX, &index_entry_type, &entry, out);
}

static void
write_kept(struct snapshot *snap, struct row *row, struct buf *out)
{
	(void)snap;
	buf_put_slice(out, KEPT_OF(row)->record);
}

static write_fn *const writers[TABLE_COUNT] = {
	[TABLE_NODES] = write_node,
	[TABLE_SERVICES] = write_service,
	[TABLE_CHECKS] = write_check,
	[TABLE_KV] = write_kv,
	[TABLE_TOMBSTONES] = write_tombstone,
	[TABLE_SESSIONS] = write_session,
	[TABLE_COORDINATES] = write_coordinate,
	[TABLE_QUERIES] = write_query,
	[TABLE_AUTOPILOT] = write_autopilot,
	[TABLE_INDEXES] = write_index,
	[TABLE_KEPT] = write_kept,
};

static void
write_head(struct snapshot *snap, struct buf *out)
{
	snap->has_head = true;
	pack_map(out, 1);
	pack_text(out, "LastIndex");
	pack_uint(out, snap->index);
}

/* What was not whole in the moment of the snapshot. */
static void
write_tail(struct snapshot *snap, struct buf *out)
{
	snap->has_tail = true;
	buf_put_slice(out, buf_slice(&snap->tail));
}

bool
snapshot_write(struct snapshot *snap, size_t size, struct buf *out)
{
	size_t end = out->size + size;

	if (!snap->has_head)
		write_head(snap, out);
	while (snap->next < snap->count && out->size < end) {
		struct row *row = snap->rows[snap->next++];

		arena_reset(&snap->arena);
		writers[row->table](snap, row, out);
		row_drop(row);
	}
	if (snap->next < snap->count)
		return (true);
	if (!snap->has_tail)
		write_tail(snap, out);
	return (false);
}
