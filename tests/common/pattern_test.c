/* Regular expressions as RE2 has them (common/pattern.c). */
#include "common/pattern.h"
#include "tests/lib/tap.h"

static const struct {
	const char *pattern;
	const char *text;
	enum pattern_result result;
} cases[] = {
	/* Anywhere in the text, unless it is tied down. */
	{ "", "", PATTERN_FOUND }, { "", "abc", PATTERN_FOUND },
	{ "b", "abc", PATTERN_FOUND }, { "d", "abc", PATTERN_ABSENT },
	{ "^b", "abc", PATTERN_ABSENT }, { "^a", "abc", PATTERN_FOUND },
	{ "c$", "abc", PATTERN_FOUND }, { "b$", "abc", PATTERN_ABSENT },
	{ "^abc$", "abc", PATTERN_FOUND }, { "^$", "", PATTERN_FOUND },
	{ "\\Aabc\\z", "abc", PATTERN_FOUND },
	/* Repetition. */
	{ "^ab*c$", "ac", PATTERN_FOUND }, { "^ab*c$", "abbbc", PATTERN_FOUND },
	{ "^ab+c$", "ac", PATTERN_ABSENT },
	{ "^ab?c$", "abbc", PATTERN_ABSENT },
	{ "^ab?c$", "abc", PATTERN_FOUND }, { "^a{3}$", "aaa", PATTERN_FOUND },
	{ "^a{3}$", "aa", PATTERN_ABSENT },
	{ "^a{2,}$", "aaaaa", PATTERN_FOUND },
	{ "^a{2,}$", "a", PATTERN_ABSENT },
	{ "^a{2,4}$", "aaaa", PATTERN_FOUND },
	{ "^a{2,4}$", "aaaaa", PATTERN_ABSENT },
	{ "^a{0,1}$", "", PATTERN_FOUND }, { "^xa{0}y$", "xy", PATTERN_FOUND },
	{ "^(ab){2}$", "abab", PATTERN_FOUND },
	{ "^(a*)*$", "aaa", PATTERN_FOUND },
	{ "^(a|b*)+$", "abba", PATTERN_FOUND },
	{ "^a*?b$", "aab", PATTERN_FOUND },
	{ "a{,2}", "a{,2}", PATTERN_FOUND }, /* text */
	{ "a{x}", "a{x}", PATTERN_FOUND },
	/* Alternatives and groups. */
	{ "^(web|db|cache)-[0-9]+$", "db-12", PATTERN_FOUND },
	{ "^(web|db|cache)-[0-9]+$", "cache-7", PATTERN_FOUND },
	{ "^(web|db|cache)-[0-9]+$", "web-", PATTERN_ABSENT },
	{ "^a||b$", "", PATTERN_FOUND }, { "^(?:x|y)z$", "yz", PATTERN_FOUND },
	{ "^(?P<name>x)$", "x", PATTERN_FOUND },
	{ "foo|bar", "xxbarxx", PATTERN_FOUND },
	/* Classes. */
	{ "^.$", "x", PATTERN_FOUND }, { "^.$", "\n", PATTERN_ABSENT },
	{ "(?s)^.$", "\n", PATTERN_FOUND },
	{ "^[a-cx]+$", "abcx", PATTERN_FOUND },
	{ "^[^a-c]+$", "xyz", PATTERN_FOUND },
	{ "^[^a-c]+$", "xbz", PATTERN_ABSENT },
	{ "^[]a]+$", "]a", PATTERN_FOUND }, { "^[a-]+$", "a-", PATTERN_FOUND },
	{ "^[\\d_]+$", "12_3", PATTERN_FOUND },
	{ "^[[:alpha:]]+$", "abC", PATTERN_FOUND },
	{ "^[[:^digit:]]+$", "a1", PATTERN_ABSENT },
	{ "^\\d+\\.\\d+$", "1.25", PATTERN_FOUND },
	{ "^\\D$", "7", PATTERN_ABSENT },
	{ "^\\w+\\s\\w+$", "two words", PATTERN_FOUND },
	{ "^\\x41\\n$", "A\n", PATTERN_FOUND },
	{ "\\bcat\\b", "a cat!", PATTERN_FOUND },
	{ "\\bcat\\b", "concat", PATTERN_ABSENT },
	{ "\\Bcat", "concat", PATTERN_FOUND },
	/* Flags. */
	{ "(?i)NODE", "node-1", PATTERN_FOUND },
	{ "(?i:n)ode", "Node", PATTERN_FOUND },
	{ "(?i:n)ode", "NODE", PATTERN_ABSENT },
	{ "(?i)[a-c]+z", "ABCZ", PATTERN_FOUND },
	{ "(?m)^b$", "a\nb\nc", PATTERN_FOUND },
	{ "^b$", "a\nb\nc", PATTERN_ABSENT },
	/* Beyond ASCII, as it is written. */
	{ "^b\xc3\xbc"
	  "cher$",
	    "b\xc3\xbc"
	    "cher",
	    PATTERN_FOUND },
	/* Not understood. */
	{ "(", "x", PATTERN_BAD }, { ")", "x", PATTERN_BAD },
	{ "[", "x", PATTERN_BAD }, { "[b-a]", "x", PATTERN_BAD },
	{ "*", "x", PATTERN_BAD }, { "a**", "x", PATTERN_BAD },
	{ "a{3,2}", "x", PATTERN_BAD }, { "a{1001}", "x", PATTERN_BAD },
	{ "\\", "x", PATTERN_BAD }, { "\\q", "x", PATTERN_BAD },
	{ "\\x4", "x", PATTERN_BAD }, { "(?z)", "x", PATTERN_BAD },
	{ "(a{100}){100}", "x", PATTERN_BAD }, /* too large */
};

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum pattern_result result =
		    pattern_search(slice_of_text(cases[i].pattern),
			slice_of_text(cases[i].text));

		if (result != cases[i].result)
			printf(
			    "# /%s/ in %s\n", cases[i].pattern, cases[i].text);
		CHECK_EQ(result, cases[i].result);
	}
}

/* What takes others exponential time. */
static void
test_mistakes(void)
{
	static const struct {
		const char *pattern;
		const char *why; /* behind "error parsing regexp: " */
	} mistakes[] = {
		{ "(a", "missing closing ): `(a`" },
		{ "a)b", "unexpected ): `a)b`" },
		{ "x[a-", "missing closing ]: `[a-`" },
		{ "[b-a]", "invalid character class range: `b-a`" },
		{ "[[:no:]]", "invalid character class range: `[:no:]`" },
		{ "a**", "invalid nested repetition operator: `**`" },
		{ "a+{2}b", "invalid nested repetition operator: `+{2}`" },
		{ "|*", "missing argument to repetition operator: `*`" },
		{ "a{3,2}", "invalid repeat count: `{3,2}`" },
		{ "a{1001}b", "invalid repeat count: `{1001}`" },
		{ "ab\\", "trailing backslash at end of expression: ``" },
		{ "a\\kb", "invalid escape sequence: `\\k`" },
		{ "(?=a)", "invalid or unsupported Perl syntax: `(?=`" },
	};
	struct buf why = { 0 };
	size_t i;

	for (i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		buf_reset(&why);
		CHECK_EQ(
		    pattern_check(slice_of_text(mistakes[i].pattern), &why),
		    ERR_INVALID);
		CHECK(slice_is(slice_tail(buf_slice(&why),
				   sizeof("error parsing regexp: ") - 1),
		    mistakes[i].why));
	}
	buf_reset(&why);
	CHECK_EQ(pattern_check(SLICE("^(a|b)*?$"), &why), ERR_OK);
	CHECK_EQ(why.size, 0);
	buf_deinit(&why);
}

static void
test_hostile(void)
{
	uint8_t text[4096], deep[8192];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = 'a';
	CHECK_EQ(pattern_search(SLICE("^(a+)+$"), slice(text, sizeof(text))),
	    PATTERN_FOUND);
	text[sizeof(text) - 1] = 'b';
	CHECK_EQ(pattern_search(SLICE("^(a|aa)+$"), slice(text, sizeof(text))),
	    PATTERN_ABSENT);
	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = '(';
	CHECK_EQ(
	    pattern_search(slice(deep, sizeof(deep)), SLICE("x")), PATTERN_BAD);
	CHECK_EQ(
	    pattern_search(slice(text, sizeof(text)), SLICE("x")), PATTERN_BAD);
}

/* Go's FindStringSubmatch, joined with bars. */
static void
test_groups(void)
{
	static const struct {
		const char *pattern, *text, *groups;
	} finds[] = {
		{ "b", "abc", "b" },
		{ "x", "abc", "" },
		{ "(a|ab)(c|bcd)(d*)", "abcd", "abcd|a|bcd|" },
		{ "a(x)?(b)", "ab", "ab||b" },
		{ "(a+?)(a*)", "aaa", "aaa|a|aa" },
		{ "(?U)(a+)(a*)", "aaa", "a|a|" },
		{ "(?U)(a+?)(a*?)", "aaa", "aaa|aaa|" },
		{ "(?P<n>[a-z]+)-(?:x)(?i)(Y)", "ab-xy", "ab-xy|ab|y" },
		{ "(a)|(b)", "xb", "b||b" },
		{ "((a)(b)?)+", "aba", "aba|a|a|b" },
		{ "(a){2}", "aaa", "aa|a" },
		{ "^(.*?)-(.*)$", "a-b-c", "a-b-c|a|b-c" },
		{ "(a*)*", "b", "|" },
		{ "(|a)+", "aa", "|" },
		{ "(", "a", "" },
	};
	struct slice groups[8];
	struct buf joined = { 0 };

	for (size_t i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
		size_t count = pattern_groups(slice_of_text(finds[i].pattern),
		    slice_of_text(finds[i].text), groups, 8);

		buf_reset(&joined);
		for (size_t j = 0; j < count; j++) {
			if (j > 0)
				buf_put_u8(&joined, '|');
			buf_put_slice(&joined, groups[j]);
		}
		if (!slice_is(buf_slice(&joined), finds[i].groups))
			printf("# %s: %.*s\n", finds[i].pattern,
			    SLICE_ARGS(buf_slice(&joined)));
		CHECK(slice_is(buf_slice(&joined), finds[i].groups));
	}
	CHECK_EQ(pattern_groups(SLICE("(a)(b)"), SLICE("ab"), groups, 2), 2);
	buf_deinit(&joined);
}

int
main(void)
{
	RUN(test_cases);
	RUN(test_mistakes);
	RUN(test_hostile);
	RUN(test_groups);
	return (tap_done());
}
