/*
 * The members of the pool in the catalog: a node for each, with serfHealth, and
 * of a server the service `consul`.
 *
 * Source  api/semantics.md 6; Consul's leader.go, handleAliveMember and so on
 */
#include "catalogd.h"
#include "check.h"
#include "log.h"
#include "metrics.h"
#include "node.h"
#include "service.h"

#define LOG_NAME	"agent.server"
#define SERF_CHECK_NAME SLICE("Serf Health Status")
#define OUTPUT_ALIVE	SLICE("Agent alive and reachable")
#define OUTPUT_FAILED	SLICE("Agent not live or unreachable")
#define SERVICE_CONSUL	SLICE("consul")

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

static struct node_service *
server_service(struct arena *arena, const struct serf_member *m)
{
	struct node_service *s = arena_alloc(arena, sizeof(*s));
	struct pair *meta = arena_array(arena, 6, sizeof(*meta));
	struct weights *weights = arena_alloc(arena, sizeof(*weights));

	weights->passing = weights->warning = 1;
	meta[0] = meta_pair("non_voter",
	    slice_is(member_tag(m, "nonvoter"), "1") ? SLICE("true")
						     : SLICE("false"));
	meta[1] = meta_pair("raft_version", member_tag(m, "raft_vsn"));
	meta[2] = meta_pair("serf_protocol_current",
	    arena_printf(arena, "%ju", (uintmax_t)m->protocol_cur));
	meta[3] = meta_pair("serf_protocol_max",
	    arena_printf(arena, "%ju", (uintmax_t)m->protocol_max));
	meta[4] = meta_pair("serf_protocol_min",
	    arena_printf(arena, "%ju", (uintmax_t)m->protocol_min));
	meta[5] = meta_pair("version", member_version(m));
	s->id = s->service = SERVICE_CONSUL;
	s->port = member_port(m);
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
		.id = member_tag(m, "id"),
		.address = m->addr,
	};

	if (slice_is(member_tag(m, "role"), "consul"))
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
		.id = member_tag(m, "id"),
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

void
reconcile_member(struct catalogd *c, const struct serf_member *m)
{
	struct instant begun = instant_now();

	arena_reset(&c->scratch);
	if (m->status == MEMBER_ALIVE)
		member_alive(c, m);
	else if (m->status == MEMBER_FAILED)
		member_failed(c, m);
	else if (m->status == MEMBER_LEFT)
		node_deregister(c, m->name, "left");
	metrics_add_since(METRIC_leader_member, begun);
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

		if (members_find(&c->leader.members, name) == NULL &&
		    check_find(c->state, &c->scratch, name, SERF_CHECK_ID) !=
			NULL)
			node_deregister(c, name, "reaped");
	}
}

void
reconcile_all(struct catalogd *c)
{
	struct member *m;

	TAILQ_FOREACH(m, &c->leader.members.list, entry)
	reconcile_member(c, &m->serf);
	if (members_settled(&c->leader.members))
		reconcile_reaped(c);
}
