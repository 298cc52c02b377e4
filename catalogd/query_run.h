/*
 * What a prepared query finds in this datacenter, and in what order.
 *
 * Memory  texts are lent by the state, lists by the arena
 * Source  api/semantics.md 12; Consul's prepared_query_endpoint.go
 */
#ifndef CATALOGD_QUERY_RUN_H
#define CATALOGD_QUERY_RUN_H

#include "rpc_types.h"
#include "state.h"

/* Instances that are healthy enough and have what the query wants, in no order
 * that counts; `must_connect`: only those that Connect can reach. */
void query_run(const struct state *, const struct prepared_query *,
    bool must_connect, struct slice datacenter, struct arena *,
    struct prepared_query_execute_response *reply);

/* The node near which the instances are to be: empty, if it makes no
 * difference. *is_without_address: it should have been the asker's address,
 * and none was given. */
struct slice query_near(const struct state *, const struct prepared_query *,
    const struct prepared_query_execute_request *, struct slice datacenter,
    bool *is_without_address);
/* By distance from `near`, which comes first itself. */
void query_sort(const struct state *, struct slice near, struct arena *,
    struct prepared_query_execute_response *reply);

/*
 * The datacenters to ask when nothing was found here: the nearest N, then
 * those that are named and known, each once. `known` has the others, nearest
 * first. *skipped gets those that are named, but not known.
 */
struct slice_list query_datacenters(const struct prepared_query *,
    const struct slice_list *known, struct arena *, struct slice_list *skipped);

#endif
