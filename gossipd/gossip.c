/*
 * One member of a pool: its settings, which rule an event wakes, and when
 * something is due. The rules are in swim.c, probe.c and pull.c (memberlist)
 * and serf*.c.
 */
#include "gossip.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "core.h"

#define EVENT_BYTES    512 /* Serf's defaults */
#define QUERY_BYTES    1024
#define RESPONSE_BYTES 1024
#define SERF_QUEUE_MAX 4096

/* --- Settings (wire/gossip.md 7). --- */

/* What LAN and WAN share. */
#define SERF_TIMING                                         \
	.retransmit_mult = 4, .indirect_checks = 3,         \
	.suspicion_max_timeout_mult = 6, .gossip_nodes = 3, \
	.awareness_max_multiplier = 8,                      \
	.dead_node_reclaim_time = { 30000000000 },          \
	.broadcast_timeout = { 5000000000 },                \
	.leave_propagate_delay = { 3000000000 },            \
	.reap_interval = { 15000000000 },                   \
	.reconnect_interval = { 30000000000 },              \
	.reconnect_timeout = { 72 * 3600000000000 },        \
	.tombstone_timeout = { 24 * 3600000000000 },        \
	.recent_intent_timeout = { 300000000000 },          \
	.queue_check_interval = { 30000000000 }

const struct gossip_timing gossip_timing_lan = {
	.probe_interval = { 1000000000 },
	.probe_timeout = { 500000000 },
	.suspicion_mult = 4,
	.gossip_interval = { 200000000 },
	.gossip_to_the_dead_time = { 30000000000 },
	.push_pull_interval = { 30000000000 },
	.tcp_timeout = { 10000000000 },
	SERF_TIMING,
};

const struct gossip_timing gossip_timing_wan = {
	.probe_interval = { 5000000000 },
	.probe_timeout = { 3000000000 },
	.suspicion_mult = 6,
	.gossip_interval = { 500000000 },
	.gossip_to_the_dead_time = { 60000000000 },
	.push_pull_interval = { 60000000000 },
	.tcp_timeout = { 30000000000 },
	SERF_TIMING,
};

/* --- A member begins and ends. --- */

static void
keep_options(struct gossip *g, const struct gossip_options *options)
{
	struct gossip_options *o = &g->options;

	*o = *options;
	o->name = arena_copy(&g->texts, options->name);
	o->meta = arena_copy(&g->texts, options->meta);
	o->datacenter = arena_copy(&g->texts, options->datacenter);
	o->segment = arena_copy(&g->texts, options->segment);
	o->node_id = arena_copy(&g->texts, options->node_id);
	o->networks = NULL;
	if (options->network_count > 0)
		o->networks = (const void *)arena_copy(&g->texts,
		    slice(options->networks,
			options->network_count * sizeof(*options->networks)))
				  .data;
	if (o->packet_bytes == 0)
		o->packet_bytes = GOSSIP_PACKET_BYTES;
	if (o->event_bytes_max == 0)
		o->event_bytes_max = EVENT_BYTES;
	if (o->query_bytes_max == 0)
		o->query_bytes_max = QUERY_BYTES;
	if (o->response_bytes_max == 0)
		o->response_bytes_max = RESPONSE_BYTES;
	if (o->is_without_lifeguard)
		o->timing.suspicion_max_timeout_mult = 1;
}

struct gossip *
gossip_new(const struct gossip_options *options)
{
	struct gossip *g = xcalloc(1, sizeof(*g));

	assert(options->name.size > 0);
	assert(options->name.size <= GOSSIP_NAME_BYTES_MAX);
	assert(options->meta.size <= GOSSIP_META_BYTES_MAX);
	assert(options->timing.probe_timeout.ns <=
	       options->timing.probe_interval.ns);
	arena_init(&g->texts);
	keep_options(g, options);
	g->random = options->seed;
	g->is_encrypted = options->is_encrypted;
	members_init(&g->members, &g->random);
	broadcast_init(&g->swim_queue, 0); /* one a member */
	broadcast_init(&g->intent_queue, SERF_QUEUE_MAX);
	broadcast_init(&g->query_queue, SERF_QUEUE_MAX);
	broadcast_init(&g->event_queue, SERF_QUEUE_MAX);
	coord_init(&g->coord);
	g->suspicion_at = INSTANT_NEVER;
	g->prune_at = INSTANT_NEVER;
	g->settle_at = INSTANT_NEVER;
	g->settled_at = (struct instant){ INT64_MIN };
	return (g);
}

void
gossip_free(struct gossip *g)
{
	if (g == NULL)
		return;
	broadcast_deinit(&g->swim_queue);
	broadcast_deinit(&g->intent_queue);
	broadcast_deinit(&g->query_queue);
	broadcast_deinit(&g->event_queue);
	serf_events_free(g);
	serf_queries_free(g);
	members_deinit(&g->members);
	free(g->nodes);
	arena_deinit(&g->texts);
	free(g);
}

/* Somewhere in the interval, or all members would do it at once. */
static struct instant
staggered(struct step *s, struct duration interval)
{
	if (interval.ns <= 0)
		return (INSTANT_NEVER);
	return (
	    instant_add(s->now, NANOSECONDS((int64_t)random_below(
				    &s->g->random, (uint64_t)interval.ns))));
}

static void
start(struct step *s, const struct gossip_event *event)
{
	struct gossip *g = s->g;
	const struct gossip_timing *t = &g->options.timing;

	(void)event;
	assert(!g->is_started);
	g->is_started = true;
	g->gossip_at = staggered(s, t->gossip_interval);
	g->probe_at = staggered(s, t->probe_interval);
	g->push_pull_at = staggered(s, t->push_pull_interval);
	if (t->push_pull_interval.ns > 0)
		g->push_pull_at =
		    instant_add(g->push_pull_at, t->push_pull_interval);
	g->reap_at = instant_add(s->now, t->reap_interval);
	g->reconnect_at = t->reconnect_interval.ns > 0
			      ? instant_add(s->now, t->reconnect_interval)
			      : INSTANT_NEVER;
	g->queue_check_at = instant_add(s->now, t->queue_check_interval);
	(void)swim_self_start(s);
	serf_start(s);
}

/* --- Time. --- */

static bool
fits_gossip(const struct step *s, const struct member *member)
{
	int64_t dead_ns = instant_since(s->now, member->changed_at).ns;
	int64_t limit_ns = s->g->options.timing.gossip_to_the_dead_time.ns;

	if (member == s->g->self || member->state == SWIM_LEFT)
		return (false);
	return (member->state != SWIM_DEAD || dead_ns <= limit_ns);
}

#define GOSSIP_NODES_MAX_TICK 64
#define GOSSIP_BURST	      4 /* times as many, while there is news */

/* memberlist state.go, gossip. */
static void
gossip_tick(struct step *s)
{
	struct gossip *g = s->g;
	struct member *chosen[GOSSIP_NODES_MAX_TICK];
	unsigned usual = g->options.timing.gossip_nodes;
	unsigned most = usual * GOSSIP_BURST;
	size_t count;

	if (!is_due(s, g->gossip_at))
		return;
	g->gossip_at =
	    next_tick(g->gossip_at, g->options.timing.gossip_interval, s->now);
	if (!send_has_gossip(g))
		return;
	count = swim_choose(s,
	    most < GOSSIP_NODES_MAX_TICK ? most : GOSSIP_NODES_MAX_TICK, chosen,
	    fits_gossip);
	/* When many join at once, memberlist's three packets a tick are too
	 * few for the news, and it takes a quarter of a minute to spread. */
	for (size_t i = 0; i < count; i++)
		if ((i >= usual && !send_has_news(g)) ||
		    !send_gossip(s, chosen[i]))
			break;
}

/*
 * We come late: the process was stopped, or had no CPU. What a suspect said
 * in its defence meanwhile may be lost, so that time does not count. (Not in
 * memberlist, whose timers run on.)
 */
static void
forgive_lateness(struct step *s)
{
	struct gossip *g = s->g;
	/* Gossip has no time of its own: what comes after a silence is at
	 * once overdue. */
	struct duration late =
	    instant_since(s->now, sooner(probe_deadline(g), g->suspicion_at));

	if (late.ns < g->options.timing.probe_timeout.ns ||
	    g->options.is_without_lifeguard)
		return;
	swim_health(g, 1);
	for (size_t i = 0; g->suspect_count > 0 && i < g->node_count; i++)
		if (g->nodes[i]->suspicion != NULL)
			g->nodes[i]->suspicion->start =
			    instant_add(g->nodes[i]->suspicion->start, late);
}

static void
tick(struct step *s, const struct gossip_event *event)
{
	(void)event;
	forgive_lateness(s);
	probe_tick(s);
	swim_suspicions_tick(s);
	pull_tick(s);
	serf_reap_tick(s);
	serf_query_tick(s);
	gossip_tick(s);
}

struct instant
gossip_deadline(const struct gossip *g)
{
	struct instant due = INSTANT_NEVER;

	if (!g->is_started)
		return (INSTANT_NEVER);
	/* Nothing to say, or nobody to say it to, is no reason to wake up. */
	if (g->node_count > 1 && send_has_gossip(g))
		due = g->gossip_at;
	due = sooner(due, probe_deadline(g));
	due = sooner(due, g->push_pull_at);
	due = sooner(due, g->settle_at);
	due = sooner(due, g->suspicion_at);
	due = sooner(due, g->reap_at);
	due = sooner(due, g->reconnect_at);
	due = sooner(due, g->queue_check_at);
	due = sooner(due, g->prune_at);
	due = sooner(due, serf_query_deadline(g));
	if (g->leaving.phase != LEAVE_NONE && g->leaving.phase != LEAVE_DONE)
		due = sooner(due, g->leaving.until);
	return (due);
}

/* --- Messages. --- */

typedef void on_message(
    struct step *, const struct endpoint *from, const struct message *);

static void
on_ping(struct step *s, const struct endpoint *from, const struct message *m)
{
	probe_on_ping(s, from, &m->as.ping);
}

static void
on_indirect_ping(
    struct step *s, const struct endpoint *from, const struct message *m)
{
	probe_on_indirect(s, from, &m->as.indirect_ping);
}

static void
on_ack(struct step *s, const struct endpoint *from, const struct message *m)
{
	(void)from;
	probe_on_ack(s, &m->as.ack);
}

static void
on_nack(struct step *s, const struct endpoint *from, const struct message *m)
{
	(void)from;
	probe_on_nack(s, &m->as.nack);
}

static void
on_suspect(struct step *s, const struct endpoint *from, const struct message *m)
{
	(void)from;
	swim_on_suspect(s, &m->as.accusation);
}

static void
on_alive(struct step *s, const struct endpoint *from, const struct message *m)
{
	/* memberlist net.go, handleAlive: ensureCanConnect. */
	if (swim_is_inside(s->g, from))
		swim_on_alive(s, &m->as.alive);
}

static void
on_dead(struct step *s, const struct endpoint *from, const struct message *m)
{
	(void)from;
	swim_on_dead(s, &m->as.accusation);
}

/* What was news is gossiped on, unchanged. */
static void
pass_on(struct step *s, struct broadcast_queue *queue, const struct message *m)
{
	if (send_is_too_big(s->g, m))
		s->g->dropped++;
	else
		broadcast_put(queue, m, NULL, NULL);
}

static void
on_intent(struct step *s, const struct endpoint *from, const struct message *m)
{
	(void)from;
	if (serf_on_intent(s, m->kind, &m->as.intent))
		pass_on(s, &s->g->intent_queue, m);
}

static void
on_user_event(
    struct step *s, const struct endpoint *from, const struct message *m)
{
	(void)from;
	if (serf_on_event(s, &m->as.user_event))
		pass_on(s, &s->g->event_queue, m);
}

static void
on_query(struct step *s, const struct endpoint *from, const struct message *m)
{
	(void)from;
	if (serf_on_query(s, &m->as.query))
		pass_on(s, &s->g->query_queue, m);
}

static void
on_query_response(
    struct step *s, const struct endpoint *from, const struct message *m)
{
	(void)from;
	serf_on_response(s, &m->as.query_response);
}

static void
on_relay(struct step *s, const struct endpoint *from, const struct message *m)
{
	(void)from;
	serf_on_relay(s, &m->as.relay);
}

static on_message *const message_rules[MESSAGE_COUNT] = {
	[MESSAGE_PING] = on_ping,
	[MESSAGE_INDIRECT_PING] = on_indirect_ping,
	[MESSAGE_ACK] = on_ack,
	[MESSAGE_NACK] = on_nack,
	[MESSAGE_SUSPECT] = on_suspect,
	[MESSAGE_ALIVE] = on_alive,
	[MESSAGE_DEAD] = on_dead,
	[MESSAGE_LEAVE_INTENT] = on_intent,
	[MESSAGE_JOIN_INTENT] = on_intent,
	[MESSAGE_USER_EVENT] = on_user_event,
	[MESSAGE_QUERY] = on_query,
	[MESSAGE_QUERY_RESPONSE] = on_query_response,
	[MESSAGE_RELAY] = on_relay,
};

/* --- Events. --- */

typedef void on_event(struct step *, const struct gossip_event *);

static void
message(struct step *s, const struct gossip_event *event)
{
	const struct message *m = event->as.message.message;

	if (m->kind < MESSAGE_COUNT && message_rules[m->kind] != NULL)
		message_rules[m->kind](s, &event->as.message.from, m);
}

static void
push_pull(struct step *s, const struct gossip_event *event)
{
	pull_on_request(s, event->as.push_pull.stream,
	    &event->as.push_pull.from, event->as.push_pull.state);
}

static void
stream_answer(struct step *s, const struct gossip_event *event)
{
	if (event->as.answer.state == NULL)
		(void)probe_on_stream(s, event->as.answer.stream, true);
	else
		pull_on_answer(
		    s, event->as.answer.stream, event->as.answer.state);
}

static void
stream_failed(struct step *s, const struct gossip_event *event)
{
	if (!probe_on_stream(s, event->as.failed.stream, false))
		pull_on_failed(
		    s, event->as.failed.stream, event->as.failed.why);
}

static void
join(struct step *s, const struct gossip_event *event)
{
	pull_join(s, event->as.join.id, &event->as.join.to);
}

static void
leave(struct step *s, const struct gossip_event *event)
{
	(void)event;
	serf_leave(s);
}

static void
force_leave(struct step *s, const struct gossip_event *event)
{
	struct slice name = event->as.force_leave.name;

	if (name.size > GOSSIP_NAME_BYTES_MAX)
		effects_done(s->fx, event->as.force_leave.id, false,
		    SLICE("node name is too long"));
	else
		serf_force_leave(s, event->as.force_leave.id, name,
		    event->as.force_leave.is_prune);
}

static void
set_meta(struct step *s, const struct gossip_event *event)
{
	assert(event->as.meta.size <= GOSSIP_META_BYTES_MAX);
	swim_set_meta(s, event->as.meta);
}

static void
user_event(struct step *s, const struct gossip_event *event)
{
	struct user_event fired = {
		.name = event->as.user_event.name,
		.payload = event->as.user_event.payload,
		.is_coalescing = event->as.user_event.is_coalescing,
	};

	serf_event_fire(s, event->as.user_event.id, &fired);
}

static void
query(struct step *s, const struct gossip_event *event)
{
	serf_query_fire(s, event);
}

static void
respond(struct step *s, const struct gossip_event *event)
{
	serf_respond(s, event->as.respond.asked, event->as.respond.payload);
}

static on_event *const event_rules[GOSSIP_EVENT_COUNT] = {
	[GOSSIP_START] = start,
	[GOSSIP_TICK] = tick,
	[GOSSIP_MESSAGE] = message,
	[GOSSIP_PUSH_PULL] = push_pull,
	[GOSSIP_STREAM_ANSWER] = stream_answer,
	[GOSSIP_STREAM_FAILED] = stream_failed,
	[GOSSIP_JOIN] = join,
	[GOSSIP_LEAVE] = leave,
	[GOSSIP_FORCE_LEAVE] = force_leave,
	[GOSSIP_SET_META] = set_meta,
	[GOSSIP_USER_EVENT] = user_event,
	[GOSSIP_QUERY] = query,
	[GOSSIP_RESPOND] = respond,
};

void
gossip_step(struct gossip *g, const struct gossip_event *event,
    struct gossip_effects *fx)
{
	struct step step = { .g = g, .fx = fx, .now = event->now };

	assert(event->kind < GOSSIP_EVENT_COUNT);
	assert(g->is_started || event->kind == GOSSIP_START);
	event_rules[event->kind](&step, event);
	serf_leave_tick(&step);
}

void
gossip_set_encrypted(struct gossip *g, bool is_encrypted)
{
	g->is_encrypted = is_encrypted;
}

/* --- Looking in. --- */

static int
by_name(const void *a, const void *b)
{
	const struct gossip_member *left = a, *right = b;

	return (slice_compare(left->name, right->name));
}

size_t
gossip_member_count(const struct gossip *g)
{
	return (g->serf_count);
}

void
gossip_members(const struct gossip *g, struct arena *arena,
    struct gossip_member **out, size_t *count)
{
	struct gossip_member *items =
	    arena_array(arena, g->serf_count + 1, sizeof(*items));
	size_t found = 0;

	for (const struct member *m = members_next(&g->members, NULL);
	     m != NULL; m = members_next(&g->members, m))
		if (m->status != MEMBER_NONE)
			serf_view(g, m, &items[found++]);
	assert(found == g->serf_count);
	qsort(items, found, sizeof(*items), by_name);
	*out = items;
	*count = found;
}

bool
gossip_member_find(
    const struct gossip *g, struct slice name, struct gossip_member *out)
{
	const struct member *member = members_find(&g->members, name);

	if (member == NULL || member->status == MEMBER_NONE)
		return (false);
	serf_view(g, member, out);
	return (true);
}

void
gossip_stats(const struct gossip *g, struct gossip_stats *out)
{
	*out = (struct gossip_stats){
		.clock = g->clock,
		.event_clock = g->event_clock,
		.query_clock = g->query_clock,
		.members = g->serf_count,
		.intent_queue = g->intent_queue.count,
		.event_queue = g->event_queue.count,
		.query_queue = g->query_queue.count,
		.member_queue = g->swim_queue.count,
		.health_score = g->health,
		.coord_resets = g->coord.resets,
		.dropped = g->dropped,
	};
	for (const struct member *m = members_next(&g->members, NULL);
	     m != NULL; m = members_next(&g->members, m)) {
		out->failed += m->status == MEMBER_FAILED;
		out->left += m->status == MEMBER_LEFT;
		out->alive += m->status == MEMBER_ALIVE;
	}
}

void
gossip_coord(const struct gossip *g, struct coord *out)
{
	*out = g->coord.coord;
}

bool
gossip_coord_of(const struct gossip *g, struct slice name, struct coord *out)
{
	const struct member *member = members_find(&g->members, name);

	if (member == NULL || member->peer == NULL ||
	    member->peer->rtt_count == 0)
		return (false);
	*out = member->peer->coord;
	return (true);
}
