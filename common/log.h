/*
 * The log: one line an event, in Consul's form, on standard output.
 *
 *     2026-11-22T15:29:24.180Z [INFO]  agent: Synced service: service=web
 *
 * `name` is Consul's logger ("agent", "agent.server.raft"), `message` the
 * event, and the rest prints its fields ("service=%s error=%s"); "" for none.
 * A value runs to the next ` key=`; one with blanks is put in quotes, and
 * control characters are shown, so that nobody can forge a line. `error`
 * wakes someone, `warn` says we are degraded, `info` is a change of state,
 * `debug` is per message. Never a token, a key or a KV value.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "bytes.h"

enum log_level {
	LOG_LEVEL_TRACE,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_NONE,
};

/* A second reader of the log (monitor): lines without the four blanks and
 * without a newline; lent for the call. */
typedef void log_tap_fn(void *arg, enum log_level, struct slice line);

void log_set_level(enum log_level);
void log_set_json(bool is_json); /* Consul's log_json form */
/* Where standard output is the journal ($JOURNAL_STREAM says so), which keeps
 * time and process of each line: leave out the time, and put the level in
 * front as a number (sd-daemon(3)). */
void log_set_journal(void);
void log_set_tap(enum log_level, log_tap_fn *, void *arg); /* NULL: off */
/* Inside a tap: append the line that is being written, in this form, whatever
 * that of the output is; no indent, no newline. */
void log_tap_line(bool is_json, struct buf *out);
/* Would a line of this level be seen? For lines that cost something to make. */
bool log_is_wanted(enum log_level);
/* TRACE DEBUG INFO WARN ERR ERROR, any case; false if none of them. */
bool log_level_parse(struct slice, enum log_level *);

#define log_trace(name, message, ...) \
	log_write(LOG_LEVEL_TRACE, name, message, __VA_ARGS__)
#define log_debug(name, message, ...) \
	log_write(LOG_LEVEL_DEBUG, name, message, __VA_ARGS__)
#define log_info(name, message, ...) \
	log_write(LOG_LEVEL_INFO, name, message, __VA_ARGS__)
#define log_warn(name, message, ...) \
	log_write(LOG_LEVEL_WARN, name, message, __VA_ARGS__)
#define log_error(name, message, ...) \
	log_write(LOG_LEVEL_ERROR, name, message, __VA_ARGS__)

void log_write(enum log_level, const char *name, const char *message,
    const char *fields, ...) PRINTF_LIKE(4, 5);

/* A broken environment at start: `==> text` on standard error, exit 1. */
void fatal(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

#endif
