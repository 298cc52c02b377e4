/*
 * What catalogd may trust: on a follower when the leader last spoke, on a
 * leader until when nobody else can lead. See local_types.h, RAFT_CONTACT.
 *
 * It goes with turns that there are anyway, mostly those of a heartbeat: a
 * cluster with nothing to do does not wake up for it.
 */
#include "raftd.h"

#define CONTACT_STEP_MAX MILLISECONDS(200)

static struct raft_contact
look(const struct raftd *d)
{
	const struct raft *raft = &d->raft;
	struct raft_contact now = {
		.has_contact = raft->role != ROLE_LEADER && raft->has_contact,
		.last_contact = raft->contact.ns,
	};

	if (!now.has_contact)
		now.last_contact = 0;
	if (raft_is_ready(raft) && !raft_is_sole_voter(raft))
		now.lease_until = raft_lease(raft).ns;
	return (now);
}

static int64_t
step_ns(const struct raft *raft)
{
	int64_t fifth = raft->options.lease_timeout.ns / 5;

	return (fifth < CONTACT_STEP_MAX.ns ? fifth : CONTACT_STEP_MAX.ns);
}

static bool
is_worth_telling(const struct raftd *d, const struct raft_contact *now)
{
	const struct raft_contact *told = &d->feed.contact;
	int64_t step = step_ns(&d->raft);

	if (now->has_contact != told->has_contact ||
	    (now->lease_until == 0) != (told->lease_until == 0))
		return (true);
	/* A lease may fall, too: by a change of who takes part. */
	return (now->last_contact - told->last_contact >= step ||
		now->lease_until - told->lease_until >= step ||
		now->lease_until < told->lease_until);
}

void
contact_tell(struct raftd *d)
{
	struct raft_contact now = look(d);

	if (is_worth_telling(d, &now) &&
	    edge_tell(d->daemon->edges[DAEMON_catalogd], METHOD_Raft_Contact,
		&raft_contact_type, &now) == ERR_OK)
		d->feed.contact = now;
}
