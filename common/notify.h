/*
 * Telling whoever started us that we are up, as systemd has it: a datagram to
 * the socket named in $NOTIFY_SOCKET. The launcher uses the same for its
 * daemons.
 *
 * Source  sd_notify(3), sd_watchdog_enabled(3)
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include "bytes.h"

/* Before privileges are dropped; -1 where nobody wants to know. */
int notify_open(void);
/* What a service manager wants to hear "WATCHDOG=1" within: half of the time
 * after which it takes us for hanging. Seconds; 0 where it does not watch us
 * (WATCHDOG_USEC is not there, or is another process's). */
double notify_watchdog_s(void);
void notify_send(int fd, const char *text); /* "READY=1"; -1 is fine */

#endif
