/*
 * gossipd: membership. It tells catalogd who is in the cluster, answers for
 * /v1/agent/members, and leaves when asked.
 *
 * The pool is this agent alone as yet (pool.h).
 */
#include <signal.h>

#include "daemon.h"
#include "log.h"
#include "pool.h"

/* How long the answer to a leave has to get out before we are gone. */
#define LEAVE_FLUSH_S 0.1

struct gossipd {
	ev_signal leave; /* SIGUSR1: the launcher's word for a graceful leave */
	ev_timer gone;
};

static void
on_gone(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	daemon_stop(w->data, EXIT_HAS_LEFT);
}

static void
leave(struct daemon *d)
{
	struct gossipd *g = d->state;

	if (ev_is_active(&g->gone))
		return;
	log_info(d->config->is_server ? "agent.server" : "agent.client",
	    d->config->is_server ? "server starting leave"
				 : "client starting leave",
	    "");
	ev_timer_init(&g->gone, on_gone, LEAVE_FLUSH_S, 0);
	g->gone.data = d;
	ev_timer_start(d->loop, &g->gone);
}

static void
on_leave_signal(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)loop;
	(void)events;
	leave(w->data);
}

static void
on_members(struct daemon *d, struct call *call, const void *request)
{
	const struct serf_members_request *q = request;
	struct serf_members members;

	pool_members(d->config, q->is_wan, &call->arena, &members);
	call_answer(call, &serf_members_type, &members);
}

static void
on_stats(struct daemon *d, struct call *call, const void *request)
{
	struct stats stats;

	(void)request;
	pool_stats(d->config, &call->arena, &stats);
	call_answer(call, &stats_type, &stats);
}

static void
on_leave(struct daemon *d, struct call *call, const void *request)
{
	struct empty empty;

	(void)request;
	leave(d);
	call_answer(call, &empty_type, &empty);
}

/* catalogd is there: it learns everyone, as if they had just joined. */
static void
on_peer(struct daemon *d, struct edge *edge, bool is_up)
{
	struct serf_members members;
	struct arena arena;

	if (!is_up)
		return;
	arena_init(&arena);
	pool_members(d->config, false, &arena, &members);
	for (size_t i = 0; i < members.members.count; i++)
		if (edge_tell(edge, METHOD_Serf_MemberChanged,
			&serf_member_type, &members.members.items[i]) != ERR_OK)
			log_warn("agent", "Could not report a member",
			    "member=%.*s",
			    SLICE_ARGS(members.members.items[i].name));
	arena_deinit(&arena);
}

static void
signals_open(struct daemon *d)
{
	struct gossipd *g = d->state;

	ev_signal_init(&g->leave, on_leave_signal, SIGUSR1);
	g->leave.data = d;
	ev_signal_start(d->loop, &g->leave);
}

static void
join_log(const struct config *c, bool is_wan, const char *name)
{
	struct serf_members members;
	struct arena arena;

	arena_init(&arena);
	pool_members(c, is_wan, &arena, &members);
	for (size_t i = 0; i < members.members.count; i++) {
		const struct serf_member *member = &members.members.items[i];

		log_info(name,
		    arena_text(&arena,
			arena_printf(&arena, "serf: EventMemberJoin: %.*s %.*s",
			    SLICE_ARGS(member->name),
			    SLICE_ARGS(member->addr))),
		    "");
	}
	arena_deinit(&arena);
}

static void
start(struct daemon *d)
{
	join_log(d->config, true, "agent.server.serf.wan");
	join_log(d->config, false,
	    d->config->is_server ? "agent.server.serf.lan"
				 : "agent.client.serf.lan");
}

static call_fn *const handlers[METHOD_COUNT] = {
	[METHOD_Serf_Members] = on_members,
	[METHOD_Serf_Stats] = on_stats,
	[METHOD_Serf_Leave] = on_leave,
};

int
main(int argc, char **argv)
{
	static const struct daemon_spec spec = {
		.id = DAEMON_gossipd,
		.state_size = sizeof(struct gossipd),
		.open = signals_open,
		.start = start,
		.on_peer = on_peer,
		.handlers = handlers,
	};

	return (daemon_main(&spec, argc, argv));
}
