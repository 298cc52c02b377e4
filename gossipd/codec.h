/*
 * Bytes of wire/gossip.md to the structs of message.h and back, and nothing
 * else: packets in their layers (checksum, compression, compound), what a
 * stream carries (push/pull, ping, ack, error), and where in a stream that
 * ends. Encryption is outside of all this (keyring.h).
 *
 * Ownership  what is decoded is lent by the bytes that came, and by the arena
 * Bounds     message.h, and below; checked before anything is allocated
 * Errors     a part that is malformed is left out; the others still count
 */
#ifndef GOSSIPD_CODEC_H
#define GOSSIPD_CODEC_H

#include "common/arena.h"
#include "common/err.h"
#include "message.h"

#define CODEC_DEPTH_MAX 8 /* compounds and compressions in one another */
/* All that one packet may expand to; memberlist makes 1400 bytes at most
 * before it compresses. */
#define CODEC_PACKET_BYTES_MAX (256U << 10)
#define CODEC_STREAM_BYTES_MAX (20U << 20) /* memberlist's, of a stream */
#define CODEC_EXPANDED_MAX     (40U << 20) /* of one that is compressed */

/* --- Packets. --- */

/* One message: its type, and Serf's behind it, and its map. */
void codec_put(const struct message *, struct buf *);
/* The same back. ERR_INVALID also where the type is none of MESSAGES. */
MUST_CHECK enum err codec_get(struct slice, struct arena *, struct message *);

struct codec_form {
	bool has_checksum;
	bool is_compressed; /* where that makes it smaller */
};

/* Append a packet of these messages, at most 255. */
void codec_join(
    const struct message *, size_t count, struct codec_form, struct buf *);

typedef void codec_message_fn(void *arg, const struct message *);

/* Hand over each message of a packet, in order; lent for the call. Returns
 * how many parts made no sense. */
unsigned codec_split(
    struct slice packet, struct arena *, codec_message_fn *, void *arg);

/* --- Streams. --- */

enum stream_kind {
	STREAM_HAS_PING,
	STREAM_HAS_ACK,
	STREAM_HAS_PUSH_PULL,
	STREAM_HAS_USER,
	STREAM_HAS_ERROR,
};

struct stream_message {
	enum stream_kind kind;
	union {
		struct ping ping;
		struct ack ack;
		struct push_pull push_pull;
		struct message user; /* Serf's */
		struct slice error;
	} as;
};

void codec_stream_put(const struct stream_message *, struct buf *);
/* Compressed if that pays. */
void codec_stream_pack(const struct stream_message *, struct buf *);
MUST_CHECK enum err codec_stream_get(
    struct slice, struct arena *, struct stream_message *);

/*
 * Where a stream's one message ends, found as its bytes come: nobody closes
 * his side. Begin with zeros; hand in all bytes so far, each time.
 */
struct stream_end {
	size_t position;  /* all before was understood */
	uint64_t objects; /* msgpack objects that are still to come */
	uint64_t bytes;	  /* and plain bytes behind them */
	bool has_type;
	bool has_header;
	uint8_t type;
};

enum stream_state {
	STREAM_MORE, /* has not all come */
	STREAM_WHOLE,
	STREAM_BAD, /* malformed, or above CODEC_STREAM_BYTES_MAX */
};

enum stream_state codec_stream_end(struct stream_end *, struct slice);

#define STREAM_TYPE_ENCRYPTED  10 /* first byte of an encrypted stream */
#define STREAM_ENCRYPTED_BYTES 5  /* it, and the length behind it */

uint32_t codec_crc32(struct slice);

#endif
