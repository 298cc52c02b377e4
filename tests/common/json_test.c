/* JSON in and out, with the texts that Go has for what is wrong. */
#include <string.h>

#include "common/json.h"
#include "common/local_types.h"
#include "tests/lib/tap.h"

static struct arena arena;

/* Parses `text`; what is wrong, or "". Lent until the next call. */
static const char *
parse_why(const char *text)
{
	static char why[JSON_WHY_MAX];
	struct json *tree;

	why[0] = '\0';
	if (json_parse(slice_of_text(text), &arena, &tree, NULL, why) == ERR_OK)
		return ("");
	return (why);
}

static const char *
read_why(enum json_dialect dialect, const struct type *type, void *object,
    const char *text)
{
	static char why[JSON_WHY_MAX];
	struct json *tree;

	memset(object, 0, type->size);
	why[0] = '\0';
	if (json_parse(slice_of_text(text), &arena, &tree, NULL, why) != ERR_OK)
		return (why);
	if (json_to_type(tree, dialect, type, &arena, object, why) == ERR_OK)
		return ("");
	return (why);
}

static const char *
service_why(const char *text)
{
	struct service_definition service;

	return (read_why(JSON_API, &service_definition_type, &service, text));
}

#define CHECK_TEXT(got, expected)                                        \
	do {                                                             \
		const char *tap_text = (got);                            \
		if (strcmp(tap_text, expected) != 0) {                   \
			tap_is_ok = false;                               \
			printf("# %s:%d: %s\n#      not %s\n", __FILE__, \
			    __LINE__, tap_text, expected);               \
		}                                                        \
	} while (0)

static void
test_syntax_errors(void)
{
	CHECK_TEXT(parse_why(""), "EOF");
	CHECK_TEXT(parse_why("  \n"), "EOF");
	CHECK_TEXT(parse_why("{"), "unexpected EOF");
	CHECK_TEXT(parse_why("{\"a\":[1,"), "unexpected EOF");
	CHECK_TEXT(parse_why("tru"), "unexpected EOF");
	CHECK_TEXT(parse_why("\"ab"), "unexpected EOF");
	CHECK_TEXT(parse_why("-"), "unexpected EOF");
	CHECK_TEXT(parse_why("b"),
	    "invalid character 'b' looking for beginning of value");
	CHECK_TEXT(parse_why("[1,]"),
	    "invalid character ']' looking for beginning of value");
	CHECK_TEXT(parse_why("{b}"),
	    "invalid character 'b' looking for beginning of object key "
	    "string");
	CHECK_TEXT(parse_why("{\"a\":1,}"),
	    "invalid character '}' looking for beginning of object key "
	    "string");
	CHECK_TEXT(
	    parse_why("{\"a\" 1}"), "invalid character '1' after object key");
	CHECK_TEXT(parse_why("{\"a\":1 \"b\"}"),
	    "invalid character '\"' after object key:value pair");
	CHECK_TEXT(
	    parse_why("[1 2]"), "invalid character '2' after array element");
	CHECK_TEXT(
	    parse_why("[01]"), "invalid character '1' after array element");
	CHECK_TEXT(parse_why("[trux]"),
	    "invalid character 'x' in literal true (expecting 'e')");
	CHECK_TEXT(
	    parse_why("[-x]"), "invalid character 'x' in numeric literal");
	CHECK_TEXT(parse_why("[1.x]"),
	    "invalid character 'x' after decimal point in numeric literal");
	CHECK_TEXT(parse_why("[1ex]"),
	    "invalid character 'x' in exponent of numeric literal");
	CHECK_TEXT(parse_why("\"\\x\""),
	    "invalid character 'x' in string escape code");
	CHECK_TEXT(parse_why("\"\\u12x\""),
	    "invalid character 'x' in \\u hexadecimal character escape");
	CHECK_TEXT(
	    parse_why("\"a\nb\""), "invalid character '\\n' in string literal");
	CHECK_TEXT(parse_why("'a'"),
	    "invalid character '\\'' looking for beginning of value");
	CHECK_TEXT(parse_why("\xc3\xa9"),
	    "invalid character '\xc3\x83' looking for beginning of value");
	CHECK_TEXT(parse_why("/* c */ 1"),
	    "invalid character '/' looking for beginning of value");
}

static void
test_depth_is_bounded(void)
{
	char text[4096];

	memset(text, '[', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CHECK_TEXT(parse_why(text), "exceeded max depth");
}

static void
test_first_value_only(void)
{
	char why[JSON_WHY_MAX];
	struct json *tree;
	struct slice rest;

	CHECK_EQ(
	    json_parse(SLICE(" {\"a\": 1} tail"), &arena, &tree, &rest, why),
	    ERR_OK);
	CHECK(slice_is(rest, " tail"));
	CHECK_EQ(json_parse(SLICE("12"), &arena, &tree, &rest, why), ERR_OK);
	CHECK(slice_is(tree->text, "12"));
	CHECK_EQ(rest.size, 0);
	CHECK_EQ(
	    json_parse_all(SLICE("{} t"), &arena, &tree, why), ERR_INVALID);
	CHECK_TEXT(why, "invalid character 't' after top-level value");
	CHECK_EQ(json_parse_all(SLICE("{"), &arena, &tree, why), ERR_INVALID);
	CHECK_TEXT(why, "unexpected end of JSON input");
	CHECK_EQ(json_parse_all(SLICE("{}\n"), &arena, &tree, why), ERR_OK);
}

static void
test_tree(void)
{
	char why[JSON_WHY_MAX];
	struct json *tree;

	CHECK_EQ(json_parse(SLICE("{\"a\":[true,null,\"\\u00e9\\n\",-1.5e3],"
				  "\"b\":\"\xff\"}"),
		     &arena, &tree, NULL, why),
	    ERR_OK);
	CHECK_EQ(tree->kind, JSON_OBJECT);
	CHECK_EQ(tree->count, 2);
	CHECK_EQ(tree->first->count, 4);
	CHECK(tree->first->first->boolean);
	CHECK(slice_is(tree->first->first->next->next->text, "\xc3\xa9\n"));
	CHECK(slice_is(tree->first->first->next->next->next->text, "-1.5e3"));
	CHECK(slice_is(json_get(tree, "b")->text, "\xef\xbf\xbd"));
	CHECK(json_get(tree, "c") == NULL);
}

/* All seen on a 1.8.7 agent, behind "Request decode failed: ". */
static void
test_service_errors(void)
{
	CHECK_TEXT(service_why("{\"Name\":\"a\",\"Port\":\"x\"}"),
	    "json: cannot unmarshal string into Go struct field .Port of type "
	    "int");
	CHECK_TEXT(service_why("{\"Port\":1.5}"),
	    "json: cannot unmarshal number 1.5 into Go struct field .Port of "
	    "type int");
	CHECK_TEXT(service_why("{\"Name\":1}"),
	    "json: cannot unmarshal number into Go struct field .Name of type "
	    "string");
	CHECK_TEXT(service_why("{\"Tags\":\"x\"}"),
	    "json: cannot unmarshal string into Go struct field .Tags of type "
	    "[]string");
	CHECK_TEXT(service_why("{\"Tags\":[1]}"),
	    "json: cannot unmarshal number into Go struct field .Tags of type "
	    "string");
	CHECK_TEXT(service_why("{\"Meta\":{\"a\":1}}"),
	    "json: cannot unmarshal number into Go struct field .Meta of type "
	    "string");
	CHECK_TEXT(service_why("{\"Meta\":\"s\"}"),
	    "json: cannot unmarshal string into Go struct field .Meta of type "
	    "map[string]string");
	CHECK_TEXT(service_why("{\"Weights\":{\"Passing\":\"x\"}}"),
	    "json: cannot unmarshal string into Go struct field "
	    "Weights.Weights.Passing of type int");
	CHECK_TEXT(service_why("{\"Weights\":\"x\"}"),
	    "json: cannot unmarshal string into Go struct field .Weights of "
	    "type structs.Weights");
	CHECK_TEXT(service_why("{\"Check\":{\"TTL\":\"zz\"}}"),
	    "time: invalid duration \"zz\"");
	CHECK_TEXT(service_why("{\"Check\":{\"Timeout\":\"10\"}}"),
	    "time: missing unit in duration \"10\"");
	CHECK_TEXT(service_why("{\"Check\":{\"Foo\":\"10\"}}"),
	    "json: unknown field \"Foo\"");
	CHECK_TEXT(service_why("{\"Check\":{\"HTTP\":10}}"),
	    "json: cannot unmarshal number into Go struct field .Check of type "
	    "string");
	CHECK_TEXT(
	    service_why("{\"TaggedAddresses\":{\"lan\":{\"port\":\"x\"}}}"),
	    "json: cannot unmarshal string into Go struct field "
	    "ServiceAddress.TaggedAddresses.Port of type int");
	CHECK_TEXT(service_why("{\"Connect\":{\"Native\":1}}"),
	    "json: cannot unmarshal number into Go struct field .Connect of "
	    "type bool");
	CHECK_TEXT(service_why("{\"Check\":{\"TTL\":true}}"), "");
}

static void
test_other_errors(void)
{
	struct register_request reg;
	struct deregister_request dereg;
	struct session session;
	struct check_definition check;

	CHECK_TEXT(
	    read_why(JSON_API, &register_request_type, &reg, "{\"Node\":1}"),
	    "json: cannot unmarshal number into Go struct field "
	    "RegisterRequest.Node of type string");
	CHECK_TEXT(read_why(JSON_API, &register_request_type, &reg,
		       "{\"Service\":{\"Port\":\"1\"}}"),
	    "json: cannot unmarshal string into Go struct field "
	    "NodeService.Service.Port of type int");
	CHECK_TEXT(read_why(JSON_API, &register_request_type, &reg,
		       "{\"Check\":{\"Definition\":{\"Interval\":\"x\"}}}"),
	    "time: invalid duration \"x\"");
	CHECK_TEXT(read_why(JSON_API, &register_request_type, &reg,
		       "{\"Check\":{\"Definition\":{\"Zork\":1}}}"),
	    "");
	CHECK_TEXT(read_why(JSON_API, &deregister_request_type, &dereg,
		       "{\"Node\":1}"),
	    "json: cannot unmarshal number into Go struct field .Node of type "
	    "string");
	CHECK_TEXT(read_why(JSON_API_LAX, &session_type, &session,
		       "{\"Foo\":1,\"TTL\":1}"),
	    "json: cannot unmarshal number into Go struct field .TTL of type "
	    "string");
	CHECK_TEXT(read_why(JSON_API, &check_definition_type, &check,
		       "{\"Header\":{\"x\":\"y\"}}"),
	    "json: cannot unmarshal string into Go struct field .Header of "
	    "type []string");
	CHECK_TEXT(read_why(JSON_API, &check_definition_type, &check,
		       "{\"OutputMaxSize\":\"y\"}"),
	    "json: cannot unmarshal string into Go struct field .OutputMaxSize "
	    "of type int");
}

static void
test_service_in(void)
{
	struct service_definition s;

	CHECK_TEXT(read_why(JSON_API, &service_definition_type, &s,
		       "{\"name\":\"web\",\"TAGS\":[\"a\",\"b\"],\"Port\":80,"
		       "\"enable_tag_override\":true,\"Meta\":{\"z\":\"1\","
		       "\"a\":\"2\",\"z\":\"3\"},\"Address\":null,"
		       "\"Checks\":[{\"args\":[\"true\"],\"Interval\":\"1m\","
		       "\"Timeout\":5000000000}],"
		       "\"Weights\":{\"Passing\":3}}"),
	    "");
	CHECK(slice_is(s.name, "web"));
	CHECK_EQ(s.tags.count, 2);
	CHECK(slice_is(s.tags.items[1], "b"));
	CHECK_EQ(s.port, 80);
	CHECK(s.enable_tag_override);
	CHECK_EQ(s.meta.count, 2);
	CHECK(slice_is(s.meta.items[1].value, "3"));
	CHECK_EQ(s.checks.count, 1);
	CHECK(slice_is(s.checks.items[0].script_args.items[0], "true"));
	CHECK_EQ(s.checks.items[0].interval.ns, INT64_C(60000000000));
	CHECK_EQ(s.checks.items[0].timeout.ns, INT64_C(5000000000));
	CHECK_EQ(s.weights->passing, 3);
}

static void
test_config_dialect(void)
{
	struct service_definition s;
	const struct type *type = &service_definition_type;

	CHECK_TEXT(read_why(JSON_CONFIG, type, &s,
		       "{\"Port\":8500.7,\"Name\":[\"x\"]}"),
	    "");
	CHECK_EQ(s.port, 8500);
	CHECK(slice_is(s.name, "x"));
	CHECK_TEXT(
	    read_why(JSON_CONFIG, type, &s, "{\"EnableTagOverride\":\"x\"}"),
	    "1 error(s) decoding:\n\n* 'EnableTagOverride' expected type "
	    "'bool', got unconvertible type 'string'");
	CHECK_TEXT(read_why(JSON_CONFIG, type, &s,
		       "{\"Port\":\"80\",\"Name\":[1,2],\"Tags\":\"x\","
		       "\"Check\":[{},{}]}"),
	    "4 error(s) decoding:\n\n"
	    "* 'Check' expected a map, got 'slice'\n"
	    "* 'Name' expected type 'string', got unconvertible type "
	    "'[]interface {}'\n"
	    "* 'Port' expected type 'int', got unconvertible type 'string'\n"
	    "* 'Tags': source data must be an array or slice, got string");
	CHECK_TEXT(read_why(JSON_CONFIG, type, &s,
		       "{\"Foo\":1,\"Check\":{\"script\":1}}"),
	    "2 errors occurred:\n\t* invalid config key Foo\n"
	    "\t* invalid config key Check.script\n\n");
}

static void
test_out_texts(void)
{
	struct buf b;

	buf_init(&b);
	json_put_text(
	    &b, slice_of_text("a\"\\/\n\r\t\b<>&\xe2\x80\xa8\xc3\xa9\xff\x7f"));
	CHECK_TEXT(buf_text(&b),
	    "\"a\\\"\\\\/\\n\\r\\t\\u0008\\u003c\\u003e\\u0026\\u2028\xc3\xa9"
	    "\\ufffd\x7f\"");
	buf_deinit(&b);
}

static void
check_float(double value, const char *expected)
{
	struct buf b;

	buf_init(&b);
	json_put_float(&b, value);
	CHECK_TEXT(buf_text(&b), expected);
	buf_deinit(&b);
}

static void
test_out_floats(void)
{
	check_float(0, "0");
	check_float(1, "1");
	check_float(-1.5, "-1.5");
	check_float(0.00001, "0.00001");
	check_float(0.000001, "0.000001");
	check_float(0.0000001, "1e-7");
	check_float(1e20, "100000000000000000000");
	check_float(1e21, "1e+21");
	check_float(0.1 + 0.2, "0.30000000000000004");
	check_float(1.5e-10, "1.5e-10");
	check_float(123456789.125, "123456789.125");
}

static void
test_out_dir_entry(void)
{
	struct dir_entry entry = { .key = SLICE("a/b"),
		.flags = 42,
		.value = SLICE("hi"),
		.indexes = { 7, 8 } };
	struct buf b;

	buf_init(&b);
	json_from_type(&dir_entry_type, &entry, &b);
	CHECK_TEXT(buf_text(&b),
	    "{\"LockIndex\":0,\"Key\":\"a/b\",\"Flags\":42,\"Value\":\"aGk=\","
	    "\"CreateIndex\":7,\"ModifyIndex\":8}");
	buf_reset(&b);
	entry.value = (struct slice){ 0 };
	entry.session = SLICE("s");
	json_from_type(&dir_entry_type, &entry, &b);
	CHECK_TEXT(buf_text(&b),
	    "{\"LockIndex\":0,\"Key\":\"a/b\",\"Flags\":42,\"Value\":null,"
	    "\"Session\":\"s\",\"CreateIndex\":7,\"ModifyIndex\":8}");
	buf_deinit(&b);
}

static void
check_time(struct wire_time at, const char *expected)
{
	struct federation_state state = { .updated_at = at };
	char whole[256];
	struct buf b;

	buf_init(&b);
	json_from_type(&federation_state_type, &state, &b);
	snprintf(whole, sizeof(whole), "\"UpdatedAt\":%s,", expected);
	if (strstr(buf_text(&b), whole) == NULL) {
		tap_is_ok = false;
		printf("# no %s in %s\n", whole, buf_text(&b));
	}
	buf_deinit(&b);
}

static void
test_out_times(void)
{
	int64_t at = INT64_C(62135596800) + 1606059264;

	check_time((struct wire_time){ 0 }, "\"0001-01-01T00:00:00Z\"");
	check_time(
	    (struct wire_time){ at, 0, -1, true }, "\"2020-11-22T15:34:24Z\"");
	check_time((struct wire_time){ at, 120000000, -1, true },
	    "\"2020-11-22T15:34:24.12Z\"");
	check_time((struct wire_time){ at, 1, -90, true },
	    "\"2020-11-22T14:04:24.000000001-01:30\"");
	check_time((struct wire_time){ INT64_MIN, 0, -1, true }, "null");
	check_time((struct wire_time){ at, -5, -1, true }, "null");
}

static void
test_base64(void)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" } };
	struct buf b;

	buf_init(&b);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		buf_reset(&b);
		base64_encode(slice_of_text(pairs[i][0]), &b);
		CHECK_TEXT(buf_text(&b), pairs[i][1]);
		buf_reset(&b);
		CHECK_EQ(base64_decode(slice_of_text(pairs[i][1]), &b), ERR_OK);
		CHECK_TEXT(buf_text(&b), pairs[i][0]);
	}
	CHECK_EQ(base64_decode(SLICE("Zg="), &b), ERR_INVALID);
	CHECK_EQ(base64_decode(SLICE("Zg==Zg=="), &b), ERR_INVALID);
	CHECK_EQ(base64_decode(SLICE("!!!!"), &b), ERR_INVALID);
	buf_deinit(&b);
}

static void
test_pretty(void)
{
	struct buf b;

	buf_init(&b);
	json_pretty(SLICE("{\"a\":[1,\"x,{\\\"\"],\"b\":{},\"c\":[]}"), 4, &b);
	CHECK_TEXT(buf_text(&b),
	    "{\n    \"a\": [\n        1,\n        \"x,{\\\"\"\n    ],\n"
	    "    \"b\": {},\n    \"c\": []\n}");
	buf_deinit(&b);
}

static void
test_any_both_ways(void)
{
	static const char text[] =
	    "{\"a\":[1,2.5,\"x\",true,null],\"b\":{\"c\":{}}}";
	char why[JSON_WHY_MAX];
	struct buf packed, out;
	struct json *tree;

	buf_init(&packed);
	buf_init(&out);
	CHECK_EQ(
	    json_parse(slice_of_text(text), &arena, &tree, NULL, why), ERR_OK);
	json_to_any(tree, &packed);
	json_put_any(&out, buf_slice(&packed));
	CHECK_TEXT(buf_text(&out), text);
	buf_reset(&out);
	json_put_any(&out, SLICE("\x92\x01")); /* cut */
	CHECK_TEXT(buf_text(&out), "null");
	buf_deinit(&packed);
	buf_deinit(&out);
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_syntax_errors);
	RUN(test_depth_is_bounded);
	RUN(test_first_value_only);
	RUN(test_tree);
	RUN(test_service_errors);
	RUN(test_other_errors);
	RUN(test_service_in);
	RUN(test_config_dialect);
	RUN(test_out_texts);
	RUN(test_out_floats);
	RUN(test_out_dir_entry);
	RUN(test_out_times);
	RUN(test_base64);
	RUN(test_pretty);
	RUN(test_any_both_ways);
	arena_deinit(&arena);
	return (tap_done());
}
