/* The table of endpoints: complete, consistent, and found. */
#include <string.h>

#include "httpd/route.h"
#include "tests/lib/tap.h"

static struct routes *routes;

static void
check_found(const char *path, const char *pattern, const char *argument)
{
	struct slice rest;
	const struct route *found =
	    route_find(routes, slice_of_text(path), &rest);

	if (pattern == NULL) {
		CHECK(found == NULL);
		return;
	}
	CHECK(found != NULL);
	CHECK(found != NULL && strcmp(found->pattern, pattern) == 0);
	CHECK(slice_is(rest, argument));
}

static void
test_find(void)
{
	check_found("/v1/kv/", "/v1/kv/", "");
	check_found("/v1/kv/a", "/v1/kv/", "a");
	check_found("/v1/kv/a/b/", "/v1/kv/", "a/b/");
	check_found("/v1/kv", NULL, NULL);
	check_found("/v1/txn", "/v1/txn", "");
	check_found("/v1/txn/", NULL, NULL);
	check_found("/v1/txnx", NULL, NULL);
	check_found("/v1/catalog/nodes/", NULL, NULL);
	check_found("/v1/agent/service/w", "/v1/agent/service/", "w");
	check_found(
	    "/v1/agent/service/register", "/v1/agent/service/register", "");
	check_found(
	    "/v1/agent/service/register/x", "/v1/agent/service/", "register/x");
	check_found("/v1/agent/service/deregister/x",
	    "/v1/agent/service/deregister/", "x");
	check_found("/v1/acl/token/self", "/v1/acl/token/self", "");
	check_found("/v1/acl/token/selfish", "/v1/acl/token/", "selfish");
	check_found("/", NULL, NULL);
	check_found("/v2/kv/a", NULL, NULL);
}

static void
test_wants_slash(void)
{
	CHECK(route_wants_slash(routes, SLICE("/v1/kv")));
	CHECK(route_wants_slash(routes, SLICE("/v1/catalog/service")));
	CHECK(!route_wants_slash(routes, SLICE("/v1/kv/")));
	CHECK(!route_wants_slash(routes, SLICE("/v1/query"))); /* both exist */
	CHECK(!route_wants_slash(routes, SLICE("/v1/txn")));
	CHECK(!route_wants_slash(routes, SLICE("/v1")));
	CHECK(!route_wants_slash(routes, SLICE("/")));
}

/* Each row's methods are those of its Allow header, and it finds itself. */
static void
test_rows(void)
{
	static const struct {
		const char *name;
		unsigned method;
	} methods[] = { { "GET", HTTP_GET }, { "PUT", HTTP_PUT },
		{ "POST", HTTP_POST }, { "DELETE", HTTP_DELETE } };
	const struct route *row;
	size_t pairs = 0, i;

	for (i = 0; (row = route_row(i)) != NULL; i++) {
		unsigned named = 0;
		struct slice rest;

		for (size_t j = 0; j < 4; j++)
			if (strstr(row->allow, methods[j].name) != NULL) {
				named |= methods[j].method;
				pairs++;
			}
		CHECK_EQ(named, row->methods);
		CHECK(row->handler != NULL);
		CHECK(route_find(routes, slice_of_text(row->pattern), &rest) ==
		      row);
		CHECK_EQ(rest.size, 0);
	}
	/* api/http.md: 115 patterns, 143 pairs, where /v1/query/ is 5: the
	 * list and one of each of GET, PUT, DELETE, execute and explain. */
	CHECK_EQ(i, 115);
	CHECK_EQ(pairs, 143 - 2);
}

int
main(void)
{
	routes = routes_new();
	RUN(test_find);
	RUN(test_wants_slash);
	RUN(test_rows);
	routes_free(routes);
	return (tap_done());
}
