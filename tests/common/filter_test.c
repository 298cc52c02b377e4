/* Filter expressions (common/filter*.c). */
#include "common/filter.h"

#include <stdlib.h>
#include <string.h>

#include "common/rpc_types.h"
#include "tests/lib/tap.h"

#define PREFIX "Failed to create boolean expression evaluator: "

static struct slice tags[] = { { (const uint8_t *)"v1", 2 },
	{ (const uint8_t *)"prod", 4 } };
static struct pair meta[] = { { { (const uint8_t *)"rack", 4 },
    { (const uint8_t *)"r1", 2 } } };
static struct service_address_entry addresses[] = {
	{ { (const uint8_t *)"lan", 3 },
	    { .address = { (const uint8_t *)"10.0.0.1", 8 }, .port = 80 } },
};
static struct health_check checks[] = {
	{ .status = { (const uint8_t *)"passing", 7 } },
	{ .status = { (const uint8_t *)"warning", 7 } },
};

static const struct {
	const char *text;
	bool holds;
} cases[] = {
	{ "", true },
	{ "Service.Port == 80", true },
	{ "Service.Port == `0x50`", true },
	{ "Service.Port != 80", false },
	{ "Service.EnableTagOverride == T", true },
	{ "v1 in Service.Tags", true },
	{ "Service.Tags contains v2", false },
	{ "v not in Service.Tags", true },
	{ "Service.Tags is empty", false },
	{ "Node.Meta.rack == r1", true },
	{ "Node.Meta[\"rack\"] matches \"^r.$\"", true },
	{ "rack in Node.Meta", true },
	{ "Node.Meta is not empty", true },
	/* What is not in a map equals nothing, and matches everything. */
	{ "Node.Meta.none == r1", false },
	{ "Node.Meta.none != r1", true },
	{ "Node.Meta.none matches x", true },
	{ "Node.Meta.none not matches x", true },
	{ "x not in Node.Meta.none", true },
	{ "Service.TaggedAddresses.lan.Port == 80", true },
	{ "Service.TaggedAddresses.wan.Port == 80", false },
	/* Any element will do, of the opposite too. */
	{ "Checks.Status == warning", true },
	{ "Checks.Status != passing", true },
	{ "Checks.Status == critical", false },
	{ "Checks is empty", false },
	{ "Node.Node == `bär` and not Service.Port == 81", true },
	{ "Node.Node matches `^b.r$`", true },
	{ "Node.Node == x or Service.Port == 1 or Checks is not empty", true },
	{ "not (Node.Node == x or Service.Port == 80)", false },
	{ "not not ((Service.Port == 80))", true },
};

static void
test_holds(void)
{
	struct node node = { .node = SLICE("b\xc3\xa4r"), .meta = { meta, 1 } };
	struct node_service service = { .port = 80,
		.enable_tag_override = true,
		.tags = { tags, 2 },
		.tagged_addresses = { addresses, 1 } };
	struct check_service_node row = { &node, &service, { checks, 2 } };
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct filter *filter;
		struct buf why = { 0 };
		bool is_read = filter_read(slice_of_text(cases[i].text),
				   &check_service_node_type, &arena, &filter,
				   &why) == ERR_OK;

		if (!is_read || filter_holds(filter, &row) != cases[i].holds)
			printf("# %s: %s\n", cases[i].text, buf_text(&why));
		CHECK(is_read);
		CHECK_EQ(filter_holds(filter, &row), cases[i].holds);
		buf_deinit(&why);
	}
	arena_deinit(&arena);
}

static const struct {
	const char *text;
	const char *why;
} mistakes[] = {
	{ "Foo == 1", PREFIX "Selector \"Foo\" is not valid" },
	{ "Node.Meta.a.b.c == 1",
	    PREFIX "Selector \"Node.Meta.a.b\" is not valid" },
	{ "Node.CreateIndex == 1",
	    PREFIX "Selector \"Node.CreateIndex\" is not valid" },
	{ "Node == 1",
	    PREFIX "Invalid match operator \"Equal\" for selector \"Node\"" },
	{ "Service.Port is not empty",
	    PREFIX "Invalid match operator \"Is Not Empty\" for selector "
		   "\"Service.Port\"" },
	{ "Service.Port == x",
	    PREFIX "Failed to coerce value \"x\" for selector "
		   "\"Service.Port\": strconv.ParseInt: parsing \"x\": invalid "
		   "syntax" },
	{ "Node.Node matches `(`",
	    PREFIX "Failed to compile regular expression \"(\": error parsing "
		   "regexp: missing closing ): `(`" },
	{ "Foo",
	    PREFIX "1:4 (3): no match found, expected: \"!=\", \".\", \"==\", "
		   "\"[\", [ \\t\\r\\n] or [a-zA-Z0-9_]" },
	{ "a == 1\nand",
	    PREFIX "2:4 (10): no match found, expected: [ \\t\\r\\n]" },
	{ "a == 1)", PREFIX "1:7 (6): no match found, expected: \".\", [ "
			    "\\t\\r\\n], [0-9] or EOF" },
	{ "(a == 1",
	    PREFIX "1:8 (7): rule \"grouping\": Unmatched parentheses" },
	{ "a[\"b",
	    PREFIX "1:5 (4): rule \"string\": Unterminated string literal\n"
		   "1:3 (2): rule \"index\": Invalid index" },
	{ "a == \"\\q\"", PREFIX "1:6 (5): rule \"string\": invalid syntax" },
	{ "a == 01",
	    PREFIX "1:7 (6): rule \"number\": Invalid number literal" },
	{ "a in ", PREFIX "1:6 (5): rule \"match\": Invalid selector" },
	{ "\xff", PREFIX "1:1 (0): invalid encoding" },
};

static void
test_mistakes(void)
{
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct filter *filter;
		struct buf why = { 0 };

		CHECK_EQ(filter_read(slice_of_text(mistakes[i].text),
			     &check_service_node_type, &arena, &filter, &why),
		    ERR_INVALID);
		CHECK(slice_is(buf_slice(&why), mistakes[i].why));
		if (!slice_is(buf_slice(&why), mistakes[i].why))
			printf("# %s\n", buf_text(&why));
		buf_deinit(&why);
	}
	arena_deinit(&arena);
}

/* What would take the real one for ever, and what nests without an end. */
static void
test_hostile(void)
{
	static const char *const pieces[] = { "(", "not ", "a==1 or ",
		"a==1 and ", "a[\"", "((a==1) or " };
	struct arena arena;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		const struct filter *filter;
		struct buf text = { 0 }, why = { 0 };

		arena_init(&arena);
		while (text.size < FILTER_BYTES_MAX - 16)
			buf_put_text(&text, pieces[i]);
		CHECK_EQ(filter_read(buf_slice(&text), &node_type, &arena,
			     &filter, &why),
		    ERR_INVALID);
		CHECK(why.size > 0 && why.size < 16 * 1024);
		buf_deinit(&text);
		buf_deinit(&why);
		arena_deinit(&arena);
	}
}

int
main(void)
{
	RUN(test_holds);
	RUN(test_mistakes);
	RUN(test_hostile);
	return (tap_done());
}
