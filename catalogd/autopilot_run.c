/* Autopilot at work; see autopilot_run.h. */
#include "autopilot_run.h"
#include "catalogd.h"
#include "coordinate.h"
#include "log.h"
#include "metrics.h"

#define LOG_NAME	"agent.server.autopilot"
#define HEALTH_S	2.0
#define FRESH		SECONDS(2)
#define ASK_DEADLINE	SECONDS(10)
#define CHANGE_DEADLINE SECONDS(60)
#define BURY_EVERY	SECONDS(10)

/* --- The configuration. --- */

static struct autopilot_config
config_given(const struct catalogd *c)
{
	const struct autopilot_keys *keys = &c->daemon->config->keys.autopilot;
	struct autopilot_config config = autopilot_default();

	config.cleanup_dead_servers = keys->cleanup_dead_servers;
	config.last_contact_threshold = keys->last_contact_threshold;
	config.max_trailing_logs = (uint64_t)keys->max_trailing_logs;
	config.min_quorum = keys->min_quorum;
	config.server_stabilization_time = keys->server_stabilization_time;
	config.redundancy_zone_tag = keys->redundancy_zone_tag;
	config.disable_upgrade_migration = keys->disable_upgrade_migration;
	config.upgrade_version_tag = keys->upgrade_version_tag;
	return (config);
}

struct autopilot_config
autopilot_config_now(const struct catalogd *c)
{
	const struct autopilot_config *config = autopilot_config_of(c->state);

	return (config != NULL ? *config : config_given(c));
}

static void
config_write(struct catalogd *c)
{
	struct autopilot_set_config_request request = {
		.config = config_given(c),
		.datacenter = slice_of_text(c->daemon->config->datacenter),
	};

	if (autopilot_config_of(c->state) == NULL)
		propose(c, FSM_AUTOPILOT, &autopilot_set_config_request_type,
		    &request, NULL, SLICE(""));
}

/* --- What is to be done. --- */

static void
on_done(void *arg, const struct answer *answer)
{
	(void)arg;
	if (answer->err != ERR_OK)
		log_error(LOG_NAME, "Error changing the servers",
		    "error=\"%.*s\"", SLICE_ARGS(answer->text));
}

static void
raft_change(
    struct catalogd *c, enum method method, const struct autopilot_server *one)
{
	const struct raft_change_request request = { one->health.id,
		one->health.address };

	edge_ask(c->daemon->edges[DAEMON_raftd], method,
	    &raft_change_request_type, &request, CHANGE_DEADLINE, on_done, c);
}

static void
force_leave(struct catalogd *c, const struct autopilot_server *one)
{
	const struct serf_force_leave_request request = {
		.node = one->health.name,
	};

	log_info(LOG_NAME, "Attempting removal of failed server node",
	    "name=%.*s", SLICE_ARGS(one->health.name));
	edge_ask(c->daemon->edges[DAEMON_gossipd], METHOD_Serf_ForceLeave,
	    &serf_force_leave_request_type, &request, ASK_DEADLINE, on_done, c);
}

static void
promote(struct catalogd *c, const struct autopilot_config *config)
{
	const struct autopilot_servers *all = &c->autopilot.servers;

	for (size_t i = 0; i < all->count; i++) {
		const struct autopilot_server *one = &all->items[i];

		if (!autopilot_promotes(one, config, instant_now()))
			continue;
		log_info(LOG_NAME, "Promoting server to voter",
		    "id=%.*s address=%.*s name=%.*s",
		    SLICE_ARGS(one->health.id), SLICE_ARGS(one->health.address),
		    SLICE_ARGS(one->health.name));
		raft_change(c, METHOD_Raft_AddVoter, one);
	}
}

static void
bury(struct catalogd *c, const struct autopilot_config *config)
{
	const struct autopilot_servers *all = &c->autopilot.servers;
	struct arena arena = { 0 };
	enum autopilot_end *ends =
	    arena_array(&arena, all->count + 1, sizeof(*ends));

	autopilot_bury(all, config, ends);
	for (size_t i = 0; i < all->count; i++) {
		const struct autopilot_server *one = &all->items[i];

		if (ends[i] == AUTOPILOT_FORCE_LEAVE)
			force_leave(c, one);
		if (ends[i] != AUTOPILOT_REMOVE)
			continue;
		log_info(LOG_NAME, "Attempting removal of stale server",
		    "id=%.*s address=%.*s", SLICE_ARGS(one->health.id),
		    SLICE_ARGS(one->health.address));
		raft_change(c, METHOD_Raft_RemoveServer, one);
	}
	arena_deinit(&arena);
}

void
autopilot_act(struct catalogd *c)
{
	struct autopilot_config config = autopilot_config_now(c);
	struct instant now = instant_now();

	if (!c->leader.is_leading)
		return;
	/* Consul looks for both each ten seconds; who is stable has no reason
	 * to wait. */
	promote(c, &config);
	/* Nobody is dead only because gossip has not told of him yet. */
	if (instant_before(now, c->autopilot.bury_at) ||
	    !members_settled(&c->leader.members))
		return;
	c->autopilot.bury_at = instant_add(now, BURY_EVERY);
	bury(c, &config);
}

/* --- When. --- */

static bool
has_others(struct catalogd *c)
{
	struct member *m;
	size_t count = 0;

	TAILQ_FOREACH(m, &c->leader.members.list, entry)
	count += m->serf.status != MEMBER_LEFT &&
		 m->serf.status != MEMBER_NONE &&
		 member_is_server(&m->serf, c->daemon->config->datacenter);
	return (count > 1 || c->raft.state.peers.count > 1);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct catalogd *c = w->data;

	(void)events;
	if (has_others(c))
		autopilot_ask(c);
	else
		ev_timer_stop(loop, w);
}

void
autopilot_wake(struct catalogd *c)
{
	if (c->leader.is_leading && has_others(c) &&
	    !ev_is_active(&c->autopilot.timer))
		ev_timer_again(c->daemon->loop, &c->autopilot.timer);
}

void
autopilot_joined(struct catalogd *c)
{
	autopilot_wake(c);
	c->autopilot.bury_at = (struct instant){ 0 };
	autopilot_ask(c);
}

void
autopilot_start(struct catalogd *c)
{
	struct autopilot *a = &c->autopilot;

	config_write(c);
	/* Nobody has been watched by us before. */
	arena_deinit(&a->arena);
	a->servers = (struct autopilot_servers){ 0 };
	a->judged_at = (struct instant){ 0 };
	a->bury_at = instant_add(instant_now(), BURY_EVERY);
	/* Until others come nobody has to be asked. */
	metrics_add(METRIC_autopilot_healthy, 1);
	metrics_add(METRIC_autopilot_tolerance, 0);
	autopilot_wake(c);
}

void
autopilot_stop(struct catalogd *c)
{
	ev_timer_stop(c->daemon->loop, &c->autopilot.timer);
	metrics_end(METRIC_autopilot_healthy);
	metrics_end(METRIC_autopilot_tolerance);
}

void
autopilot_init(struct catalogd *c)
{
	ev_timer_init(&c->autopilot.timer, on_timer, HEALTH_S, HEALTH_S);
	c->autopilot.timer.data = c;
}

void
autopilot_answer(struct catalogd *c, struct call *call)
{
	struct autopilot *a = &c->autopilot;
	struct duration age = instant_since(instant_now(), a->judged_at);

	if (a->waiting_count == AUTOPILOT_WAITING_MAX) {
		call_fail(call, "RPC rate limit exceeded");
		return;
	}
	a->waiting[a->waiting_count++] = call;
	if (a->judged_at.ns != 0 && age.ns <= FRESH.ns + FRESH.ns / 2)
		autopilot_answer_waiting(c);
	else
		autopilot_ask(c);
}
