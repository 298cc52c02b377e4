/* Snapshots on their way: handles and time. See transfer.h. */
#include "transfer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "raftd.h"

#define TICK_S 1.0

/* --- The end. --- */

static void
deinit(struct transfer *t)
{
	switch (t->kind) {
	case TRANSFER_SAVE:
		saving_deinit(&t->as.saving);
		break;
	case TRANSFER_RESTORE:
		restoring_deinit(t);
		break;
	case TRANSFER_REMOTE:
		remote_deinit(t);
		break;
	}
}

static void
transfer_free(struct transfer *t)
{
	struct transfers *all = &t->d->transfers;

	assert(t->done == NULL);
	assert(t->opening == NULL);
	deinit(t);
	TAILQ_REMOVE(&all->all, t, entry);
	idmap_take(&all->by_handle, t->node.id);
	if (--all->count == 0)
		ev_timer_stop(t->d->daemon->loop, &all->timer);
	free(t);
}

void
transfer_close(struct transfer *t)
{
	t->done = NULL;
	if (t->opening != NULL)
		t->opening->on_cancel = NULL;
	t->opening = NULL;
	transfer_free(t);
}

void
transfer_fail(struct transfer *t, const char *why)
{
	const struct transfer_result result = { .why = why };
	transfer_fn *done = t->done;
	struct call *call = t->opening;
	void *arg = t->arg;

	t->done = NULL;
	t->opening = NULL;
	if (call != NULL) {
		call->on_cancel = NULL;
		call_fail(call, "%s", why);
	}
	if (done != NULL)
		done(arg, &result);
	transfer_free(t);
}

void
transfer_piece(struct transfer *t, struct slice data, bool is_last)
{
	const struct transfer_result result = {
		.data = data,
		.is_last = is_last,
	};
	transfer_fn *done = t->done;

	assert(done != NULL);
	t->done = NULL;
	t->used_at = instant_now();
	done(t->arg, &result);
	if (is_last)
		transfer_free(t);
}

void
transfers_stop(struct raftd *d, const char *why)
{
	struct transfer *t, *next;

	for (t = TAILQ_FIRST(&d->transfers.all); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		transfer_fail(t, why);
	}
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct raftd *d = w->data;
	struct transfer *t, *next;
	struct instant now = instant_now();

	(void)loop;
	(void)events;
	for (t = TAILQ_FIRST(&d->transfers.all); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (t->done == NULL && t->opening == NULL &&
		    instant_before(instant_add(t->used_at, TRANSFER_IDLE), now))
			transfer_close(t);
	}
}

/* --- The beginning. --- */

void
transfers_init(struct raftd *d)
{
	struct transfers *all = &d->transfers;

	TAILQ_INIT(&all->all);
	idmap_init(&all->by_handle);
	/* A handle from before a restart of ours must not fit. */
	all->last_handle = (uint64_t)instant_now().ns;
	ev_timer_init(&all->timer, on_timer, TICK_S, TICK_S);
	all->timer.data = d;
}

static struct transfer *
transfer_new(struct raftd *d, enum transfer_kind kind, struct call *call)
{
	struct transfers *all = &d->transfers;
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->d = d;
	t->kind = kind;
	t->opening = call;
	t->node.id = ++all->last_handle;
	t->used_at = instant_now();
	TAILQ_INSERT_TAIL(&all->all, t, entry);
	idmap_put(&all->by_handle, &t->node);
	if (all->count++ == 0)
		ev_timer_again(d->daemon->loop, &all->timer);
	return (t);
}

struct transfer *
transfer_find(struct raftd *d, uint64_t handle)
{
	struct idmap_node *node = idmap_get(&d->transfers.by_handle, handle);

	if (node == NULL)
		return (NULL);
	return ((struct transfer *)(void *)((char *)node -
					    offsetof(struct transfer, node)));
}

static void
on_open_cancel(struct call *call)
{
	transfer_close(call->keeper);
}

void
transfer_opened(struct transfer *t, const struct query_meta *meta)
{
	struct snapshot_opened reply = { .handle = t->node.id, .meta = *meta };
	struct call *call = t->opening;

	t->opening = NULL;
	t->used_at = instant_now();
	call->on_cancel = NULL;
	call_answer(call, &snapshot_opened_type, &reply);
}

void
on_open_snapshot(struct daemon *daemon, struct call *call, const void *request)
{
	const struct raft_snapshot_open *wanted = request;
	struct raftd *d = daemon->state;
	bool is_save = wanted->op == SNAPSHOT_SAVE;
	struct transfer *t;

	if (d->transfers.count >= TRANSFERS_MAX) {
		call_fail(call, "too many snapshots at a time");
		return;
	}
	if (wanted->address.size > 0) {
		t = transfer_new(d, TRANSFER_REMOTE, call);
		call->keeper = t;
		call->on_cancel = on_open_cancel;
		remote_begin(t, wanted->address, wanted->op, wanted->request);
		return;
	}
	if (d->store == NULL) {
		call_fail(call, "No cluster leader");
		return;
	}
	t = transfer_new(d, is_save ? TRANSFER_SAVE : TRANSFER_RESTORE, call);
	call->keeper = t;
	call->on_cancel = on_open_cancel;
	if (is_save)
		saving_begin(t);
	else
		restoring_begin(t);
}

/* --- Reads and writes. --- */

void
transfer_read(struct transfer *t, transfer_fn *done, void *arg)
{
	assert(t->done == NULL);
	t->done = done;
	t->arg = arg;
	switch (t->kind) {
	case TRANSFER_SAVE:
		saving_read(t);
		break;
	case TRANSFER_RESTORE:
		transfer_fail(t, "a restore cannot be read");
		break;
	case TRANSFER_REMOTE:
		remote_read(t);
		break;
	}
}

void
transfer_write(struct transfer *t, struct slice data, bool is_last,
    transfer_fn *done, void *arg)
{
	assert(t->done == NULL);
	t->done = done;
	t->arg = arg;
	switch (t->kind) {
	case TRANSFER_SAVE:
		transfer_fail(t, "a save cannot be written");
		break;
	case TRANSFER_RESTORE:
		restoring_write(t, data, is_last);
		break;
	case TRANSFER_REMOTE:
		remote_write(t, data, is_last);
		break;
	}
}

/* --- httpd's, through catalogd. --- */

/* A handle that is free for another read or write; NULL: the call is
 * answered. */
static struct transfer *
find_for(struct raftd *d, struct call *call, uint64_t handle)
{
	struct transfer *t = transfer_find(d, handle);

	if (t != NULL && t->done == NULL && t->opening == NULL)
		return (t);
	call_fail(call, "the snapshot is not open any more");
	return (NULL);
}

/* Its asker is gone, and nobody else has the handle. */
static void
on_cancel(struct call *call)
{
	transfer_close(call->keeper);
}

static void
on_read_done(void *arg, const struct transfer_result *result)
{
	struct call *call = arg;
	const struct snapshot_bytes reply = {
		.data = result->data,
		.is_last = result->is_last,
	};

	call->on_cancel = NULL;
	if (result->why != NULL)
		call_fail(call, "%s", result->why);
	else
		call_answer(call, &snapshot_bytes_type, &reply);
}

static void
on_write_done(void *arg, const struct transfer_result *result)
{
	struct call *call = arg;

	call->on_cancel = NULL;
	if (result->why != NULL)
		call_fail(call, "%s", result->why);
	else
		call_answer(call, &empty_type, &(struct empty){});
}

void
on_snapshot_read(struct daemon *daemon, struct call *call, const void *request)
{
	const struct snapshot_handle *wanted = request;
	struct transfer *t = find_for(daemon->state, call, wanted->handle);

	if (t == NULL)
		return;
	call->keeper = t;
	call->on_cancel = on_cancel;
	transfer_read(t, on_read_done, call);
}

void
on_snapshot_write(struct daemon *daemon, struct call *call, const void *request)
{
	const struct snapshot_write *wanted = request;
	struct transfer *t = find_for(daemon->state, call, wanted->handle);

	if (t == NULL)
		return;
	call->keeper = t;
	call->on_cancel = on_cancel;
	transfer_write(t, wanted->data, wanted->is_last, on_write_done, call);
}

void
on_snapshot_close(struct daemon *daemon, struct call *call, const void *request)
{
	const struct snapshot_handle *wanted = request;
	struct transfer *t = find_for(daemon->state, call, wanted->handle);

	if (t == NULL)
		return;
	transfer_close(t);
	call_answer(call, &empty_type, &(struct empty){});
}
