/*
 * Bytes to structs and back, and nothing else: the data of a configuration
 * entry, as Consul's servers write it.
 *
 * Source  wire/raft.md 4
 */
#ifndef RAFTD_CODEC_H
#define RAFTD_CODEC_H

#include "common/bytes.h"
#include "common/err.h"
#include "membership.h"

void codec_put_membership(struct buf *, const struct membership *);
/* ERR_INVALID, ERR_TOO_BIG: and *out is untouched. */
MUST_CHECK enum err codec_get_membership(struct slice, struct membership *out);

#endif
