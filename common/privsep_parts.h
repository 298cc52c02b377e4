/* What privsep.c is made of; for nobody else. */
#ifndef COMMON_PRIVSEP_PARTS_H
#define COMMON_PRIVSEP_PARTS_H

#include <sys/types.h>

#include "config.h"
#include "wiring.h"

struct privsep_ids {
	uid_t uid;
	gid_t gid;
};

struct privsep_scope {
	enum daemon_id id;
	const struct daemon_row *row; /* lent */
	const struct config *config;  /* lent */
	const char *run_dir;	      /* lent */
};

/* Those of privsep_calls.h: a daemon by its id, and then the prober. */
#define PRIVSEP_PROGRAM_COUNT (DAEMON_COUNT + 1)

/* Of this name, or the number where the system has no such user; our own
 * where we may not change users. */
struct privsep_ids privsep_ids_of(const char *name, size_t number);
struct privsep_ids privsep_ids_named(const char *, size_t); /* whoever asks */
gid_t privsep_page_gid_named(void);
bool privsep_users_are_mapped(void); /* more than one */
/* This user for good, if users may be changed; no capability in any set. */
void privsep_become(struct privsep_ids, bool has_page_group);
/* Of all sets; none becomes inheritable. */
void privsep_capabilities_keep(const int *list, size_t count);

/* A ruleset to restrict with later, and its lines for the record (which may
 * be all that is asked for: `is_ours` false). -1: this kernel has none. */
int privsep_landlock_prepare(
    const struct privsep_scope *, bool is_ours, struct buf *record);
void privsep_landlock_restrict(int ruleset);

/* `reaches_out`: may open sockets of the internet, of who may at all. */
void privsep_seccomp(size_t program, bool reaches_out);
void privsep_seccomp_put(size_t program, bool reaches_out, struct buf *record);

/* `is_late`: those that are for when all threads are there. */
void privsep_limits_set(size_t program, bool is_late);
/* What these will be, and what the table says. */
void privsep_limits_put(size_t program, struct buf *record);
void privsep_limits_declare(size_t program, struct buf *record);

#endif
