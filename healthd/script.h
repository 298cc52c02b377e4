/*
 * One run of a script, from fork to its last byte.
 *
 * Ownership  a script owns its keeper (keeper.h), by that all the processes
 *            that come of it, and its end of the pipe
 */
#ifndef HEALTHD_SCRIPT_H
#define HEALTHD_SCRIPT_H

#include <sys/types.h>

#include "clock.h"
#include "health_types.h"
#include "script_rules.h"
#include "stream.h"
#include "tail.h"

struct script {
	struct script *next;
	uint64_t run;
	uint64_t kind; /* PROBE_* */
	struct buf check_id;
	struct buf input; /* until it is started */
	char *file;	  /* owned; of a job's script: goes with it */
	bool has_started;
	pid_t keeper;
	pid_t pid;  /* its session's and group's, too; 0 until it is told */
	int line;   /* to the keeper; -1 without */
	int output; /* end of the pipe; -1 once it has ended */
	struct tail tail;
	struct stream *stream; /* owned; of a job, instead of the tail */
	struct instant deadline;
	struct duration timeout;
	bool has_exited;
	bool has_timed_out;
	bool is_cancelled;
	int status; /* of waitpid() */
};

/* Start it. False, and Go's text in *why, if that can't be. */
MUST_CHECK bool script_start(struct script *, const struct probe_request *,
    const struct script_limits *, struct buf *why);
/* Read what there is, and room for; closes the pipe at its end. */
void script_read(struct script *);
/* Hear what its keeper says: it has its pid, or has exited. */
void script_listen(struct script *);
/* Its keeper has ended, with this status, and so the script has. */
void script_keeper_ended(struct script *, int status);
/* All of it, and what it has left behind. */
void script_kill(const struct script *);
/* What it has left behind lives on, unless it was killed. */
void script_free(struct script *);

#endif
