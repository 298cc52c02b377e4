/* Keys and values; see kv.h. */
#include <string.h>

#include "index.h"
#include "kv.h"
#include "session.h"

struct row *
kv_find(const struct state *s, struct slice key)
{
	return (state_find(s, ORDER_KV, key));
}

/* Consul's KVSList: tombstones below the prefix count, so that a deletion is
 * seen; the table's index only where there is nothing to go by. */
uint64_t
kv_index_of_prefix(
    const struct state *s, struct slice prefix, uint64_t last_modified)
{
	uint64_t index = last_modified;
	struct row *row;

	if (prefix.size == 0)
		return (index_of_kv(s));
	STATE_EACH(s, ORDER_TOMBSTONES, prefix, row)
	if (TOMBSTONE_OF(row)->index > index)
		index = TOMBSTONE_OF(row)->index;
	return (index > 0 ? index : index_of_kv(s));
}

static bool
entry_same(const struct dir_entry *a, const struct dir_entry *b)
{
	return (a->lock_index == b->lock_index && a->flags == b->flags &&
		slice_equal(a->value, b->value) &&
		slice_equal(a->session, b->session));
}

static void
entry_put(struct state *s, const struct dir_entry *entry)
{
	state_put(s, row_of_kv(entry));
	index_raise(s, INDEX_KV);
}

/* Consul's kvsSetTxn. What holds the lock stays unless `sets_session`. */
static enum err
entry_set(struct state *s, struct dir_entry *entry, bool sets_session)
{
	struct row *row = kv_find(s, entry->key);
	const struct dir_entry *old = row == NULL ? NULL : KV_OF(row);

	if (entry->key.size == 0)
		return (state_refuse(s, "failed inserting kvs entry: missing "
					"value for index 'id'"));
	entry->indexes.create_index =
	    old == NULL ? s->index : old->indexes.create_index;
	if (!sets_session)
		entry->session = old == NULL ? SLICE("") : old->session;
	if (old != NULL && entry_same(entry, old)) {
		entry->indexes.modify_index = old->indexes.modify_index;
		return (ERR_OK);
	}
	entry->indexes.modify_index = s->index;
	entry_put(s, entry);
	return (ERR_OK);
}

enum err
kv_set(struct state *s, struct dir_entry *entry)
{
	return (entry_set(s, entry, false));
}

enum err
kv_set_cas(struct state *s, struct dir_entry *entry, bool *is_done)
{
	struct row *row = kv_find(s, entry->key);
	uint64_t index = row == NULL ? 0 : KV_OF(row)->indexes.modify_index;

	*is_done = index == entry->indexes.modify_index;
	return (*is_done ? entry_set(s, entry, false) : ERR_OK);
}

static enum err
session_must_exist(struct state *s, struct slice id)
{
	struct row *session;

	if (id.size == 0)
		return (state_refuse(s, "missing session"));
	buf_reset(&s->why);
	if (session_find(s, id, &session, &s->why) != ERR_OK)
		return (state_refuse_in(s, "failed session lookup: "));
	if (session == NULL)
		return (state_refuse(
		    s, "invalid session \"%.*s\"", SLICE_ARGS(id)));
	return (ERR_OK);
}

/* Consul's kvsLockTxn: a new holder raises LockIndex, the same one does not. */
enum err
kv_lock(struct state *s, struct dir_entry *entry, bool *is_done)
{
	struct row *row = kv_find(s, entry->key);
	enum err err = session_must_exist(s, entry->session);

	if (err != ERR_OK)
		return (err);
	*is_done = true;
	if (row == NULL) {
		entry->lock_index = 1;
	} else if (slice_equal(KV_OF(row)->session, entry->session)) {
		entry->lock_index = KV_OF(row)->lock_index;
	} else if (KV_OF(row)->session.size > 0) {
		*is_done = false;
		return (ERR_OK);
	} else {
		entry->lock_index = KV_OF(row)->lock_index + 1;
	}
	return (entry_set(s, entry, true));
}

/* Consul's kvsUnlockTxn: value and flags are written as well. */
enum err
kv_unlock(struct state *s, struct dir_entry *entry, bool *is_done)
{
	struct row *row = kv_find(s, entry->key);

	if (entry->session.size == 0)
		return (state_refuse(s, "missing session"));
	*is_done =
	    row != NULL && slice_equal(KV_OF(row)->session, entry->session);
	if (!*is_done)
		return (ERR_OK);
	entry->session = SLICE("");
	entry->lock_index = KV_OF(row)->lock_index;
	return (entry_set(s, entry, true));
}

void
kv_release(struct state *s, struct row *row)
{
	struct dir_entry entry = *KV_OF(row);

	entry.session = SLICE("");
	entry.indexes.modify_index = s->index;
	entry_put(s, &entry);
}

/* --- Deleting. --- */

static void
tombstone_put(struct state *s, struct slice key)
{
	state_put(s, row_of_tombstone(key, s->index));
	index_raise(s, INDEX_TOMBSTONES);
}

void
kv_delete(struct state *s, struct slice key)
{
	struct row *row = kv_find(s, key);

	if (row == NULL)
		return;
	tombstone_put(s, key);
	state_remove(s, row);
	index_raise(s, INDEX_KV);
}

/* True also where there is nothing to delete. */
bool
kv_delete_cas(struct state *s, struct slice key, uint64_t index)
{
	struct row *row = kv_find(s, key);

	if (row == NULL)
		return (true);
	if (KV_OF(row)->indexes.modify_index != index)
		return (false);
	kv_delete(s, key);
	return (true);
}

/* One tombstone for all; none for everything, which the table's index tells. */
void
kv_delete_tree(struct state *s, struct slice prefix)
{
	struct row *row = state_first(s, ORDER_KV, prefix);

	if (row == NULL)
		return;
	for (; row != NULL; row = state_first(s, ORDER_KV, prefix))
		state_remove(s, row);
	if (prefix.size > 0)
		tombstone_put(s, prefix);
	index_raise(s, INDEX_KV);
}

/* Consul's ReapTxn. */
void
kv_reap(struct state *s, uint64_t index)
{
	struct row *row = state_first(s, ORDER_TOMBSTONES, SLICE(""));

	while (row != NULL) {
		struct row *next =
		    state_next(s, ORDER_TOMBSTONES, SLICE(""), row);

		if (TOMBSTONE_OF(row)->index <= index)
			state_remove(s, row);
		row = next;
	}
}
