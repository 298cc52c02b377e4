/*
 * Columns of text, each as wide as its widest cell and a gap.
 *
 *	Node  Address          Status
 *	n1    127.0.0.1:8301   alive
 *
 * The last column is not padded. Width counts code points, as Consul does.
 */
#ifndef PROCONSUL_TABLE_H
#define PROCONSUL_TABLE_H

#include <stdio.h>

#include "arena.h"
#include "bytes.h"

#define TABLE_COLUMNS_MAX 16

struct table {
	struct arena *arena; /* lent; keeps the rows */
	struct slice *cells; /* row after row; lent by the arena's owner */
	size_t column_count;
	size_t cell_count;
	size_t capacity;
	bool trims_end; /* no blanks behind the very last text */
};

void table_init(struct table *, struct arena *, size_t column_count);
void table_add(struct table *, struct slice cell); /* lent; row by row */
void table_add_text(struct table *, const char *cell);
void table_print(const struct table *, size_t gap, FILE *);

#endif
