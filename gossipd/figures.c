/* See figures.h. */
#include "common/metrics.h"
#include "figures.h"

#define QUEUES_EVERY SECONDS(30) /* serf.go, checkQueueDepth */

void
figures_heard(struct figures *f, const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_ALIVE:
		metrics_add(METRIC_msg_alive, 1);
		break;
	case MESSAGE_SUSPECT:
		metrics_add(METRIC_msg_suspect, 1);
		break;
	case MESSAGE_DEAD:
		metrics_add(METRIC_msg_dead, 1);
		break;
	case MESSAGE_ACK:
		if (f->ping != 0 && m->as.ack.sequence == f->ping)
			metrics_add_since(METRIC_probe_node, f->pinged_at);
		f->ping = m->as.ack.sequence == f->ping ? 0 : f->ping;
		break;
	default:
		break;
	}
}

static void
change_count(enum member_change_kind kind)
{
	switch (kind) {
	case CHANGE_JOIN:
		metrics_add(METRIC_serf_join, 1);
		break;
	case CHANGE_LEAVE:
		metrics_add(METRIC_serf_left, 1);
		break;
	case CHANGE_FAILED:
		metrics_add(METRIC_serf_failed, 1);
		break;
	case CHANGE_UPDATE:
		metrics_add(METRIC_serf_update, 1);
		break;
	case CHANGE_REAP:
		break;
	}
}

/* Once by itself, and once by its name: "serf.events.deploy". */
static void
named_count(enum metric_id id, const char *what, struct slice name)
{
	struct buf text = { 0 };

	metrics_add(id, 1);
	buf_printf(&text, "serf.%s.%.*s", what, SLICE_ARGS(name));
	metric_add(metrics_passing(METRIC_COUNTER, buf_slice(&text)), 1);
	buf_deinit(&text);
}

void
figures_effects(struct figures *f, const struct gossip_effects *fx)
{
	for (size_t i = 0; i < fx->messages.count; i++) {
		if (fx->messages.items[i].kind != MESSAGE_PING)
			continue;
		f->ping = fx->messages.items[i].as.ping.sequence;
		f->pinged_at = instant_now();
	}
	for (size_t i = 0; i < fx->changes.count; i++) {
		const struct member_change *change = &fx->changes.items[i];

		change_count(change->kind);
		/* What a member says of itself it hears, too. */
		if (change->kind == CHANGE_JOIN && change->member.is_self)
			metrics_add(METRIC_msg_alive, 1);
	}
	for (size_t i = 0; i < fx->events.count; i++)
		named_count(
		    METRIC_serf_events, "events", fx->events.items[i].name);
	for (size_t i = 0; i < fx->asked.count; i++)
		named_count(
		    METRIC_serf_queries, "queries", fx->asked.items[i].name);
}

void
figures_gossip(struct instant begun)
{
	metrics_add_since(METRIC_gossip, begun);
}

void
figures_stats(struct figures *f, const struct gossip_stats *stats)
{
	struct instant now = instant_now();

	if (stats->health_score != f->health_score)
		metrics_add(METRIC_health_score, stats->health_score);
	f->health_score = stats->health_score;
	if (f->queues_at.ns != 0 &&
	    instant_since(now, f->queues_at).ns < QUEUES_EVERY.ns)
		return;
	f->queues_at = now;
	metrics_add(METRIC_queue_intent, (double)stats->intent_queue);
	metrics_add(METRIC_queue_event, (double)stats->event_queue);
	metrics_add(METRIC_queue_query, (double)stats->query_queue);
}
