/*
 * What a question's filter leaves of its answer.
 *
 * Source  api/http.md 1.8: what can be selected of each answer's rows
 */
#ifndef CATALOGD_FILTERED_H
#define CATALOGD_FILTERED_H

#include "filter.h"
#include "rpc_methods.h"

/* Of an answer that has no filter, *out is NULL. ERR_INVALID: *why gets
 * Consul's text. */
MUST_CHECK enum err filtered_read(enum method, struct slice text,
    struct arena *, const struct filter **out, struct buf *why);
/* Drop the rows of which it does not hold. */
void filtered_apply(enum method, const struct filter *, void *reply);

#endif
