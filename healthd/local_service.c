/* Registering services and taking them away; see local.h. */
#include <assert.h>

#include "definition.h"
#include "local.h"
#include "log.h"
#include "xmalloc.h"

#define LOG_NAME "agent"

/* Put the service in its place; the row of the same id, if any, goes, and one
 * of a file also takes the place of what was saved of the API's. */
static struct local_service *
service_put(struct local *l, const struct node_service *service,
    struct slice token, enum source source)
{
	struct row *old = table_find(&l->services, service->id);
	struct local_service *s = xcalloc(1, sizeof(*s));

	arena_init(&s->arena);
	type_copy(&node_service_type, service, &s->arena, &s->service);
	s->row.id = s->service.id;
	s->token = arena_copy(&s->arena, token);
	s->source = source;
	local_service_changed(l, s);
	if (source == SOURCE_FILE)
		local_effect(l, EFFECT_DROP_SERVICE, s->row.id, 0);
	if (old != NULL)
		local_service_forget(l, (struct local_service *)old);
	table_insert(&l->services, &s->row);
	l->has_stale_aliases = true;
	return (s);
}

void
local_restore_service(
    struct local *l, const struct node_service *service, struct slice token)
{
	service_put(l, service, token, SOURCE_API);
}

static struct check_registration
check_of_service(const struct node_service *s, const struct check_type *t,
    size_t n, size_t count, struct arena *arena)
{
	struct check_registration r = {
		.type = t,
		.check = {
			.check_id =
			    definition_check_id(t, s->id, n, count, arena),
			.name = t->name,
			.notes = t->notes,
			.status = t->status,
			.service_id = s->id,
		},
	};

	if (r.check.name.size == 0)
		r.check.name = arena_printf(
		    arena, "Service '%.*s' check", SLICE_ARGS(s->service));
	return (r);
}

static bool
is_one_of(struct slice id, const struct slice *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(ids[i], id))
			return (true);
	return (false);
}

/* Take away the service's checks but those with these ids. */
static void
checks_keep_only(struct local *l, struct slice service_id,
    const struct slice *ids, size_t count)
{
	for (size_t i = l->checks.count; i-- > 0;) {
		struct local_check *c = (struct local_check *)l->checks.rows[i];

		if (!c->mark.is_deleted &&
		    slice_equal(c->check.service_id, service_id) &&
		    !is_one_of(c->row.id, ids, count))
			local_deregister_check(l, c->row.id);
	}
}

static void
checks_put(struct local *l, const struct service_registration *r,
    const struct node_service *service, const struct check_types *types,
    struct arena *arena, struct instant now)
{
	struct slice *ids = arena_array(arena, types->count, sizeof(*ids));

	for (size_t i = 0; i < types->count; i++) {
		struct check_registration check = check_of_service(
		    service, &types->items[i], i, types->count, arena);

		ids[i] = check.check.check_id;
		check.token = r->token;
		check.source = r->source;
		check.keeps_schedule = r->keeps_schedule;
		local_put_check(l, &check, now);
	}
	if (r->replaces_checks)
		checks_keep_only(l, service->id, ids, types->count);
}

static enum err
registration_validate(const struct local *l,
    const struct service_registration *r, const struct node_service *service,
    const struct check_types *types, struct buf *why)
{
	if (!definition_addresses_validate(service, why))
		return (ERR_REFUSED);
	for (size_t i = 0; i < types->count; i++) {
		enum err err =
		    local_check_allowed(l, &types->items[i], r->source, why);

		if (err != ERR_OK)
			return (err);
	}
	return (ERR_OK);
}

enum err
local_register_service(struct local *l, const struct service_registration *r,
    struct instant now, struct buf *why)
{
	struct arena arena;
	struct node_service service;
	struct check_types types;
	struct local_service *s;
	enum err err;

	arena_init(&arena);
	definition_to_service(r->definition, &arena, &service);
	types = definition_checks(r->definition, &arena);
	err = registration_validate(l, r, &service, &types, why);
	if (err == ERR_OK) {
		definition_warn_dns(&service);
		s = service_put(l, &service,
		    r->token.size > 0 ? r->token : r->definition->token,
		    r->source);
		if (r->source == SOURCE_API)
			local_effect(l, EFFECT_SAVE_SERVICE, s->row.id, 0);
		checks_put(l, r, &s->service, &types, &arena, now);
	}
	arena_deinit(&arena);
	return (err);
}

/* The catalog drops a service's checks with it, so they need no word of their
 * own there; here they are gone at once. */
void
local_deregister_service(struct local *l, struct slice id)
{
	struct local_service *s = local_service_find(l, id);

	if (s == NULL) {
		log_warn(LOG_NAME, "Failed to deregister service",
		    "service=%.*s error=\"Service {\"%.*s\" {}} does not "
		    "exist\"",
		    SLICE_ARGS(id), SLICE_ARGS(id));
		return;
	}
	checks_keep_only(l, s->row.id, NULL, 0);
	local_effect(l, EFFECT_DROP_SERVICE, s->row.id, 0);
	s->mark.is_deleted = true;
	local_service_changed(l, s);
	l->has_stale_aliases = true;
	log_debug(
	    LOG_NAME, "removed service", "service=%.*s", SLICE_ARGS(s->row.id));
}
