/* Settings from the configuration; see settings.h. */
#include <string.h>

#include "config.h"
#include "settings.h"

/* What the library behind Consul takes none for. */
#define RECURSOR_TIMEOUT_DEFAULT SECONDS(2)

static uint32_t
seconds_of(struct duration d)
{
	int64_t seconds = d.ns / 1000000000;

	if (seconds < 0)
		return (0);
	return (seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds);
}

static uint32_t
natural(int64_t value)
{
	if (value < 0)
		return (0);
	return (value > UINT32_MAX ? UINT32_MAX : (uint32_t)value);
}

/* A domain that is no name has no zone: config.c has checked it. */
static void
zone_init(struct dns_name *zone, const char *text)
{
	zone->size = 0;
	if (text[0] == '\0' ||
	    !name_from_text(slice_of_text(text), zone->data, &zone->size))
		return;
	for (size_t i = 0; i < zone->size; i++)
		zone->data[i] = byte_fold(zone->data[i]);
}

static void
domain_text_init(struct dns_settings *s, const char *domain)
{
	char *text = arena_text(&s->arena, slice_of_text(domain));

	for (size_t i = 0; text[i] != '\0'; i++)
		text[i] = (char)byte_fold((uint8_t)text[i]);
	s->domain_text = slice_of_text(text);
}

/* Consul dns.go, GetDNSConfig: a star at the end makes it a prefix. */
static void
ttls_init(struct dns_settings *s, const struct pair_list *map)
{
	arena_reset(&s->ttl_arena);
	s->service_ttl_count = 0;
	s->service_ttls = arena_array(
	    &s->ttl_arena, map->count + 1, sizeof(*s->service_ttls));
	for (size_t i = 0; i < map->count; i++) {
		struct service_ttl *t = &s->service_ttls[s->service_ttl_count];
		struct slice name = map->items[i].key;
		struct duration ttl;
		char why[128];

		if (duration_parse(
			map->items[i].value, &ttl, why, sizeof(why)) != ERR_OK)
			continue; /* config.c has refused it */
		t->is_prefix = slice_ends_with(name, SLICE("*"));
		if (t->is_prefix)
			name.size--;
		t->name = arena_copy(&s->ttl_arena, name);
		t->seconds = seconds_of(ttl);
		s->service_ttl_count++;
	}
}

void
settings_reload(struct dns_settings *s, const struct config *c)
{
	const struct dns_config_keys *k = &c->keys.dns_config;

	s->node_ttl = seconds_of(k->node_ttl);
	s->soa_refresh = natural((int64_t)k->soa.refresh);
	s->soa_retry = natural((int64_t)k->soa.retry);
	s->soa_expire = natural((int64_t)k->soa.expire);
	s->soa_min_ttl = natural((int64_t)k->soa.min_ttl);
	s->only_passing = k->only_passing;
	s->enable_truncate = k->enable_truncate;
	s->disable_compression = k->disable_compression;
	s->has_node_meta_txt = k->enable_additional_node_meta_txt;
	s->allow_stale = k->allow_stale;
	s->max_stale = k->max_stale;
	s->max_age = k->use_cache ? k->cache_max_age : NANOSECONDS(0);
	s->has_recursors = c->keys.recursors.count > 0;
	s->recursor_timeout = k->recursor_timeout.ns > 0
				  ? k->recursor_timeout
				  : RECURSOR_TIMEOUT_DEFAULT;
	s->udp_answer_limit = natural(k->udp_answer_limit);
	s->a_record_limit = natural(k->a_record_limit);
	ttls_init(s, &k->service_ttl);
}

void
settings_init(struct dns_settings *s, const struct config *c)
{
	memset(s, 0, sizeof(*s));
	zone_init(&s->domain, c->domain);
	zone_init(&s->alt_domain, c->alt_domain);
	domain_text_init(s, c->domain);
	s->translates_wan_addresses = c->keys.translate_wan_addrs;
	s->datacenter = arena_copy(&s->arena, slice_of_text(c->datacenter));
	settings_reload(s, c);
}

void
settings_deinit(struct dns_settings *s)
{
	arena_deinit(&s->arena);
	arena_deinit(&s->ttl_arena);
}

uint32_t
settings_service_ttl(const struct dns_settings *s, struct slice service)
{
	const struct service_ttl *best = NULL;

	for (size_t i = 0; i < s->service_ttl_count; i++) {
		const struct service_ttl *t = &s->service_ttls[i];

		if (!t->is_prefix && slice_equal(t->name, service))
			return (t->seconds);
		if (t->is_prefix && slice_starts_with(service, t->name) &&
		    (best == NULL || t->name.size > best->name.size))
			best = t;
	}
	return (best == NULL ? 0 : best->seconds);
}
