/* state.bin, read; see snapshot.h. */
#include "coordinate.h"
#include "fsm.h"
#include "index.h"
#include "kv.h"
#include "msgpack.h"
#include "queries.h"
#include "session.h"
#include "snapshot.h"

typedef enum err load_fn(struct snapshot_load *, const void *record);

void
snapshot_load_init(struct snapshot_load *load, struct state *s)
{
	*load = (struct snapshot_load){ .state = s };
	s->is_loading = true;
}

void
snapshot_load_deinit(struct snapshot_load *load)
{
	buf_deinit(&load->pending);
}

/* --- One function a type of record. --- */

static enum err
load_register(struct snapshot_load *load, const void *record)
{
	return (fsm_register(load->state, record));
}

static enum err
load_session(struct snapshot_load *load, const void *record)
{
	return (session_create(load->state, record));
}

static enum err
load_kv(struct snapshot_load *load, const void *record)
{
	const struct dir_entry *entry = record;

	if (entry->key.size == 0)
		return (state_refuse(load->state, "a key is empty"));
	state_put(load->state, row_of_kv(entry));
	index_raise(load->state, INDEX_KV);
	return (ERR_OK);
}

static enum err
load_tombstone(struct snapshot_load *load, const void *record)
{
	const struct dir_entry *entry = record;

	if (entry->key.size == 0)
		return (state_refuse(load->state, "a tombstone has no key"));
	state_put(load->state,
	    row_of_tombstone(entry->key, entry->indexes.modify_index));
	index_raise(load->state, INDEX_TOMBSTONES);
	return (ERR_OK);
}

static enum err
load_coordinates(struct snapshot_load *load, const void *record)
{
	const struct coordinates *all = record;

	for (size_t i = 0; i < all->value.count; i++)
		coordinate_load(load->state, &all->value.items[i]);
	index_raise(load->state, INDEX_COORDINATES);
	return (ERR_OK);
}

static enum err
load_autopilot(struct snapshot_load *load, const void *record)
{
	autopilot_load(load->state, record);
	return (ERR_OK);
}

static enum err
load_query(struct snapshot_load *load, const void *record)
{
	return (query_load(load->state, record));
}

static enum err
load_index(struct snapshot_load *load, const void *record)
{
	const struct index_entry *entry = record;

	index_load(load->state, entry->key, entry->value);
	return (ERR_OK);
}

static const struct record_row {
	enum fsm_type type;
	const struct type *shape;
	load_fn *load;
} record_rows[] = {
	{ FSM_REGISTER, &register_request_type, load_register },
	{ FSM_SESSION, &session_type, load_session },
	{ FSM_KVS, &dir_entry_type, load_kv },
	{ FSM_TOMBSTONE, &dir_entry_type, load_tombstone },
	{ FSM_COORDINATES, &coordinates_type, load_coordinates },
	{ FSM_AUTOPILOT, &autopilot_config_type, load_autopilot },
	{ FSM_QUERY, &prepared_query_type, load_query },
	{ FSM_INDEX, &index_entry_type, load_index },
};

/* What later capabilities will serve: kept as it is, and in our snapshots
 * again, so that a restore and a save lose nothing (wire/raft.md 6). */
static const struct kept_name {
	uint8_t type;
	const char *name;
} kept_names[] = {
	{ 4, "legacy ACLs" },
	{ 11, "ACL bootstrap" },
	{ 12, "intentions" },
	{ 13, "Connect CA roots" },
	{ 14, "Connect CA provider state" },
	{ 15, "Connect CA configuration" },
	{ 17, "ACL tokens" },
	{ 19, "ACL policies" },
	{ 22, "config entries" },
	{ 23, "ACL roles" },
	{ 25, "ACL binding rules" },
	{ 27, "ACL auth methods" },
	{ 30, "federation states" },
};

const char *
snapshot_kept_name(uint8_t type)
{
	for (size_t i = 0; i < sizeof(kept_names) / sizeof(*kept_names); i++)
		if (kept_names[i].type == type)
			return (kept_names[i].name);
	return (NULL);
}

static enum err
kept_load(struct snapshot_load *load, uint8_t type, struct slice body)
{
	struct buf record = { 0 };

	if (snapshot_kept_name(type) == NULL)
		return (ERR_UNAVAILABLE);
	buf_put_u8(&record, type);
	buf_put_slice(&record, body);
	state_put(load->state, row_of_kept(load->state->counts[TABLE_KEPT] + 1,
				   buf_slice(&record)));
	buf_deinit(&record);
	return (ERR_OK);
}

/* --- The stream. --- */

static enum err
type_refuse(struct buf *why, uint8_t type)
{
	buf_printf(why, "Unrecognized msg type: %u", type);
	return (ERR_UNAVAILABLE);
}

static enum err
corrupt(struct snapshot_load *load, struct buf *why)
{
	buf_put_text(why, "the snapshot is corrupt");
	if (load->state->why.size > 0) {
		buf_put_text(why, ": ");
		buf_put_slice(why, buf_slice(&load->state->why));
	}
	return (ERR_CORRUPT);
}

static enum err
record_load(struct snapshot_load *load, const struct record_row *row,
    struct reader *from)
{
	struct arena *arena = &load->state->arena;
	void *record = arena_alloc(arena, row->shape->size);
	enum err err = type_decode(row->shape, from, arena, record);

	return (err == ERR_OK ? row->load(load, record) : err);
}

/* `body` is exactly one object. */
static enum err
body_load(struct snapshot_load *load, uint8_t type, struct slice body,
    struct buf *why)
{
	struct reader from = reader(body);
	enum err err = ERR_UNAVAILABLE;

	state_begin(load->state, load->index);
	if (type == FSM_CHUNKING)
		err = pieces_load(
		    &load->state->pieces, &from, &load->state->arena);
	for (size_t i = 0; i < sizeof(record_rows) / sizeof(*record_rows); i++)
		if (record_rows[i].type == type)
			err = record_load(load, &record_rows[i], &from);
	if (err == ERR_UNAVAILABLE)
		err = kept_load(load, type, body);
	if (err == ERR_UNAVAILABLE)
		return (type_refuse(why, type));
	return (err == ERR_OK ? ERR_OK : corrupt(load, why));
}

static enum err
head_load(struct snapshot_load *load, struct slice head)
{
	struct reader from = reader(head);
	size_t count = unpack_map(&from);

	for (size_t i = 0; i < count && !from.has_failed; i++) {
		if (slice_is(unpack_raw(&from), "LastIndex"))
			load->index = unpack_uint(&from);
		else
			unpack_object(&from);
	}
	load->has_head = true;
	return (from.has_failed ? ERR_CORRUPT : ERR_OK);
}

/* One head or record from the front. *is_whole is false where it is cut. */
static enum err
next_load(struct snapshot_load *load, struct reader *from, bool *is_whole,
    struct buf *why)
{
	struct slice body;
	uint8_t type = 0;

	if (load->has_head)
		type = read_u8(from);
	body = unpack_object(from);
	*is_whole = !from->has_failed;
	if (!*is_whole)
		return (ERR_OK);
	if (load->has_head)
		return (body_load(load, type, body, why));
	if (head_load(load, body) != ERR_OK)
		return (corrupt(load, why));
	return (ERR_OK);
}

enum err
snapshot_load_piece(struct snapshot_load *load, struct slice piece,
    bool is_last, struct buf *why)
{
	size_t done = 0;
	bool is_whole = true;
	enum err err = ERR_OK;

	buf_put_slice(&load->pending, piece);
	while (err == ERR_OK && is_whole && done < load->pending.size) {
		struct slice rest = slice_tail(buf_slice(&load->pending), done);
		struct reader from = reader(rest);

		err = next_load(load, &from, &is_whole, why);
		if (is_whole)
			done += rest.size - from.rest.size;
	}
	if (err != ERR_OK)
		return (err);
	buf_drop_front(&load->pending, done);
	if (!is_last)
		return (ERR_OK);
	load->state->is_loading = false;
	state_begin(load->state, load->index);
	if (load->pending.size > 0 || !load->has_head)
		return (corrupt(load, why));
	return (ERR_OK);
}
