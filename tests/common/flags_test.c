/* Command line flags in Go's manner, and the two forms of their usage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "flags.h"
#include "tests/lib/tap.h"

struct options {
	bool is_loud;
	int64_t count;
	const char *name;
	struct duration wait;
	struct flag_list tags;
};

/* clang-format off */
static const struct flag table[] = {
	{ "count", FLAG_INT, offsetof(struct options, count), "int",
	    "How many.", "3", false },
	{ "loud", FLAG_BOOL, offsetof(struct options, is_loud), NULL,
	    "Say it aloud.", NULL, false },
	{ "name", FLAG_TEXT, offsetof(struct options, name), "string",
	    "A name that is told in a sentence which is rather long, so that it "
	    "has to go on in a second line.", NULL, true },
	{ "tag", FLAG_LIST, offsetof(struct options, tags), "value",
	    "A tag.", NULL, false },
	{ "wait", FLAG_DURATION, offsetof(struct options, wait), "duration",
	    "How long.", NULL, false },
	{ NULL, FLAG_BOOL, 0, NULL, NULL, NULL, false },
};
/* clang-format on */

#define ARGS_MAX 16

struct parsed {
	struct options options;
	enum err err;
	int argc; /* what is left */
	char first[64];
	char why[256];
};

static struct arena arena;

/* Words separated by blanks. */
static struct parsed
parse(const char *line)
{
	struct parsed p = { .options = { .count = 3 } };
	char *copy = arena_text(&arena, slice_of_text(line)), *rest, *word;
	char *words[ARGS_MAX], **argv = words;
	struct buf why = { 0 };

	for (word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		words[p.argc++] = word;
	p.err = flags_parse(table, &p.argc, &argv, &arena, &p.options, &why);
	snprintf(p.first, sizeof(p.first), "%s", p.argc > 0 ? argv[0] : "");
	snprintf(p.why, sizeof(p.why), "%s", buf_text(&why));
	buf_deinit(&why);
	return (p);
}

static bool
fails_with(const char *line, const char *why)
{
	struct parsed p = parse(line);

	if (p.err == ERR_OK || strcmp(p.why, why) != 0)
		printf("# %s: %s\n", line, p.why);
	return (p.err != ERR_OK && strcmp(p.why, why) == 0);
}

static void
test_forms(void)
{
	struct parsed p =
	    parse("-count=7 --name x -loud -tag a -tag=b -wait 1m30s rest -x");

	CHECK(p.err == ERR_OK);
	CHECK_EQ(p.options.count, 7);
	CHECK(strcmp(p.options.name, "x") == 0);
	CHECK(p.options.is_loud);
	CHECK_EQ(p.options.wait.ns, 90000000000);
	CHECK_EQ(p.options.tags.count, 2);
	CHECK(strcmp(p.options.tags.items[1], "b") == 0);
	CHECK_EQ(p.argc, 2); /* flags end at the first argument */
	CHECK(strcmp(p.first, "rest") == 0);
}

static void
test_ends(void)
{
	struct parsed p = parse("-loud=false -- -count=9");

	CHECK(p.err == ERR_OK);
	CHECK(!p.options.is_loud);
	CHECK_EQ(p.options.count, 3);
	CHECK(strcmp(p.first, "-count=9") == 0);
	p = parse("-"); /* standard input, not a flag */
	CHECK(p.err == ERR_OK && strcmp(p.first, "-") == 0);
	p = parse("-loud true"); /* a bool takes no word of its own */
	CHECK(p.options.is_loud && strcmp(p.first, "true") == 0);
	p = parse("-name=a=b");
	CHECK(strcmp(p.options.name, "a=b") == 0);
}

static void
test_mistakes(void)
{
	CHECK(fails_with("-foo", "flag provided but not defined: -foo"));
	CHECK(fails_with("--foo=1", "flag provided but not defined: -foo"));
	CHECK(fails_with("-cou", "flag provided but not defined: -cou"));
	CHECK(fails_with("---count=1", "bad flag syntax: ---count=1"));
	CHECK(fails_with("-=1", "bad flag syntax: -=1"));
	CHECK(fails_with("-count", "flag needs an argument: -count"));
	CHECK(fails_with(
	    "-count=x", "invalid value \"x\" for flag -count: parse error"));
	CHECK(fails_with(
	    "-wait=5", "invalid value \"5\" for flag -wait: parse error"));
	CHECK(fails_with("-loud=maybe",
	    "invalid boolean value \"maybe\" for -loud: parse error"));
	CHECK(fails_with("-count=a\"b\\c",
	    "invalid value \"a\\\"b\\\\c\" for flag -count: parse error"));
}

static void
test_bools(void)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true",
		"True" };
	static const char *const bad[] = { "", "yes", "tRUE", "2", "on" };
	bool value = false;
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		value = false;
		CHECK(flag_parse_bool(yes[i], &value) == ERR_OK && value);
	}
	CHECK(flag_parse_bool("F", &value) == ERR_OK && !value);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(flag_parse_bool(bad[i], &value) == ERR_INVALID);
}

static bool
prints(void (*print)(FILE *, const struct flag *), const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool is_ok;

	print(out, table);
	fclose(out);
	is_ok = strcmp(text, expected) == 0;
	if (!is_ok)
		printf("# got:\n%s", text);
	free(text);
	return (is_ok);
}

static void
test_usage(void)
{
	CHECK(prints(flags_usage,
	    "Usage:\n"
	    "  -count int\n    \tHow many. (default 3)\n"
	    "  -loud\n    \tSay it aloud.\n"
	    "  -name string\n    \tA name that is told in a sentence which is "
	    "rather long, so that it has to go on in a second line.\n"
	    "  -tag value\n    \tA tag.\n"
	    "  -wait duration\n    \tHow long.\n"));
	CHECK(prints(flags_help,
	    "\nHTTP API Options\n"
	    "\n  -name=<string>\n"
	    "     A name that is told in a sentence which is rather long, so "
	    "that it\n"
	    "     has to go on in a second line.\n"
	    "\nCommand Options\n"
	    "\n  -count=<int>\n     How many.\n"
	    "\n  -loud\n     Say it aloud.\n"
	    "\n  -tag=<value>\n     A tag.\n"
	    "\n  -wait=<duration>\n     How long.\n"));
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_forms);
	RUN(test_ends);
	RUN(test_mistakes);
	RUN(test_bools);
	RUN(test_usage);
	arena_deinit(&arena);
	return (tap_done());
}
