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

/* Go's strconv.Atoi. */
static bool
is_number(struct slice text)
{
	bool is_signed =
	    text.size > 0 && (text.data[0] == '-' || text.data[0] == '+');

	if (text.size > 18 || text.size == (is_signed ? 1 : 0))
		return (false);
	for (size_t i = is_signed ? 1 : 0; i < text.size; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return (false);
	return (true);
}

/* How much of N.N.N the front of this is: 3 numbers, or fewer. */
static unsigned
version_numbers(struct slice text)
{
	unsigned numbers = 0;
	bool is_in_number = false;

	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (c >= '0' && c <= '9') {
			numbers += !is_in_number;
			is_in_number = true;
		} else if (c == '.' && is_in_number && numbers < 3)
			is_in_number = false;
		else
			break;
	}
	return (numbers);
}

/* "1.8.7" somewhere in it. */
static bool
has_version(struct slice build)
{
	for (size_t i = 0; i < build.size; i++)
		if (version_numbers(slice_tail(build, i)) >= 3)
			return (true);
	return (false);
}

/* What must be a number where it is there at all. */
static bool
has_numbers(const struct serf_member *m)
{
	static const char *const names[] = { "expect", "raft_vsn",
		"wan_join_port" };

	for (size_t i = 0; i < m->tags.count; i++) {
		const struct pair *tag = &m->tags.items[i];
		bool is_named = slice_starts_with(tag->key, SLICE("ft_"));

		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			is_named |= slice_is(tag->key, names[k]);
		if (is_named && !is_number(tag->value))
			return (false);
	}
	return (is_number(member_tag(m, "vsn")));
}

bool
member_is_server(const struct serf_member *m, const char *datacenter)
{
	return (slice_is(member_tag(m, "role"), "consul") &&
		slice_is(member_tag(m, "dc"), datacenter) &&
		member_port(m) != 0 && has_numbers(m) &&
		has_version(member_tag(m, "build")));
}

struct slice
member_address(const struct serf_member *m, struct arena *arena)
{
	bool is_v6 = slice_find(m->addr, ':', 0) != SIZE_MAX;

	return (arena_printf(arena, is_v6 ? "[%.*s]:%u" : "%.*s:%u",
	    SLICE_ARGS(m->addr), member_port(m)));
}

struct slice
member_version(const struct serf_member *m)
{
	struct slice build = member_tag(m, "build");
	size_t at = slice_find(build, ':', 0);

	return (at == SIZE_MAX ? build : slice_head(build, at));
}
