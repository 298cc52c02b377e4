/*
 * Questions to catalogd, and the answers made of them.
 *
 * Reads are looked up among the kept answers first. What has to be asked is
 * folded: blocking reads of the same view and index share one question at
 * catalogd for as long as it takes; other reads share one within a turn of the
 * loop, while it has not left yet, so that none is older than its request.
 * Each blocking client keeps its own time: when that is up, it gets what a
 * read without index would get then.
 *
 * Errors  reads, and what may be put twice (rpc_methods.h, AGAIN), are asked
 *	   again when catalogd died meanwhile; writes are not, since nobody
 *	   knows what became of them
 * Source  DESIGN.md 5; api/semantics.md 2
 */
#ifndef HTTPD_ASK_H
#define HTTPD_ASK_H

#include <bsd/sys/queue.h>
#include <ev.h>

#include "ipc.h"
#include "request.h"

#define ASK_PARTS_MAX 6

/* What is made of a reply; all of it is part of a kept answer's key. */
#define VIEW_PRETTY	   0x01
#define VIEW_GZIP	   0x02
#define VIEW_META_ON_ERROR 0x04
#define VIEW_STALE	   0x08 /* for X-Consul-Effective-Consistency */
#define VIEW_CONSISTENT	   0x10
#define VIEW_RAW	   0x20 /* and below: the renderer's own */
#define VIEW_PASSING	   0x40
#define VIEW_TEXT	   0x80

struct view;

/* Make *out of the replies, one for each part that was asked. */
typedef void render_fn(const struct view *, const void *const *replies,
    struct arena *, struct response *out);

struct view {
	render_fn *render;
	unsigned flags;
	struct slice note; /* the renderer's own: an id, a key */
};

struct part {
	enum method method;
	const void *request; /* the method's */
};

/* A connection's place in the queue of a question. */
struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct question *question; /* NULL while it waits for nothing */
	ev_timer patience;	   /* of a blocking read */
};

/* One question for this request alone: a write, or a matter of this agent. */
void ask(
    struct request *, enum method, const void *request, const struct view *);
/* Several, answered together when all have come. */
void ask_parts(
    struct request *, const struct part *, size_t count, const struct view *);
/* Ask until the renderer does not say is_unchanged any more, or for `wait` (0:
 * the default): for what has no index to block on. Request and reply have a
 * "Generation"; whoever answers waits for another one. */
void ask_again(struct request *, enum method, const void *request,
    struct duration wait, const struct view *);
/* A read that may be kept, folded, and blocking. `options` are those inside
 * `request`; their index and wait are zeroed. */
void ask_read(struct request *, enum method, void *request,
    struct query_options *options, const struct view *);

/* The same, where ?cached and its headers X-Cache and Age are known: then the
 * agent's cache answers (agent_cache.h). */
void ask_cached(struct request *, enum method, void *request,
    struct query_options *options, const struct view *);

struct asking;

struct asking *asking_new(struct httpd *);
/* The questions of this turn leave: none may be joined any more. */
void asking_turn(struct asking *);
/* The client is gone: end the question, if nobody else waits for it. */
void asking_forget(struct waiter *);
/* Is it a blocking read that it waits for? */
bool asking_is_watch(const struct waiter *);

#endif
