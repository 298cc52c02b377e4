/*
 * What raftd measures: how long proposals take to reach the disk and a
 * majority, and how its conversations with other servers go.
 *
 * Proposals of one turn are one entry here, as they are one write: a sample
 * stands for all of them.
 *
 * Source  api/config.md 7; hashicorp/raft, raft.go and replication.go
 */
#ifndef RAFTD_FIGURES_H
#define RAFTD_FIGURES_H

#include "common/clock.h"
#include "common/metrics.h"
#include "raft.h"

#define FIGURES_OPEN 64 /* batches that are under way and measured */

struct figures {
	struct {
		uint64_t last_index;
		uint64_t write;
		size_t count;
		struct instant begun;
	} open[FIGURES_OPEN]; /* a ring */
	size_t first;
	size_t count;
	size_t written;	  /* of them */
	uint64_t storing; /* a follower's write that is measured; 0: none */
	struct instant stored_since;
	uint64_t applied;
	uint64_t last;
};

/* Proposals were put into the log, up to its end now. */
void figures_proposed(
    struct figures *, const struct raft *, size_t count, struct instant begun);
/* A follower writes what it was sent. */
void figures_storing(struct figures *, const struct raft *, uint64_t write);
void figures_written(struct figures *, uint64_t write);
/* The end of a turn: what was committed; `applied` is catalogd's. */
void figures_turn(struct figures *, const struct raft *, uint64_t applied);
/* A leader's timer went off: when was each follower heard? */
void figures_contact(const struct raft *, struct instant now);

/* Of one follower; made when they are needed first. */
struct follower_figures {
	struct metric *heartbeat; /* lent; likewise below */
	struct metric *append;
	struct metric *logs;
	struct metric *install;
};

void figures_replied(struct follower_figures *, const struct raft *,
    const struct raft_name *address, enum message_kind request,
    const struct ticket *);

#endif
