/* Registering checks, their status, and maintenance mode; see local.h. */
#include <assert.h>
#include <string.h>

#include "alias.h"
#include "local.h"
#include "log.h"
#include "xmalloc.h"

#define LOG_NAME "agent"

/* An alias may stand for an alias: this many rounds, then let it be, or two
 * that stand for each other would never end. */
#define SETTLE_ROUNDS_MAX 4

enum err
local_check_allowed(const struct local *l, const struct check_type *t,
    enum source source, struct buf *why)
{
	enum check_kind kind = check_kind_of(t);

	if (kind != CHECK_SCRIPT && kind != CHECK_DOCKER)
		return (ERR_OK);
	if (source == SOURCE_API && !l->config.has_remote_scripts) {
		buf_put_text(why,
		    "Scripts are disabled on this agent from remote calls; to "
		    "enable, configure 'enable_script_checks' to true");
		return (ERR_REFUSED);
	}
	if (source == SOURCE_FILE && !l->config.has_local_scripts) {
		buf_put_text(why,
		    "Scripts are disabled on this agent; to enable, configure "
		    "'enable_script_checks' or 'enable_local_script_checks' to "
		    "true");
		return (ERR_REFUSED);
	}
	return (ERR_OK);
}

/* Show `output` as the check's own, without counting it as a change. */
static void
output_set(struct local_check *c, struct slice output)
{
	struct buf copy = { 0 };

	buf_put_slice(&copy, output); /* it may be the old one */
	buf_deinit(&c->output);
	c->output = copy;
	c->check.output = buf_slice(&c->output);
}

static void
status_set(struct local_check *c, enum check_status status)
{
	c->status = status;
	c->check.status = slice_of_text(check_status_text(status));
}

/* Nil stays nil: the API shows the difference. */
static void
tags_copy(
    const struct slice_list *from, struct arena *arena, struct slice_list *to)
{
	*to = (struct slice_list){ 0 };
	if (from->items == NULL)
		return;
	to->items = arena_array(arena, from->count, sizeof(struct slice));
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++)
		to->items[i] = arena_copy(arena, from->items[i]);
}

/* The catalog's fields that follow from the agent and the service. */
static void
check_fill(struct local *l, struct local_check *c, const struct slice *token)
{
	const struct local_service *s =
	    local_service_find(l, c->check.service_id);

	c->check.node = arena_copy(&c->arena, l->config.node);
	c->check.type = slice_of_text(check_kind_text(c->kind));
	if (s != NULL) {
		c->check.service_name =
		    arena_copy(&c->arena, s->service.service);
		tags_copy(&s->service.tags, &c->arena, &c->check.service_tags);
	}
	c->token = arena_copy(
	    &c->arena, token->size == 0 && s != NULL ? s->token : *token);
}

static struct local_check *
check_new(struct local *l, const struct check_registration *r)
{
	struct local_check *c = xcalloc(1, sizeof(*c));
	enum check_status status = CHECK_CRITICAL;

	arena_init(&c->arena);
	type_copy(&health_check_type, &r->check, &c->arena, &c->check);
	if (r->type != NULL) {
		type_copy(&check_type_type, r->type, &c->arena, &c->type);
		c->type.service_id = (struct slice){ 0 }; /* API's alone */
		c->kind = check_kind_of(&c->type);
		c->deregister_after = check_deregister_after(&c->type);
	} else
		c->kind = CHECK_MAINTENANCE;
	c->row.id = c->check.check_id;
	c->source = r->source;
	c->critical_since = INSTANT_NEVER;
	c->timer = (struct agenda_entry){ .kind = AGENDA_RUN, .owner = c };
	c->output_timer =
	    (struct agenda_entry){ .kind = AGENDA_OUTPUT, .owner = c };
	check_counts_init(&c->counts, &c->type);
	(void)check_status_parse(r->check.status, &status);
	status_set(c, status);
	output_set(c, r->check.output);
	check_fill(l, c, &r->token);
	if (r->is_typeless)
		c->check.type = SLICE("");
	local_changed(l, &c->mark);
	return (c);
}

static void
intervals_warn(const struct local_check *c)
{
	if (check_is_probe(c->kind) &&
	    c->type.interval.ns < CHECK_INTERVAL_MIN.ns)
		log_warn(LOG_NAME, "check has interval below minimum",
		    "check=%.*s minimum_interval=1s", SLICE_ARGS(c->row.id));
	if (c->type.deregister_critical_service_after.ns > 0 &&
	    c->type.deregister_critical_service_after.ns <
		CHECK_DEREGISTER_MIN.ns)
		log_warn(LOG_NAME,
		    "check has deregister interval below minimum",
		    "check=%.*s minimum_interval=1m0s", SLICE_ARGS(c->row.id));
}

/* First run after a random part of the interval (api/config.md 5). */
static void
check_schedule(struct local *l, struct local_check *c, struct instant now)
{
	if (c->kind == CHECK_TTL)
		agenda_set(
		    &l->agenda, &c->timer, instant_add(now, c->type.ttl));
	else if (check_is_probe(c->kind))
		agenda_set(&l->agenda, &c->timer,
		    instant_add(
			now, local_random(l, check_interval(&c->type))));
	if (c->deregister_after.ns > 0 && !agenda_has(&l->reap_timer))
		agenda_set(&l->agenda, &l->reap_timer,
		    instant_add(now, CHECK_REAP_INTERVAL));
}

/* Same work to do, so that it may go on as it is. */
static bool
is_same_work(const struct local_check *a, const struct local_check *b)
{
	return (a->kind == b->kind &&
		type_equal(&check_type_type, &a->type, &b->type));
}

static void
timer_move(struct local *l, struct agenda_entry *from, struct agenda_entry *to)
{
	struct instant due = from->due;

	if (!agenda_has(from))
		return;
	agenda_clear(&l->agenda, from);
	agenda_set(&l->agenda, to, due);
}

/* Timer, counters and the run under way go over to the new row. */
static void
schedule_move(struct local *l, struct local_check *from, struct local_check *to)
{
	timer_move(l, &from->timer, &to->timer);
	timer_move(l, &from->output_timer, &to->output_timer);
	to->counts = from->counts;
	to->critical_since = from->critical_since;
	to->last_note = from->last_note;
	from->last_note = (struct buf){ 0 };
	to->run = from->run;
	from->run = 0;
}

/* A check that was there keeps status and output (agent.go, AddCheck). */
void
local_put_check(
    struct local *l, const struct check_registration *r, struct instant now)
{
	struct local_check *old =
	    (struct local_check *)table_find(&l->checks, r->check.check_id);
	struct local_check *c = check_new(l, r);
	bool keeps = false;

	if (old != NULL && !old->mark.is_deleted) {
		status_set(c, old->status);
		output_set(c, buf_slice(&old->output));
		c->critical_since = old->critical_since;
		c->is_unproven = old->is_unproven;
		keeps = r->keeps_schedule && is_same_work(old, c);
		if (keeps)
			schedule_move(l, old, c);
	}
	if (old != NULL && old->source != SOURCE_FILE &&
	    r->source == SOURCE_FILE)
		local_effect(l, EFFECT_DROP_CHECK, old->row.id, 0);
	if (old != NULL)
		local_check_forget(l, old);
	table_insert(&l->checks, &c->row);
	if (!keeps) {
		intervals_warn(c);
		check_schedule(l, c, now);
	}
	if (c->source != SOURCE_FILE && !r->is_saved)
		local_effect(l, EFFECT_SAVE_CHECK, c->row.id, 0);
	l->has_stale_aliases = true;
}

enum err
local_register_check(struct local *l, const struct check_registration *r,
    struct instant now, struct buf *why)
{
	if (r->check.check_id.size == 0) {
		buf_put_text(why, "CheckID missing");
		return (ERR_REFUSED);
	}
	if (r->type != NULL &&
	    local_check_allowed(l, r->type, r->source, why) != ERR_OK)
		return (ERR_REFUSED);
	if (r->check.service_id.size > 0 &&
	    local_service_find(l, r->check.service_id) == NULL) {
		buf_printf(why, "ServiceID \"%.*s\" does not exist",
		    SLICE_ARGS(r->check.service_id));
		return (ERR_REFUSED);
	}
	local_put_check(l, r, now);
	return (ERR_OK);
}

void
local_deregister_check(struct local *l, struct slice id)
{
	struct local_check *c = local_check_find(l, id);

	log_debug(LOG_NAME, "removed check", "check=%.*s", SLICE_ARGS(id));
	if (c == NULL)
		return;
	agenda_clear(&l->agenda, &c->timer);
	agenda_clear(&l->agenda, &c->output_timer);
	if (c->run != 0)
		local_effect(l, EFFECT_CANCEL, c->row.id, c->run);
	c->run = 0;
	if (c->source != SOURCE_FILE)
		local_effect(l, EFFECT_DROP_CHECK, c->row.id, 0);
	if (c->kind == CHECK_TTL)
		local_effect(l, EFFECT_DROP_STATE, c->row.id, 0);
	c->mark.is_deleted = true;
	local_changed(l, &c->mark);
	l->has_stale_aliases = true;
}

/* Output alone is told the catalog late, once for many (semantics.md 8). */
static bool
output_defer(struct local *l, struct local_check *c, enum check_status status,
    struct instant now)
{
	struct duration span = l->config.update_interval;

	if (span.ns <= 0 || c->status != status)
		return (false);
	if (!agenda_has(&c->output_timer))
		agenda_set(&l->agenda, &c->output_timer,
		    instant_add(instant_add(now, NANOSECONDS(span.ns / 2)),
			local_random(l, span)));
	return (true);
}

void
local_set_status(struct local *l, struct local_check *c,
    enum check_status status, struct slice output, struct instant now)
{
	assert(!c->mark.is_deleted);
	if (l->config.discards_output)
		output = (struct slice){ 0 };
	if (status != CHECK_CRITICAL)
		c->critical_since = INSTANT_NEVER;
	else if (c->critical_since.ns == INSTANT_NEVER.ns)
		c->critical_since = now;
	if (c->status == status && slice_equal(c->check.output, output))
		return;
	l->has_stale_aliases = true;
	output_set(c, output);
	if (output_defer(l, c, status, now))
		return;
	status_set(c, status);
	local_changed(l, &c->mark);
}

void
local_resume(struct local *l)
{
	for (size_t i = 0; i < l->checks.count; i++) {
		struct local_check *c = (struct local_check *)l->checks.rows[i];

		c->is_unproven = check_is_probe(c->kind);
	}
}

static void
note_keep(
    struct local *l, struct local_check *c, struct slice note, struct buf *cut)
{
	check_cut_note(
	    note, check_output_max(&c->type, l->config.output_max), cut);
	buf_reset(&c->last_note);
	buf_put_slice(&c->last_note, buf_slice(cut));
}

enum err
local_update_ttl(struct local *l, struct slice id, enum check_status status,
    struct slice note, struct instant now, struct buf *why)
{
	struct local_check *c = local_check_find(l, id);
	struct buf cut = { 0 };

	if (c == NULL || c->kind != CHECK_TTL) {
		buf_put_text(why, "CheckID ");
		buf_put_quoted(why, id);
		buf_put_text(why, " does not have associated TTL");
		return (ERR_REFUSED);
	}
	log_debug(LOG_NAME, "Check status updated", "check=%.*s status=%s",
	    SLICE_ARGS(id), check_status_text(status));
	note_keep(l, c, note, &cut);
	local_set_status(l, c, status, buf_slice(&cut), now);
	buf_deinit(&cut);
	agenda_set(&l->agenda, &c->timer, instant_add(now, c->type.ttl));
	local_effect(l, EFFECT_SAVE_STATE, c->row.id, 0);
	return (ERR_OK);
}

void
local_restore_ttl(struct local *l, struct slice id, enum check_status status,
    struct slice output, struct duration left, struct instant now)
{
	struct local_check *c = local_check_find(l, id);
	struct duration ttl;

	if (c == NULL || c->kind != CHECK_TTL)
		return;
	ttl = left.ns < c->type.ttl.ns ? left : c->type.ttl;
	status_set(c, status);
	output_set(c, output);
	buf_reset(&c->last_note);
	buf_put_slice(&c->last_note, output);
	agenda_set(&l->agenda, &c->timer, instant_add(now, ttl));
	local_changed(l, &c->mark);
	l->has_stale_aliases = true;
}

void
local_maintenance(struct local *l, const struct local_service *s,
    bool is_enabled, struct slice reason, struct slice token,
    struct instant now)
{
	struct check_registration r = { .source = SOURCE_AGENT };
	const char *of = s != NULL ? "service" : "node";
	struct arena arena;

	arena_init(&arena);
	r.check.check_id =
	    s != NULL ? arena_printf(&arena, SERVICE_MAINTENANCE_PREFIX "%.*s",
			    SLICE_ARGS(s->row.id))
		      : SLICE(NODE_MAINTENANCE_ID);
	r.check.name = s != NULL ? SLICE("Service Maintenance Mode")
				 : SLICE("Node Maintenance Mode");
	r.check.notes = reason.size > 0
			    ? reason
			    : arena_printf(&arena,
				  "Maintenance mode is enabled for this %s, "
				  "but no reason was "
				  "provided. This is a default message.",
				  of);
	r.check.service_id = s != NULL ? s->row.id : SLICE("");
	r.token = token;
	if (is_enabled != (local_check_find(l, r.check.check_id) != NULL)) {
		if (is_enabled)
			local_put_check(l, &r, now);
		else
			local_deregister_check(l, r.check.check_id);
		log_info(LOG_NAME,
		    s == NULL ? (is_enabled ? "Node entered maintenance mode"
					    : "Node left maintenance mode")
			      : (is_enabled ? "Service entered maintenance mode"
					    : "Service left maintenance mode"),
		    s == NULL ? "%.*s" : "service=%.*s",
		    SLICE_ARGS(r.check.service_id));
	}
	arena_deinit(&arena);
}

static void
aliases_refresh(struct local *l, struct instant now)
{
	struct buf text = { 0 };

	l->has_stale_aliases = false; /* until one of them moves */
	for (size_t i = 0; i < l->checks.count; i++) {
		struct local_check *c = (struct local_check *)l->checks.rows[i];
		enum check_status status;

		if (c->mark.is_deleted || !alias_is_local(l, c))
			continue;
		buf_reset(&text);
		status = alias_of_local(l, c, &text);
		local_set_status(l, c, status, buf_slice(&text), now);
	}
	buf_deinit(&text);
}

void
local_settle(struct local *l, struct instant now)
{
	for (int i = 0; i < SETTLE_ROUNDS_MAX && l->has_stale_aliases; i++)
		aliases_refresh(l, now);
	l->has_stale_aliases = false;
}
