/* Blocking questions; see watch.h. */
#include <assert.h>
#include <stdlib.h>

#include "catalogd.h"
#include "metrics.h"
#include "xmalloc.h"

struct watch {
	TAILQ_ENTRY(watch) entry; /* among the fired */
	struct catalogd *owner;	  /* lent */
	struct call *call;
	const void *request; /* lives as the call does */
	watch_fn *look;
	ev_timer timer;
	bool has_fired;
	bool is_over; /* answer, whether something has changed or not */
	size_t link_count;
	struct watch_link links[WATCH_THINGS_MAX];
};

struct thing
thing_of(unsigned kind, struct slice key)
{
	uint64_t hash = slice_hash(key) + kind * 0x9e3779b97f4a7c15U;

	hash ^= hash >> 29;
	return ((struct thing){ .hash = hash * 0xbf58476d1ce4e5b9U });
}

static struct watch_links *
bucket_of(struct watches *w, uint64_t hash)
{
	return (&w->buckets[hash >> 32 & (WATCH_BUCKETS - 1)]);
}

void
watch_init(struct watches *w)
{
	for (size_t i = 0; i < WATCH_BUCKETS; i++)
		LIST_INIT(&w->buckets[i]);
	TAILQ_INIT(&w->fired);
	metrics_add(METRIC_rpc_blocking, 0);
}

static void
watch_off(struct watch *w)
{
	for (size_t i = 0; i < w->link_count; i++)
		LIST_REMOVE(&w->links[i], entry);
	w->link_count = 0;
}

void
watch_on(struct watch *w, const struct thing *things, size_t count)
{
	assert(count <= WATCH_THINGS_MAX);
	watch_off(w);
	for (size_t i = 0; i < count; i++) {
		struct watch_link *link = &w->links[i];

		link->watch = w;
		link->thing = things[i];
		LIST_INSERT_HEAD(
		    bucket_of(&w->owner->watches, things[i].hash), link, entry);
	}
	w->link_count = count;
}

static void
watch_free(struct watch *w)
{
	watch_off(w);
	if (w->has_fired)
		TAILQ_REMOVE(&w->owner->watches.fired, w, entry);
	ev_timer_stop(w->owner->daemon->loop, &w->timer);
	w->owner->watches.count--;
	metrics_add(METRIC_rpc_blocking, (double)w->owner->watches.count);
	free(w);
}

static void
on_cancel(struct call *call)
{
	watch_free(call->keeper);
}

/* An answer frees the call, and with it what the watch was for. */
static void
watch_look(struct watch *w, bool is_over)
{
	struct call *call = w->call;

	call->on_cancel = NULL;
	if (w->look(w->owner, call, w->request, is_over))
		watch_free(w);
	else
		call->on_cancel = on_cancel;
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	watch_look(timer->data, true);
}

struct watch *
watch_new(struct catalogd *c, struct call *call, const void *request,
    struct duration wait, watch_fn *look)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->owner = c;
	w->call = call;
	w->request = request;
	w->look = look;
	ev_timer_init(&w->timer, on_timer, duration_seconds(wait), 0);
	w->timer.data = w;
	ev_timer_start(c->daemon->loop, &w->timer);
	call->on_cancel = on_cancel;
	call->keeper = w;
	c->watches.count++;
	metrics_add(METRIC_rpc_blocking, (double)c->watches.count);
	return (w);
}

struct duration
watch_left(struct watch *w)
{
	double seconds = ev_timer_remaining(w->owner->daemon->loop, &w->timer);

	return (NANOSECONDS(seconds > 0 ? (int64_t)(seconds * 1e9) : 0));
}

static void
fire(struct watches *watches, struct watch *w)
{
	if (w->has_fired)
		return;
	w->has_fired = true;
	TAILQ_INSERT_TAIL(&watches->fired, w, entry);
}

void
watch_fire(struct catalogd *c, struct thing thing, struct slice key)
{
	struct watch_link *link;

	LIST_FOREACH(link, bucket_of(&c->watches, thing.hash), entry)
	if (link->thing.hash == thing.hash &&
	    slice_starts_with(key, link->thing.prefix))
		fire(&c->watches, link->watch);
}

static void
fire_all(struct watches *all, bool is_over)
{
	struct watch_link *link;

	for (size_t i = 0; i < WATCH_BUCKETS; i++)
		LIST_FOREACH(link, &all->buckets[i], entry)
		{
			link->watch->is_over |= is_over;
			fire(all, link->watch);
		}
}

void
watch_fire_all(struct catalogd *c)
{
	fire_all(&c->watches, false);
}

void
watch_end_all(struct catalogd *c)
{
	fire_all(&c->watches, true);
}

void
watch_turn(struct catalogd *c)
{
	struct watch *w;

	while ((w = TAILQ_FIRST(&c->watches.fired)) != NULL) {
		TAILQ_REMOVE(&c->watches.fired, w, entry);
		w->has_fired = false;
		watch_look(w, w->is_over);
	}
}
