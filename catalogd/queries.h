/*
 * Prepared queries: found by id, by name, or as a template by the longest
 * prefix of the name.
 *
 * Source  api/semantics.md 12, api/http.md 10; Consul's
 *	   state/prepared_query.go
 */
#ifndef CATALOGD_QUERIES_H
#define CATALOGD_QUERIES_H

#include "state.h"

#define QUERY_NOT_FOUND "Query not found"

bool query_is_template(const struct prepared_query *);
/* Has the text the form of a UUID? Only then is it looked for as an id. */
bool query_is_uuid(struct slice text);

/* ERR_INVALID and *why ("index error: ...") where the id is no UUID; *row is
 * NULL where there is none. */
MUST_CHECK enum err query_find(
    const struct state *, struct slice id, struct row **row, struct buf *why);

/* Over the one with its id, or as a new one. */
MUST_CHECK enum err query_set(struct state *, const struct prepared_query *);
/* Nothing if there is none. */
MUST_CHECK enum err query_delete(struct state *, struct slice id);
void queries_delete_of_session(struct state *, struct slice session);
/* From a snapshot. */
MUST_CHECK enum err query_load(struct state *, const struct prepared_query *);

/*
 * The query that an id or a name stands for: of a template, what it makes of
 * this name for an agent in this segment.
 *
 * Memory  *query is lent by the state, and by the arena where it was rendered
 * Errors  ERR_NOT_FOUND and ERR_REFUSED, with Consul's text in *why
 */
MUST_CHECK enum err query_resolve(const struct state *, struct slice id_or_name,
    struct slice segment, struct arena *, struct prepared_query *query,
    struct buf *why);

#endif
