/* Interfaces, filtered and sorted; see config_interfaces.h. */
#include <ctype.h>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_interfaces.h"
#include "flags.h"
#include "xmalloc.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* --- Reading. --- */

static unsigned
prefix_of(const struct sockaddr *mask)
{
	struct address m = { 0 };
	unsigned i, bits = 0;

	if (mask == NULL || !address_from_socket(mask, &m))
		return (0);
	for (i = 0; i < 16; i++)
		bits += (unsigned)__builtin_popcount(m.ip.s6_addr[i]);
	return (bits);
}

/* Of IPv4, or of IPv6 where there is none. */
static void
default_name_read(char name[IF_NAMESIZE])
{
	FILE *in = fopen("/proc/net/route", "re");
	char line[256], found[IF_NAMESIZE];
	unsigned long to, mask;

	name[0] = '\0';
	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		if (sscanf(line, "%15s %lx %*x %*x %*d %*d %*d %lx", found, &to,
			&mask) == 3 &&
		    to == 0 && mask == 0) {
			memcpy(name, found, IF_NAMESIZE);
			break;
		}
	}
	if (in != NULL)
		fclose(in);
}

static void
interfaces_ask(struct interface_list *list)
{
	char default_name[IF_NAMESIZE];
	struct ifaddrs *all, *i;
	struct interface *one;

	list->count = 0;
	if (getifaddrs(&all) != 0)
		return;
	default_name_read(default_name);
	for (i = all; i != NULL && list->count < INTERFACES_MAX;
	     i = i->ifa_next) {
		one = &list->items[list->count];
		*one = (struct interface){ .flags = i->ifa_flags };
		if (i->ifa_addr == NULL ||
		    !address_from_socket(i->ifa_addr, &one->ip))
			continue;
		snprintf(one->name, sizeof(one->name), "%s", i->ifa_name);
		one->prefix = prefix_of(i->ifa_netmask);
		one->is_default = strcmp(one->name, default_name) == 0;
		list->count++;
	}
	freeifaddrs(all);
	/* By interface, as Go lists them: the kernel's list is by family. */
	for (size_t a = 1; a < list->count; a++) {
		struct interface moved = list->items[a];
		unsigned index = if_nametoindex(moved.name);
		size_t b = a;

		while (
		    b > 0 && if_nametoindex(list->items[b - 1].name) > index) {
			list->items[b] = list->items[b - 1];
			b--;
		}
		list->items[b] = moved;
	}
}

/* Asked for once: on a reload a daemon may not ask any more, having given up
 * sockets and files for it, and what listens does not move anyway. */
void
interfaces_read(struct interface_list *list)
{
	static struct interface_list *kept;

	if (kept == NULL) {
		interfaces_ask(list);
		kept = xmalloc(sizeof(*kept));
		*kept = *list;
		return;
	}
	*list = *kept;
}

/* --- Filters. --- */

static bool
flag_holds(const struct interface *i, const char *name, bool *is_known)
{
	static const struct {
		const char *name;
		unsigned flag;
	} rows[] = {
		{ "broadcast", IFF_BROADCAST },
		{ "loopback", IFF_LOOPBACK },
		{ "multicast", IFF_MULTICAST },
		{ "point-to-point", IFF_POINTOPOINT },
		{ "pointToPoint", IFF_POINTOPOINT },
		{ "up", IFF_UP },
	};
	size_t row;

	*is_known = true;
	if (strcmp(name, "forwardable") == 0)
		return (address_is_forwardable(&i->ip));
	if (strcmp(name, "down") == 0)
		return ((i->flags & IFF_UP) == 0);
	for (row = 0; row < COUNT_OF(rows); row++) {
		if (strcmp(rows[row].name, name) == 0)
			return ((i->flags & rows[row].flag) != 0);
	}
	*is_known = false;
	return (false);
}

/* A match of one of "up|loopback". */
static enum err
match_flags(const struct interface *i, const char *value, bool *matches,
    struct buf *why)
{
	char copy[128], *name, *rest;
	bool is_known;

	snprintf(copy, sizeof(copy), "%s", value);
	*matches = false;
	for (name = strtok_r(copy, "|", &rest); name != NULL;
	     name = strtok_r(NULL, "|", &rest)) {
		*matches |= flag_holds(i, name, &is_known);
		if (is_known)
			continue;
		buf_put_text(why, "Invalid interface flag: ");
		flag_put_quoted(why, name);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

static enum err
match_pattern(
    const char *text, const char *pattern, bool *matches, struct buf *why)
{
	regex_t compiled;

	if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
		buf_put_text(why, "Unable to compile regexp ");
		flag_put_quoted(why, pattern);
		return (ERR_INVALID);
	}
	*matches = regexec(&compiled, text, 0, NULL, 0) == 0;
	regfree(&compiled);
	return (ERR_OK);
}

static enum err
match_type(const struct interface *i, const char *value, bool *matches,
    struct buf *why)
{
	if (strcasecmp(value, "ip") == 0) {
		*matches = true;
	} else if (strcasecmp(value, "ipv4") == 0) {
		*matches = i->ip.family == AF_INET;
	} else if (strcasecmp(value, "ipv6") == 0) {
		*matches = i->ip.family == AF_INET6;
	} else {
		buf_put_text(why, "unsupported type ");
		flag_put_quoted(why, value);
		buf_put_u8(why, ' ');
		flag_put_quoted(why, value);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

static enum err
match_rfc(const struct interface *i, const char *value, bool *matches,
    struct buf *why)
{
	if (strcmp(value, "6890") != 0) {
		buf_printf(why, "RFC %s is not known", value);
		return (ERR_INVALID);
	}
	*matches = address_is_private(&i->ip);
	return (ERR_OK);
}

static enum err
match_network(const struct interface *i, const char *value, bool *matches,
    struct buf *why)
{
	char network[64], *slash;

	snprintf(network, sizeof(network), "%s", value);
	slash = strchr(network, '/');
	if (slash == NULL || !cidr_is_valid(slice_of_text(value))) {
		buf_printf(why, "unable to parse network %s", value);
		return (ERR_INVALID);
	}
	*slash = '\0';
	*matches = address_is_in(&i->ip, network, (unsigned)atoi(slash + 1));
	return (ERR_OK);
}

static enum err
match(const struct interface *i, const char *selector, const char *value,
    bool *matches, struct buf *why)
{
	if (strcasecmp(selector, "name") == 0)
		return (match_pattern(i->name, value, matches, why));
	if (strcasecmp(selector, "address") == 0)
		return (match_pattern(i->ip.text, value, matches, why));
	if (strcasecmp(selector, "flag") == 0 ||
	    strcasecmp(selector, "flags") == 0)
		return (match_flags(i, value, matches, why));
	if (strcasecmp(selector, "type") == 0)
		return (match_type(i, value, matches, why));
	if (strcasecmp(selector, "rfc") == 0 ||
	    strcasecmp(selector, "rfcs") == 0)
		return (match_rfc(i, value, matches, why));
	if (strcasecmp(selector, "network") == 0)
		return (match_network(i, value, matches, why));
	if (strcasecmp(selector, "size") == 0) {
		*matches =
		    i->prefix == (unsigned)atoi(value + (value[0] == '/'));
		return (ERR_OK);
	}
	buf_put_text(why, "selector ");
	flag_put_quoted(why, selector);
	return (ERR_NOT_FOUND);
}

enum err
interfaces_filter(struct interface_list *list, const char *selector,
    const char *value, bool is_inverse, struct buf *why)
{
	struct buf reason = { 0 };
	size_t i, kept = 0;
	bool matches;
	enum err err = ERR_OK;

	for (i = 0; i < list->count && err == ERR_OK; i++) {
		err =
		    match(&list->items[i], selector, value, &matches, &reason);
		if (err == ERR_OK && matches != is_inverse)
			list->items[kept++] = list->items[i];
	}
	if (err == ERR_NOT_FOUND)
		buf_printf(
		    why, "invalid %s ", is_inverse ? "exclude" : "include");
	buf_put_slice(why, buf_slice(&reason));
	buf_deinit(&reason);
	list->count = kept;
	return (err);
}

/* --- Sorting. --- */

typedef int compare_fn(const struct interface *, const struct interface *);

static int
by_address(const struct interface *a, const struct interface *b)
{
	if (a->ip.family != b->ip.family)
		return (0);
	return (memcmp(&a->ip.ip, &b->ip.ip, sizeof(a->ip.ip)));
}

static int
by_default(const struct interface *a, const struct interface *b)
{
	return ((int)b->is_default - (int)a->is_default);
}

static int
by_name(const struct interface *a, const struct interface *b)
{
	return (strcmp(a->name, b->name));
}

static int
by_private(const struct interface *a, const struct interface *b)
{
	return (
	    (int)address_is_private(&b->ip) - (int)address_is_private(&a->ip));
}

/* Large networks first; families are not compared. */
static int
by_size(const struct interface *a, const struct interface *b)
{
	if (a->ip.family != b->ip.family)
		return (0);
	return ((int)a->prefix - (int)b->prefix);
}

static int
by_type(const struct interface *a, const struct interface *b)
{
	return (
	    (int)(a->ip.family == AF_INET6) - (int)(b->ip.family == AF_INET6));
}

static const struct {
	const char *name;
	compare_fn *compare;
} sort_keys[] = {
	{ "address", by_address },
	{ "default", by_default },
	{ "name", by_name },
	{ "private", by_private },
	{ "size", by_size },
	{ "type", by_type },
};

/* An insertion sort by one key: equal ones stay in their order. */
static void
sort_by(struct interface_list *list, compare_fn *compare, int sign)
{
	struct interface moved;
	size_t i, at;

	for (i = 1; i < list->count; i++) {
		moved = list->items[i];
		for (at = i;
		     at > 0 && sign * compare(&list->items[at - 1], &moved) > 0;
		     at--)
			list->items[at] = list->items[at - 1];
		list->items[at] = moved;
	}
}

enum err
interfaces_sort(struct interface_list *list, const char *keys, struct buf *why)
{
	char copy[128], *key;
	size_t i;
	int sign;

	/* The last key first, since the sort keeps the order of equals. */
	snprintf(copy, sizeof(copy), ",%s", keys);
	while ((key = strrchr(copy, ',')) != NULL) {
		*key++ = '\0';
		sign = *key == '-' ? -1 : 1;
		key += *key == '-' || *key == '+';
		for (i = 0; i < COUNT_OF(sort_keys); i++) {
			if (strcasecmp(sort_keys[i].name, key) == 0)
				break;
		}
		if (i == COUNT_OF(sort_keys)) {
			buf_put_text(why, "unknown sort type: ");
			flag_put_quoted(why, key);
			return (ERR_INVALID);
		}
		sort_by(list, sort_keys[i].compare, sign);
	}
	return (ERR_OK);
}

void
interfaces_limit(struct interface_list *list, int64_t offset, int64_t count)
{
	size_t from = offset < 0 ? 0 : (size_t)offset;

	if (from > list->count)
		from = list->count;
	memmove(list->items, list->items + from,
	    (list->count - from) * sizeof(list->items[0]));
	list->count -= from;
	if (count >= 0 && (size_t)count < list->count)
		list->count = (size_t)count;
}

/* --- As text. --- */

static void
put_flags(struct buf *out, unsigned flags)
{
	static const struct {
		const char *name;
		unsigned flag;
	} rows[] = {
		{ "up", IFF_UP },
		{ "broadcast", IFF_BROADCAST },
		{ "loopback", IFF_LOOPBACK },
		{ "pointtopoint", IFF_POINTOPOINT },
		{ "multicast", IFF_MULTICAST },
	};
	size_t i, start = out->size;

	for (i = 0; i < COUNT_OF(rows); i++) {
		if ((flags & rows[i].flag) != 0)
			buf_printf(out, "%s%s", out->size > start ? "|" : "",
			    rows[i].name);
	}
}

enum err
interface_attribute(const struct interface *i, const char *asked,
    struct buf *out, struct buf *why)
{
	char name[32] = "";
	size_t at;

	for (at = 0; asked[at] != '\0' && at + 1 < sizeof(name); at++)
		name[at] = (char)tolower((unsigned char)asked[at]);
	if (strcmp(name, "address") == 0) {
		buf_put_text(out, i->ip.text);
	} else if (strcmp(name, "name") == 0) {
		buf_put_text(out, i->name);
	} else if (strcmp(name, "flags") == 0) {
		put_flags(out, i->flags);
	} else if (strcmp(name, "type") == 0) {
		buf_put_text(out, i->ip.family == AF_INET ? "IPv4" : "IPv6");
	} else if (strcmp(name, "string") == 0) {
		buf_put_text(out, i->ip.text);
		if (i->prefix < (i->ip.family == AF_INET ? 32U : 128U))
			buf_printf(out, "/%u", i->prefix);
	} else if (!interface_computed(i, name, out)) {
		buf_put_text(why, "unsupported attribute name ");
		flag_put_quoted(why, name);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}
