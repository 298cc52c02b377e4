/*
 * From what a user wrote to what the agent keeps: the rules that a definition
 * of a service or check must obey, with Consul's texts, and its defaults.
 *
 * Memory  results are lent by the definition and the arena
 * Source  api/http.md 7.1 and 7.2; Consul agent_endpoint.go, agent.go
 */
#ifndef HEALTHD_DEFINITION_H
#define HEALTHD_DEFINITION_H

#include "arena.h"
#include "local_types.h"

/* What the HTTP interface refuses with status 400; true if all is well. */
MUST_CHECK bool definition_service_validate(
    const struct service_definition *, struct buf *why);
MUST_CHECK bool definition_check_validate(
    const struct check_definition *, struct buf *why);

/* The service as the catalog has it: ID, weights and tagged addresses filled
 * in. */
void definition_to_service(
    const struct service_definition *, struct arena *, struct node_service *);
/* What the agent itself refuses (status 500). */
MUST_CHECK bool definition_addresses_validate(
    const struct node_service *, struct buf *why);

struct check_types {
	struct check_type *items; /* in the arena */
	size_t count;
};

/* Check, if it is one, then Checks. */
struct check_types definition_checks(
    const struct service_definition *, struct arena *);
/* The id of the n-th (from 0) of `count` checks of a service. */
struct slice definition_check_id(const struct check_type *,
    struct slice service_id, size_t n, size_t count, struct arena *);

void definition_to_check_type(
    const struct check_definition *, struct check_type *);

/* Warn of names that DNS can't carry. */
void definition_warn_dns(const struct node_service *);

#endif
