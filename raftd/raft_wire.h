/*
 * hashicorp/raft's messages: the core's structs to the transport's bytes and
 * back, and nothing else.
 *
 * request  type byte, map           InstallSnapshot: then Size raw bytes
 * reply    error text, map or nil
 *
 * Source  wire/raft.md 1 and 4
 */
#ifndef RAFTD_RAFT_WIRE_H
#define RAFTD_RAFT_WIRE_H

#include "common/arena.h"
#include "common/err.h"
#include "raft.h"
#include "store.h"

#define WIRE_VERSION 3 /* of the protocol, the only one we speak */
/* 64 entries of 512 KiB and their frames; ours are no larger. */
#define WIRE_REQUEST_BYTES_MAX (64U * 1024 * 1024)
#define WIRE_REPLY_BYTES_MAX   (64U * 1024)

#define WIRE_ENTRIES_MAX 64 /* in one request; MaxAppendEntries */

enum wire_type {
	WIRE_APPEND = 0,
	WIRE_VOTE = 1,
	WIRE_INSTALL = 2,
	WIRE_TIMEOUT_NOW = 3,
};

/* --- Out. --- */

/* `self` is the sender's address; `entries` are append.count of them, their
 * data encoded. */
void wire_put_append(struct buf *, const struct message *,
    const struct raft_name *self, const struct entry *const *entries);
void wire_put_vote(
    struct buf *, const struct message *, const struct raft_name *self);
/* Without the body. */
void wire_put_install(struct buf *, const struct message *,
    const struct raft_name *self, const struct snapshot *);
void wire_put_timeout_now(struct buf *);
void wire_put_reply(struct buf *, const struct message *);
void wire_put_error(struct buf *, const char *text);

/* --- In. --- */

/* The map behind the type byte. *message borrows from the bytes and the arena;
 * `peer` is who it says it is. *size is the body that follows an install.
 * ERR_UNAVAILABLE: of a version that we do not speak. */
MUST_CHECK enum err wire_get_request(uint8_t type, struct slice map,
    struct arena *, struct message *message, uint64_t *size);
/* `asked` is the request's kind; peer and ticket stay zero. */
MUST_CHECK enum err wire_get_reply(
    enum message_kind asked, struct slice map, struct message *message);

#endif
