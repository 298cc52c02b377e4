/*
 * Keys and values, their locks, and the tombstones of deleted keys.
 *
 * Source  api/semantics.md 1 and 3, api/http.md 2 and 3
 */
#ifndef CATALOGD_KV_H
#define CATALOGD_KV_H

#include "state.h"

struct row *kv_find(const struct state *, struct slice key);
/* The index that a listing of `prefix` shows; last_modified is the highest
 * ModifyIndex in it, 0 if it is empty. */
uint64_t kv_index_of_prefix(
    const struct state *, struct slice prefix, uint64_t last_modified);

/* *entry gets the indexes and the session of the row that stands now. */
MUST_CHECK enum err kv_set(struct state *, struct dir_entry *);
MUST_CHECK enum err kv_set_cas(
    struct state *, struct dir_entry *, bool *is_done);
MUST_CHECK enum err kv_lock(struct state *, struct dir_entry *, bool *is_done);
MUST_CHECK enum err kv_unlock(
    struct state *, struct dir_entry *, bool *is_done);
void kv_delete(struct state *, struct slice key);
bool kv_delete_cas(struct state *, struct slice key, uint64_t index);
void kv_delete_tree(struct state *, struct slice prefix);
/* The session that holds it has ended. */
void kv_release(struct state *, struct row *);
/* Forget tombstones up to this index. */
void kv_reap(struct state *, uint64_t index);

#endif
