/*
 * One TCP connection of port 8300, in or out: bytes gather in `in`, what is
 * put into `out` leaves at the end of the turn, and its user learns when it
 * ends.
 *
 * Ownership  the links own them all; a link that is closed is freed at the end
 *            of the turn, so that a callback may close its own
 * Bounds     `in` is bounded by its user, who takes or closes; link_pause()
 *            stops reading. All links together keep LINKS_IN_BYTES_MAX: who
 *            adds to more is closed
 */
#ifndef RAFTD_LINK_H
#define RAFTD_LINK_H

#include <ev.h>
#include <sys/queue.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/limits.h"

#define LINK_DIAL_TIMEOUT  SECONDS(10)
#define LINKS_IN_BYTES_MAX (512U * 1024 * 1024)
/* Calls that are coming in and replies that are waiting, of all links; who adds
 * to more is closed, too. */
#define LINKS_KEPT_BYTES_MAX (512U * 1024 * 1024)
#define LINK_OUT_LOW	     (256 * 1024)

struct link;

/* What a user does with a link. None of these is called again after
 * link_close(). */
struct link_use {
	void (*on_bytes)(struct link *); /* more in `in` */
	void (*on_room)(struct link *);	 /* `out` fell below LINK_OUT_LOW */
	void (*on_timer)(struct link *); /* link_set_timer() */
	/* The other side will send no more, but may still listen; where this
	 * is NULL, that is the end. */
	void (*on_finished)(struct link *);
	/* The other side, or the net, has ended it; `why` is Go's text. The
	 * link is closed. */
	void (*on_end)(struct link *, const char *why);
};

struct link {
	TAILQ_ENTRY(link) entry;
	SLIST_ENTRY(link) dead;
	struct links *links; /* lent */
	const struct link_use *use;
	void *keeper; /* the user's */
	int fd;
	bool is_incoming;
	bool is_connected;
	bool is_closed;
	bool is_paused;
	bool is_in_over;  /* no more will come */
	bool is_finished; /* nothing more will be put; see link_finish() */
	bool was_full;	  /* on_room is due */
	char remote[RAFT_NAME_BYTES_MAX + 1]; /* "ip:port" */
	struct buf in, out;
	size_t out_at;	   /* of `out`, what has left */
	int dial_errno;	   /* why nobody could be reached */
	size_t in_counted; /* of `in`, in links->in_bytes */
	ev_io readable, writable;
	ev_timer timer, dialing;
};

TAILQ_HEAD(link_list, link);

struct links {
	struct ev_loop *loop;
	char source[RAFT_NAME_BYTES_MAX + 1]; /* where we dial from; "" any */
	struct link_list all;
	SLIST_HEAD(dead_links, link) dead;
	size_t in_bytes;
	size_t kept_bytes; /* counted by those who keep them */
	size_t incoming;
};

void links_init(struct links *, struct ev_loop *, const char *source);
/* The end of a turn: what was put leaves, what was closed is freed. */
void links_turn(struct links *);
/* Incoming ones from the same IP address as this one. */
size_t links_count_like(const struct links *, const struct link *);

/* A socket that was accepted: non-blocking. */
struct link *link_accepted(struct links *, int fd, const char *remote,
    const struct link_use *, void *keeper);
/* Never NULL: what fails ends the link, later. `address` is "ip:port". */
struct link *link_dial(
    struct links *, const char *address, const struct link_use *, void *keeper);
void link_close(struct link *);
/* From now on it is somebody else's; what is in `in` is left to them. */
void link_give(struct link *, const struct link_use *, void *keeper);
void link_pause(struct link *, bool is_paused);
void link_set_timer(struct link *, struct duration); /* once; 0 is off */
/* Nothing more will be put: when all has left, the other side is told so
 * (half-close). */
void link_finish(struct link *);
/* `*counted` of what its user keeps has become `size`; false if that is too
 * much for all links together. */
bool links_keep(struct links *, size_t *counted, size_t size);
/* Bytes that have not left yet. */
size_t link_waiting(const struct link *);

#endif
