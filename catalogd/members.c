/* The LAN pool; see members.h. */
#include <stdlib.h>

#include "members.h"
#include "xmalloc.h"

#define SETTLING SECONDS(30)

void
members_init(struct members *all)
{
	TAILQ_INIT(&all->list);
}

struct member *
members_find(struct members *all, struct slice name)
{
	struct member *m;

	TAILQ_FOREACH(m, &all->list, entry)
	if (slice_equal_fold(m->serf.name, name))
		return (m);
	return (NULL);
}

struct member *
members_put(struct members *all, const struct serf_member *serf)
{
	struct member *m = members_find(all, serf->name);

	if (m == NULL) {
		m = xcalloc(1, sizeof(*m));
		arena_init(&m->arena);
		TAILQ_INSERT_TAIL(&all->list, m, entry);
	}
	arena_reset(&m->arena);
	type_copy(&serf_member_type, serf, &m->arena, &m->serf);
	m->is_told = true;
	return (m);
}

void
members_drop(struct members *all, struct member *m)
{
	TAILQ_REMOVE(&all->list, m, entry);
	arena_deinit(&m->arena);
	free(m);
}

void
members_begin(struct members *all)
{
	struct member *m;

	all->is_complete = false;
	TAILQ_FOREACH(m, &all->list, entry)
	m->is_told = false;
}

bool
members_settled(const struct members *all)
{
	struct duration since =
	    instant_since(instant_now(), all->complete_since);

	return (all->is_complete && since.ns >= SETTLING.ns);
}

struct slice
member_tag(const struct serf_member *m, const char *name)
{
	for (size_t i = 0; i < m->tags.count; i++)
		if (slice_is(m->tags.items[i].key, name))
			return (m->tags.items[i].value);
	return (SLICE(""));
}

/* 0 where it is no number, or none that a port can be. */
static uint16_t
port_of_text(struct slice text)
{
	unsigned port = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return (0);
		port = port * 10 + (text.data[i] - '0');
		if (port > UINT16_MAX)
			return (0);
	}
	return ((uint16_t)port);
}

uint16_t
member_port(const struct serf_member *m)
{
	return (port_of_text(member_tag(m, "port")));
}

bool
member_is_server(const struct serf_member *m, const char *datacenter)
{
	return (slice_is(member_tag(m, "role"), "consul") &&
		slice_is(member_tag(m, "dc"), datacenter) &&
		member_port(m) != 0);
}

struct slice
member_address(const struct serf_member *m, struct arena *arena)
{
	bool is_v6 = slice_find(m->addr, ':', 0) != SIZE_MAX;

	return (arena_printf(arena, is_v6 ? "[%.*s]:%u" : "%.*s:%u",
	    SLICE_ARGS(m->addr), member_port(m)));
}
