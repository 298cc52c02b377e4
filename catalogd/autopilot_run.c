/* Autopilot at work; see autopilot_run.h. */
#include <stdlib.h>

#include "autopilot_run.h"
#include "catalogd.h"
#include "coordinate.h"
#include "log.h"
#include "xmalloc.h"

#define LOG_NAME	"agent.server.autopilot"
#define HEALTH_S	2.0
#define FRESH		SECONDS(2)
#define STATS_DEADLINE	SECONDS(1) /* Consul: half the interval */
#define ASK_DEADLINE	SECONDS(10)
#define CHANGE_DEADLINE SECONDS(60)
#define BURY_EVERY	SECONDS(10)
#define YEAR_1_TO_1970	INT64_C(62135596800)

/* One question to all servers. */
struct autopilot_round {
	struct catalogd *owner;
	struct arena arena;
	struct autopilot_servers servers;
	struct autopilot_target target;
	size_t left; /* answers to come */
};

struct probe {
	struct autopilot_round *round;
	struct autopilot_server *server;
	bool is_self;
};

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

static struct autopilot_config
config_now(const struct catalogd *c)
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

static void
act(struct catalogd *c)
{
	struct autopilot_config config = config_now(c);
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

/* --- The end of a round. --- */

static void
waiting_answer(struct catalogd *c)
{
	struct autopilot *a = &c->autopilot;

	for (size_t i = 0; i < a->waiting_count; i++) {
		struct operator_health_reply reply;
		struct call *call = a->waiting[i];

		autopilot_reply(&a->servers, &call->arena, &reply);
		call_answer(call, &operator_health_reply_type, &reply);
	}
	a->waiting_count = 0;
}

static struct wire_time
wire_now(void)
{
	struct wall now = wall_now();

	return ((struct wire_time){
	    .seconds = now.seconds + YEAR_1_TO_1970,
	    .ns = now.ns,
	    .zone_minutes = -1,
	    .is_set = true,
	});
}

static void
round_free(struct autopilot_round *round)
{
	round->owner->autopilot.round = NULL;
	arena_deinit(&round->arena);
	free(round);
}

static void
round_end(struct autopilot_round *round)
{
	struct catalogd *c = round->owner;
	struct autopilot *a = &c->autopilot;
	struct autopilot_config config = config_now(c);

	for (size_t i = 0; i < round->servers.count; i++)
		round->servers.items[i].health.stable_since = wire_now();
	a->judged_at = instant_now();
	autopilot_judge(&round->servers, &a->servers, &config, &round->target,
	    a->judged_at);
	arena_deinit(&a->arena);
	a->arena = round->arena;
	a->servers = round->servers;
	round->arena = (struct arena){ 0 };
	round_free(round);
	waiting_answer(c);
	act(c);
}

/* raftd cannot even say who takes part. */
static void
round_fail(struct autopilot_round *round, struct slice why)
{
	struct autopilot *a = &round->owner->autopilot;

	for (size_t i = 0; i < a->waiting_count; i++)
		call_fail_text(a->waiting[i], why);
	a->waiting_count = 0;
	round_free(round);
}

/* --- Asking each. --- */

static void
stats_note(struct probe *probe, const struct server_stats *stats)
{
	struct server_health *h = &probe->server->health;
	char ignored[128];

	h->last_index = stats->last_index;
	h->last_term = stats->last_term;
	if (duration_parse(stats->last_contact, &h->last_contact, ignored,
		sizeof(ignored)) != ERR_OK)
		h->last_contact = NANOSECONDS(-1); /* "never" */
	if (probe->is_self)
		probe->round->target =
		    (struct autopilot_target){ stats->last_index,
			    stats->last_term };
}

static void
on_stats(void *arg, const struct answer *answer)
{
	struct probe *probe = arg;
	struct autopilot_round *round = probe->round;
	struct arena arena = { 0 };
	struct server_stats stats;

	if (answer->err == ERR_OK &&
	    type_decode_all(&server_stats_type, answer->body, &arena, &stats) ==
		ERR_OK)
		stats_note(probe, &stats);
	else
		log_debug(LOG_NAME, "error getting server health",
		    "server=%.*s error=\"%.*s\"",
		    SLICE_ARGS(probe->server->health.name),
		    SLICE_ARGS(answer->text));
	arena_deinit(&arena);
	if (--round->left == 0)
		round_end(round);
}

static void
ask_one(struct autopilot_round *round, struct autopilot_server *server)
{
	struct daemon *d = round->owner->daemon;
	struct probe *probe = arena_alloc(&round->arena, sizeof(*probe));
	const struct empty empty = {};
	struct peer_forward forward = {
		.address = server->health.address,
		.method = SLICE("Status.RaftStats"),
	};
	struct buf body = { 0 };

	*probe = (struct probe){ round, server,
		slice_is(server->health.id, d->config->node_id) };
	round->left++;
	if (probe->is_self) {
		edge_ask(d->edges[DAEMON_raftd], METHOD_Status_RaftStats,
		    &empty_type, &empty, STATS_DEADLINE, on_stats, probe);
		return;
	}
	type_encode(&empty_type, &empty, &body);
	forward.body = buf_slice(&body);
	edge_ask(d->edges[DAEMON_raftd], METHOD_Peer_Forward,
	    &peer_forward_type, &forward, STATS_DEADLINE, on_stats, probe);
	buf_deinit(&body);
}

/* --- Who there is: Raft's servers, and those that only the pool has. --- */

static struct slice
version_of(struct slice build)
{
	size_t at = slice_find(build, ':', 0);

	return (at == SIZE_MAX ? build : slice_head(build, at));
}

static void
member_note(struct autopilot_server *one, const struct serf_member *m,
    struct arena *arena)
{
	one->health.name = arena_copy(arena, m->name);
	one->health.serf_status = m->status;
	one->health.version =
	    arena_copy(arena, version_of(member_tag(m, "build")));
	one->is_kept_nonvoter = slice_is(member_tag(m, "nonvoter"), "1");
}

static struct autopilot_server *
with_id(struct autopilot_servers *all, struct slice id)
{
	for (size_t i = 0; i < all->count; i++)
		if (slice_equal(all->items[i].health.id, id))
			return (&all->items[i]);
	return (NULL);
}

static struct autopilot_server *
server_add(struct autopilot_servers *all, struct slice id)
{
	struct autopilot_server *one = &all->items[all->count++];

	one->health.id = id;
	one->health.last_contact = NANOSECONDS(-1);
	return (one);
}

static void
members_add(struct autopilot_round *round)
{
	struct catalogd *c = round->owner;
	struct autopilot_servers *all = &round->servers;
	struct member *m;

	TAILQ_FOREACH(m, &c->leader.members.list, entry)
	{
		struct slice id = member_tag(&m->serf, "id");
		struct autopilot_server *one = with_id(all, id);

		if (!member_is_server(&m->serf, c->daemon->config->datacenter))
			continue;
		/* A name that the node had before says nothing of it. */
		if (one != NULL && one->health.serf_status == MEMBER_ALIVE)
			continue;
		if (one == NULL && (m->serf.status != MEMBER_FAILED ||
				       all->count >= 2 * RAFT_SERVERS_MAX))
			continue;
		if (one == NULL)
			one = server_add(all, arena_copy(&round->arena, id));
		member_note(one, &m->serf, &round->arena);
	}
}

static void
raft_add(struct autopilot_round *round,
    const struct raft_configuration_response *now)
{
	struct arena *arena = &round->arena;

	round->servers.items = arena_array(
	    arena, 2 * RAFT_SERVERS_MAX, sizeof(*round->servers.items));
	for (size_t i = 0; i < now->servers.count; i++) {
		const struct raft_server *from = &now->servers.items[i];
		struct autopilot_server *one;

		if (i == RAFT_SERVERS_MAX)
			break;
		one = server_add(&round->servers, arena_copy(arena, from->id));
		one->is_in_raft = true;
		one->health.address = arena_copy(arena, from->address);
		one->health.voter = from->voter;
		one->health.leader = from->leader;
	}
}

/* Consul's leader speaks to its followers each 50 to 100 ms, ours only when it
 * has something to say. A heartbeat to all has just been answered by most, so
 * that who has had none for long has a reason. */
static void
on_verified(void *arg, const struct answer *answer)
{
	struct autopilot_round *round = arg;

	(void)answer;
	/* Answers come later, so that none of them is the last too early. */
	for (size_t i = 0; i < round->servers.count; i++)
		if (round->servers.items[i].is_in_raft)
			ask_one(round, &round->servers.items[i]);
	if (round->left == 0)
		round_end(round);
}

static void
on_configuration(void *arg, const struct answer *answer)
{
	struct autopilot_round *round = arg;
	struct raft_configuration_response now;
	const struct empty empty = {};
	struct arena arena = { 0 };

	if (answer->err != ERR_OK ||
	    type_decode_all(&raft_configuration_response_type, answer->body,
		&arena, &now) != ERR_OK) {
		arena_deinit(&arena);
		round_fail(round, answer->text);
		return;
	}
	raft_add(round, &now);
	arena_deinit(&arena);
	members_add(round);
	edge_ask(round->owner->daemon->edges[DAEMON_raftd], METHOD_Raft_Verify,
	    &empty_type, &empty, STATS_DEADLINE, on_verified, round);
}

static void
round_begin(struct catalogd *c)
{
	struct autopilot *a = &c->autopilot;
	const struct empty empty = {};

	if (a->round != NULL)
		return;
	a->round = xcalloc(1, sizeof(*a->round));
	a->round->owner = c;
	edge_ask(c->daemon->edges[DAEMON_raftd], METHOD_Raft_Configuration,
	    &empty_type, &empty, ASK_DEADLINE, on_configuration, a->round);
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
		round_begin(c);
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
	round_begin(c);
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
	autopilot_wake(c);
}

void
autopilot_stop(struct catalogd *c)
{
	ev_timer_stop(c->daemon->loop, &c->autopilot.timer);
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
		waiting_answer(c);
	else
		round_begin(c);
}
