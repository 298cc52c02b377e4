/*
 * The runner: a child of healthd that runs the scripts of checks.
 *
 * It is forked in open(), before nanomsg has a thread and before healthd gives
 * up its privileges, and changes to a user of its own. So healthd itself needs
 * neither fork nor exec nor network afterwards.
 *
 * It also starts the prober (prober/main.c, the program that carries libcurl
 * and its thirty libraries), but only when the first request for it waits in
 * its socket, and again when it has ended and there is more to do: an agent
 * without HTTP and TCP checks never pays for it. A prober that dies takes the
 * requests it had with it; the runner says so to healthd.
 *
 * Scripts  a session each, and a keeper (keeper.h); standard input /dev/null,
 *          both outputs in one pipe of which the end is kept; after its
 *          timeout all of it is killed. The folder is the agent's, and of its
 *          environment and limits what script_rules.h leaves
 * End      when healthd is gone the socket ends: all scripts are killed
 * Source   api/config.md 5; Consul agent/checks/check.go, CheckMonitor
 */
#ifndef HEALTHD_RUNNER_H
#define HEALTHD_RUNNER_H

#include "config_keys.h"

struct runner_ends {
	int scripts; /* to the runner */
	int probes;  /* to the prober */
};

/* The descriptor on which the prober finds its socket. */
#define PROBER_SOCKET 3
#define PROBER_NAME   "healthd-prober"

/* Forks; fatal() if that can't be. */
struct runner_ends runner_start(const struct config_keys *);

#endif
