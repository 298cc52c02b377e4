/*
 * Blocking questions: calls that wait until the index of what they show goes
 * beyond the one they know, or their time is up.
 *
 * A question names the things that it depends on. When a thing changes, those
 * that wait for it look again at the end of the turn, and only an answer with
 * a higher index is sent. Things are known by a hash; a collision costs a look.
 *
 * Source  api/semantics.md 2
 */
#ifndef CATALOGD_WATCH_H
#define CATALOGD_WATCH_H

#include <ev.h>
#include <sys/queue.h>

#include "genpage.h"
#include "ipc.h"

struct catalogd;
struct watch;

#define WATCH_THINGS_MAX 4
#define WATCH_BUCKETS	 4096U

/* What can be waited for: all that the generation page knows, and more. */
enum watch_kind {
	/* below 32: enum gen_kind */
	WATCH_SERVICE_CHECKS = 32, /* rows of checks, by service name */
	WATCH_CHECK_STATE,	   /* by status, and "any" */
	WATCH_SESSION,		   /* by id */
	WATCH_NODE_SESSIONS,	   /* by node */
	WATCH_COORDINATES,	   /* by node */
};

struct thing {
	uint64_t hash;
	struct slice prefix; /* only if the key changed begins so; as long as
			      * the call lives */
};

struct thing thing_of(unsigned kind, struct slice key);

struct watch_link {
	LIST_ENTRY(watch_link) entry;
	struct watch *watch;
	struct thing thing;
};

LIST_HEAD(watch_links, watch_link);
TAILQ_HEAD(watch_queue, watch);

struct watches {
	struct watch_links buckets[WATCH_BUCKETS];
	struct watch_queue fired;
	size_t count;
};

/* Look again; true if the call was answered. `is_over`: answer in any case. */
typedef bool watch_fn(
    struct catalogd *, struct call *, const void *request, bool is_over);

void watch_init(struct watches *);
/* Keep the call, which has not been answered, until it can be. Watching starts
 * with what the next watch_on() names. */
struct watch *watch_new(struct catalogd *, struct call *, const void *request,
    struct duration wait, watch_fn *look);
/* How much of its wait is left. */
struct duration watch_left(struct watch *);
void watch_on(struct watch *, const struct thing *, size_t count);

/* A thing has changed; `key` as for a thing's prefix. */
void watch_fire(struct catalogd *, struct thing, struct slice key);
void watch_fire_all(struct catalogd *);
/* The same, and none waits on: the state is another (Consul abandons them). */
void watch_end_all(struct catalogd *);
/* End of turn: those that fired look again. */
void watch_turn(struct catalogd *);

#endif
