/*
 * Is the msgpack object at the front of a stream there as a whole?
 *
 * Go's RPC and Raft's transport put objects behind one another without lengths
 * (wire/rpc.md 3, wire/raft.md 1), so its end is found by walking over it. The
 * walk goes on where it stopped, so that an object that comes in many pieces
 * costs no more than one that comes at once.
 */
#ifndef RAFTD_WHOLE_H
#define RAFTD_WHOLE_H

#include "common/bytes.h"
#include "common/limits.h"

enum whole_state {
	WHOLE_MORE, /* its end has not come yet */
	WHOLE_DONE, /* it is the first `at` bytes */
	WHOLE_BAD,  /* no msgpack of Consul's dialect, or nested too deep */
};

struct whole {
	size_t at;		       /* bytes walked over */
	size_t depth;		       /* of containers that are open */
	uint64_t left[TYPE_DEPTH_MAX]; /* objects still to come in each */
	bool has_begun;
};

void whole_init(struct whole *);
/* `bytes` is the stream from where the object begins, longer each time. */
enum whole_state whole_walk(struct whole *, struct slice bytes);

#endif
