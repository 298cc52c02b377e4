/*
 * `exec`: a command put before many agents by way of the KV store.
 *
 *	PREFIX/SESSION/job		what is to be run (JSON)
 *	PREFIX/SESSION/NODE/ack		a node will do it
 *	PREFIX/SESSION/NODE/out/NNNNN	a piece of its output; empty: it lives
 *	PREFIX/SESSION/NODE/exit	how it ended, in decimal
 *
 * All keys are held by one session, which takes them with it. Event `_rexec`
 * tells the agents where to look. exec.c makes the job, exec_wait.c hears how
 * it goes.
 *
 * Source  hashicorp/consul/command/exec, as observed; api/cli.md 3
 */
#ifndef PROCONSUL_EXEC_H
#define PROCONSUL_EXEC_H

#include "clock.h"
#include "command.h"

#define EXEC_JOB "job"

struct exec_options {
	struct client_options client;
	const char *node;
	const char *service;
	const char *tag;
	const char *prefix;
	bool uses_shell;
	bool is_verbose;
	struct duration wait;
	struct duration replication_wait;
};

struct exec {
	struct run *run; /* lent */
	const struct exec_options *options;
	struct buf script;   /* owned; from standard input */
	const char *command; /* "" where there is a script or arguments */
	const char
	    *local_datacenter; /* where the job is for another; or NULL */
	const char *local_node;
	const char *session; /* NULL: none */
	int signals;
	bool is_stopped;
	struct call *renewal; /* owned; of the session, NULL: none under way */
	struct arena renewal_arena;
	struct instant renew_at; /* NEVER once one has failed */
	unsigned acked, exited, failed;
};

/* PREFIX/SESSION, and a name below it unless that is empty. */
const char *exec_path(const struct exec *, struct arena *, const char *name);
/* Wait for a call (NULL: none) until a time, renewing the session meanwhile;
 * returns when something has happened. Signals set is_stopped. */
void exec_pause(struct exec *, const struct call *, struct instant until);

/* --- exec_wait.c --- */
/* Tell what the nodes say until they are silent; the exit status. */
int exec_wait(struct exec *);

#endif
