/* Telling the catalog what it does not know; see sync.h. */
#include <assert.h>
#include <stdlib.h>

#include "log.h"
#include "sync_parts.h"
#include "xmalloc.h"

#define LOG_NAME "agent"

static bool
mark_is_open(const struct mark *m)
{
	return (!m->is_in_sync && !m->has_failed && m->pushing != m->change);
}

static struct local_service *
service_at(const struct local *l, size_t i)
{
	return ((struct local_service *)l->services.rows[i]);
}

static struct local_check *
check_at(const struct local *l, size_t i)
{
	return ((struct local_check *)l->checks.rows[i]);
}

/* The service's row, deleted or not. */
static struct local_service *
service_of(const struct local *l, const struct local_check *c)
{
	return ((struct local_service *)table_find(
	    &l->services, c->check.service_id));
}

/* Its service goes, and takes the check with it. */
static bool
goes_with_service(const struct local *l, const struct local_check *c)
{
	const struct local_service *s = service_of(l, c);

	return (c->mark.is_deleted && s != NULL && s->mark.is_deleted);
}

/* --- Making a push. --- */

static struct push *
push_new(struct sync *s, enum push_kind kind, struct slice id,
    struct mark *mark, struct slice token)
{
	struct push *p = xcalloc(1, sizeof(*p));
	struct sync_node *node = &s->node;

	arena_init(&p->arena);
	p->kind = kind;
	p->id = arena_copy(&p->arena, id);
	if (mark != NULL)
		p->change = mark->pushing = mark->change;
	s->pushes++;
	p->registration = (struct register_request){
		.datacenter = arena_copy(&p->arena, node->datacenter),
		.id = arena_copy(&p->arena, node->id),
		.node = arena_copy(&p->arena, node->name),
		.address = arena_copy(&p->arena, node->address),
		.tagged_addresses = node->tagged_addresses,
		.node_meta = node->meta,
		.skip_node_update = kind != PUSH_NODE,
	};
	p->registration.write.token = arena_copy(&p->arena, token);
	p->deregistration = (struct deregister_request){
		.datacenter = p->registration.datacenter,
		.node = p->registration.node,
	};
	p->deregistration.write.token = p->registration.write.token;
	return (p);
}

static struct node_service *
service_copy(struct push *p, const struct local_service *s)
{
	struct node_service *copy = arena_alloc(&p->arena, sizeof(*copy));

	type_copy(&node_service_type, &s->service, &p->arena, copy);
	return (copy);
}

/* May the check be told together with this service? */
static bool
rides_with(const struct local_check *c, const struct local_service *s)
{
	return (!c->mark.is_deleted && mark_is_open(&c->mark) &&
		slice_equal(c->check.service_id, s->row.id) &&
		slice_equal(c->token, s->token));
}

static void
check_ride(struct local *l, struct push *p, struct local_check *c,
    struct health_check *to)
{
	type_copy(&health_check_type, &c->check, &p->arena, to);
	p->check_ids[p->check_count] = arena_copy(&p->arena, c->row.id);
	p->check_changes[p->check_count++] = c->mark.pushing = c->mark.change;
	agenda_clear(&l->agenda, &c->output_timer);
}

static void
checks_ride(struct local *l, struct push *p, const struct local_service *s)
{
	struct register_request *r = &p->registration;
	struct health_check *checks;
	size_t count = 0;

	for (size_t i = 0; i < l->checks.count; i++)
		count += rides_with(check_at(l, i), s);
	if (count == 0)
		return;
	checks = arena_array(&p->arena, count, sizeof(*checks));
	p->check_ids = arena_array(&p->arena, count, sizeof(struct slice));
	p->check_changes = arena_array(&p->arena, count, sizeof(uint64_t));
	for (size_t i = 0; i < l->checks.count; i++)
		if (rides_with(check_at(l, i), s))
			check_ride(
			    l, p, check_at(l, i), &checks[p->check_count]);
	assert(p->check_count == count);
	if (count == 1) { /* as Consul sends it */
		r->check = checks;
		return;
	}
	r->checks.items = checks;
	r->checks.count = count;
}

static struct push *
service_push(struct sync *s, struct local *l, struct local_service *service)
{
	enum push_kind kind =
	    service->mark.is_deleted ? PUSH_SERVICE_GONE : PUSH_SERVICE;
	struct push *p =
	    push_new(s, kind, service->row.id, &service->mark, service->token);

	if (kind == PUSH_SERVICE_GONE) {
		p->deregistration.service_id = p->id;
		return (p);
	}
	p->registration.service = service_copy(p, service);
	checks_ride(l, p, service);
	return (p);
}

static struct push *
check_push(struct sync *s, struct local *l, struct local_check *c)
{
	enum push_kind kind = c->mark.is_deleted ? PUSH_CHECK_GONE : PUSH_CHECK;
	struct push *p = push_new(s, kind, c->row.id, &c->mark, c->token);
	const struct local_service *service = service_of(l, c);

	if (kind == PUSH_CHECK_GONE) {
		p->deregistration.check_id = p->id;
		return (p);
	}
	p->registration.check = arena_alloc(&p->arena, sizeof(c->check));
	type_copy(
	    &health_check_type, &c->check, &p->arena, p->registration.check);
	agenda_clear(&l->agenda, &c->output_timer);
	if (service != NULL && !service->mark.is_deleted)
		p->registration.service = service_copy(p, service);
	return (p);
}

static struct push *
node_push(struct sync *s)
{
	if (s->is_node_pushing || s->has_node_failed)
		return (NULL);
	s->is_node_pushing = true;
	return (push_new(s, PUSH_NODE, s->node.name, NULL, SLICE("")));
}

struct push *
sync_next(struct sync *s, struct local *l)
{
	if (!s->has_compared || s->is_comparing || s->pushes >= SYNC_PUSHES_MAX)
		return (NULL);
	if (!s->is_node_in_sync)
		return (node_push(s));
	if (s->scanned == l->changes)
		return (NULL);
	for (size_t i = 0; i < l->services.count; i++)
		if (mark_is_open(&service_at(l, i)->mark))
			return (service_push(s, l, service_at(l, i)));
	for (size_t i = 0; i < l->checks.count; i++)
		if (mark_is_open(&check_at(l, i)->mark) &&
		    !goes_with_service(l, check_at(l, i)))
			return (check_push(s, l, check_at(l, i)));
	s->scanned = l->changes;
	return (NULL);
}

/* --- Its end. --- */

/* clang-format off */
static const struct {
	const char *done;
	const char *blocked; /* by ACLs */
	const char *field;
} push_texts[] = {
	[PUSH_NODE]         = { "Synced node info",     "Node info update blocked by ACLs",         "node" },
	[PUSH_SERVICE]      = { "Synced service",       "Service registration blocked by ACLs",     "service" },
	[PUSH_CHECK]        = { "Synced check",         "Check registration blocked by ACLs",       "check" },
	[PUSH_SERVICE_GONE] = { "Deregistered service", "Service deregistration blocked by ACLs",   "service" },
	[PUSH_CHECK_GONE]   = { "Deregistered check",   "Check deregistration blocked by ACLs",     "check" },
};
/* clang-format on */

static bool
text_has(struct slice text, const char *part)
{
	struct slice wanted = slice_of_text(part);

	for (size_t i = 0; i + wanted.size <= text.size; i++)
		if (slice_starts_with(slice_tail(text, i), wanted))
			return (true);
	return (false);
}

static void
mark_end(struct mark *m, uint64_t change, bool is_told)
{
	if (m->pushing == change)
		m->pushing = 0;
	if (m->change != change)
		return; /* it has changed since: not told yet */
	m->is_in_sync = is_told;
	m->has_failed = !is_told;
}

/* The service is gone there: its checks are, too. */
static void
service_gone(struct local *l, struct local_service *s)
{
	for (size_t i = l->checks.count; i-- > 0;)
		if (check_at(l, i)->mark.is_deleted &&
		    slice_equal(check_at(l, i)->check.service_id, s->row.id))
			local_check_forget(l, check_at(l, i));
	local_service_forget(l, s);
}

static void
service_end(struct local *l, const struct push *p, bool is_told)
{
	struct local_service *s =
	    (struct local_service *)table_find(&l->services, p->id);

	if (s != NULL)
		mark_end(&s->mark, p->change, is_told);
	if (s != NULL && s->mark.is_deleted && s->mark.is_in_sync)
		service_gone(l, s);
}

static void
check_end(struct local *l, struct slice id, uint64_t change, bool is_told)
{
	struct local_check *c =
	    (struct local_check *)table_find(&l->checks, id);

	if (c != NULL)
		mark_end(&c->mark, change, is_told);
	if (c != NULL && c->mark.is_deleted && c->mark.is_in_sync)
		local_check_forget(l, c);
}

static void
push_end(struct sync *s, struct local *l, const struct push *p, bool is_told)
{
	if (p->kind == PUSH_NODE) {
		s->is_node_pushing = false;
		s->is_node_in_sync = is_told;
		s->has_node_failed = !is_told;
	} else if (p->kind == PUSH_SERVICE || p->kind == PUSH_SERVICE_GONE)
		service_end(l, p, is_told);
	else
		check_end(l, p->id, p->change, is_told);
	for (size_t i = 0; i < p->check_count; i++)
		check_end(l, p->check_ids[i], p->check_changes[i], is_told);
}

static void
push_log(const struct push *p, const char *message, bool is_warning)
{
	const char *field = push_texts[p->kind].field;

	if (p->kind == PUSH_NODE && !is_warning)
		log_info(LOG_NAME, message, "");
	else if (is_warning)
		log_warn(
		    LOG_NAME, message, "%s=%.*s", field, SLICE_ARGS(p->id));
	else
		log_info(
		    LOG_NAME, message, "%s=%.*s", field, SLICE_ARGS(p->id));
}

void
sync_pushed(struct sync *s, struct local *l, struct push *p, bool is_ok,
    struct slice text, struct instant now)
{
	bool is_blocked = !is_ok && (text_has(text, "Permission denied") ||
					text_has(text, "ACL not found"));
	bool is_unknown = !is_ok && ((p->kind == PUSH_SERVICE_GONE &&
					 text_has(text, "Unknown service")) ||
					(p->kind == PUSH_CHECK_GONE &&
					    text_has(text, "Unknown check")));
	bool is_told = is_ok || is_blocked || is_unknown;

	assert(s->pushes > 0);
	s->pushes--;
	if (is_blocked)
		push_log(p, push_texts[p->kind].blocked, true);
	else if (is_told)
		push_log(p, push_texts[p->kind].done, false);
	else
		sync_retry(s, l, text, now);
	push_end(s, l, p, is_told);
	s->scanned = 0;
	arena_deinit(&p->arena);
	free(p);
}

static bool
mark_is_settled(const struct mark *m, uint64_t change)
{
	return (m->is_in_sync || m->has_failed || m->change > change);
}

bool
sync_is_settled(const struct sync *s, const struct local *l, uint64_t change)
{
	if (!s->is_node_in_sync)
		return (s->has_node_failed);
	for (size_t i = 0; i < l->services.count; i++)
		if (!mark_is_settled(&service_at(l, i)->mark, change))
			return (false);
	for (size_t i = 0; i < l->checks.count; i++)
		if (!mark_is_settled(&check_at(l, i)->mark, change) &&
		    !goes_with_service(l, check_at(l, i)))
			return (false);
	return (true);
}
