/*
 * Remote execution, the agent's side: `consul exec` puts a job into the KV
 * store and tells all agents by an event; whoever allows it
 * (disable_remote_exec = false) runs it, and writes into the store what comes
 * of it (proconsul/exec.h has the layout).
 *
 * Trust   whoever may write below the prefix and fire the event can run
 *         anything here, as the runner's user: that is what the key allows
 * Bounds  JOBS_MAX at once; the output waits in pieces of 4 KB, of which
 *         STREAM_CREDITS are under way, and the job waits for them
 * Source  Consul agent/remote_exec.go
 */
#ifndef HEALTHD_REMOTE_EXEC_H
#define HEALTHD_REMOTE_EXEC_H

#include "ipc.h"

#define JOBS_MAX 64

/* Agent.RemoteExec: gossipd has heard the event, and it is for us. Answered at
 * once, with nothing. */
void on_remote_exec(struct daemon *, struct call *, const void *request);

#endif
