/*
 * What ask.c and read.c share: a question and those who wait for it.
 */
#ifndef HTTPD_QUESTION_H
#define HTTPD_QUESTION_H

#include "ask.h"

#define QUESTION_BUCKETS 1024U /* of open questions; a power of two */

struct piece {
	enum method method;
	uint64_t ask_id; /* 0: answered */
	struct question *question;
	struct buf wire; /* the request, for asking again */
	struct buf body; /* the reply */
};

/* How old an answer of another server than the leader may be. */
struct staleness {
	struct duration most; /* 0: any age */
	size_t options_at;    /* where the request has its query_options */
};

struct question {
	struct question *next; /* in its bucket; folded ones only */
	struct asking *asking; /* lent */
	TAILQ_HEAD(, waiter) waiters;
	struct view view; /* note: in `key` */
	struct buf key;	  /* of a kept answer; see read.c */
	struct buf note;
	uint64_t hash;	    /* of the key and the index */
	uint64_t min_index; /* 0: does not block */
	uint64_t epoch;	    /* of the page when it was asked */
	uint64_t turn;	    /* when it was asked */
	bool is_folded;	    /* it is in a bucket */
	bool may_be_kept;
	bool is_too_stale; /* the answer: only the leader's will do */
	struct staleness staleness;
	size_t piece_count;
	size_t open_count;
	struct piece pieces[ASK_PARTS_MAX];
	struct slice cache;  /* X-Cache: static text, or empty */
	bool is_of_cache;    /* of the agent: its errors are all alike */
	struct duration age; /* for a HIT */
	struct instant patient_until; /* of ask_again(); else 0 */
	ev_timer again;
	enum err err; /* of the piece that failed first */
	struct buf error_text;
};

struct asking {
	struct httpd *httpd; /* lent */
	uint64_t seed;
	uint64_t random; /* state of the jitter */
	struct question *buckets[QUESTION_BUCKETS];
};

struct question *question_new(struct asking *, const struct view *);
struct piece *question_add(struct question *, enum method);
/* The answer, when all pieces are here; a reference is the caller's. NULL: not
 * yet (ask_again), or too stale. */
struct blob *question_render(struct question *, uint64_t *index);
void question_ask(struct question *);
void question_fold(struct question *); /* others may find and join it */
void question_free(struct question *);
void waiter_join(struct waiter *, struct question *);
void waiter_leave(struct waiter *);
/* The view as this request wants it. */
struct view view_of(const struct request *, const struct view *);
/* How long a client that asked for `wait` is made to wait. */
struct duration patience(struct asking *, struct duration wait);

#endif
