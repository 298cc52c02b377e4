/*
 * A page of figures as it lies in shared memory; for metrics*.c alone.
 *
 * Writer  one. A row's sequence is odd while the row is written
 * Reader  copies a row and looks at the sequence before and after; it trusts
 *	   no size in it, for the page is another daemon's
 */
#ifndef COMMON_METRICS_PAGE_H
#define COMMON_METRICS_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

#include "metrics_read.h"

#define METRICS_MAGIC	   0x70636d31U
#define METRICS_ROWS_MAX   512U
#define METRICS_VALUES_MAX 8192U /* a power of two */

struct metric {
	_Atomic uint32_t sequence;
	struct metric_row row;
};

/* A single value, for sinks. */
struct metric_value {
	_Atomic uint64_t packed; /* row << 32 | bits of the float */
};

struct metrics_page {
	_Atomic uint32_t magic;
	_Atomic uint32_t is_over;   /* its daemon has begun another one */
	_Atomic uint32_t first;	    /* interval of the start */
	_Atomic uint32_t count;	    /* of rows */
	_Atomic uint64_t values_at; /* how many were written */
	_Atomic uint32_t pid;
	/* Of the configuration: how often it was read again, and how often
	 * that was refused; why it was the last time, as text. */
	_Atomic uint32_t reloads;
	_Atomic uint32_t refusals;
	char refused_why[METRICS_WHY_MAX];
	struct metric metrics[METRICS_ROWS_MAX];
	struct metric_value values[METRICS_VALUES_MAX];
};

#endif
