/* Notices to catalogd; see tell.h. */
#include "common/log.h"
#include "common/user_event.h"
#include "events.h"
#include "tell.h"
#include "view.h"

static const char *
agent_log(const struct pool *pool)
{
	return (
	    pool->daemon->config->is_server ? "agent.server" : "agent.client");
}

static struct edge *
catalogd_of(const struct pool *pool)
{
	return (pool->daemon->edges[DAEMON_catalogd]);
}

/* --- Members. --- */

static void
member_tell(struct pool *pool, const struct serf_member *member)
{
	enum err err;

	/* A catalogd that comes is told everything. */
	if (pool->is_wan || !edge_is_up(catalogd_of(pool)))
		return;
	err = edge_tell(catalogd_of(pool), METHOD_Serf_MemberChanged,
	    &serf_member_type, member);
	if (err != ERR_OK)
		log_warn(agent_log(pool), "Could not report a member",
		    "member=%.*s error=\"%s\"", SLICE_ARGS(member->name),
		    err_text(err));
}

void
tell_change(struct pool *pool, const struct member_change *c)
{
	struct arena arena = { 0 };
	struct serf_member member;

	view_member(&c->member, &arena, &member);
	if (c->kind == CHANGE_REAP)
		member.status = MEMBER_NONE;
	member_tell(pool, &member);
	arena_deinit(&arena);
}

void
tell_all(struct pool *pool)
{
	struct serf_members all;
	struct arena arena = { 0 };

	view_members(pool, &arena, &all);
	for (size_t i = 0; i < all.members.count; i++)
		member_tell(pool, &all.members.items[i]);
	arena_deinit(&arena);
}

/* --- User events. --- */

/* consul server_serf.go, localEvent: what is none of Consul's is nobody's. */
void
tell_event(struct pool *pool, const struct user_event *event)
{
	if (pool->is_wan)
		return;
	if (slice_is(event->name, USER_EVENT_LEADER))
		log_info(agent_log(pool), "New leader elected", "payload=%.*s",
		    SLICE_ARGS(event->payload));
	else if (slice_starts_with(
		     event->name, slice_of_text(USER_EVENT_PREFIX)))
		events_heard(pool->daemon, event);
	else if (slice_starts_with(event->name, SLICE("consul:")))
		log_warn(agent_log(pool), "Unhandled local event", "event=%.*s",
		    SLICE_ARGS(event->name));
}
