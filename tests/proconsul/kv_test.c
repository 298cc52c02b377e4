/* Base64 as Go's decoder takes it, and where it says that it goes wrong. */
#include <stdio.h>
#include <string.h>

#include "proconsul/kv.h"
#include "tests/lib/tap.h"

static void
test_good(void)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "aGVsbG8=", "hello" },
		{ "aGVs", "hel" },
		{ "aA==", "h" },
		{ "aGVs\nbG8=\n", "hello" },
		{ "aG\r\nVsbG\n8\n=", "hello" },
	};
	struct buf out = { 0 }, why = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		CHECK(kv_base64_decode(
			  slice_of_text(cases[i][0]), &out, &why) == ERR_OK);
		CHECK(strcmp(buf_text(&out), cases[i][1]) == 0);
	}
	buf_deinit(&out);
	buf_deinit(&why);
}

static void
test_bad(void)
{
	/* text, byte, what was decoded before; all asked of the real one */
	static const struct {
		const char *text;
		int byte;
		const char *before;
	} cases[] = {
		{ "!!", 0, "" },
		{ "aGVs!!", 4, "hel" },
		{ "aGVsbG", 4, "hel" },
		{ "aGVsbG8=x", 8, "hello" },
		{ "aGVsbG8", 4, "hel" },
		{ "aGVs=", 4, "hel" },
		{ "aGV", 0, "" },
		{ "a===", 1, "" },
	};
	struct buf out = { 0 }, why = { 0 };
	char text[80];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		buf_reset(&why);
		CHECK(kv_base64_decode(slice_of_text(cases[i].text), &out,
			  &why) == ERR_INVALID);
		snprintf(text, sizeof(text),
		    "illegal base64 data at input byte %d", cases[i].byte);
		CHECK(strcmp(buf_text(&why), text) == 0);
		if (strcmp(buf_text(&why), text) != 0)
			printf("# %s: %s\n", cases[i].text, buf_text(&why));
		CHECK(strcmp(buf_text(&out), cases[i].before) == 0);
	}
	buf_deinit(&out);
	buf_deinit(&why);
}

static void
test_keys(void)
{
	struct buf why = { 0 };

	CHECK(strcmp(kv_key_strip("/a"), "a") == 0);
	CHECK(strcmp(kv_key_strip("//a"), "/a") == 0);
	CHECK(strcmp(kv_key_strip("a/"), "a/") == 0);
	CHECK(kv_key_check("a", &why) == ERR_OK);
	CHECK(kv_key_check("/a", &why) == ERR_INVALID);
	buf_deinit(&why);
}

int
main(void)
{
	RUN(test_good);
	RUN(test_bad);
	RUN(test_keys);
	return (tap_done());
}
