/* memberlist's compressed messages: the type byte, and a map with the LZW. */
#ifndef GOSSIPD_PACKED_H
#define GOSSIPD_PACKED_H

#include "common/arena.h"
#include "common/err.h"

void packed_put(struct slice plain, struct buf *);
/* Without the type byte; the plain bytes are in the arena. */
MUST_CHECK enum err packed_get(
    struct slice, size_t limit, struct arena *, struct slice *plain);

#endif
