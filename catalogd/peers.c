/*
 * Raft's servers follow the pool's: where gossip has seen each, and on the
 * leader who is taken in and who is let go, one change after the other.
 *
 * Source  wire/raft.md 5; Consul's leader.go, joinConsulServer and
 *         removeConsulServer
 */
#include <stdlib.h>

#include "catalogd.h"
#include "log.h"
#include "quorum.h"
#include "xmalloc.h"

#define LOG_NAME	"agent.server"
#define ASK_DEADLINE	SECONDS(10)
#define CHANGE_DEADLINE SECONDS(60)

/* --- Where they are. --- */

void
peers_address(struct catalogd *c, const struct serf_member *m)
{
	struct edge *raftd = c->daemon->edges[DAEMON_raftd];
	bool is_gone = m->status == MEMBER_LEFT || m->status == MEMBER_NONE;
	struct raft_address notice = { .id = member_tag(m, "id") };

	if (!edge_is_up(raftd) || notice.id.size == 0 ||
	    notice.id.size > RAFT_NAME_BYTES_MAX)
		return; /* a raftd that comes is told of all */
	arena_reset(&c->scratch);
	if (!is_gone)
		notice.address = member_address(m, &c->scratch);
	if (edge_tell(raftd, METHOD_Raft_Address, &raft_address_type,
		&notice) != ERR_OK)
		log_warn(LOG_NAME, "cannot tell where a server is",
		    "member=%.*s", SLICE_ARGS(m->name));
}

void
peers_addresses(struct catalogd *c)
{
	struct member *m;

	TAILQ_FOREACH(m, &c->leader.members.list, entry)
	if (member_is_server(&m->serf, c->daemon->config->datacenter))
		peers_address(c, &m->serf);
}

/* --- Who takes part. --- */

/* All that one change needs, from the question to its end. */
struct work {
	struct catalogd *owner;
	struct arena arena;
	enum quorum_action action;
	struct slice id;
	struct slice address;
	const char *reason;
};

static void look(struct catalogd *);

static void
work_free(struct work *work)
{
	arena_deinit(&work->arena);
	free(work);
}

/* Nothing left to do, or it cannot be done now. */
static void
rest(struct catalogd *c)
{
	struct peers *peers = &c->leader.peers;
	bool is_due = peers->is_due;

	peers->is_busy = peers->is_due = false;
	if (is_due)
		peers_check(c);
}

static void
on_changed(void *arg, const struct answer *answer)
{
	struct work *work = arg;
	struct catalogd *c = work->owner;
	bool is_done = answer->err == ERR_OK;

	if (!is_done)
		log_error(LOG_NAME,
		    work->action == QUORUM_REMOVE ? "failed to remove raft peer"
						  : "failed to add raft peer",
		    "id=%.*s error=\"%.*s\"", SLICE_ARGS(work->id),
		    SLICE_ARGS(answer->text));
	else if (work->action == QUORUM_REMOVE)
		log_info(
		    LOG_NAME, work->reason, "id=%.*s", SLICE_ARGS(work->id));
	if (is_done && work->action != QUORUM_REMOVE)
		autopilot_joined(c);
	work_free(work);
	if (is_done)
		look(c);
	else
		rest(c);
}

static void
change(struct catalogd *c, const struct quorum_step *step)
{
	static const enum method methods[] = {
		[QUORUM_ADD_NONVOTER] = METHOD_Raft_AddNonvoter,
		[QUORUM_ADD_VOTER] = METHOD_Raft_AddVoter,
		[QUORUM_REMOVE] = METHOD_Raft_RemoveServer,
	};
	struct work *work = xcalloc(1, sizeof(*work));
	struct raft_change_request request;

	work->owner = c;
	work->action = step->action;
	work->id = arena_copy(&work->arena, step->id);
	work->address = arena_copy(&work->arena, step->address);
	work->reason = step->reason;
	request = (struct raft_change_request){ work->id, work->address };
	edge_ask(c->daemon->edges[DAEMON_raftd], methods[step->action],
	    &raft_change_request_type, &request, CHANGE_DEADLINE, on_changed,
	    work);
}

static void
rival_log(const struct quorum_members *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct quorum_member *one = &all->items[i];
		const struct quorum_member *other = quorum_rival(all, one);

		if (other != NULL)
			log_error(LOG_NAME,
			    "Two nodes are in bootstrap mode. Only one node "
			    "should be in bootstrap mode, not adding Raft "
			    "peer.",
			    "node_to_add=%.*s other=%.*s",
			    SLICE_ARGS(one->name), SLICE_ARGS(other->name));
	}
}

/* The servers among the members; in the scratch arena. */
static struct quorum_members
servers_of(struct catalogd *c)
{
	struct arena *arena = &c->scratch;
	struct quorum_member *items =
	    arena_array(arena, RAFT_SERVERS_MAX, sizeof(*items));
	struct quorum_members all = { .items = items };
	struct member *m;

	TAILQ_FOREACH(m, &c->leader.members.list, entry)
	{
		const struct serf_member *serf = &m->serf;

		if (all.count == RAFT_SERVERS_MAX ||
		    member_tag(serf, "id").size > RAFT_NAME_BYTES_MAX ||
		    !member_is_server(serf, c->daemon->config->datacenter))
			continue;
		items[all.count++] = (struct quorum_member){
			.name = serf->name,
			.id = member_tag(serf, "id"),
			.address = member_address(serf, arena),
			.is_alive = serf->status == MEMBER_ALIVE,
			.has_left = serf->status == MEMBER_LEFT ||
				    serf->status == MEMBER_NONE,
			.is_bootstrap =
			    slice_is(member_tag(serf, "bootstrap"), "1"),
		};
	}
	return (all);
}

static void
on_configuration(void *arg, const struct answer *answer)
{
	struct catalogd *c = arg;
	struct raft_configuration_response now;
	struct quorum_members all;
	struct quorum_step step = { 0 };

	arena_reset(&c->scratch);
	if (!c->leader.is_leading || answer->err != ERR_OK ||
	    type_decode_all(&raft_configuration_response_type, answer->body,
		&c->scratch, &now) != ERR_OK) {
		rest(c);
		return;
	}
	all = servers_of(c);
	step =
	    quorum_next(&now, &all, slice_of_text(c->daemon->config->node_id));
	if (step.action != QUORUM_NOTHING) {
		change(c, &step);
		return;
	}
	rival_log(&all);
	rest(c);
}

static void
look(struct catalogd *c)
{
	const struct empty empty = {};

	edge_ask(c->daemon->edges[DAEMON_raftd], METHOD_Raft_Configuration,
	    &empty_type, &empty, ASK_DEADLINE, on_configuration, c);
}

void
peers_check(struct catalogd *c)
{
	struct peers *peers = &c->leader.peers;

	if (!c->leader.is_leading)
		return;
	if (peers->is_busy) {
		peers->is_due = true;
		return;
	}
	peers->is_busy = true;
	look(c);
}
