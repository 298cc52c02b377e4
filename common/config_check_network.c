/*
 * Consul's checks of addresses and ports; see config_check.h.
 */
#include <string.h>
#include <sys/resource.h>

#include "config_check_parts.h"
#include "config_errors.h"
#include "config_recursors.h"
#include "limits.h"

#define DESCRIPTORS_FOR_SELF 20 /* besides those of clients */

enum err
config_check_dns(struct check *c)
{
	struct config_recursors recursors;
	struct arena arena = { 0 };
	enum err err;
	size_t i;

	for (i = 0; i < c->config->dns_addresses.count; i++) {
		if (strncmp(c->config->dns_addresses.text[i], "unix://", 7) ==
		    0)
			return (config_refuse_text(
			    c, "DNS address cannot be a unix socket"));
	}
	err = config_recursors_read(c->config, &arena, &recursors, c->why);
	arena_deinit(&arena);
	return (err);
}

static enum err
check_cidrs(struct check *c, const char *key, const struct slice_list *list)
{
	struct config_errors errors = { 0 };
	struct buf why = { 0 };
	enum err err;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (!cidr_is_valid(list->items[i]))
			config_errors_add(&errors, "invalid cidr: %.*s",
			    SLICE_ARGS(list->items[i]));
	}
	err = config_errors_tell(&errors, &why);
	if (err != ERR_OK)
		buf_printf(c->why, "%s: %s", key, buf_text(&why));
	buf_deinit(&why);
	config_errors_deinit(&errors);
	return (err);
}

enum err
config_check_gossip_networks(struct check *c)
{
	const struct config_keys *k = &c->config->keys;
	enum err err;

	err = check_cidrs(
	    c, "serf_lan_allowed_cidrs", &k->serf_lan_allowed_cidrs);
	if (err == ERR_OK)
		err = check_cidrs(
		    c, "serf_wan_allowed_cidrs", &k->serf_wan_allowed_cidrs);
	return (err);
}

/* --- Two listeners on one address. --- */

struct listener {
	const char *name;
	const char *address;
	int port;
};

static size_t
listeners_add(struct listener *list, size_t count, const char *name,
    const struct config_addresses *addresses, int port)
{
	size_t i;

	for (i = 0; port > 0 && i < addresses->count; i++)
		list[count++] =
		    (struct listener){ name, addresses->text[i], port };
	return (count);
}

static enum err
refuse_listener(struct check *c, const struct listener *l, const char *first)
{
	if (strncmp(l->address, "unix://", 7) == 0)
		buf_printf(c->why, "%s address %s already configured for %s",
		    l->name, l->address + 7, first);
	else
		buf_printf(c->why, "%s address %s:%d already configured for %s",
		    l->name, l->address, l->port, first);
	return (ERR_INVALID);
}

enum err
config_check_listeners(struct check *c)
{
	const struct config *config = c->config;
	const char *advertised = config->advertise_address;
	struct listener list[2 * CONFIG_ADDRESSES_MAX + 3];
	size_t count = 0, i, j;

	count = listeners_add(
	    list, count, "DNS", &config->dns_addresses, config->dns_port);
	count = listeners_add(
	    list, count, "HTTP", &config->http_addresses, config->http_port);
	list[count++] = (struct listener){ "RPC Advertise", advertised,
		config->server_port };
	list[count++] = (struct listener){ "Serf Advertise LAN", advertised,
		config->serf_lan_port };
	list[count++] = (struct listener){ "Serf Advertise WAN",
		config->advertise_wan_address, config->serf_wan_port };
	for (i = 0; i < count; i++) {
		for (j = 0; j < i; j++) {
			if (list[i].port <= 0 || list[i].port != list[j].port ||
			    strcmp(list[i].address, list[j].address) != 0)
				continue;
			return (refuse_listener(c, &list[i], list[j].name));
		}
	}
	return (ERR_OK);
}

/* That of our start: at a reload most daemons have fewer (privsep_limits.c),
 * and it is httpd that needs them. */
static const struct rlimit *
descriptors_allowed(void)
{
	static struct rlimit limit;
	static bool is_known;

	if (!is_known && getrlimit(RLIMIT_NOFILE, &limit) != 0)
		limit.rlim_cur = RLIM_INFINITY;
	is_known = true;
	return (&limit);
}

enum err
config_check_descriptors(struct check *c)
{
	int64_t per_client = c->config->keys.limits.http_max_conns_per_client;
	int64_t needed = per_client + DESCRIPTORS_FOR_SELF;
	const struct rlimit *limit = descriptors_allowed();

	if (per_client <= 0 || (uint64_t)needed <= limit->rlim_cur)
		return (ERR_OK);
	buf_printf(c->why,
	    "system allows a max of %llu file descriptors, but "
	    "limits.http_max_conns_per_client: %lld needs at least %lld",
	    (unsigned long long)limit->rlim_cur, (long long)per_client,
	    (long long)needed);
	return (ERR_INVALID);
}

/* Consul takes any size, and fails when it comes. */
enum err
config_check_sizes(struct check *c)
{
	const struct limits_keys *limits = &c->config->keys.limits;
	const struct {
		const char *name;
		uint64_t value, most;
	} rows[] = {
		{ "kv_max_value_size", limits->kv_max_value_size,
		    LIMIT_BYTES_MAX },
		{ "txn_max_req_len", limits->txn_max_req_len, LIMIT_BYTES_MAX },
		{ "txn_max_ops", limits->txn_max_ops, LIMIT_OPS_MAX },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value <= rows[i].most)
			continue;
		buf_printf(c->why,
		    "limits.%s: %ju is more than this version can hold (%ju)",
		    rows[i].name, (uintmax_t)rows[i].value,
		    (uintmax_t)rows[i].most);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}
