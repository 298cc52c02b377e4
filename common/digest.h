/*
 * SHA-256, by libcrypto, loaded when it is wanted and not before.
 *
 * Why: its relocations alone cost 410 KiB of private memory, and most
 * processes never take a digest. Loading reads files, so a daemon does it
 * before its sandbox closes.
 */
#ifndef COMMON_DIGEST_H
#define COMMON_DIGEST_H

#include "bytes.h"
#include "err.h"

#define DIGEST_BYTES 32

struct digest; /* one that goes on */

/* ERR_UNAVAILABLE and why. Again is fine, and does nothing. */
MUST_CHECK enum err digest_load(struct buf *why);

/* Only where digest_load() has succeeded. */
struct digest *digest_new(void);
void digest_free(struct digest *); /* NULL is fine */
void digest_put(struct digest *, struct slice);
/* Once; then only digest_free() follows. */
void digest_end(struct digest *, uint8_t out[DIGEST_BYTES]);

#endif
