/* A state to try entries on, as committed ones come: encoded, and in order. */
#ifndef TESTS_CATALOGD_FIXTURE_H
#define TESTS_CATALOGD_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogd/check.h"
#include "catalogd/fsm.h"
#include "catalogd/index.h"
#include "catalogd/kv.h"
#include "catalogd/node.h"
#include "catalogd/service.h"
#include "catalogd/session.h"
#include "catalogd/snapshot.h"
#include "catalogd/view.h"
#include "tests/lib/tap.h"

#define T(text) slice_of_text(text)

struct world {
	struct state s;
	struct fsm_result result;
	struct arena arena; /* of views */
	uint64_t index;
};

static inline void
world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	state_init(&w->s);
	arena_init(&w->arena);
	w->index = 100;
}

static inline void
world_deinit(struct world *w)
{
	state_deinit(&w->s);
	arena_deinit(&w->arena);
	fsm_result_deinit(&w->result);
}

/* Apply one more entry; returns its index. */
static inline uint64_t
apply(struct world *w, enum fsm_type type, const struct type *shape,
    const void *request)
{
	struct buf entry = { 0 };

	buf_put_u8(&entry, (uint8_t)type);
	type_encode(shape, request, &entry);
	w->index++;
	CHECK_EQ(
	    fsm_apply(&w->s, w->index, buf_slice(&entry), &w->result), ERR_OK);
	buf_deinit(&entry);
	return (w->index);
}

static inline bool
refused(const struct world *w, const char *text)
{
	bool is_so =
	    w->result.is_refused && slice_is(buf_slice(&w->result.text), text);

	if (!is_so)
		printf("# refused with: %.*s\n",
		    SLICE_ARGS(buf_slice(&w->result.text)));
	return (is_so);
}

/* --- Short forms of the usual entries. --- */

static inline uint64_t
node_put(struct world *w, const char *name, const char *address)
{
	struct register_request r = {
		.datacenter = T("dc1"), .node = T(name), .address = T(address)
	};

	return (apply(w, FSM_REGISTER, &register_request_type, &r));
}

static inline uint64_t
service_put(struct world *w, const char *node, const char *id, const char *name,
    int port)
{
	struct node_service service = {
		.id = T(id), .service = T(name), .port = port
	};
	struct register_request r = { .datacenter = T("dc1"),
		.node = T(node),
		.address = T("10.0.0.1"),
		.service = &service };

	return (apply(w, FSM_REGISTER, &register_request_type, &r));
}

static inline uint64_t
check_put(struct world *w, const char *node, const char *id,
    const char *service_id, const char *status)
{
	struct health_check check = { .node = T(node),
		.check_id = T(id),
		.name = T(id),
		.service_id = T(service_id),
		.status = T(status) };
	struct register_request r = { .datacenter = T("dc1"),
		.node = T(node),
		.address = T("10.0.0.1"),
		.check = &check };

	return (apply(w, FSM_REGISTER, &register_request_type, &r));
}

static inline uint64_t
deregister(struct world *w, const char *node, const char *service_id,
    const char *check_id)
{
	struct deregister_request r = { .datacenter = T("dc1"),
		.node = T(node),
		.service_id = T(service_id),
		.check_id = T(check_id) };

	return (apply(w, FSM_DEREGISTER, &deregister_request_type, &r));
}

static inline uint64_t
kv_do(struct world *w, const char *op, const char *key, const char *value,
    const char *session)
{
	struct kvs_request r = { .datacenter = T("dc1"), .op = T(op) };

	r.dir_ent.key = T(key);
	r.dir_ent.value = T(value);
	r.dir_ent.session = T(session);
	return (apply(w, FSM_KVS, &kvs_request_type, &r));
}

static inline uint64_t
kv_do_at(struct world *w, const char *op, const char *key, uint64_t index)
{
	struct kvs_request r = { .datacenter = T("dc1"), .op = T(op) };

	r.dir_ent.key = T(key);
	r.dir_ent.value = T("by index");
	r.dir_ent.indexes.modify_index = index;
	return (apply(w, FSM_KVS, &kvs_request_type, &r));
}

static inline uint64_t
session_put(struct world *w, const char *id, const char *node,
    const char *check, const char *behavior)
{
	struct slice checks[] = { T(check) };
	struct session_request r = { .op = T("create") };

	r.session.id = T(id);
	r.session.node = T(node);
	r.session.behavior = T(behavior);
	if (*check != '\0')
		r.session.node_checks = (struct slice_list){ checks, 1 };
	return (apply(w, FSM_SESSION, &session_request_type, &r));
}

static inline uint64_t
session_end_of(struct world *w, const char *id)
{
	struct session_request r = { .op = T("destroy") };

	r.session.id = T(id);
	return (apply(w, FSM_SESSION, &session_request_type, &r));
}

/* The boolean that the last entry was answered with. */
static inline bool
answered_true(const struct world *w)
{
	struct boolean reply = { 0 };
	struct arena arena = { 0 };
	enum err err = type_decode_all(
	    &boolean_type, buf_slice(&w->result.reply), &arena, &reply);

	arena_deinit(&arena);
	return (err == ERR_OK && reply.value);
}

/* --- Looks. --- */

/* The index that a question shows, at least 1; its reply stays in the arena. */
static inline uint64_t
look(struct world *w, view_fn *fn, const struct type *reply,
    const void *request, void **found)
{
	struct view v = { .state = &w->s, .arena = &w->arena };

	v.reply = arena_alloc(&w->arena, reply->size);
	fn(&v, request);
	buf_deinit(&v.why);
	if (found != NULL)
		*found = v.reply;
	return (v.index == 0 ? 1 : v.index);
}

static inline uint64_t
index_of_key(struct world *w, const char *key)
{
	struct key_request q = { .key = T(key) };

	return (look(w, view_kv_get, &indexed_dir_entries_type, &q, NULL));
}

static inline uint64_t
index_of_tree(struct world *w, const char *prefix)
{
	struct key_request q = { .key = T(prefix) };

	return (look(w, view_kv_list, &indexed_dir_entries_type, &q, NULL));
}

static inline uint64_t
index_of_name(
    struct world *w, view_fn *fn, const struct type *reply, const char *name)
{
	struct service_specific_request q = { .service_name = T(name) };

	return (look(w, fn, reply, &q, NULL));
}

#define HEALTH_INDEX(w, name)                      \
	index_of_name(w, view_check_service_nodes, \
	    &indexed_check_service_nodes_type, name)
#define CATALOG_INDEX(w, name) \
	index_of_name(w, view_service_nodes, &indexed_service_nodes_type, name)

static inline const struct dir_entry *
entry(struct world *w, const char *key)
{
	struct row *row = kv_find(&w->s, T(key));

	return (row == NULL ? NULL : KV_OF(row));
}

#endif
