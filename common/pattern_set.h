/*
 * Sets of characters: what one place of a pattern matches. For pattern*.c.
 */
#ifndef COMMON_PATTERN_SET_H
#define COMMON_PATTERN_SET_H

#include "arena.h"

struct pattern_range {
	int32_t first, last;
};

/* Ranges as they came; pattern_set_tidy() sorts and joins them. */
struct pattern_set {
	struct pattern_range *items; /* lent by an arena */
	size_t count;
	size_t room;
};

void pattern_set_add(
    struct arena *, struct pattern_set *, int32_t first, int32_t last);
void pattern_set_join(
    struct arena *, struct pattern_set *, const struct pattern_set *);
void pattern_set_tidy(struct pattern_set *);
void pattern_set_invert(struct arena *, struct pattern_set *);
/* With all that differs only in case. */
void pattern_set_fold(struct arena *, struct pattern_set *);
/* All of a general category ("L", "Lu"), or "Any"; false: there is none. */
bool pattern_set_add_category(
    struct arena *, struct pattern_set *, struct slice name);

/* Of one that is tidy. */
bool pattern_set_has(const struct pattern_set *, int32_t rune);

#endif
