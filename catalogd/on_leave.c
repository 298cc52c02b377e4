/*
 * A server leaves. A leader lets another one lead before it leaves the pool, or
 * takes itself out of Raft where that fails. A follower leaves the pool, and
 * waits until the leader has taken it out: to be gone before that could cost
 * the others their quorum.
 *
 * Source  wire/raft.md 5; Consul's server.go, Leave
 */
#include "catalogd.h"
#include "log.h"

#define LOG_NAME      "agent.server"
#define HAND_OVER_FOR SECONDS(2)
#define WAIT_FOR      SECONDS(5) /* Consul's raftRemoveGracePeriod */
#define LOOK_S	      0.05
#define ASK_DEADLINE  SECONDS(5)

struct leaving {
	struct catalogd *owner;
	struct call *call;
	struct instant until;
	ev_timer timer;
};

static void
leave_done(struct leaving *leaving)
{
	const struct empty empty = {};

	call_answer(leaving->call, &empty_type, &empty);
}

typedef void timer_fn(struct ev_loop *, ev_timer *, int);

static struct leaving *
leaving_new(struct catalogd *c, struct call *call, struct duration patience,
    timer_fn *look)
{
	struct leaving *leaving = arena_alloc(&call->arena, sizeof(*leaving));

	leaving->owner = c;
	leaving->call = call;
	leaving->until = instant_add(instant_now(), patience);
	ev_timer_init(&leaving->timer, look, LOOK_S, 0);
	leaving->timer.data = leaving;
	return (leaving);
}

static void
leaving_again(struct leaving *leaving)
{
	ev_timer_set(&leaving->timer, LOOK_S, 0);
	ev_timer_start(leaving->owner->daemon->loop, &leaving->timer);
}

/* --- Before: the leader. --- */

static void
on_removed(void *arg, const struct answer *answer)
{
	if (answer->err != ERR_OK)
		log_error(LOG_NAME, "failed to remove ourself as raft peer",
		    "error=\"%.*s\"", SLICE_ARGS(answer->text));
	leave_done(arg);
}

static void
remove_self(struct leaving *leaving)
{
	struct daemon *d = leaving->owner->daemon;
	const struct raft_change_request self = {
		.id = slice_of_text(d->config->node_id),
	};

	leaving->owner->has_left_raft = true;
	edge_ask(d->edges[DAEMON_raftd], METHOD_Raft_RemoveServer,
	    &raft_change_request_type, &self, ASK_DEADLINE, on_removed,
	    leaving);
}

/* Does somebody else lead now? */
static void
on_handed(struct ev_loop *loop, ev_timer *w, int events)
{
	struct leaving *leaving = w->data;
	const struct raft_state *raft = &leaving->owner->raft.state;

	(void)loop;
	(void)events;
	if (!slice_is(raft->role, "Leader") && raft->leader_address.size > 0) {
		leave_done(leaving);
	} else if (instant_before(instant_now(), leaving->until)) {
		leaving_again(leaving);
	} else if (leaving->owner->leader.is_leading) {
		remove_self(leaving);
	} else {
		leave_done(leaving);
	}
}

static void
on_transfer(void *arg, const struct answer *answer)
{
	(void)answer;
	leaving_again(arg);
}

/* Consul's leader goes without a word, and the others wait out their timers.
 * Ours hands the lead over, and is a follower from then on. */
static void
leave_raft(struct catalogd *c, struct call *call)
{
	struct leaving *leaving =
	    leaving_new(c, call, HAND_OVER_FOR, on_handed);
	const struct empty empty = {};

	c->has_left_raft = false;
	if (!c->leader.is_leading || c->raft.state.peers.count < 2)
		leave_done(leaving);
	else
		edge_ask(c->daemon->edges[DAEMON_raftd], METHOD_Raft_Transfer,
		    &empty_type, &empty, ASK_DEADLINE, on_transfer, leaving);
}

/* --- Behind: the follower. --- */

static void look(struct leaving *);

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	look(w->data);
}

static bool
is_still_in(const struct catalogd *c, const struct answer *answer)
{
	struct slice self = slice_of_text(c->daemon->config->node_id);
	struct raft_configuration_response now;
	struct arena arena = { 0 };
	bool is_in = false;

	if (answer->err == ERR_OK &&
	    type_decode_all(&raft_configuration_response_type, answer->body,
		&arena, &now) == ERR_OK)
		for (size_t i = 0; i < now.servers.count; i++)
			is_in =
			    is_in || slice_equal(now.servers.items[i].id, self);
	arena_deinit(&arena);
	return (is_in);
}

static void
on_configuration(void *arg, const struct answer *answer)
{
	struct leaving *leaving = arg;

	if (!is_still_in(leaving->owner, answer)) {
		leave_done(leaving);
	} else if (instant_before(instant_now(), leaving->until)) {
		leaving_again(leaving);
	} else {
		log_warn(LOG_NAME,
		    "failed to leave raft configuration gracefully, timeout",
		    "");
		leave_done(leaving);
	}
}

static void
look(struct leaving *leaving)
{
	const struct empty empty = {};

	edge_ask(leaving->owner->daemon->edges[DAEMON_raftd],
	    METHOD_Raft_Configuration, &empty_type, &empty, ASK_DEADLINE,
	    on_configuration, leaving);
}

/* Who is alone has nobody who would take it out. */
static void
wait_for_raft(struct catalogd *c, struct call *call)
{
	struct leaving *leaving = leaving_new(c, call, WAIT_FOR, on_timer);

	if (c->has_left_raft || c->raft.state.peers.count < 2)
		leave_done(leaving);
	else
		look(leaving);
}

void
on_leave(struct daemon *d, struct call *call, const void *request)
{
	const struct raft_leave *q = request;

	if (q->has_left_pool)
		wait_for_raft(catalogd_of(d), call);
	else
		leave_raft(catalogd_of(d), call);
}
