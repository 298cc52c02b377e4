/*
 * Answers that stand: by name (folded) and type, with the generations they
 * were made from. A hit costs a hash and a few loads.
 *
 * Bounds  bytes_max of answers, keys and stamps; what was not asked for since
 *         the hand of the clock last passed goes first
 * Source  DESIGN.md 5
 */
#ifndef DNSD_CACHE_H
#define DNSD_CACHE_H

#include "answer.h"
#include "genpage.h"
#include "ipc.h"

struct cache;

struct cache *cache_new(size_t bytes_max, uint64_t secret);
void cache_free(struct cache *);
void cache_clear(struct cache *);
/* NULL where there is none that stands. Lent until the next call. Where the
 * page is not trusted one stands as long as a leader was heard of within
 * max_stale; 0: then none does. */
struct dns_answer *cache_find(struct cache *, struct slice name, uint16_t type,
    const struct genpage *, struct instant now, struct duration max_stale);
/* Takes the answer, and frees it when it has to go. `epoch` is the page's when
 * the first stamp was asked for. */
void cache_keep(struct cache *, struct slice name, uint16_t type,
    struct dns_answer *, uint64_t epoch, const struct stamp *, size_t count);
/* The same for one that nothing tells the end of, but that may be used until
 * then. */
void cache_keep_until(struct cache *, struct slice name, uint16_t type,
    struct dns_answer *, struct instant until);

#endif
