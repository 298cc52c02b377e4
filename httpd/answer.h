/*
 * Finished answers, kept while the generation page says that they stand.
 *
 * Key     whatever decides an answer: method, view, parameters, token
 * Stands  as long as the page's epoch is that of the question, the page is
 *	   trusted, and all stamps (one at least) are its generations; where
 *	   an old answer will do, it need not be trusted, but its writer must
 *	   follow a leader or have done so
 * Bounds  bytes of keys and answers; what was not used lately goes first
 * Source  DESIGN.md 5
 */
#ifndef HTTPD_ANSWER_H
#define HTTPD_ANSWER_H

#include "genpage.h"
#include "ipc.h"
#include "respond.h"

struct answers;

struct answers *answers_new(size_t bytes_max);
void answers_free(struct answers *);

/* A standing answer and the index in it; NULL if there is none. Lent until the
 * next call. `page` may be NULL: then nothing stands. */
struct blob *answers_find(struct answers *, struct slice key,
    const struct genpage *page, struct instant now, uint64_t *index);

/* The same for a question that allows stale answers, on a server that does not
 * lead: *contact is how long ago a leader was heard, at most `max` (0: any). */
struct blob *answers_find_stale(struct answers *, struct slice key,
    const struct genpage *page, struct instant now, struct duration max,
    struct duration *contact, uint64_t *index);

/* Keep an answer to a question that was asked in `epoch`. Takes a reference of
 * its own; without stamps, or if too large for the bounds, it keeps nothing. */
void answers_keep(struct answers *, struct slice key, struct blob *,
    uint64_t index, uint64_t epoch, const struct stamp *, size_t stamp_count);

size_t answers_size(const struct answers *); /* bytes kept */

#endif
