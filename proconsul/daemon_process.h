/*
 * Daemons of this machine, found by the pages that they keep in the run
 * directory, and spoken to by signals: for service managers, which start each
 * by itself, and for who has no token for the HTTP API.
 */
#ifndef PROCONSUL_DAEMON_PROCESS_H
#define PROCONSUL_DAEMON_PROCESS_H

#include <sys/types.h>

#include "bytes.h"
#include "err.h"
#include "metrics_read.h"
#include "wiring.h"

struct daemon_process {
	enum daemon_id id;
	pid_t pid;
	int pidfd;			 /* owned */
	const struct metrics_page *page; /* owned */
};

/* False where no daemon has this name. */
bool daemon_find(const char *name, enum daemon_id *);
/* The one that runs now. ERR_NOT_FOUND and *why where there is none, or what
 * its page says cannot be: another user's process, another program. */
MUST_CHECK enum err daemon_process_open(struct daemon_process *,
    const char *run_dir, enum daemon_id, struct buf *why);
void daemon_process_close(struct daemon_process *);
MUST_CHECK enum err daemon_process_signal(
    const struct daemon_process *, int signal, struct buf *why);
/* Wait for its end; false if it still runs after so many milliseconds. */
bool daemon_process_wait(const struct daemon_process *, int ms);

#endif
