/*
 * Keys across a pool: what others ask of our keyring, and what we ask of all
 * of theirs.
 *
 * Source  wire/gossip.md 10.5; serf internal_query.go, keymanager.go
 */
#ifndef GOSSIPD_KEYS_H
#define GOSSIPD_KEYS_H

#include "pool.h"

/* One of Serf's own queries (`_serf_...`), or anybody else's, which nobody
 * here answers. */
void keys_asked(struct pool *, const struct gossip_asked *);
/* Serf.Keyring: ends the call when all have answered, or time is up. */
void keys_ask(
    struct pool *, struct call *, const struct serf_keyring_request *);

#endif
