/*
 * Health checks of nodes and services, as the catalog knows them.
 *
 * Source  api/semantics.md 1 and 5, api/http.md 3 and 5
 */
#ifndef CATALOGD_CHECK_H
#define CATALOGD_CHECK_H

#include "state.h"

struct row *check_find(
    const struct state *, struct arena *, struct slice node, struct slice id);

/* May destroy sessions that are bound to it. */
MUST_CHECK enum err check_set(struct state *, const struct health_check *);
/* Only if the row's ModifyIndex is the check's; 0: if there is none. */
MUST_CHECK enum err check_set_cas(
    struct state *, const struct health_check *, bool *is_done);
void check_delete(struct state *, struct row *);
bool check_delete_cas(
    struct state *, struct slice node, struct slice id, uint64_t index);

/* As the wire has it; texts are lent by the row, the rest by the arena. */
void check_to_health_check(
    const struct check_row *, struct arena *, struct health_check *);

#endif
