/*
 * The hash of a service's content, which blocking questions for one service of
 * the agent wait for, and which clients compare, over restarts too.
 *
 * Source  api/http.md 1.10
 */
#ifndef COMMON_AGENT_HASH_H
#define COMMON_AGENT_HASH_H

#include "local_types.h"

/* Of all but the hash that stands in it; 16 hexadecimal digits. */
struct slice agent_service_hash(const struct agent_service *, struct arena *);

#endif
