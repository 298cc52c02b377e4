/* Addresses of the configuration; see config_address.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config_address.h"

#define UNIX_PREFIX "unix://"

static bool
ip_parse(const char *text, struct address *out)
{
	if (inet_pton(AF_INET, text, &out->ip) == 1)
		out->family = AF_INET;
	else if (inet_pton(AF_INET6, text, &out->ip) == 1)
		out->family = AF_INET6;
	else
		return (false);
	inet_ntop(out->family, &out->ip, out->text, sizeof(out->text));
	return (true);
}

enum err
address_parse(struct slice text, struct address *out)
{
	*out = (struct address){ 0 };
	if (text.size == 0 || text.size >= sizeof(out->text) ||
	    memchr(text.data, '\0', text.size) != NULL)
		return (ERR_INVALID);
	memcpy(out->text, text.data, text.size);
	if (slice_starts_with(text, SLICE(UNIX_PREFIX))) {
		out->family = AF_UNIX;
		return (text.size - strlen(UNIX_PREFIX) <
				sizeof(((struct sockaddr_un *)0)->sun_path)
			    ? ERR_OK
			    : ERR_TOO_BIG);
	}
	if (slice_is(text, "[::]"))
		strcpy(out->text, "::");
	return (ip_parse(out->text, out) ? ERR_OK : ERR_INVALID);
}

bool
address_is_any(const struct address *a)
{
	static const struct in6_addr zero;
	size_t size = a->family == AF_INET ? 4 : sizeof(zero);

	return (a->family != AF_UNIX && memcmp(&a->ip, &zero, size) == 0);
}

bool
address_is_in(const struct address *a, const char *network, unsigned bits)
{
	struct address n = { 0 };
	const uint8_t *left = a->ip.s6_addr, *right = n.ip.s6_addr;
	unsigned whole = bits / 8, rest = bits % 8;

	if (!ip_parse(network, &n) || n.family != a->family)
		return (false);
	if (memcmp(left, right, whole) != 0)
		return (false);
	return (rest == 0 ||
		(left[whole] >> (8 - rest)) == (right[whole] >> (8 - rest)));
}

struct network {
	const char *network;
	unsigned bits;
};

static bool
is_in_any(const struct address *a, const struct network *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (address_is_in(a, rows[i].network, rows[i].bits))
			return (true);
	}
	return (false);
}

/* Source: RFC 6890 and the RFCs it lists. */
bool
address_is_private(const struct address *a)
{
	static const struct network rows[] = {
		{ "10.0.0.0", 8 },
		{ "100.64.0.0", 10 },
		{ "127.0.0.0", 8 },
		{ "169.254.0.0", 16 },
		{ "172.16.0.0", 12 },
		{ "192.0.0.0", 24 },
		{ "192.0.2.0", 24 },
		{ "192.168.0.0", 16 },
		{ "::1", 128 },
		{ "2001:db8::", 32 },
		{ "fc00::", 7 },
		{ "fe80::", 10 },
	};

	return (is_in_any(a, rows, sizeof(rows) / sizeof(rows[0])));
}

/* Source: RFC 6890, the rows whose "Forwardable" is false. */
bool
address_is_forwardable(const struct address *a)
{
	static const struct network rows[] = {
		{ "0.0.0.0", 8 },
		{ "127.0.0.0", 8 },
		{ "169.254.0.0", 16 },
		{ "192.0.0.0", 24 },
		{ "192.0.2.0", 24 },
		{ "198.51.100.0", 24 },
		{ "203.0.113.0", 24 },
		{ "240.0.0.0", 4 },
		{ "::", 128 },
		{ "::1", 128 },
		{ "2001:db8::", 32 },
		{ "fe80::", 10 },
	};

	return (!is_in_any(a, rows, sizeof(rows) / sizeof(rows[0])));
}

bool
address_from_socket(const struct sockaddr *from, struct address *out)
{
	const void *ip;

	*out = (struct address){ .family = from->sa_family };
	if (from->sa_family == AF_INET)
		ip =
		    &((const struct sockaddr_in *)(const void *)from)->sin_addr;
	else if (from->sa_family == AF_INET6)
		ip = &((const struct sockaddr_in6 *)(const void *)from)
			  ->sin6_addr;
	else
		return (false);
	memcpy(&out->ip, ip, from->sa_family == AF_INET ? 4 : 16);
	inet_ntop(out->family, &out->ip, out->text, sizeof(out->text));
	return (true);
}

static bool
interface_address(const struct ifaddrs *i, int family, struct address *out)
{
	return (i->ifa_addr != NULL && i->ifa_addr->sa_family == family &&
		(i->ifa_flags & IFF_LOOPBACK) == 0 &&
		(i->ifa_flags & IFF_UP) != 0 &&
		address_from_socket(i->ifa_addr, out) &&
		address_is_private(out) == (family == AF_INET));
}

/* Asked for once, for the reason that interfaces_read has. */
static const struct ifaddrs *
addresses_all(void)
{
	static struct ifaddrs *all;

	if (all == NULL && getifaddrs(&all) != 0)
		return (NULL);
	return (all);
}

enum err
address_detect(int family, struct address *out, struct buf *why)
{
	const char *what = family == AF_INET ? "private IPv4" : "public IPv6";
	const struct ifaddrs *all = addresses_all(), *i;
	struct address found;
	unsigned count = 0;

	if (all == NULL) {
		buf_printf(why, "Error detecting %s address: %s", what,
		    strerror(errno));
		return (ERR_IO);
	}
	for (i = all; i != NULL; i = i->ifa_next) {
		if (!interface_address(i, family, &found))
			continue;
		count++;
		*out = found;
	}
	if (count == 1)
		return (ERR_OK);
	if (count == 0)
		buf_printf(why, "No %s address found", what);
	else
		buf_printf(why,
		    "Multiple %s addresses found. Please configure one with "
		    "'bind' and/or 'advertise'.",
		    what);
	return (ERR_NOT_FOUND);
}

bool
cidr_parse(struct slice text, struct address *ip, unsigned *bits_out)
{
	size_t slash = slice_find(text, '/', 0);
	struct slice bits;
	char digits[4] = "";
	size_t i;

	if (slash == SIZE_MAX ||
	    address_parse(slice_head(text, slash), ip) != ERR_OK ||
	    ip->family == AF_UNIX)
		return (false);
	bits = slice_tail(text, slash + 1);
	if (bits.size == 0 || bits.size >= sizeof(digits))
		return (false);
	for (i = 0; i < bits.size; i++) {
		if (bits.data[i] < '0' || bits.data[i] > '9')
			return (false);
		digits[i] = (char)bits.data[i];
	}
	*bits_out = (unsigned)atoi(digits);
	return (*bits_out <= (ip->family == AF_INET ? 32 : 128));
}

bool
cidr_is_valid(struct slice text)
{
	struct address ip;
	unsigned bits;

	return (cidr_parse(text, &ip, &bits));
}
