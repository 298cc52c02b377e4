/*
 * Locks and semaphores in the key/value store, held by a session.
 *
 * A lock is a key that one session holds; a semaphore is a key with a list of
 * holders, and a key for each contender below the same prefix. Both are laid
 * out as Consul's client library does it, so that its users and ours exclude
 * each other.
 *
 * lock.c runs the program, lock_session.c keeps the session alive under every
 * question, lock_key.c and lock_semaphore.c know the two layouts.
 *
 * Source  hashicorp/consul/api, lock.go and semaphore.go, as observed
 */
#ifndef PROCONSUL_LOCK_H
#define PROCONSUL_LOCK_H

#include "clock.h"
#include "command.h"

#define LOCK_FLAGS	0x2ddccbc058a50c18
#define SEMAPHORE_FLAGS 0xe0f69a2baa414de0
#define LOCK_KEY	".lock"
#define LOCK_TTL	"15s"
#define LOCK_WAIT_MS	15000 /* of each blocking question */

struct lock {
	struct run *run; /* lent; run->why tells what failed */
	const char *prefix;
	const char *key;	 /* PREFIX/.lock */
	const char *name;	 /* of the session */
	int64_t limit;		 /* holders; more than 1: a semaphore */
	struct duration timeout; /* 0: wait for ever */
	int signals;
	bool is_stopped;      /* a signal asked to end */
	const char *session;  /* NULL: none */
	struct arena scratch; /* of one question to the store */
	struct arena renewal_arena;
	struct call *renewal; /* owned; NULL: none under way */
	struct instant renew_at;
};

/* What came of trying to get it. */
enum lock_outcome {
	LOCK_HELD,
	LOCK_GIVEN_UP, /* asked to end, or time is up */
	LOCK_FAILED,   /* run->why */
};

/* --- lock_session.c --- */

MUST_CHECK enum err lock_session_create(struct lock *);
void lock_session_destroy(struct lock *);
/* Wait for a call (NULL: none) until a time, renewing the session meanwhile.
 * Signals set is_stopped. Returns when something has happened; call again. */
void lock_wait(struct lock *, const struct call *, struct instant until);
/* One answer. With `is_patient` a signal does not break it off; else
 * ERR_TIMEOUT when one came. */
MUST_CHECK enum err lock_ask(
    struct lock *, const struct request *, bool is_patient, struct response *);
/* Wait so long; false if asked to end meanwhile. */
bool lock_sleep(struct lock *, struct duration);
/* How long the next blocking question may take; false when time is up. */
bool lock_time_left(
    const struct lock *, struct instant start, bool is_first, int64_t *wait_ms);
/* A PUT or DELETE that answers true or false. */
MUST_CHECK enum err lock_write(
    struct lock *, const struct request *, bool *is_written);

/* --- lock_key.c, lock_semaphore.c: the same five of each. --- */

enum lock_outcome lock_key_acquire(struct lock *);
/* The question that tells whether we still hold it. */
void lock_key_watch(
    struct lock *, struct arena *, uint64_t index, struct request *);
bool lock_key_is_held(struct lock *, struct arena *, const struct response *);
MUST_CHECK enum err lock_key_release(struct lock *);
/* Remove what nobody uses. ERR_EXISTS: somebody does. */
MUST_CHECK enum err lock_key_remove(struct lock *);

enum lock_outcome lock_semaphore_acquire(struct lock *);
void lock_semaphore_watch(
    struct lock *, struct arena *, uint64_t index, struct request *);
bool lock_semaphore_is_held(
    struct lock *, struct arena *, const struct response *);
MUST_CHECK enum err lock_semaphore_release(struct lock *);
MUST_CHECK enum err lock_semaphore_remove(struct lock *);

#endif
