/*
 * What Consul can do and we can't yet: keys that are known, and refused by
 * name when they ask for it. A capability that gets built loses its row.
 */
#ifndef COMMON_CONFIG_REFUSE_H
#define COMMON_CONFIG_REFUSE_H

#include "config_sources.h"

/* An agent is refused; `validate` only gets a warning. */
MUST_CHECK enum err config_refuse(
    struct config_sources *, bool is_agent, struct buf *why);

#endif
