/*
 * The state machine: committed log entries applied to the state, in order.
 *
 * It is the only writer of the state, on leader and follower, live and in
 * replay, and reads no clock and no random source.
 *
 * Source  wire/raft.md 6 (entries), api/semantics.md
 */
#ifndef CATALOGD_FSM_H
#define CATALOGD_FSM_H

#include "state.h"

/* First byte of an entry. What is not below comes with later capabilities. */
enum fsm_type {
	FSM_REGISTER = 0,
	FSM_DEREGISTER = 1,
	FSM_KVS = 2,
	FSM_SESSION = 3,
	FSM_TOMBSTONE = 5,
	FSM_COORDINATES = 6,
	FSM_QUERY = 7,
	FSM_TXN = 8,
	FSM_AUTOPILOT = 9,
	FSM_INDEX = 16,	   /* only in snapshots */
	FSM_CHUNKING = 29, /* only in snapshots */
	FSM_FEDERATION = 30,
};

#define FSM_IGNORE_UNKNOWN 0x80 /* set: skip the entry if it is unknown */

/* What the proposer is told; bufs are reset, not freed, by fsm_apply(). */
struct fsm_result {
	bool is_refused; /* `text` says why; nothing has changed */
	struct buf text;
	struct slice op;  /* of an entry that has one; lent by the state */
	struct buf reply; /* encoded, of the method's reply type */
};

void fsm_result_deinit(struct fsm_result *);

/*
 * Apply one entry. ERR_OK also where Consul refuses it: then nothing but the
 * index has moved. ERR_UNAVAILABLE: of a type that is not built; ERR_INVALID:
 * not of its form. After these two the state must not go on: other servers
 * would differ from us. Afterwards, and until the next call, state->changes
 * tells what changed.
 */
MUST_CHECK enum err fsm_apply(
    struct state *, uint64_t index, struct slice entry, struct fsm_result *);

/* Also used to load snapshots: one RegisterRequest. */
MUST_CHECK enum err fsm_register(
    struct state *, const struct register_request *);

#endif
