/* Joining at the start; see retry.h. */
#include <stdlib.h>

#include "address.h"
#include "common/log.h"
#include "join.h"
#include "retry.h"

#define KNOCKS_MAX    5
#define KNOCK_FIRST_S 0.25 /* and twice as long after each */

static const char *
cluster(const struct retry *r)
{
	return (r->pool->is_wan ? "WAN" : "LAN");
}

static void
addresses_log(
    const struct retry *r, const char *what, const struct slice_list *addresses)
{
	struct buf list = { 0 };

	for (size_t i = 0; i < addresses->count; i++)
		buf_printf(&list, "%s%.*s", i > 0 ? ", " : "",
		    SLICE_ARGS(addresses->items[i]));
	log_info("agent", what, "%s_addresses=[%s]",
	    r->pool->is_wan ? "wan" : "lan", buf_text(&list));
	buf_deinit(&list);
}

/* --- retry_join. --- */

static void
timer_set(struct retry *r, double after_s)
{
	ev_timer_set(&r->timer, after_s, 0);
	ev_timer_start(r->pool->daemon->loop, &r->timer);
}

static void
give_up(struct retry *r)
{
	log_error("agent", "Retry join failed",
	    "error=\"agent: max join %s retry exhausted, exiting\"",
	    cluster(r));
	daemon_stop(r->pool->daemon, EXIT_GIVE_UP);
}

static void
on_failure(struct retry *r, struct slice why)
{
	double interval_s = duration_seconds(r->interval);
	double knock_s = KNOCK_FIRST_S * (1U << r->knocks);
	struct buf interval = { 0 };

	if (!r->has_joined && r->knocks < KNOCKS_MAX && knock_s < interval_s) {
		r->knocks++;
		timer_set(r, knock_s);
		return;
	}
	if (!r->has_joined)
		r->attempts++;
	if (r->attempts_max > 0 && r->attempts > r->attempts_max) {
		give_up(r);
		return;
	}
	duration_print(r->interval, &interval);
	log_warn("agent", "Join cluster failed, will retry",
	    "cluster=%s retry_interval=%s error=\"%.*s\"", cluster(r),
	    buf_text(&interval), SLICE_ARGS(why));
	buf_deinit(&interval);
	timer_set(r, interval_s);
}

static void
on_retried(void *arg, size_t joined, struct slice why)
{
	struct retry *r = arg;

	if (joined == 0) {
		on_failure(r, why);
		return;
	}
	if (!r->has_joined)
		log_info("agent",
		    "Join cluster completed. Synced with initial agents",
		    "cluster=%s num_agents=%zu", cluster(r), joined);
	r->has_joined = true;
	timer_set(r, duration_seconds(r->interval));
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct retry *r = w->data;

	(void)loop;
	(void)events;
	if (r->has_joined && pool_knows_server(r->pool)) {
		timer_set(r, duration_seconds(r->interval));
		return;
	}
	if (!r->has_joined && r->knocks == 0)
		addresses_log(r,
		    r->pool->is_wan ? "(WAN) joining" : "(LAN) joining",
		    &r->addresses);
	join_start(
	    r->pool, r->addresses.items, r->addresses.count, on_retried, r);
}

/* --- start_join. --- */

static void
on_started(void *arg, size_t joined, struct slice why)
{
	struct retry *r = arg;

	if (joined > 0) {
		log_info("agent",
		    r->pool->is_wan ? "(WAN) joined" : "(LAN) joined",
		    "number_of_nodes=%zu", joined);
		return;
	}
	log_error("agent",
	    r->pool->is_wan ? "(WAN) couldn't join" : "(LAN) couldn't join",
	    "number_of_nodes=0 error=\"%.*s\"", SLICE_ARGS(why));
	daemon_stop(r->pool->daemon, EXIT_GIVE_UP);
}

/* --- The last run's members. --- */

static void past_next(struct retry *);

static void
on_rejoined(void *arg, bool is_ok, struct slice why)
{
	struct retry *r = arg;
	const struct snapshot_node *node =
	    &r->pool->past.nodes[r->next_past - 1];

	(void)why;
	if (!is_ok) {
		past_next(r);
		return;
	}
	log_info(r->pool->serf_log, "serf: Re-joined to previously known node",
	    "node=%.*s", SLICE_ARGS(node->name));
	arena_deinit(&r->pool->past_arena);
	r->pool->past = (struct snapshot_past){ 0 };
}

static void
past_next(struct retry *r)
{
	struct gossip_event event = { .kind = GOSSIP_JOIN };
	struct snapshot_past *past = &r->pool->past;
	char text[ENDPOINT_TEXT_MAX];

	while (r->next_past < past->count) {
		const struct snapshot_node *node = &past->nodes[r->next_past++];

		if (slice_is(node->name, r->pool->name))
			continue;
		log_info(r->pool->serf_log,
		    "serf: Attempting re-join to previously known node",
		    "node=%.*s address=%s", SLICE_ARGS(node->name),
		    endpoint_print(&node->address, text));
		event.as.join.to = node->address;
		pool_command(r->pool, &event,
		    &(struct pool_command){ .done = on_rejoined, .arg = r });
		return;
	}
	if (past->count > 1)
		log_warn(r->pool->serf_log,
		    "serf: Failed to re-join any previously known node", "");
	arena_deinit(&r->pool->past_arena);
	*past = (struct snapshot_past){ 0 };
}

static void
past_shuffle(struct snapshot_past *past)
{
	for (size_t i = past->count; i > 1; i--) {
		size_t other = (size_t)random() % i;
		struct snapshot_node node = past->nodes[i - 1];

		past->nodes[i - 1] = past->nodes[other];
		past->nodes[other] = node;
	}
}

/* --- Start. --- */

/* "provider=aws ..." asks a cloud who there is, which we do not. */
static void
providers_drop(struct retry *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->addresses.count; i++) {
		struct slice text = r->addresses.items[i];

		if (slice_starts_with(text, SLICE("provider=")))
			log_error("agent", "Cannot discover address",
			    "cluster=%s address=\"%.*s\" error=\"discover: "
			    "not supported by proconsul yet\"",
			    cluster(r), SLICE_ARGS(text));
		else
			r->addresses.items[kept++] = text;
	}
	r->addresses.count = kept;
}

void
retry_start(struct retry *r, struct pool *pool)
{
	const struct config_keys *keys = &pool->daemon->config->keys;

	r->pool = pool;
	r->addresses = pool->is_wan ? keys->retry_join_wan : keys->retry_join;
	r->at_start = pool->is_wan ? keys->start_join_wan : keys->start_join;
	r->interval =
	    pool->is_wan ? keys->retry_interval_wan : keys->retry_interval;
	providers_drop(r);
	r->attempts_max = pool->is_wan ? keys->retry_max_wan : keys->retry_max;
	ev_timer_init(&r->timer, on_timer, 0, 0);
	r->timer.data = r;
	past_shuffle(&pool->past);
	past_next(r);
	if (r->at_start.count > 0) {
		addresses_log(r,
		    pool->is_wan ? "(WAN) joining" : "(LAN) joining",
		    &r->at_start);
		join_start(
		    pool, r->at_start.items, r->at_start.count, on_started, r);
	}
	if (r->addresses.count > 0) {
		log_info(
		    "agent", "Joining cluster...", "cluster=%s", cluster(r));
		timer_set(r, 0);
	}
}
