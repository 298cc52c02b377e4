/* What the kv commands share. */
#ifndef PROCONSUL_KV_H
#define PROCONSUL_KV_H

#include "bytes.h"
#include "err.h"
#include "client.h"

/* Keys never start with a slash; one that does is forgiven where a key is
 * looked for. */
const char *kv_key_strip(const char *key);
/* Base64 as far as it is right; *why is Go's text, with the byte where it goes
 * wrong, and what stands before is in `out` all the same. */
MUST_CHECK enum err kv_base64_decode(
    struct slice, struct buf *out, struct buf *why);
/* PUT of a key. False in *is_written where the agent said so. */
MUST_CHECK enum err kv_write(
    struct client *, const struct request *, bool *is_written, struct buf *why);
/* Keys to be written may not start with a slash. */
MUST_CHECK enum err kv_key_check(const char *key, struct buf *why);

#endif
