/*
 * healthd whole: the core, and the edges that turn events into calls of it
 * and effects into deeds. One turn (main.c) joins them.
 */
#ifndef HEALTHD_HEALTHD_H
#define HEALTHD_HEALTHD_H

#include <ev.h>

#include "daemon.h"
#include "helper.h"
#include "local.h"
#include "persist.h"
#include "runner.h"
#include "sync.h"

/* A write of the API: answered once the catalog was told, or could not be. */
struct waiter {
	struct waiter *next;
	struct call *call; /* ours to answer */
	uint64_t change;   /* the last one that it made */
	bool is_reload;	   /* wants to know what was changed */
};

/* Who waits for services to be others. */
struct patient {
	struct patient *next;
	struct call *call; /* ours to answer */
	uint64_t generation;
	struct healthd *owner;
};

struct errand;
struct remote_alias;
struct watch;

struct healthd {
	struct daemon *daemon; /* lent */
	struct local local;
	struct sync sync;
	struct persist persist;
	struct runner_ends ends;
	struct helper *scripts;	      /* owned; the runner */
	struct helper *probes;	      /* owned; the prober */
	struct waiter *waiters;	      /* owned */
	struct patient *patients;     /* owned */
	uint64_t born;		      /* a number of this process */
	struct remote_alias *aliases; /* owned; of other nodes */
	struct errand *errands;	      /* owned; runs that are no checks */
	unsigned errand_count;
	uint64_t last_errand;
	unsigned job_count;	  /* of remote execution, under way */
	struct watch *watches;	  /* owned */
	struct arena watch_arena; /* of their plans */
	bool has_watches_begun;
	ev_timer timer; /* what is due next */
};

/* --- catalog.c: what is said to the catalog. --- */
void catalog_compare(struct healthd *);
void catalog_push(struct healthd *);

/* --- probe.c: runs, by the helpers. --- */
void probe_open(struct healthd *);
void probe_do(struct healthd *, const struct effect *);

/* --- alias_remote.c: aliases of services on other nodes. --- */
void alias_remote_watch(struct healthd *); /* the checks have changed */

/* --- on_catalogd.c: what we are asked. --- */
extern call_fn *const healthd_handlers[METHOD_COUNT];
void waiters_answer(struct healthd *);
/* The same for who waits for other services. */
void patients_answer(struct healthd *);

#endif
