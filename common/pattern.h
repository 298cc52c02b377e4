/*
 * Regular expressions as Go has them (RE2), for the filters of queries, of
 * Consul's events and of the command line. Any member of a pool may send one:
 * the time is bounded by pattern times text, the memory by PATTERN_STATES_MAX.
 *
 * Syntax  all of RE2's, as Go has it, but for scripts (\p{Greek}): literals .
 * [...]
 *         [^...] with [:alpha:], \d \w \s \pL \p{Lu} and their opposites,
 *         escapes (\n, \x{1F600}, \Q...\E), ^ $ \A \z \b \B, groups with
 *         names and flags, | * + ? {n,m} and their lazy forms. Characters
 *         are those of UTF-8
 */
#ifndef COMMON_PATTERN_H
#define COMMON_PATTERN_H

#include "arena.h"
#include "bytes.h"
#include "err.h"

#define PATTERN_STATES_MAX 2048

enum pattern_result {
	PATTERN_ABSENT,
	PATTERN_FOUND,
	PATTERN_BAD, /* not understood, or too large */
};

/* One that is looked for often; all of it is in the arena, and its looks share
 * the room for their places: one thread at a time. */
struct pattern;
/* ERR_INVALID: as pattern_check() below. */
MUST_CHECK enum err pattern_compile(struct slice pattern, struct arena *,
    const struct pattern **out, struct buf *why);
bool pattern_matches(const struct pattern *, struct slice text);

/* Is it anywhere in the text? */
enum pattern_result pattern_search(struct slice pattern, struct slice text);
/* Go's FindStringSubmatch: the whole of the first place found, and what each
 * group of it has matched, an empty text where it has not; lent by `text`. How
 * many there are, at most `most`; 0: it is absent, or the pattern is bad. */
size_t pattern_groups(
    struct slice pattern, struct slice text, struct slice *groups, size_t most);
/* ERR_INVALID: *why gets Go's "error parsing regexp: missing closing ): `(`".
 */
MUST_CHECK enum err pattern_check(struct slice pattern, struct buf *why);

#endif
