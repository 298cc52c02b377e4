/*
 * What travels inside Serf's own queries: keys, and a member whose name is
 * claimed twice. Payloads begin with a type byte of Serf's.
 *
 * Source  wire/gossip.md 9 (types 6 to 8), 9.4 and 10.5
 */
#ifndef GOSSIPD_PAYLOAD_H
#define GOSSIPD_PAYLOAD_H

#include "common/arena.h"
#include "common/err.h"
#include "gossip.h"

#define PAYLOAD_KEYS_MAX 1024

struct key_response {
	bool is_ok;
	struct slice message;
	struct slice primary; /* base64, or empty */
	struct slice *keys;   /* base64; in the arena */
	size_t key_count;
};

/* An empty key asks for the list. */
void key_request_put(struct slice key, struct buf *);
MUST_CHECK enum err key_request_get(struct slice, struct slice *key);
void key_response_put(const struct key_response *, struct buf *);
MUST_CHECK enum err key_response_get(
    struct slice, struct arena *, struct key_response *);
/* NULL: no such member. */
void conflict_response_put(const struct gossip_member *, struct buf *);

#endif
