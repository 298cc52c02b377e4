/* Definitions of services and checks; see definition.h. */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "definition.h"
#include "limits.h"
#include "log.h"

#define LOG_NAME	    "agent"
#define ADDRESS_TEXT_MAX    64
#define DNS_LABEL_BYTES_MAX 63
#define WEIGHT_MAX	    65535

enum family {
	FAMILY_NONE, /* a name, or nothing */
	FAMILY_IPV4,
	FAMILY_IPV6,
};

/* Go's net.ParseIP and To4: an IPv4 address in an IPv6 one counts as IPv4. */
static enum family
family_of(struct slice address)
{
	char text[ADDRESS_TEXT_MAX];
	uint8_t bytes[16];

	if (address.size == 0 || address.size >= sizeof(text))
		return (FAMILY_NONE);
	memcpy(text, address.data, address.size);
	text[address.size] = '\0';
	if (inet_pton(AF_INET, text, bytes) == 1)
		return (FAMILY_IPV4);
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return (FAMILY_NONE);
	return (IN6_IS_ADDR_V4MAPPED((struct in6_addr *)bytes) ? FAMILY_IPV4
							       : FAMILY_IPV6);
}

static bool
address_is_any(struct slice address)
{
	return (slice_is(address, "0.0.0.0") || slice_is(address, "::") ||
		slice_is(address, "[::]"));
}

static const char *
weights_fault(const struct weights *w)
{
	if (w->passing < 1)
		return ("Passing must be greater than 0");
	if (w->warning < 0)
		return ("Warning must be greater or equal than 0");
	if (w->passing > WEIGHT_MAX || w->warning > WEIGHT_MAX)
		return ("DNS Weight must be between 0 and 65535");
	return (NULL);
}

static bool
meta_key_is_clean(struct slice key)
{
	for (size_t i = 0; i < key.size; i++) {
		uint8_t c = key.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_'))
			return (false);
	}
	return (true);
}

static const char *
meta_pair_fault(const struct pair *p)
{
	if (p->key.size == 0)
		return ("Key cannot be blank");
	if (!meta_key_is_clean(p->key))
		return ("Key contains invalid characters");
	if (p->key.size > META_KEY_BYTES_MAX)
		return ("Key is too long (limit: 128 characters)");
	if (slice_starts_with(p->key, SLICE("consul-")))
		return ("Key prefix 'consul-' is reserved for internal use");
	if (p->value.size > META_VALUE_BYTES_MAX)
		return ("Value is too long (limit: 512 characters)");
	return (NULL);
}

static bool
meta_validate(const struct pair_list *meta, struct buf *why)
{
	if (meta->count > META_PAIRS_MAX) {
		buf_put_text(why,
		    "Invalid Service Meta: Node metadata cannot contain more "
		    "than 64 key/value pairs");
		return (false);
	}
	for (size_t i = 0; i < meta->count; i++) {
		const struct pair *p = &meta->items[i];
		const char *fault = meta_pair_fault(p);

		if (fault == NULL)
			continue;
		buf_printf(why,
		    "Invalid Service Meta: Couldn't load metadata pair "
		    "('%.*s', '%.*s'): %s",
		    SLICE_ARGS(p->key), SLICE_ARGS(p->value), fault);
		return (false);
	}
	return (true);
}

static bool
checks_validate(const struct check_types *checks, struct buf *why)
{
	enum check_status status;

	for (size_t i = 0; i < checks->count; i++) {
		const char *fault = check_validate(&checks->items[i]);

		if (fault != NULL) {
			buf_printf(why, "Invalid check: %s", fault);
			return (false);
		}
	}
	for (size_t i = 0; i < checks->count; i++) {
		const struct check_type *t = &checks->items[i];

		if (t->status.size > 0 &&
		    !check_status_parse(t->status, &status)) {
			buf_put_text(why,
			    "Status for checks must 'passing', 'warning', "
			    "'critical'");
			return (false);
		}
	}
	return (true);
}

/* Connect comes later: what would need it is refused by name. */
static bool
connect_validate(const struct service_definition *s, struct buf *why)
{
	if (s->kind.size > 0) {
		buf_printf(why, "Service kind \"%.*s\" is not supported yet",
		    SLICE_ARGS(s->kind));
		return (false);
	}
	if (s->connect != NULL && s->connect->sidecar_service != NULL) {
		buf_put_text(
		    why, "Connect sidecar services are not supported yet");
		return (false);
	}
	return (true);
}

bool
definition_service_validate(const struct service_definition *s, struct buf *why)
{
	const char *fault =
	    s->weights != NULL ? weights_fault(s->weights) : NULL;
	struct check_types checks;
	struct arena arena;
	bool is_valid;

	if (s->name.size == 0) {
		buf_put_text(why, "Missing service name");
		return (false);
	}
	if (address_is_any(s->address)) {
		buf_put_text(why, "Invalid service address");
		return (false);
	}
	if (fault != NULL) {
		buf_printf(why, "Invalid Weights: %s", fault);
		return (false);
	}
	if (!meta_validate(&s->meta, why) || !connect_validate(s, why))
		return (false);
	arena_init(&arena);
	checks = definition_checks(s, &arena);
	is_valid = checks_validate(&checks, why);
	arena_deinit(&arena);
	return (is_valid);
}

bool
definition_check_validate(const struct check_definition *d, struct buf *why)
{
	struct check_type type;
	enum check_status status;
	const char *fault;

	if (d->name.size == 0) {
		buf_put_text(why, "Missing check name");
		return (false);
	}
	if (d->status.size > 0 && !check_status_parse(d->status, &status)) {
		buf_put_text(why, "Bad check status");
		return (false);
	}
	definition_to_check_type(d, &type);
	fault = check_validate(&type);
	if (fault != NULL)
		buf_printf(why, "Invalid check: %s", fault);
	return (fault == NULL);
}

struct check_types
definition_checks(const struct service_definition *s, struct arena *arena)
{
	struct check_types list = {
		.items = arena_array(
		    arena, s->checks.count + 1, sizeof(*list.items)),
	};

	if (!check_is_empty(&s->check))
		list.items[list.count++] = s->check;
	for (size_t i = 0; i < s->checks.count; i++)
		list.items[list.count++] = s->checks.items[i];
	return (list);
}

struct slice
definition_check_id(const struct check_type *t, struct slice service_id,
    size_t n, size_t count, struct arena *arena)
{
	assert(n < count);
	if (t->check_id.size > 0)
		return (t->check_id);
	if (count == 1)
		return (arena_printf(
		    arena, "service:%.*s", SLICE_ARGS(service_id)));
	return (arena_printf(
	    arena, "service:%.*s:%zu", SLICE_ARGS(service_id), n + 1));
}

static bool
address_has(const struct node_service *s, const char *name)
{
	for (size_t i = 0; i < s->tagged_addresses.count; i++)
		if (slice_is(s->tagged_addresses.items[i].key, name))
			return (true);
	return (false);
}

static void
address_default(struct node_service *s, const char *name)
{
	if (address_has(s, name))
		return;
	s->tagged_addresses.items[s->tagged_addresses.count++] =
	    (struct service_address_entry){
		    .key = slice_of_text(name),
		    .value = { .address = s->address, .port = s->port },
	    };
}

/* An address that is one of IPv4 or IPv6 is also lan_ and wan_ of it. */
static void
addresses_fill(struct node_service *s, struct arena *arena)
{
	enum family family = family_of(s->address);
	size_t count = s->tagged_addresses.count;
	struct service_address_entry *items;

	if (family == FAMILY_NONE)
		return;
	items = arena_array(arena, count + 2, sizeof(*items));
	if (count > 0)
		memcpy(
		    items, s->tagged_addresses.items, count * sizeof(*items));
	s->tagged_addresses.items = items;
	address_default(s, family == FAMILY_IPV4 ? "lan_ipv4" : "lan_ipv6");
	address_default(s, family == FAMILY_IPV4 ? "wan_ipv4" : "wan_ipv6");
}

void
definition_to_service(const struct service_definition *d, struct arena *arena,
    struct node_service *out)
{
	struct weights *weights = arena_alloc(arena, sizeof(*weights));

	*weights = (struct weights){ .passing = 1, .warning = 1 };
	*out = (struct node_service){
		.id = d->id.size > 0 ? d->id : d->name,
		.service = d->name,
		.tags = d->tags,
		.address = d->address,
		.port = d->port,
		.meta = d->meta,
		.enable_tag_override = d->enable_tag_override,
		.weights = d->weights != NULL ? d->weights : weights,
	};
	out->tagged_addresses.items = d->tagged_addresses.items;
	out->tagged_addresses.count = d->tagged_addresses.count;
	if (d->connect != NULL)
		out->connect = *d->connect;
	if (d->proxy != NULL)
		out->proxy = *d->proxy;
	addresses_fill(out, arena);
}

/* Consul asks wan_ipv6 only whether it is an address at all. */
bool
definition_addresses_validate(const struct node_service *s, struct buf *why)
{
	static const struct {
		const char *name;
		enum family family;
		const char *text;
	} rules[] = {
		{ "lan_ipv4", FAMILY_IPV4, "ipv4" },
		{ "wan_ipv4", FAMILY_IPV4, "ipv4" },
		{ "lan_ipv6", FAMILY_IPV6, "ipv6" },
	};

	for (size_t i = 0; i < s->tagged_addresses.count; i++) {
		const struct service_address_entry *e =
		    &s->tagged_addresses.items[i];

		for (size_t r = 0; r < sizeof(rules) / sizeof(*rules); r++) {
			if (!slice_is(e->key, rules[r].name) ||
			    family_of(e->value.address) == rules[r].family)
				continue;
			buf_printf(why,
			    "Service tagged address \"%s\" must be a valid %s "
			    "address",
			    rules[r].name, rules[r].text);
			return (false);
		}
	}
	return (true);
}

void
definition_to_check_type(
    const struct check_definition *d, struct check_type *out)
{
	*out = (struct check_type){
		.check_id = d->id,
		.name = d->name,
		.status = d->status,
		.notes = d->notes,
		.script_args = d->script_args,
		.http = d->http,
		.header = d->header,
		.method = d->method,
		.body = d->body,
		.disable_redirects = d->disable_redirects,
		.tcp = d->tcp,
		.interval = d->interval,
		.alias_node = d->alias_node,
		.alias_service = d->alias_service,
		.docker_container_id = d->docker_container_id,
		.shell = d->shell,
		.grpc = d->grpc,
		.grpc_use_tls = d->grpc_use_tls,
		.tls_skip_verify = d->tls_skip_verify,
		.timeout = d->timeout,
		.ttl = d->ttl,
		.success_before_passing = d->success_before_passing,
		.failures_before_critical = d->failures_before_critical,
		.deregister_critical_service_after =
		    d->deregister_critical_service_after,
		.output_max_size = d->output_max_size,
	};
}

static bool
label_is_clean(struct slice label)
{
	for (size_t i = 0; i < label.size; i++) {
		uint8_t c = label.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-'))
			return (false);
	}
	return (true);
}

static void
label_warn(const char *what, const char *field, struct slice label)
{
	bool is_clean = label_is_clean(label);
	const char *quote = slice_find(label, ' ', 0) == SIZE_MAX ? "" : "\"";
	char message[160];

	if (is_clean && label.size <= DNS_LABEL_BYTES_MAX)
		return;
	snprintf(message, sizeof(message),
	    "Service %s will not be discoverable via DNS due to %s", what,
	    is_clean ? "it being too long. Valid lengths are between 1 and 63 "
		       "bytes."
		     : "invalid characters. Valid characters include all "
		       "alpha-numerics and dashes.");
	log_warn(LOG_NAME, message, "%s=%s%.*s%s", field, quote,
	    SLICE_ARGS(label), quote);
}

void
definition_warn_dns(const struct node_service *s)
{
	label_warn("name", "service", s->service);
	for (size_t i = 0; i < s->tags.count; i++)
		label_warn("tag", "tag", s->tags.items[i]);
}
