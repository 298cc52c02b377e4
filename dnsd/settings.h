/*
 * What of the configuration decides DNS answers, worked out once a (re)load.
 *
 * Source  api/config.md 3, dns_config; api/dns.md 3 to 5
 */
#ifndef DNSD_SETTINGS_H
#define DNSD_SETTINGS_H

#include "arena.h"
#include "clock.h"
#include "packet.h"

struct config;

struct dns_name {
	size_t size; /* 0 where there is none */
	uint8_t data[DNS_NAME_BYTES_MAX];
};

struct service_ttl {
	struct slice name; /* without the "*" of a prefix */
	bool is_prefix;
	uint32_t seconds;
};

struct dns_settings {
	struct arena arena;	/* texts that stay */
	struct arena ttl_arena; /* of service_ttls */
	struct dns_name domain; /* in lower case */
	struct dns_name alt_domain;
	struct slice domain_text; /* "consul." */
	struct slice datacenter;
	uint32_t node_ttl; /* seconds, as the members below */
	struct service_ttl *service_ttls;
	size_t service_ttl_count;
	uint32_t soa_refresh;
	uint32_t soa_retry;
	uint32_t soa_expire;
	uint32_t soa_min_ttl;
	bool only_passing;
	bool enable_truncate;
	bool disable_compression;
	bool has_node_meta_txt;
	bool allow_stale;
	bool has_recursors;
	bool translates_wan_addresses;	  /* of other datacenters */
	struct duration recursor_timeout; /* of each */
	struct duration max_stale;
	struct duration max_age; /* of use_cache; 0: it is not used */
	size_t udp_answer_limit;
	size_t a_record_limit; /* 0: none */
};

void settings_init(struct dns_settings *, const struct config *);
/* All but domains, datacenter and translation, which stay as they were. */
void settings_reload(struct dns_settings *, const struct config *);
void settings_deinit(struct dns_settings *);
/* Of service_ttl: the exact name, else the longest prefix, else 0. */
uint32_t settings_service_ttl(
    const struct dns_settings *, struct slice service);

#endif
