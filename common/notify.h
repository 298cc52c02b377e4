/*
 * Telling whoever started us that we are up, as systemd has it: a datagram to
 * the socket named in $NOTIFY_SOCKET. The launcher uses the same for its
 * daemons.
 *
 * Source  sd_notify(3)
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include "bytes.h"

/* Before privileges are dropped; -1 where nobody wants to know. */
int notify_open(void);
void notify_send(int fd, const char *text); /* "READY=1"; -1 is fine */

#endif
