/*
 * Serf's snapshot: whom we knew, and the clocks, for the next start. Text,
 * appended to, and rewritten when it has grown.
 *
 * Source  wire/gossip.md 12; serf snapshot.go
 * Errors  what cannot be written is logged once; the pool goes on without
 */
#ifndef GOSSIPD_SNAPSHOT_H
#define GOSSIPD_SNAPSHOT_H

#include "common/arena.h"
#include "gossip.h"

struct snapshot;

struct snapshot_clocks {
	uint64_t member, event, query;
};

struct snapshot_node {
	struct slice name;
	struct endpoint address;
};

/* What the last run left; all zero where there was none. */
struct snapshot_past {
	struct snapshot_clocks clocks;
	struct snapshot_node *nodes; /* in the arena */
	size_t count;
};

/* Read it, and open it for more. `keeps_after_leave`: rejoin_after_leave. */
struct snapshot *snapshot_open(const char *path, bool keeps_after_leave,
    const char *log_name, struct arena *, struct snapshot_past *);

/* Lines to be written by the next snapshot_flush(). */
void snapshot_change(struct snapshot *, const struct member_change *);
void snapshot_tick(struct snapshot *, const struct snapshot_clocks *);
void snapshot_leave(struct snapshot *);
bool snapshot_is_dirty(const struct snapshot *);
/* The members are for a file that is to be rewritten. */
void snapshot_flush(struct snapshot *, const struct gossip *);

#endif
