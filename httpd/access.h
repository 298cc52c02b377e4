/*
 * What the log says of requests: errors always, all of them with -log-level
 * debug; tokens never.
 *
 * Source  Consul's agent.http: "Request finished", "Request error"
 */
#ifndef HTTPD_ACCESS_H
#define HTTPD_ACCESS_H

#include "clock.h"
#include "parse.h"

/* Zeroed at first; one for each connection, for one request after the other. */
struct access {
	struct buf what; /* method, target */
	struct instant begun;
};

void access_begin(struct access *, const struct head *);
/* `fd` is the client's socket. */
void access_error(const struct access *, int fd, struct slice why);
void access_end(const struct access *, int fd);
void access_deinit(struct access *);

#endif
