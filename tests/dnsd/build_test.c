/*
 * Answers from facts that no agent of ours can have yet, or that a recursor
 * has: addresses of another datacenter, and what names lead to. What is
 * expected of the former is what Consul 1.8.7 said, in a pair of datacenters.
 */
#include <arpa/inet.h>
#include <string.h>

#include "../lib/tap.h"
#include "dnsd/build.h"
#include "dnsd/write.h"

static struct dns_settings settings;
static struct arena arena;
static struct chance chance = { 1 };
static struct fact fact_list[FACTS_MAX];
static struct facts facts;

static void
settings_set(void)
{
	memset(&settings, 0, sizeof(settings));
	CHECK(name_from_text(
	    SLICE("consul"), settings.domain.data, &settings.domain.size));
	settings.domain_text = SLICE("consul.");
	settings.datacenter = SLICE("dc1");
	settings.udp_answer_limit = 3;
	facts = (struct facts){ 0 };
	memset(fact_list, 0, sizeof(fact_list));
}

static struct needs needs;

/* The answer to NAME, or NULL where something is missing. */
static struct dns_answer *
answer_to(const char *text, uint16_t type)
{
	uint8_t name[DNS_NAME_BYTES_MAX];
	struct dns_answer *answer;
	struct question *q = arena_alloc(&arena, sizeof(*q));
	size_t size;

	CHECK(name_from_text(slice_of_text(text), name, &size));
	question_route(&settings, slice(name, size), type, q);
	if (!answer_build(&settings, q, slice(name, size), &facts, &chance,
		&arena, &answer, &needs))
		return (NULL);
	return (answer);
}

/* --- Addresses of another datacenter. --- */

static struct pair node_tags[] = {
	{ SLICE("lan_ipv4"), SLICE("10.1.3.2") },
	{ SLICE("lan_ipv6"), SLICE("fd00::3:2") },
	{ SLICE("wan"), SLICE("10.9.3.1") },
	{ SLICE("wan_ipv4"), SLICE("10.9.3.2") },
	{ SLICE("wan_ipv6"), SLICE("fd00::9:2") },
};
static struct service_address_entry service_tags[] = {
	{ SLICE("wan"), { SLICE("10.9.5.2"), 8080 } },
	{ SLICE("lan_ipv6"), { SLICE("fd00::5:1"), 1 } },
	{ SLICE("wan_ipv4"), { SLICE("10.9.5.3"), 8081 } },
};

struct wide {
	const char *node_address;
	size_t node_tag_first, node_tag_count;
	const char *service_address;
	size_t service_tag_count;
	uint16_t type;
	const char *expected; /* an address; for SRV with a port before it */
};

static void
fact_service(struct fact *f, const char *dc, const struct wide *w)
{
	struct check_service_node *i = arena_alloc(&arena, sizeof(*i));

	i->node = arena_alloc(&arena, sizeof(*i->node));
	i->service = arena_alloc(&arena, sizeof(*i->service));
	i->node->node = SLICE("n");
	i->node->datacenter = slice_of_text(dc);
	i->node->address = slice_of_text(w->node_address);
	i->node->tagged_addresses.items = &node_tags[w->node_tag_first];
	i->node->tagged_addresses.count = w->node_tag_count;
	i->service->service = SLICE("web");
	i->service->port = 80;
	i->service->address = slice_of_text(w->service_address);
	i->service->tagged_addresses.items = service_tags;
	i->service->tagged_addresses.count = w->service_tag_count;
	*f = (struct fact){ .key = { FACT_SERVICE, slice_of_text(dc),
				SLICE("web"), SLICE("") } };
	f->instances.nodes.items = i;
	f->instances.nodes.count = 1;
}

/* "80 10.1.2.3" for SRV, else the address alone. */
static void
answer_print(const struct dns_answer *a, char *out, size_t size)
{
	const struct answer_record *r = &a->records[0];
	size_t used = 0;
	char text[64] = "";

	*out = '\0';
	if (a->order_count == 0)
		return;
	if (r->type == DNS_SRV) {
		const uint8_t *port = &a->bytes[r->data + 4];

		used =
		    (size_t)snprintf(out, size, "%d ", port[0] << 8 | port[1]);
		r = &a->records[1];
	}
	if (r->type == DNS_A || r->type == DNS_AAAA)
		inet_ntop(r->type == DNS_A ? AF_INET : AF_INET6,
		    &a->bytes[r->data], text, sizeof(text));
	snprintf(out + used, size - used, "%s", text);
}

static void
test_wan(void)
{
	/* clang-format off */
	static const struct wide rows[] = {
		{ "10.1.3.1", 0, 5, "", 0, DNS_A,    "10.9.3.2" },
		{ "10.1.3.1", 0, 5, "", 0, DNS_AAAA, "fd00::9:2" },
		{ "10.1.3.1", 0, 5, "", 0, DNS_SRV,  "80 fd00::9:2" },
		{ "10.1.3.1", 0, 5, "", 0, DNS_ANY,  "fd00::9:2" },
		{ "10.1.3.1", 2, 1, "", 0, DNS_A,    "10.9.3.1" },
		{ "10.1.3.1", 2, 1, "", 0, DNS_AAAA, "" },
		{ "10.1.3.1", 2, 1, "", 0, DNS_SRV,  "80 10.9.3.1" },
		{ "10.1.3.1", 0, 0, "", 0, DNS_A,    "10.1.3.1" },
		{ "10.1.5.1", 0, 0, "10.1.5.2", 3, DNS_A,    "10.9.5.3" },
		{ "10.1.5.1", 0, 0, "10.1.5.2", 3, DNS_AAAA, "fd00::5:1" },
		{ "10.1.5.1", 0, 0, "10.1.5.2", 3, DNS_SRV,  "8080 fd00::5:1" },
		{ "10.1.5.1", 0, 0, "10.1.5.2", 1, DNS_SRV,  "8080 10.9.5.2" },
		{ "10.1.5.1", 0, 0, "10.1.5.2", 1, DNS_A,    "10.9.5.2" },
	};
	/* clang-format on */
	char text[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns_answer *a;

		settings_set();
		settings.translates_wan_addresses = true;
		fact_service(&fact_list[0], "dc2", &rows[i]);
		facts.items[facts.count++] = &fact_list[0];
		a = answer_to("web.service.dc2.consul", rows[i].type);
		CHECK(a != NULL);
		if (a == NULL)
			continue;
		answer_print(a, text, sizeof(text));
		if (strcmp(text, rows[i].expected) != 0)
			printf("# row %zu: %s\n", i, text);
		CHECK(strcmp(text, rows[i].expected) == 0);
		answer_free(a);
	}
}

/* At home, or where it is not configured, the LAN's. */
static void
test_lan(void)
{
	static const struct wide row = { "10.1.3.1", 0, 5, "", 0, DNS_A, "" };
	char text[64];

	for (size_t i = 0; i < 2; i++) {
		struct dns_answer *a;

		settings_set();
		settings.translates_wan_addresses = i == 0;
		fact_service(&fact_list[0], i == 0 ? "dc1" : "dc2", &row);
		facts.items[facts.count++] = &fact_list[0];
		a = answer_to(i == 0 ? "web.service.dc1.consul"
				     : "web.service.dc2.consul",
		    DNS_A);
		CHECK(a != NULL);
		if (a == NULL)
			continue;
		answer_print(a, text, sizeof(text));
		CHECK(strcmp(text, "10.1.3.2") == 0);
		answer_free(a);
	}
}

/* --- What recursors say. --- */

static void
named_service(struct fact *f, size_t count)
{
	struct check_service_node *items =
	    arena_array(&arena, count, sizeof(*items));

	for (size_t i = 0; i < count; i++) {
		items[i].node = arena_alloc(&arena, sizeof(*items[i].node));
		items[i].service =
		    arena_alloc(&arena, sizeof(*items[i].service));
		items[i].node->node = arena_printf(&arena, "n%zu", i);
		items[i].node->datacenter = SLICE("dc1");
		items[i].node->address =
		    arena_printf(&arena, "h%zu.example.com", i);
		items[i].service->service = SLICE("web");
	}
	*f = (struct fact){ .key = { FACT_SERVICE, SLICE("dc1"), SLICE("web"),
				SLICE("") } };
	f->instances.nodes.items = items;
	f->instances.nodes.count = count;
	facts.items[facts.count++] = f;
}

static void
know_outside(struct fact *f, size_t count)
{
	static const uint8_t address[4] = { 192, 0, 2, 1 };

	f->key = needs.items[0];
	f->key.name = arena_copy(&arena, f->key.name);
	for (size_t i = 0; i < count; i++)
		rr_add(&arena, &f->outside,
		    (struct rr){ .owner = f->key.name,
			.type = DNS_A,
			.ttl = 77,
			.data = slice(address, 4) });
	facts.items[facts.count++] = f;
}

/* Of names alone one is asked for, the same until it is known. */
static void
test_one_name(void)
{
	struct dns_answer *a;

	for (uint32_t pick = 0; pick < 5; pick++) {
		settings_set();
		settings.has_recursors = true;
		facts.pick = pick;
		named_service(&fact_list[0], 3);
		CHECK(answer_to("web.service.consul", DNS_A) == NULL);
		CHECK_EQ(needs.count, 1);
		CHECK_EQ(needs.items[0].kind, FACT_OUTSIDE);
		CHECK_EQ(needs.items[0].name.data[2], '0' + pick % 3);
		know_outside(&fact_list[1], 8);
		a = answer_to("web.service.consul", DNS_A);
		CHECK(a != NULL);
		if (a == NULL)
			continue;
		CHECK_EQ(a->order_count, 1);
		CHECK(a->is_random); /* never kept */
		CHECK(a->has_surplus);
		CHECK_EQ(a->flags, DNS_AA | DNS_RA);
		CHECK_EQ(a->groups[a->order[0]].answer_count, 9);
		CHECK_EQ(a->records[a->groups[a->order[0]].first + 5].ttl, 0);
		answer_free(a);
	}
}

/* SRV needs all of them, at once, and each once. */
static void
test_all_names(void)
{
	settings_set();
	settings.has_recursors = true;
	named_service(&fact_list[0], 5);
	CHECK(answer_to("web.service.consul", DNS_SRV) == NULL);
	CHECK_EQ(needs.count, 5);
	settings_set();
	settings.has_recursors = true;
	named_service(&fact_list[0], 500);
	CHECK(answer_to("web.service.consul", DNS_SRV) == NULL);
	CHECK_EQ(needs.count + facts.count, FACTS_MAX);
}

/* Without recursors, names stand for themselves, and the answer is kept. */
static void
test_no_recursors(void)
{
	struct dns_answer *a;

	settings_set();
	named_service(&fact_list[0], 3);
	a = answer_to("web.service.consul", DNS_A);
	CHECK(a != NULL);
	if (a == NULL)
		return;
	CHECK(!a->is_random);
	CHECK_EQ(a->flags, DNS_AA);
	CHECK_EQ(a->order_count, 3);
	answer_free(a);
	a = answer_to("9.9.9.10.in-addr.arpa", DNS_PTR);
	CHECK(a == NULL && needs.items[0].kind == FACT_NODES);
	a = answer_to("foo.arpa", DNS_PTR);
	CHECK(a != NULL && a->is_forwarded);
	answer_free(a);
}

int
main(void)
{
	RUN(test_wan);
	RUN(test_lan);
	RUN(test_one_name);
	RUN(test_all_names);
	RUN(test_no_recursors);
	arena_deinit(&arena);
	return (tap_done());
}
