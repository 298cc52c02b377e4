/*
 * Services and checks of configuration files.
 *
 * Source  api/config.md 4 and 5
 */
#ifndef COMMON_CONFIG_DEFINITIONS_H
#define COMMON_CONFIG_DEFINITIONS_H

#include "config.h"
#include "config_errors.h"
#include "json.h"

/* In one file, as read: its `service` becomes one more of `services`, a
 * service's `check` one more of its `checks`, and so on; weights that were
 * only half given get their other half. */
void config_definitions_gather(struct json *tree, struct arena *);
void config_definitions_check(const struct config *, struct config_errors *);
MUST_CHECK enum err config_proxies_check(
    const struct config *, struct buf *why);
/* "Couldn't load metadata pair ('a b', '1'): Key contains invalid characters"
 */
MUST_CHECK enum err config_meta_check(
    const struct pair_list *, struct buf *why);
/* The same of what is only looked for, and so may have Consul's own keys. */
MUST_CHECK enum err config_meta_filter_check(
    const struct pair_list *, bool may_be_reserved, struct buf *why);

#endif
