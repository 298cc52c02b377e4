/*
 * The services of the catalog, by node and service id.
 *
 * Source  api/semantics.md 1, api/http.md 3 and 5
 */
#ifndef CATALOGD_SERVICE_H
#define CATALOGD_SERVICE_H

#include "state.h"

struct row *service_find(
    const struct state *, struct arena *, struct slice node, struct slice id);
bool service_name_is_there(
    const struct state *, struct arena *, struct slice name);

MUST_CHECK enum err service_set(
    struct state *, struct slice node, const struct node_service *);
/* Only if the row's ModifyIndex is the service's; 0: if there is none. */
MUST_CHECK enum err service_set_cas(struct state *, struct slice node,
    const struct node_service *, bool *is_done);
void service_delete(struct state *, struct row *);
bool service_delete_cas(
    struct state *, struct slice node, struct slice id, uint64_t index);

/* As the wire has them; texts are lent by the row, the rest by the arena. */
void service_to_node_service(
    const struct service_row *, struct arena *, struct node_service *);
void service_to_service_node(const struct service_row *, const struct node *,
    struct arena *, struct service_node *);

#endif
