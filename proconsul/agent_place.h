/*
 * Where the daemons live: the data directory, with a part for each that keeps
 * something, and the run directory, with a folder for each edge.
 *
 *	DATA/                 0755
 *	DATA/node-id          0644, made once
 *	DATA/PART/            0700, the daemon's own (wiring.h, writes)
 *	RUN/                  0711, made for this run and removed with it, or by
 *	                      the next one if the launcher was killed: a lock
 *	                      on it tells
 *	RUN/PEER/             2710: catalogd binds, the peer's group connects
 *	RUN/genpage/          2750: catalogd writes, httpd and dnsd read
 *	RUN/metrics/          3770, of root and the page's group: a page of
 *	                      figures a daemon, which makes it at its start
 *	RUN/powers/           3770, likewise: what each was left with
 *	RUN/notify            a socket: daemons tell the launcher they are up
 *
 * Source  DESIGN.md 4 and 10; wiring.h
 */
#ifndef PROCONSUL_AGENT_PLACE_H
#define PROCONSUL_AGENT_PLACE_H

#include "config.h"

#define PLACE_PATH_MAX 4096

struct place {
	char run_dir[90]; /* short: socket paths end at 108 bytes */
	char node_id[64]; /* UUID in lower case */
	char *pid_file;	  /* owned; NULL if none */
	int run_lock;	  /* owned; while it is held, the run is alive */
	int notify;	  /* owned; datagrams from daemons, with their pid */
};

/* All of it; on failure *why says what could not be done, and what was made
 * of the run directory is gone again. */
MUST_CHECK enum err place_make(
    struct place *, const struct config *, struct buf *why);
void place_remove(struct place *);

#endif
