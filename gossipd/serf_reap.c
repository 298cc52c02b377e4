/*
 * Members that have gone are forgotten in time, and until then sometimes
 * called again (serf serf.go, handleReap, reconnect, checkQueueDepth).
 */
#include <assert.h>

#include "core.h"

#define QUEUE_DEPTH_WARNING 128
#define LEAVING_MULT	    6 /* a leave takes up to three such times */

/* serf.go, eraseNode. */
void
serf_erase(struct step *s, struct member *member)
{
	struct gossip *g = s->g;
	struct gossip_member view;

	assert(member != g->self);
	assert(member->status != MEMBER_NONE);
	serf_view(g, member, &view);
	effects_change(s->fx, CHANGE_REAP, &view);
	member->status = MEMBER_NONE;
	member->status_ltime = 0;
	member->prune_at = INSTANT_NEVER;
	g->serf_count--;
	/* memberlist 0.2.2 keeps those that left for ever; they are nobody's
	 * any more. */
	if (member->place != UNLISTED && swim_is_gone(member))
		swim_unlist(g, member);
	swim_release(g, member);
}

static bool
is_over(const struct step *s, const struct member *member)
{
	const struct gossip_timing *t = &s->g->options.timing;
	int64_t gone_ns = instant_since(s->now, member->gone_at).ns;

	if (member == s->g->self)
		return (false);
	return ((member->status == MEMBER_FAILED &&
		    gone_ns > t->reconnect_timeout.ns) ||
		(member->status == MEMBER_LEFT &&
		    gone_ns > t->tombstone_timeout.ns));
}

static void
forget_intent(struct step *s, struct member *member)
{
	struct gossip *g = s->g;

	if (member->early.ltime == 0 ||
	    instant_since(s->now, member->early.at).ns <=
		g->options.timing.recent_intent_timeout.ns)
		return;
	member->early.ltime = 0;
	g->early_count--;
	swim_release(g, member);
}

/* It was said to leave, and is there long after it would have: not Serf's
 * rule, where it leaves for ever. */
static void
doubt_leaving(struct step *s, struct member *member)
{
	const struct gossip_timing *t = &s->g->options.timing;
	int64_t leaving_ns = instant_since(s->now, member->gone_at).ns;

	if (member->status == MEMBER_LEAVING && member != s->g->self &&
	    !swim_is_gone(member) &&
	    leaving_ns > LEAVING_MULT * t->broadcast_timeout.ns)
		member->status = MEMBER_ALIVE;
}

static void
reap(struct step *s)
{
	struct gossip *g = s->g;
	struct member *member = members_next(&g->members, NULL);

	while (member != NULL) {
		struct member *next = members_next(&g->members, member);

		doubt_leaving(s, member);
		if (is_over(s, member) && member->early.ltime == 0)
			serf_erase(s, member);
		else
			forget_intent(s, member);
		member = next;
	}
}

static void
prune_due(struct step *s)
{
	struct gossip *g = s->g;
	struct member *member = members_next(&g->members, NULL);

	g->prune_at = INSTANT_NEVER;
	while (member != NULL) {
		struct member *next = members_next(&g->members, member);

		if (is_due(s, member->prune_at))
			serf_erase(s, member);
		else
			g->prune_at = sooner(g->prune_at, member->prune_at);
		member = next;
	}
}

/* --- Calling one that has failed. --- */

static struct member *
nth_failed(const struct gossip *g, size_t nth)
{
	struct member *member = members_next(&g->members, NULL);

	for (; member != NULL; member = members_next(&g->members, member))
		if (member->status == MEMBER_FAILED && nth-- == 0)
			break;
	return (member);
}

/* serf.go, reconnect: all together call each failed one about once an
 * interval. */
static void
reconnect(struct step *s)
{
	struct gossip *g = s->g;
	struct gossip_stats stats;
	size_t others;

	gossip_stats(g, &stats);
	if (stats.failed == 0 || g->leaving.phase != LEAVE_NONE)
		return;
	others = stats.members - stats.failed - stats.left;
	if (random_real(&g->random) * (double)(others > 0 ? others : 1) >
	    (double)stats.failed)
		return;
	pull_reconnect(
	    s, nth_failed(g, (size_t)random_below(&g->random, stats.failed)));
}

/* --- Queues. --- */

static void
check_queue(
    struct step *s, const struct broadcast_queue *queue, const char *name)
{
	if (queue->count < QUEUE_DEPTH_WARNING)
		return;
	effects_note(s->fx, GOSSIP_NOTE_QUEUE_DEPTH, (struct slice){ 0 },
	    slice_of_text(name))
	    ->number = queue->count;
}

static void
check_queues(struct step *s)
{
	check_queue(s, &s->g->intent_queue, "Intent");
	check_queue(s, &s->g->event_queue, "Event");
	check_queue(s, &s->g->query_queue, "Query");
}

void
serf_reap_tick(struct step *s)
{
	struct gossip *g = s->g;
	const struct gossip_timing *t = &g->options.timing;

	if (is_due(s, g->prune_at))
		prune_due(s);
	if (is_due(s, g->reap_at)) {
		g->reap_at = instant_add(s->now, t->reap_interval);
		reap(s);
	}
	if (is_due(s, g->reconnect_at)) {
		g->reconnect_at = instant_add(s->now, t->reconnect_interval);
		reconnect(s);
	}
	if (is_due(s, g->queue_check_at)) {
		g->queue_check_at =
		    instant_add(s->now, t->queue_check_interval);
		check_queues(s);
	}
}
