/*
 * Texts in quotes, as Go writes them: "..." with escapes, `...` without.
 *
 * Source  strconv.Unquote
 */
#ifndef COMMON_FILTER_UNQUOTE_H
#define COMMON_FILTER_UNQUOTE_H

#include "arena.h"
#include "err.h"

/* ERR_INVALID: an escape that is none, or a line's end between double quotes.
 * *out is lent by the text, or in the arena. */
MUST_CHECK enum err filter_unquote(
    struct slice quoted, struct arena *, struct slice *out);

#endif
