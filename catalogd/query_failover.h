/*
 * When a query finds nothing here: the same query, asked of other datacenters,
 * one after the other, until one has instances.
 *
 * Order     the nearest N by the median distance to their servers in the WAN
 *	     pool, then those that the query names (query_run.h)
 * Errors    a datacenter that cannot be asked is logged, and the next one is
 *	     tried; `Failovers` counts it all the same
 * Source    api/semantics.md 11 and 12; Consul's queryFailover, and
 *	     GetDatacentersByDistance of router.go
 */
#ifndef CATALOGD_QUERY_FAILOVER_H
#define CATALOGD_QUERY_FAILOVER_H

#include "ipc.h"

struct catalogd;

/* Answers the call, now or later. The query and the reply so far are copied as
 * structs; what they lend is the state's. */
void query_failover(struct catalogd *, struct call *,
    const struct prepared_query_execute_request *,
    const struct prepared_query *,
    const struct prepared_query_execute_response *);

#endif
