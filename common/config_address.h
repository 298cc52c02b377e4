/*
 * Addresses as configuration gives them: what Go's net.ParseIP takes, unix
 * sockets, and the address of this host that others can be told.
 *
 * Source  api/config.md 2
 */
#ifndef COMMON_CONFIG_ADDRESS_H
#define COMMON_CONFIG_ADDRESS_H

#include <netinet/in.h>

#include "bytes.h"
#include "err.h"

#define ADDRESS_TEXT_MAX 128 /* "unix://" and a socket's path, or an IP */

struct address {
	int family;		     /* AF_INET, AF_INET6, AF_UNIX */
	struct in6_addr ip;	     /* IPv4 in its first four bytes */
	char text[ADDRESS_TEXT_MAX]; /* in its shortest form */
};

/* An IP ("[::]" too, but no other in brackets) or "unix://PATH". */
MUST_CHECK enum err address_parse(struct slice, struct address *);
bool address_is_any(const struct address *);
/* Of AF_INET and AF_INET6 only. */
bool address_from_socket(const struct sockaddr *, struct address *);
bool address_is_in(const struct address *, const char *network, unsigned bits);
bool address_is_private(const struct address *); /* RFC 6890 */
/* Not of those that no router passes on: loopback, link-local, examples. */
bool address_is_forwardable(const struct address *);
/* The only private IPv4 address of this host, or its only public IPv6 one;
 * `why` has Consul's text if there is not exactly one. */
MUST_CHECK enum err address_detect(
    int family, struct address *, struct buf *why);
bool cidr_is_valid(struct slice);
/* The address as it is written: its bits behind the network's may be set. */
bool cidr_parse(struct slice, struct address *, unsigned *bits);

#endif
