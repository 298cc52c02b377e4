/*
 * What can be watched: a row a type, with its question and the shape of the
 * answer. watch_types.c has the rows, watch.c the loop.
 */
#ifndef PROCONSUL_WATCH_H
#define PROCONSUL_WATCH_H

#include "client.h"
#include "json.h"

/* Parameters that only some types have, by the names of their flags. */
enum watch_value {
	WATCH_KEY,
	WATCH_NAME,
	WATCH_PASSINGONLY,
	WATCH_PREFIX,
	WATCH_SERVICE,
	WATCH_STATE,
	WATCH_TAG, /* whether there are any: see `tags` */
	WATCH_VALUE_COUNT
};

struct watch_options {
	struct client_options client;
	const char *type;
	const char *values[WATCH_VALUE_COUNT]; /* "" where not given */
	struct flag_list tags;
	bool uses_shell;
};

struct watch_type {
	const char *name;
	unsigned takes;		   /* set of parameters: 1 << WATCH_x */
	const char *missing;	   /* text when `needs` is not given */
	int needs;		   /* enum watch_value, or -1 */
	const char *path;	   /* %s is the parameter `needs` */
	const struct type *answer; /* NULL: not for the command line */
	bool is_first_only;	   /* of the answer's list */
	bool has_none;		   /* 404 is an answer: null */
	bool is_unordered;	   /* its indexes are no numbers to compare */
};

/* The type meant, or why it cannot be: "Unsupported watch type: zz". */
MUST_CHECK enum err watch_check(
    const struct watch_options *, const struct watch_type **, struct buf *why);
MUST_CHECK enum err watch_request(const struct watch_type *,
    const struct watch_options *, struct arena *, struct request *,
    struct buf *why);
/* The agent's JSON as the client library's structs print it; of events, those
 * since the index `seen`. */
MUST_CHECK enum err watch_render(const struct watch_type *, const struct json *,
    uint64_t seen, struct arena *, struct buf *out, char why[JSON_WHY_MAX]);

#endif
