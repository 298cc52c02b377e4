/* Watches of a configuration: what is read, and the real one's errors. */
#include <stdio.h>
#include <string.h>

#include "common/watch_plan.h"
#include "tests/lib/tap.h"

static struct config *
load(const char *watch, struct buf *why)
{
	char bind[] = "-bind=127.0.0.1", dev[] = "-dev", text[1024];
	char *argv[] = { dev, bind, text, NULL };

	snprintf(text, sizeof(text), "-hcl={\"watches\":[%s]}", watch);
	return (config_load(3, argv, why));
}

static void
check_refused(const char *watch, const char *expected)
{
	struct buf why = { 0 };
	struct config *c = load(watch, &why);
	struct watch_plans plans;
	struct arena arena;

	arena_init(&arena);
	if (c == NULL || watch_plans_read(c, &arena, &plans, &why) == ERR_OK ||
	    strcmp(buf_text(&why), expected) != 0) {
		printf("# %s: %s\n", watch, buf_text(&why));
		tap_is_ok = false;
	}
	arena_deinit(&arena);
	config_free(c);
	buf_deinit(&why);
}

#define FAILED(rest, why) \
	"Failed to parse watch (map[string]interface {}{" rest "}): " why

static void
test_refused(void)
{
	check_refused("{\"type\":\"zz\",\"args\":[\"x\"]}",
	    FAILED("\"args\":\"x\"", "Unsupported watch type: zz"));
	check_refused("{\"args\":[\"x\"]}",
	    FAILED("\"args\":\"x\", \"handler_type\":\"script\"",
		"Watch type must be specified"));
	check_refused("{\"type\":\"key\",\"args\":[\"x\"]}",
	    FAILED("\"args\":\"x\"", "Must specify a single key to watch"));
	check_refused("{\"type\":\"key\",\"key\":5,\"args\":[\"x\",\"y\"]}",
	    FAILED("\"args\":[]interface {}{\"x\", \"y\"}, \"key\":5",
		"Expecting key to be a string"));
	check_refused("{\"type\":\"nodes\",\"b\":[1,\"x\"],"
		      "\"args\":[\"x\"]}",
	    FAILED(
		"\"b\":[]interface {}{1, \"x\"}", "Invalid parameters: [b]"));
	check_refused("{\"type\":\"checks\",\"service\":\"a\",\"state\":\"b\","
		      "\"args\":[\"x\"]}",
	    FAILED("\"args\":\"x\"", "Cannot specify service and state"));
	check_refused("{\"type\":\"service\",\"service\":\"a\","
		      "\"passingonly\":\"yes\",\"args\":[\"x\"]}",
	    FAILED("\"args\":\"x\", \"passingonly\":\"yes\"",
		"Expecting passingonly to be a boolean"));
	check_refused("{\"type\":\"service\",\"service\":\"a\",\"tag\":5,"
		      "\"args\":[\"x\"]}",
	    FAILED("\"args\":\"x\", \"tag\":5",
		"Expecting tag to be a string or []string"));
	check_refused("{\"type\":\"event\",\"stale\":true,\"args\":[\"x\"]}",
	    FAILED("\"stale\":true", "Invalid parameters: [stale]"));
}

static void
test_handlers_refused(void)
{
	check_refused(
	    "{\"type\":\"key\",\"key\":\"a\"}", "Must define a watch handler");
	check_refused("{\"type\":\"key\",\"key\":\"a\",\"args\":[\"x\"],"
		      "\"handler\":\"y\"}",
	    "Only one watch handler allowed");
	check_refused("{\"type\":\"key\",\"key\":\"a\",\"args\":[1]}",
	    "Watch args must be a list of strings");
	check_refused("{\"type\":\"key\",\"key\":\"a\",\"handler\":1}",
	    "Watch handler must be a string");
	check_refused("{\"type\":\"key\",\"key\":\"a\","
		      "\"handler_type\":\"foo\"}",
	    "Handler type 'foo' not recognized");
	check_refused("{\"type\":\"connect_leaf\",\"args\":[\"x\"]}",
	    "Watch type connect_leaf is not allowed in agent config");
	check_refused("{\"type\":\"key\",\"key\":\"a\","
		      "\"handler_type\":\"http\"}",
	    FAILED("\"key\":\"a\"",
		"Handler type 'http' requires 'http_handler_config' to be "
		"set"));
	check_refused("{\"type\":\"key\",\"key\":\"a\","
		      "\"handler_type\":\"http\",\"http_handler_config\":"
		      "{\"path\":\"http://x\",\"timeout\":\"5\"}}",
	    FAILED("\"http_handler_config\":map[string]interface "
		   "{}{\"path\":\"http://x\", \"timeout\":\"5\"}, "
		   "\"key\":\"a\"",
		"Failed to parse 'http_handler_config': Failed to parse "
		"timeout: time: missing unit in duration \"5\""));
}

static void
test_read(void)
{
	struct buf why = { 0 };
	struct config *c = load(
	    "{\"type\":\"service\",\"service\":\"web\",\"tag\":[\"a\",\"b\"],"
	    "\"passingonly\":true,\"stale\":true,\"datacenter\":\"dc9\","
	    "\"token\":\"t\",\"args\":[\"x\",\"y\"]},"
	    "{\"type\":\"checks\",\"handler\":\"line\"},"
	    "{\"type\":\"key\",\"key\":\"k\",\"handler_type\":\"http\","
	    "\"http_handler_config\":{\"path\":\"http://h/p\","
	    "\"header\":{\"A\":[\"1\",\"2\"]},\"tls_skip_verify\":true}}",
	    &why);
	struct watch_plans plans = { 0 };
	struct arena arena;

	arena_init(&arena);
	CHECK(c != NULL && watch_plans_read(c, &arena, &plans, &why) == ERR_OK);
	CHECK_EQ(plans.count, 3);
	CHECK_EQ(plans.items[0].kind, WATCH_SERVICE);
	CHECK(slice_is(plans.items[0].subject, "web"));
	CHECK(plans.items[0].is_passing_only && plans.items[0].is_stale);
	CHECK_EQ(plans.items[0].tags.count, 2);
	CHECK(slice_is(plans.items[0].datacenter, "dc9"));
	CHECK(slice_is(plans.items[0].args.items[1], "y"));
	CHECK(slice_is(plans.items[1].state, "any"));
	CHECK(slice_is(plans.items[1].handler, "line"));
	CHECK(plans.items[2].is_http);
	CHECK(slice_is(plans.items[2].http.method, "POST"));
	CHECK_EQ(plans.items[2].http.timeout.ns, SECONDS(10).ns);
	CHECK(plans.items[2].http.tls_skip_verify);
	CHECK_EQ(plans.items[2].http.header.items[0].value.count, 2);
	arena_deinit(&arena);
	config_free(c);
	buf_deinit(&why);
}

int
main(void)
{
	RUN(test_refused);
	RUN(test_handlers_refused);
	RUN(test_read);
	return (tap_done());
}
