/*
 * A daemon that has been taken over, played by a program of its own: it comes
 * up as the daemon whose name it was started by, through the same
 * daemon_main(), and so ends with that daemon's user and sandbox. Then it does
 * what it is told to by the lines of a FIFO, DATA_DIR.NAME.attacks: a line an
 * attack, answered by a line in DATA_DIR.NAME.verdicts, `NAME held` or
 * `NAME BROKEN why`. What seccomp forbids ends it instead, and the log says
 * which call it was. tests/e2e/taken_over.bats tells it what to do.
 */
#ifndef TESTS_HOSTILE_HOSTILE_H
#define TESTS_HOSTILE_HOSTILE_H

#include "common/daemon.h"
#include "common/ipc_frame.h"

/* The verdict: NULL where all that had to be refused was; else what was not.
 * `argument` is the rest of the line. */
typedef const char *attack_fn(struct daemon *, const char *argument);

struct attack {
	const char *name;
	attack_fn *play;
};

extern const struct attack edge_attacks[]; /* each ends with a NULL name */
extern const struct attack sandbox_attacks[];

/* As a daemon may: no daemon but raftd may sleep. */
void rest(unsigned ms);

/* --- A connection to an edge, without nanomsg. --- */

struct wire {
	int fd;
	uint64_t epoch, peer_epoch, last_id;
	struct buf in;
};

enum heard {
	HEARD_NOTHING, /* in time */
	HEARD_ANSWER,
	HEARD_REFUSAL,
	HEARD_END, /* of the connection */
};

/* Connect and greet; false if we are not let in. */
bool wire_open(struct wire *, const struct daemon *, enum daemon_id edge);
void wire_close(struct wire *);
/* HELLO both ways; false if it is not answered. */
bool wire_hello(struct wire *);
/* Bytes as they are; a message of the transport; a batch of these frames.
 * False once the other end has closed. */
bool wire_put(struct wire *, struct slice bytes);
bool wire_message(struct wire *, struct slice);
bool wire_batch(struct wire *, struct slice frames);
/* A frame of a call, with a deadline of five seconds; its id. */
uint64_t call_put(
    struct wire *, struct buf *frames, enum method, struct slice body);
/* What comes back for this question. */
enum heard wire_hear(struct wire *, uint64_t id, int timeout_ms);
/* Is the connection closed from the other side within this time? */
bool wire_ends(struct wire *, int timeout_ms);

#endif
