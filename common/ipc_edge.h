/* The insides of an edge, for ipc.c, ipc_ask.c and ipc_call.c alone. */
#ifndef COMMON_IPC_EDGE_H
#define COMMON_IPC_EDGE_H

#include "ipc.h"
#include "ipc_frame.h"
#include "limits.h"

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
	struct buf joining; /* pieces of a frame whose end has not come */
	struct idmap asks;  /* struct ask */
	struct idmap lost;  /* asks of a lost peer, not yet told so */
	struct idmap calls; /* struct call */
	struct call *spare; /* linked by node.next */
	unsigned spare_count;
	unsigned hellos_in_vain;
	unsigned violations;
	/* The table of a peer that is refused for it; 0: none is. */
	uint32_t other_table;
	struct instant other_since, other_told;
	bool is_blocked; /* nanomsg takes no more; wait for NN_SNDFD */
	ev_io readable;
	ev_io writable;
	ev_timer hello;
	ev_timer liveness;
	bool is_expecting; /* notices; see edge_expect() */
};

/* ipc.c: something that the edge may not carry; said in the log, now and
 * then. */
void edge_violation(struct edge *, const char *what);
/* ipc.c: has a peer from another build been there for so long that nobody is
 * to wait for its successor any more? */
bool edge_is_refused(const struct edge *);
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
