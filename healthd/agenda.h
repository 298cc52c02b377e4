/*
 * What is due next: a heap of moments, each embedded in what it belongs to.
 *
 * Ownership  entries are lent by their owner, who clears them before it goes
 * Time       agenda_first() is the one moment that a loop needs a timer for
 */
#ifndef HEALTHD_AGENDA_H
#define HEALTHD_AGENDA_H

#include "clock.h"

enum agenda_kind {
	AGENDA_RUN,    /* of a check: run it, or its TTL is over */
	AGENDA_OUTPUT, /* of a check: its output may be told now */
	AGENDA_REAP,   /* look for services that are critical for too long */
	AGENDA_SYNC,   /* compare with the catalog */
};

struct agenda_entry {
	struct instant due;
	size_t place; /* in the heap, from 1; 0 where it is not */
	enum agenda_kind kind;
	void *owner; /* lent */
};

struct agenda {
	struct agenda_entry **heap; /* owned; entries lent */
	size_t count;
	size_t capacity;
};

void agenda_deinit(struct agenda *);
/* Put the entry in, or move it. */
void agenda_set(struct agenda *, struct agenda_entry *, struct instant due);
void agenda_clear(struct agenda *, struct agenda_entry *);
bool agenda_has(const struct agenda_entry *);
/* INSTANT_NEVER where nothing is due at all. */
struct instant agenda_first(const struct agenda *);
/* Take out the first entry that is due by `now`; NULL if there is none. */
struct agenda_entry *agenda_next(struct agenda *, struct instant now);

#endif
