/*
 * The agent's log as syslog hears it: each line whole, as a notice of the
 * configured facility, whatever its level; so does Consul 1.8.7.
 *
 * Source  api/config.md 3; hashicorp/go-syslog, as observed; RFC 3164 4.1
 */
#ifndef PROCONSUL_LOG_SYSLOG_H
#define PROCONSUL_LOG_SYSLOG_H

#include "bytes.h"
#include "err.h"

struct log_syslog {
	unsigned priority;
	int fd; /* owned; -1: none */
	bool is_stream;
};

/* LOCAL0 and its kin, in any case; false if there is none of that name. */
MUST_CHECK bool log_syslog_facility(struct slice, unsigned *);
/* To whoever listens at /dev/log. */
MUST_CHECK enum err log_syslog_open(struct log_syslog *, unsigned facility);
/* One line without its newline. Does not wait: ERR_FULL, ERR_IO. A syslog that
 * was started anew is found again. */
MUST_CHECK enum err log_syslog_write(struct log_syslog *, struct slice line);
/* "<133>Nov 23 01:30:35 consul[3527]: line\n", for the time in seconds. */
void log_syslog_print(unsigned priority, int64_t seconds, int pid,
    struct slice line, struct buf *out);

#endif
