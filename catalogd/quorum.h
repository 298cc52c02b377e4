/*
 * Who should take part in Raft, given who is in the pool: one change at a
 * time, until there is nothing left to do.
 *
 * Joins, moves and leaves are decided here, and nothing else is: a server that
 * has failed stays until it is forced out, or autopilot finds it dead.
 *
 * Source  wire/raft.md 5 (joining later, leave); Consul's leader.go,
 *         joinConsulServer and removeConsulServer
 */
#ifndef CATALOGD_QUORUM_H
#define CATALOGD_QUORUM_H

#include "local_types.h"

/* A server of our datacenter, as the pool shows it. */
struct quorum_member {
	struct slice name;
	struct slice id;
	struct slice address; /* "ip:port" */
	bool is_alive;
	bool has_left; /* for good, or was forced out, or reaped */
	bool is_bootstrap;
};

struct quorum_members {
	const struct quorum_member *items;
	size_t count;
};

enum quorum_action {
	QUORUM_NOTHING,
	QUORUM_ADD_NONVOTER,
	QUORUM_ADD_VOTER, /* one that has moved */
	QUORUM_REMOVE,
};

struct quorum_step {
	enum quorum_action action;
	struct slice id;
	struct slice address; /* not to remove */
	const char *reason;   /* to remove: for the log */
};

/* The next change; texts are lent by the arguments. */
struct quorum_step quorum_next(const struct raft_configuration_response *now,
    const struct quorum_members *members, struct slice self_id);

/* The other one of two that were both told to bootstrap; NULL if there is
 * none. Neither is added then. */
const struct quorum_member *quorum_rival(
    const struct quorum_members *, const struct quorum_member *);

#endif
