/*
 * What scripts get of the agent, and what they may not go beyond: the rows of
 * common/wiring.h, SCRIPT_LIMITS and SCRIPT_ENVIRONMENT.
 *
 * Source  setrlimit(2); Consul gives scripts all of the agent's environment
 *         and limits: a deliberate difference
 */
#ifndef HEALTHD_SCRIPT_RULES_H
#define HEALTHD_SCRIPT_RULES_H

#include "config_keys.h"

/* The runner's own environment from now on, and so that of all it starts.
 * `user` is whose it is now, where that has changed; else NULL. */
void script_environment_clean(const struct config_keys *, const char *user);

#define SCRIPT_LIMITS_MAX 4

struct script_limit {
	int resource;  /* RLIMIT_* */
	uint64_t soft; /* what it begins with; a script may raise it */
	uint64_t hard;
	bool is_of_checks; /* and not of handlers and jobs */
};

struct script_limits {
	struct script_limit rows[SCRIPT_LIMITS_MAX];
	size_t count;
};

/* `is_own_user`: they run as a user of their own, not as the agent's. */
void script_limits_from(
    const struct limits_keys *, bool is_own_user, struct script_limits *);
/* In a script's process, before it is one. False, and errno, where the kernel
 * refuses. */
MUST_CHECK bool script_limits_set(const struct script_limits *, bool is_check);

#endif
