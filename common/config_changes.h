/*
 * What a reload changes: each key that differs, and what becomes of it.
 *
 * A configuration that is read while the agent runs takes effect in part: the
 * keys that config_docs.h marks APPLIED. All others keep, in every daemon, the
 * value they were started with (config_pin), so that no daemon follows half of
 * a change that the others do not follow.
 *
 * Source  api/config.md, column R
 */
#ifndef COMMON_CONFIG_CHANGES_H
#define COMMON_CONFIG_CHANGES_H

#include "config.h"

enum config_fate {
	CONFIG_APPLIED,
	CONFIG_RESTART,
	CONFIG_NOTHING,
};

/* A row of config_docs.h. Texts are in the row: no relocations. */
struct config_doc {
	char path[58];
	uint8_t fate;	 /* enum config_fate */
	uint8_t daemons; /* bits of enum daemon_id, and CONFIG_LAUNCHER */
};

#define CONFIG_LAUNCHER (1U << DAEMON_COUNT)

/* NULL where there is no such row. */
const struct config_doc *config_doc_find(const char *path);

/* Keys that differ from what runs, into next->changes. Services, checks and
 * watches are counted, not named. */
void config_changes(const struct config *now, struct config *next);
/* Give `next` the values of `now` in all keys that need a restart. */
void config_pin(const struct config *now, struct config *next);
/* As config_load, for one that is to follow `now`: with its changes, and with
 * what cannot change now as it was. */
MUST_CHECK struct config *config_load_again(
    int argc, char **argv, const struct config *now, struct buf *why);

/* "key=a.b status=applied", as the log and the command line tell it. */
void config_change_put(const struct reload_change *, struct buf *);

#endif
