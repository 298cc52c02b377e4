/* The servers of a configuration. See membership.h. */
#include "membership.h"

#include <assert.h>
#include <string.h>

struct raft_name
raft_name_of(const char *text)
{
	struct raft_name name = { "" };
	size_t size = strlen(text);

	if (size > RAFT_NAME_BYTES_MAX)
		size = RAFT_NAME_BYTES_MAX;
	memcpy(name.text, text, size);
	return (name);
}

bool
raft_name_is(const struct raft_name *a, const struct raft_name *b)
{
	return (strcmp(a->text, b->text) == 0);
}

bool
raft_name_is_set(const struct raft_name *name)
{
	return (name->text[0] != '\0');
}

/* Its place among the members, or their count. */
static size_t
place_of(const struct membership *all, const struct raft_name *id)
{
	size_t i = 0;

	while (i < all->count && !raft_name_is(&all->members[i].id, id))
		i++;
	return (i);
}

const struct member *
membership_find(const struct membership *all, const struct raft_name *id)
{
	size_t at = place_of(all, id);

	return (at < all->count ? &all->members[at] : NULL);
}

const struct member *
membership_find_address(
    const struct membership *all, const struct raft_name *address)
{
	for (size_t i = 0; i < all->count; i++)
		if (raft_name_is(&all->members[i].address, address))
			return (&all->members[i]);
	return (NULL);
}

bool
membership_is_voter(const struct membership *all, const struct raft_name *id)
{
	const struct member *member = membership_find(all, id);

	return (member != NULL && member->suffrage == SUFFRAGE_VOTER);
}

size_t
membership_voter_count(const struct membership *all)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += all->members[i].suffrage == SUFFRAGE_VOTER;
	return (count);
}

size_t
membership_quorum(const struct membership *all)
{
	return (membership_voter_count(all) / 2 + 1);
}

bool
membership_is_sound(const struct membership *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct member *one = &all->members[i];

		if (!raft_name_is_set(&one->id) ||
		    !raft_name_is_set(&one->address))
			return (false);
		/* The first of its name must be itself. */
		if (membership_find(all, &one->id) != one ||
		    membership_find_address(all, &one->address) != one)
			return (false);
	}
	return (membership_voter_count(all) > 0);
}

/* wire/raft.md 4: add voter replaces a non-voter's entry and updates the
 * address of a voter; add non-voter never demotes. */
static bool
add(struct membership *all, const struct change *change, enum suffrage suffrage)
{
	size_t at = place_of(all, &change->id);
	struct member *one = &all->members[at];

	if (at == RAFT_SERVERS_MAX)
		return (false);
	if (at == all->count) {
		*one = (struct member){ change->id, change->address, suffrage };
		all->count++;
		return (true);
	}
	one->address = change->address;
	if (one->suffrage != SUFFRAGE_VOTER)
		one->suffrage = suffrage;
	return (true);
}

static void
take_out(struct membership *all, const struct raft_name *id)
{
	size_t at = place_of(all, id);

	if (at == all->count)
		return;
	all->count--;
	memmove(&all->members[at], &all->members[at + 1],
	    (all->count - at) * sizeof(all->members[0]));
}

bool
membership_change(const struct membership *before, const struct change *change,
    struct membership *after)
{
	struct membership all = *before;
	size_t at = place_of(&all, &change->id);
	bool has_room = true;

	switch (change->kind) {
	case CHANGE_ADD_VOTER:
		has_room = add(&all, change, SUFFRAGE_VOTER);
		break;
	case CHANGE_ADD_NONVOTER:
		has_room = add(&all, change, SUFFRAGE_NONVOTER);
		break;
	case CHANGE_DEMOTE:
		if (at < all.count)
			all.members[at].suffrage = SUFFRAGE_NONVOTER;
		break;
	case CHANGE_REMOVE:
		take_out(&all, &change->id);
		break;
	}
	if (!has_room || !membership_is_sound(&all))
		return (false);
	assert(all.count <= RAFT_SERVERS_MAX);
	*after = all;
	return (true);
}
