/*
 * The addresses of this host's interfaces, and how lists of them are filtered
 * and sorted; for templates.
 *
 * Source  hashicorp/go-sockaddr, ifaddrs.go and template/doc.go
 */
#ifndef COMMON_CONFIG_INTERFACES_H
#define COMMON_CONFIG_INTERFACES_H

#include <net/if.h>

#include "config_address.h"

#define INTERFACES_MAX 128 /* addresses; more are left out */

struct interface {
	char name[IF_NAMESIZE];
	unsigned flags;	 /* IFF_* */
	bool is_default; /* the default route goes through it */
	unsigned prefix; /* bits of its network */
	struct address ip;
};

struct interface_list {
	struct interface items[INTERFACES_MAX];
	size_t count;
};

void interfaces_read(struct interface_list *);
/* Keep those that match, or, if `is_inverse`, the others. `why` gets what
 * go-sockaddr says of a selector or value that it does not know. */
MUST_CHECK enum err interfaces_filter(struct interface_list *,
    const char *selector, const char *value, bool is_inverse, struct buf *why);
/* "default,type,-size": the first key decides, then the second, ... */
MUST_CHECK enum err interfaces_sort(
    struct interface_list *, const char *keys, struct buf *why);
/* "address" or "network", and "+5" or "-5". */
MUST_CHECK enum err interfaces_math(struct interface_list *,
    const char *operation, const char *text, struct buf *why);
/* One of neighbours with the same "name" or "address". */
MUST_CHECK enum err interfaces_unique(
    struct interface_list *, const char *selector, struct buf *why);
void interfaces_limit(struct interface_list *, int64_t offset, int64_t count);
/* Those that follow from the address and its prefix: "network", "netmask",
 * "broadcast", "host", "first_usable", "last_usable", "size", "uint32" or
 * "uint128", "port", "hex", "octets", "binary". False: it is no such. */
bool interface_computed(
    const struct interface *, const char *name, struct buf *out);
/* The same, and "address", "name", "type", "flags", "string"; in any case. */
MUST_CHECK enum err interface_attribute(const struct interface *,
    const char *name, struct buf *out, struct buf *why);

#endif
