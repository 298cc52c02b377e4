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

/* The limit may change meanwhile: it is lent. */
struct clients *clients_new(const unsigned *connections_max);
/* One more from this address; NULL if it has enough already. */
struct client *clients_enter(struct clients *, const struct sockaddr_storage *);
struct slice client_address(const struct client *);
void clients_leave(struct clients *, struct client *); /* NULL is fine */

#endif
