/*
 * Calls that wait for a leader, at most as long as Consul holds them.
 *
 * Source  api/http.md 1.3: "No cluster leader" after rpc_hold_timeout
 */
#include "catalogd.h"

#define HOLD_TIMEOUT SECONDS(7) /* performance.rpc_hold_timeout */

struct hold {
	TAILQ_ENTRY(hold) entry;
	struct catalogd *owner;
	struct call *call;
	call_fn *handler;
	const void *request; /* lives as the call does */
	struct instant deadline;
};

static void
hold_remove(struct catalogd *c, struct hold *hold)
{
	TAILQ_REMOVE(&c->holds, hold, entry);
	hold->call->on_cancel = NULL;
	hold->call->keeper = NULL;
}

/* All wait equally long, so one timer for the oldest does for all. */
static void
timer_set(struct catalogd *c)
{
	struct hold *oldest = TAILQ_FIRST(&c->holds);
	double delay;

	ev_timer_stop(c->daemon->loop, &c->hold_timer);
	if (oldest == NULL)
		return;
	delay =
	    duration_seconds(instant_since(oldest->deadline, instant_now()));
	ev_timer_set(&c->hold_timer, delay > 0 ? delay : 0, 0);
	ev_timer_start(c->daemon->loop, &c->hold_timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct catalogd *c = w->data;
	struct instant now = instant_now();
	struct hold *hold;

	(void)loop;
	(void)events;
	while ((hold = TAILQ_FIRST(&c->holds)) != NULL &&
	       !instant_before(now, hold->deadline)) {
		struct call *call = hold->call;

		hold_remove(c, hold);
		call_fail(call, "No cluster leader");
	}
	timer_set(c);
}

static void
on_cancel(struct call *call)
{
	struct hold *hold = call->keeper;

	hold_remove(hold->owner, hold);
}

void
hold_init(struct catalogd *c)
{
	TAILQ_INIT(&c->holds);
	ev_timer_init(&c->hold_timer, on_timer, 0, 0);
	c->hold_timer.data = c;
}

void
hold_call(struct catalogd *c, struct call *call, call_fn *handler,
    const void *request)
{
	struct hold *hold = arena_alloc(&call->arena, sizeof(*hold));

	*hold = (struct hold){
		.owner = c,
		.call = call,
		.handler = handler,
		.request = request,
		.deadline = instant_add(instant_now(), HOLD_TIMEOUT),
	};
	call->on_cancel = on_cancel;
	call->keeper = hold;
	TAILQ_INSERT_TAIL(&c->holds, hold, entry);
	if (TAILQ_FIRST(&c->holds) == hold)
		timer_set(c);
}

/* Each is taken up once; one that must wait on begins a wait of its own only
 * if leadership was lost in between, as in Consul. */
void
hold_release(struct catalogd *c)
{
	struct holds waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct hold *hold;

	TAILQ_CONCAT(&waiting, &c->holds, entry);
	while ((hold = TAILQ_FIRST(&waiting)) != NULL) {
		TAILQ_REMOVE(&waiting, hold, entry);
		hold->call->on_cancel = NULL;
		hold->call->keeper = NULL;
		hold->handler(c->daemon, hold->call, hold->request);
	}
	timer_set(c);
}
