/*
 * Addresses worked out from this host's interfaces: the {{ ... }} of
 * go-sockaddr.
 *
 * Source  api/config.md 2
 */
#ifndef COMMON_CONFIG_TEMPLATE_H
#define COMMON_CONFIG_TEMPLATE_H

#include "bytes.h"
#include "err.h"

/* Append `text` with all of its templates filled in. */
MUST_CHECK enum err config_template_expand(
    struct slice text, struct buf *out, struct buf *why);

#endif
