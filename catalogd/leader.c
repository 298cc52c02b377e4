/*
 * Leadership gained and lost, and what the leader hears of members; see
 * leader.h.
 *
 * Source  api/semantics.md 6; Consul's leader.go
 */
#include <stdlib.h>

#include "catalogd.h"
#include "log.h"
#include "metrics.h"
#include "session.h"

#define LOG_NAME    "agent.server"
#define RECONCILE_S 60.0

/* --- Members. --- */

/* A node that was renamed is there twice for a while. */
struct slice
leader_member_name(struct catalogd *c, struct slice id)
{
	struct slice name = SLICE("");
	struct member *m;

	TAILQ_FOREACH(m, &c->leader.members.list, entry)
	if (slice_equal(member_tag(&m->serf, "id"), id) &&
	    (name.size == 0 || m->serf.status == MEMBER_ALIVE))
		name = m->serf.name;
	return (name);
}

static void
reconcile(struct catalogd *c)
{
	struct instant begun = instant_now();

	peers_check(c);
	reconcile_all(c);
	metrics_add_since(METRIC_leader_reconcile, begun);
}

static void
on_reconcile(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	reconcile(w->data);
}

void
leader_member(struct catalogd *c, const struct serf_member *serf)
{
	struct members *all = &c->leader.members;
	struct member *m = members_put(all, serf);
	const char *datacenter = c->daemon->config->datacenter;

	if (member_is_server(&m->serf, datacenter)) {
		peers_address(c, &m->serf);
		bootstrap_check(c);
		peers_check(c);
		autopilot_wake(c);
	}
	if (c->leader.is_leading)
		reconcile_member(c, &m->serf);
}

static void
on_members(void *arg, const struct answer *answer)
{
	struct catalogd *c = arg;
	struct members *all = &c->leader.members;

	if (answer->err != ERR_OK)
		return; /* it has died, and another one will be asked */
	all->is_complete = true;
	all->complete_since = instant_now();
}

/* A server alone may lead before its gossipd is up. */
static void
announce(struct catalogd *c)
{
	struct leader *l = &c->leader;

	if (!l->is_leading || l->is_announced ||
	    !edge_is_up(c->daemon->edges[DAEMON_gossipd]))
		return;
	l->is_announced = true;
	event_new_leader(c);
}

void
leader_gossipd_up(struct catalogd *c)
{
	const struct serf_members_request request = { 0 };

	announce(c);

	/* Its answer comes behind all that it tells us by itself. */
	members_begin(&c->leader.members);
	edge_ask(c->daemon->edges[DAEMON_gossipd], METHOD_Serf_Members,
	    &serf_members_request_type, &request, SECONDS(10), on_members, c);
}

/* --- Gaining and losing it. --- */

static void
leader_gained(struct catalogd *c)
{
	c->leader.is_leading = true;
	metrics_add_since(METRIC_leader_barrier, c->raft.leads_since);
	log_info(LOG_NAME, "cluster leadership acquired", "");
	c->leader.is_announced = false;
	announce(c);
	autopilot_start(c);
	sessions_start(c);
	tombstones_start(c);
	ev_timer_again(c->daemon->loop, &c->leader.reconcile);
	reconcile(c);
}

static void
leader_lost(struct catalogd *c)
{
	c->leader.is_leading = false;
	log_info(LOG_NAME, "cluster leadership lost", "");
	ev_timer_stop(c->daemon->loop, &c->leader.reconcile);
	autopilot_stop(c);
	sessions_stop(c);
	tombstones_stop(c);
	lock_delays_clear(c);
}

void
leader_update(struct catalogd *c)
{
	bool is_leading = catalogd_can_write(c);

	if (is_leading && !c->leader.is_leading)
		leader_gained(c);
	else if (!is_leading && c->leader.is_leading)
		leader_lost(c);
}

void
leader_init(struct catalogd *c)
{
	struct leader *l = &c->leader;

	members_init(&l->members);
	tree_init(&l->session_timers);
	tree_init(&l->lock_delays);
	ev_timer_init(&l->reconcile, on_reconcile, RECONCILE_S, RECONCILE_S);
	l->reconcile.data = c;
}

/* --- What entries mean to a leader. --- */

/* A key that this session held, and does not hold any more. */
static bool
has_lost(const struct change *change, const struct session *session)
{
	const struct dir_entry *old, *new;

	if (change->old == NULL || change->old->table != TABLE_KV)
		return (false);
	old = KV_OF(change->old);
	new = change->new == NULL ? NULL : KV_OF(change->new);
	return (slice_equal_fold(old->session, session->id) &&
		(new == NULL || !slice_equal(new->session, old->session)));
}

/* Consul's deleteSessionTxn: what it held is not to be locked for a while. */
static void
session_ended(struct catalogd *c, const struct session *session)
{
	const struct state *s = c->state;

	session_timer_clear(c, session);
	if (session->lock_delay.ns <= 0)
		return;
	for (size_t i = 0; i < s->change_count; i++)
		if (has_lost(&s->changes[i], session))
			lock_delay_set(c, KV_OF(s->changes[i].old)->key,
			    session->lock_delay);
}

void
leader_changes(struct catalogd *c)
{
	const struct state *s = c->state;

	if (!c->leader.is_leading)
		return;
	for (size_t i = 0; i < s->change_count; i++) {
		const struct row *old = s->changes[i].old;
		const struct row *new = s->changes[i].new;

		if (new != NULL &&new->table == TABLE_SESSIONS)
			session_timer_reset(c, SESSION_OF(new));
		else if (new != NULL &&new->table == TABLE_TOMBSTONES)
			tombstones_hint(c, TOMBSTONE_OF(new)->index);
		else if (new == NULL && old->table == TABLE_SESSIONS)
			session_ended(c, SESSION_OF(old));
	}
}

void
leader_restored(struct catalogd *c)
{
	if (!c->leader.is_leading)
		return;
	sessions_stop(c);
	sessions_start(c);
	tombstones_hint(c, c->applied);
}
