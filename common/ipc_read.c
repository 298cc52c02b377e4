/*
 * The receiving half of an edge: messages, which are batches, and their frames.
 *
 * Whatever a peer sends, an edge takes a bounded time of each turn of the loop:
 * a message that takes longer is read on in the next turn, after the others'.
 */
#include <inttypes.h>
#include <nanomsg/nn.h>

#include "ipc_edge.h"
#include "log.h"

#define LOG_NAME	"ipc"
#define RECEIVES_A_TURN 16
#define FRAMES_A_LOOK	16 /* at the clock */
/* Of a peer from another build: how often it is told, and for how long who asks
 * waits for a successor, as an upgrade brings one. */
#define OTHER_BUILD_TOLD SECONDS(60)
#define OTHER_BUILD_HOLD SECONDS(7)

static void
on_frame(struct edge *e, const struct frame *frame)
{
	switch ((enum frame_kind)frame->head.kind) {
	case FRAME_CALL:
	case FRAME_NOTICE:
		calls_receive(e, frame);
		break;
	case FRAME_ANSWER:
	case FRAME_REFUSAL:
		asks_receive(e, frame);
		break;
	case FRAME_CANCEL:
		calls_cancel(e, frame);
		break;
	case FRAME_HELLO:
		if (frame->head.flags & FRAME_WANTS_ANSWER)
			edge_hello(e, 0);
		break;
	case FRAME_KIND_COUNT:
		break;
	}
}

/* What this edge may send in pieces: questions are smaller than answers. */
static size_t
joined_max(const struct edge *e, const struct frame *frame)
{
	bool is_question =
	    frame->head.kind == FRAME_CALL || frame->head.kind == FRAME_NOTICE;

	return (
	    e->config.is_binder && is_question && e->config.peer != DAEMON_raftd
		? IPC_CALL_BYTES_MAX
		: IPC_JOINED_BYTES_MAX);
}

static bool
is_answer(const struct frame *frame)
{
	return (frame->head.kind == FRAME_ANSWER ||
		frame->head.kind == FRAME_REFUSAL);
}

/* What is wrong with this piece, or NULL. */
static const char *
piece_check(const struct edge *e, const struct frame *frame)
{
	const struct frame_head *head = &frame->head, *first = &e->joined;

	if (head->kind == FRAME_HELLO || head->kind == FRAME_CANCEL)
		return ("frame that has no pieces");
	if (e->joining.size > 0 &&
	    (head->kind != first->kind || head->method != first->method ||
		head->id != first->id))
		return ("pieces of different frames");
	if (e->joining.size + frame->payload.size > joined_max(e, frame))
		return ("joined frame too large");
	return (NULL);
}

/* A piece of a larger frame, or its end: *frame becomes the whole. A greeting
 * leaves without waiting for the rest of the queue, so it may come between. An
 * answer that nobody waits for any more is not kept. */
static bool
frame_join(struct edge *e, struct frame *frame)
{
	bool has_more = (frame->head.flags & FRAME_MORE) != 0;
	const char *what;

	if (!has_more &&
	    (e->joining.size == 0 || frame->head.kind == FRAME_HELLO))
		return (true);
	what = piece_check(e, frame);
	if (what != NULL)
		edge_violation(e, what);
	if (what != NULL ||
	    (is_answer(frame) && idmap_get(&e->asks, frame->head.id) == NULL)) {
		buf_deinit(&e->joining);
		return (false);
	}
	if (e->joining.size == 0)
		e->joined = frame->head;
	buf_put_slice(&e->joining, frame->payload);
	frame->payload = buf_slice(&e->joining);
	return (!has_more);
}

static bool
is_hello(struct reader rd)
{
	struct frame frame;

	return (frame_read(&rd, &frame) == ERR_OK &&
		frame.head.kind == FRAME_HELLO);
}

/* --- A peer from another build. --- */

bool
edge_is_refused(const struct edge *e)
{
	return (e->other_table != 0 &&
		instant_since(instant_now(), e->other_since).ns >=
		    OTHER_BUILD_HOLD.ns);
}

static void
other_build_log(struct edge *e)
{
	log_error(LOG_NAME,
	    "Peer refused: built from another method table; restart both from "
	    "the same build",
	    "self=%s table=%08" PRIx32 " peer=%s peer_table=%08" PRIx32,
	    daemon_name(e->config.self), e->table, daemon_name(e->config.peer),
	    e->other_table);
}

/* A process has one table as long as it lives: one that comes with another,
 * or comes back to it, is no replaced daemon, and gets no line of its own. */
static void
other_table_set(struct edge *e, uint32_t table, struct instant now)
{
	pid_t pid = edge_peer_pid(e);

	if (!e->config.is_binder || pid != e->other_pid)
		e->other_told.ns = 0;
	else if (e->other_table != 0 ||
		 (e->other_since.ns != 0 &&
		     instant_since(now, e->other_since).ns <
			 OTHER_BUILD_HOLD.ns))
		edge_violation(e, "another table with each word");
	if (e->other_table == 0)
		e->other_since = now;
	e->other_pid = pid;
	e->other_table = table;
}

void
edge_refuse_asks(struct edge *e)
{
	if (edge_is_refused(e) && e->asks.count > 0) {
		edge_empty(e);
		asks_fail(e, ERR_OTHER_BUILD);
	}
}

/* One of two daemons was replaced: neither would understand the other. It is
 * no trespass, and ends when the other one is replaced, too. */
static void
other_build(struct edge *e, const struct batch_head *head)
{
	struct instant now = instant_now();

	if (edge_is_up(e) && head->from_epoch != e->peer_epoch)
		edge_lost(e);
	if (e->other_table != head->table_hash)
		other_table_set(e, head->table_hash, now);
	if (e->other_told.ns == 0 ||
	    instant_since(now, e->other_told).ns >= OTHER_BUILD_TOLD.ns) {
		other_build_log(e);
		e->other_told = now;
		e->is_other_told = true;
	}
	/* It speaks, if not our language: the connection is no zombie. */
	e->hellos_in_vain = 0;
	edge_refuse_asks(e);
}

/* Who sends it, and whether it is meant for us; then its frames may be read. */
static bool
batch_begin(struct edge *e, struct slice message)
{
	struct reader rd = reader(message);
	struct batch_head head;

	if (batch_head_read(&rd, &head) != ERR_OK || head.from_epoch == 0) {
		edge_violation(e, "malformed batch");
		return (false);
	}
	if (head.table_hash != e->table) {
		other_build(e, &head);
		return (false);
	}
	if (head.to_epoch != e->epoch && !is_hello(rd)) {
		/* Meant for who was here before us: it learns who is here now,
		 * lest two that have nothing to say never find out. */
		edge_hello(e, 0);
		return (false);
	}
	if (head.from_epoch != e->peer_epoch) {
		edge_epoch_count(e);
		edge_found(e, head.from_epoch);
	}
	if (head.to_epoch != 0 && head.to_epoch != e->epoch)
		edge_hello(e, 0);
	e->unread = rd;
	e->message_epoch = head.from_epoch;
	return (true);
}

void
edge_read_end(struct edge *e)
{
	if (e->message != NULL)
		nn_freemsg(e->message);
	e->message = NULL;
}

/* The next message, if there is one; it may turn out to be empty of frames. */
static bool
message_begin(struct edge *e)
{
	int size = nn_recv(e->socket, &e->message, NN_MSG, NN_DONTWAIT);

	if (size < 0) {
		e->message = NULL;
		return (false);
	}
	if (edge_is_cut(e) || !batch_begin(e, slice(e->message, (size_t)size)))
		edge_read_end(e);
	return (true);
}

/* One frame of the message; it ends with the last, or with its sender. */
static void
message_read(struct edge *e)
{
	struct frame frame;

	if (e->unread.rest.size == 0 || e->peer_epoch != e->message_epoch) {
		edge_read_end(e);
		return;
	}
	if (frame_read(&e->unread, &frame) != ERR_OK) {
		edge_violation(e, "malformed frame");
		edge_read_end(e);
		return;
	}
	if (!frame_join(e, &frame))
		return;
	on_frame(e, &frame);
	if (frame.head.kind != FRAME_HELLO)
		buf_deinit(&e->joining);
}

/* Who does not read our answers gets no more of them by asking more. */
bool
edge_has_room(struct edge *e)
{
	e->is_full =
	    e->config.is_binder && edge_queue_size(e) > IPC_QUEUE_BYTES_MAX;
	return (!e->is_full);
}

void
edge_read(struct edge *e)
{
	struct instant end =
	    instant_add(instant_now(), MILLISECONDS(IPC_TURN_MS));
	unsigned messages = 0;

	for (unsigned i = 1; edge_has_room(e); i++) {
		if (e->message == NULL &&
		    (messages++ == RECEIVES_A_TURN || !message_begin(e)))
			break;
		if (e->message != NULL)
			message_read(e);
		if (edge_judge(e))
			edge_read_end(e);
		if (i % FRAMES_A_LOOK == 0 &&
		    !instant_before(instant_now(), end))
			break;
	}
	if (e->message == NULL && !e->is_full) {
		ev_io_start(e->config.loop, &e->readable);
		return;
	}
	ev_io_stop(e->config.loop, &e->readable);
	if (!e->is_full)
		ev_timer_start(e->config.loop, &e->more);
}
