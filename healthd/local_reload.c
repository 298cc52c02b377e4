/* Files are read again: what is new, what has changed, what is gone; see
 * local.h. */
#include <assert.h>

#include "definition.h"
#include "local.h"

/* --- Looking at all of it, before anything is touched. --- */

/* Consul passes over the API's rules for files, and finds out at the catalog;
 * what the catalog would refuse is refused here. */
static enum err
service_validate(
    const struct local *l, const struct service_definition *d, struct buf *why)
{
	struct arena arena;
	struct check_types types;
	struct node_service service;
	enum err err = ERR_OK;

	if (d->name.size == 0) {
		buf_put_text(why, "Service name missing");
		return (ERR_REFUSED);
	}
	if (!definition_service_validate(d, why))
		return (ERR_REFUSED);
	arena_init(&arena);
	types = definition_checks(d, &arena);
	definition_to_service(d, &arena, &service);
	if (!definition_addresses_validate(&service, why))
		err = ERR_REFUSED;
	for (size_t i = 0; i < types.count && err == ERR_OK; i++)
		err = local_check_allowed(l, &types.items[i], SOURCE_FILE, why);
	arena_deinit(&arena);
	return (err);
}

static bool
services_has(const struct definitions *all, struct slice id)
{
	for (size_t i = 0; i < all->service_count; i++) {
		const struct service_definition *d = &all->services[i];

		if (slice_equal(d->id.size > 0 ? d->id : d->name, id))
			return (true);
	}
	return (false);
}

static struct slice
check_id_of(const struct check_definition *d)
{
	return (d->id.size > 0 ? d->id : d->name);
}

static enum err
check_validate_one(const struct local *l, const struct definitions *all,
    const struct check_definition *d, struct buf *why)
{
	struct local_service *s = local_service_find(l, d->service_id);
	struct check_type type;
	const char *fault;

	definition_to_check_type(d, &type);
	fault = check_validate(&type);
	if (check_id_of(d).size == 0)
		buf_put_text(why, "CheckID missing");
	else if (fault != NULL)
		buf_printf(why, "Check is not valid: %s", fault);
	else if (d->service_id.size > 0 && !services_has(all, d->service_id) &&
		 (s == NULL || s->source == SOURCE_FILE))
		buf_printf(why, "ServiceID \"%.*s\" does not exist",
		    SLICE_ARGS(d->service_id));
	else
		return (local_check_allowed(l, &type, SOURCE_FILE, why));
	return (ERR_REFUSED);
}

enum err
local_reload_check(
    const struct local *l, const struct definitions *all, struct buf *why)
{
	struct buf fault = { 0 };
	enum err err = ERR_OK;

	for (size_t i = 0; i < all->service_count && err == ERR_OK; i++) {
		err = service_validate(l, &all->services[i], &fault);
		if (err != ERR_OK)
			buf_printf(why,
			    "Failed to register service \"%.*s\": %s",
			    SLICE_ARGS(all->services[i].name),
			    buf_text(&fault));
	}
	for (size_t i = 0; i < all->check_count && err == ERR_OK; i++) {
		err = check_validate_one(l, all, &all->checks[i], &fault);
		if (err != ERR_OK)
			buf_printf(why, "Failed to register check '%.*s': %s",
			    SLICE_ARGS(all->checks[i].name), buf_text(&fault));
	}
	buf_deinit(&fault);
	return (err);
}

/* --- Doing it. --- */

static void
lists_clear(struct local *l)
{
	for (size_t i = 0; i < l->services.count; i++)
		((struct local_service *)l->services.rows[i])->is_listed =
		    false;
	for (size_t i = 0; i < l->checks.count; i++)
		((struct local_check *)l->checks.rows[i])->is_listed = false;
}

static void
checks_list(struct local *l, const struct service_definition *d,
    struct slice service_id)
{
	struct arena arena;
	struct check_types types;

	arena_init(&arena);
	types = definition_checks(d, &arena);
	for (size_t i = 0; i < types.count; i++) {
		struct local_check *c = local_check_find(
		    l, definition_check_id(&types.items[i], service_id, i,
			   types.count, &arena));

		if (c != NULL)
			c->is_listed = true;
	}
	arena_deinit(&arena);
}

/* A service whose definition is bytewise the same is left alone. */
static void
service_apply(
    struct local *l, const struct service_definition *d, struct instant now)
{
	struct slice id = d->id.size > 0 ? d->id : d->name;
	struct service_registration r = {
		.definition = d,
		.source = SOURCE_FILE,
		.keeps_schedule = true,
	};
	struct local_service *s = local_service_find(l, id);
	struct buf encoded = { 0 };
	struct buf why = { 0 };
	enum err err;

	type_encode(&service_definition_type, d, &encoded);
	if (s == NULL || s->source != SOURCE_FILE ||
	    !slice_equal(s->definition, buf_slice(&encoded))) {
		err = local_register_service(l, &r, now, &why);
		assert(err == ERR_OK); /* looked at before */
		s = local_service_find(l, id);
		assert(s != NULL);
		s->definition = arena_copy(&s->arena, buf_slice(&encoded));
	}
	s->is_listed = true;
	checks_list(l, d, id);
	buf_deinit(&encoded);
	buf_deinit(&why);
}

static void
check_apply(
    struct local *l, const struct check_definition *d, struct instant now)
{
	struct local_check *old = local_check_find(l, check_id_of(d));
	struct check_type type;
	struct check_registration r = {
		.type = &type,
		.token = d->token,
		.source = SOURCE_FILE,
		.keeps_schedule = true,
		.is_typeless = true,
		.check = {
			.check_id = check_id_of(d),
			.name = d->name,
			.notes = d->notes,
			.status = d->status,
			.service_id = d->service_id,
		},
	};

	definition_to_check_type(d, &type);
	if (old == NULL || old->source != SOURCE_FILE ||
	    !type_equal(&check_type_type, &old->type, &type) ||
	    !slice_equal(old->check.service_id, d->service_id))
		local_put_check(l, &r, now);
	local_check_find(l, check_id_of(d))->is_listed = true;
}

/* Checks of services that stay go on their own; the rest with them. */
static void
unlisted_remove(struct local *l)
{
	for (size_t i = l->checks.count; i-- > 0;) {
		struct local_check *c = (struct local_check *)l->checks.rows[i];

		if (c->source == SOURCE_FILE && !c->is_listed &&
		    !c->mark.is_deleted)
			local_deregister_check(l, c->row.id);
	}
	for (size_t i = l->services.count; i-- > 0;) {
		struct local_service *s =
		    (struct local_service *)l->services.rows[i];

		if (s->source == SOURCE_FILE && !s->is_listed &&
		    !s->mark.is_deleted)
			local_deregister_service(l, s->row.id);
	}
}

enum err
local_reload(struct local *l, const struct definitions *all, struct instant now,
    struct buf *why)
{
	enum err err = local_reload_check(l, all, why);

	if (err != ERR_OK)
		return (err);
	lists_clear(l);
	for (size_t i = 0; i < all->service_count; i++)
		service_apply(l, &all->services[i], now);
	for (size_t i = 0; i < all->check_count; i++)
		check_apply(l, &all->checks[i], now);
	unlisted_remove(l);
	return (ERR_OK);
}
