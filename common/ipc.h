/*
 * One end of one edge: an NN_PAIR over ipc://, and on it batches of frames.
 *
 * A nanomsg message is a batch: a header (magic, hash of the method table, the
 * sender's epoch, the epoch it believes the receiver to have, count), then
 * frames. Frames are gathered during a turn of the loop and leave together at
 * its end (edge_flush). Nothing is sent while an edge is idle: a dead peer is
 * noticed by its connection while questions are open, and by its new epoch.
 *
 * Delivery   at most once: what was on its way to a peer that dies is lost;
 *            open questions then end with ERR_PEER_GONE
 * Bounds     limits.h, IPC_*; a full queue is ERR_FULL, at once
 * Turns      of a peer's frames an edge takes IPC_TURN_MS in a turn of the
 * loop, and reads none while it does not read our answers: no peer can starve
 * another edge, or fill our memory Violation  what its edge may not carry is
 * dropped and logged, with the peer's pid, and never kills catalogd:
 * ipc_guard.h keeps from nanomsg what it would die of. IPC_VIOLATIONS_MAX of
 * one process within IPC_VIOLATIONS_MS cut the edge for it, for IPC_CUT_MS and
 *            twice as long each time; its successor is served at once
 *            (ipc_violation.c). The other way round there is no such thing: who
 *            has taken over catalogd has all that the others hold
 * Source     FIGURES.md 1 and 11 (what nanomsg does and does not)
 */
#ifndef COMMON_IPC_H
#define COMMON_IPC_H

#include <ev.h>

#include "arena.h"
#include "bytes.h"
#include "clock.h"
#include "err.h"
#include "idmap.h"
#include "metrics_table.h"
#include "rpc_methods.h"

struct edge;
struct call;
struct daemon;

/* --- Answering. --- */

/* A question or notice came: `request` was decoded by the method's type and
 * lives, like call->arena, until the call is answered. A notice (node.id 0)
 * ends when the handler returns, and is not answered. */
typedef void call_fn(struct daemon *, struct call *, const void *request);

struct call {
	struct idmap_node node; /* node.id: the asker's; 0 for a notice */
	struct edge *edge;	/* lent */
	enum method method;
	struct slice body;  /* the request as it came; lives as the call does */
	struct arena arena; /* for the answer's parts; freed with the call */
	struct instant deadline;
	struct instant begun; /* when it came */
	/* A sample of how long it takes; 0: none. See call_measure(). */
	uint16_t measured;
	/* May be set by whoever keeps the call for later (a watch, a question
	 * handed on): called once if the asker gives up or is gone; the call is
	 * then freed and must not be answered any more. Left NULL, the call
	 * stays, and its answer is dropped. */
	void (*on_cancel)(struct call *);
	void *keeper; /* theirs */
	void *door;   /* of whoever let it in; kept from there on */
	/* private to ipc.c */
	struct buf stamps;
	size_t held;	/* of the edge's bytes, counted as held */
	bool is_orphan; /* nobody waits any more; the answer is dropped */
};

/* Its time until it ends is to be such a sample (metrics.h). */
void call_measure(struct call *, enum metric_id);
/* Each of these ends the call and frees it. */
void call_answer(struct call *, const struct type *, const void *reply);
void call_answer_bytes(struct call *, struct slice reply); /* encoded */
/* The text is Consul's, as it goes over the wire: "Missing node registration".
 */
void call_fail(struct call *, const char *format, ...) PRINTF_LIKE(2, 3);
void call_fail_text(struct call *, struct slice text);
/* The answer is right as long as this generation stands (genpage.h); may be
 * called several times before answering. Answers without stamps, and errors,
 * may not be kept. */
void call_stamp(struct call *, uint32_t bucket, uint64_t generation);

/* --- Asking. --- */

struct stamp {
	uint32_t bucket;
	uint64_t generation;
};

struct answer {
	enum err err; /* OK; REFUSED: see text; PEER_GONE, TIMEOUT, FULL */
	struct slice
	    text; /* why, for people; also set where err is not REFUSED */
	struct slice
	    body; /* encoded reply; lent for the call of the callback */
	const struct stamp *stamps; /* lent likewise */
	size_t stamp_count;
};

typedef void answer_fn(void *arg, const struct answer *);

/* Ask; `done` is called exactly once, never before this returns. The id is for
 * edge_cancel(), after which `done` is not called. */
uint64_t edge_ask(struct edge *, enum method, const struct type *,
    const void *request, struct duration deadline, answer_fn *done, void *arg);
uint64_t edge_ask_bytes(struct edge *, enum method, struct slice request,
    struct duration deadline, answer_fn *done, void *arg);
void edge_cancel(struct edge *, uint64_t id);
/* Tell; ERR_FULL or ERR_PEER_GONE if it can't be sent now. */
enum err edge_tell(
    struct edge *, enum method, const struct type *, const void *notice);

/* --- The edge itself (daemon.c opens, flushes and closes). --- */

struct edge_config {
	struct daemon *daemon; /* lent; handed to the handlers */
	struct ev_loop *loop;  /* lent */
	enum daemon_id self;
	enum daemon_id peer;
	const char *path;	  /* of the socket file; lent for the call */
	bool is_binder;		  /* catalogd */
	call_fn *const *handlers; /* METHOD_COUNT of them; lent */
	/* The peer is there with a new epoch, or is gone. */
	void (*on_peer)(struct daemon *, struct edge *, bool is_up);
	/* The binder's: only a new process has this edge free again
	 * (ipc_guard.h). May be NULL. */
	void (*on_stuck)(struct daemon *, struct edge *);
};

struct edge *edge_new(const struct edge_config *);
void edge_free(struct edge *);
void edge_flush(struct edge *); /* end of a turn: what was gathered leaves */
/* Whether notices of the peer's are waited for: its connection is then looked
 * at as it is while questions are open. */
void edge_expect(struct edge *, bool is_waiting);
bool edge_is_up(const struct edge *);
/* Up, and its connection stands at this very moment, as far as nanomsg's
 * thread has seen: a peer that dies is known by this before anything else. */
bool edge_is_connected(const struct edge *);
enum daemon_id edge_peer(const struct edge *);
size_t edge_queue_size(const struct edge *); /* bytes waiting to leave */

#endif
