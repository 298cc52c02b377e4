/*
 * The `watches` of a configuration: what each asks, and what it runs.
 *
 * Errors  Consul's texts; they end an agent that starts, and a reload
 * Source  api/config.md 3, watches; Consul api/watch, agent.go
 *         (makeWatchPlan), as observed
 */
#ifndef COMMON_WATCH_PLAN_H
#define COMMON_WATCH_PLAN_H

#include "config.h"

enum watch_kind {
	WATCH_KEY,
	WATCH_KEYPREFIX,
	WATCH_SERVICES,
	WATCH_NODES,
	WATCH_SERVICE,
	WATCH_CHECKS,
	WATCH_EVENT,
	WATCH_AGENT_SERVICE,
};

/* Texts are lent by the configuration, or by the arena. */
struct watch_plan {
	enum watch_kind kind;
	struct slice type; /* "keyprefix" */
	struct slice datacenter, token;
	struct slice subject; /* key, prefix, service, name or id */
	struct slice state;   /* of checks; "any" where no service is given */
	struct slice_list tags;
	bool is_stale;
	bool is_passing_only;
	/* One of three: */
	struct slice_list args;
	struct slice handler; /* a line for a shell */
	bool is_http;
	struct check_type http; /* its method, path, header, timeout */
};

struct watch_plans {
	struct watch_plan *items; /* in the arena */
	size_t count;
};

MUST_CHECK enum err watch_plans_read(const struct config *, struct arena *,
    struct watch_plans *, struct buf *why);

#endif
