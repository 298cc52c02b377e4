/*
 * The agent's log in files: NAME-<unix ns>EXT, a new one at each start and
 * each time that the last is old or large enough.
 *
 * Bounds  log_rotate_max_files: that many finished files are kept, 0 all of
 *         them, -1 none
 * Source  api/config.md 3; Consul logging/logfile.go, as observed
 */
#ifndef PROCONSUL_LOG_FILE_H
#define PROCONSUL_LOG_FILE_H

#include "clock.h"

struct log_file {
	char *folder; /* owned; "" or with a slash at its end */
	char *stem;   /* owned; "consul-" */
	char *ending; /* owned; ".log" */
	struct duration age_max;
	int64_t bytes_max; /* 0: any size */
	int64_t files_max;
	int fd; /* owned */
	struct instant opened;
	int64_t written;
};

/* Members to name and turn the files by are set; nothing is opened yet. */
void log_file_init(struct log_file *, struct slice path);
void log_file_deinit(struct log_file *);
/* *why: "open /x/consul-1.log: permission denied". The file that was open
 * before stays so then. */
MUST_CHECK enum err log_file_open(struct log_file *, struct buf *why);
/* Lines with their newline; turns to a new file before, if it is time. */
MUST_CHECK enum err log_file_write(
    struct log_file *, struct slice lines, struct buf *why);

#endif
