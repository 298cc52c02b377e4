/*
 * Writes: on the leader, each becomes one entry of the log; its asker is
 * answered when that entry was applied here.
 *
 * Errors  raftd refuses: its text. raftd dies with an entry on its way: whether
 *         it will be committed is not known, and the text is Consul's for that.
 */
#ifndef CATALOGD_PROPOSE_H
#define CATALOGD_PROPOSE_H

#include "fsm.h"
#include "idmap.h"
#include "ipc.h"

struct catalogd;
struct buf;

/* A write of our own was applied (NULL), or failed: why. */
typedef void propose_fn(
    struct catalogd *, struct slice arg, const struct buf *why);

struct proposals {
	struct idmap open;
	uint64_t last_id;
};

void propose_init(struct proposals *);

/* For a call, which is answered with the method's reply. */
void propose_call(struct catalogd *, struct call *, enum fsm_type,
    const struct type *, const void *request);
/* For ourselves; `arg` is copied and handed to `done`, which may be NULL. */
void propose(struct catalogd *, enum fsm_type, const struct type *,
    const void *request, propose_fn *done, struct slice arg);

/* The entry with this id (0: not ours) was applied; the result is c's. */
void propose_applied(struct catalogd *, uint64_t id);
/* It was committed, but not as a whole: nothing has changed. */
void propose_again(struct catalogd *, uint64_t id);
void propose_refused(struct catalogd *, uint64_t id, struct slice why);
void propose_lost(struct catalogd *); /* raftd is gone */

#endif
