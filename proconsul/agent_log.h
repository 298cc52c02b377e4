/*
 * The one log of the agent where it goes elsewhere, too: into files, to syslog.
 *
 * All daemons then write into a pipe, and the launcher hands on their lines
 * and its own: to its standard output, to syslog, and into the file. Without
 * log_file and enable_syslog there is no pipe, and each writes by itself.
 *
 * Errors  neither a full disk nor a syslog that is gone ends anything: it is
 *	   told once, and again when it has worked in between
 */
#ifndef PROCONSUL_AGENT_LOG_H
#define PROCONSUL_AGENT_LOG_H

#include "config.h"
#include "log_file.h"
#include "log_syslog.h"

struct agent_log {
	int input;  /* owned; end of the pipe that is read; -1: there is none */
	int output; /* owned; end that the daemons get */
	enum log_level level; /* of our own lines; NONE: they are not taken */
	struct buf rest;      /* of a line whose end has not come */
	bool has_file, has_syslog;
	bool has_file_failed, has_syslog_failed; /* and it has been told */
	struct log_file file;
	struct log_syslog syslog;
};

/* Waits for syslog, as Consul does: a minute at most. */
MUST_CHECK enum err agent_log_open(
    struct agent_log *, const struct config *, struct buf *why);
/* Our own lines of that level take part from now on, or no more (NONE). */
void agent_log_tap(struct agent_log *, enum log_level);
/* Hand on what is in the pipe. */
void agent_log_read(struct agent_log *);
void agent_log_close(struct agent_log *);

#endif
