/*
 * Table indexes: the log index of the last change of each table, and of each
 * service name, as X-Consul-Index shows them.
 *
 * Source  api/semantics.md 1; the names are those of state.bin
 */
#ifndef CATALOGD_INDEX_H
#define CATALOGD_INDEX_H

#include "state.h"

#define INDEX_NODES	  SLICE("nodes")
#define INDEX_SERVICES	  SLICE("services")
#define INDEX_CHECKS	  SLICE("checks")
#define INDEX_KV	  SLICE("kvs")
#define INDEX_TOMBSTONES  SLICE("tombstones")
#define INDEX_SESSIONS	  SLICE("sessions")
#define INDEX_COORDINATES SLICE("coordinates")
#define INDEX_QUERIES	  SLICE("prepared-queries")
#define INDEX_FEDERATION  SLICE("federation-states")
/* When some service name lost its last instance. */
#define INDEX_EXTINCTION SLICE("service_last_extinction")

/* Has moved at the index being applied. */
void index_raise(struct state *, struct slice name);
void index_raise_service(struct state *, struct slice name, struct slice kind);
void index_drop_service(struct state *, struct slice name);
/* As it stands in a snapshot. */
void index_load(struct state *, struct slice name, uint64_t value);

/* 0 where it never moved. */
uint64_t index_of(const struct state *, struct slice name);
uint64_t index_of_kv(const struct state *); /* with tombstones */
/* Of the catalog as a whole; with checks or without. */
uint64_t index_of_catalog(const struct state *, bool with_checks);
/* Of what is shown of one service name. */
uint64_t index_of_service(
    const struct state *, struct slice name, bool is_there, bool with_checks);

#endif
