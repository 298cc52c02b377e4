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
