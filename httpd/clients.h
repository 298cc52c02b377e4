/*
 * How many connections each client address has.
 *
 * Source  limits.http_max_conns_per_client; api/http.md 1.11
 */
#ifndef HTTPD_CLIENTS_H
#define HTTPD_CLIENTS_H

#include <sys/socket.h>

#include "bytes.h"

struct clients;
struct client; /* one address, as long as it has a connection */

struct clients *clients_new(unsigned connections_max);
/* One more from this address; NULL if it has enough already. */
struct client *clients_enter(struct clients *, const struct sockaddr_storage *);
void clients_leave(struct clients *, struct client *); /* NULL is fine */

#endif
