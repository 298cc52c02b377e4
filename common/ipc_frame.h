/*
 * How a batch looks inside a nanomsg message: a head, then frames. Only for
 * ipc.c and its tests; both ends are on one machine, so numbers are native.
 */
#ifndef COMMON_IPC_FRAME_H
#define COMMON_IPC_FRAME_H

#include "bytes.h"
#include "err.h"
#include "ipc.h"

#define BATCH_MAGIC 0x31424350U /* "PCB1" */

enum frame_kind {
	FRAME_HELLO, /* flags: FRAME_WANTS_ANSWER */
	FRAME_CALL,  /* payload: deadline in ns (i64), request */
	FRAME_NOTICE,
	FRAME_ANSWER,  /* payload: stamp count (u32), stamps, reply */
	FRAME_REFUSAL, /* payload: text */
	FRAME_CANCEL,
	FRAME_KIND_COUNT
};

#define FRAME_MORE	   0x01 /* the next frame carries the rest */
#define FRAME_WANTS_ANSWER 0x02

struct batch_head {
	uint32_t magic;
	uint32_t table_hash;
	uint64_t from_epoch;
	uint64_t to_epoch; /* 0: not known yet */
};

struct frame_head {
	uint32_t size; /* of the payload behind it */
	uint8_t kind;
	uint8_t flags;
	uint16_t method;
	uint64_t id;
};

struct frame {
	struct frame_head head;
	struct slice payload; /* lent */
};

/* Append a frame: begin, append its payload to the buffer, end. A payload over
 * IPC_FRAME_BYTES_MAX is cut into pieces by the end. */
size_t frame_begin(struct buf *);
void frame_end(struct buf *, size_t begun, enum frame_kind, uint8_t flags,
    enum method, uint64_t id);
/* How many bytes of whole frames from the front fit into `room`; at least
 * one frame. */
size_t frames_fit(struct slice frames, size_t room);

MUST_CHECK enum err batch_head_read(struct reader *, struct batch_head *);
MUST_CHECK enum err frame_read(struct reader *, struct frame *);

/* Payload of an answer, and back; *stamps is in the arena. */
void answer_head_put(struct buf *, const struct stamp *, size_t count);
MUST_CHECK enum err answer_read(
    struct slice payload, struct arena *, struct answer *);

#endif
