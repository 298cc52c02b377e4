/* When to compare, and comparing; see sync.h. */
#include <assert.h>

#include "log.h"
#include "sync_parts.h"

#define LOG_NAME      "agent"
#define SYNC_LOG_NAME "agent.anti_entropy"

void
sync_init(struct sync *s, const struct sync_node *node)
{
	*s = (struct sync){
		.node = *node,
		.timer = { .kind = AGENDA_SYNC },
	};
}

static void
timer_set(struct sync *s, struct local *l, struct instant now,
    struct duration interval, struct duration stagger)
{
	agenda_set(&l->agenda, &s->timer,
	    instant_add(instant_add(now, interval), local_random(l, stagger)));
}

void
sync_hasten(struct sync *s, struct local *l, struct instant now)
{
	if (!s->is_comparing)
		agenda_set(&l->agenda, &s->timer, now);
}

bool
sync_begin(struct sync *s)
{
	if (s->is_comparing)
		return (false);
	s->is_comparing = true;
	return (true);
}

/* --- Are they the same? Indexes and types are the catalog's affair. --- */

static bool
service_is_same(struct node_service a, struct node_service b)
{
	a.indexes = b.indexes = (struct raft_index){ 0 };
	return (type_equal(&node_service_type, &a, &b));
}

/* With output that waits to be told, the rest decides. */
static bool
check_is_same(const struct local_check *c, struct health_check theirs)
{
	struct health_check ours = c->check;

	ours.indexes = theirs.indexes = (struct raft_index){ 0 };
	ours.type = theirs.type = (struct slice){ 0 };
	if (agenda_has(&c->output_timer))
		ours.output = theirs.output = (struct slice){ 0 };
	return (type_equal(&health_check_type, &ours, &theirs));
}

static bool
node_is_same(const struct sync_node *ours, const struct node *theirs)
{
	struct node a = {
		.tagged_addresses = ours->tagged_addresses,
		.meta = ours->meta,
	};
	struct node b;

	if (theirs == NULL || !slice_equal(ours->id, theirs->id) ||
	    !slice_equal(ours->address, theirs->address))
		return (false);
	b = (struct node){
		.tagged_addresses = theirs->tagged_addresses,
		.meta = theirs->meta,
	};
	return (type_equal(&node_type, &a, &b));
}

void
sync_node_set(struct sync *s, const struct sync_node *node)
{
	struct node as_was = {
		.id = s->node.id,
		.address = s->node.address,
		.tagged_addresses = s->node.tagged_addresses,
		.meta = s->node.meta,
	};

	if (!node_is_same(node, &as_was)) {
		s->is_node_in_sync = false;
		s->has_node_failed = false;
	}
	s->node = *node;
}

/* --- Marking what differs. --- */

/* Where the catalog may change tags, its tags are ours, too. */
static void
tags_take(
    struct local *l, struct local_service *s, const struct node_service *theirs)
{
	struct node_service ours = s->service;

	ours.tags = theirs->tags;
	if (!s->service.enable_tag_override ||
	    service_is_same(s->service, ours))
		return;
	l->service_changes++;
	s->service.tags.items = arena_array(
	    &s->arena, theirs->tags.count + 1, sizeof(struct slice));
	s->service.tags.count = theirs->tags.count;
	for (size_t i = 0; i < theirs->tags.count; i++)
		s->service.tags.items[i] =
		    arena_copy(&s->arena, theirs->tags.items[i]);
}

static void
service_compare(struct local *l, const struct node_service *theirs)
{
	struct local_service *s =
	    (struct local_service *)table_find(&l->services, theirs->id);

	if (s == NULL && slice_is(theirs->id, LEADER_SERVICE_ID)) {
		log_debug(LOG_NAME,
		    "Skipping remote service since it is managed "
		    "automatically",
		    "service=%.*s", SLICE_ARGS(theirs->id));
		return;
	}
	if (s == NULL) {
		local_service_shadow(l, theirs->id);
		return;
	}
	if (s->mark.is_deleted)
		return;
	tags_take(l, s, theirs);
	s->mark.is_in_sync = service_is_same(s->service, *theirs);
}

/* What was found before healthd was restarted holds until a check has run. */
static void
status_take(struct local *l, struct local_check *c,
    const struct health_check *theirs, struct instant now)
{
	enum check_status status;

	if (c->is_unproven && check_status_parse(theirs->status, &status))
		local_set_status(l, c, status, theirs->output, now);
	c->is_unproven = false;
}

static void
check_compare(
    struct local *l, const struct health_check *theirs, struct instant now)
{
	struct local_check *c =
	    (struct local_check *)table_find(&l->checks, theirs->check_id);

	if (c == NULL && slice_is(theirs->check_id, LEADER_CHECK_ID)) {
		log_debug(LOG_NAME,
		    "Skipping remote check since it is managed automatically",
		    "check=%.*s", SLICE_ARGS(theirs->check_id));
		return;
	}
	if (c == NULL)
		local_check_shadow(l, theirs->check_id, theirs->service_id);
	else if (!c->mark.is_deleted) {
		status_take(l, c, theirs, now);
		c->mark.is_in_sync = check_is_same(c, *theirs);
	}
}

/* Until the catalog's rows were looked at, it has none of ours. */
static void
marks_clear(struct local *l)
{
	for (size_t i = 0; i < l->services.count; i++) {
		struct local_service *s =
		    (struct local_service *)l->services.rows[i];

		s->mark.is_in_sync = false;
		s->mark.has_failed = false;
	}
	for (size_t i = 0; i < l->checks.count; i++) {
		struct local_check *c = (struct local_check *)l->checks.rows[i];

		c->mark.is_in_sync = false;
		c->mark.has_failed = false;
	}
}

static void
in_sync_log(const struct sync *s, const struct local *l)
{
	if (s->is_node_in_sync)
		log_debug(LOG_NAME, "Node info in sync", "");
	for (size_t i = 0; i < l->services.count; i++)
		if (((struct local_service *)l->services.rows[i])
			->mark.is_in_sync)
			log_debug(LOG_NAME, "Service in sync", "service=%.*s",
			    SLICE_ARGS(l->services.rows[i]->id));
	for (size_t i = 0; i < l->checks.count; i++)
		if (((struct local_check *)l->checks.rows[i])->mark.is_in_sync)
			log_debug(LOG_NAME, "Check in sync", "check=%.*s",
			    SLICE_ARGS(l->checks.rows[i]->id));
}

void
sync_compare(struct sync *s, struct local *l,
    const struct node_service_list *services,
    const struct indexed_health_checks *checks, struct instant now)
{
	assert(s->is_comparing);
	s->is_comparing = false;
	s->has_compared = true;
	s->is_node_in_sync = node_is_same(&s->node, services->node);
	s->has_node_failed = false;
	marks_clear(l);
	for (size_t i = 0; i < services->services.count; i++)
		service_compare(l, &services->services.items[i]);
	for (size_t i = 0; i < checks->health_checks.count; i++)
		check_compare(l, &checks->health_checks.items[i], now);
	in_sync_log(s, l);
	s->scanned = 0;
	timer_set(s, l, now, SYNC_INTERVAL, SYNC_STAGGER);
}

static void
retry_set(
    struct sync *s, struct local *l, struct slice text, struct instant now)
{
	if (slice_ends_with(text, SLICE("No cluster leader")))
		timer_set(s, l, now, SYNC_LEADER_INTERVAL, SYNC_LEADER_STAGGER);
	else
		timer_set(s, l, now, SYNC_RETRY_INTERVAL, SYNC_RETRY_STAGGER);
}

/* Nobody is to wait for what can't be told now. */
static void
all_fail(struct sync *s, struct local *l)
{
	s->has_node_failed = !s->is_node_in_sync;
	for (size_t i = 0; i < l->services.count; i++) {
		struct mark *m =
		    &((struct local_service *)l->services.rows[i])->mark;

		m->has_failed = !m->is_in_sync;
	}
	for (size_t i = 0; i < l->checks.count; i++) {
		struct mark *m =
		    &((struct local_check *)l->checks.rows[i])->mark;

		m->has_failed = !m->is_in_sync;
	}
}

void
sync_compare_failed(
    struct sync *s, struct local *l, struct slice text, struct instant now)
{
	s->is_comparing = false;
	log_error(SYNC_LOG_NAME, "failed to sync remote state",
	    "error=\"%.*s\"", SLICE_ARGS(text));
	all_fail(s, l);
	retry_set(s, l, text, now);
}

void
sync_retry(
    struct sync *s, struct local *l, struct slice text, struct instant now)
{
	log_error(SYNC_LOG_NAME, "failed to sync changes", "error=\"%.*s\"",
	    SLICE_ARGS(text));
	if (!s->is_comparing)
		retry_set(s, l, text, now);
}
