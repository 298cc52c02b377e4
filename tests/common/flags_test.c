/* Flags as Go reads them, and what is said about wrong ones. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "flags.h"
#include "tests/lib/tap.h"

struct options {
	bool is_on;
	bool is_var;
	int64_t number;
	uint64_t natural;
	const char *text;
	struct duration span;
	struct flag_list list;
	struct flag_list pairs;
};

/* clang-format off */
static const struct flag table[] = {
	{ "var", FLAG_BOOL_VAR, offsetof(struct options, is_var), "", "V.",
	    NULL, true },
	{ "text", FLAG_TEXT, offsetof(struct options, text), "string", "T.",
	    "\"x\"", false },
	{ "n", FLAG_INT, offsetof(struct options, number), "int", "N.", NULL,
	    false },
	{ "on", FLAG_BOOL, offsetof(struct options, is_on), "", "O.", NULL,
	    false },
	{ "uint", FLAG_UINT, offsetof(struct options, natural), "uint", "U.",
	    NULL, false },
	{ "span", FLAG_DURATION, offsetof(struct options, span), "duration",
	    "S.", NULL, false },
	{ "list", FLAG_LIST, offsetof(struct options, list), "value", "L.",
	    NULL, false },
	{ "pair", FLAG_PAIRS, offsetof(struct options, pairs), "key=value",
	    "P.", NULL, false },
	{ NULL, FLAG_BOOL, 0, NULL, NULL, NULL, false },
};
/* clang-format on */

static struct arena arena;
static struct options options;
static struct buf why;
static int left;

/* Parse words split at blanks; the mistake, or "". */
static const char *
parse(const char *line)
{
	static char words[256];
	static char *argv[16];
	char **rest = argv, *word, *state;
	enum err err;

	options = (struct options){ .text = "x" };
	buf_reset(&why);
	snprintf(words, sizeof(words), "%s", line);
	left = 0;
	for (word = strtok_r(words, " ", &state); word != NULL;
	     word = strtok_r(NULL, " ", &state))
		argv[left++] = word;
	err = flags_parse(table, &left, &rest, &arena, &options, &why);
	CHECK((err == ERR_OK) == (why.size == 0));
	return (buf_text(&why));
}

static void
test_forms(void)
{
	CHECK(strcmp(parse("-on --n=3 -text a rest -n 4"), "") == 0);
	CHECK(options.is_on);
	CHECK_EQ(options.number, 3);
	CHECK(strcmp(options.text, "a") == 0);
	CHECK_EQ(left, 3);
	parse("-on=false -var=1 -- -n 4");
	CHECK(!options.is_on);
	CHECK(options.is_var);
	CHECK_EQ(left, 2);
	parse("-n -5 - -on"); /* a dash alone is an argument */
	CHECK_EQ(options.number, -5);
	CHECK_EQ(left, 2);
	CHECK(!options.is_on);
	parse("-text= -text=a=b");
	CHECK(strcmp(options.text, "a=b") == 0);
}

static void
test_kinds(void)
{
	parse("-uint 18446744073709551615 -span 1m30s");
	CHECK(options.natural == UINT64_MAX);
	CHECK_EQ(options.span.ns, INT64_C(90000000000));
	parse("-list a -list b -pair k=v -pair k=w=x");
	CHECK_EQ(options.list.count, 2);
	CHECK(strcmp(options.list.items[1], "b") == 0);
	CHECK_EQ(options.pairs.count, 2);
	CHECK(strcmp(options.pairs.items[1], "k=w=x") == 0);
}

static void
test_mistakes(void)
{
	static const char *const cases[][2] = {
		{ "-foo", "flag provided but not defined: -foo" },
		{ "--foo=3", "flag provided but not defined: -foo" },
		{ "---n", "bad flag syntax: ---n" },
		{ "-=x", "bad flag syntax: -=x" },
		{ "-n", "flag needs an argument: -n" },
		{ "-n=x", "invalid value \"x\" for flag -n: parse error" },
		{ "-uint=-1",
		    "invalid value \"-1\" for flag -uint: parse error" },
		{ "-uint=18446744073709551616",
		    "invalid value \"18446744073709551616\" for flag -uint: "
		    "parse error" },
		{ "-span=1",
		    "invalid value \"1\" for flag -span: parse error" },
		{ "-on=maybe",
		    "invalid boolean value \"maybe\" for -on: parse error" },
		{ "-var=maybe",
		    "invalid boolean value \"maybe\" for -var: "
		    "strconv.ParseBool: parsing \"maybe\": invalid syntax" },
		{ "-pair ab",
		    "invalid value \"ab\" for flag -pair: Missing \"=\" value "
		    "in argument: ab" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK(strcmp(parse(cases[i][0]), cases[i][1]) == 0);
		if (strcmp(buf_text(&why), cases[i][1]) != 0)
			printf("# %s: %s\n", cases[i][0], buf_text(&why));
	}
}

static void
test_usage(void)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	flags_usage(to, table);
	fclose(to);
	CHECK(strcmp(text, "Usage:\n"
			   "  -list value\n    \tL.\n"
			   "  -n int\n    \tN.\n"
			   "  -on\n    \tO.\n"
			   "  -pair key=value\n    \tP.\n"
			   "  -span duration\n    \tS.\n"
			   "  -text string\n    \tT. (default \"x\")\n"
			   "  -uint uint\n    \tU.\n"
			   "  -var\n    \tV.\n") == 0);
	free(text);
}

static void
test_wrap(void)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	print_wrapped(to, "one two three four", 2, 10);
	fclose(to);
	CHECK(strcmp(text, "  one two\n  three\n  four\n") == 0);
	free(text);
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_forms);
	RUN(test_kinds);
	RUN(test_mistakes);
	RUN(test_usage);
	RUN(test_wrap);
	arena_deinit(&arena);
	buf_deinit(&why);
	return (tap_done());
}
