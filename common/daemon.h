/*
 * The skeleton of all six daemons: one sequence, one loop, one turn.
 *
 *	config_load      flags and files, as `consul agent` reads them
 *	spec->open       all that needs privileges: ports, keys, files
 *	privsep_drop     user, groups, no_new_privs, Landlock
 *	ipc              first nn_socket(): its thread is confined too
 *	privsep_lock     seccomp on every thread
 *	spec->start      timers, first questions
 *	loop             spec->turn at the end of every turn, then edges flush
 *
 * Every daemon is started as
 *	NAME -run-dir DIR [flags of `consul agent`]
 * and leaves on SIGTERM (SIGINT is a terminal's word to the launcher); SIGHUP
 * reloads; SIGUSR1 writes its figures (metrics.h) to standard error. Exit
 * status: 0 asked to stop, 1 cannot start (said on standard error), 64 has left
 * the cluster, 65 gives up: the whole agent is to end, 66 wants to be started
 * anew: what a reload asks for needs powers given up.
 */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include <ev.h>

#include "config.h"
#include "ipc.h"
#include "listen.h"
#include "wiring.h"

#define EXIT_HAS_LEFT 64
#define EXIT_GIVE_UP  65
#define EXIT_ANEW     66

struct daemon_spec;

struct daemon {
	const struct daemon_spec *spec;
	enum daemon_id id;
	struct config *config; /* owned; replaced by a reload */
	struct ev_loop *loop;
	const char *run_dir;
	struct edge
	    *edges[DAEMON_COUNT]; /* by peer; NULL where there is none */
	void *state;		  /* the daemon's own struct */
	/* private to daemon.c */
	int argc;
	char **argv; /* without -run-dir */
	int exit_status;
	int notify; /* owned; -1: nobody wants to know */
	char path[128];
	call_fn *handlers[METHOD_COUNT];
};

struct daemon_spec {
	enum daemon_id id;
	size_t state_size;	       /* zeroed before open */
	void (*open)(struct daemon *); /* fatal() on failure */
	void (*start)(struct daemon *);
	void (*turn)(struct daemon *); /* may be NULL */
	/* May what a reload read be followed? Else false, and *why. May be
	 * NULL. */
	bool (*check)(
	    const struct daemon *, const struct config *, struct buf *why);
	/* The new configuration is in d->config, the old one still valid. */
	void (*reload)(struct daemon *, const struct config *old);
	void (*stop)(struct daemon *); /* may be NULL; before exit */
	void (*on_peer)(struct daemon *, struct edge *, bool is_up);
	/* METHOD_COUNT, NULL where not served; Edge.Monitor and Edge.Reload
	 * are served by daemon.c where the daemon leaves them NULL. */
	call_fn *const *handlers;
};

int daemon_main(const struct daemon_spec *, int argc, char **argv);
/* Leave the loop; exit with this status. */
void daemon_stop(struct daemon *, int status);
/* Read configuration again and call spec->reload; false and `why` (a text as
 * Consul gives it) when it is broken: the old one then stays. */
bool daemon_reload(struct daemon *, struct buf *why);
/* RUN_DIR/name; lent until the next call. */
const char *daemon_run_path(struct daemon *, const char *name);

#endif
