/*
 * Before a daemon starts its work: are the places that it needs there, its
 * own, and closed to others? What is wrong is refused with the very command
 * that mends it, between backquotes, for root to run.
 *
 *	DATA and all above it    its user may pass
 *	DATA/PART and all in it  its user's, who may read and write; nobody else
 *	                         may enter, or read keys; not mounted read-only
 *	RUN/PEER                 catalogd's, 2710, the other end's group
 *	RUN/PEER/s               catalogd's, if it is there
 *	RUN/genpage              catalogd's, 2750, the group _proconsul
 *	RUN/metrics, RUN/powers  its user may write there, and its files of
 *	                         an earlier run are its user's
 *	configuration            its user may read it
 *
 * Nothing is changed here: `proconsul setup` makes places, and the launcher,
 * where it is root, hands over what it finds (proconsul/agent_place.h).
 *
 * Source  wiring.h
 */
#ifndef COMMON_PLACES_H
#define COMMON_PLACES_H

#include "config.h"
#include "wiring.h"

/* Who asks, with what it was started with. */
struct places {
	enum daemon_id id;
	const char *run_dir;
	int argc; /* flags of `consul agent` */
	char **argv;
};

/* ERR_REFUSED, and *why: what is wrong and what mends it. */
MUST_CHECK enum err places_check(
    const struct places *, const struct config *, struct buf *why);
/* Files and folders of the configuration, before it is read. */
MUST_CHECK enum err places_check_configuration(
    const struct places *, struct buf *why);

/* What it made in its parts as root, while it opened them, becomes its user's
 * now, who is to find it there the next time. */
void places_hand_over(const struct places *, const struct config *);

/* Where what lies behind `path` was denied to us: the first folder on the way
 * that is closed, as "; DIR is closed to USER (mode 0700): run `...`". */
void places_put_closed(const char *path, struct buf *why);

/* The folders down to this one: may the daemon's user pass them all? */
MUST_CHECK enum err places_check_way(
    const char *to, enum daemon_id, struct buf *why);

/* The check of a part of the data directory for whoever is to own it. */
MUST_CHECK enum err places_check_part(
    const char *path, uid_t uid, gid_t gid, struct buf *why);

/* The i-th file that a daemon makes in RUN/metrics or RUN/powers, also for its
 * helpers; false behind the last. */
#define PLACES_NAME_MAX 64

bool places_file_name(enum daemon_id, size_t i, char out[PLACES_NAME_MAX]);

#endif
