/*
 * Whether an address is link-local: what is only reached on this link, such as
 * 169.254.169.254, where clouds keep what their machines may know.
 *
 * Source  RFC 3927 (169.254.0.0/16), RFC 4291 2.5.6 (fe80::/10). An IPv4
 *         address may stand in an IPv6 one: RFC 4291 2.5.5 (::a.b.c.d and
 *         ::ffff:a.b.c.d), RFC 6052 and 8215 (NAT64), RFC 3056 (6to4)
 */
#ifndef HEALTHD_LINK_LOCAL_H
#define HEALTHD_LINK_LOCAL_H

#include <stdbool.h>
#include <sys/socket.h>

bool is_link_local(const struct sockaddr *);

#endif
