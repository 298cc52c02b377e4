/*
 * What is the same for every command: flags, usage, the client, the end.
 *
 * A command's file has its options (a struct, filled from its flag table), its
 * command_spec, and the work; its function in commands.h hands them to
 * command_main.
 */
#ifndef PROCONSUL_COMMAND_H
#define PROCONSUL_COMMAND_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_options.h"
#include "commands.h"
#include "json.h"
#include "say.h"

/* One run of a command. */
struct run {
	const struct command_spec *spec;
	int argc; /* what stands behind the flags */
	char **argv;
	struct arena arena;
	struct client *client; /* owned; set by run_connect */
	struct buf why;	       /* of the last failure; emptied by run_fail */
};

struct command_spec {
	const char *usage; /* "kv get [options] [KEY_OR_PREFIX]" */
	const char *about; /* what it does: one paragraph */
	const struct flag *flags;
	int (*work)(struct run *, const void *options);
	const char
	    *connect_error; /* NULL: "Error connecting to Consul agent" */
};

/* `options` holds the defaults, and is filled from the flags. */
int command_main(
    const struct command_spec *, int argc, char **argv, void *options);
/* How many arguments at the front are flags of this table (or -h), with their
 * values: for commands behind whose own flags those of `agent` follow. */
int command_own_flags(const struct flag *, int argc, char **argv);
void command_usage(FILE *, const struct command_spec *);

/* False, and said so, when the options do not make a client. */
MUST_CHECK bool run_connect(struct run *, const struct client_options *);
/* Say `text: why` (or only the text when nothing is in run->why); 1. */
int run_fail(struct run *, const char *format, ...) PRINTF_LIKE(2, 3);
/* "Too many arguments (expected 1, got 2)" unless at most `limit`; then 1. */
int run_check_count(const struct run *, int limit);
/* A GET of JSON, parsed; NULL with run->why set. */
MUST_CHECK const struct json *run_get(struct run *, const struct request *);
/* The same, into a struct of api_types.h. */
MUST_CHECK enum err run_get_type(struct run *, const struct request *,
    const struct type *, void *out, struct response *);
/* JSON text into a struct; run->why on failure. */
MUST_CHECK enum err run_parse_type(
    struct run *, struct slice text, const struct type *, void *out);

#endif
