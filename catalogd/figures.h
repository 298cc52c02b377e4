/*
 * What catalogd measures that takes more than a line: entries by their type,
 * and questions about services by their name.
 *
 * Source  api/config.md 7; Consul's fsm/commands_oss.go, health_endpoint.go
 */
#ifndef CATALOGD_FIGURES_H
#define CATALOGD_FIGURES_H

#include "fsm.h"
#include "rpc_methods.h"

void figures_applied(
    uint8_t type, const struct fsm_result *, struct instant begun);
/* A question was answered. */
void figures_read(enum method, const void *request, const void *reply);

#endif
