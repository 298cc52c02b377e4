/*
 * Rows in the order of their ids (bytewise), found by bisection.
 *
 * Ownership  rows are the caller's; the table only points at them
 */
#ifndef HEALTHD_TABLE_H
#define HEALTHD_TABLE_H

#include "bytes.h"

/* The first member of what is kept in a table. */
struct row {
	struct slice id; /* owned by the row's arena */
};

struct table {
	struct row **rows; /* owned array */
	size_t count;
	size_t capacity;
};

void table_deinit(struct table *); /* the array only */
struct row *table_find(const struct table *, struct slice id);
void table_insert(struct table *, struct row *); /* its id must be new */
void table_remove(struct table *, struct row *); /* it must be there */

#endif
