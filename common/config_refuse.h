/*
 * What Consul can do and we can't yet: keys that are known, and refused by
 * name when they ask for it. A capability that gets built loses its row.
 */
#ifndef COMMON_CONFIG_REFUSE_H
#define COMMON_CONFIG_REFUSE_H

#include "config_sources.h"

/* At start and by `validate`, in the same words. */
MUST_CHECK enum err config_refuse(
    const struct config_sources *, struct buf *why);
/* The keys one by one, for the manual page; NULL behind the last. */
const char *config_refused_key(size_t index);

#endif
