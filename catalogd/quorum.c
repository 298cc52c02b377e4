/* Raft's servers from the pool's; see quorum.h. */
#include "quorum.h"

#define REASON_ADDRESS "removed server with duplicate address"
#define REASON_LEFT    "removing server by ID"

const struct quorum_member *
quorum_rival(
    const struct quorum_members *members, const struct quorum_member *one)
{
	if (!one->is_bootstrap)
		return (NULL);
	for (size_t i = 0; i < members->count; i++)
		if (members->items[i].is_bootstrap &&
		    !slice_equal_fold(members->items[i].name, one->name))
			return (&members->items[i]);
	return (NULL);
}

static const struct raft_server *
with_id(const struct raft_configuration_response *now, struct slice id)
{
	for (size_t i = 0; i < now->servers.count; i++)
		if (slice_equal(now->servers.items[i].id, id))
			return (&now->servers.items[i]);
	return (NULL);
}

static const struct raft_server *
with_address(
    const struct raft_configuration_response *now, struct slice address)
{
	for (size_t i = 0; i < now->servers.count; i++)
		if (slice_equal(now->servers.items[i].address, address))
			return (&now->servers.items[i]);
	return (NULL);
}

static bool
is_alive(const struct quorum_members *members, struct slice id)
{
	for (size_t i = 0; i < members->count; i++)
		if (members->items[i].is_alive &&
		    slice_equal(members->items[i].id, id))
			return (true);
	return (false);
}

/* Whoever stands where it is now has to go first: no two may have one address.
 * A voter that has moved keeps its vote. (Consul takes it out and lets it wait
 * for its promotion; three that move at once would never agree on that.) */
static struct quorum_step
join_step(const struct raft_configuration_response *now,
    const struct quorum_member *m)
{
	const struct raft_server *same = with_id(now, m->id);
	const struct raft_server *there = with_address(now, m->address);
	struct quorum_step step = { .id = m->id, .address = m->address };

	if (same != NULL && same == there)
		return (step);
	if (there != NULL)
		return ((struct quorum_step){ .action = QUORUM_REMOVE,
		    .id = there->id,
		    .reason = REASON_ADDRESS });
	step.action = same != NULL && same->voter ? QUORUM_ADD_VOTER
						  : QUORUM_ADD_NONVOTER;
	return (step);
}

/* A leader does not take itself out here: it does so before it leaves. And an
 * id that is alive under another name is a node that was renamed. */
static struct quorum_step
leave_step(const struct raft_configuration_response *now,
    const struct quorum_members *members, const struct quorum_member *m,
    struct slice self_id)
{
	const struct raft_server *there = with_id(now, m->id);
	struct quorum_step step = { 0 };

	if (there == NULL || slice_equal(m->id, self_id) ||
	    is_alive(members, m->id))
		return (step);
	step.action = QUORUM_REMOVE;
	step.id = there->id;
	step.reason = REASON_LEFT;
	return (step);
}

struct quorum_step
quorum_next(const struct raft_configuration_response *now,
    const struct quorum_members *members, struct slice self_id)
{
	struct quorum_step step = { 0 };

	for (size_t i = 0; i < members->count; i++) {
		const struct quorum_member *m = &members->items[i];

		if (m->id.size == 0)
			continue;
		if (m->has_left)
			step = leave_step(now, members, m, self_id);
		else if (m->is_alive && quorum_rival(members, m) == NULL)
			step = join_step(now, m);
		if (step.action != QUORUM_NOTHING)
			return (step);
	}
	return (step);
}
