/*
 * Is it a configuration that can be run? Consul's checks, in its order and
 * with its texts; what is only unwise becomes a warning.
 *
 * Source  api/config.md 1 to 3, and the real 1.8.7
 */
#ifndef COMMON_CONFIG_CHECK_H
#define COMMON_CONFIG_CHECK_H

#include "config.h"
#include "config_sources.h"

MUST_CHECK enum err config_check(
    struct config_sources *, const struct config *, struct buf *why);
/* What only an agent that starts looks at: log level and node ID. */
MUST_CHECK enum err config_check_agent(const struct config *, struct buf *why);
/* And behind its banner: the size of the gossip key, versions of protocols. */
MUST_CHECK enum err config_check_start(const struct config *, struct buf *why);
/* Gossip keys of an earlier run are kept, and beat the configured one. */
bool config_has_keyring(const struct config *);

#endif
