/*
 * Command line flags as Go's flag package reads them: one or two dashes,
 * "-flag=value" or "-flag value" (a bool only "-flag" or "-flag=true"), flags
 * before arguments, "--" ends them. One table row a flag; from the same rows
 * come the two kinds of usage Consul prints, and the manual page.
 *
 * Source  api/cli.md 1
 */
#ifndef COMMON_FLAGS_H
#define COMMON_FLAGS_H

#include <stdio.h>

#include "arena.h"
#include "bytes.h"
#include "err.h"

enum flag_kind {
	FLAG_BOOL,	   /* bool */
	FLAG_BOOL_VAR,	   /* bool; a mistake names strconv.ParseBool */
	FLAG_INT,	   /* int64_t */
	FLAG_UINT,	   /* uint64_t */
	FLAG_UINT_VAR,	   /* the same; a mistake names strconv.ParseUint */
	FLAG_TEXT,	   /* const char *, lent by argv */
	FLAG_DURATION,	   /* struct duration */
	FLAG_DURATION_VAR, /* the same; a mistake is told in full */
	FLAG_LIST,	   /* struct flag_list, a text each time it is given */
	FLAG_PAIRS,	   /* the same, of "key=value" */
};

struct flag_list {
	const char **items; /* owned by the arena; texts lent by argv */
	size_t count;
};

struct flag {
	const char *name;
	enum flag_kind kind;
	size_t offset;	   /* of the member in the caller's struct */
	const char *value; /* what its value is called, "string"; NULL: none */
	const char *help;  /* one sentence or more; wrapped when printed */
	const char *initial; /* shown as (default ...) after a mistake */
	bool is_common;	     /* stands under "HTTP API Options" */
	size_t given; /* of a bool that is set with the member; 0: of none */
};

/* A table ends with a row without a name; usage sorts the rows by name. Members
 * hold their defaults before the call. *argc and *argv are moved on to the
 * first argument behind the flags. On a mistake *why is Go's text, e.g. "flag
 * provided but not defined: -foo". */
MUST_CHECK enum err flags_parse(const struct flag *table, int *argc,
    char ***argv, struct arena *, void *options, struct buf *why);

/* One flag of argv at a time, for those who keep them by themselves. False at
 * the end of the flags; *err tells whether it was a mistake. *value is lent by
 * argv, "true" for a bool flag without one. */
bool flags_next(const struct flag *table, int *argc, char ***argv,
    const struct flag **, const char **value, enum err *err, struct buf *why);
MUST_CHECK enum err flag_parse_bool(const char *, bool *); /* ParseBool */
/* Go's strconv.Atoi; *why gets `strconv.Atoi: parsing "x": invalid syntax`. */
MUST_CHECK enum err flag_parse_int(const char *, int64_t *, struct buf *why);

void flag_list_add(struct flag_list *, const char *text, struct arena *);
void flag_put_quoted(struct buf *, const char *); /* Go's %q */
/* `invalid value "x" for flag -n: parse error`, as Go says it. */
void flag_mistake(const struct flag *, const char *value, const char *reason,
    struct buf *why);

/* A paragraph in lines of at most `columns`, each behind `indent` blanks. */
void print_wrapped(FILE *, const char *text, size_t indent, size_t columns);
/* After a mistake: "Usage:\n  -x value\n    \tWhat it does.\n". */
void flags_usage(FILE *, const struct flag *table);
/* For -h: the two sections of options, 72 columns wide. */
void flags_help(FILE *, const struct flag *table);

#endif
