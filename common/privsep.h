/*
 * Privileges: the only place that may change users, Landlock or seccomp.
 *
 * drop  user and groups of wiring.h, no way back, no new privileges, not
 *       dumpable, Landlock to the folders of wiring.h
 * lock  seccomp on every thread, after nanomsg has started its own
 *
 * Who may change users (root, or CAP_SETUID and CAP_SETGID by any other way)
 * gets the user that wiring.h names; where the system has no such user
 * (nothing installed yet), uid and gid PRIVSEP_UID_BASE + id, in the range
 * that systemd, too, hands out to short-lived users. Started by anyone else,
 * say by systemd as that very user, all daemons stay who they are, and the
 * rest still holds: no capability in any set, and what follows above.
 */
#ifndef COMMON_PRIVSEP_H
#define COMMON_PRIVSEP_H

#include <sys/types.h>

#include "config.h"
#include "wiring.h"

#define PRIVSEP_UID_BASE 61400

uid_t privsep_uid(enum daemon_id);
gid_t privsep_gid(enum daemon_id);
bool privsep_may_change_users(void);
/* The group that may read the configuration, the generation page and the pages
 * of figures, of which Landlock then leaves each what wiring.h says. Every
 * daemon is in it; who is not, and may not change that, has its own group. */
gid_t privsep_page_gid(void);

/* fatal() where something that the kernel has is refused; where the kernel
 * lacks a mechanism the log says so, once. Before it gives up anything, drop
 * writes down what will be left: powers_record.h. */
void privsep_drop(enum daemon_id, const struct config *, const char *run_dir);
void privsep_lock(enum daemon_id, const struct config *);

/* The launcher. It stays root if it was started by root, for it must be able
 * to start each daemon anew: the powers that they need at their start are all
 * that it keeps, and all that its children can have. */
void privsep_bound_launcher(void);
/* Die with the process that has started us, even if it has died already. Only
 * for children of ours: the signal comes with the end of the very thread that
 * started us, and a supervisor's threads, or a shell, may end before it does.
 * A change of users undoes it. */
void privsep_tie_to_parent(pid_t parent);

/* healthd's helpers (wiring.h, HELPERS). The runner only changes its user, for
 * what scripts may do is that user's affair; the prober, which it starts and
 * which therefore has that user already, does all of drop and lock at once. */
void privsep_drop_runner(void);
void privsep_confine_prober(void);

/* For the audit: what a daemon, or helper - DAEMON_COUNT, is to have by the
 * tables and this configuration, whoever asks; `record` gets the lines of
 * powers_record.h from "landlock" on. */
struct privsep_declared {
	uid_t uid;
	gid_t gid;
	gid_t page_gid; /* its one supplementary group, if has_page_group */
	bool has_page_group;
	bool is_confined; /* by Landlock and seccomp */
	bool has_users;	  /* else there is one user only, as in a container */
};

struct privsep_declared privsep_declared(size_t subject);
void privsep_declare_record(size_t subject, const struct config *,
    const char *run_dir, struct buf *record);

#endif
