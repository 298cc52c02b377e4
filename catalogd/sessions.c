/*
 * Timers of sessions, on the leader: one that is not renewed within twice its
 * TTL is destroyed, by an entry in the log.
 *
 * Source  api/semantics.md 4; Consul's session_ttl.go
 */
#include <stdlib.h>
#include <string.h>

#include "catalogd.h"
#include "log.h"
#include "metrics.h"
#include "xmalloc.h"

#define LOG_NAME       "agent.server"
#define TTL_MULTIPLIER 2
#define ATTEMPTS_MAX   6
#define RETRY_S	       10.0 /* doubled with each attempt */

struct session_timer {
	struct link link; /* first: what the tree holds is this */
	struct catalogd *owner;
	ev_timer timer;
	unsigned attempt;
	uint8_t uuid[UUID_SIZE];
	char id[40];
};

static struct session_timer *
timer_find(struct catalogd *c, struct slice id)
{
	uint8_t uuid[UUID_SIZE];

	if (uuid_parse(id, uuid, NULL) != ERR_OK)
		return (NULL);
	return ((struct session_timer *)(void *)tree_find(
	    &c->leader.session_timers, slice(uuid, UUID_SIZE)));
}

static void
timers_count(struct catalogd *c, int more)
{
	c->leader.session_timer_count += more;
	metrics_add(METRIC_sessions_active, c->leader.session_timer_count);
}

static void
timer_free(struct session_timer *t)
{
	ev_timer_stop(t->owner->daemon->loop, &t->timer);
	tree_remove(&t->owner->leader.session_timers, &t->link);
	timers_count(t->owner, -1);
	free(t);
}

static void
timer_start(struct session_timer *t, double after_s)
{
	struct ev_loop *loop = t->owner->daemon->loop;

	ev_timer_stop(loop, &t->timer);
	ev_timer_set(&t->timer, after_s, 0);
	ev_timer_start(loop, &t->timer);
}

/* The entry was applied, and with it the timer is gone; or try again. */
static void
on_destroyed(struct catalogd *c, struct slice id, const struct buf *why)
{
	struct session_timer *t = timer_find(c, id);

	if (why == NULL) {
		log_debug(LOG_NAME, "Session TTL expired", "session=%.*s",
		    SLICE_ARGS(id));
		return;
	}
	log_error(LOG_NAME, "Invalidation failed", "error=\"%.*s\"",
	    SLICE_ARGS(buf_slice(why)));
	if (t == NULL)
		return;
	if (t->attempt >= ATTEMPTS_MAX) {
		log_error(LOG_NAME,
		    "maximum revoke attempts reached for session", "error=%.*s",
		    SLICE_ARGS(id));
		timer_free(t);
		return;
	}
	timer_start(t, RETRY_S * (1U << (t->attempt - 1)));
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct session_timer *t = w->data;
	struct catalogd *c = t->owner;
	struct session_request r = {
		.datacenter = slice_of_text(c->daemon->config->datacenter),
		.op = SLICE("destroy"),
		.session = { .id = slice_of_text(t->id) },
	};

	(void)loop;
	(void)events;
	t->attempt++;
	propose(c, FSM_SESSION, &session_request_type, &r, on_destroyed,
	    r.session.id);
}

static struct session_timer *
timer_new(struct catalogd *c, const struct session *session)
{
	struct session_timer *t = xcalloc(1, sizeof(*t));

	if (uuid_parse(session->id, t->uuid, NULL) != ERR_OK) {
		free(t);
		return (NULL);
	}
	t->owner = c;
	t->link.key = slice(t->uuid, UUID_SIZE);
	memcpy(t->id, session->id.data, session->id.size); /* 36 bytes */
	ev_timer_init(&t->timer, on_timer, 0, 0);
	t->timer.data = t;
	tree_put(&c->leader.session_timers, &t->link);
	timers_count(c, 1);
	return (t);
}

void
session_timer_reset(struct catalogd *c, const struct session *session)
{
	struct session_timer *t = timer_find(c, session->id);
	struct duration ttl;
	char why[128];

	if (session->ttl.size == 0 ||
	    duration_parse(session->ttl, &ttl, why, sizeof(why)) != ERR_OK ||
	    ttl.ns <= 0)
		return;
	if (t == NULL)
		t = timer_new(c, session);
	if (t == NULL)
		return;
	t->attempt = 0;
	timer_start(t, duration_seconds(ttl) * TTL_MULTIPLIER);
}

void
session_timer_clear(struct catalogd *c, const struct session *session)
{
	struct session_timer *t = timer_find(c, session->id);

	if (t != NULL)
		timer_free(t);
}

void
sessions_start(struct catalogd *c)
{
	struct row *row;

	timers_count(c, 0);
	STATE_EACH(c->state, ORDER_SESSIONS, SLICE(""), row)
	session_timer_reset(c, SESSION_OF(row));
}

void
sessions_stop(struct catalogd *c)
{
	struct link *link;

	while ((link = tree_from(&c->leader.session_timers, SLICE(""))) != NULL)
		timer_free((struct session_timer *)(void *)link);
}
