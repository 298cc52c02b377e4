/*
 * The door of catalogd: who answers a question of Consul's own?
 *
 *	a client agent	  some server, always: it has no state
 *	the leader	  we do, here; a read only while nobody else can lead,
 *			  which raft is asked where the lease does not say it
 *			  (catalogd_is_fresh) or the asker wants it so
 *	another server	  the leader; we do what may be old (AllowStale), once
 *			  a leader has ever been heard of
 *
 * What is handed on goes as the bytes that came (Peer.Forward), and the reply's
 * bytes go back; neither is looked into. Each call of a method that catalogd
 * owns comes through here, from whichever edge: other agents' as well, so that
 * a client may ask any server. Handlers behind the door need not ask again
 * whether this server may write, and whether it leads for a read.
 *
 * Time      no leader, no connection, "No cluster leader" from the other end:
 *	     tried again for rpc_hold_timeout, at once when raft has news and
 *	     else after a random pause; then the last error is the answer
 * Twice     what may have been done is not done again: a write is only put
 *	     again where it was not sent, or was refused before it was done
 * Loops     a call of another agent's may be handed on once more, as in Consul:
 *	     clients ask any server. Two servers that each take the other for
 *	     the leader would have to have missed each other's terms, which
 *	     ends with the next heartbeat; deadline and IPC_ASKS_MAX bound it
 * Source    wire/rpc.md 5 to 7, api/semantics.md 9; Consul's rpc.go (forward,
 *	     canRetry) and client.go (RPC)
 */
#ifndef CATALOGD_FORWARD_H
#define CATALOGD_FORWARD_H

#include <sys/queue.h>

#include "ipc.h"

struct catalogd;
struct forward;
TAILQ_HEAD(forwards, forward);

/* Where a method's request has what the door looks at; SIZE_MAX: nowhere. */
struct door {
	call_fn *handler; /* of our own */
	size_t datacenter;
	size_t options;
};

struct forwarding {
	struct forwards waiting;
	struct forwards sent;
	struct door doors[METHOD_COUNT];
};

/* `handlers` are those behind the door, METHOD_COUNT of them. */
void forward_init(struct catalogd *, call_fn *const *handlers);
/* Does this method go through the door? */
bool forward_has_door(enum method);
/* The handler of all that do. */
void on_door(struct daemon *, struct call *, const void *request);

/* A question of our own to another agent ("ip:port"); `request` is of the
 * method's type. As edge_ask(). */
uint64_t peer_ask(struct catalogd *, struct slice address, enum method,
    const void *request, struct duration deadline, answer_fn *done, void *arg);

/* A call that was taken up here turns out to be another's, and nothing was done
 * for it: it waits a little, and begins anew at the door. */
void forward_again(struct call *, struct slice why);
/* A blocking read that has waited here is not for us any more: it begins anew
 * at the door, with what is left of its wait. */
void forward_resume(struct catalogd *, struct call *, const void *request,
    struct duration left);
/* Raft has news: calls that wait are tried again, and reads that a former
 * leader has not answered go to the new one. */
void forward_release(struct catalogd *);

#endif
