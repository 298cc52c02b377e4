/*
 * What is to be gossiped, until it was sent often enough: a queue in order of
 * fewest transmissions, then longest message, then newest.
 *
 * Source     memberlist queue.go, TransmitLimitedQueue
 * Ownership  messages are copied in; taken ones are lent until the queue is
 *            touched again
 * Memory     at most `count_max` messages: the most sent ones fall out
 */
#ifndef GOSSIPD_BROADCAST_H
#define GOSSIPD_BROADCAST_H

#include "message.h"

struct broadcast {
	struct message message; /* its texts are in the same block */
	size_t bytes;		/* in a packet, without what is around it */
	unsigned transmits;
	uint64_t id; /* higher: newer */
	/* Lent, or NULL; points back here: a new word about the same subject
	 * replaces this one. */
	struct broadcast **place;
	/* Lent, or NULL; set when it was sent enough, or fell out. */
	bool *is_done;
};

struct broadcast_queue {
	struct broadcast **items; /* owned, as what they point to */
	size_t count;
	size_t capacity;
	size_t count_max; /* 0: none */
	uint64_t last_id;
};

/* RetransmitMult x ceil(log10(members + 1)) (memberlist util.go). */
unsigned broadcast_limit(unsigned mult, size_t members);

void broadcast_init(struct broadcast_queue *, size_t count_max);
void broadcast_deinit(struct broadcast_queue *);
void broadcast_put(struct broadcast_queue *, const struct message *,
    struct broadcast **place, bool *is_done);
/* Nobody is to hear of it any more. */
void broadcast_drop(struct broadcast_queue *, struct broadcast *);

/*
 * Take what fits into `room` bytes, where each message costs `overhead` more:
 * `use` is called for each, which then counts as transmitted once more, and is
 * gone when that makes `limit`. Returns the bytes used.
 */
size_t broadcast_take(struct broadcast_queue *, size_t overhead, size_t room,
    unsigned limit, void (*use)(void *arg, const struct message *), void *arg);

#endif
