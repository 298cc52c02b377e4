/*
 * Autopilot: which servers are well, who has earned a vote, and who is dead.
 *
 * Pure: what was measured goes in, what is to be done comes out.
 *
 * Source  wire/raft.md 5; Consul's autopilot.go and promotion.go
 */
#ifndef CATALOGD_AUTOPILOT_H
#define CATALOGD_AUTOPILOT_H

#include "clock.h"
#include "members.h"

/* What is known of one server of Raft's configuration, or of one that only the
 * pool has. */
struct autopilot_server {
	struct server_health health; /* filled in as far as it was measured */
	bool is_in_raft;
	bool is_kept_nonvoter; /* told never to vote */
	struct instant stable_since;
};

struct autopilot_servers {
	struct autopilot_server *items;
	size_t count;
};

/* The leader's own log, when the others were asked. */
struct autopilot_target {
	uint64_t last_index;
	uint64_t last_term;
};

/* What Consul starts with, but for what the agent's own configuration says. */
struct autopilot_config autopilot_default(void);

/* Say of each whether it is well, and since when it is as it is: `before` is
 * what this said last time. */
void autopilot_judge(struct autopilot_servers *,
    const struct autopilot_servers *before, const struct autopilot_config *,
    const struct autopilot_target *, struct instant now);

/* Of all in Raft; servers are lent by the argument. */
void autopilot_reply(const struct autopilot_servers *, struct arena *,
    struct operator_health_reply *);

bool autopilot_promotes(const struct autopilot_server *,
    const struct autopilot_config *, struct instant now);

/* Who is to go, by `force-leave` or out of Raft. */
enum autopilot_end {
	AUTOPILOT_STAYS,
	AUTOPILOT_FORCE_LEAVE, /* failed: the pool knows it */
	AUTOPILOT_REMOVE,      /* Raft knows it, and nobody else does */
};

/* Too many dead at once, and nobody goes but non-voters. */
void autopilot_bury(const struct autopilot_servers *,
    const struct autopilot_config *, enum autopilot_end *ends);

#endif
