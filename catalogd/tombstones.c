/*
 * When tombstones may go: a quarter of an hour after the deletion, in steps of
 * half a minute, by an entry that the leader writes.
 *
 * Source  api/semantics.md 1; Consul's tombstone_gc.go
 */
#include <string.h>

#include "catalogd.h"
#include "log.h"

#define LIFE   SECONDS(15 * 60)
#define STEP   SECONDS(30)
#define STEP_S 30.0

void
tombstones_hint(struct catalogd *c, uint64_t index)
{
	struct leader *l = &c->leader;
	struct instant expires = instant_add(instant_now(), LIFE);
	struct tombstone_step *last;

	expires.ns += STEP.ns - expires.ns % STEP.ns;
	last = l->step_count > 0 ? &l->steps[l->step_count - 1] : NULL;
	if (last != NULL && last->expires.ns == expires.ns) {
		last->index = index;
		return;
	}
	/* There are more steps than fit into a life; full means a clock that
	 * stood still, and then the last step takes these in as well. */
	if (l->step_count == TOMBSTONE_STEPS_MAX) {
		*last = (struct tombstone_step){ expires, index };
		return;
	}
	l->steps[l->step_count++] = (struct tombstone_step){ expires, index };
}

static void
on_reaped(struct catalogd *c, struct slice arg, const struct buf *why)
{
	(void)c;
	(void)arg;
	if (why != NULL)
		log_error("agent.server", "failed to reap tombstones",
		    "error=\"%.*s\"", SLICE_ARGS(buf_slice(why)));
}

static void
on_step(struct ev_loop *loop, ev_timer *w, int events)
{
	struct catalogd *c = w->data;
	struct leader *l = &c->leader;
	struct tombstone_request r = {
		.datacenter = slice_of_text(c->daemon->config->datacenter),
		.op = SLICE("reap"),
	};
	struct instant now = instant_now();
	size_t over = 0;

	(void)loop;
	(void)events;
	lock_delays_sweep(c);
	while (over < l->step_count && l->steps[over].expires.ns <= now.ns)
		r.reap_index = l->steps[over++].index;
	if (over == 0)
		return;
	l->step_count -= over;
	memmove(l->steps, l->steps + over, l->step_count * sizeof(*l->steps));
	propose(c, FSM_TOMBSTONE, &tombstone_request_type, &r, on_reaped,
	    SLICE(""));
}

/* A new leader starts the clock for all that it finds. */
void
tombstones_start(struct catalogd *c)
{
	struct leader *l = &c->leader;

	l->step_count = 0;
	if (c->state->counts[TABLE_TOMBSTONES] > 0)
		tombstones_hint(c, c->applied);
	ev_timer_init(&l->reap, on_step, STEP_S, STEP_S);
	l->reap.data = c;
	ev_timer_start(c->daemon->loop, &l->reap);
}

void
tombstones_stop(struct catalogd *c)
{
	ev_timer_stop(c->daemon->loop, &c->leader.reap);
	c->leader.step_count = 0;
}
