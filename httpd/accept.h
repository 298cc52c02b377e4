/*
 * Listening sockets, TCP and Unix, and the connections that come to them.
 *
 * Source  api/config.md: addresses.http, unix_sockets; api/http.md 1.11
 */
#ifndef HTTPD_ACCEPT_H
#define HTTPD_ACCEPT_H

struct config;
struct httpd;

/* Open all that the configuration names, while we may, and say so in the log;
 * fatal() where one can't be had. */
void accept_open(struct httpd *, const struct config *);

#endif
