/*
 * Session.Apply, Session.Renew.
 *
 * Source  api/http.md 4; Consul's session_endpoint.go
 */
#include <stdlib.h>

#include "catalogd.h"
#include "on_writes.h"
#include "session.h"

#define TTL_MAX SECONDS(24 * 3600)

struct slice
uuid_new(struct arena *arena)
{
	uint8_t b[UUID_SIZE];

	arc4random_buf(b, sizeof(b));
	return (arena_printf(arena,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]));
}

static struct duration
ttl_min_of(struct catalogd *c)
{
	struct duration min = c->daemon->config->keys.session_ttl_min;

	return (min.ns > 0 ? min : SECONDS(10));
}

static bool
ttl_is_valid(struct catalogd *c, struct call *call, struct slice text)
{
	struct duration ttl, min = ttl_min_of(c);
	struct buf shown = { 0 };
	char why[128];

	if (text.size == 0)
		return (true);
	if (duration_parse(text, &ttl, why, sizeof(why)) != ERR_OK) {
		call_fail(call, "Session TTL '%.*s' invalid: %s",
		    SLICE_ARGS(text), why);
		return (false);
	}
	if (ttl.ns == 0 || (ttl.ns >= min.ns && ttl.ns <= TTL_MAX.ns))
		return (true);
	duration_print(min, &shown);
	buf_put_text(&shown, "=");
	duration_print(TTL_MAX, &shown);
	call_fail(call, "Invalid Session TTL '%jd', must be between [%s]",
	    (intmax_t)ttl.ns, buf_text(&shown));
	buf_deinit(&shown);
	return (false);
}

static bool
is_valid(struct catalogd *c, struct call *call, struct session_request *r)
{
	struct session *s = &r->session;

	if (s->id.size == 0 && slice_is(r->op, "destroy")) {
		call_fail(call, "Must provide ID");
		return (false);
	}
	if (s->node.size == 0 && slice_is(r->op, "create")) {
		call_fail(call, "Must provide Node");
		return (false);
	}
	if (s->behavior.size == 0)
		s->behavior = SESSION_RELEASE;
	if (!slice_equal(s->behavior, SESSION_RELEASE) &&
	    !slice_equal(s->behavior, SESSION_DELETE)) {
		call_fail(call, "Invalid Behavior setting '%.*s'",
		    SLICE_ARGS(s->behavior));
		return (false);
	}
	return (ttl_is_valid(c, call, s->ttl));
}

void
on_session_apply(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	struct session_request r = *(const struct session_request *)request;

	if (!datacenter_is_ours(c, call, r.datacenter) ||
	    !is_valid(c, call, &r))
		return;
	call_measure(call, METRIC_session_apply);
	/* Not deterministic, and so made before the entry is written. */
	if (slice_is(r.op, "create"))
		r.session.id = uuid_new(&call->arena);
	propose_call(c, call, FSM_SESSION, &session_request_type, &r);
}

void
on_session_renew(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct session_specific_request *q = request;
	struct slice id = q->session_id.size > 0 ? q->session_id : q->session;
	struct indexed_sessions reply = { 0 };
	struct buf why = { 0 };
	struct session session;
	struct row *row;

	if (!datacenter_is_ours(c, call, q->datacenter))
		return;
	call_measure(call, METRIC_session_renew);
	if (session_find(c->state, id, &row, &why) != ERR_OK) {
		call_fail(call, "failed session lookup: %s", buf_text(&why));
		buf_deinit(&why);
		return;
	}
	reply.meta.index = c->applied;
	if (row != NULL) {
		session = *SESSION_OF(row);
		session_timer_reset(c, &session);
		reply.sessions.items = &session;
		reply.sessions.count = 1;
	}
	call_answer(call, &indexed_sessions_type, &reply);
}
