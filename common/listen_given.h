/*
 * Listening sockets that whoever started us has opened: socket activation, as
 * systemd does it. So a daemon listens on ports below 1024 that never had a
 * capability, and those who connect while it is restarted wait instead of
 * being refused.
 *
 * Sockets are found by what they are bound to, so names and order do not
 * matter. One that nothing asks for is a mistake: its clients would wait for
 * ever.
 *
 * Source  sd_listen_fds(3); systemd.socket(5)
 */
#ifndef COMMON_LISTEN_GIVEN_H
#define COMMON_LISTEN_GIVEN_H

#include <sys/socket.h>

/* First of all: what else was left open (above standard error) by whoever
 * started us is none of ours. */
void listen_given_close_others(void);
/* What $LISTEN_FDS says, if it is meant for us ($LISTEN_PID). Non-blocking and
 * closed on exec from then on. fatal() where one is no socket that listens. */
void listen_given_read(void);
/* The one that is bound to this address; -1 if there is none. */
int listen_given_take(const struct sockaddr *, socklen_t size, int type);
/* All are taken, or fatal() with the names of the others. */
void listen_given_check(void);

#endif
