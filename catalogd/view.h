/*
 * What a question shows: a look at the state, without waiting or answering.
 *
 * A view reads the state and fills in a reply whose texts the rows lend, the
 * index that it shows, the things whose change could change it, and the
 * buckets of the generation page by which the answer may be kept. Replies live
 * until the next change of the state.
 *
 * Source  api/semantics.md 1 for each index
 */
#ifndef CATALOGD_VIEW_H
#define CATALOGD_VIEW_H

#include "rpc_types.h"
#include "rtt.h"
#include "state.h"
#include "watch.h"

#define VIEW_BUCKETS_MAX 8

struct view {
	const struct state *state; /* lent */
	struct arena *arena;	   /* lent; of this look */
	struct slice datacenter;   /* lent; ours */
	void *reply;		   /* of the row's type, zeroed */
	uint64_t index;
	const char *refusal; /* Consul's text; nothing else counts then */
	struct buf why;	     /* the same where it has to be made */
	struct thing things[WATCH_THINGS_MAX];
	size_t thing_count;
	uint32_t buckets[VIEW_BUCKETS_MAX];
	size_t bucket_count;
};

typedef void view_fn(struct view *, const void *request);

/* The answer changes when this does: watched, and stamped. */
void view_depends(struct view *, enum gen_kind, struct slice key);
/* Only its index does: stamped, but nobody is woken. */
void view_shows(struct view *, enum gen_kind, struct slice key);
/* Watched, but finer than any bucket. */
void view_watches(struct view *, unsigned kind, struct slice key);

/* Names in lower case, as things and buckets have them. */
struct slice view_name(struct view *, struct slice);

/* Room for one more element, doubling as it grows. */
void *view_grow(
    struct view *, void *items, size_t count, size_t *room, size_t size);

/*
 * near=: put what was found in the order of its distance from a node of this
 * datacenter. Such an answer is stamped with all coordinates, which the leader
 * writes every few seconds: it is kept until any of them changes, and no old
 * order is given for longer than that. It wakes nobody, since Consul blocks on
 * the index of the catalog alone.
 */
void view_near(struct view *, const struct query_source *, void *items,
    size_t count, size_t size, rtt_node_fn *);

/* Do all of these pairs stand in the node's metadata? */
bool meta_matches(const struct pair_list *meta, const struct pair_list *wanted);
bool node_matches(
    struct view *, struct slice node, const struct pair_list *wanted);

/* Do all of these tags stand on the service, in any case? */
bool tags_match(const struct slice_list *have, const struct slice_list *wanted);
/* The tags that a question asks for; none where it asks for none. */
const struct slice_list *tags_wanted(
    struct view *, const struct service_specific_request *);

/* The index of what is shown of a service name, and what moves it. */
void view_service_index(
    struct view *, struct slice name, bool is_there, bool with_checks);

/* --- view_kv.c --- */
view_fn view_kv_get;
view_fn view_kv_list;
view_fn view_kv_keys;

/* --- view_catalog.c --- */
view_fn view_nodes;
view_fn view_services;
view_fn view_service_nodes;
view_fn view_node_services;
view_fn view_node_service_list;

/* --- view_health.c --- */
view_fn view_checks_in_state;
view_fn view_node_checks;
view_fn view_service_checks;
view_fn view_check_service_nodes;

/* All instances that Connect can reach as this service: native ones, and the
 * proxies in front of it. The reply is of Health.ServiceNodes. */
void view_connect_nodes(struct view *, struct slice service);

/* A service's instance with its node and checks; nothing where the node's
 * metadata are others. */
void view_instance_add(struct view *, const struct service_row *,
    const struct pair_list *node_meta, size_t *room);

/* --- view_dump.c --- */
view_fn view_node_info;
view_fn view_node_dump;
view_fn view_service_dump;

/* --- view_coordinate.c --- */
view_fn view_coordinates;
view_fn view_node_coordinates;

/* --- view_query.c --- */
view_fn view_query;
view_fn view_queries;

/* --- view_session.c --- */
view_fn view_session;
view_fn view_sessions;
view_fn view_node_sessions;

#endif
