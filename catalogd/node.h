/*
 * The nodes of the catalog: registering, renaming, removing.
 *
 * Source  api/semantics.md 1 and 7; errors of api/http.md 3 and 5
 */
#ifndef CATALOGD_NODE_H
#define CATALOGD_NODE_H

#include "state.h"

#define SERF_CHECK_ID SLICE("serfHealth")
#define CRITICAL      SLICE("critical")
#define PASSING	      SLICE("passing")

/* NULL where there is none; lent by the state, keys by the arena. */
struct row *node_find(const struct state *, struct arena *, struct slice name);
struct row *node_find_id(const struct state *, struct slice id);
/* The one node whose id begins with these digits, at least two of them. */
struct row *node_find_id_prefix(const struct state *, struct slice digits);

MUST_CHECK enum err node_set(struct state *, const struct node *);
/* Only if the row's ModifyIndex is node's; 0: if there is none. */
MUST_CHECK enum err node_set_cas(
    struct state *, const struct node *, bool *is_done);
/* With services, checks and sessions; nothing if there is none. */
void node_delete(struct state *, struct slice name);
bool node_delete_cas(struct state *, struct slice name, uint64_t index);
/* All services of the node look different now. */
void node_raise_services(struct state *, struct slice name);

#endif
