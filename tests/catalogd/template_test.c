/* Templates: HIL as Consul 1.8.7 has it, and what is made of a query. */
#include "fixture.h"

#include "catalogd/hil.h"
#include "catalogd/template.h"

static struct slice
render(const char *text, struct arena *arena)
{
	static struct slice groups[] = { { (const uint8_t *)"whole", 5 },
		{ (const uint8_t *)"7", 1 } };
	const struct hil_scope scope = { .full = SLICE("geo-web"),
		.prefix = SLICE("geo-"),
		.suffix = SLICE("web"),
		.segment = SLICE("alpha"),
		.groups = groups,
		.group_count = 2 };
	struct hil_node *root;
	struct slice made;
	struct buf why = { 0 };

	if (hil_parse(T(text), arena, &root, &why) != ERR_OK ||
	    hil_eval(root, &scope, arena, &made, &why) != ERR_OK)
		made = arena_copy(arena, buf_slice(&why));
	buf_deinit(&why);
	return (made);
}

struct hil_case {
	const char *text;
	const char *made; /* or what is wrong */
};

static void
hil_try(const struct hil_case *cases, size_t count)
{
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < count; i++) {
		struct slice made = render(cases[i].text, &arena);

		if (!slice_is(made, cases[i].made))
			printf("# %s: %.*s\n", cases[i].text, SLICE_ARGS(made));
		CHECK(slice_is(made, cases[i].made));
	}
	arena_deinit(&arena);
}

#define HIL_TRY(cases) hil_try(cases, sizeof(cases) / sizeof(*(cases)))

static void
test_texts(void)
{
	static const struct hil_case cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "${name.full}", "geo-web" },
		{ "<${name.prefix}|${name.suffix}>", "<geo-|web>" },
		{ "${agent.segment}", "alpha" },
		{ "$${name.full}", "${name.full}" },
		{ "$$$$ $ a$", "$$ $ a$" },
		{ "$", "" }, /* HIL loses it */
		{ "${ name.full }", "geo-web" },
		{ "${\"a\\\"b\\\\c\\nd\\z\"}", "a\"b\\c\nd\\z" },
		{ "${\"<${name.suffix}>\"}", "<web>" },
		{ "${\"<${\"in ${name.suffix}\"}>\"}", "<in web>" },
		{ "${\"a\" \"b\"}${\"\"}", "ab" },
		{ "\xc3\xa4${name.suffix}\xff", "\xc3\xa4web\xef\xbf\xbd" },
	};

	HIL_TRY(cases);
}

static void
test_numbers(void)
{
	static const struct hil_case cases[] = {
		{ "${1 + 2 * 3 - 4 % 3}", "2" }, /* one rank */
		{ "${1 + (2 * 3)}", "7" },
		{ "${-3 + 5} ${- -1} ${-7 / 2} ${-7 % 3}", "2 1 -3 -1" },
		{ "${9223372036854775807 + 1}", "-9223372036854775808" },
		{ "${-9223372036854775807 - 1}", "-9223372036854775808" },
		{ "${(-9223372036854775807 - 1) / -1}",
		    "-9223372036854775808" },
		{ "${(-9223372036854775807 - 1) % -1}", "0" },
		{ "${010} ${1_0}", "parse error: syntax error" },
		{ "${010}", "8" },
		{ "${08}", "parse error: syntax error" },
		{ "${1.5 + 1} ${3 / 2.0} ${1 + 1.5}", "2.5 1 2" },
		{ "${100000.0 * 10} ${0.1 + 0.2}",
		    "1e+06 0.30000000000000004" },
		{ "${0.0001} ${0.00001} ${1.0 / 0.0} ${0.0 - 1 / 0.0}",
		    "0.0001 1e-05 +Inf -Inf" },
		{ "${-1.5}", "-1" }, /* 0 comes first, and is no float */
		{ "${123456.7} ${1234567.5}", "123456.7 1.2345675e+06" },
		{ "${__builtin_FloatToInt(2.9)}", "2" },
		{ "${__builtin_IntToFloat(3)}", "3" },
		{ "${__builtin_StringToFloat(\"1.50\")}", "1.5" },
		{ "${match(0)} ${match(1)} ${match(2)}.${match(-1)}.",
		    "whole 7 .." },
		/* These kill Consul; ours does what is meant, or refuses. */
		{ "${match(\"1\")}", "7" },
		{ "${\"1\" + \"0x10\"}", "17" },
		{ "${1 / 0}", "__builtin_IntMath: divide by zero" },
		{ "${1 % 0}", "__builtin_IntMath: divide by zero" },
		{ "${+1}", "parse error: Unary - is only allowed" },
		{ "${\"x\" + 1}",
		    "__builtin_StringToInt: strconv.ParseInt: parsing \"x\": "
		    "invalid syntax" },
		{ "${\"99999999999999999999\" + 1}",
		    "__builtin_StringToInt: strconv.ParseInt: parsing "
		    "\"99999999999999999999\": value out of range" },
		{ "${\"x\" + 1.5}",
		    "__builtin_StringToFloat: strconv.ParseFloat: parsing "
		    "\"x\": invalid syntax" },
		{ "${__builtin_StringToInt(\"1\")}",
		    "1:3: __builtin_StringToInt may not be called" },
		{ "${__builtin_IntMath(1, 2)}",
		    "1:3: __builtin_IntMath may not be called" },
	};

	HIL_TRY(cases);
}

static void
test_mistakes(void)
{
	static const struct hil_case cases[] = {
		{ "${", "parse error: syntax error" },
		{ "${}", "parse error: syntax error" },
		{ "${name.full", "parse error: syntax error" },
		{ "${1 2}", "parse error: syntax error" },
		{ "${!}", "parse error: syntax error" },
		{ "${f(,)}", "parse error: syntax error" },
		{ "${nope}", "1:3: unknown variable accessed: nope" },
		{ "\n\n ${nope}", "3:5: unknown variable accessed: nope" },
		{ "x\n${ nope}", "2:4: unknown variable accessed: nope" },
		{ "${f(nope)}", "1:5: unknown variable accessed: nope" },
		{ "${f(1)}", "1:3: unknown function called: f" },
		{ "${match()}", "1:3: match: expected 1 arguments, got 0" },
		{ "${match(,1)}", "7" }, /* yacc's grammar has it so */
		{ "${match(1,2)}", "1:3: match: expected 1 arguments, got 2" },
		{ "${name.full[0]}",
		    "At column 3, line 1: invalid index operation into "
		    "non-indexable type: TypeString" },
		{ "${name.full[f(1)]}",
		    "At column 3, line 1: unknown function: f" },
		{ "${1.5 % 2}",
		    "At column 3, line 1: modulo cannot be used with floats" },
	};

	HIL_TRY(cases);
}

/* A stack is not for strangers to fill. */
static void
test_hostile(void)
{
	struct hil_node *root;
	struct buf text = { 0 }, why = { 0 };
	struct arena arena;

	arena_init(&arena);
	buf_put_text(&text, "${");
	for (int i = 0; i < 100000; i++)
		buf_put_u8(&text, '(');
	CHECK_EQ(hil_parse(buf_slice(&text), &arena, &root, &why), ERR_INVALID);
	buf_reset(&text);
	buf_put_text(&text, "${1");
	for (int i = 0; i < 100000; i++)
		buf_put_text(&text, "+1");
	buf_put_text(&text, "}");
	CHECK_EQ(hil_parse(buf_slice(&text), &arena, &root, &why), ERR_INVALID);
	buf_deinit(&text);
	buf_deinit(&why);
	arena_deinit(&arena);
}

static void
test_all_fields(void)
{
	struct slice tags[] = { T("${match(1)}"), T("v1"), T("${match(2)}") };
	struct pair meta[] = { { T("k"), T("${name.suffix}") } };
	struct prepared_query q = { .name = T("geo-") }, made;
	struct buf why = { 0 };
	struct arena arena;

	arena_init(&arena);
	q.template.type = T(TEMPLATE_NAME_PREFIX_MATCH);
	q.template.regexp = T("^geo-(.*?)-([^-]*)$");
	q.template.remove_empty_tags = true;
	q.service.service = T("${match(1)}");
	q.service.near = T("${match(0)}");
	q.service.tags = (struct slice_list){ tags, 3 };
	q.service.node_meta = (struct pair_list){ meta, 1 };
	q.dns.ttl = T("${not touched");
	CHECK_EQ(
	    template_render(&q, T("geo-web-"), SLICE(""), &arena, &made, &why),
	    ERR_OK);
	CHECK(slice_is(made.service.service, "web"));
	CHECK(slice_is(made.service.near, "geo-web-"));
	CHECK_EQ(made.service.tags.count, 2);
	CHECK(slice_is(made.service.tags.items[1], "v1"));
	CHECK(slice_is(made.service.node_meta.items[0].value, "web-"));
	CHECK(slice_is(tags[0], "${match(1)}")); /* the template stays */
	tags[1] = T("${nope}");
	CHECK_EQ(template_render(&q, T("geo-"), SLICE(""), &arena, &made, &why),
	    ERR_INVALID);
	CHECK(slice_is(buf_slice(&why),
	    "Bad evaluation for '${nope}' in Service.Tags[1]: 1:3: unknown "
	    "variable accessed: nope"));
	q.template.regexp = T("(");
	CHECK_EQ(template_render(&q, T("geo-"), SLICE(""), &arena, &made, &why),
	    ERR_INVALID);
	CHECK(slice_is(buf_slice(&why),
	    "Bad Regexp: error parsing regexp: missing closing ): `(`"));
	meta[0].value = T("${");
	CHECK_EQ(template_render(&q, T("geo-"), SLICE(""), &arena, &made, &why),
	    ERR_INVALID);
	CHECK(slice_is(buf_slice(&why),
	    "Bad format '${' in Service.NodeMeta[k]: parse error: syntax "
	    "error"));
	buf_deinit(&why);
	arena_deinit(&arena);
}

int
main(void)
{
	RUN(test_texts);
	RUN(test_numbers);
	RUN(test_mistakes);
	RUN(test_hostile);
	RUN(test_all_fields);
	return (tap_done());
}
