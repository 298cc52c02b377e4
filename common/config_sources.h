/*
 * Where configuration comes from: files, directories and defaults, each as a
 * tree; and all of them merged.
 *
 * Source  api/config.md 1
 */
#ifndef COMMON_CONFIG_SOURCES_H
#define COMMON_CONFIG_SOURCES_H

#include "config_flags.h"

struct config_sources {
	struct arena arena;  /* of the trees */
	struct json *set;    /* what flags and files say */
	struct json *merged; /* the same on the defaults */
	struct slice_list warnings;
};

void config_sources_init(struct config_sources *);
void config_sources_deinit(struct config_sources *);
/* Read everything the flags name. Flags must live as long. */
MUST_CHECK enum err config_sources_read(
    struct config_sources *, const struct config_flags *, struct buf *why);
void config_sources_warn(struct config_sources *, const char *format, ...)
    PRINTF_LIKE(2, 3);

#endif
