/* Paths: escapes, cleaning, printable characters. */
#include "httpd/uri.h"
#include "tests/lib/tap.h"

static struct arena arena;

static void
check_clean(const char *path, const char *expected)
{
	struct slice got = uri_path_clean(slice_of_text(path), &arena);

	CHECK(slice_is(got, expected));
	if (!slice_is(got, expected))
		printf("# %s: %.*s, not %s\n", path, SLICE_ARGS(got), expected);
}

static void
test_clean(void)
{
	check_clean("/", "/");
	check_clean("", "/");
	check_clean("/v1/kv/a", "/v1/kv/a");
	check_clean("/v1/kv/a/", "/v1/kv/a/");
	check_clean("//", "/");
	check_clean("/v1//kv/a", "/v1/kv/a");
	check_clean("/v1/./kv/.", "/v1/kv");
	check_clean("/v1/kv/..", "/v1");
	check_clean("/v1/kv/../", "/v1/");
	check_clean("/../../a", "/a");
	check_clean("/..", "/");
	check_clean("/a/b/../../..//c/", "/c/");
	check_clean("/...", "/...");
	check_clean("/a/.b/..c", "/a/.b/..c");
	check_clean("a", "/a");
}

static void
test_decode(void)
{
	struct slice out;

	CHECK(slice_is(uri_path_decode(SLICE("/a%2Fb%20+"), &arena), "/a/b +"));
	CHECK(uri_query_decode(SLICE("a+b%2b"), &arena, &out));
	CHECK(slice_is(out, "a b+"));
	CHECK(!uri_query_decode(SLICE("a%"), &arena, &out));
	CHECK(!uri_query_decode(SLICE("a%4"), &arena, &out));
	CHECK(!uri_query_decode(SLICE("%zz"), &arena, &out));
}

static void
test_printable(void)
{
	static const struct {
		const char *path;
		bool is_printable;
	} cases[] = { { "/v1/kv/a b~", true }, { "/a\x01", false },
		{ "/a\n", false }, { "/a\x7f", false },
		{ "/\xc3\xa4", true },		 /* ä */
		{ "/\xff", true },		 /* no UTF-8 */
		{ "/\xc0\x80", true },		 /* overlong */
		{ "/\xc2\xa0", false },		 /* no-break space */
		{ "/\xe2\x80\x8b", false },	 /* zero width space */
		{ "/\xee\x80\x80", false },	 /* private use */
		{ "/\xf0\x9f\x98\x80", true },	 /* an emoji */
		{ "/\xed\xa0\x80", true },	 /* a surrogate: no UTF-8 */
		{ "/\xf4\x90\x80\x80", true } }; /* above U+10FFFF */

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_EQ(uri_is_printable(slice_of_text(cases[i].path)),
		    cases[i].is_printable);
}

static void
test_encode(void)
{
	struct buf out = { 0 };

	uri_path_encode(SLICE("/a b?c%\xc3\xa4&;=@~"), &out);
	CHECK(slice_is(buf_slice(&out), "/a%20b%3Fc%25%C3%A4&;=@~"));
	buf_reset(&out);
	uri_query_encode(SLICE("a b&=/~"), &out);
	CHECK(slice_is(buf_slice(&out), "a+b%26%3D%2F~"));
	buf_reset(&out);
	uri_html_escape(SLICE("<a href=\"'&'\">"), &out);
	CHECK(slice_is(
	    buf_slice(&out), "&lt;a href=&#34;&#39;&amp;&#39;&#34;&gt;"));
	buf_deinit(&out);
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_clean);
	RUN(test_decode);
	RUN(test_printable);
	RUN(test_encode);
	arena_deinit(&arena);
	return (tap_done());
}
