/*
 * yamux: many streams on one connection. Bytes come in and go out as bytes;
 * nothing here knows a socket or a clock.
 *
 * Source     wire/rpc.md 2 (hashicorp/yamux, protocol version 0)
 * Windows    256 KiB each way from the start. What comes gathers in
 *            stream->in; mux_take() gives it away and returns the credit
 * Ownership  the mux owns its streams; `keeper` is the user's
 * Bounds     MUX_STREAMS_MAX streams; what comes in to one is at most its
 *            window behind what was taken, by the protocol; what waits to go
 *            out is the user's affair (mux->out_waiting counts it)
 */
#ifndef RAFTD_YAMUX_H
#define RAFTD_YAMUX_H

#include "common/bytes.h"
#include "common/err.h"
#include "common/idmap.h"
#include "common/limits.h"

#define MUX_WINDOW     (256 * 1024)
#define MUX_HEAD_BYTES 12
#define MUX_BACKLOG_MAX                                      \
	256 /* opened by the other side and not yet taken up \
	     */

struct mux_stream {
	struct idmap_node node; /* node.id: the wire's */
	struct buf in;
	struct buf out; /* waits for credit */
	size_t out_at;	/* of it, what has left */
	uint32_t out_credit;
	uint32_t in_credit; /* what the other side may still send */
	uint32_t in_owed;   /* taken, and not yet given back */
	bool is_accepted;
	bool is_in_closed; /* FIN came */
	bool is_out_closed;
	void *keeper;
};

struct mux {
	struct idmap streams;
	struct buf out;	    /* frames that are ready to leave */
	size_t out_waiting; /* in all streams' out */
	uint32_t next_id;   /* of a stream of ours */
	bool is_client;
	bool is_going_away; /* the other side takes no more streams */
	/* What is coming in: a frame, its payload, and how it ends. */
	struct mux_head {
		uint8_t version;
		uint8_t type;
		uint16_t flags;
		uint32_t id;
		uint32_t number;
	} head;
	bool has_head;
	bool is_in_data;
	uint32_t data_left;
};

enum mux_news {
	MUX_NOTHING,  /* all of the bytes are used */
	MUX_OPENED,   /* by the other side; accept or reset it */
	MUX_DATA,     /* more in stream->in */
	MUX_FINISHED, /* it will send no more on this stream */
	MUX_RESET,    /* the stream is gone when this is taken up: free it with
		       * mux_forget */
	MUX_PONG,     /* `number` is what we sent */
	MUX_GO_AWAY,  /* `number` is its code */
	MUX_BROKEN,   /* no yamux: say go away and close */
};

struct mux_event {
	enum mux_news news;
	struct mux_stream *stream;
	uint32_t number;
};

void mux_init(struct mux *, bool is_client);
void mux_deinit(struct mux *);

/* Use what is at the front of *in; one event at a time, until MUX_NOTHING. */
struct mux_event mux_next(struct mux *, struct reader *in);

/* A new stream; NULL where the other side goes away or ids have run out. */
struct mux_stream *mux_open(struct mux *);
void mux_accept(struct mux *, struct mux_stream *);
void mux_write(struct mux *, struct mux_stream *, struct slice);
/* The first `size` bytes of stream->in have been used. */
void mux_take(struct mux *, struct mux_stream *, size_t size);
/* No more from us (FIN); the stream lives on until the other side ends, too. */
void mux_finish(struct mux *, struct mux_stream *);
/* Refuse or give up (RST), and free. */
void mux_reset(struct mux *, struct mux_stream *);
void mux_forget(struct mux *, struct mux_stream *);
/* Both directions have ended: nothing is left but to forget it. */
bool mux_is_over(const struct mux_stream *);
void mux_ping(struct mux *, uint32_t number);
void mux_go_away(struct mux *, uint32_t code);

#endif
