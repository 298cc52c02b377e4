/*
 * Sessions: who may hold locks, for as long as its node and checks are well.
 *
 * Source  api/semantics.md 3 and 4, api/http.md 4
 */
#ifndef CATALOGD_SESSION_H
#define CATALOGD_SESSION_H

#include "state.h"

#define SESSION_RELEASE SLICE("release")
#define SESSION_DELETE	SLICE("delete")

/* ERR_INVALID and *why ("index error: ...") where the id is no UUID. */
MUST_CHECK enum err session_find(
    const struct state *, struct slice id, struct row **, struct buf *why);

MUST_CHECK enum err session_create(struct state *, const struct session *);
/* Lets go of its keys, or deletes them. */
void session_destroy(struct state *, struct row *);
void sessions_destroy_of_check(
    struct state *, struct slice node, struct slice check_id);

#endif
