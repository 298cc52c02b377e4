/*
 * Anti-entropy: the agent is right about its services and checks, and the
 * catalog is made to agree. A comparison marks what differs; pushes then take
 * the marks away again. Between comparisons, whatever changes here is pushed
 * at once.
 *
 * Pure: the catalog's answers are handed in, requests come out.
 *
 * Order   the node first, on its own; then services, each with its checks that
 *         are to be told too and have the same token; then other checks
 * Errors  what fails is logged once and waits for the next comparison; what
 *         ACLs refuse counts as told until then
 * Source  api/semantics.md 8, wire/rpc.md 7; Consul agent/local/state.go,
 *         agent/ae/ae.go
 */
#ifndef HEALTHD_SYNC_H
#define HEALTHD_SYNC_H

#include "local.h"

#define SYNC_INTERVAL	    SECONDS(60)
#define SYNC_STAGGER	    SECONDS(60)
#define SYNC_RETRY_INTERVAL SECONDS(15)
#define SYNC_RETRY_STAGGER  SECONDS(15)
/* Without a leader: he may be there any moment. Consul is told by gossip when
 * a server turns up, and compares 0..3 s later. */
#define SYNC_LEADER_INTERVAL SECONDS(1)
#define SYNC_LEADER_STAGGER  SECONDS(2)
#define SYNC_PUSHES_MAX	     256 /* on their way at once */

/* What the agent says of its node. */
struct sync_node {
	struct slice id;
	struct slice name;
	struct slice address;
	struct slice datacenter;
	struct pair_list tagged_addresses;
	struct pair_list meta;
};

struct sync {
	struct sync_node node; /* lent by whoever set it */
	struct agenda_entry timer;
	bool is_comparing; /* the catalog was asked and has not answered yet */
	bool has_compared; /* once; nothing is pushed before */
	bool is_node_in_sync;
	bool has_node_failed;
	bool is_node_pushing;
	size_t pushes;	  /* on their way */
	uint64_t scanned; /* all changes up to this one were looked at */
};

enum push_kind {
	PUSH_NODE,
	PUSH_SERVICE,
	PUSH_CHECK,
	PUSH_SERVICE_GONE,
	PUSH_CHECK_GONE,
};

/* A request that is on its way, and what it proves when it is answered. */
struct push {
	struct arena arena; /* of all that follows */
	enum push_kind kind;
	struct slice id;
	uint64_t change;
	struct slice *check_ids; /* that ride with a service */
	uint64_t *check_changes;
	size_t check_count;
	struct register_request registration;
	struct deregister_request deregistration;
	void *sender; /* the caller's */
};

void sync_init(struct sync *, const struct sync_node *);
/* The node's address or meta may have changed. */
void sync_node_set(struct sync *, const struct sync_node *);

/* Compare as soon as `now`, unless the catalog is being asked already. */
void sync_hasten(struct sync *, struct local *, struct instant now);
/* The timer has rung: true if the catalog is to be asked now. */
bool sync_begin(struct sync *);
/* What the catalog has of this node; its node may be NULL. */
void sync_compare(struct sync *, struct local *,
    const struct node_service_list *services,
    const struct indexed_health_checks *checks, struct instant now);
/* It could not be asked. */
void sync_compare_failed(
    struct sync *, struct local *, struct slice text, struct instant now);

/* The next thing to be told, if there is one: owned by the caller from then
 * on, who reports its end by sync_pushed(), which frees it. */
struct push *sync_next(struct sync *, struct local *);
void sync_pushed(struct sync *, struct local *, struct push *, bool is_ok,
    struct slice text, struct instant now);

/* All that had changed up to this change was told, or has failed. */
bool sync_is_settled(
    const struct sync *, const struct local *, uint64_t change);

#endif
