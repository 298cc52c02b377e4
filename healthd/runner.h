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
 * Scripts  a process group each, standard input /dev/null, both outputs in one
 *          pipe of which the end is kept; after its timeout the group is
 *          killed. Environment and folder are the agent's
 * End      when healthd is gone the socket ends: all groups are killed
 * Source   api/config.md 5; Consul agent/checks/check.go, CheckMonitor
 */
#ifndef HEALTHD_RUNNER_H
#define HEALTHD_RUNNER_H

struct runner_ends {
	int scripts; /* to the runner */
	int probes;  /* to the prober */
};

/* The descriptor on which the prober finds its socket. */
#define PROBER_SOCKET 3
#define PROBER_NAME   "healthd-prober"

/* Forks; fatal() if that can't be. */
struct runner_ends runner_start(void);

#endif
