/*
 * What json_read.c (the walk) and json_words.c (numbers, times, and the words
 * for what is wrong) share.
 */
#ifndef COMMON_JSON_READ_H
#define COMMON_JSON_READ_H

#include "json.h"
#include "type_shape.h"

#define JSON_ERRORS_MAX 32 /* more are not listed */

struct json_reader {
	enum json_dialect dialect;
	struct arena *arena;
	struct slice errors[JSON_ERRORS_MAX]; /* lent by the arena */
	size_t error_count;
	struct slice unknown[JSON_ERRORS_MAX]; /* keys, with their path */
	size_t unknown_count;
};

/* Where in the struct a value goes, and what is expected there. */
struct place {
	const struct place *outer; /* NULL at the root */
	const struct type *owner;  /* struct that has the field, or NULL */
	struct slice name;	   /* of the field or entry; empty in a list */
	size_t index;
	bool is_entry; /* of a map */
	enum kind kind;
	const struct type *type;
	size_t limit;
};

/* One more error; printf without a newline. */
void json_read_fail(struct json_reader *, const char *format, ...)
    PRINTF_LIKE(2, 3);
/* The value has another type than its place. */
void json_read_mismatch(
    struct json_reader *, const struct place *, const struct json *);
void json_read_too_big(struct json_reader *, const struct place *);
void json_read_unknown(struct json_reader *, const struct place *);
/* Whether Consul's reader of this struct knows keys by other names, too. */
bool json_read_has_aliases(const struct type *);
/* Whether there is no use in going on. */
bool json_read_is_over(const struct json_reader *);
MUST_CHECK enum err json_read_result(
    const struct json_reader *, char why[JSON_WHY_MAX]);

/* Into a uint64_t, int64_t or double, as the place's kind says. */
void json_read_number(
    struct json_reader *, const struct place *, const struct json *, void *);
/* A float cut to an integer; beyond its range the nearest. */
void json_read_real_as_int(struct slice text, int64_t *);
bool json_read_time(struct slice, struct wire_time *);
double json_real(struct slice text);

#endif
