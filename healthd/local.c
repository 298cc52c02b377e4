/* The tables of services and checks, and their effects; see local.h. */
#include <assert.h>
#include <stdlib.h>

#include "local.h"
#include "xmalloc.h"

#define EFFECTS_MIN 8

void
local_init(struct local *l, const struct local_config *config, uint64_t seed)
{
	*l = (struct local){
		.config = *config,
		.random = seed,
		.reap_timer = { .kind = AGENDA_REAP },
	};
}

void
local_deinit(struct local *l)
{
	while (l->checks.count > 0)
		local_check_forget(l, (struct local_check *)l->checks.rows[0]);
	while (l->services.count > 0)
		local_service_forget(
		    l, (struct local_service *)l->services.rows[0]);
	local_effects_clear(l);
	free(l->effects);
	table_deinit(&l->services);
	table_deinit(&l->checks);
	agenda_deinit(&l->agenda);
	*l = (struct local){ 0 };
}

/* splitmix64: a seed gives a sequence, which is all that is asked of it. */
struct duration
local_random(struct local *l, struct duration span)
{
	uint64_t z = l->random += UINT64_C(0x9e3779b97f4a7c15);

	assert(span.ns >= 0);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return (NANOSECONDS((int64_t)(z % ((uint64_t)span.ns + 1))));
}

struct local_service *
local_service_find(const struct local *l, struct slice id)
{
	struct local_service *s =
	    (struct local_service *)table_find(&l->services, id);

	return (s == NULL || s->mark.is_deleted ? NULL : s);
}

struct local_check *
local_check_find(const struct local *l, struct slice id)
{
	struct local_check *c =
	    (struct local_check *)table_find(&l->checks, id);

	return (c == NULL || c->mark.is_deleted ? NULL : c);
}

void
local_service_changed(struct local *l, struct local_service *s)
{
	l->service_changes++;
	local_changed(l, &s->mark);
}

void
local_changed(struct local *l, struct mark *m)
{
	m->change = ++l->changes;
	m->is_in_sync = false;
	m->has_failed = false;
}

void
local_effect(
    struct local *l, enum effect_kind kind, struct slice id, uint64_t run)
{
	struct effect *e;

	if (l->effect_count == l->effect_capacity) {
		l->effect_capacity = l->effect_capacity == 0
					 ? EFFECTS_MIN
					 : 2 * l->effect_capacity;
		l->effects = xreallocarray(
		    l->effects, l->effect_capacity, sizeof(*l->effects));
	}
	e = &l->effects[l->effect_count++];
	*e = (struct effect){ .kind = kind, .run = run };
	buf_put_slice(&e->id, id);
}

void
local_effects_clear(struct local *l)
{
	for (size_t i = 0; i < l->effect_count; i++)
		buf_deinit(&l->effects[i].id);
	l->effect_count = 0;
}

void
local_service_forget(struct local *l, struct local_service *s)
{
	table_remove(&l->services, &s->row);
	arena_deinit(&s->arena);
	free(s);
}

void
local_check_forget(struct local *l, struct local_check *c)
{
	table_remove(&l->checks, &c->row);
	agenda_clear(&l->agenda, &c->timer);
	agenda_clear(&l->agenda, &c->output_timer);
	if (c->run != 0)
		local_effect(l, EFFECT_CANCEL, c->row.id, c->run);
	buf_deinit(&c->output);
	buf_deinit(&c->last_note);
	arena_deinit(&c->arena);
	free(c);
}

void
local_service_shadow(struct local *l, struct slice id)
{
	struct local_service *s = xcalloc(1, sizeof(*s));

	arena_init(&s->arena);
	s->row.id = arena_copy(&s->arena, id);
	s->service.id = s->row.id;
	s->mark.is_deleted = true;
	local_changed(l, &s->mark);
	table_insert(&l->services, &s->row);
}

void
local_check_shadow(struct local *l, struct slice id, struct slice service_id)
{
	struct local_check *c = xcalloc(1, sizeof(*c));

	arena_init(&c->arena);
	c->row.id = arena_copy(&c->arena, id);
	c->check.check_id = c->row.id;
	c->check.service_id = arena_copy(&c->arena, service_id);
	c->critical_since = INSTANT_NEVER;
	c->mark.is_deleted = true;
	local_changed(l, &c->mark);
	table_insert(&l->checks, &c->row);
}
