/*
 * The last bytes of an output, and how many there were: what is kept of a
 * script's or a web server's words.
 *
 * Source  api/config.md 5; Consul keeps a circular buffer
 */
#ifndef HEALTHD_TAIL_H
#define HEALTHD_TAIL_H

#include "bytes.h"

struct tail {
	struct buf bytes; /* at most 2 * max, so that moving is rare */
	size_t max;
	uint64_t total; /* all that ever came */
};

void tail_init(struct tail *, size_t max);
void tail_deinit(struct tail *);
void tail_put(struct tail *, const void *data, size_t size);
struct slice tail_get(const struct tail *); /* lent until changed */
/* With a note in front where some were lost. */
void tail_text(const struct tail *, struct buf *out);

#endif
