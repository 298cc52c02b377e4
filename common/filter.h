/*
 * Filter expressions: filter= of queries, in the language of go-bexpr.
 *
 * An expression is read once a question, checked against what can be selected
 * of a type (its rows in type.h, but for those that filter_check.c hides), and
 * then holds of an object or not.
 *
 *	Service.Port == 80 and (v1 in Service.Tags or Node.Meta.rack matches
 *"^r")
 *
 * Memory   all of a filter is in the arena; what it lends is the text's
 * Time     reading is linear in the text; a look at an object is linear in the
 *          filter, the object's lists, and the texts that patterns look at
 * Errors   texts are those of Consul 1.8.7, with the parser's places
 * Source   api/http.md 1.8
 */
#ifndef COMMON_FILTER_H
#define COMMON_FILTER_H

#include "arena.h"
#include "type.h"

/* Of an expression; what a request's head holds is less. */
#define FILTER_BYTES_MAX (64 * 1024)
/* What reading one may take of the arena. */
#define FILTER_MEMORY_MAX (16 * 1024 * 1024)

struct filter;

/* ERR_INVALID: *why gets the text, "Failed to create boolean expression
 * evaluator: Selector "Foo" is not valid". Of an empty text *out is NULL. */
MUST_CHECK enum err filter_read(struct slice text, const struct type *,
    struct arena *, const struct filter **out, struct buf *why);
/* The same where the type is known only when there is an object to look at:
 * only what can't be parsed has those words in front, and where there is no
 * type, nothing else is checked (*out is NULL then). */
MUST_CHECK enum err filter_read_late(struct slice text, const struct type *,
    struct arena *, const struct filter **out, struct buf *why);

/* Does it hold of the object, which is of the filter's type? All is well with
 * a NULL filter. */
bool filter_holds(const struct filter *, const void *object);

#endif
