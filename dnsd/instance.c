/* Records of an instance or a node; see instance.h. */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "instance.h"

#define SRV_PRIORITY 1
/* Consul's maxRecurseRecords, for who asks without EDNS. */
#define RECURSE_RECORDS_MAX 5

#define TXT_STRING_BYTES_MAX 255

size_t
instance_address(struct slice text, uint8_t *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char copy[INET6_ADDRSTRLEN + 1];

	if (text.size == 0 || text.size >= sizeof(copy))
		return (0);
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (inet_pton(AF_INET, copy, out) == 1)
		return (4);
	if (inet_pton(AF_INET6, copy, out) != 1)
		return (0);
	/* Go's IP.To4 */
	if (memcmp(out, mapped, sizeof(mapped)) != 0)
		return (16);
	memmove(out, out + 12, 4);
	return (4);
}

struct slice
name_make(struct build *b, struct slice first, const char *middle,
    struct slice datacenter)
{
	struct slice text = arena_printf(b->arena, "%.*s.%s.%.*s.%.*s",
	    SLICE_ARGS(first), middle, SLICE_ARGS(datacenter),
	    SLICE_ARGS(b->settings->domain_text));
	uint8_t name[DNS_NAME_BYTES_MAX];
	size_t size;

	if (!name_from_text(text, name, &size))
		return (slice(NULL, 0));
	return (arena_copy(b->arena, slice(name, size)));
}

/* --- Health and weight. --- */

bool
instance_is_healthy(const struct check_service_node *i, bool only_passing)
{
	for (size_t j = 0; j < i->checks.count; j++) {
		struct slice status = i->checks.items[j].status;

		if (slice_is(status, "critical") ||
		    (only_passing && !slice_is(status, "passing")))
			return (false);
	}
	return (true);
}

/* Consul dns.go, findWeight, and AggregatedStatus: a status that is none of
 * the three counts 1. Only a prepared query gives one that is critical. */
static uint16_t
weight_of(const struct check_service_node *i)
{
	const struct weights *w = i->service->weights;
	int64_t passing = w == NULL ? 1 : w->passing;
	int64_t warning = w == NULL ? 1 : w->warning;
	bool has_warning = false, has_critical = false;

	for (size_t j = 0; j < i->checks.count; j++) {
		const struct health_check *c = &i->checks.items[j];

		if (c->service_name.size != 0 &&
		    !slice_equal(c->service_name, i->service->service))
			continue;
		if (slice_is(c->status, "warning"))
			has_warning = true;
		else if (slice_is(c->status, "critical"))
			has_critical = true;
		else if (!slice_is(c->status, "passing"))
			return (1);
	}
	if (has_critical)
		return (0);
	return ((uint16_t)(has_warning ? warning : passing));
}

/* --- Which address (Consul agent/translate_addr.go). --- */

static bool
wants_ipv4(uint16_t type)
{
	return (type != DNS_AAAA);
}

static bool
wants_ipv6(uint16_t type)
{
	return (type != DNS_A);
}

static struct slice
choose(
    uint16_t type, struct slice initial, struct slice ipv4, struct slice ipv6)
{
	if (wants_ipv6(type) && ipv6.size > 0)
		return (ipv6);
	if (wants_ipv4(type) && ipv4.size > 0)
		return (ipv4);
	return (initial);
}

/* What comes from another datacenter is reached over the WAN, if that is
 * configured. */
static bool
is_translated(const struct build *b, struct slice datacenter)
{
	return (b->settings->translates_wan_addresses &&
		!slice_equal(datacenter, b->settings->datacenter));
}

/* The address for all, and those that tags tell by family: lan's, each of which
 * gives way to that of the WAN if there is one. */
struct tagged {
	struct slice initial;
	struct slice ipv4;
	struct slice ipv6;
	struct slice wan_ipv4;
	struct slice wan_ipv6;
};

static void
tagged_take(
    struct tagged *t, bool is_wan, struct slice tag, struct slice address)
{
	if (slice_is(tag, "lan_ipv4"))
		t->ipv4 = address;
	else if (slice_is(tag, "lan_ipv6"))
		t->ipv6 = address;
	else if (is_wan && slice_is(tag, "wan_ipv4"))
		t->wan_ipv4 = address;
	else if (is_wan && slice_is(tag, "wan_ipv6"))
		t->wan_ipv6 = address;
	else if (is_wan && slice_is(tag, "wan"))
		t->initial = address;
}

static struct slice
tagged_choose(const struct tagged *t, uint16_t type)
{
	return (choose(type, t->initial,
	    t->wan_ipv4.size > 0 ? t->wan_ipv4 : t->ipv4,
	    t->wan_ipv6.size > 0 ? t->wan_ipv6 : t->ipv6));
}

static struct slice
node_address(const struct build *b, const struct node *n, uint16_t type)
{
	struct tagged t = { .initial = n->address };
	bool is_wan = is_translated(b, n->datacenter);

	for (size_t i = 0; i < n->tagged_addresses.count; i++) {
		const struct pair *p = &n->tagged_addresses.items[i];

		tagged_take(&t, is_wan, p->key, p->value);
	}
	return (tagged_choose(&t, type));
}

static struct slice
service_address(const struct build *b, const struct asking *asking,
    const struct node_service *s)
{
	struct tagged t = { .initial = s->address };
	bool is_wan = is_translated(b, asking->datacenter);

	for (size_t i = 0; i < s->tagged_addresses.count; i++) {
		const struct service_address_entry *e =
		    &s->tagged_addresses.items[i];

		tagged_take(&t, is_wan, e->key, e->value.address);
	}
	return (tagged_choose(&t, asking->type));
}

static uint16_t
service_port(const struct build *b, const struct asking *asking,
    const struct node_service *s)
{
	int64_t port = s->port;

	if (!is_translated(b, asking->datacenter))
		return ((uint16_t)port);
	for (size_t i = 0; i < s->tagged_addresses.count; i++) {
		const struct service_address_entry *e =
		    &s->tagged_addresses.items[i];

		if (slice_is(e->key, "wan") && e->value.port != 0)
			port = e->value.port;
	}
	return ((uint16_t)port);
}

/* --- Records. --- */

/* Consul dns.go, makeARecord: types that are answered with addresses. */
static bool
takes_address(uint16_t type, size_t address_size)
{
	switch (type) {
	case DNS_SRV:
	case DNS_ANY:
	case DNS_NS:
	case DNS_TXT:
		return (true);
	default:
		return (type == (address_size == 4 ? DNS_A : DNS_AAAA));
	}
}

bool
address_record(struct build *b, const struct asking *asking, struct slice owner,
    const uint8_t *address, size_t address_size, struct rr_list *out)
{
	if (!takes_address(asking->type, address_size))
		return (false);
	rr_add(b->arena, out,
	    (struct rr){
		.owner = owner,
		.type = address_size == 4 ? DNS_A : DNS_AAAA,
		.ttl = asking->ttl,
		.data = arena_copy(b->arena, slice(address, address_size)),
	    });
	return (true);
}

static void
srv_record(struct build *b, const struct asking *asking,
    const struct check_service_node *i, struct slice target,
    struct rr_list *out)
{
	uint16_t weight = weight_of(i);
	uint16_t port = service_port(b, asking, i->service);
	uint8_t data[] = { 0, SRV_PRIORITY, (uint8_t)(weight >> 8),
		(uint8_t)weight, (uint8_t)(port >> 8), (uint8_t)port };

	rr_add(b->arena, out,
	    (struct rr){
		.owner = asking->owner,
		.type = DNS_SRV,
		.ttl = asking->ttl,
		.data = arena_copy(b->arena, slice(data, sizeof(data))),
		.target = target,
	    });
}

/* An instance with an IP address; `target` names it for SRV. */
static void
ip_records(struct build *b, const struct asking *asking,
    const struct check_service_node *i, struct slice target,
    const uint8_t *address, size_t address_size, struct draft_group *out)
{
	if (asking->type != DNS_SRV) {
		address_record(b, asking, asking->owner, address, address_size,
		    &out->answers);
		return;
	}
	if (target.size == 0) /* a node whose name is none for DNS */
		return;
	srv_record(b, asking, i, target, &out->answers);
	address_record(b, asking, target, address, address_size, &out->extras);
}

static struct slice
hex_name(struct build *b, const struct asking *asking, const uint8_t *address,
    size_t address_size)
{
	char digits[33];

	for (size_t i = 0; i < address_size; i++)
		snprintf(&digits[2 * i], 3, "%02x", address[i]);
	return (name_make(
	    b, slice(digits, 2 * address_size), "addr", asking->datacenter));
}

static void
follow_outside(struct build *b, const struct asking *asking, struct slice name,
    struct rr_list *out)
{
	const struct fact *f;

	if (!b->settings->has_recursors || asking->is_survey)
		return;
	b->is_random = true; /* nothing tells us when it changes */
	f = fact_find(b, FACT_OUTSIDE, SLICE(""), name, SLICE(""));
	if (f == NULL || f->state != FACT_IS_KNOWN)
		return;
	for (size_t i = 0; i < f->outside.count; i++)
		rr_add(b->arena, out, f->outside.items[i]);
}

/* What a CNAME leads to, as far as we know it. */
static void
follow(struct build *b, const struct asking *asking, struct slice name,
    struct rr_list *out)
{
	const struct dns_settings *s = b->settings;
	uint8_t folded[DNS_NAME_BYTES_MAX];
	struct slice domain = slice(s->domain.data, s->domain.size);
	struct slice alt = slice(s->alt_domain.data, s->alt_domain.size);
	struct asking inner = *asking;
	size_t prefix;

	for (size_t i = 0; i < name.size; i++)
		folded[i] = byte_fold(name.data[i]);
	if (!name_ends_with(slice(folded, name.size), domain, &prefix) &&
	    (alt.size == 0 ||
		!name_ends_with(slice(folded, name.size), alt, &prefix))) {
		follow_outside(b, asking, name, out);
		return;
	}
	if (asking->level < 1 || b->follow_count++ >= FOLLOWS_MAX)
		return;
	inner.type = DNS_ANY;
	inner.owner = name;
	inner.asked = arena_copy(b->arena, slice(folded, name.size));
	inner.level--;
	resolve_inside(b, &inner, name, out);
}

static struct slice
name_from_address(struct build *b, struct slice text)
{
	uint8_t name[DNS_NAME_BYTES_MAX];
	size_t size;

	if (!name_from_text(text, name, &size))
		return (slice(NULL, 0));
	return (arena_copy(b->arena, slice(name, size)));
}

/* Consul dns.go, makeRecordFromFQDN: an instance with a name for an address. */
static void
name_records(struct build *b, const struct asking *asking,
    const struct check_service_node *i, struct slice address,
    struct draft_group *out)
{
	struct slice target = name_from_address(b, address);
	struct rr_list more = { 0 };
	struct rr_list *rest = &out->extras;
	size_t count = 0;

	if (target.size == 0)
		return;
	if (asking->type == DNS_SRV) {
		srv_record(b, asking, i, target, &out->answers);
	} else {
		rr_add(b->arena, &out->answers,
		    (struct rr){ .owner = asking->owner,
			.type = DNS_CNAME,
			.ttl = asking->ttl,
			.target = target });
		rest = &out->answers;
	}
	follow(b, asking, target, &more);
	for (size_t j = 0; j < more.count; j++) {
		struct rr rr = more.items[j];

		if (rr.type != DNS_CNAME && rr.type != DNS_A &&
		    rr.type != DNS_AAAA)
			continue;
		rr.ttl = asking->ttl;
		rr.is_surplus = count++ >= RECURSE_RECORDS_MAX;
		rr_add(b->arena, rest, rr);
	}
}

static bool
is_asked(struct build *b, const struct asking *asking, struct slice text)
{
	struct slice name = name_from_address(b, text);

	/* Consul compares exactly; but who asks in capitals should not get
	 * another answer. */
	return (slice_equal_fold(name, asking->asked));
}

void
instance_records(struct build *b, const struct asking *asking,
    const struct check_service_node *i, struct draft_group *out)
{
	struct slice of_service = service_address(b, asking, i->service);
	struct slice of_node = node_address(b, i->node, asking->type);
	uint8_t service_ip[16], node_ip[16];
	size_t service_size = instance_address(of_service, service_ip);
	size_t node_size = instance_address(of_node, node_ip);
	struct slice name;

	if (of_service.size == 0 && of_node.size == 0)
		return;
	if (service_size != 0) {
		name = hex_name(b, asking, service_ip, service_size);
		ip_records(b, asking, i, name, service_ip, service_size, out);
	} else if (node_size != 0 &&
		   (of_service.size == 0 || is_asked(b, asking, of_service))) {
		/* An address chosen by its tag is not what the node's name
		 * stands for. */
		name = of_service.size == 0 &&
			       !slice_equal(of_node, i->node->address)
			   ? hex_name(b, asking, node_ip, node_size)
			   : name_make(
				 b, i->node->node, "node", asking->datacenter);
		ip_records(b, asking, i, name, node_ip, node_size, out);
	} else {
		name_records(b, asking, i,
		    of_service.size != 0 ? of_service : of_node, out);
	}
}

void
node_records(struct build *b, const struct asking *asking, const struct node *n,
    struct rr_list *out)
{
	struct slice text = node_address(b, n, asking->type), target;
	uint8_t address[16];
	size_t size = instance_address(text, address);

	if (size != 0) {
		address_record(b, asking, asking->owner, address, size, out);
		return;
	}
	target = name_from_address(b, n->address);
	if (target.size == 0)
		return;
	rr_add(b->arena, out,
	    (struct rr){ .owner = asking->owner,
		.type = DNS_CNAME,
		.ttl = asking->ttl,
		.target = target });
	follow(b, asking, target, out);
}

/* --- Metadata. --- */

static bool
is_verbatim(struct slice key)
{
	struct slice prefix = SLICE("rfc1035-");

	return (key.size >= prefix.size &&
		slice_equal_fold(slice_head(key, prefix.size), prefix));
}

/* RFC 1464 2: a grave accent quotes itself, an equal sign in the name, and
 * blanks around the name. */
static void
quote(struct slice text, bool is_key, struct buf *out)
{
	size_t first = 0, last = text.size;

	while (is_key && first < last && text.data[first] == ' ')
		first++;
	while (is_key && last > first && text.data[last - 1] == ' ')
		last--;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		if (byte == '`' || (is_key && byte == '=') ||
		    (is_key && (i < first || i >= last)))
			buf_put_u8(out, '`');
		buf_put_u8(out, byte);
	}
}

/* Text in strings of at most 255 bytes: Consul has no answer at all for a
 * longer one. */
static struct slice
txt_data(struct arena *arena, struct slice text)
{
	struct buf data = { 0 };
	struct slice copy;

	do {
		size_t size = text.size;

		if (size > TXT_STRING_BYTES_MAX)
			size = TXT_STRING_BYTES_MAX;
		buf_put_u8(&data, (uint8_t)size);
		buf_put(&data, text.data, size);
		text = slice_tail(text, size);
	} while (text.size > 0);
	copy = arena_copy(arena, buf_slice(&data));
	buf_deinit(&data);
	return (copy);
}

void
node_meta_records(struct build *b, const struct node *n, struct slice owner,
    uint32_t ttl, struct rr_list *out)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < n->meta.count; i++) {
		const struct pair *p = &n->meta.items[i];

		buf_reset(&text);
		if (is_verbatim(p->key)) {
			buf_put_slice(&text, p->value);
		} else {
			quote(p->key, true, &text);
			buf_put_u8(&text, '=');
			quote(p->value, false, &text);
		}
		rr_add(b->arena, out,
		    (struct rr){ .owner = owner,
			.type = DNS_TXT,
			.ttl = ttl,
			.data = txt_data(b->arena, buf_slice(&text)) });
	}
	buf_deinit(&text);
}
