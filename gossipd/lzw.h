/*
 * LZW as memberlist compresses with it: codes of 9 to 12 bits, least
 * significant bit first, literals of 8 bits (GIF's way, not TIFF's).
 *
 * Source  wire/gossip.md 4
 */
#ifndef GOSSIPD_LZW_H
#define GOSSIPD_LZW_H

#include "common/bytes.h"
#include "common/err.h"

/* Append the compressed form; begins with a literal, as Consul 1.8.7 does. */
void lzw_compress(struct slice, struct buf *);
/* Append what was compressed, at most `limit` bytes of it: ERR_TOO_BIG above,
 * ERR_INVALID for what is cut or no LZW. The buffer is then unspecified. */
MUST_CHECK enum err lzw_expand(struct slice, size_t limit, struct buf *);

#endif
