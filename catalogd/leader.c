/*
 * Leadership gained and lost, and the members of the cluster in the catalog;
 * see leader.h.
 *
 * Source  api/semantics.md 6; Consul's leader.go
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "catalogd.h"
#include "check.h"
#include "log.h"
#include "node.h"
#include "service.h"
#include "session.h"
#include "xmalloc.h"

#define LOG_NAME	"agent.server"
#define RECONCILE_S	60.0
#define SERF_CHECK_NAME SLICE("Serf Health Status")
#define OUTPUT_ALIVE	SLICE("Agent alive and reachable")
#define OUTPUT_FAILED	SLICE("Agent not live or unreachable")
#define SERVICE_CONSUL	SLICE("consul")

enum member_status {
	MEMBER_ALIVE = 1,
	MEMBER_LEAVING = 2,
	MEMBER_LEFT = 3,
	MEMBER_FAILED = 4,
};

struct member {
	TAILQ_ENTRY(member) entry;
	struct arena arena; /* of what follows */
	struct serf_member serf;
};

/* --- Who there is. --- */

static struct slice
tag_of(const struct serf_member *m, const char *name)
{
	for (size_t i = 0; i < m->tags.count; i++)
		if (slice_is(m->tags.items[i].key, name))
			return (m->tags.items[i].value);
	return (SLICE(""));
}

static struct member *
member_find(struct leader *l, struct slice name)
{
	struct member *m;

	TAILQ_FOREACH(m, &l->members, entry)
	if (slice_equal_fold(m->serf.name, name))
		return (m);
	return (NULL);
}

struct slice
leader_member_name(struct catalogd *c, struct slice id)
{
	struct member *m;

	TAILQ_FOREACH(m, &c->leader.members, entry)
	if (slice_equal(tag_of(&m->serf, "id"), id))
		return (m->serf.name);
	return (SLICE(""));
}

static void
on_write(struct catalogd *c, struct slice arg, const struct buf *why)
{
	(void)c;
	if (why != NULL)
		log_error(LOG_NAME, "failed to reconcile member",
		    "member=%.*s error=\"%.*s\"", SLICE_ARGS(arg),
		    SLICE_ARGS(buf_slice(why)));
}

/* --- An alive member: its node, serfHealth and, of a server, `consul`. --- */

static struct pair
meta_pair(const char *key, struct slice value)
{
	return ((struct pair){ slice_of_text(key), value });
}

/* "1.8.7:f2b7..." without what stands behind the colon. */
static struct slice
version_of(struct slice build)
{
	size_t at = slice_find(build, ':', 0);

	return (at == SIZE_MAX ? build : slice_head(build, at));
}

static int64_t
port_of(const struct serf_member *m)
{
	struct slice text = tag_of(m, "port");
	int64_t port = 0;

	for (size_t i = 0; i < text.size && port < 65536; i++)
		port = port * 10 + (text.data[i] - '0');
	return (port);
}

static struct node_service *
server_service(struct arena *arena, const struct serf_member *m)
{
	struct node_service *s = arena_alloc(arena, sizeof(*s));
	struct pair *meta = arena_array(arena, 6, sizeof(*meta));
	struct weights *weights = arena_alloc(arena, sizeof(*weights));

	weights->passing = weights->warning = 1;
	meta[0] = meta_pair("non_voter", slice_is(tag_of(m, "nonvoter"), "1")
					     ? SLICE("true")
					     : SLICE("false"));
	meta[1] = meta_pair("raft_version", tag_of(m, "raft_vsn"));
	meta[2] = meta_pair("serf_protocol_current",
	    arena_printf(arena, "%ju", (uintmax_t)m->protocol_cur));
	meta[3] = meta_pair("serf_protocol_max",
	    arena_printf(arena, "%ju", (uintmax_t)m->protocol_max));
	meta[4] = meta_pair("serf_protocol_min",
	    arena_printf(arena, "%ju", (uintmax_t)m->protocol_min));
	meta[5] = meta_pair("version", version_of(tag_of(m, "build")));
	s->id = s->service = SERVICE_CONSUL;
	s->port = port_of(m);
	s->weights = weights;
	s->meta = (struct pair_list){ meta, 6 };
	return (s);
}

static bool
has_service(struct catalogd *c, const struct serf_member *m,
    const struct node_service *service)
{
	struct row *row;

	if (service == NULL)
		return (true);
	row = service_find(c->state, &c->scratch, m->name, service->id);
	return (
	    row != NULL && pairs_same(&service->meta, &SERVICE_OF(row)->meta));
}

static bool
has_status(struct catalogd *c, const struct serf_member *m, struct slice status)
{
	struct row *row =
	    check_find(c->state, &c->scratch, m->name, SERF_CHECK_ID);

	return (row != NULL && slice_equal(CHECK_OF(row)->status, status));
}

static struct health_check *
serf_check(struct arena *arena, const struct serf_member *m,
    struct slice status, struct slice output)
{
	struct health_check *check = arena_alloc(arena, sizeof(*check));

	check->node = m->name;
	check->check_id = SERF_CHECK_ID;
	check->name = SERF_CHECK_NAME;
	check->status = status;
	check->output = output;
	return (check);
}

static void
member_alive(struct catalogd *c, const struct serf_member *m)
{
	struct arena *arena = &c->scratch;
	struct row *row = node_find(c->state, arena, m->name);
	const struct node *node = row == NULL ? NULL : NODE_OF(row);
	struct register_request r = {
		.datacenter = slice_of_text(c->daemon->config->datacenter),
		.node = m->name,
		.id = tag_of(m, "id"),
		.address = m->addr,
	};

	if (slice_is(tag_of(m, "role"), "consul"))
		r.service = server_service(arena, m);
	if (node != NULL && slice_equal(node->address, m->addr) &&
	    has_service(c, m, r.service) && has_status(c, m, PASSING))
		return;
	log_info(LOG_NAME, "member joined, marking health alive", "member=%.*s",
	    SLICE_ARGS(m->name));
	if (node != NULL) {
		r.tagged_addresses = node->tagged_addresses;
		r.node_meta = node->meta;
	}
	r.check = serf_check(arena, m, PASSING, OUTPUT_ALIVE);
	propose(c, FSM_REGISTER, &register_request_type, &r, on_write, m->name);
}

/* --- A failed one: serfHealth becomes critical. --- */

static void
member_failed(struct catalogd *c, const struct serf_member *m)
{
	struct row *row = node_find(c->state, &c->scratch, m->name);
	struct register_request r = {
		.datacenter = slice_of_text(c->daemon->config->datacenter),
		.node = m->name,
		.id = tag_of(m, "id"),
		.address = m->addr,
		.skip_node_update = true, /* what is known of it stays */
	};

	if (row == NULL || (slice_equal(NODE_OF(row)->address, m->addr) &&
			       has_status(c, m, CRITICAL)))
		return;
	log_info(LOG_NAME, "member failed, marking health critical",
	    "member=%.*s", SLICE_ARGS(m->name));
	r.check = serf_check(&c->scratch, m, CRITICAL, OUTPUT_FAILED);
	propose(c, FSM_REGISTER, &register_request_type, &r, on_write, m->name);
}

/* --- One that has left: its node goes, with all that it has. --- */

static void
node_deregister(struct catalogd *c, struct slice name, const char *reason)
{
	struct deregister_request r = {
		.datacenter = slice_of_text(c->daemon->config->datacenter),
		.node = name,
	};

	/* A leader that leaves is deregistered by the next one. */
	if (slice_is(name, c->daemon->config->node_name) ||
	    node_find(c->state, &c->scratch, name) == NULL)
		return;
	log_info(LOG_NAME, "deregistering member", "member=%.*s reason=%s",
	    SLICE_ARGS(name), reason);
	propose(
	    c, FSM_DEREGISTER, &deregister_request_type, &r, on_write, name);
}

static void
member_reconcile(struct catalogd *c, const struct serf_member *m)
{
	arena_reset(&c->scratch);
	if (m->status == MEMBER_ALIVE)
		member_alive(c, m);
	else if (m->status == MEMBER_FAILED)
		member_failed(c, m);
	else if (m->status == MEMBER_LEFT)
		node_deregister(c, m->name, "left");
}

/* Nodes with a serfHealth that are no members any more. */
static void
reconcile_reaped(struct catalogd *c)
{
	struct row *row;

	arena_reset(&c->scratch);
	STATE_EACH(c->state, ORDER_NODES, SLICE(""), row)
	{
		struct slice name = NODE_OF(row)->node;

		if (member_find(&c->leader, name) == NULL &&
		    check_find(c->state, &c->scratch, name, SERF_CHECK_ID) !=
			NULL)
			node_deregister(c, name, "reaped");
	}
}

static void
reconcile(struct catalogd *c)
{
	struct member *m;

	/* Until gossipd has spoken nobody is known to be gone. */
	if (TAILQ_EMPTY(&c->leader.members))
		return;
	TAILQ_FOREACH(m, &c->leader.members, entry)
	member_reconcile(c, &m->serf);
	reconcile_reaped(c);
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
	struct member *m = member_find(&c->leader, serf->name);

	if (m == NULL) {
		m = xcalloc(1, sizeof(*m));
		arena_init(&m->arena);
		TAILQ_INSERT_TAIL(&c->leader.members, m, entry);
	}
	arena_reset(&m->arena);
	type_copy(&serf_member_type, serf, &m->arena, &m->serf);
	if (c->leader.is_leading)
		member_reconcile(c, &m->serf);
}

/* --- Gaining and losing it. --- */

static void
leader_gained(struct catalogd *c)
{
	c->leader.is_leading = true;
	log_info(LOG_NAME, "cluster leadership acquired", "");
	event_new_leader(c);
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

	TAILQ_INIT(&l->members);
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
