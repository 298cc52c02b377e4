/*
 * /v1/agent/monitor: log lines of all daemons, as they come.
 *
 * Lines of the others come from catalogd (Edge.LogLine) once somebody listens;
 * our own come from our log. A client that cannot keep up misses lines.
 *
 * Source  api/http.md 7, monitor
 */
#ifndef HTTPD_MONITOR_H
#define HTTPD_MONITOR_H

#include "ipc.h"

struct httpd;
struct monitors;

struct monitors *monitors_new(struct httpd *);
/* catalogd is there (again): tell it what we want. */
void monitors_resume(struct monitors *);

call_fn on_log_line; /* Edge.LogLine */
call_fn on_monitor;  /* Edge.Monitor: our own lines do not take that way */

#endif
