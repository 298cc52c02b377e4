/* Working out what is run with; see config_build.h. */
#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config_build.h"
#include "config_definitions.h"
#include "config_errors.h"
#include "config_template.h"
#include "config_tree.h"

#define JOIN_ADDRESSES_MORE 64 /* that templates may add */

struct build {
	struct config_sources *sources;
	struct config *config;
	struct config_errors errors; /* told together, at the end */
	struct buf *why;	     /* told at once */
};

/* Any number of IP addresses, of which unix sockets may be some. */
struct addresses {
	struct address items[CONFIG_ADDRESSES_MAX];
	size_t count;
};

static const char *
text_of(struct build *b, struct slice text)
{
	return (arena_text(&b->config->arena, text));
}

static const char *
lower_text_of(struct build *b, struct slice text)
{
	char *copy = arena_text(&b->config->arena, text), *p;

	for (p = copy; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return (copy);
}

static struct slice
trimmed(struct slice text)
{
	while (text.size > 0 && isspace(text.data[0]))
		text = slice_tail(text, 1);
	while (text.size > 0 && isspace(text.data[text.size - 1]))
		text = slice_head(text, text.size - 1);
	return (text);
}

/* The next word of *rest; empty at the end. */
static struct slice
word_next(struct slice *rest)
{
	struct slice word;
	size_t size = 0;

	*rest = trimmed(*rest);
	while (size < rest->size && !isspace(rest->data[size]))
		size++;
	word = slice_head(*rest, size);
	*rest = slice_tail(*rest, size);
	return (word);
}

/* Templates filled in, then words, each an address. What is none is noted as
 * an error, and then there are no addresses at all. */
static void
addresses_read(
    struct build *b, const char *key, struct slice text, struct addresses *out)
{
	struct buf expanded = { 0 }, reason = { 0 };
	struct slice rest, word;

	out->count = 0;
	if (config_template_expand(text, &expanded, &reason) != ERR_OK) {
		config_errors_add(&b->errors, "%s: %s", key, buf_text(&reason));
		goto out;
	}
	rest = buf_slice(&expanded);
	while ((word = word_next(&rest)).size > 0) {
		if (out->count == CONFIG_ADDRESSES_MAX ||
		    address_parse(word, &out->items[out->count]) != ERR_OK) {
			config_errors_add(&b->errors,
			    out->count == CONFIG_ADDRESSES_MAX
				? "%s: too many addresses: %.*s"
				: "%s: invalid ip address: %.*s",
			    key, SLICE_ARGS(word));
			out->count = 0;
			goto out;
		}
		out->count++;
	}
out:
	buf_deinit(&expanded);
	buf_deinit(&reason);
}

/* Where only IP addresses make sense. */
static void
ips_read(
    struct build *b, const char *key, struct slice text, struct addresses *out)
{
	size_t i;

	addresses_read(b, key, text, out);
	for (i = 0; i < out->count; i++) {
		if (out->items[i].family != AF_UNIX)
			continue;
		config_errors_add(
		    &b->errors, "%s cannot be a unix socket", key);
		out->count = 0;
	}
}

/* Where there is one IP at most: `otherwise` if there is none. */
static struct address
ip_read(struct build *b, const char *key, struct slice text,
    const struct address *otherwise)
{
	struct addresses found;

	ips_read(b, key, text, &found);
	if (found.count > 1)
		config_errors_add(&b->errors,
		    "%s: multiple addresses found: %.*s", key,
		    SLICE_ARGS(text));
	return (found.count == 1 ? found.items[0] : *otherwise);
}

static enum err
bind_build(struct build *b, struct address *out)
{
	struct addresses found;

	addresses_read(b, "bind_addr", b->config->keys.bind_addr, &found);
	if (found.count == 0) {
		buf_put_text(b->why, "bind_addr cannot be empty");
		return (ERR_INVALID);
	}
	if (found.count > 1) {
		buf_put_text(b->why,
		    "bind_addr cannot contain multiple addresses. Use "
		    "'addresses.{dns,http,https}' instead.");
		return (ERR_INVALID);
	}
	if (found.items[0].family == AF_UNIX) {
		buf_put_text(b->why, "bind_addr cannot be a unix socket");
		return (ERR_INVALID);
	}
	*out = found.items[0];
	b->config->bind_address = text_of(b, slice_of_text(out->text));
	return (ERR_OK);
}

static void
tagged_address_put(struct build *b, const char *name, const char *address)
{
	struct pair_list *list = &b->config->tagged_addresses;
	struct arena *arena = &b->config->arena;
	size_t i, count = list->count;
	struct pair *items;

	for (i = 0; i < count; i++) {
		if (!slice_is(list->items[i].key, name))
			continue;
		list->items[i].value = slice_of_text(address);
		return;
	}
	items = arena_array(arena, count + 1, sizeof(*items));
	if (count > 0)
		memcpy(items, list->items, count * sizeof(*items));
	items[count].key = arena_copy(arena, slice_of_text(name));
	items[count].value = slice_of_text(address);
	*list = (struct pair_list){ items, count + 1 };
}

/* An advertised address of one family, where it was given by itself. */
static enum err
family_build(struct build *b, const char *key, struct slice text, int family,
    const char *tag, const struct address *general)
{
	struct address none = { 0 }, own;

	own = ip_read(b, key, text, &none);
	if (own.family == 0 && general->family == family)
		own = *general;
	if (own.family == 0)
		return (ERR_OK);
	if (own.family != family) {
		buf_printf(b->why, "%s must be an %s address", key,
		    family == AF_INET ? "ipv4" : "ipv6");
		return (ERR_INVALID);
	}
	tagged_address_put(b, tag, text_of(b, slice_of_text(own.text)));
	return (ERR_OK);
}

static enum err
families_build(
    struct build *b, const struct address *lan, const struct address *wan)
{
	const struct config_keys *k = &b->config->keys;
	const struct {
		const char *key;
		struct slice text;
		int family;
		const char *tag;
		const struct address *general;
	} rows[] = {
		{ "advertise_addr_ipv4", k->advertise_addr_ipv4, AF_INET,
		    "lan_ipv4", lan },
		{ "advertise_addr_ipv6", k->advertise_addr_ipv6, AF_INET6,
		    "lan_ipv6", lan },
		{ "advertise_addr_wan_ipv4", k->advertise_addr_wan_ipv4,
		    AF_INET, "wan_ipv4", wan },
		/* advertise_addr_wan_ipv6 is no key of 1.8.7: the other is read
		 * for it. */
		{ "advertise_addr_wan_ipv6", k->advertise_addr_ipv6, AF_INET6,
		    "wan_ipv6", wan },
	};
	size_t i;
	enum err err;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = family_build(b, rows[i].key, rows[i].text, rows[i].family,
		    rows[i].tag, rows[i].general);
		if (err != ERR_OK)
			return (err);
	}
	return (ERR_OK);
}

static enum err
advertise_build(struct build *b, const struct address *bind)
{
	struct config *c = b->config;
	struct slice text = c->keys.advertise_addr;
	struct address none = { 0 }, lan, wan;
	enum err err;

	lan = ip_read(b, "advertise_addr", text, &none);
	/* Consul reads the general address once more for the other one. */
	wan = ip_read(b, "advertise_addr", text, &none);
	wan =
	    ip_read(b, "advertise_addr_wan", c->keys.advertise_addr_wan, &wan);
	if (lan.family != 0 && address_is_any(&lan)) {
		buf_put_text(
		    b->why, "Advertise address cannot be 0.0.0.0, :: or [::]");
		return (ERR_INVALID);
	}
	if (wan.family != 0 && address_is_any(&wan)) {
		buf_put_text(b->why,
		    "Advertise WAN address cannot be 0.0.0.0, :: or [::]");
		return (ERR_INVALID);
	}
	if (lan.family == 0)
		lan = *bind;
	if (address_is_any(&lan)) {
		err = address_detect(lan.family, &lan, b->why);
		if (err != ERR_OK)
			return (err);
	}
	if (wan.family == 0)
		wan = lan;
	c->advertise_address = text_of(b, slice_of_text(lan.text));
	c->advertise_wan_address = text_of(b, slice_of_text(wan.text));
	c->tagged_addresses = c->keys.tagged_addresses;
	tagged_address_put(b, "lan", c->advertise_address);
	tagged_address_put(b, "wan", c->advertise_wan_address);
	return (families_build(b, &lan, &wan));
}

static void
addresses_keep(const struct addresses *from, struct config_addresses *to)
{
	size_t i;

	to->count = from->count;
	for (i = 0; i < from->count; i++)
		memcpy(to->text[i], from->items[i].text, ADDRESS_TEXT_MAX);
}

static void
clients_build(struct build *b)
{
	struct config *c = b->config;
	struct addresses clients, http, dns, ignored;

	ips_read(b, "client_addr", c->keys.client_addr, &clients);
	addresses_read(b, "addresses.dns", c->keys.addresses.dns, &dns);
	addresses_read(b, "addresses.http", c->keys.addresses.http, &http);
	addresses_read(b, "addresses.https", c->keys.addresses.https, &ignored);
	addresses_read(b, "addresses.grpc", c->keys.addresses.grpc, &ignored);
	addresses_keep(&clients, &c->client_addresses);
	addresses_keep(dns.count > 0 ? &dns : &clients, &c->dns_addresses);
	addresses_keep(http.count > 0 ? &http : &clients, &c->http_addresses);
}

static void
gossip_build(struct build *b, const struct address *bind)
{
	struct config *c = b->config;
	struct address lan, wan;

	lan = ip_read(b, "serf_lan", c->keys.serf_lan, bind);
	wan = ip_read(b, "serf_wan", c->keys.serf_wan, bind);
	c->serf_lan_address = text_of(b, slice_of_text(lan.text));
	c->serf_wan_address = text_of(b, slice_of_text(wan.text));
}

/* An address with templates becomes as many as they make; what is empty is
 * none at all. */
static void
join_add(struct build *b, const char *key, struct slice text,
    struct slice_list *out, size_t limit)
{
	struct buf expanded = { 0 }, reason = { 0 };
	struct slice rest, word;

	if (config_template_expand(text, &expanded, &reason) != ERR_OK) {
		config_errors_add(&b->errors, "%s: %s", key, buf_text(&reason));
	} else if (slice_equal(buf_slice(&expanded), text)) {
		if (text.size > 0 && out->count < limit)
			out->items[out->count++] = text;
	} else {
		rest = buf_slice(&expanded);
		while ((word = word_next(&rest)).size > 0 && out->count < limit)
			out->items[out->count++] =
			    arena_copy(&b->config->arena, word);
	}
	buf_deinit(&expanded);
	buf_deinit(&reason);
}

static void
joins_build(struct build *b, const char *key, struct slice_list *list)
{
	size_t limit = list->count + JOIN_ADDRESSES_MORE, i;
	struct slice_list out = { 0 };

	if (list->count == 0)
		return;
	out.items = arena_array(&b->config->arena, limit, sizeof(*out.items));
	for (i = 0; i < list->count; i++)
		join_add(b, key, list->items[i], &out, limit);
	*list = out;
}

static int
port_build(struct build *b, const char *key, int64_t port)
{
	if (port > 65535)
		config_errors_add(
		    &b->errors, "%s: invalid port: %lld", key, (long long)port);
	return (port <= 0 || port > 65535 ? -1 : (int)port);
}

static void
ports_build(struct build *b)
{
	struct config *c = b->config;
	const struct ports_keys *p = &c->keys.ports;

	c->dns_port = port_build(b, "ports.dns", p->dns);
	c->http_port = port_build(b, "ports.http", p->http);
	c->serf_lan_port = port_build(b, "ports.serf_lan", p->serf_lan);
	c->serf_wan_port = port_build(b, "ports.serf_wan", p->serf_wan);
	c->server_port = port_build(b, "ports.server", p->server);
	port_build(b, "ports.https", p->https);
	port_build(b, "ports.grpc", p->grpc);
}

/* Told at once, and only then as a port that is none. */
static enum err
port_ranges_build(struct build *b)
{
	const struct ports_keys *p = &b->config->keys.ports;
	const struct {
		const char *name;
		int64_t min, max;
	} rows[] = {
		{ "proxy", p->proxy_min_port, p->proxy_max_port },
		{ "sidecar", p->sidecar_min_port, p->sidecar_max_port },
		{ "expose", p->expose_min_port, p->expose_max_port },
	};
	char key[32];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(key, sizeof(key), "ports.%s_min_port", rows[i].name);
		port_build(b, key, rows[i].min);
		snprintf(key, sizeof(key), "ports.%s_max_port", rows[i].name);
		port_build(b, key, rows[i].max);
		if (rows[i].min <= rows[i].max)
			continue;
		buf_printf(b->why,
		    "%s_min_port must be less than %s_max_port. To disable, "
		    "set both to zero.",
		    rows[i].name, rows[i].name);
		return (ERR_INVALID);
	}
	return (ERR_OK);
}

/* In lower case and with a dot at the end. */
static const char *
domain_build(struct build *b, struct slice domain)
{
	struct arena *arena = &b->config->arena;

	if (!slice_ends_with(domain, SLICE(".")))
		domain = arena_printf(arena, "%.*s.", SLICE_ARGS(domain));
	return (lower_text_of(b, domain));
}

static const char *
content_path_build(struct build *b, struct slice path)
{
	struct slice between = path;

	while (slice_starts_with(between, SLICE("/")))
		between = slice_tail(between, 1);
	while (slice_ends_with(between, SLICE("/")))
		between = slice_head(between, between.size - 1);
	if (between.size == 0)
		return (path.size == 0 ? "/ui/" : "/");
	return (text_of(
	    b, arena_printf(&b->config->arena, "/%.*s/", SLICE_ARGS(between))));
}

/* The node's own name, else the host's. */
static const char *
node_name_build(struct build *b)
{
	struct slice name = trimmed(b->config->keys.node_name);
	char host[256] = "";

	if (name.size > 0)
		return (text_of(b, name));
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	return (text_of(b, slice_of_text(host)));
}

/* As configured, else as kept from the first start. */
static const char *
node_id_build(struct build *b)
{
	struct slice id = b->config->keys.node_id;
	char path[4096], text[64];
	ssize_t size;
	int file;

	if (id.size > 0 || *b->config->data_dir == '\0')
		return (lower_text_of(b, id));
	snprintf(path, sizeof(path), "%s/node-id", b->config->data_dir);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return ("");
	size = read(file, text, sizeof(text));
	close(file);
	if (size < 0)
		return ("");
	return (lower_text_of(b, trimmed(slice(text, (size_t)size))));
}

static void
names_build(struct build *b)
{
	struct config *c = b->config;

	/* -dev keeps nothing on disk, whatever else is said. */
	c->data_dir = c->is_dev ? "" : text_of(b, c->keys.data_dir);
	c->datacenter = lower_text_of(b, c->keys.datacenter);
	c->domain = domain_build(b, c->keys.domain);
	c->alt_domain = c->keys.alt_domain.size == 0
			    ? ""
			    : domain_build(b, c->keys.alt_domain);
	c->ui_content_path = content_path_build(b, c->keys.ui_content_path);
	c->node_name = node_name_build(b);
	c->node_id = node_id_build(b);
}

static bool
bool_or(struct build *b, const char *key, bool otherwise)
{
	const struct json *value = config_tree_find(b->sources->merged, key);

	return (value != NULL ? value->boolean : otherwise);
}

static void
roles_build(struct build *b)
{
	struct config *c = b->config;

	c->is_server = c->keys.server;
	c->has_bootstrap = c->keys.bootstrap;
	c->bootstrap_expect = c->keys.bootstrap_expect;
	if (c->bootstrap_expect == 1) {
		c->has_bootstrap = true;
		c->bootstrap_expect = 0;
		config_sources_warn(b->sources,
		    "BootstrapExpect is set to 1; this is the same as "
		    "Bootstrap mode.");
	}
	c->is_bootstrap = c->has_bootstrap || c->is_dev;
	c->has_ui = c->keys.ui;
	c->log_json = c->keys.log_json;
	c->leave_on_terminate = bool_or(b, "leave_on_terminate", !c->is_server);
	c->skip_leave_on_interrupt =
	    bool_or(b, "skip_leave_on_interrupt", c->is_server);
	/* Not checked here: see config_check_agent. */
	if (!log_level_parse(c->keys.log_level, &c->log_level))
		c->log_level = LOG_LEVEL_INFO;
}

/* Each node tells its segment, of which there is only the one without name. */
static void
node_meta_build(struct build *b)
{
	static const char segment[] = "consul-network-segment";
	const struct pair_list *from = &b->config->keys.node_meta;
	struct pair *items =
	    arena_array(&b->config->arena, from->count + 1, sizeof(*items));

	if (from->count > 0)
		memcpy(items, from->items, from->count * sizeof(*items));
	items[from->count].key = slice_of_text(segment);
	items[from->count].value = slice_of_text("");
	b->config->node_meta = (struct pair_list){ items, from->count + 1 };
}

/* The names of TLS that Consul knows: ECDHE and AES alone. */
static bool
cipher_is_known(struct slice name)
{
	static const char *const ends[] = { "RSA_WITH_AES_128_GCM_SHA256",
		"RSA_WITH_AES_256_GCM_SHA384", "RSA_WITH_AES_128_CBC_SHA256",
		"RSA_WITH_AES_128_CBC_SHA", "RSA_WITH_AES_256_CBC_SHA" };
	static const struct slice start = { (const uint8_t *)"TLS_ECDHE_", 10 };
	size_t i;

	if (!slice_starts_with(name, start))
		return (false);
	name = slice_tail(name, start.size);
	if (slice_starts_with(name, SLICE("ECDSA")))
		name = slice_tail(name, 2);
	else if (!slice_starts_with(name, SLICE("RSA")))
		return (false);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (slice_equal(slice_tail(name, 3),
			slice_tail(slice_of_text(ends[i]), 3)))
			return (true);
	}
	return (false);
}

static void
ciphers_check(struct build *b)
{
	struct slice rest = trimmed(b->config->keys.tls_cipher_suites), name;
	size_t end;

	while (rest.size > 0) {
		end = slice_find(rest, ',', 0);
		name = end == SIZE_MAX ? rest : slice_head(rest, end);
		rest = slice_tail(rest, end == SIZE_MAX ? rest.size : end + 1);
		if (cipher_is_known(name))
			continue;
		config_errors_add(&b->errors,
		    "tls_cipher_suites: invalid tls cipher suites: "
		    "unsupported cipher \"%.*s\"",
		    SLICE_ARGS(name));
		return;
	}
}

static void
definitions_build(struct build *b)
{
	struct config *c = b->config;

	/* config_service and config_check hold the API's struct, no more. */
	c->services =
	    c->keys.services.count == 0 ? NULL : &c->keys.services.items[0].api;
	c->service_count = c->keys.services.count;
	c->checks =
	    c->keys.checks.count == 0 ? NULL : &c->keys.checks.items[0].api;
	c->check_count = c->keys.checks.count;
}

static void
cidrs_check(struct build *b, const char *key, const struct slice_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (!cidr_is_valid(list->items[i]))
			config_errors_add(&b->errors, "%s: invalid cidr: %.*s",
			    key, SLICE_ARGS(list->items[i]));
	}
}

enum err
config_build(
    struct config_sources *sources, struct config *config, struct buf *why)
{
	struct build b = { .sources = sources, .config = config, .why = why };
	struct address bind;
	enum err err;

	err = bind_build(&b, &bind);
	if (err == ERR_OK)
		err = advertise_build(&b, &bind);
	if (err == ERR_OK)
		err = port_ranges_build(&b);
	if (err == ERR_OK) {
		names_build(&b);
		roles_build(&b);
		clients_build(&b);
		gossip_build(&b, &bind);
		ports_build(&b);
		joins_build(&b, "start_join", &config->keys.start_join);
		joins_build(&b, "retry_join", &config->keys.retry_join);
		node_meta_build(&b);
		definitions_build(&b);
		ciphers_check(&b);
		cidrs_check(&b, "allow_write_http_from",
		    &config->keys.http_config.allow_write_http_from);
		config_definitions_check(config, &b.errors);
		err = config_errors_tell(&b.errors, why);
	}
	config_errors_deinit(&b.errors);
	return (err);
}
