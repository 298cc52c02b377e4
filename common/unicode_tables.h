/*
 * What Unicode says of characters: their general categories, and which differ
 * only in case. For pattern_set.c.
 */
#ifndef COMMON_UNICODE_TABLES_H
#define COMMON_UNICODE_TABLES_H

#include <stddef.h>
#include <stdint.h>

/* "Lu" and the like; the first is that of what is not assigned. */
extern const char unicode_names[][3];
extern const size_t unicode_name_count;

/* Sorted: the first character of a run, shifted by 8, and its category's
 * number. A run ends where the next begins. */
extern const uint32_t unicode_runs[];
extern const size_t unicode_run_count;

/* By their first: of each `stride`th character from the first to the last, how
 * far it is to the next that differs only in case; round and round. Runs with a
 * stride may overlap. */
struct unicode_fold {
	int32_t first, last;
	int32_t stride;
	int32_t delta;
};

extern const struct unicode_fold unicode_folds[];
extern const size_t unicode_fold_count;

#endif
