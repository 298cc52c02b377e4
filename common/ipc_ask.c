/* The asking half of an edge: questions of ours and their deadlines. */
#include <stdlib.h>
#include <string.h>

#include "ipc_edge.h"
#include "xmalloc.h"

struct ask {
	struct idmap_node node;
	struct edge *edge; /* lent */
	ev_timer deadline;
	enum err failure; /* what the deadline means */
	answer_fn *done;
	void *arg;
};

static struct ask *
ask_take(struct edge *e, uint64_t id)
{
	struct ask *ask = idmap_take(&e->asks, id);

	return (ask != NULL ? ask : idmap_take(&e->lost, id));
}

/* The question has ended: forget it, then tell the asker. */
static void
ask_end(struct ask *ask, const struct answer *answer)
{
	struct edge *e = ask->edge;
	answer_fn *done = ask->done;
	void *arg = ask->arg;

	ask_take(e, ask->node.id);
	ev_timer_stop(e->config.loop, &ask->deadline);
	free(ask);
	done(arg, answer);
}

static void
ask_fail(struct ask *ask, enum err err)
{
	struct answer answer = { .err = err,
		.text = slice_of_text(err_text(err)) };

	ask_end(ask, &answer);
}

static void
cancel_send(struct edge *e, uint64_t id)
{
	size_t begun;

	if (!edge_is_up(e))
		return;
	begun = frame_begin(&e->out);
	frame_end(&e->out, begun, FRAME_CANCEL, 0, 0, id);
}

static void
on_deadline(struct ev_loop *loop, ev_timer *w, int events)
{
	struct ask *ask = w->data;

	(void)loop;
	(void)events;
	if (ask->failure == ERR_TIMEOUT)
		cancel_send(ask->edge, ask->node.id);
	ask_fail(ask, ask->failure);
}

static struct ask *
ask_new(struct edge *e, struct duration deadline, answer_fn *done, void *arg)
{
	struct ask *ask = xcalloc(1, sizeof(*ask));
	double seconds = duration_seconds(deadline);

	ask->node.id = ++e->last_id;
	ask->edge = e;
	ask->failure = ERR_TIMEOUT;
	ask->done = done;
	ask->arg = arg;
	if (edge_queue_size(e) > IPC_QUEUE_BYTES_MAX ||
	    e->asks.count >= IPC_ASKS_MAX) {
		ask->failure = ERR_FULL;
		seconds = 0;
	} else if (edge_is_refused(e)) {
		ask->failure = ERR_OTHER_BUILD;
		seconds = 0;
	}
	ev_timer_init(&ask->deadline, on_deadline, seconds, 0);
	ask->deadline.data = ask;
	ev_timer_start(e->config.loop, &ask->deadline);
	idmap_put(&e->asks, &ask->node);
	edge_liveness(e);
	return (ask);
}

static void
ask_put(struct edge *e, struct ask *ask, enum method method,
    const struct type *type, const void *request, struct slice bytes,
    struct duration deadline)
{
	size_t begun;

	if (ask->failure != ERR_TIMEOUT)
		return;
	begun = frame_begin(&e->out);
	buf_put(&e->out, &deadline.ns, sizeof(deadline.ns));
	if (type != NULL)
		type_encode(type, request, &e->out);
	else
		buf_put_slice(&e->out, bytes);
	frame_end(&e->out, begun, FRAME_CALL, 0, method, ask->node.id);
}

uint64_t
edge_ask(struct edge *e, enum method method, const struct type *type,
    const void *request, struct duration deadline, answer_fn *done, void *arg)
{
	struct ask *ask = ask_new(e, deadline, done, arg);

	ask_put(e, ask, method, type, request, (struct slice){ 0 }, deadline);
	return (ask->node.id);
}

uint64_t
edge_ask_bytes(struct edge *e, enum method method, struct slice request,
    struct duration deadline, answer_fn *done, void *arg)
{
	struct ask *ask = ask_new(e, deadline, done, arg);

	ask_put(e, ask, method, NULL, NULL, request, deadline);
	return (ask->node.id);
}

void
edge_cancel(struct edge *e, uint64_t id)
{
	struct ask *ask = ask_take(e, id);

	if (ask == NULL)
		return;
	ev_timer_stop(e->config.loop, &ask->deadline);
	cancel_send(e, id);
	free(ask);
}

enum err
edge_tell(struct edge *e, enum method method, const struct type *type,
    const void *notice)
{
	size_t begun;

	if (!edge_is_up(e))
		return (ERR_PEER_GONE);
	if (edge_queue_size(e) > IPC_QUEUE_BYTES_MAX)
		return (ERR_FULL);
	begun = frame_begin(&e->out);
	type_encode(type, notice, &e->out);
	frame_end(&e->out, begun, FRAME_NOTICE, 0, method, 0);
	return (ERR_OK);
}

void
asks_receive(struct edge *e, const struct frame *frame)
{
	struct ask *ask = idmap_get(&e->asks, frame->head.id);
	struct answer answer = { .err = ERR_REFUSED, .text = frame->payload };
	struct arena arena;

	if (ask == NULL)
		return; /* cancelled, or timed out */
	arena_init(&arena);
	if (frame->head.kind == FRAME_ANSWER &&
	    answer_read(frame->payload, &arena, &answer) != ERR_OK) {
		edge_violation(e, "malformed answer");
		answer = (struct answer){ .err = ERR_INVALID,
			.text = slice_of_text(err_text(ERR_INVALID)) };
	}
	ask_end(ask, &answer);
	arena_deinit(&arena);
	edge_liveness(e);
}

void
asks_fail(struct edge *e, enum err err)
{
	struct ask *ask;

	/* Those who ask again from their callback wait for the next peer. */
	e->lost = e->asks;
	idmap_init(&e->asks);
	while ((ask = idmap_any(&e->lost)) != NULL)
		ask_fail(ask, err);
	idmap_deinit(&e->lost);
}

void
asks_deinit(struct edge *e)
{
	struct ask *ask;

	while ((ask = idmap_any(&e->asks)) != NULL)
		edge_cancel(e, ask->node.id);
	idmap_deinit(&e->asks);
}
