/* Time passes and runs end: what becomes of checks then; see local.h. */
#include <assert.h>

#include "local.h"
#include "log.h"

#define LOG_NAME "agent"

/* Until it ends, the timer of the next run is that of its latest end. */
static void
run_start(struct local *l, struct local_check *c, struct instant now)
{
	struct duration latest = check_timeout(&c->type);

	assert(c->run == 0);
	c->run = ++l->runs;
	latest.ns += RUN_GRACE.ns;
	agenda_set(&l->agenda, &c->timer, instant_add(now, latest));
	local_effect(l, EFFECT_RUN, c->row.id, c->run);
}

static void
ttl_expire(struct local *l, struct local_check *c, struct instant now)
{
	struct buf text = { 0 };

	log_warn(LOG_NAME, "Check missed TTL, is now critical", "check=%.*s",
	    SLICE_ARGS(c->row.id));
	check_expired_text(buf_slice(&c->last_note), &text);
	local_set_status(l, c, CHECK_CRITICAL, buf_slice(&text), now);
	buf_deinit(&text);
}

/* Only the clock decides; the check may have been critical all along. */
static bool
is_to_reap(const struct local_check *c, struct instant now)
{
	return (!c->mark.is_deleted && c->deregister_after.ns > 0 &&
		c->check.service_id.size > 0 &&
		c->critical_since.ns != INSTANT_NEVER.ns &&
		instant_before(
		    instant_add(c->critical_since, c->deregister_after), now));
}

static void
reap(struct local *l, struct instant now)
{
	bool has_more = false;

	for (size_t i = l->checks.count; i-- > 0;) {
		struct local_check *c = (struct local_check *)l->checks.rows[i];

		has_more |= !c->mark.is_deleted && c->deregister_after.ns > 0;
		if (!is_to_reap(c, now))
			continue;
		log_info(LOG_NAME,
		    "Check for service has been critical for too long; "
		    "deregistered service",
		    "service=%.*s check=%.*s", SLICE_ARGS(c->check.service_id),
		    SLICE_ARGS(c->row.id));
		local_deregister_service(l, c->check.service_id);
	}
	if (has_more)
		agenda_set(&l->agenda, &l->reap_timer,
		    instant_add(now, CHECK_REAP_INTERVAL));
}

static void
check_due(struct local *l, struct local_check *c, struct instant now)
{
	if (c->kind == CHECK_TTL)
		ttl_expire(l, c, now);
	else if (c->run != 0)
		local_effect(l, EFFECT_HANGS, c->row.id, c->run);
	else
		run_start(l, c, now);
}

bool
local_due(struct local *l, struct instant now)
{
	struct agenda_entry *e;
	bool is_sync_due = false;

	while ((e = agenda_next(&l->agenda, now)) != NULL) {
		switch (e->kind) {
		case AGENDA_RUN:
			check_due(l, e->owner, now);
			break;
		case AGENDA_OUTPUT:
			local_changed(
			    l, &((struct local_check *)e->owner)->mark);
			break;
		case AGENDA_REAP:
			reap(l, now);
			break;
		case AGENDA_SYNC:
			is_sync_due = true;
			break;
		}
	}
	return (is_sync_due);
}

/* What the log says of how it went, before what comes of it. */
static void
run_log(const struct local_check *c, enum run_end end, struct slice output)
{
	struct buf timeout = { 0 };

	switch (end) {
	case RUN_NOT_STARTED:
		log_error(LOG_NAME, "Check failed to invoke",
		    "check=%.*s error=\"%.*s\"", SLICE_ARGS(c->row.id),
		    SLICE_ARGS(output));
		break;
	case RUN_NOT_CONNECTED:
		log_warn(LOG_NAME, "Check socket connection failed",
		    "check=%.*s error=\"%.*s\"", SLICE_ARGS(c->row.id),
		    SLICE_ARGS(output));
		break;
	case RUN_TIMED_OUT:
		duration_print(check_timeout(&c->type), &timeout);
		log_warn(LOG_NAME, "Timed out running check",
		    "check=%.*s timeout=%s", SLICE_ARGS(c->row.id),
		    buf_text(&timeout));
		break;
	case RUN_DONE:
	case RUN_GONE:
	case RUN_OUTPUT:
		break;
	}
	buf_deinit(&timeout);
}

static void
count_log(const struct local_check *c, enum check_status status, bool counts)
{
	bool is_good = status != CHECK_CRITICAL;

	if (counts && is_good)
		log_debug(LOG_NAME, "Check status updated",
		    "check=%.*s status=%s", SLICE_ARGS(c->row.id),
		    check_status_text(status));
	else if (counts)
		log_warn(LOG_NAME, "Check is now critical", "check=%.*s",
		    SLICE_ARGS(c->row.id));
	else
		log_warn(LOG_NAME,
		    is_good ? "Check passed but has not reached success "
			      "threshold"
			    : "Check failed but has not reached failure "
			      "threshold",
		    is_good ? "check=%.*s status=%s success_count=%lld "
			      "success_threshold=%lld"
			    : "check=%.*s status=%s failure_count=%lld "
			      "failure_threshold=%lld",
		    SLICE_ARGS(c->row.id), check_status_text(status),
		    (long long)(is_good ? c->counts.successes
					: c->counts.failures),
		    (long long)(is_good ? c->counts.success_threshold
					: c->counts.failure_threshold));
}

void
local_run_ended(struct local *l, struct slice check_id, uint64_t run,
    enum run_end end, enum check_status status, struct slice output,
    struct instant now)
{
	struct local_check *c = local_check_find(l, check_id);

	if (c == NULL || c->run != run || run == 0)
		return;
	if (end != RUN_GONE) {
		bool counts = check_counts_add(&c->counts, status);

		c->is_unproven = false;
		run_log(c, end, output);
		count_log(c, status, counts);
		if (counts)
			local_set_status(l, c, status, output, now);
	}
	/* A script that timed out is still to be reaped: until then it must
	 * not run twice. */
	if (end == RUN_TIMED_OUT) {
		agenda_clear(&l->agenda, &c->timer);
		return;
	}
	c->run = 0;
	c->was_lost = false;
	agenda_set(
	    &l->agenda, &c->timer, instant_add(now, check_interval(&c->type)));
}

void
local_run_lost(struct local *l, struct local_check *c, struct slice output,
    struct instant now)
{
	assert(c->run != 0);
	if (c->was_lost) {
		local_run_ended(l, c->row.id, c->run, RUN_DONE, CHECK_CRITICAL,
		    output, now);
		return;
	}
	c->run = 0;
	c->was_lost = true;
	agenda_set(&l->agenda, &c->timer, now);
}
