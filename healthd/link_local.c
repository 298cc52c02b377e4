/* Which addresses are link-local; see link_local.h. */
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "link_local.h"

#define IPV6_BYTES 16

/* Beginnings of IPv6 addresses, and where an IPv4 one stands behind each. */
/* clang-format off */
static const struct {
	uint8_t prefix[IPV6_BYTES];
	size_t prefix_size;
	size_t at[2]; /* of the first two bytes of the IPv4 address */
} carriers[] = {
	{ { 0 }, 12, { 12, 13 } }, /* ::a.b.c.d */
	{ { [10] = 0xff, 0xff }, 12, { 12, 13 } }, /* mapped */
	{ { [8] = 0xff, 0xff }, 12, { 12, 13 } }, /* translated, RFC 2765 */
	{ { 0, 0x64, 0xff, 0x9b }, 12, { 12, 13 } }, /* NAT64 */
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 6, { 12, 13 } }, /* of one's own, /96 */
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 6, { 9, 10 } }, /* /64 */
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 6, { 7, 9 } }, /* /56 */
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 6, { 6, 7 } }, /* /48 */
	{ { 0x20, 0x02 }, 2, { 2, 3 } }, /* 6to4 */
};
/* clang-format on */

static bool
is_link_local_4(uint8_t first, uint8_t second)
{
	return (first == 169 && second == 254);
}

static bool
is_link_local_6(const uint8_t *bytes)
{
	if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)
		return (true);
	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
		if (memcmp(bytes, carriers[i].prefix,
			carriers[i].prefix_size) == 0 &&
		    is_link_local_4(
			bytes[carriers[i].at[0]], bytes[carriers[i].at[1]]))
			return (true);
	return (false);
}

bool
is_link_local(const struct sockaddr *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	uint8_t bytes[sizeof(in.sin_addr)];

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		memcpy(bytes, &in.sin_addr, sizeof(bytes));
		return (is_link_local_4(bytes[0], bytes[1]));
	case AF_INET6:
		memcpy(&in6, address, sizeof(in6));
		return (is_link_local_6(in6.sin6_addr.s6_addr));
	default:
		return (false);
	}
}
