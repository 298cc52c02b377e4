/* The answering half of an edge: questions and notices of the peer's. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc_edge.h"
#include "metrics.h"
#include "xmalloc.h"

#define SPARE_CALLS_MAX 64

static struct call *
call_new(struct edge *e)
{
	struct call *call = e->spare;

	e->held_count++;
	if (call == NULL)
		return (xcalloc(1, sizeof(*call)));
	e->spare = (struct call *)call->node.next;
	e->spare_count--;
	call->node.next = NULL;
	return (call);
}

static void
call_free(struct call *call)
{
	struct edge *e = call->edge;
	struct arena arena = call->arena;
	struct buf stamps = call->stamps;

	e->held_count--;
	e->held_bytes -= call->held;
	if (e->spare_count >= SPARE_CALLS_MAX) {
		arena_deinit(&arena);
		buf_deinit(&stamps);
		free(call);
		return;
	}
	arena_reset(&arena);
	buf_reset(&stamps);
	*call = (struct call){ .arena = arena, .stamps = stamps };
	call->node.next = (struct idmap_node *)e->spare;
	e->spare = call;
	e->spare_count++;
}

/* The answer leaves; the call is done. */
static void
call_end(struct call *call)
{
	struct edge *e = call->edge;

	if (call->measured != 0)
		metrics_add_since(
		    (enum metric_id)(call->measured - 1), call->begun);
	if (!call->is_orphan)
		idmap_take(&e->calls, call->node.id);
	call_free(call);
	edge_liveness(e);
}

void
call_measure(struct call *call, enum metric_id id)
{
	call->measured = (uint16_t)(id + 1);
}

static size_t
answer_begin(struct call *call)
{
	struct buf *out = &call->edge->out;
	size_t begun = frame_begin(out);

	answer_head_put(out,
	    (const struct stamp *)(const void *)call->stamps.data,
	    call->stamps.size / sizeof(struct stamp));
	return (begun);
}

/* Does the peer leave its answers lying? Then this one is left out. */
static bool
is_unread(const struct call *call)
{
	return (edge_queue_size(call->edge) > IPC_ANSWERS_BYTES_MAX);
}

void
call_answer(struct call *call, const struct type *type, const void *reply)
{
	assert(call->node.id != 0);
	if (is_unread(call)) {
		call_fail_text(call, slice_of_text(err_text(ERR_FULL)));
		return;
	}
	if (!call->is_orphan) {
		struct buf *out = &call->edge->out;
		size_t begun = answer_begin(call);

		type_encode(type, reply, out);
		frame_end(
		    out, begun, FRAME_ANSWER, 0, call->method, call->node.id);
	}
	call_end(call);
}

void
call_answer_bytes(struct call *call, struct slice reply)
{
	assert(call->node.id != 0);
	if (is_unread(call)) {
		call_fail_text(call, slice_of_text(err_text(ERR_FULL)));
		return;
	}
	if (!call->is_orphan) {
		struct buf *out = &call->edge->out;
		size_t begun = answer_begin(call);

		buf_put_slice(out, reply);
		frame_end(
		    out, begun, FRAME_ANSWER, 0, call->method, call->node.id);
	}
	call_end(call);
}

void
call_fail_text(struct call *call, struct slice text)
{
	assert(call->node.id != 0);
	if (!call->is_orphan) {
		struct buf *out = &call->edge->out;
		size_t begun = frame_begin(out);

		buf_put_slice(out, text);
		frame_end(
		    out, begun, FRAME_REFUSAL, 0, call->method, call->node.id);
	}
	call_end(call);
}

void
call_fail(struct call *call, const char *format, ...)
{
	char text[1024];
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert(size >= 0);
	if ((size_t)size >= sizeof(text))
		size = sizeof(text) - 1;
	call_fail_text(call, slice(text, (size_t)size));
}

void
call_stamp(struct call *call, uint32_t bucket, uint64_t generation)
{
	struct stamp stamp;

	memset(&stamp, 0, sizeof(stamp));
	stamp.bucket = bucket;
	stamp.generation = generation;
	buf_put(&call->stamps, &stamp, sizeof(stamp));
}

/* The asker has given up or is gone. */
static void
call_abandon(struct edge *e, struct call *call)
{
	idmap_take(&e->calls, call->node.id);
	call->is_orphan = true;
	if (call->on_cancel == NULL)
		return; /* its keeper answers into the void */
	call->on_cancel(call);
	call_free(call);
}

/* May this method come over this edge? */
static bool
is_allowed(const struct edge *e, enum frame_kind kind, enum method method)
{
	const struct method_row *row = &method_rows[method];

	if ((kind == FRAME_NOTICE) != (row->kind == METHOD_NOTICE))
		return (false);
	if (e->config.handlers[method] == NULL)
		return (false);
	if (e->config.self == DAEMON_catalogd || kind == FRAME_NOTICE)
		return ((row->from & FROM_BIT(e->config.peer)) != 0);
	return (row->owner == e->config.self);
}

static void
call_start(struct edge *e, struct call *call, struct slice payload)
{
	const struct type *type = method_rows[call->method].request;
	struct reader rd;
	void *request;

	call->body = arena_copy(&call->arena, payload);
	rd = reader(call->body);
	request = arena_alloc(&call->arena, type->size);
	if (type_decode(type, &rd, &call->arena, request) != ERR_OK) {
		edge_violation(e, "request does not decode");
		if (call->node.id != 0)
			call_fail(call, "malformed request of %s",
			    method_rows[call->method].name);
		else
			call_free(call);
		return;
	}
	call->held = call->arena.size;
	e->held_bytes += call->held;
	if (call->node.id != 0) {
		e->config.handlers[call->method](
		    e->config.daemon, call, request);
		return; /* the handler's now, and perhaps gone */
	}
	e->config.handlers[call->method](e->config.daemon, call, request);
	call_free(call);
}

/* Do its questions hold as much as they may? Those that it has cancelled and
 * that their keepers still keep count, too. */
static bool
is_full(const struct edge *e)
{
	return (e->held_count >= 2 * (size_t)IPC_ASKS_MAX ||
		e->held_bytes >= IPC_CALLS_BYTES_MAX);
}

static void
call_refuse_full(struct edge *e, const struct frame *frame)
{
	size_t begun = frame_begin(&e->out);

	buf_put_text(&e->out, err_text(ERR_FULL));
	frame_end(&e->out, begun, FRAME_REFUSAL, 0, frame->head.method,
	    frame->head.id);
}

void
calls_receive(struct edge *e, const struct frame *frame)
{
	struct call *call;
	int64_t ns = 0;
	struct slice payload = frame->payload;

	if (!is_allowed(e, frame->head.kind, frame->head.method)) {
		edge_violation(e, method_rows[frame->head.method].name);
		return;
	}
	if (frame->head.kind == FRAME_CALL) {
		if (payload.size < sizeof(ns) || frame->head.id == 0 ||
		    idmap_get(&e->calls, frame->head.id) != NULL) {
			edge_violation(e, "malformed call");
			return;
		}
		if (e->calls.count >= IPC_ASKS_MAX) {
			edge_violation(e, "more questions than may be open");
			return;
		}
		if (is_full(e)) {
			call_refuse_full(e, frame);
			return;
		}
		memcpy(&ns, payload.data, sizeof(ns));
		payload = slice_tail(payload, sizeof(ns));
	}
	call = call_new(e);
	call->node.id = frame->head.kind == FRAME_CALL ? frame->head.id : 0;
	call->edge = e;
	call->method = frame->head.method;
	call->begun = instant_now();
	call->deadline = instant_add(call->begun, NANOSECONDS(ns));
	if (call->node.id != 0) {
		idmap_put(&e->calls, &call->node);
		edge_liveness(e);
	}
	call_start(e, call, payload);
}

void
calls_cancel(struct edge *e, const struct frame *frame)
{
	struct call *call = idmap_get(&e->calls, frame->head.id);

	if (call != NULL)
		call_abandon(e, call);
	edge_liveness(e);
}

static void
spare_free(struct edge *e)
{
	while (e->spare != NULL) {
		struct call *call = e->spare;

		e->spare = (struct call *)call->node.next;
		arena_deinit(&call->arena);
		buf_deinit(&call->stamps);
		free(call);
	}
}

void
calls_abandon(struct edge *e)
{
	struct call *call;

	while ((call = idmap_any(&e->calls)) != NULL)
		call_abandon(e, call);
}

void
calls_deinit(struct edge *e)
{
	calls_abandon(e);
	spare_free(e);
	idmap_deinit(&e->calls);
}
