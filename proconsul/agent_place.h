/*
 * The places of a launcher's run: those of place.h, and what is its own.
 *
 *	RUN/                  made for this run and removed with it, or by the
 *	                      next one if the launcher was killed: a lock on it
 *	                      tells
 *	RUN/notify            a socket: daemons tell the launcher they are up
 */
#ifndef PROCONSUL_AGENT_PLACE_H
#define PROCONSUL_AGENT_PLACE_H

#include <stdio.h>

#include "config.h"
#include "place.h"

struct place {
	char run_dir[PLACE_RUN_DIR_MAX];
	char node_id[PLACE_NODE_ID_BYTES]; /* UUID in lower case */
	char *pid_file;			   /* owned; NULL if none */
	int run_lock; /* owned; while it is held, the run is alive */
	int notify;   /* owned; datagrams from daemons, with their pid */
};

/* All of it, and into `told` what was done (place.h); on failure *why says what
 * could not be done, and what was made of the run directory is gone again. */
MUST_CHECK enum err place_make(
    struct place *, const struct config *, FILE *told, struct buf *why);
void place_remove(struct place *);

#endif
