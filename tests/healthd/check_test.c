/* Rules, thresholds and texts of checks (api/config.md 5, api/http.md 7.2). */
#include <string.h>

#include "healthd/check.h"
#include "healthd/definition.h"
#include "tests/lib/tap.h"

#define TXT(t) slice_of_text(t)

static bool
fault_is(const struct check_type *t, const char *text)
{
	const char *fault = check_validate(t);

	if (text == NULL || fault == NULL)
		return (text == fault);
	return (strcmp(text, fault) == 0);
}

static void
test_faults(void)
{
	struct slice args[] = { SLICE("true") };
	struct check_type t = { 0 };

	CHECK(fault_is(&t, "TTL must be > 0 for TTL checks"));
	CHECK(check_is_empty(&t));
	t.shell = TXT("sh");
	CHECK(!check_is_empty(&t));
	CHECK(fault_is(&t, "TTL must be > 0 for TTL checks"));
	t = (struct check_type){ .ttl = SECONDS(1), .interval = SECONDS(1) };
	CHECK(fault_is(&t, "Interval and TTL cannot both be specified"));
	t = (struct check_type){ .http = TXT("x") };
	CHECK(fault_is(
	    &t, "Interval must be > 0 for Script, HTTP, or TCP checks"));
	t = (struct check_type){ .script_args = { args, 1 } };
	CHECK(fault_is(
	    &t, "Interval must be > 0 for Script, HTTP, or TCP checks"));
	t.interval = SECONDS(1);
	CHECK(fault_is(&t, NULL));
	t.alias_node = TXT("n");
	CHECK(fault_is(&t, "Interval cannot be set for Alias checks"));
	t = (struct check_type){ .ttl = SECONDS(1), .alias_service = TXT("s") };
	CHECK(fault_is(&t, "TTL must be not be set for Alias checks"));
	t = (struct check_type){ .ttl = SECONDS(1), .output_max_size = -1 };
	CHECK(fault_is(&t, "MaxOutputMaxSize must be positive"));
}

static void
test_kinds(void)
{
	struct slice args[] = { SLICE("true") };
	struct check_type t = { .ttl = SECONDS(1), .http = TXT("x") };

	CHECK_EQ(check_kind_of(&t), CHECK_TTL);
	t.ttl = SECONDS(0);
	CHECK_EQ(check_kind_of(&t), CHECK_HTTP);
	t = (struct check_type){ .script_args = { args, 1 } };
	CHECK_EQ(check_kind_of(&t), CHECK_SCRIPT);
	t.docker_container_id = TXT("c");
	CHECK_EQ(check_kind_of(&t), CHECK_DOCKER);
	t = (struct check_type){ .alias_service = TXT("s") };
	CHECK_EQ(check_kind_of(&t), CHECK_ALIAS);
	CHECK(strcmp(check_kind_text(CHECK_SCRIPT), "script") == 0);
}

static void
test_durations(void)
{
	struct check_type t = { .interval = MILLISECONDS(100) };

	CHECK_EQ(check_interval(&t).ns, SECONDS(1).ns);
	CHECK_EQ(check_timeout(&t).ns, SECONDS(10).ns);
	CHECK_EQ(check_deregister_after(&t).ns, 0);
	t.deregister_critical_service_after = SECONDS(1);
	CHECK_EQ(check_deregister_after(&t).ns, SECONDS(60).ns);
	t.deregister_critical_service_after = SECONDS(90);
	CHECK_EQ(check_deregister_after(&t).ns, SECONDS(90).ns);
}

/* The first result counts at once, whatever the thresholds. */
static void
test_thresholds(void)
{
	struct check_type t = {
		.success_before_passing = 2,
		.failures_before_critical = 3,
	};
	struct check_counts c;

	check_counts_init(&c, &t);
	CHECK(check_counts_add(&c, CHECK_CRITICAL));
	CHECK(!check_counts_add(&c, CHECK_PASSING));
	CHECK(check_counts_add(&c, CHECK_WARNING));
	CHECK(!check_counts_add(&c, CHECK_CRITICAL));
	CHECK(!check_counts_add(&c, CHECK_CRITICAL));
	CHECK(check_counts_add(&c, CHECK_CRITICAL));
	check_counts_init(&c, &t);
	CHECK(check_counts_add(&c, CHECK_PASSING));
	CHECK(!check_counts_add(&c, CHECK_CRITICAL));
	CHECK(!check_counts_add(&c, CHECK_PASSING));
	CHECK(!check_counts_add(&c, CHECK_CRITICAL));
}

static void
test_texts(void)
{
	struct buf out = { 0 };

	check_cut_note(SLICE("short"), 5, &out);
	CHECK(strcmp(buf_text(&out), "short") == 0);
	buf_reset(&out);
	check_cut_note(SLICE("a long one"), 3, &out);
	CHECK(strcmp(buf_text(&out), "a l ... (captured 3 of 10 bytes)") == 0);
	buf_reset(&out);
	check_expired_text(SLICE(""), &out);
	CHECK(strcmp(buf_text(&out), "TTL expired") == 0);
	buf_reset(&out);
	check_expired_text(SLICE("last"), &out);
	CHECK(
	    strcmp(buf_text(&out),
		"TTL expired (last output before timeout follows): last") == 0);
	buf_deinit(&out);
}

static void
test_output_limit(void)
{
	struct check_type t = { 0 };

	CHECK_EQ(check_output_max(&t, 4096), 4096);
	t.output_max_size = 10;
	CHECK_EQ(check_output_max(&t, 4096), 10);
	CHECK_EQ(check_output_max(&t, 5), 5);
}

/* --- Definitions of services. --- */

static bool
refused_with(const struct service_definition *d, const char *text)
{
	struct buf why = { 0 };
	bool is_ok = definition_service_validate(d, &why);
	bool is_same = strcmp(buf_text(&why), text) == 0;

	if (!is_same)
		printf("# got: %s\n", buf_text(&why));
	buf_deinit(&why);
	return (!is_ok && is_same);
}

static void
test_service_faults(void)
{
	struct weights weights = { 0, 1 };
	struct pair pair = { SLICE("consul-a"), SLICE("x") };
	struct check_type check = { .ttl = SECONDS(1), .status = TXT("foo") };
	struct service_definition d = { 0 };

	CHECK(refused_with(&d, "Missing service name"));
	d.name = TXT("b");
	d.address = TXT("0.0.0.0");
	CHECK(refused_with(&d, "Invalid service address"));
	d.address = TXT("");
	d.weights = &weights;
	CHECK(refused_with(
	    &d, "Invalid Weights: Passing must be greater than 0"));
	weights = (struct weights){ 1, -1 };
	CHECK(refused_with(
	    &d, "Invalid Weights: Warning must be greater or equal than 0"));
	weights = (struct weights){ 70000, 1 };
	CHECK(refused_with(
	    &d, "Invalid Weights: DNS Weight must be between 0 and 65535"));
	d.weights = NULL;
	d.meta = (struct pair_list){ &pair, 1 };
	CHECK(refused_with(&d,
	    "Invalid Service Meta: Couldn't load metadata pair ('consul-a', "
	    "'x'): Key prefix 'consul-' is reserved for internal use"));
	pair.key = TXT("a b");
	CHECK(refused_with(&d,
	    "Invalid Service Meta: Couldn't load metadata pair ('a b', 'x'): "
	    "Key contains invalid characters"));
	d.meta = (struct pair_list){ 0 };
	d.check = check;
	CHECK(refused_with(
	    &d, "Status for checks must 'passing', 'warning', 'critical'"));
	d.check = (struct check_type){ .http = TXT("x") };
	CHECK(refused_with(&d,
	    "Invalid check: Interval must be > 0 for Script, HTTP, or TCP "
	    "checks"));
}

static void
test_service_defaults(void)
{
	struct service_address_entry given = { .key = SLICE("lan_ipv4"),
		.value = { .address = SLICE("10.0.0.1"), .port = 9 } };
	struct service_definition d = { .name = SLICE("web"), .port = 80 };
	struct node_service s;
	struct arena arena;

	arena_init(&arena);
	d.address = TXT("127.0.0.1");
	d.tagged_addresses.items = &given;
	d.tagged_addresses.count = 1;
	definition_to_service(&d, &arena, &s);
	CHECK(slice_is(s.id, "web"));
	CHECK_EQ(s.weights->passing, 1);
	CHECK_EQ(s.tagged_addresses.count, 2);
	CHECK_EQ(s.tagged_addresses.items[0].value.port, 9);
	CHECK(slice_is(s.tagged_addresses.items[1].key, "wan_ipv4"));
	CHECK_EQ(s.tagged_addresses.items[1].value.port, 80);
	d.address = TXT("::1");
	d.tagged_addresses.count = 0;
	definition_to_service(&d, &arena, &s);
	CHECK(slice_is(s.tagged_addresses.items[0].key, "lan_ipv6"));
	d.address = TXT("host.example");
	definition_to_service(&d, &arena, &s);
	CHECK_EQ(s.tagged_addresses.count, 0);
	arena_deinit(&arena);
}

static void
test_tagged_address_faults(void)
{
	struct service_address_entry e = { .key = SLICE("lan_ipv4"),
		.value = { .address = SLICE("::1") } };
	struct node_service s = { 0 };
	struct buf why = { 0 };

	s.tagged_addresses.items = &e;
	s.tagged_addresses.count = 1;
	CHECK(!definition_addresses_validate(&s, &why));
	CHECK(strcmp(buf_text(&why),
		  "Service tagged address \"lan_ipv4\" must be a valid ipv4 "
		  "address") == 0);
	e.key = TXT("wan_ipv6"); /* Consul does not ask */
	e.value.address = TXT("1.2.3.4");
	CHECK(definition_addresses_validate(&s, &why));
	buf_deinit(&why);
}

static void
test_check_ids(void)
{
	struct check_type own = { .check_id = SLICE("own") };
	struct check_type none = { 0 };
	struct arena arena;

	arena_init(&arena);
	CHECK(slice_is(
	    definition_check_id(&none, SLICE("w"), 0, 1, &arena), "service:w"));
	CHECK(slice_is(definition_check_id(&none, SLICE("w"), 1, 3, &arena),
	    "service:w:2"));
	CHECK(slice_is(
	    definition_check_id(&own, SLICE("w"), 2, 3, &arena), "own"));
	arena_deinit(&arena);
}

int
main(void)
{
	RUN(test_faults);
	RUN(test_kinds);
	RUN(test_durations);
	RUN(test_thresholds);
	RUN(test_texts);
	RUN(test_output_limit);
	RUN(test_service_faults);
	RUN(test_service_defaults);
	RUN(test_tagged_address_faults);
	RUN(test_check_ids);
	return (tap_done());
}
