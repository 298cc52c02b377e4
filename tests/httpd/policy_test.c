/* What the configuration says about serving HTTP. */
#include <string.h>

#include "httpd/policy.h"
#include "tests/lib/tap.h"

static struct slice networks[] = { { (const uint8_t *)"10.1.0.0/15", 11 },
	{ (const uint8_t *)"::1/128", 7 } };
static struct slice prefixes[] = { { (const uint8_t *)"/v1/agent", 9 } };
static struct pair headers[] = {
	{ { (const uint8_t *)"x-b", 3 }, { (const uint8_t *)"2", 1 } },
	{ { (const uint8_t *)"A-C", 3 }, { (const uint8_t *)"1", 1 } },
};

static struct config
config_of(void)
{
	struct config config = { .ui_content_path = "/ui/" };

	config.keys.limits.kv_max_value_size = 1000;
	config.keys.limits.txn_max_req_len = 10;
	return (config);
}

static void
test_nothing_said(void)
{
	struct config config = config_of();
	struct policy p;

	policy_init(&p, &config);
	CHECK(!policy_blocks(&p, SLICE("/v1/agent/self")));
	CHECK(policy_lets_write(&p, SLICE("\x7f\0\0\1")));
	CHECK(policy_lets_write(&p, (struct slice){ 0 }));
	CHECK_EQ(p.api_headers.size, 0);
	CHECK_EQ(p.txn_max, 1000); /* the larger of the two */
	CHECK(p.refuses_unprintable);
	policy_deinit(&p);
}

static void
test_writers(void)
{
	struct config config = config_of();
	uint8_t one[16] = { [15] = 1 };
	struct policy p;

	config.keys.http_config.allow_write_http_from =
	    (struct slice_list){ networks, 2 };
	policy_init(&p, &config);
	/* 10.1.0.0/15 is 10.0.0.0 to 10.1.255.255. */
	CHECK(policy_lets_write(&p, SLICE("\x0a\x00\x00\x01")));
	CHECK(policy_lets_write(&p, SLICE("\x0a\x01\xff\xff")));
	CHECK(!policy_lets_write(&p, SLICE("\x0a\x02\x00\x00")));
	CHECK(!policy_lets_write(&p, SLICE("\x0b\x01\x00\x00")));
	CHECK(policy_lets_write(&p, slice(one, sizeof(one))));
	one[0] = 1;
	CHECK(!policy_lets_write(&p, slice(one, sizeof(one))));
	CHECK(!policy_lets_write(&p, (struct slice){ 0 }));
	policy_deinit(&p);
}

static void
test_blocked(void)
{
	struct config config = config_of();
	struct policy p;

	config.keys.http_config.block_endpoints =
	    (struct slice_list){ prefixes, 1 };
	policy_init(&p, &config);
	CHECK(policy_blocks(&p, SLICE("/v1/agent/self")));
	CHECK(policy_blocks(&p, SLICE("/v1/agent")));
	CHECK(!policy_blocks(&p, SLICE("/v1/kv/v1/agent")));
	policy_deinit(&p);
}

static void
test_headers(void)
{
	struct config config = config_of();
	struct policy p;

	config.keys.http_config.response_headers =
	    (struct pair_list){ headers, 2 };
	config.keys.translate_wan_addrs = true;
	policy_init(&p, &config);
	CHECK(slice_is(p.ui_headers, "A-C: 1\r\nX-B: 2\r\n"));
	CHECK(slice_is(p.api_headers,
	    "A-C: 1\r\nX-B: 2\r\nX-Consul-Translate-Addresses: true\r\n"));
	policy_deinit(&p);
}

int
main(void)
{
	RUN(test_nothing_said);
	RUN(test_writers);
	RUN(test_blocked);
	RUN(test_headers);
	return (tap_done());
}
