/*
 * Where the daemons live: the data directory, with a part for each that keeps
 * something, and the run directory, with a folder for each edge. Made by the
 * launcher for its run (agent_place.h), or by `proconsul setup` for daemons
 * that are units of their own.
 *
 *	DATA/                 0755
 *	DATA/node-id          0644, made once
 *	DATA/PART/            0700, the daemon's own (wiring.h, writes)
 *	RUN/                  0711
 *	RUN/PEER/             2710: catalogd binds, the peer's group connects
 *	RUN/genpage/          2750: catalogd writes, httpd and dnsd read
 *	RUN/metrics/          3770, of the page's group: a page of figures a
 *	                      daemon, which makes it at its start
 *	RUN/powers/           3770, likewise: what each was left with
 *
 * All of it may be made again, at any time: what is there stays as it is, and
 * gets the owner and the mode that it should have. As root each daemon's part
 * belongs to its user; made by anyone else, all is theirs.
 *
 * Source  DESIGN.md 4 and 10; wiring.h
 */
#ifndef PROCONSUL_PLACE_H
#define PROCONSUL_PLACE_H

#include <stdio.h>

#include "config.h"

#define PLACE_NODE_ID_BYTES 64
#define PLACE_PATH_MAX	    4096
/* How a line of what was told begins that the launcher puts into its log. */
#define PLACE_TOOK_OVER	  "Took over "
#define PLACE_RUN_DIR_MAX 90 /* short: socket paths end at 108 bytes */

/* The data directory and what is in it; `node_id` is the node's UUID, in lower
 * case. On failure *why says what could not be done. What was made or changed
 * is told to `told`, a line each; NULL: to nobody. */
MUST_CHECK enum err place_data_make(const struct config *,
    char node_id[PLACE_NODE_ID_BYTES], FILE *told, struct buf *why);

/* The folders of a run directory that is there. */
MUST_CHECK enum err place_run_fill(
    const char *run_dir, FILE *told, struct buf *why);
/* All that was made there, and what daemons have left, but not the directory
 * itself. */
void place_run_empty(const char *run_dir);

#endif
