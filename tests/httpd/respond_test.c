/* Heads of answers, byte for byte as the real one sends them. */
#include <string.h>
#include <zlib.h>

#include "httpd/respond.h"
#include "tests/lib/tap.h"

static void
check_blob(struct response *r, const struct render_options *options,
    const char *expected)
{
	struct blob *blob = blob_new(r, options);
	bool is_same = blob->size == strlen(expected);

	memcpy(blob->data + blob->date_at, "Sun, 22 Nov 2026 18:37:55 GMT",
	    DATE_BYTES);
	is_same = is_same && memcmp(blob->data, expected, blob->size) == 0;
	CHECK(is_same);
	if (!is_same)
		printf("# %.*s\n", (int)blob->size, (const char *)blob->data);
	blob_release(blob);
}

static const struct render_options plain;

static void
test_read(void)
{
	struct query_meta meta = { .index = 9, .known_leader = true };
	struct response r = {
		.status = 200, .is_api = true, .consistency = "leader"
	};

	response_meta(&r, &meta);
	response_json_text(&r, "[]");
	check_blob(&r, &plain,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "Vary: Accept-Encoding\r\n"
	    "X-Consul-Effective-Consistency: leader\r\n"
	    "X-Consul-Index: 9\r\nX-Consul-Knownleader: true\r\n"
	    "X-Consul-Lastcontact: 0\r\n"
	    "Date: Sun, 22 Nov 2026 18:37:55 GMT\r\n"
	    "Content-Length: 2\r\n\r\n[]");
}

static void
test_error(void)
{
	struct response r = { .is_api = true,
		.allow = SLICE("OPTIONS,GET,PUT,DELETE") };

	response_text(&r, 405, "method %s not allowed", "POST");
	check_blob(&r, &plain,
	    "HTTP/1.1 405 Method Not Allowed\r\n"
	    "Allow: OPTIONS,GET,PUT,DELETE\r\nVary: Accept-Encoding\r\n"
	    "Date: Sun, 22 Nov 2026 18:37:55 GMT\r\nContent-Length: 23\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n\r\n"
	    "method POST not allowed");
}

static void
test_not_found(void)
{
	struct query_meta none = { 0 };
	struct response r = { .status = 404, .is_api = true };

	response_meta(&r, &none); /* index 0 is sent as 1 */
	check_blob(&r, &plain,
	    "HTTP/1.1 404 Not Found\r\nVary: Accept-Encoding\r\n"
	    "X-Consul-Index: 1\r\nX-Consul-Knownleader: false\r\n"
	    "X-Consul-Lastcontact: 0\r\n"
	    "Date: Sun, 22 Nov 2026 18:37:55 GMT\r\n"
	    "Content-Length: 0\r\n\r\n");
}

static void
test_pretty(void)
{
	struct render_options pretty = { .is_pretty = true };
	struct response r = { .status = 200, .is_api = true };

	response_json_text(&r, "[1]");
	check_blob(&r, &pretty,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "Vary: Accept-Encoding\r\n"
	    "Date: Sun, 22 Nov 2026 18:37:55 GMT\r\n"
	    "Content-Length: 10\r\n\r\n[\n    1\n]\n");
}

static void
test_gzip(void)
{
	struct render_options options = { .wants_gzip = true };
	struct response r = { .status = 200, .is_api = true };
	uint8_t plain_text[64];
	z_stream z = { 0 };
	struct blob *blob;

	options.gzip = gzip_new();
	for (int round = 0; round < 2; round++) {
		response_json_text(&r, "[\"hello\"]");
		r.is_api = true;
		r.status = 200;
		blob = blob_new(&r, &options);
		CHECK(memmem(blob->data, blob->head_size,
			  "Content-Encoding: gzip\r\n", 24) != NULL);
		z = (z_stream){ .next_in = blob->data + blob->head_size,
			.avail_in = (uInt)(blob->size - blob->head_size),
			.next_out = plain_text,
			.avail_out = sizeof(plain_text) };
		CHECK_EQ(inflateInit2(&z, 15 + 16), Z_OK);
		CHECK_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
		CHECK_EQ(z.total_out, 9);
		CHECK(memcmp(plain_text, "[\"hello\"]", 9) == 0);
		inflateEnd(&z);
		blob_release(blob);
	}
	gzip_free(options.gzip);
}

static void
test_date(void)
{
	char date[DATE_BYTES + 1];

	http_date(1795372675, date);
	CHECK(strcmp(date, "Sun, 22 Nov 2026 18:37:55 GMT") == 0);
	http_date(0, date);
	CHECK(strcmp(date, "Thu, 01 Jan 1970 00:00:00 GMT") == 0);
}

int
main(void)
{
	RUN(test_read);
	RUN(test_error);
	RUN(test_not_found);
	RUN(test_pretty);
	RUN(test_gzip);
	RUN(test_date);
	return (tap_done());
}
