/* Leaving; see leave.h. */
#include "common/log.h"
#include "gossipd.h"

/* How long answers have to get out before we are gone. */
#define FLUSH_S 0.1
/* Longer than catalogd may take. */
#define RAFT_DEADLINE SECONDS(8)

static void
on_flushed(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	daemon_stop(w->data, EXIT_HAS_LEFT);
}

/* Raft lets us go, on a server; whatever it says, we go. */
static void
raft_leave(struct daemon *d, bool has_left_pool, answer_fn *done)
{
	const struct raft_leave request = { .has_left_pool = has_left_pool };

	edge_ask(d->edges[DAEMON_catalogd], METHOD_Raft_Leave, &raft_leave_type,
	    &request, RAFT_DEADLINE, done, d);
}

static void
gone(struct daemon *d)
{
	struct gossipd *g = d->state;
	struct empty empty;

	for (size_t i = 0; i < g->leave.call_count; i++)
		call_answer(g->leave.calls[i], &empty_type, &empty);
	g->leave.call_count = 0;
	ev_timer_init(&g->leave.gone, on_flushed, FLUSH_S, 0);
	g->leave.gone.data = d;
	ev_timer_start(d->loop, &g->leave.gone);
}

static void
on_out_of_raft(void *arg, const struct answer *answer)
{
	(void)answer;
	gone(arg);
}

static void
on_drained(struct ev_loop *loop, ev_timer *w, int events)
{
	struct daemon *d = w->data;

	(void)loop;
	(void)events;
	if (d->config->is_server)
		raft_leave(d, true, on_out_of_raft);
	else
		gone(d);
}

/* Others may not know yet that a server has left, and come with requests. */
static void
drain(struct daemon *d)
{
	struct gossipd *g = d->state;
	struct duration time = d->config->keys.performance.leave_drain_time;
	bool is_asked = d->config->is_server && g->leave.has_others;

	ev_timer_init(&g->leave.gone, on_drained,
	    is_asked ? duration_seconds(time) : 0, 0);
	g->leave.gone.data = d;
	ev_timer_start(d->loop, &g->leave.gone);
}

static bool
has_others(const struct pool *pool)
{
	struct gossip_stats stats;

	if (pool == NULL)
		return (false);
	gossip_stats(pool->core, &stats);
	return (stats.alive > 1);
}

static void
pool_leave(struct pool *pool)
{
	struct gossip_event event = { .kind = GOSSIP_LEAVE };

	snapshot_leave(pool->snapshot);
	pool_step(pool, &event);
}

static void
pools_leave(struct daemon *d)
{
	struct gossipd *g = d->state;

	pool_leave(g->wan != NULL ? g->wan : g->lan);
}

static void
on_raft_ready(void *arg, const struct answer *answer)
{
	(void)answer;
	pools_leave(arg);
}

void
leave_begin(struct daemon *d, struct call *call)
{
	struct gossipd *g = d->state;

	if (call != NULL && g->leave.call_count == LEAVE_CALLS_MAX)
		call_fail(call, "leaving already");
	else if (call != NULL)
		g->leave.calls[g->leave.call_count++] = call;
	if (g->leave.is_begun)
		return;
	g->leave.is_begun = true;
	g->leave.has_others = has_others(g->lan) || has_others(g->wan);
	log_info(d->config->is_server ? "agent.server" : "agent.client",
	    d->config->is_server ? "server starting leave"
				 : "client starting leave",
	    "");
	if (d->config->is_server)
		raft_leave(d, false, on_raft_ready);
	else
		pools_leave(d);
}

void
leave_pool_left(struct pool *pool)
{
	struct gossipd *g = pool->daemon->state;

	if (pool->is_wan)
		pool_leave(g->lan);
	else
		drain(pool->daemon);
}
