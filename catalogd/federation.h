/*
 * Federation states: what Consul's leaders write of their mesh gateways. We
 * serve none, but a real server of our cluster may lead, and the log is one:
 * they are kept as the records of the next snapshot.
 *
 * Source  wire/raft.md 6 (entry 30); Consul's state/federation_state.go
 */
#ifndef CATALOGD_FEDERATION_H
#define CATALOGD_FEDERATION_H

#include "state.h"

/* ERR_REFUSED: an operation that there is not. */
MUST_CHECK enum err federation_apply(
    struct state *, const struct federation_state_request *);

#endif
