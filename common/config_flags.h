/*
 * The flags of `consul agent`: a row each, with the key that it sets.
 *
 * Source  api/cli.md 2
 */
#ifndef COMMON_CONFIG_FLAGS_H
#define COMMON_CONFIG_FLAGS_H

#include "flags.h"
#include "json.h"

/* What a command line says; texts are lent by argv. */
struct config_flags {
	struct json *lists;	/* list flags: they stand before the files */
	struct json *values;	/* the others: they stand behind them */
	struct flag_list paths; /* -config-file and -config-dir, in order */
	struct flag_list texts; /* -hcl */
	const char *format;	/* -config-format, or "" */
	bool is_dev;
};

extern const struct flag config_flag_table[];

/* `argv` starts with the first flag; whatever is no flag is a mistake. */
MUST_CHECK enum err config_flags_read(int argc, char **argv, struct arena *,
    struct config_flags *, struct buf *why);

#endif
