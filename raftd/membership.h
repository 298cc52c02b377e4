/*
 * Who takes part in the log: the servers of a configuration entry, quorums,
 * and the changes that may be made to them.
 *
 * Source  hashicorp/raft's rules as wire/raft.md 4 gives them; dissertation
 *         chapter 4 (one server at a time)
 */
#ifndef RAFTD_MEMBERSHIP_H
#define RAFTD_MEMBERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/limits.h"

/* An id (node UUID) or an address ("ip:port"), with a NUL; "" is none. */
struct raft_name {
	char text[RAFT_NAME_BYTES_MAX + 1];
};

/* The numbers are those of the wire. */
enum suffrage {
	SUFFRAGE_VOTER,
	SUFFRAGE_NONVOTER,
	SUFFRAGE_STAGING, /* no vote either; never written by Consul 1.8 */
};

struct member {
	struct raft_name id;
	struct raft_name address;
	enum suffrage suffrage;
};

struct membership {
	struct member members[RAFT_SERVERS_MAX];
	size_t count;
};

enum change_kind {
	CHANGE_ADD_VOTER,    /* also makes a voter of a non-voter */
	CHANGE_ADD_NONVOTER, /* never takes a vote away */
	CHANGE_DEMOTE,
	CHANGE_REMOVE,
};

struct change {
	enum change_kind kind;
	struct raft_name id;
	struct raft_name address; /* for the two that add */
};

struct raft_name raft_name_of(const char *text); /* cut at the limit */
bool raft_name_is(const struct raft_name *, const struct raft_name *);
bool raft_name_is_set(const struct raft_name *);

/* NULL if there is none. */
const struct member *membership_find(
    const struct membership *, const struct raft_name *id);
const struct member *membership_find_address(
    const struct membership *, const struct raft_name *address);
bool membership_is_voter(const struct membership *, const struct raft_name *id);
size_t membership_voter_count(const struct membership *);
size_t membership_quorum(const struct membership *); /* more than half */

/* No id or address empty or twice, and at least one voter. */
bool membership_is_sound(const struct membership *);
/* What `change` makes of it; false, and *after untouched, if that would not
 * be sound or there is no room. */
bool membership_change(
    const struct membership *, const struct change *, struct membership *after);

#endif
