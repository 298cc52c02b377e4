/*
 * A cluster in one process, under one seed and one clock.
 *
 * Each node is the real core over a disk (store_mem.c) that loses at a crash
 * what was not synced. The net drops, doubles, delays and so reorders, and is
 * cut; disks are slow or full; nodes crash and come back, are added and
 * removed. After every step the safety properties of Raft are checked.
 */
#ifndef TESTS_SIM_RAFT_SIM_H
#define TESTS_SIM_RAFT_SIM_H

#include <inttypes.h>
#include <stdbool.h>

#include "raftd/raft.h"
#include "raftd/recent.h"
#include "raftd/store.h"
#include "store_mem.h"

#define NODES_MAX 7

enum happening_kind {
	HAPPEN_DELIVER,	    /* a message arrives */
	HAPPEN_UNREACHABLE, /* its sender learns that it did not */
	HAPPEN_DISK,	    /* a disk has ended what it had begun */
	HAPPEN_CRASH,
	HAPPEN_RESTART,
	HAPPEN_GONE,  /* a follower learns that its leader has died */
	HAPPEN_FAULT, /* time for mischief */
	HAPPEN_CLIENT,
};

struct happening {
	struct instant at;
	uint64_t order; /* of two at the same time */
	enum happening_kind kind;
	size_t node;		       /* whom it concerns */
	size_t from;		       /* DELIVER, GONE */
	struct instant since;	       /* GONE, in the node's own time */
	unsigned life;		       /* of the node; another life: void */
	struct message message;	       /* DELIVER, UNREACHABLE */
	struct batch *entries;	       /* held; of an append */
	struct membership *membership; /* owned; of an install */
	bool is_double;		       /* its reply goes nowhere */
};

struct waiting {
	struct message message; /* for its write */
	struct batch *entries;
	bool is_double;
};

struct asked { /* a RAFT_VERIFY */
	bool is_open;
	uint64_t round, term;
	uint64_t commit_index; /* of the leader when it was asked */
	uint64_t acknowledged; /* of the cluster then */
};

struct node {
	struct raft_name id, address;
	bool is_alive;
	unsigned life; /* counts starts */
	struct raft raft;
	struct effects fx;
	struct disk disk;
	struct store *store;
	struct recent log; /* all of it that is not trimmed */
	struct waiting *waiting;
	size_t waiting_count, waiting_capacity;
	uint64_t applied;
	int64_t disk_ns; /* how slow its disk is */
	bool is_disk_full;
	bool is_disk_busy;
	bool is_keeping;  /* a snapshot is under way */
	bool is_doubling; /* now handling a doubled request */
	struct asked asked;
	int64_t rate;		     /* of its clock, in a thousand */
	struct instant paused_until; /* SIGSTOP */
	/* The page of the catalogd beside it, which outlives it: until when,
	 * in the node's own time, it is trusted to answer reads. */
	struct instant page_until;
	uint64_t page_term;
};

struct cluster {
	uint64_t seed, random;
	struct instant now;
	uint64_t order, steps;
	size_t node_count;  /* all there may be */
	size_t first_count; /* members at the start */
	struct node nodes[NODES_MAX];
	bool is_cut[NODES_MAX][NODES_MAX]; /* from, to */
	struct instant last_arrival[NODES_MAX][NODES_MAX];
	unsigned loss; /* in a thousand */
	unsigned doubling;
	struct happening *happenings;
	size_t happening_count, happening_capacity;
	uint64_t last_id;
	bool is_calm;	       /* no more faults */
	bool is_quiet;	       /* no more clients */
	struct checks *checks; /* raft_check.c */
	uint64_t elections, refusals, crashes, changes, snapshots, installs,
	    verified, transfers, failures, gone, pauses, trusted;
};

/* A catalogd that has lost its raftd may answer by the lease so much longer;
 * and as long nobody may commit anything behind a leader's death. */
#define PAGE_WAIT MILLISECONDS(40)
#define GONE_WAIT MILLISECONDS(45)

/* --- raft_net.c --- */

uint64_t roll(struct cluster *, uint64_t sides); /* 0..sides-1 */
bool chance(struct cluster *, unsigned in_a_thousand);
struct happening *happen(
    struct cluster *, enum happening_kind, size_t node, int64_t in_ns);
/* What its clock says. */
struct instant node_now(const struct cluster *, size_t node);
/* When in the cluster's time its clock will say so. */
struct instant node_when(const struct cluster *, size_t node, struct instant);
bool node_is_paused(const struct cluster *, size_t node);
/* An event for a node, its effects, and the checks. */
void node_step(struct cluster *, size_t node, struct event *);
void node_start(struct cluster *, size_t node);
void node_crash(struct cluster *, size_t node);
void node_disk(struct cluster *, size_t node);
void deliver(struct cluster *, struct happening *);

/* --- raft_check.c --- */

struct checks *checks_new(void);
void checks_free(struct checks *);
/* What must always hold, after a step of this node. */
void check_step(struct cluster *, size_t node);
/* Before a message leaves: what it promises is on disk. */
void check_promise(struct cluster *, size_t node, const struct message *);
void check_appended(struct cluster *, size_t node, const struct entry *);
/* An entry that a leader let go before anyone could see it. */
void check_unmade(struct cluster *, uint64_t index, uint64_t term);
void check_lost(struct cluster *, uint64_t id); /* for certain */
void check_snapshot(struct cluster *, uint64_t index, uint64_t term);
uint64_t checks_acknowledged(const struct cluster *);
uint64_t checks_committed(const struct cluster *);
/* All calm: one leader, and everyone has everything. */
bool check_converged(struct cluster *);

/* Say what is wrong and how to see it again; the end. */
void broken(struct cluster *, const char *format, ...) PRINTF_LIKE(2, 3)
    __attribute__((noreturn));

#endif
