/*
 * From keys as they were merged to what is run with: addresses, ports, names.
 *
 * Source  api/config.md 2 and 3; Consul's texts
 */
#ifndef COMMON_CONFIG_BUILD_H
#define COMMON_CONFIG_BUILD_H

#include "config.h"
#include "config_sources.h"

MUST_CHECK enum err config_build(
    struct config_sources *, struct config *, struct buf *why);

#endif
