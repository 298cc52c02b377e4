/*
 * The keys of a pool: AES-GCM with the first, opening with any, and the file
 * that keeps them.
 *
 * Rules   at most KEYRING_KEYS_MAX; the first key is the primary: it seals. An
 *         empty keyring neither seals nor opens: the pool is not encrypted
 * Errors  in memberlist's and Serf's words, for who asked
 * Source  wire/gossip.md 5, 10.5 and 12; memberlist keyring.go, security.go
 */
#ifndef GOSSIPD_KEYRING_H
#define GOSSIPD_KEYRING_H

#include "common/bytes.h"
#include "common/err.h"

#define KEYRING_KEYS_MAX  64
#define KEY_BYTES_MAX_AES 32
/* Version, nonce and tag: what sealing adds. */
#define SEAL_BYTES 29

struct keyring;

struct keyring *keyring_new(void);
void keyring_free(struct keyring *); /* its keys are wiped */

size_t keyring_count(const struct keyring *);
/* 0 is the primary; lent until a key is removed. */
struct slice keyring_key(const struct keyring *, size_t index);

/* NULL: done (and a key that is there already stays as it is), else why not.
 * The first key needs libcrypto, which is loaded then. */
const char *keyring_install(struct keyring *, struct slice key);
const char *keyring_use(struct keyring *, struct slice key);
const char *keyring_remove(struct keyring *, struct slice key);

/* Append version 1, nonce, ciphertext and tag. The keyring is not empty. */
void keyring_seal(
    struct keyring *, struct slice plain, struct slice also, struct buf *);
/* Append what was sealed, by version 0 or 1. ERR_REFUSED: no key opens it. */
MUST_CHECK enum err keyring_open(
    struct keyring *, struct slice sealed, struct slice also, struct buf *);

/* Keys of a file: a JSON array of base64, primary first. ERR_NOT_FOUND where
 * there is none; ERR_CORRUPT with *why. */
MUST_CHECK enum err keyring_load(
    struct keyring *, const char *path, struct buf *why);
/* Written anew beside it, then renamed; mode 0600. ERR_IO with *why. */
MUST_CHECK enum err keyring_save(
    const struct keyring *, const char *path, struct buf *why);

#endif
