/*
 * The output of a job as it goes to who waits for it: in pieces, each when it
 * is full or when nothing came for a while, and no more of them under way than
 * there are credits. Without credits nothing is read: the job waits, as it does
 * on any pipe that is full.
 *
 * Source  Consul agent/remote_exec.go, rexecWriter
 */
#ifndef HEALTHD_STREAM_H
#define HEALTHD_STREAM_H

#include "clock.h"

#define STREAM_PIECE_BYTES 4096
#define STREAM_IDLE	   MILLISECONDS(500)
#define STREAM_CREDITS	   16 /* BufCh */

struct stream {
	uint8_t piece[STREAM_PIECE_BYTES];
	size_t size;
	unsigned credits;
	struct instant
	    due;       /* of what is in the piece; NEVER while it is empty */
	bool is_muted; /* nobody waits any more: what comes is dropped */
};

void stream_init(struct stream *);
/* How much may be read now; 0: nothing, before a piece has left. */
size_t stream_room(const struct stream *);
void stream_put(struct stream *, const void *, size_t, struct instant now);
/* Whether a piece is to leave now; `is_last` where nothing more will come. */
bool stream_is_due(const struct stream *, bool is_last, struct instant now);
void stream_sent(struct stream *);
void stream_credit(struct stream *);
/* When stream_is_due will say something new by itself. */
struct instant stream_next(const struct stream *);

#endif
