/*
 * The records of one instance of a service, or of one node.
 *
 * Source  api/dns.md 3; Consul dns.go, nodeServiceRecords and what it calls
 */
#ifndef DNSD_INSTANCE_H
#define DNSD_INSTANCE_H

#include "build.h"

/* How deep a name may lead to names under our zone. */
#define LEVELS_MAX 3
/* How many names one answer may follow there: a catalog of names that lead to
 * each other must not keep us busy. */
#define FOLLOWS_MAX 256

/* What a build works with. */
struct build {
	const struct dns_settings *settings; /* lent, as all of these */
	const struct facts *facts;
	struct chance *chance;
	struct arena *arena;
	bool is_random; /* something was chosen at random */
	size_t follow_count;
	struct needs *needs; /* where there are some: come again */
};

/* The question a record is made for; for an inner one, `asked` is no name in
 * the packet, and so is written out as owner. */
struct asking {
	uint16_t type;
	struct slice datacenter;
	struct slice asked; /* folded */
	struct slice owner; /* size 0: as asked */
	uint32_t ttl;
	int level;
	bool is_survey; /* names outside our zone are not looked up */
};

/* Whether checks keep it out of DNS. */
bool instance_is_healthy(const struct check_service_node *, bool only_passing);

/* Answers and extras of one instance: nothing where its address is of another
 * family than asked for, or can't be a name. */
void instance_records(struct build *, const struct asking *,
    const struct check_service_node *, struct draft_group *);

/* The address record of a node, or CNAME and what that leads to. */
void node_records(struct build *, const struct asking *, const struct node *,
    struct rr_list *);
/* TXT records of its metadata. */
void node_meta_records(struct build *, const struct node *, struct slice owner,
    uint32_t ttl, struct rr_list *);

/* An address record if the type asked for wants it. */
bool address_record(struct build *, const struct asking *, struct slice owner,
    const uint8_t *address, size_t address_size, struct rr_list *);
/* Go's net.ParseIP: 4 or 16 bytes, or 0 for a name. */
size_t instance_address(struct slice text, uint8_t *out);
/* A name in wire form, in the arena: text parts are joined by dots. Size 0 if
 * it can't be one. */
struct slice name_make(struct build *, struct slice first, const char *middle,
    struct slice datacenter);

/* NULL is a fact that must be had first (build.c). */
const struct fact *fact_find(struct build *, enum fact_kind,
    struct slice datacenter, struct slice name, struct slice tag);
/* What a name under our zone leads to (build.c). */
void resolve_inside(
    struct build *, const struct asking *, struct slice name, struct rr_list *);

#endif
