/* The insides of an edge, for ipc.c, ipc_ask.c and ipc_call.c alone. */
#ifndef COMMON_IPC_EDGE_H
#define COMMON_IPC_EDGE_H

#include <stdatomic.h>

#include "ipc.h"
#include "ipc_frame.h"
#include "ipc_guard.h"
#include "limits.h"

/* What a peer did that its edge may not carry; ipc_violation.c. */
struct violations {
	unsigned count;	      /* since our start */
	unsigned recent;      /* since this moment, or the last cut */
	pid_t pid;	      /* whose those are */
	unsigned told;	      /* of that process's */
	struct instant since; /* when the first of them was */
	struct instant epochs_since;
	unsigned epochs;  /* new ones since then */
	pid_t epochs_pid; /* whose those are */
	unsigned cuts;	  /* in a row */
	struct instant cut_until;
	struct guard *guard;	    /* owned; NULL: we are not the binder */
	_Atomic(const char *) seen; /* by the guard, of several the last */
	atomic_int seen_pid;	    /* who did that */
	atomic_uint seen_count;
	ev_async breach;
	ev_timer cut; /* active while it lasts */
};

struct edge {
	struct edge_config config;
	char path[128];
	int socket;
	int endpoint;
	uint32_t table; /* hash of our method table */
	uint64_t epoch;
	uint64_t peer_epoch; /* 0 while it is away */
	uint64_t last_id;
	struct buf out; /* frames waiting; from out_start on */
	size_t out_start;
	void *message;	      /* nanomsg's; what is being read, or NULL */
	struct reader unread; /* of it */
	uint64_t message_epoch;
	bool is_full;	    /* of answers that nobody reads: not read either */
	struct buf joining; /* pieces of a frame whose end has not come */
	struct frame_head joined; /* the first one's */
	struct idmap asks;	  /* struct ask */
	struct idmap lost;	  /* asks of a lost peer, not yet told so */
	struct idmap calls;	  /* struct call */
	size_t held_count;  /* calls, those that nobody waits for as well */
	size_t held_bytes;  /* what their requests take */
	struct call *spare; /* linked by node.next */
	unsigned spare_count;
	unsigned hellos_in_vain;
	/* The table of a peer that is refused for it; 0: none is. */
	uint32_t other_table;
	struct instant other_since, other_told;
	pid_t other_pid;    /* whose table it is, or was last */
	bool is_other_told; /* and not yet that this has ended */
	struct violations violations;
	bool is_blocked; /* nanomsg takes no more; wait for NN_SNDFD */
	ev_io readable;
	ev_io writable;
	ev_timer more; /* of the message, in the next turn */
	ev_timer hello;
	ev_timer liveness;
	bool is_expecting; /* notices; see edge_expect() */
};

/* ipc.c: the peer is there; is gone, or as good as gone. */
void edge_found(struct edge *, uint64_t epoch);
void edge_lost(struct edge *);
void edge_hello(struct edge *, uint8_t flags);
void edge_empty(struct edge *); /* nothing of what was gathered leaves */

/* ipc_read.c: messages and frames, until there are no more or it is the
 * others' turn. */
void edge_read(struct edge *);
/* May more be read of a peer that does not read our answers? Else *e is full
 * until enough of them have left. */
bool edge_has_room(struct edge *);
void edge_read_end(struct edge *);

/* ipc_violation.c: something that the edge may not carry; said in the log,
 * now and then. */
void edge_violation(struct edge *, const char *what);
/* The process at the other end; 0 where that is not known, as for who is not
 * the binder. */
pid_t edge_peer_pid(const struct edge *);
/* Its peer begins anew; one process does so now and then only. */
void edge_epoch_count(struct edge *);
/* ipc_read.c: has a peer from another build been there for so long that nobody
 * is to wait for its successor any more? */
bool edge_is_refused(const struct edge *);
/* Then those who have been waiting are told so. */
void edge_refuse_asks(struct edge *);
/* Were there too many of them? Then the edge is cut, where we may. Not from
 * within a call or an answer: it ends them all. */
bool edge_judge(struct edge *);
/* Is it cut for the process at its other end? */
bool edge_is_cut(const struct edge *);
void violations_init(struct edge *); /* before its socket is bound */
void violations_deinit(struct edge *);

/* ipc.c: look after the peer while, and only while, anything is open. */
void edge_liveness(struct edge *);

/* ipc_ask.c */
void asks_receive(struct edge *, const struct frame *answer);
void asks_fail(struct edge *, enum err); /* all of them */
void asks_deinit(struct edge *);

/* ipc_call.c */
void calls_receive(struct edge *, const struct frame *);
void calls_cancel(struct edge *, const struct frame *);
void calls_abandon(struct edge *); /* the peer is gone */
void calls_deinit(struct edge *);

#endif
