/*
 * What is looked at, and filled in, before a write goes into the log: all that
 * may differ from server to server, and what the state machine cannot refuse
 * any more.
 *
 * Errors  ERR_INVALID and a text of Consul's in *why
 */
#ifndef CATALOGD_ON_WRITES_H
#define CATALOGD_ON_WRITES_H

#include "rpc_types.h"

struct catalogd;

/* ERR_REFUSED: a lock that is still delayed. */
MUST_CHECK enum err kvs_check(struct catalogd *, struct slice op,
    const struct dir_entry *, struct buf *why);
MUST_CHECK enum err node_check(
    struct slice name, struct slice id, struct buf *why);
/* Fills in the id. */
MUST_CHECK enum err service_prepare(struct node_service *, struct buf *why);
/* Of a session or a query; by chance, and so made before the entry is. */
struct slice uuid_new(struct arena *);
/* Fills in the id. */
void check_prepare(struct health_check *);

#endif
