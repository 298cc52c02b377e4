/*
 * A pool in one process, under one seed and one clock.
 *
 * Each node is the real core of gossipd. The net drops, doubles, delays and so
 * reorders packets, and is cut in two; nodes crash and come back, leave, are
 * frozen (nothing runs), or stall (timers run, but nothing comes in or goes
 * out, as in the Lifeguard paper's experiments).
 */
#ifndef TESTS_SIM_GOSSIP_SIM_H
#define TESTS_SIM_GOSSIP_SIM_H

#include <inttypes.h>
#include <stdbool.h>

#include "gossipd/gossip.h"

#define NODES_MAX  1024
#define EVENTS_MAX 64
#define INBOX_MAX  256 /* packets that wait: about a socket's buffer */

enum parcel_kind {
	PARCEL_PACKET,
	PARCEL_PULL,	    /* a push/pull comes in */
	PARCEL_PULL_ANSWER, /* and its answer */
	PARCEL_PING,	    /* by stream */
	PARCEL_PING_ANSWER,
	PARCEL_REFUSED, /* nobody listens */
};

/* What travels. */
struct parcel {
	enum parcel_kind kind;
	size_t from, to;
	unsigned life; /* of the receiver, where it is an answer */
	uint64_t stream;
	struct message *messages; /* PACKET; in the arena */
	size_t message_count;
	struct push_pull state; /* PULL, PULL_ANSWER; in the arena */
	struct arena arena;
};

enum happening_kind {
	HAPPEN_PARCEL,
	HAPPEN_TICK,
	HAPPEN_STREAM_TIMEOUT,
	HAPPEN_AWAKE, /* the end of a freeze or a stall */
	HAPPEN_RESTART,
	HAPPEN_RETRY_JOIN,
	HAPPEN_FAULT,
	HAPPEN_HEAL,
	HAPPEN_WORK,   /* something the users of a pool do */
	HAPPEN_STARVE, /* of the nodes that are short of CPU */
};

struct happening {
	struct instant at;
	uint64_t order; /* of two at the same time */
	enum happening_kind kind;
	size_t node;
	unsigned life;
	uint64_t stream;
	struct parcel *parcel; /* owned */
};

enum condition {
	CONDITION_WELL,
	CONDITION_FROZEN,
	CONDITION_STALLED,
};

struct node {
	char name[24];
	struct endpoint address;
	struct gossip *g; /* owned; NULL: not running */
	unsigned life;
	bool was_started;
	bool has_left; /* for good */
	enum condition condition;
	unsigned spell;		 /* counts freezes and stalls */
	bool is_starved;	 /* again and again */
	bool is_abroad;		 /* on the other side of a cut */
	struct instant tick_at;	 /* one is on the agenda for then */
	struct parcel **waiting; /* owned: came in while not well */
	size_t waiting_count, waiting_capacity;
	struct parcel **held; /* owned: not sent yet */
	size_t held_count, held_capacity;
	uint64_t join_id;
	bool has_joined;
	uint32_t incarnation;
};

struct counts {
	uint64_t steps, packets, bytes, bytes_max, pulls;
	uint64_t crashes, freezes, stalls, cuts, leaves, events, queries;
	/* One that ran well was taken for failed: by anybody, and by others
	 * that ran well. And one that was frozen, stalled or starved. */
	uint64_t false_failures, false_at_well, slow_failures;
};

struct pool {
	uint64_t seed, random;
	struct instant now;
	uint64_t order;
	bool is_without_lifeguard;
	size_t node_count;
	struct node nodes[NODES_MAX];
	bool is_cut;
	unsigned loss; /* in a thousand */
	unsigned doubling;
	int64_t delay_ns;	  /* at most, besides the least */
	struct happening *agenda; /* a heap */
	size_t agenda_count, agenda_capacity;
	bool is_star;	   /* all join by way of node 0 */
	size_t meta_bytes; /* of the tags */
	bool is_calm;	   /* no more faults */
	bool is_idle;	   /* no more work */
	struct gossip_effects fx;
	struct counts counts;
	size_t event_count;
	/* By event and node: delivered in this life. */
	uint8_t has_event[EVENTS_MAX][NODES_MAX];
	/* By observer and subject: has seen it leave for good. */
	uint8_t *has_seen_left;
	/* What is being asked by the one query under way. */
	uint64_t query_id;
	size_t query_acks, query_replies;
	bool is_query_done;
};

/* --- gossip_net.c --- */

uint64_t roll(struct pool *, uint64_t sides); /* 0..sides-1 */
bool chance(struct pool *, unsigned in_a_thousand);
struct happening *happen(
    struct pool *, enum happening_kind, size_t node, int64_t in_ns);
void node_step(struct pool *, size_t node, struct gossip_event *);
void node_start(struct pool *, size_t node);
void node_stop(struct pool *, size_t node);
void node_join(struct pool *, size_t node); /* by way of another */
void node_weaken(struct pool *, size_t node, enum condition, int64_t for_ns);
void node_awake(struct pool *, size_t node);
/* The next happening; false when none is left before `end`. */
bool run_next(struct pool *, struct instant end);
void pool_clear(struct pool *);

/* --- gossip_check.c --- */

/* What must always hold, after a step and before its effects are used. */
void check_step(struct pool *, size_t node);
/* Everybody alive sees what is true. `why` may be NULL. */
bool check_converged(struct pool *, char *why, size_t why_size);
void broken(struct pool *, const char *format, ...) PRINTF_LIKE(2, 3)
    __attribute__((noreturn));

/* --- gossip_sim.c --- */

void on_fault(struct pool *);
void on_heal(struct pool *);
void on_work(struct pool *);
void on_starve(struct pool *, size_t node);

#endif
