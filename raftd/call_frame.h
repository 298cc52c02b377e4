/*
 * Go's net/rpc with msgpack: a call is a header and a body, one behind the
 * other, without lengths.
 *
 * request  map {Seq, ServiceMethod}         body
 * reply    map {Error, Seq, ServiceMethod}  body; an empty map on error
 *
 * Source  wire/rpc.md 3
 */
#ifndef RAFTD_CALL_FRAME_H
#define RAFTD_CALL_FRAME_H

#include "common/bytes.h"
#include "common/err.h"
#include "whole.h"

#define CALL_HEAD_BYTES_MAX (64 * 1024) /* an error's text may be long */

struct call_head {
	uint64_t seq;
	struct slice method; /* "KVS.Get"; lent by the bytes, as all here */
	struct slice error;  /* of a reply; "" is none */
};

/* Where the pair at the front of a stream stands. */
struct call_frame {
	struct whole head, body;
	bool has_head;
};

void call_frame_init(struct call_frame *);
/* `in` begins with the pair, and is longer each time. DONE: the header is the
 * first head.at bytes, and the body the body.at bytes behind it. */
enum whole_state call_frame_walk(struct call_frame *, struct slice in);
size_t call_frame_size(const struct call_frame *);
struct slice call_frame_body(const struct call_frame *, struct slice in);
MUST_CHECK enum err call_frame_head(
    const struct call_frame *, struct slice in, struct call_head *);

void call_put_request(
    struct buf *, uint64_t seq, struct slice method, struct slice body);
void call_put_reply(
    struct buf *, uint64_t seq, struct slice method, struct slice body);
void call_put_error(
    struct buf *, uint64_t seq, struct slice method, struct slice text);

#endif
