/* Endpoints as text and as the kernel has them. */
#ifndef GOSSIPD_ADDRESS_H
#define GOSSIPD_ADDRESS_H

#include <sys/socket.h>

#include "common/arena.h"
#include "message.h"

#define IP_TEXT_MAX	  46
#define ENDPOINT_TEXT_MAX (IP_TEXT_MAX + 8)

/* "127.0.0.1" or "fd00::1"; false where it is no address. Keeps the port. */
bool endpoint_parse_ip(const char *text, struct endpoint *);
const char *endpoint_print_ip(const struct endpoint *, char[IP_TEXT_MAX]);
/* "127.0.0.1:8301", "[fd00::1]:8301" */
const char *endpoint_print(const struct endpoint *, char[ENDPOINT_TEXT_MAX]);
/* The same back; also without the brackets, as Serf's snapshot has it. */
bool endpoint_parse(struct slice, struct endpoint *);

/* For a socket of this family; 0 where the address is of the other. */
socklen_t endpoint_to_socket(
    const struct endpoint *, int family, struct sockaddr_storage *);
void endpoint_of_socket(const struct sockaddr_storage *, struct endpoint *);

#endif
