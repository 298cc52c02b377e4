/* Heads and chunked bodies: what is understood, what is refused, and how. */
#include <string.h>

#include "httpd/chunks.h"
#include "httpd/parse.h"
#include "limits.h"
#include "tests/lib/tap.h"

static enum refusal
parse(const char *text, struct head *head)
{
	return (head_parse(slice_of_text(text), head));
}

static enum refusal
refusal_of(const char *text)
{
	struct head head;

	return (parse(text, &head));
}

#define HOST "Host: x\r\n"

static void
test_request_line(void)
{
	struct head head;

	CHECK_EQ(parse("GET /v1/kv/a?b=c&d HTTP/1.1\r\n" HOST "\r\n", &head),
	    REFUSAL_NONE);
	CHECK_EQ(head.method, HTTP_GET);
	CHECK(slice_is(head.path, "/v1/kv/a"));
	CHECK(slice_is(head.query, "b=c&d"));
	CHECK(!head.is_http10);
	CHECK_EQ(parse("PATCH / HTTP/1.0\r\n\r\n", &head), REFUSAL_NONE);
	CHECK_EQ(head.method, HTTP_OTHER);
	CHECK(slice_is(head.method_text, "PATCH"));
	CHECK(head.is_http10);
	CHECK_EQ(parse("GET http://h:1/a/b?x HTTP/1.1\n" HOST "\n", &head),
	    REFUSAL_NONE);
	CHECK(slice_is(head.path, "/a/b"));
	CHECK(slice_is(head.query, "x"));
	CHECK_EQ(parse("GET http://h HTTP/1.1\r\n" HOST "\r\n", &head),
	    REFUSAL_NONE);
	CHECK(slice_is(head.path, "/"));
}

static void
test_malformed(void)
{
	static const char *const bad[] = { "\r\n", "FOO\r\n\r\n",
		"GET /\r\n\r\n", "GET  / HTTP/1.1\r\n" HOST "\r\n",
		"GET /a b HTTP/1.1\r\n" HOST "\r\n",
		"G@T / HTTP/1.1\r\n" HOST "\r\n", " / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1\r\n" HOST "\r\n", "GET / http/1.1\r\n\r\n",
		"GET / HTTP/1.x\r\n\r\n", "GET a HTTP/1.1\r\n" HOST "\r\n",
		"GET /%zz HTTP/1.1\r\n" HOST "\r\n",
		"GET /% HTTP/1.1\r\n" HOST "\r\n",
		"GET /%4 HTTP/1.1\r\n" HOST "\r\n",
		"GET /\x01 HTTP/1.1\r\n" HOST "\r\n",
		"GET /\x7f HTTP/1.1\r\n" HOST "\r\n",
		"GET / HTTP/1.1\r\nHost\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Content-Length: a\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST
		"Content-Length: 99999999999999999999\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST
		"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"PUT / HTTP/1.1\r\n" HOST
		"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum refusal got = refusal_of(bad[i]);

		CHECK_EQ(got, REFUSAL_MALFORMED);
		if (got != REFUSAL_MALFORMED)
			printf("# %zu: %s\n", i, bad[i]);
	}
	CHECK(
	    strcmp(refusal_status(REFUSAL_MALFORMED), "400 Bad Request") == 0);
}

static void
test_refusals(void)
{
	CHECK_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), REFUSAL_NO_HOST);
	CHECK_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), REFUSAL_NONE);
	CHECK_EQ(refusal_of("GET / HTTP/1.2\r\n" HOST "\r\n"), REFUSAL_NONE);
	CHECK_EQ(refusal_of("GET / HTTP/2.0\r\n\r\n"), REFUSAL_VERSION);
	CHECK_EQ(refusal_of("GET / HTTP/0.9\r\n\r\n"), REFUSAL_VERSION);
	CHECK_EQ(
	    refusal_of("GET / HTTP/1.1\r\n" HOST HOST "\r\n"), REFUSAL_HOSTS);
	CHECK_EQ(
	    refusal_of("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), REFUSAL_HOST);
	CHECK_EQ(refusal_of("GET / HTTP/1.1\r\n" HOST "a b: c\r\n\r\n"),
	    REFUSAL_NAME);
	CHECK_EQ(
	    refusal_of("GET / HTTP/1.1\r\n" HOST ": c\r\n\r\n"), REFUSAL_NAME);
	CHECK_EQ(refusal_of("GET / HTTP/1.1\r\n" HOST "a : c\r\n\r\n"),
	    REFUSAL_NAME);
	CHECK_EQ(refusal_of("GET / HTTP/1.1\r\n" HOST "a: \x01\r\n\r\n"),
	    REFUSAL_VALUE);
	CHECK_EQ(refusal_of("GET / HTTP/1.1\r\n" HOST
			    "Transfer-Encoding: gzip\r\n\r\n"),
	    REFUSAL_ENCODING);
	CHECK_EQ(refusal_of(
		     "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n"),
	    REFUSAL_ENCODING);
	/* The first in Go's order is said. */
	CHECK_EQ(
	    refusal_of("GET / HTTP/1.1\r\na b: c\r\n\r\n"), REFUSAL_NO_HOST);
}

static void
test_headers(void)
{
	struct head head;

	CHECK_EQ(parse("PUT / HTTP/1.1\r\nhOST: x\r\n"
		       "X-CONSUL-TOKEN:  t \t\r\n"
		       "Connection: foo, Close\r\n"
		       "Content-Length: 5\r\nContent-Length: 5\r\n"
		       "Expect: 100-continue\r\n"
		       "Accept-Encoding: deflate, gzip;q=0.5\r\n\r\n",
		     &head),
	    REFUSAL_NONE);
	CHECK(slice_is(head.consul_token, "t"));
	CHECK(head.wants_close);
	CHECK(head.has_length);
	CHECK_EQ(head.content_length, 5);
	CHECK(head.expects_continue);
	CHECK(head.accepts_gzip);
	CHECK_EQ(parse("GET / HTTP/1.1\r\n" HOST "Accept-Encoding: gzip;q=0\r\n"
		       "Expect: tea\r\n\r\n",
		     &head),
	    REFUSAL_NONE);
	CHECK(!head.accepts_gzip);
	CHECK(head.expects_more);
	CHECK(!head.expects_continue);
}

static void
test_too_many_headers(void)
{
	struct buf text = { 0 };
	struct head head;

	buf_put_text(&text, "GET / HTTP/1.1\r\n" HOST);
	for (unsigned i = 1; i < HTTP_HEADERS_MAX; i++)
		buf_put_text(&text, "a: b\r\n");
	buf_put_text(&text, "\r\n");
	CHECK_EQ(head_parse(buf_slice(&text), &head), REFUSAL_NONE);
	text.size -= 2;
	buf_put_text(&text, "a: b\r\n\r\n");
	CHECK_EQ(head_parse(buf_slice(&text), &head), REFUSAL_TOO_LARGE);
	buf_deinit(&text);
}

/* The end is found at the same place however the bytes are cut. */
static void
test_find_end(void)
{
	struct slice all =
	    SLICE("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\nrest\n\n");
	size_t end = all.size - 6;

	for (size_t cut = 1; cut <= all.size; cut++) {
		size_t scanned = 0, found = 0;

		for (size_t i = cut; found == 0 && i <= all.size; i += cut)
			found = head_find_end(slice_head(all, i), &scanned);
		if (found == 0)
			found = head_find_end(all, &scanned);
		CHECK_EQ(found, end);
	}
}

static enum chunks
scan(const char *text, struct chunk_scan *scan)
{
	*scan = (struct chunk_scan){ 0 };
	return (chunks_scan(scan, slice_of_text(text)));
}

static void
test_chunks(void)
{
	struct slice body =
	    SLICE("5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nT: x\r\n\r\nnext");
	struct chunk_scan s = { 0 };
	struct buf joined = { 0 };
	size_t size = 0;

	for (size_t i = 0; i < body.size && size == 0; i++)
		switch (chunks_scan(&s, slice_head(body, i))) {
		case CHUNKS_DONE:
			size = i;
			break;
		case CHUNKS_BAD:
			CHECK(false);
			return;
		case CHUNKS_MORE:
			break;
		}
	CHECK_EQ(size, body.size - 4);
	CHECK_EQ(s.at, body.size - 4);
	CHECK_EQ(s.body_size, 11);
	chunks_join(slice_head(body, size), &joined);
	CHECK(slice_is(buf_slice(&joined), "hello world"));
	buf_deinit(&joined);
}

static void
test_bad_chunks(void)
{
	struct chunk_scan s;
	struct buf line = { 0 };

	CHECK_EQ(scan("x\r\n", &s), CHUNKS_BAD);
	CHECK(strcmp(s.why, "invalid byte in chunk length") == 0);
	CHECK_EQ(scan("\r\n", &s), CHUNKS_BAD);
	CHECK_EQ(scan("12345678901234567\r\n", &s), CHUNKS_BAD);
	CHECK(strcmp(s.why, "http chunk length too large") == 0);
	CHECK_EQ(scan("fffffff\r\n", &s), CHUNKS_BAD);
	CHECK(strcmp(s.why, "http: request body too large") == 0);
	CHECK_EQ(scan("1\r\nabc\r\n", &s), CHUNKS_BAD);
	CHECK(strcmp(s.why, "malformed chunked encoding") == 0);
	for (unsigned i = 0; i < 5000; i++)
		buf_put_u8(&line, '0');
	s = (struct chunk_scan){ 0 };
	CHECK_EQ(chunks_scan(&s, buf_slice(&line)), CHUNKS_BAD);
	buf_deinit(&line);
}

/* In pieces of `step`; what of it is data is put to *out. Returns how many
 * bytes were taken. */
static size_t
flow_in(const char *text, size_t step, struct chunk_flow *flow, struct buf *out)
{
	struct slice all = slice_of_text(text), data;
	size_t at = 0, end = 0, taken;

	*flow = (struct chunk_flow){ 0 };
	do {
		end = end + step < all.size ? end + step : all.size;
		do {
			taken = chunks_flow(flow,
			    slice_head(slice_tail(all, at), end - at), &data);
			buf_put_slice(out, data);
			at += taken;
		} while (taken > 0);
	} while (end < all.size);
	return (at);
}

static void
test_chunks_as_they_come(void)
{
	static const char body[] =
	    "5\r\nhello\r\n6;a=b\n world\r\n0\r\nT: x\r\n\r\nnext";

	for (size_t step = 1; step < sizeof(body); step++) {
		struct chunk_flow flow;
		struct buf out = { 0 };

		CHECK_EQ(flow_in(body, step, &flow, &out), sizeof(body) - 5);
		CHECK(flow.at == FLOW_OVER);
		CHECK(flow.why == NULL);
		CHECK(slice_is(buf_slice(&out), "hello world"));
		buf_deinit(&out);
	}
}

static void
test_bad_chunks_as_they_come(void)
{
	static const struct {
		const char *body;
		const char *why;
	} rows[] = {
		{ "x\r\n", "invalid byte in chunk length" },
		{ "\r\n", "invalid byte in chunk length" },
		{ "12345678901234567\r\n", "http chunk length too large" },
		{ "1\r\nabc\r\n", "malformed chunked encoding" },
	};
	struct chunk_flow flow;
	struct buf out = { 0 };
	char line[5001];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)flow_in(rows[i].body, 1, &flow, &out);
		CHECK(flow.why != NULL);
		CHECK(flow.why == NULL || strcmp(flow.why, rows[i].why) == 0);
	}
	memset(line, '0', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	(void)flow_in(line, 100, &flow, &out);
	CHECK(flow.why != NULL);
	buf_deinit(&out);
}

int
main(void)
{
	RUN(test_request_line);
	RUN(test_malformed);
	RUN(test_refusals);
	RUN(test_headers);
	RUN(test_too_many_headers);
	RUN(test_find_end);
	RUN(test_chunks);
	RUN(test_bad_chunks);
	RUN(test_chunks_as_they_come);
	RUN(test_bad_chunks_as_they_come);
	return (tap_done());
}
