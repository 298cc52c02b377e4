/* Names to what they ask for: the forms of api/dns.md 1. */
#include <string.h>

#include "../lib/tap.h"
#include "dnsd/question.h"

static struct dns_settings settings;

static void
zone(struct dns_name *n, const char *text)
{
	CHECK(name_from_text(slice_of_text(text), n->data, &n->size));
}

struct expectation {
	const char *asked;
	uint16_t type;
	enum question_kind kind;
	const char *name;
	const char *tag;
	const char *datacenter;
};

/* clang-format off */
static const struct expectation expectations[] = {
	{ "n1.node.consul", DNS_A, QUESTION_NODE, "n1", "", "dc1" },
	{ "n1.node.dc2.consul", DNS_A, QUESTION_NODE, "n1", "", "dc2" },
	{ "my.dotted.node.consul", DNS_A, QUESTION_NODE, "my.dotted", "", "dc1" },
	{ "web.service.consul", DNS_A, QUESTION_SERVICE, "web", "", "dc1" },
	{ "v1.web.service.consul", DNS_A, QUESTION_SERVICE, "web", "v1", "dc1" },
	{ "a.b.web.service.dc2.consul", DNS_A, QUESTION_SERVICE, "web", "a.b", "dc2" },
	{ "_web._tcp.service.consul", DNS_SRV, QUESTION_SERVICE, "web", "", "dc1" },
	{ "_web._v1.service.consul", DNS_A, QUESTION_SERVICE, "web", "v1", "dc1" },
	{ "_web._tcp.consul", DNS_SRV, QUESTION_SERVICE, "web", "", "dc1" },
	{ "_web._v1.dc2.consul", DNS_SRV, QUESTION_SERVICE, "web", "v1", "dc2" },
	{ "_web._tcp.consul", DNS_A, QUESTION_INVALID, "", "", "" },
	{ "_web.service.consul", DNS_A, QUESTION_SERVICE, "_web", "", "dc1" },
	{ "service.service.consul", DNS_A, QUESTION_SERVICE, "service", "", "dc1" },
	{ "node.service.node.consul", DNS_A, QUESTION_NODE, "node.service", "", "dc1" },
	{ "a.b.query.consul", DNS_A, QUESTION_QUERY, "a.b", "", "dc1" },
	{ "web.connect.consul", DNS_A, QUESTION_CONNECT, "web", "", "dc1" },
	{ "web.ingress.consul", DNS_A, QUESTION_CONNECT, "web", "", "dc1" },
	{ "web.service.a.b.consul", DNS_A, QUESTION_INVALID, "", "", "" },
	{ "service.consul", DNS_A, QUESTION_INVALID, "", "", "" },
	{ "consul", DNS_A, QUESTION_INVALID, "", "", "" },
	{ "x.y.consul", DNS_A, QUESTION_INVALID, "", "", "" },
	{ "x.y.consul", DNS_SOA, QUESTION_SOA, "", "", "" },
	{ "x.y.consul", DNS_NS, QUESTION_NS, "", "", "" },
	{ "consul", DNS_AXFR, QUESTION_TRANSFER, "", "", "" },
	{ "0a020001.addr.consul", DNS_A, QUESTION_ADDRESS, "", "", "" },
	{ "0a020001.addr.a.b.consul", DNS_A, QUESTION_ADDRESS, "", "", "" },
	{ "0a02000g.addr.consul", DNS_A, QUESTION_INVALID, "", "", "" },
	{ "0a0200011.addr.consul", DNS_A, QUESTION_INVALID, "", "", "" },
	{ "0a02000111.addr.consul", DNS_A, QUESTION_EMPTY, "", "", "" },
	{ "x.0a020001.addr.consul", DNS_A, QUESTION_INVALID, "", "", "" },
	{ "web.service.a.consul", DNS_A, QUESTION_SERVICE, "web", "", "a" },
	/* The other domain is inside ours, and longer. */
	{ "web.service.alt.consul", DNS_A, QUESTION_SERVICE, "web", "", "dc1" },
	{ "alt.consul", DNS_SOA, QUESTION_SOA, "", "", "" },
	{ "3.0.1.10.in-addr.arpa", DNS_PTR, QUESTION_REVERSE, "", "", "" },
	{ "arpa", DNS_A, QUESTION_REVERSE, "", "", "" },
	{ "example.com", DNS_A, QUESTION_REFUSED, "", "", "" },
	{ "notconsul", DNS_A, QUESTION_REFUSED, "", "", "" },
	{ "consul.example", DNS_SOA, QUESTION_REFUSED, "", "", "" },
	{ "", DNS_A, QUESTION_REFUSED, "", "", "" },
};
/* clang-format on */

static void
route(const char *asked, uint16_t type, struct question *q)
{
	uint8_t name[DNS_NAME_BYTES_MAX];
	size_t size = 0;

	CHECK(name_from_text(slice_of_text(asked), name, &size));
	question_route(&settings, slice(name, size), type, q);
}

static void
test_forms(void)
{
	size_t count = sizeof(expectations) / sizeof(expectations[0]);

	for (size_t i = 0; i < count; i++) {
		const struct expectation *e = &expectations[i];
		struct question q;

		route(e->asked, e->type, &q);
		if (q.kind != e->kind || !slice_is(q.name, e->name) ||
		    !slice_is(q.tag, e->tag) ||
		    (e->datacenter[0] != '\0' &&
			!slice_is(q.datacenter, e->datacenter)))
			printf("# %s\n", e->asked);
		CHECK_EQ(q.kind, e->kind);
		CHECK(slice_is(q.name, e->name));
		CHECK(slice_is(q.tag, e->tag));
	}
}

/* A dot inside a label is no dot between labels, nor other odd bytes text. */
static void
test_odd_bytes(void)
{
	static const uint8_t dotted[] = "\3a.b\4node\6consul";
	static const uint8_t odd[] = "\4\1\xff @\4node\6consul";
	static uint8_t longest[DNS_NAME_BYTES_MAX];
	struct question q;
	size_t at = 0;

	question_route(&settings, slice(dotted, sizeof(dotted)), DNS_A, &q);
	CHECK(slice_is(q.name, "a\\.b"));
	question_route(&settings, slice(odd, sizeof(odd)), DNS_A, &q);
	CHECK(slice_is(q.name, "\\001\\255\\ \\@"));
	/* As many bytes as there can be, four characters each. */
	memset(longest, 0xff, sizeof(longest));
	for (at = 0; at < 3 * 64; at += 64)
		longest[at] = 63;
	longest[at] = sizeof(longest) - 192 - 1 - 13;
	memcpy(&longest[sizeof(longest) - 13], "\4node\6consul", 13);
	question_route(&settings, slice(longest, sizeof(longest)), DNS_A, &q);
	CHECK_EQ(q.kind, QUESTION_NODE);
	CHECK(q.name.size > 900);
}

static void
test_reverse(void)
{
	struct question q;

	route("3.0.1.10.in-addr.arpa", DNS_PTR, &q);
	CHECK_EQ(q.address_size, 4);
	CHECK(memcmp(q.address, "\x0a\1\0\3", 4) == 0);
	route("6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d."
	      "f.ip6.arpa",
	    DNS_PTR, &q);
	CHECK_EQ(q.address_size, 16);
	CHECK_EQ(q.address[0], 0xfd);
	CHECK_EQ(q.address[15], 6);
	route("300.0.1.10.in-addr.arpa", DNS_PTR, &q);
	CHECK_EQ(q.address_size, 0);
	route("03.0.1.10.in-addr.arpa", DNS_PTR, &q);
	CHECK_EQ(q.address_size, 0);
	route("1.10.in-addr.arpa", DNS_PTR, &q);
	CHECK_EQ(q.address_size, 0);
	route("1.2.ip6.arpa", DNS_PTR, &q);
	CHECK_EQ(q.address_size, 0);
}

static void
test_copy_is_its_own(void)
{
	struct question q, copy;

	route("v1.web.service.dc2.consul", DNS_A, &q);
	question_copy(&copy, &q);
	memset(&q, 'x', sizeof(q));
	CHECK(slice_is(copy.name, "web"));
	CHECK(slice_is(copy.tag, "v1"));
	CHECK(slice_is(copy.datacenter, "dc2"));
	route("web.service.consul", DNS_A, &q);
	question_copy(&copy, &q);
	CHECK(copy.datacenter.data == settings.datacenter.data);
}

int
main(void)
{
	zone(&settings.domain, "consul");
	zone(&settings.alt_domain, "alt.consul");
	settings.datacenter = SLICE("dc1");
	RUN(test_forms);
	RUN(test_odd_bytes);
	RUN(test_reverse);
	RUN(test_copy_is_its_own);
	return (tap_done());
}
