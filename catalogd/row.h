/*
 * Rows: what the tables of the state hold.
 *
 * A row is one allocation: its struct, its links into the orders of its table,
 * and the bytes of its texts and lists. It never changes; a write replaces it.
 * It is counted, so that a snapshot or an undo can keep the old one for as
 * long as it needs it. Lists of pairs are sorted by key.
 *
 * Parts that are big and mostly empty (a service's proxy, a check's definition)
 * are kept as the bytes of their encoding; none where they are all zero.
 *
 * Ownership  row_new() gives the caller one reference; state_put() takes it
 * Order      within a table as keys say; api/http.md 5 and 6
 */
#ifndef CATALOGD_ROW_H
#define CATALOGD_ROW_H

#include "arena.h"
#include "rpc_types.h"
#include "tree.h"

enum table {
	TABLE_NODES,
	TABLE_SERVICES,
	TABLE_CHECKS,
	TABLE_KV,
	TABLE_TOMBSTONES,
	TABLE_SESSIONS,
	TABLE_COORDINATES,
	TABLE_QUERIES,
	TABLE_AUTOPILOT, /* one row at most */
	TABLE_INDEXES,
	TABLE_KEPT,
	TABLE_COUNT
};

#define ROW_LINKS_MAX 4

struct row {
	struct link *links; /* behind the struct; key.data NULL where unused */
	uint32_t references;
	uint8_t table;
	uint8_t link_count;
};

struct node_row {
	struct row row;
	struct node node;
};

struct service_row {
	struct row row;
	struct slice node;
	struct slice id;
	struct slice name;
	struct slice kind;
	struct slice address;
	struct slice_list tags;
	struct pair_list meta;
	struct service_address_entry *addresses; /* tagged; sorted */
	size_t address_count;
	struct slice proxy;   /* encoded connect_proxy_config, or empty */
	struct slice connect; /* encoded service_connect, or empty */
	int64_t port;
	int64_t weight_passing;
	int64_t weight_warning;
	bool has_tag_override;
	struct raft_index indexes;
};

struct check_row {
	struct row row;
	struct slice node;
	struct slice id;
	struct slice name;
	struct slice status;
	struct slice notes;
	struct slice output;
	struct slice service_id; /* empty: of the node */
	struct slice service_name;
	struct slice_list service_tags;
	struct slice type;
	struct slice definition; /* encoded, or empty */
	struct raft_index indexes;
};

struct kv_row {
	struct row row;
	struct dir_entry entry;
};

struct tombstone_row {
	struct row row;
	struct slice key;
	uint64_t index;
};

struct session_row {
	struct row row;
	struct session session;
};

struct coordinate_row {
	struct row row;
	struct slice node;
	struct slice segment;
	struct slice coord; /* encoded vivaldi_coord */
};

/* A prepared query; api/semantics.md 12. */
struct query_row {
	struct row row;
	struct prepared_query query;
};

struct autopilot_row {
	struct row row;
	struct autopilot_config config;
};

struct index_row {
	struct row row;
	struct slice name; /* as first written; found in any case */
	uint64_t value;
};

/* A record of a snapshot that no table of ours is for: kept for the next one.
 */
struct kept_row {
	struct row row;
	uint64_t number;     /* in the order they came */
	struct slice record; /* its type and all behind */
};

/* New rows, copied from what lends; one reference each. */
struct row *row_of_node(const struct node *);
struct row *row_of_service(const struct service_row *);
struct row *row_of_check(const struct check_row *);
struct row *row_of_kv(const struct dir_entry *);
struct row *row_of_tombstone(struct slice key, uint64_t index);
struct row *row_of_session(const struct session *);
struct row *row_of_coordinate(const struct coordinate_row *);
struct row *row_of_query(const struct prepared_query *);
struct row *row_of_autopilot(const struct autopilot_config *);
struct row *row_of_index(struct slice name, uint64_t value);
struct row *row_of_kept(uint64_t number, struct slice record);

struct row *row_keep(struct row *);
void row_drop(struct row *); /* frees with the last reference; NULL is fine */

#define NODE_OF(r)	(&((const struct node_row *)(const void *)(r))->node)
#define SERVICE_OF(r)	((const struct service_row *)(const void *)(r))
#define CHECK_OF(r)	((const struct check_row *)(const void *)(r))
#define KV_OF(r)	(&((const struct kv_row *)(const void *)(r))->entry)
#define TOMBSTONE_OF(r) ((const struct tombstone_row *)(const void *)(r))
#define SESSION_OF(r) \
	(&((const struct session_row *)(const void *)(r))->session)
#define COORDINATE_OF(r) ((const struct coordinate_row *)(const void *)(r))
#define QUERY_OF(r)	 (&((const struct query_row *)(const void *)(r))->query)
#define AUTOPILOT_OF(r) \
	(&((const struct autopilot_row *)(const void *)(r))->config)
#define INDEX_OF(r) ((const struct index_row *)(const void *)(r))
#define KEPT_OF(r)  ((const struct kept_row *)(const void *)(r))

/* A key of several names: each in lower case and followed by a NUL, so that a
 * key of the first names is a prefix of all below them. */
struct slice key_of(struct arena *, const struct slice *names, size_t count);
void key_put(struct buf *, struct slice name); /* appends one name's part */
#define KEY(arena, ...)                                      \
	key_of(arena, (const struct slice[]){ __VA_ARGS__ }, \
	    sizeof((const struct slice[]){ __VA_ARGS__ }) /  \
		sizeof(struct slice))

/* Consul's UUID index: the 16 bytes of a session's or node's id. The text in
 * *why is that of go-memdb ("index error: UUID must be 36 characters"). */
#define UUID_SIZE 16
MUST_CHECK enum err uuid_parse(
    struct slice text, uint8_t uuid[UUID_SIZE], struct buf *why);
int uuid_digit(uint8_t c); /* -1 if it is none */

/* Go's reflect.DeepEqual, where nil and empty differ. */
bool texts_same(const struct slice_list *, const struct slice_list *);
bool pairs_same(const struct pair_list *, const struct pair_list *of_a_row);

#endif
