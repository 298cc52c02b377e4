/*
 * Arithmetic with addresses, and lists without repetitions, for templates; see
 * config_interfaces.h.
 *
 * Source  hashicorp/go-sockaddr, ifaddrs.go, IfAddrMath and UniqueIfAddrsBy;
 *         texts of the real 1.8.7, but that it tells more of the interface
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_interfaces.h"
#include "flags.h"

typedef unsigned __int128 number;

static unsigned
ip_size(const struct interface *i)
{
	return (i->ip.family == AF_INET ? 4 : 16);
}

static number
ip_number(const struct interface *i)
{
	const uint8_t *bytes = (const uint8_t *)&i->ip.ip;
	number value = 0;
	unsigned at;

	for (at = 0; at < ip_size(i); at++)
		value = value << 8 | bytes[at];
	return (value);
}

static void
ip_set(struct interface *i, number value)
{
	uint8_t *bytes = (uint8_t *)&i->ip.ip;
	unsigned at;

	for (at = ip_size(i); at-- > 0; value >>= 8)
		bytes[at] = (uint8_t)value;
	inet_ntop(i->ip.family, bytes, i->ip.text, sizeof(i->ip.text));
}

/* Ones where the host's part is. */
static number
host_mask(const struct interface *i)
{
	unsigned bits = 8 * ip_size(i) - i->prefix;

	return (bits >= 128 ? ~(number)0 : ((number)1 << bits) - 1);
}

static void
put_quoted(struct buf *why, const char *before, const char *text)
{
	buf_put_text(why, before);
	flag_put_quoted(why, text);
}

static enum err
offset_parse(const char *operation, const char *text, bool is_short,
    int64_t *out, struct buf *why)
{
	long long value;
	bool is_number;
	char *end;

	if (*text != '+' && *text != '-') {
		put_quoted(
		    why, "sign (+/-) is required for operation ", operation);
		return (ERR_INVALID);
	}
	errno = 0;
	value = strtoll(text, &end, 10);
	is_number = text[1] >= '0' && text[1] <= '9' && *end == '\0';
	if (is_number && errno == 0 &&
	    (!is_short || (value >= INT32_MIN && value <= INT32_MAX))) {
		*out = value;
		return (ERR_OK);
	}
	put_quoted(why, "unable to convert ", text);
	put_quoted(why, " to int for operation ", operation);
	put_quoted(why, ": strconv.ParseInt: parsing ", text);
	buf_put_text(
	    why, is_number ? ": value out of range" : ": invalid syntax");
	return (ERR_INVALID);
}

/* "address": from the address on. "network": from the network's first address
 * or, backwards, from behind its last; it stays inside. */
static enum err
interface_math(struct interface *i, const char *operation, const char *text,
    struct buf *why)
{
	bool is_network = strcmp(operation, "network") == 0;
	number mask = host_mask(i), old = ip_number(i);
	int64_t offset;
	enum err err;

	if (!is_network && strcmp(operation, "address") != 0) {
		put_quoted(why, "unsupported math operation: ", operation);
		return (ERR_INVALID);
	}
	err = offset_parse(operation, text, is_network, &offset, why);
	if (err != ERR_OK)
		return (err);
	if (is_network)
		ip_set(i, (old & ~mask) | ((number)offset & mask));
	else
		ip_set(i, old + (number)offset);
	return (ERR_OK);
}

enum err
interfaces_math(struct interface_list *list, const char *operation,
    const char *text, struct buf *why)
{
	struct buf reason = { 0 };
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; err == ERR_OK && i < list->count; i++) {
		struct interface *one = &list->items[i];

		err = interface_math(one, operation, text, &reason);
		if (err != ERR_OK)
			buf_printf(why,
			    "unable to perform an IPMath operation on %s/%u: "
			    "%s",
			    one->ip.text, one->prefix, buf_text(&reason));
	}
	buf_deinit(&reason);
	return (err);
}

enum err
interfaces_unique(
    struct interface_list *list, const char *selector, struct buf *why)
{
	bool is_name = strcasecmp(selector, "name") == 0;
	size_t i, count = 0;

	if (!is_name && strcasecmp(selector, "address") != 0) {
		put_quoted(why, "unsupported unique constraint ", selector);
		return (ERR_INVALID);
	}
	for (i = 0; i < list->count; i++) {
		const struct interface *one = &list->items[i];
		const struct interface *last =
		    count > 0 ? &list->items[count - 1] : NULL;

		if (last != NULL &&
		    (is_name ? strcmp(one->name, last->name) == 0
			     : strcmp(one->ip.text, last->ip.text) == 0))
			continue;
		list->items[count++] = *one;
	}
	list->count = count;
	return (ERR_OK);
}

/* --- Attributes. --- */

static void
put_ip(const struct interface *i, number value, struct buf *out)
{
	struct interface copy = *i;

	ip_set(&copy, value);
	buf_put_text(out, copy.ip.text);
}

static void
put_decimal(number value, struct buf *out)
{
	char digits[40];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + (unsigned)(value % 10));
		value /= 10;
	} while (value > 0);
	buf_put(out, digits + at, sizeof(digits) - at);
}

static void
put_octets(const struct interface *i, const char *name, struct buf *out)
{
	const uint8_t *bytes = (const uint8_t *)&i->ip.ip;
	unsigned at, bit;

	for (at = 0; at < ip_size(i); at++) {
		if (strcmp(name, "hex") == 0)
			buf_printf(out, "%02x", bytes[at]);
		else if (strcmp(name, "octets") == 0)
			buf_printf(out, "%s%u", at > 0 ? " " : "", bytes[at]);
		else
			for (bit = 8; bit-- > 0;)
				buf_put_u8(
				    out, bytes[at] >> bit & 1 ? '1' : '0');
	}
}

/* The first and last of a network that a host may have: in IPv4 neither the
 * network's own nor that of all, where there are others. */
static void
put_usable(const struct interface *i, bool is_first, struct buf *out)
{
	number mask = host_mask(i), network = ip_number(i) & ~mask;
	bool has_others = i->ip.family == AF_INET && mask > 1;

	put_ip(i,
	    is_first ? network + has_others : (network | mask) - has_others,
	    out);
}

bool
interface_computed(const struct interface *i, const char *name, struct buf *out)
{
	number mask = host_mask(i), ip = ip_number(i);
	bool is_ipv4 = i->ip.family == AF_INET;

	if (strcmp(name, "network") == 0)
		put_ip(i, ip & ~mask, out);
	else if (strcmp(name, "netmask") == 0)
		put_ip(i, ~mask, out);
	else if (strcmp(name, "broadcast") == 0 && is_ipv4)
		put_ip(i, ip | mask, out);
	else if (strcmp(name, "host") == 0)
		put_ip(i, ip, out);
	else if (strcmp(name, "first_usable") == 0)
		put_usable(i, true, out);
	else if (strcmp(name, "last_usable") == 0)
		put_usable(i, false, out);
	else if (strcmp(name, "size") == 0)
		put_decimal(mask + 1, out);
	else if (strcmp(name, is_ipv4 ? "uint32" : "uint128") == 0)
		put_decimal(ip, out);
	else if (strcmp(name, "port") == 0)
		buf_put_u8(out, '0');
	else if (strcmp(name, "hex") == 0 || strcmp(name, "octets") == 0 ||
		 strcmp(name, "binary") == 0)
		put_octets(i, name, out);
	else
		return (false);
	return (true);
}
