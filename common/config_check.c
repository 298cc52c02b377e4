/* Consul's checks of a configuration; see config_check.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config_check.h"
#include "config_check_parts.h"
#include "config_definitions.h"
#include "config_tree.h"
#include "json.h"
#include "places.h"

#define NODE_NAME_BYTES_MAX 63
#define UUID_TEXT_SIZE	    36

enum err
config_refuse_text(struct check *c, const char *text)
{
	buf_put_text(c->why, text);
	return (ERR_INVALID);
}

static bool
is_set(struct check *c, const char *key)
{
	return (config_tree_find(c->sources->set, key) != NULL);
}

static enum err
check_enterprise(struct check *c)
{
	static const char *const keys[] = { "acl.msp_disable_bootstrap",
		"acl.tokens.managed_service_provider", "audit",
		"autopilot.disable_upgrade_migration",
		"autopilot.redundancy_zone_tag",
		"autopilot.upgrade_version_tag", "dns_config.prefer_namespace",
		"non_voting_server", "segments" };
	const struct segment_keys *segment;
	size_t i;

	if (c->config->keys.segments.count > 0) {
		segment = &c->config->keys.segments.items[0];
		buf_printf(c->why, "Port for segment \"%.*s\" cannot be <= 0",
		    SLICE_ARGS(segment->name));
		if (segment->port <= 0)
			return (ERR_INVALID);
		buf_reset(c->why);
	}
	if (c->config->keys.segment.size > 0 ||
	    c->config->keys.segments.count > 0)
		return (config_refuse_text(c,
		    "Network segments are not supported in this version of "
		    "Consul"));
	if (is_set(c, "segment"))
		config_sources_warn(c->sources,
		    "\"segment\" is a Consul Enterprise configuration and "
		    "will have no effect");
	for (i = 0; i < COUNT_OF(keys); i++) {
		if (is_set(c, keys[i]))
			config_sources_warn(c->sources,
			    "\"%s\" is a Consul Enterprise configuration and "
			    "will have no effect",
			    keys[i]);
	}
	return (ERR_OK);
}

static enum err
check_old_keys(struct check *c)
{
	if (is_set(c, "acl_enforce_version_8"))
		config_sources_warn(c->sources,
		    "config key \"acl_enforce_version_8\" is deprecated and "
		    "should be removed");
	if (is_set(c, "acl_datacenter"))
		config_sources_warn(c->sources,
		    "The 'acl_datacenter' field is deprecated. Use the "
		    "'primary_datacenter' field instead.");
	return (ERR_OK);
}

static enum err
check_content_path(struct check *c)
{
	const char *path = c->config->ui_content_path, *p;

	for (p = path; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || strchr("-_/", *p) != NULL)
			continue;
		buf_printf(c->why,
		    "ui-content-path can only contain alphanumeric, -, _, or "
		    "/. received: %s",
		    path);
		return (ERR_INVALID);
	}
	for (p = strchr(path, 'v'); p != NULL; p = strchr(p + 1, 'v')) {
		if (!isdigit((unsigned char)p[1]))
			continue;
		buf_printf(c->why,
		    "ui-content-path cannot have 'v[0-9]'. received: %s", path);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

static bool
has_only(const char *text, const char *others)
{
	for (; *text != '\0'; text++) {
		if (!isalnum((unsigned char)*text) &&
		    strchr(others, *text) == NULL)
			return (false);
	}
	return (true);
}

/* The old name is the one that is told, and lower case is no matter. */
static enum err
check_primary_datacenter(struct check *c)
{
	const struct config_keys *k = &c->config->keys;
	struct slice name = k->primary_datacenter;
	size_t i;

	if (name.size == 0)
		name = k->acl_datacenter;
	for (i = 0; i < name.size; i++) {
		if (isalnum(name.data[i]) || name.data[i] == '-' ||
		    name.data[i] == '_')
			continue;
		buf_put_text(c->why, "acl_datacenter cannot be \"");
		for (i = 0; i < name.size; i++)
			buf_put_u8(c->why, (uint8_t)tolower(name.data[i]));
		buf_put_text(c->why, "\". Please use only [a-z0-9-_]");
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

static enum err
check_datacenter(struct check *c)
{
	const char *name = c->config->datacenter;

	if (*name == '\0')
		return (config_refuse_text(c, "datacenter cannot be empty"));
	if (has_only(name, "-_"))
		return (ERR_OK);
	buf_printf(c->why,
	    "datacenter cannot be \"%s\". Please use only [a-z0-9-_]", name);
	return (ERR_INVALID);
}

static enum err
check_data_dir(struct check *c)
{
	const char *path = c->config->data_dir;
	struct stat st;

	if (c->config->is_dev)
		return (ERR_OK);
	if (*path == '\0')
		return (config_refuse_text(c, "data_dir cannot be empty"));
	if (stat(path, &st) != 0) {
		if (errno == ENOENT)
			return (ERR_OK); /* it will be made */
		buf_printf(c->why,
		    "Error getting info on data_dir: stat %s: %s", path,
		    strerror(errno));
		places_put_closed(path, c->why);
		return (ERR_INVALID);
	}
	if (S_ISDIR(st.st_mode))
		return (ERR_OK);
	buf_printf(c->why, "data_dir \"%s\" is not a directory", path);
	return (ERR_INVALID);
}

static enum err
check_node_name(struct check *c)
{
	const char *name = c->config->node_name;

	if (*name == '\0')
		return (config_refuse_text(c, "node_name cannot be empty"));
	if (!has_only(name, "-"))
		config_sources_warn(c->sources,
		    "Node name \"%s\" will not be discoverable via DNS due "
		    "to invalid characters. Valid characters include all "
		    "alpha-numerics and dashes.",
		    name);
	else if (strlen(name) > NODE_NAME_BYTES_MAX)
		config_sources_warn(c->sources,
		    "Node name \"%s\" will not be discoverable via DNS due "
		    "to it being too long. Valid lengths are between 1 and "
		    "63 bytes.",
		    name);
	return (ERR_OK);
}

static enum err
check_alt_domain(struct check *c)
{
	const char *const words[] = { "service", "connect", "node", "query",
		"addr", c->config->datacenter };
	struct slice domain = c->config->keys.alt_domain;
	size_t i, size;

	for (i = 0; i < COUNT_OF(words); i++) {
		size = strlen(words[i]);
		if (!slice_starts_with(domain, slice_of_text(words[i])) ||
		    domain.size == size || domain.data[size] != '.')
			continue;
		buf_printf(c->why,
		    "alt_domain cannot start with "
		    "{service,connect,node,query,addr,%s}",
		    c->config->datacenter);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

static enum err
check_bootstrap(struct check *c)
{
	const struct config *config = c->config;
	int64_t expect = config->bootstrap_expect;

	if (config->has_bootstrap && !config->is_server)
		return (config_refuse_text(
		    c, "'bootstrap = true' requires 'server = true'"));
	if (expect < 0) {
		buf_printf(c->why,
		    "bootstrap_expect cannot be %lld. Must be greater than "
		    "or equal to zero",
		    (long long)expect);
		return (ERR_INVALID);
	}
	if (expect > 0 && !config->is_server)
		return (config_refuse_text(
		    c, "'bootstrap_expect > 0' requires 'server = true'"));
	if (expect > 0 && config->is_dev)
		return (config_refuse_text(
		    c, "'bootstrap_expect > 0' not allowed in dev mode"));
	if (expect > 0 && config->has_bootstrap)
		return (config_refuse_text(c,
		    "'bootstrap_expect > 0' and 'bootstrap = true' are "
		    "mutually exclusive"));
	return (ERR_OK);
}

/* Numbers with a floor. */
static enum err
check_numbers(struct check *c)
{
	const struct config_keys *k = &c->config->keys;
	int64_t multiplier = k->performance.raft_multiplier;
	const struct {
		const char *key;
		int64_t value;
	} rows[] = {
		{ "autopilot.max_trailing_logs",
		    k->autopilot.max_trailing_logs },
		{ "dns_config.udp_answer_limit",
		    k->dns_config.udp_answer_limit },
		{ "dns_config.a_record_limit", k->dns_config.a_record_limit },
	};
	size_t i;

	if (multiplier < 1 || multiplier > 10) {
		buf_printf(c->why,
		    "performance.raft_multiplier cannot be %lld. Must be "
		    "between 1 and 10",
		    (long long)multiplier);
		return (ERR_INVALID);
	}
	if (k->check_output_max_size < 1)
		return (config_refuse_text(c,
		    "check_output_max_size must be positive, to discard "
		    "check output use the discard_check_output flag"));
	for (i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].value >= 0)
			continue;
		buf_printf(c->why,
		    "%s cannot be %lld. Must be greater than or equal to zero",
		    rows[i].key, (long long)rows[i].value);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

static enum err
check_cache(struct check *c)
{
	const struct cache_keys *k = &c->config->keys.cache;

	if (k->entry_fetch_max_burst <= 0) {
		buf_printf(c->why,
		    "cache.entry_fetch_max_burst must be strictly positive, "
		    "was: %lld",
		    (long long)k->entry_fetch_max_burst);
		return (ERR_INVALID);
	}
	if (!is_set(c, "cache.entry_fetch_rate") || k->entry_fetch_rate > 0)
		return (ERR_OK);
	buf_printf(c->why,
	    "cache.entry_fetch_rate must be strictly positive, was: %g",
	    k->entry_fetch_rate);
	return (ERR_INVALID);
}

static enum err
check_gateways(struct check *c)
{
	if (c->config->keys.primary_gateways.count == 0)
		return (ERR_OK);
	if (!c->config->is_server)
		return (config_refuse_text(
		    c, "'primary_gateways' requires 'server = true'"));
	if (c->config->keys.primary_datacenter.size == 0 ||
	    slice_is(c->config->keys.primary_datacenter, c->config->datacenter))
		return (config_refuse_text(c,
		    "'primary_gateways' should only be configured in a "
		    "secondary datacenter"));
	return (ERR_OK);
}

static enum err
check_ui(struct check *c)
{
	if (c->config->is_dev || !c->config->has_ui ||
	    c->config->keys.ui_dir.size == 0)
		return (ERR_OK);
	return (config_refuse_text(c,
	    "Both the ui and ui-dir flags were specified, please provide only "
	    "one.\nIf trying to use your own web UI resources, use the ui-dir "
	    "flag.\nThe web UI is included in the binary so use ui to enable "
	    "it"));
}

static enum err
check_node_meta(struct check *c)
{
	struct buf why = { 0 };
	enum err err = config_meta_check(&c->config->keys.node_meta, &why);

	if (err != ERR_OK)
		buf_printf(c->why, "node_meta invalid: %s", buf_text(&why));
	buf_deinit(&why);
	return (err);
}

/* Where Go's decoder stops: at a byte that is no digit, at padding in the
 * wrong place, or at the start of a last group that is too short. */
static size_t
base64_mistake(struct slice text)
{
	size_t i, in_group = 0;

	for (i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (isalnum(c) || c == '+' || c == '/') {
			in_group = (in_group + 1) % 4;
			continue;
		}
		if (c != '=' || in_group < 2)
			return (i);
		if (in_group == 2 && i + 1 == text.size)
			return (text.size);
		if (in_group == 2 && text.data[i + 1] != '=')
			return (i + 1);
		i += in_group == 2 ? 2 : 1;
		return (i);
	}
	return (text.size - in_group);
}

static enum err
check_encrypt(struct check *c)
{
	struct slice key = c->config->keys.encrypt;
	struct buf bytes = { 0 };
	enum err err = base64_decode(key, &bytes);

	buf_deinit(&bytes);
	if (err != ERR_OK)
		buf_printf(c->why,
		    "encrypt has invalid key: illegal base64 data at input "
		    "byte %zu",
		    base64_mistake(key));
	return (err);
}

static enum err
check_roles(struct check *c)
{
	const struct auto_encrypt_keys *e = &c->config->keys.auto_encrypt;

	if (e->tls && c->config->is_server)
		return (config_refuse_text(
		    c, "auto_encrypt.tls can only be used on a client."));
	if (e->allow_tls && !c->config->is_server)
		return (config_refuse_text(
		    c, "auto_encrypt.allow_tls can only be used on a server."));
	if (c->config->keys.auto_config.authorization.enabled &&
	    !c->config->is_server)
		return (config_refuse_text(c,
		    "auto_config.authorization.enabled cannot be set to true "
		    "for client agents"));
	if (c->config->keys.auto_config.enabled)
		return (config_refuse_text(c,
		    "auto_config.enabled cannot be set without configuring "
		    "TLS for server communications"));
	return (ERR_OK);
}

static enum err
check_mesh(struct check *c)
{
	static const char *const providers[] = { "", "consul", "vault",
		"aws-pca" };
	struct slice provider = c->config->keys.connect.ca_provider;
	size_t i;

	if (c->config->keys.connect.enable_mesh_gateway_wan_federation &&
	    !c->config->keys.connect.enabled)
		return (config_refuse_text(c,
		    "'connect.enable_mesh_gateway_wan_federation=true' "
		    "requires 'connect.enabled=true'"));
	for (i = 0; i < COUNT_OF(providers); i++) {
		if (slice_is(provider, providers[i]))
			return (ERR_OK);
	}
	buf_printf(
	    c->why, "%.*s is not a valid CA provider", SLICE_ARGS(provider));
	return (ERR_INVALID);
}

static enum err
check_services(struct check *c)
{
	return (config_proxies_check(c->config, c->why));
}

enum err
config_check(struct config_sources *sources, const struct config *config,
    struct buf *why)
{
	static enum err (*const checks[])(struct check *) = {
		check_old_keys,
		config_check_gossip_networks,
		check_roles,
		check_enterprise,
		check_content_path,
		check_datacenter,
		check_data_dir,
		check_node_name,
		config_check_dns,
		check_alt_domain,
		check_primary_datacenter,
		check_bootstrap,
		check_numbers,
		check_cache,
		check_gateways,
		check_ui,
		check_node_meta,
		check_encrypt,
		config_check_listeners,
		check_mesh,
		check_services,
		config_check_descriptors,
		config_check_sizes,
		config_warn_bootstrap,
		config_warn_scripts,
		config_warn_filters,
		config_warn_auto_config,
	};
	struct check c = { sources, config, why };
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; err == ERR_OK && i < COUNT_OF(checks); i++)
		err = checks[i](&c);
	return (err);
}

/* --- At start. --- */

/* `why` is for what has a part of the text in it. */
static const char *
uuid_mistake(const char *text, char why[64])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	if (strlen(text) != UUID_TEXT_SIZE)
		return ("uuid string is wrong length");
	for (i = 0; i < UUID_TEXT_SIZE; i++) {
		if ((form[i] == '-') != (text[i] == '-'))
			return ("uuid is improperly formatted");
	}
	for (i = 0; i < UUID_TEXT_SIZE; i++) {
		if (form[i] == '-' || isxdigit((unsigned char)text[i]))
			continue;
		snprintf(why, 64, "encoding/hex: invalid byte: U+%04X '%c'",
		    (unsigned char)text[i], text[i]);
		return (why);
	}
	return (NULL);
}

enum err
config_check_agent(const struct config *config, struct buf *why)
{
	struct slice level = config->keys.log_level;
	enum log_level ignored;
	const char *mistake;
	char reason[64];

	if (!log_level_parse(level, &ignored)) {
		buf_printf(why,
		    "Invalid log level: %.*s. Valid log levels are: [TRACE "
		    "DEBUG INFO WARN ERR ERROR]",
		    SLICE_ARGS(level));
		return (ERR_INVALID);
	}
	if (*config->node_id == '\0')
		return (ERR_OK); /* it will be made */
	mistake = uuid_mistake(config->node_id, reason);
	if (mistake == NULL)
		return (ERR_OK);
	buf_printf(why,
	    "failed to setup node ID: specified NodeID is invalid: %s",
	    mistake);
	return (ERR_INVALID);
}
