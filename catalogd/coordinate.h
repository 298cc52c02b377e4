/*
 * Two small tables: where nodes are in the network, and how autopilot is set.
 *
 * Source  Consul's state/coordinate.go and state/autopilot.go
 */
#ifndef CATALOGD_COORDINATE_H
#define CATALOGD_COORDINATE_H

#include "state.h"

/* Of a node that is not known it is dropped. */
void coordinate_update(struct state *, const struct coordinate *);
/* From a snapshot: whatever it holds. */
void coordinate_load(struct state *, const struct coordinate *);
/* What a row holds, in the form of the wire. */
void coordinate_of_row(
    const struct coordinate_row *, struct arena *, struct coordinate *);
/* The node goes, and its coordinates with it. */
void coordinates_delete(struct state *, struct slice node);

/* NULL until a leader has written one. */
const struct autopilot_config *autopilot_config_of(const struct state *);
void autopilot_set(struct state *, const struct autopilot_config *);
/* Only over the one with this ModifyIndex. */
bool autopilot_set_cas(struct state *, const struct autopilot_config *);
void autopilot_load(struct state *, const struct autopilot_config *);

#endif
