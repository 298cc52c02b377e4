/* Answers from facts; see build.h. */
#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "instance.h"

#define NAMESERVERS_MAX 3
#define SERVERS_SERVICE "consul" /* structs.ConsulServiceName */
/* Answers over UDP without EDNS (maxUDPAnswerLimit). */
#define UDP_ANSWERS_MAX 8

bool
fact_key_equal(const struct fact_key *a, const struct fact_key *b)
{
	return (a->kind == b->kind &&
		slice_equal(a->datacenter, b->datacenter) &&
		slice_equal(a->name, b->name) && slice_equal(a->tag, b->tag));
}

const struct fact *
fact_find(struct build *b, enum fact_kind kind, struct slice datacenter,
    struct slice name, struct slice tag)
{
	static const struct fact unknown = { .state = FACT_HAS_FAILED };
	struct fact_key key = { kind, datacenter, name, tag };

	for (size_t i = 0; i < b->facts->count; i++)
		if (fact_key_equal(&b->facts->items[i]->key, &key))
			return (b->facts->items[i]);
	for (size_t i = 0; i < b->needs->count; i++)
		if (fact_key_equal(&b->needs->items[i], &key))
			return (NULL);
	if (b->facts->count + b->needs->count == FACTS_MAX)
		return (&unknown);
	b->needs->items[b->needs->count++] = key;
	return (NULL);
}

static void
no_such_name(struct draft *d)
{
	d->rcode = DNS_NXDOMAIN;
	d->has_soa_authority = true;
}

/* False, and the draft is finished, where a fact can't be used. */
static bool
fact_is_usable(const struct fact *f, struct draft *d)
{
	if (f == NULL)
		return (false);
	if (f->state == FACT_HAS_FAILED)
		d->rcode = DNS_SERVFAIL;
	else if (f->state == FACT_HAS_NO_DATACENTER)
		no_such_name(d);
	return (f->state == FACT_IS_KNOWN);
}

/* --- Services. --- */

/* What makes two instances one: for SRV node, address and port; else the
 * first record. */
static struct slice
srv_identity(struct build *b, const struct check_service_node *i)
{
	return (
	    arena_printf(b->arena, "%.*s:%.*s:%lld", SLICE_ARGS(i->node->node),
		SLICE_ARGS(i->service->address), (long long)i->service->port));
}

static struct slice
rr_identity(struct build *b, const struct rr *rr)
{
	struct buf text = { 0 };
	struct slice copy;

	buf_put_be16(&text, rr->type);
	buf_put_slice(&text, rr->data);
	buf_put_slice(&text, rr->target);
	copy = arena_copy(b->arena, buf_slice(&text));
	buf_deinit(&text);
	return (copy);
}

static void
srv_group(struct build *b, const struct asking *asking,
    const struct check_service_node *i, struct table *seen, struct draft *d)
{
	uint32_t number = (uint32_t)d->group_count;
	uint32_t known = table_put(seen, srv_identity(b, i), number);
	struct draft_group group = { 0 };
	struct slice node;

	if (known != number) {
		draft_repeat(d, known);
		return;
	}
	instance_records(b, asking, i, &group);
	if (group.answers.count == 0)
		return;
	if (b->settings->has_node_meta_txt) {
		node = name_make(b, i->node->node, "node", asking->datacenter);
		if (node.size != 0)
			node_meta_records(
			    b, i->node, node, asking->ttl, &group.extras);
	}
	*draft_add(d) = group;
}

static void
address_group(struct build *b, const struct asking *asking,
    const struct check_service_node *i, struct table *seen, struct draft *d)
{
	uint32_t number = (uint32_t)d->group_count, known;
	struct draft_group group = { 0 };

	instance_records(b, asking, i, &group);
	if (group.answers.count == 0)
		return;
	group.instance = i;
	known =
	    table_put(seen, rr_identity(b, &group.answers.items[0]), number);
	if (known == number)
		*draft_add(d) = group;
	else
		draft_repeat(d, known);
}

/* Names count only where no instance has an address, and then the first one
 * is the whole answer. */
static void
names_drop(const struct dns_settings *s, struct draft *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->order_count; i++) {
		const struct rr_list *l = &d->groups[d->order[i]].answers;

		if (l->items[0].type != DNS_CNAME)
			d->order[kept++] = d->order[i];
	}
	d->group_limit = kept > 0 ? s->a_record_limit : 1;
	if (kept > 0)
		d->order_count = kept;
}

static bool
is_name_group(const struct draft_group *g)
{
	return (g->instance != NULL && g->answers.count > 0 &&
		g->answers.items[0].type == DNS_CNAME);
}

/* Where names are all there is, recursors are asked about one of them. */
static void
name_choose(struct build *b, const struct asking *asking, struct draft *d)
{
	struct draft_group *g;
	uint32_t number;

	if (d->order_count == 0)
		return;
	number = d->order[d->is_ordered ? 0 : b->facts->pick % d->order_count];
	g = &d->groups[number];
	if (!is_name_group(g))
		return;
	b->is_random |= d->order_count > 1;
	d->order[0] = number;
	d->order_count = 1;
	g->answers.count = 0;
	instance_records(b, asking, g->instance, g);
}

static void
instance_group(struct build *b, const struct asking *asking,
    const struct check_service_node *instance, struct table *seen,
    struct draft *d)
{
	if (instance->node == NULL || instance->service == NULL)
		return;
	d->is_service = true;
	if (asking->type == DNS_SRV)
		srv_group(b, asking, instance, seen, d);
	else
		address_group(b, asking, instance, seen, d);
}

/* Those of `instances` that are healthy, or all of them where somebody else has
 * seen to that. */
static void
service_groups(struct build *b, struct asking *asking,
    const struct check_service_node *instances, size_t count, bool is_vetted,
    struct draft *d)
{
	struct table seen = { .arena = b->arena };
	bool is_survey = asking->is_survey;

	asking->is_survey |= asking->type != DNS_SRV;
	for (size_t i = 0; i < count; i++)
		if (is_vetted || instance_is_healthy(
				     &instances[i], b->settings->only_passing))
			instance_group(b, asking, &instances[i], &seen, d);
	asking->is_survey = is_survey;
	if (asking->type != DNS_SRV)
		names_drop(b->settings, d);
	if (b->settings->has_recursors && !is_survey)
		name_choose(b, asking, d);
	if (!d->is_service) /* nothing healthy */
		no_such_name(d);
}

static void
build_service(struct build *b, const struct question *q, struct asking *asking,
    struct draft *d)
{
	const struct fact *f =
	    fact_find(b, FACT_SERVICE, q->datacenter, q->name, q->tag);

	if (!fact_is_usable(f, d))
		return;
	asking->ttl = settings_service_ttl(b->settings, q->name);
	service_groups(b, asking, f->instances.nodes.items,
	    f->instances.nodes.count, false, d);
}

/* --- Prepared queries. --- */

/* Its own, or that of the service it has found (Consul vets the former when a
 * query is written). */
static uint32_t
query_ttl(const struct dns_settings *s,
    const struct prepared_query_execute_response *reply)
{
	struct duration ttl;
	char why[128];

	if (reply->dns.ttl.size == 0)
		return (settings_service_ttl(s, reply->service));
	if (duration_parse(reply->dns.ttl, &ttl, why, sizeof(why)) != ERR_OK)
		return (0);
	return ((uint32_t)(ttl.ns / SECONDS(1).ns));
}

/* Which instances are healthy is what the query says. They come in the order
 * of their distance, or shuffled, from another datacenter perhaps. */
static void
build_query(struct build *b, const struct question *q, struct asking *asking,
    struct draft *d)
{
	const struct fact *f = fact_find(
	    b, FACT_QUERY, q->datacenter, q->name, slice_of_text(q->source));

	d->is_for_subnet = d->is_ordered = true;
	if (!fact_is_usable(f, d))
		return;
	asking->ttl = query_ttl(b->settings, &f->query);
	asking->datacenter = f->query.datacenter;
	service_groups(
	    b, asking, f->query.nodes.items, f->query.nodes.count, true, d);
}

/* --- Nodes. --- */

static bool
is_node_type(uint16_t type)
{
	return (type == DNS_A || type == DNS_AAAA || type == DNS_ANY ||
		type == DNS_TXT);
}

static void
build_node(struct build *b, const struct question *q, struct asking *asking,
    struct draft *d)
{
	bool is_in_answer = q->type == DNS_TXT || q->type == DNS_ANY;
	const struct fact *f;
	const struct node *node;
	struct draft_group *g;

	if (!is_node_type(q->type)) /* not even looked up */
		return;
	f = fact_find(b, FACT_NODE, q->datacenter, q->name, SLICE(""));
	if (!fact_is_usable(f, d))
		return;
	if (f->node.node_services == NULL ||
	    f->node.node_services->node == NULL) {
		no_such_name(d);
		return;
	}
	node = f->node.node_services->node;
	asking->ttl = b->settings->node_ttl;
	g = draft_add(d);
	if (q->type != DNS_TXT)
		node_records(b, asking, node, &g->answers);
	if (is_in_answer || b->settings->has_node_meta_txt)
		node_meta_records(b, node, asking->owner, asking->ttl,
		    is_in_answer ? &g->answers : &g->extras);
}

/* --- The zone. --- */

/* Consul skips what InvalidDnsRe matches. */
static bool
is_plain_name(struct slice name)
{
	for (size_t i = 0; i < name.size; i++)
		if (!isalnum(name.data[i]) && name.data[i] != '-')
			return (false);
	return (name.size > 0);
}

static struct slice
folded(struct build *b, struct slice text)
{
	char *copy = arena_text(b->arena, text);

	for (size_t i = 0; i < text.size; i++)
		copy[i] = (char)byte_fold((uint8_t)copy[i]);
	return (slice(copy, text.size));
}

static void
nameserver_group(struct build *b, const struct asking *asking,
    const struct node *node, struct draft *d)
{
	const struct dns_settings *s = b->settings;
	struct slice name =
	    name_make(b, folded(b, node->node), "node", s->datacenter);
	struct asking inner = *asking;
	struct draft_group *g;

	if (name.size == 0)
		return;
	inner.type = DNS_ANY;
	inner.owner = name;
	g = draft_add(d);
	rr_add(b->arena, &g->answers,
	    (struct rr){ .owner = slice(s->domain.data, s->domain.size),
		.type = DNS_NS,
		.ttl = s->node_ttl,
		.target = name });
	node_records(b, &inner, node, &g->extras);
}

/* A SOA question has the servers in the authority section. If they can't be
 * known, there are none. */
static void
build_zone(struct build *b, const struct question *q, struct asking *asking,
    struct draft *d)
{
	const struct fact *f = fact_find(b, FACT_SERVICE,
	    b->settings->datacenter, SLICE(SERVERS_SERVICE), SLICE(""));

	d->has_soa_answer = d->is_authority = q->kind == QUESTION_SOA;
	d->group_limit = NAMESERVERS_MAX;
	if (f == NULL)
		return;
	d->is_random |= f->state != FACT_IS_KNOWN;
	if (f->state != FACT_IS_KNOWN)
		return;
	asking->ttl = b->settings->node_ttl;
	for (size_t i = 0; i < f->instances.nodes.count; i++) {
		const struct check_service_node *server =
		    &f->instances.nodes.items[i];

		if (server->node != NULL &&
		    instance_is_healthy(server, b->settings->only_passing) &&
		    is_plain_name(server->node->node))
			nameserver_group(b, asking, server->node, d);
	}
}

/* --- Reverse. --- */

static struct slice
node_with(struct build *b, const struct fact *f, const struct question *q)
{
	for (size_t i = 0; i < f->nodes.nodes.count; i++) {
		const struct node *n = &f->nodes.nodes.items[i];
		uint8_t address[16];

		if (instance_address(n->address, address) == q->address_size &&
		    memcmp(address, q->address, q->address_size) == 0)
			return (name_make(
			    b, n->node, "node", b->settings->datacenter));
	}
	return (slice(NULL, 0));
}

static struct slice
service_with(struct build *b, const struct fact *f, struct slice text)
{
	for (size_t i = 0; i < f->addresses.service_nodes.count; i++) {
		const struct service_node *s =
		    &f->addresses.service_nodes.items[i];

		if (slice_equal(s->service_address, text))
			return (name_make(b, s->service_name, "service",
			    b->settings->datacenter));
	}
	return (slice(NULL, 0));
}

static struct slice
reverse_find(struct build *b, const struct question *q, struct draft *d)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct slice dc = b->settings->datacenter, name = { NULL, 0 };
	const struct fact *f;

	if (q->address_size == 0)
		return (name);
	f = fact_find(b, FACT_NODES, dc, SLICE(""), SLICE(""));
	if (f == NULL)
		return (name);
	/* What could not be looked up may be known the next time. */
	d->is_random |= f->state != FACT_IS_KNOWN;
	if (f->state == FACT_IS_KNOWN)
		name = node_with(b, f, q);
	if (name.size != 0)
		return (name);
	inet_ntop(q->address_size == 4 ? AF_INET : AF_INET6, q->address, text,
	    sizeof(text));
	f = fact_find(b, FACT_ADDRESS, dc,
	    arena_copy(b->arena, slice_of_text(text)), SLICE(""));
	if (f == NULL)
		return (name);
	d->is_random |= f->state != FACT_IS_KNOWN;
	if (f->state == FACT_IS_KNOWN)
		name = service_with(b, f, slice_of_text(text));
	return (name);
}

static void
build_reverse(struct build *b, const struct question *q, struct draft *d)
{
	struct slice name = reverse_find(b, q, d);

	if (name.size == 0) {
		/* It goes to the recursors, and all of none have failed. */
		d->rcode = DNS_SERVFAIL;
		d->flags = DNS_RA;
		d->is_forwarded = true;
		return;
	}
	d->has_soa_authority = q->type == DNS_SOA;
	rr_add(b->arena, &draft_add(d)->answers,
	    (struct rr){ .type = DNS_PTR, .target = name });
}

/* --- All. --- */

static void
build_address(struct build *b, const struct question *q, struct asking *asking,
    struct draft *d)
{
	struct slice owner = slice(q->owner.data, q->owner.size);

	asking->type = DNS_ANY; /* answered whatever was asked */
	asking->ttl = b->settings->node_ttl;
	address_record(b, asking, owner, q->address, q->address_size,
	    &draft_add(d)->answers);
}

static void
build_any(struct build *b, const struct question *q, struct asking *asking,
    struct draft *d)
{
	switch (q->kind) {
	case QUESTION_REFUSED:
		d->rcode = DNS_REFUSED;
		d->flags = 0;
		d->is_refused = true;
		break;
	case QUESTION_TRANSFER:
		d->rcode = DNS_NOTIMP;
		break;
	case QUESTION_REVERSE:
		build_reverse(b, q, d);
		break;
	case QUESTION_SOA:
	case QUESTION_NS:
		build_zone(b, q, asking, d);
		break;
	case QUESTION_SERVICE:
		build_service(b, q, asking, d);
		break;
	case QUESTION_QUERY:
		build_query(b, q, asking, d);
		break;
	case QUESTION_NODE:
		build_node(b, q, asking, d);
		break;
	case QUESTION_ADDRESS:
		build_address(b, q, asking, d);
		break;
	case QUESTION_EMPTY:
		break;
	case QUESTION_INVALID:
	case QUESTION_CONNECT: /* as for no instances */
		no_such_name(d);
		break;
	}
}

/* Shuffle, and as many records as plain UDP may have: an inner question is
 * answered on the spot, so the whole answer is good for one time only. */
static void
inner_records(struct build *b, struct draft *d, struct rr_list *out)
{
	size_t limit = SIZE_MAX, groups = 0;
	bool *is_taken =
	    arena_array(b->arena, d->group_count + 1, sizeof(bool));

	if (d->is_service) {
		limit = b->settings->udp_answer_limit;
		if (limit > UDP_ANSWERS_MAX)
			limit = UDP_ANSWERS_MAX;
	}
	b->is_random |= d->order_count > 1;
	for (size_t i = 0; i < d->order_count; i++) {
		size_t j = i + chance_below(b->chance, d->order_count - i);
		uint32_t group = d->order[j];
		const struct rr_list *l = &d->groups[group].answers;

		d->order[j] = d->order[i];
		if (is_taken[group])
			continue;
		is_taken[group] = true;
		for (size_t k = 0; k < l->count && limit > 0; k++, limit--)
			rr_add(b->arena, out, l->items[k]);
		if (limit == 0 || ++groups == d->group_limit)
			break;
	}
}

void
resolve_inside(struct build *b, const struct asking *asking, struct slice name,
    struct rr_list *out)
{
	struct question *q = arena_alloc(b->arena, sizeof(*q));
	struct asking inner = *asking;
	struct draft d;

	assert(asking->level >= 0 && asking->level < LEVELS_MAX);
	draft_init(&d, b->arena);
	question_route(b->settings, asking->asked, DNS_ANY, q);
	inner.datacenter = q->datacenter;
	inner.owner = name;
	build_any(b, q, &inner, &d);
	b->is_random |= d.rcode == DNS_SERVFAIL || d.is_random;
	inner_records(b, &d, out);
}

bool
answer_build(const struct dns_settings *s, const struct question *q,
    struct slice asked, const struct facts *facts, struct chance *chance,
    struct arena *arena, struct dns_answer **answer, struct needs *needs)
{
	struct build b = { .settings = s,
		.facts = facts,
		.chance = chance,
		.arena = arena,
		.needs = needs };
	struct asking asking = { .type = q->type,
		.datacenter = q->datacenter,
		.asked = asked,
		.level = LEVELS_MAX };
	struct draft d;

	needs->count = 0;
	draft_init(&d, arena);
	if (s->has_recursors)
		d.flags |= DNS_RA;
	build_any(&b, q, &asking, &d);
	if (needs->count > 0)
		return (false);
	d.is_random |= b.is_random || d.rcode == DNS_SERVFAIL;
	*answer = answer_new(&d);
	return (true);
}
