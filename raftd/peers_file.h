/*
 * DATA/raft/peers.json: by it an operator says who the servers are when too
 * many of them are lost for ever.
 *
 * Consul's rules: it only counts where peers.info stands beside it, which every
 * start leaves there with an explanation; so one of an old installation is
 * thrown away. It is deleted once it has been used.
 *
 * Source  wire/raft.md 5, 8; consul server.go, setupRaft; hashicorp/raft
 *         ReadConfigJSON, whose words the errors are
 */
#ifndef RAFTD_PEERS_FILE_H
#define RAFTD_PEERS_FILE_H

#include "common/bytes.h"
#include "common/err.h"
#include "membership.h"

/* *is_there is false if there is none to be used. On failure *why says what to
 * the operator, and nothing was changed. */
MUST_CHECK enum err peers_file_read(const char *folder, struct membership *out,
    bool *is_there, struct buf *why);
MUST_CHECK enum err peers_file_parse(
    struct slice text, struct membership *out, struct buf *why);
MUST_CHECK enum err peers_file_delete(const char *folder, struct buf *why);

#endif
