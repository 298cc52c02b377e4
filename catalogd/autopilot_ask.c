/* One round of autopilot: all servers are asked how they are, and judged. */
#include <stdlib.h>

#include "autopilot_run.h"
#include "catalogd.h"
#include "log.h"
#include "metrics.h"
#include "xmalloc.h"

#define LOG_NAME       "agent.server.autopilot"
#define STATS_DEADLINE SECONDS(1) /* Consul: half the interval */
#define ASK_DEADLINE   SECONDS(10)
#define YEAR_1_TO_1970 INT64_C(62135596800)

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

/* --- The end of a round. --- */

void
autopilot_answer_waiting(struct catalogd *c)
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
health_measure(const struct autopilot *a)
{
	struct operator_health_reply health;
	struct arena arena = { 0 };

	autopilot_reply(&a->servers, &arena, &health);
	metrics_add(METRIC_autopilot_healthy, health.healthy);
	metrics_add(
	    METRIC_autopilot_tolerance, (double)health.failure_tolerance);
	arena_deinit(&arena);
}

static void
round_end(struct autopilot_round *round)
{
	struct catalogd *c = round->owner;
	struct autopilot *a = &c->autopilot;
	struct autopilot_config config = autopilot_config_now(c);

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
	health_measure(a);
	autopilot_answer_waiting(c);
	autopilot_act(c);
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

	*probe = (struct probe){ round, server,
		slice_is(server->health.id, d->config->node_id) };
	round->left++;
	if (probe->is_self) {
		edge_ask(d->edges[DAEMON_raftd], METHOD_Status_RaftStats,
		    &empty_type, &empty, STATS_DEADLINE, on_stats, probe);
		return;
	}
	peer_ask(round->owner, server->health.address, METHOD_Status_RaftStats,
	    &empty, STATS_DEADLINE, on_stats, probe);
}

/* --- Who there is: Raft's servers, and those that only the pool has. --- */

static void
member_note(struct autopilot_server *one, const struct serf_member *m,
    struct arena *arena)
{
	one->health.name = arena_copy(arena, m->name);
	one->health.serf_status = m->status;
	one->health.version = arena_copy(arena, member_version(m));
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

void
autopilot_ask(struct catalogd *c)
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
