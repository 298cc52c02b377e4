/*
 * The state: every table in memory, and the journal of what the entry being
 * applied has changed.
 *
 * Only fsm_apply() and the loading of a snapshot write here, each entry in one
 * go: operations put and remove rows through state_put() and state_remove(),
 * and then either state_commit() keeps all of it or state_undo() none. Until
 * the next entry begins, the journal tells what has changed.
 *
 * It reads no clock and no random source: the same entries give the same state
 * on every server.
 *
 * Errors  an operation that Consul refuses is ERR_REFUSED, with Consul's text
 *         in state->why
 */
#ifndef CATALOGD_STATE_H
#define CATALOGD_STATE_H

#include "arena.h"
#include "pieces.h"
#include "row.h"

/* The orders of each table, its main one first. */
enum order {
	ORDER_NODES,		  /* node */
	ORDER_NODES_BY_ID,	  /* UUID */
	ORDER_SERVICES,		  /* node, id */
	ORDER_SERVICES_BY_NAME,	  /* name, node, id */
	ORDER_CHECKS,		  /* node, id */
	ORDER_CHECKS_BY_SERVICE,  /* node, service id or "", id */
	ORDER_CHECKS_BY_NAME,	  /* service name or "", node, id */
	ORDER_KV,		  /* bytes of the key */
	ORDER_KV_BY_SESSION,	  /* session, key; only locked keys */
	ORDER_TOMBSTONES,	  /* bytes of the key */
	ORDER_SESSIONS,		  /* UUID */
	ORDER_SESSIONS_BY_NODE,	  /* node, id */
	ORDER_COORDINATES,	  /* node, segment */
	ORDER_QUERIES,		  /* UUID */
	ORDER_QUERIES_BY_NAME,	  /* NUL, name; only those that have one */
	ORDER_QUERIES_BY_PREFIX,  /* NUL, name; only templates */
	ORDER_QUERIES_BY_SESSION, /* session, id; only those that are bound */
	ORDER_AUTOPILOT,	  /* nothing: one row */
	ORDER_INDEXES,		  /* name */
	ORDER_KEPT,		  /* number */
	ORDER_COUNT
};

struct change {
	struct row *old; /* owned; NULL: was not there */
	struct row *new; /* owned; NULL: is not there any more */
};

struct state {
	struct tree orders[ORDER_COUNT];
	size_t counts[TABLE_COUNT]; /* rows */
	uint64_t index;	 /* of the entry applied last, or being applied */
	bool is_loading; /* from a snapshot: rows bring their indexes */
	struct change *changes; /* owned; since state_begin() */
	size_t change_count;
	size_t change_room;
	struct pieces pieces; /* of entries that are not whole yet */
	struct arena arena;   /* of the entry being applied */
	struct buf why;	      /* why the last operation was refused */
};

void state_init(struct state *);
void state_deinit(struct state *);

/* --- One entry. --- */
void state_begin(struct state *, uint64_t index); /* forgets the last one */
void state_undo(struct state *);		  /* nothing has happened */

/* Put a row in, in the place of the one with its key; takes the reference. */
void state_put(struct state *, struct row *);
void state_remove(struct state *, struct row *);

/* Note why an operation is refused; returns ERR_REFUSED. */
enum err state_refuse(struct state *, const char *format, ...)
    PRINTF_LIKE(2, 3);
/* Put a text in front of the reason that is there. */
enum err state_refuse_in(struct state *, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* --- Looking. Rows are lent until the state changes. --- */
struct row *state_find(const struct state *, enum order, struct slice key);
/* The first row whose key begins with `prefix`, and those after it. */
struct row *state_first(const struct state *, enum order, struct slice prefix);
struct row *state_next(
    const struct state *, enum order, struct slice prefix, struct row *);

#define STATE_EACH(state, order, prefix, row)                          \
	for ((row) = state_first(state, order, prefix); (row) != NULL; \
	     (row) = state_next(state, order, prefix, row))

#endif
