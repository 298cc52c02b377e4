/*
 * What is unwise in a configuration, but allowed; see config_check.h.
 */
#include <string.h>
#include <sys/socket.h>

#include "config_check_parts.h"

enum err
config_warn_bootstrap(struct check *c)
{
	static const char table[] = "See https://www.consul.io/docs/internals/"
				    "consensus.html#deployment-table";
	int64_t expect = c->config->bootstrap_expect;

	if (!c->config->is_server)
		return (ERR_OK);
	if (expect == 2)
		config_sources_warn(c->sources,
		    "bootstrap_expect = 2: A cluster with 2 servers will "
		    "provide no failure tolerance. %s",
		    table);
	else if (expect > 2 && expect % 2 == 0)
		config_sources_warn(c->sources,
		    "bootstrap_expect is even number: A cluster with an even "
		    "number of servers does not achieve optimum fault "
		    "tolerance. %s",
		    table);
	if (expect > 0)
		config_sources_warn(c->sources,
		    "bootstrap_expect > 0: expecting %lld servers",
		    (long long)expect);
	if (c->config->has_bootstrap)
		config_sources_warn(c->sources,
		    "bootstrap = true: do not enable unless necessary");
	return (ERR_OK);
}

enum err
config_warn_scripts(struct check *c)
{
	const struct config_keys *k = &c->config->keys;

	if (k->enable_script_checks && !k->acl.enabled &&
	    k->http_config.allow_write_http_from.count == 0)
		config_sources_warn(c->sources,
		    "using enable-script-checks without ACLs and without "
		    "allow_write_http_from is DANGEROUS, use "
		    "enable-local-script-checks instead, see "
		    "https://www.hashicorp.com/blog/protecting-consul-from-"
		    "rce-risk-in-specific-configurations/");
	return (ERR_OK);
}

enum err
config_warn_filters(struct check *c)
{
	const struct slice_list *list =
	    &c->config->keys.telemetry.prefix_filter;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->items[i].size == 0)
			config_sources_warn(c->sources,
			    "Cannot have empty filter rule in prefix_filter");
		else if (strchr("+-", list->items[i].data[0]) == NULL)
			config_sources_warn(c->sources,
			    "Filter rule must begin with either '+' or '-': "
			    "\"%.*s\"",
			    SLICE_ARGS(list->items[i]));
	}
	return (ERR_OK);
}

enum err
config_warn_auto_config(struct check *c)
{
	static const char *const names[] = { "auto_config.ip_sans",
		"AutoEncrypt.IPSAN" };
	const struct slice_list *lists[] = {
		&c->config->keys.auto_config.ip_sans,
		&c->config->keys.auto_encrypt.ip_san
	};
	struct address address;
	size_t i, j;

	for (i = 0; i < COUNT_OF(lists); i++) {
		for (j = 0; j < lists[i]->count; j++) {
			struct slice ip = lists[i]->items[j];

			if (address_parse(ip, &address) == ERR_OK &&
			    address.family != AF_UNIX)
				continue;
			config_sources_warn(c->sources,
			    "Cannot parse ip \"%.*s\" from %s", SLICE_ARGS(ip),
			    names[i]);
		}
	}
	return (ERR_OK);
}
