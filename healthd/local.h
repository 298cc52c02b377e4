/*
 * This agent's own services and checks, and all that happens to them: they
 * are registered, updated, run out, are reloaded and taken away again. What
 * the catalog knows of them is kept as a mark on each (sync.h).
 *
 * Pure: `now` and the seed of the random numbers are given, and what is to be
 * done outside comes back as effects, in order.
 *
 * Ownership  each row owns all its texts in an arena; what callers hand in is
 *            copied
 * Errors     a refusal leaves everything as it was, and `why` has Consul's
 *            text
 * Source     api/semantics.md 5 and 8, api/http.md 7, api/config.md 4 to 6;
 *            Consul agent/agent.go, agent/local/state.go
 */
#ifndef HEALTHD_LOCAL_H
#define HEALTHD_LOCAL_H

#include "agenda.h"
#include "arena.h"
#include "check.h"
#include "err.h"
#include "local_types.h"
#include "table.h"

/* Ids that belong to the leader: never touched (api/semantics.md 8). */
#define LEADER_SERVICE_ID "consul"
#define LEADER_CHECK_ID	  "serfHealth"

#define NODE_MAINTENANCE_ID	   "_node_maintenance"
#define SERVICE_MAINTENANCE_PREFIX "_service_maintenance:"

enum source {
	SOURCE_API,   /* saved in the data directory */
	SOURCE_FILE,  /* of a configuration file; gone when it is */
	SOURCE_AGENT, /* maintenance mode: saved, and not of any file */
};

/* What the catalog knows of a row. */
struct mark {
	bool is_in_sync;  /* it has what we have */
	bool is_deleted;  /* it is still to forget this */
	bool has_failed;  /* tried; wait for the next full sync */
	uint64_t change;  /* number of the last change to the row, never 0 */
	uint64_t pushing; /* change that is on its way, or 0 */
};

struct local_service {
	struct row row; /* first: row.id */
	struct arena arena;
	struct node_service service;
	struct slice token;
	struct slice definition; /* of a file: encoded, to compare at reload */
	enum source source;
	bool is_listed; /* while a reload runs: it is in the files */
	struct mark mark;
};

struct local_check {
	struct row row; /* first */
	struct arena arena;
	struct health_check check; /* status and output always up to date */
	struct check_type type;	   /* zero for maintenance */
	enum check_kind kind;
	enum check_status status;
	enum source source;
	bool is_listed;
	struct slice token;
	struct buf output;    /* check.output shows it */
	struct buf last_note; /* of a TTL check, for when it runs out */
	struct check_counts counts;
	struct duration deregister_after; /* 0: never */
	struct instant critical_since;	  /* INSTANT_NEVER where it is not */
	struct agenda_entry timer;	  /* next run; end of a TTL */
	struct agenda_entry output_timer; /* output waits to be told */
	uint64_t run; /* number of the run under way, or 0 */
	/* healthd alone was restarted, and no run has ended since: what the
	 * catalog has of it is what was found last. */
	bool is_unproven;
	bool was_lost; /* the run before this one, with its helper */
	struct mark mark;
};

struct local_config {
	struct slice node; /* these two are lent by whoever set them */
	struct slice datacenter;
	size_t output_max;
	struct duration update_interval; /* of output alone */
	bool has_remote_scripts;
	bool has_local_scripts;
	bool discards_output;
};

/* What is to be done outside. */
enum effect_kind {
	EFFECT_SAVE_SERVICE, /* id is the service's */
	EFFECT_DROP_SERVICE,
	EFFECT_SAVE_CHECK, /* id is the check's, here and below */
	EFFECT_DROP_CHECK,
	EFFECT_SAVE_STATE, /* of a TTL check */
	EFFECT_DROP_STATE,
	EFFECT_RUN,    /* the check's run number `run` */
	EFFECT_CANCEL, /* forget about that run */
	EFFECT_HANGS,  /* it should have ended long ago: its helper hangs */
};

struct effect {
	enum effect_kind kind;
	struct buf id; /* owned */
	uint64_t run;
};

struct local {
	struct local_config config;
	struct table services; /* of struct local_service */
	struct table checks;   /* of struct local_check */
	struct agenda agenda;
	struct agenda_entry reap_timer;
	struct effect *effects; /* owned */
	size_t effect_count, effect_capacity;
	uint64_t changes;	  /* counts every change of a row */
	uint64_t service_changes; /* of what services are */
	uint64_t runs;
	uint64_t random; /* state of the generator */
	bool has_stale_aliases;
};

void local_init(struct local *, const struct local_config *, uint64_t seed);
void local_deinit(struct local *);
void local_effects_clear(struct local *); /* they are done */
/* Uniform in 0 .. span. */
struct duration local_random(struct local *, struct duration span);

/* NULL for what is unknown or deleted. */
struct local_service *local_service_find(const struct local *, struct slice);
struct local_check *local_check_find(const struct local *, struct slice);

/* --- Services (local_service.c). --- */

struct service_registration {
	const struct service_definition *definition; /* validated */
	struct slice token;
	enum source source;
	bool replaces_checks; /* take away checks that are not in it */
	bool keeps_schedule;  /* of checks that are as they were */
};

MUST_CHECK enum err local_register_service(struct local *,
    const struct service_registration *, struct instant now, struct buf *why);
/* As it was saved: no checks, nothing to be validated but its addresses. */
void local_restore_service(
    struct local *, const struct node_service *, struct slice token);
/* With its checks; an unknown one is only logged, as Consul does it. */
void local_deregister_service(struct local *, struct slice id);

/* --- Checks (local_check.c). --- */

struct check_registration {
	/* CheckID, Name, Notes, Status, ServiceID; the rest is filled in. */
	struct health_check check;
	const struct check_type *type; /* NULL for maintenance */
	struct slice token;
	enum source source;
	bool keeps_schedule;
	bool is_typeless; /* Consul gives files' own checks no Type */
	bool is_saved;	  /* that is where it comes from */
};

/* Whether the agent runs such checks: ERR_REFUSED and `why`. */
MUST_CHECK enum err local_check_allowed(const struct local *,
    const struct check_type *, enum source, struct buf *why);
MUST_CHECK enum err local_register_check(struct local *,
    const struct check_registration *, struct instant now, struct buf *why);
/* Taken for granted that it may be; used by the services' checks too. */
void local_put_check(
    struct local *, const struct check_registration *, struct instant now);
void local_deregister_check(struct local *, struct slice id);
/* pass, warn, fail, update: only of a TTL check. */
MUST_CHECK enum err local_update_ttl(struct local *, struct slice id,
    enum check_status, struct slice note, struct instant now, struct buf *why);
/* A TTL check's state as it was saved, with what is left of its time. */
void local_restore_ttl(struct local *, struct slice id, enum check_status,
    struct slice output, struct duration left, struct instant now);
/* Set status and output, and mark what the catalog is to be told. */
void local_set_status(struct local *, struct local_check *, enum check_status,
    struct slice output, struct instant now);
void local_maintenance(struct local *, const struct local_service *,
    bool is_enabled, struct slice reason, struct slice token,
    struct instant now); /* service NULL: the node's */
/* All checks that are run are unproven: they were known before. */
void local_resume(struct local *);
/* Aliases follow what they stand for; to be called once events are done. */
void local_settle(struct local *, struct instant now);

/* --- Time and runs (local_run.c). --- */

/* How a run ended, beside status and output: for the log. */
enum run_end {
	RUN_DONE,
	RUN_NOT_STARTED,   /* a script */
	RUN_TIMED_OUT,	   /* a script; killed, and its end is still to come */
	RUN_NOT_CONNECTED, /* tcp */
	RUN_GONE,	   /* after RUN_TIMED_OUT: only now it may run again */
	RUN_OUTPUT,	   /* not at all: a piece of a job's output */
};

#define RUN_GRACE SECONDS(30) /* beyond its timeout, for the helper */

/* Do all that is due by `now`; true if AGENDA_SYNC was (it is sync.c's). */
bool local_due(struct local *, struct instant now);
/* Its helper has died with it: once it is run again at once, and what is lost
 * twice in a row is critical. */
void local_run_lost(
    struct local *, struct local_check *, struct slice output, struct instant);
/* A run has ended. Unknown checks and old runs are ignored. */
void local_run_ended(struct local *, struct slice check_id, uint64_t run,
    enum run_end, enum check_status, struct slice output, struct instant now);

/* --- Reload (local_reload.c). --- */

struct definitions {
	const struct service_definition *services; /* lent */
	size_t service_count;
	const struct check_definition *checks; /* lent */
	size_t check_count;
};

/* Make what came of files be as these say: a diff. All of them are looked at
 * before anything is touched. */
MUST_CHECK enum err local_reload(struct local *, const struct definitions *,
    struct instant now, struct buf *why);
/* Only the look at them. */
MUST_CHECK enum err local_reload_check(
    const struct local *, const struct definitions *, struct buf *why);

/* --- Between these files. --- */
void local_changed(struct local *, struct mark *);
void local_service_changed(struct local *, struct local_service *);
void local_effect(
    struct local *, enum effect_kind, struct slice id, uint64_t run);
/* Out of the tables for good: the catalog has forgotten it, too. */
void local_service_forget(struct local *, struct local_service *);
void local_check_forget(struct local *, struct local_check *);
/* A row that only the catalog knows: to be deleted there. */
void local_service_shadow(struct local *, struct slice id);
void local_check_shadow(
    struct local *, struct slice id, struct slice service_id);

#endif
