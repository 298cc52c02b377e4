/*
 * What stands before nanomsg: bytes that would abort it never reach it.
 *
 * nanomsg asserts that every message begins with the byte 1, so one wrong byte
 * of a peer's is our death (FIGURES.md 1); it takes descriptors that a peer
 * passes and closes only the first; and it does not say who a peer is. But it
 * asks the C library for each connection and each byte by name, accept4() and
 * recvmsg(), and a program's own definition of a name comes before the
 * library's. So this file defines them. On the connections of guarded edges it
 * follows the framing, and where a peer breaks it, nanomsg hears that the
 * connection was closed. No hop, no copy; a few instructions a message.
 *
 * One state of nanomsg's it cannot prevent, only tell: a peer that is gone
 * between its greeting and the first byte behind it leaves the socket taken for
 * good (sipc.c loses the end of a connection while it changes states), and
 * every later peer is turned away. Then only a new process has the edge free.
 *
 * Only the binder of an edge, catalogd, is guarded: who has taken over catalogd
 * has all that the others would lose by their deaths.
 *
 * Threads  nanomsg's worker and the loop's, each under the lock that nanomsg
 *          holds for the edge's socket; on_breach is called from either
 * Source   nanomsg 1.1.5 sipc.c, streamhdr.c, usock_posix.inc; the wire is its
 *          rfc/sp-tcp-mapping-01 with one byte of type before each message
 */
#ifndef COMMON_IPC_GUARD_H
#define COMMON_IPC_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#define GUARD_CONNECTIONS_MAX 8 /* of one edge at a time; it needs one */
#define GUARD_NOBODY	      (-1)

struct guard;

/* `path` is that of the socket file, which is not bound yet. `what` is a text
 * that stays. */
struct guard *guard_new(const char *path,
    void (*on_breach)(void *arg, const char *what, pid_t), void *arg);
void guard_free(struct guard *);
/* The process that has connected last; 0 where the kernel does not tell, or
 * none has. */
pid_t guard_peer(const struct guard *);
/* Not a byte more of this process's, and none of its connections; 0: of
 * nobody's. A connection that is there already closes when it is to be read.
 * GUARD_NOBODY ends that. */
void guard_refuse(struct guard *, pid_t);
/* Is it refusing who has connected last? */
bool guard_is_refusing(const struct guard *);

enum guard_state {
	GUARD_FREE,
	GUARD_TAKEN,  /* for good; nobody else has come yet */
	GUARD_WANTED, /* and somebody wants the edge: not at once who did it */
};

/* on_breach is called, with no text, when it becomes GUARD_WANTED. */
enum guard_state guard_state(const struct guard *);

#endif
