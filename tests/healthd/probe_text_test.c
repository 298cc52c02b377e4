/* The words of probes, as Consul 1.8.7 was heard to say them. */
#include <errno.h>
#include <string.h>

#include "healthd/probe_text.h"
#include "healthd/tail.h"
#include "tests/lib/tap.h"

static bool
fault_is(const char *url, const char *method, const char *expected)
{
	struct buf out = { 0 };
	bool is_fault =
	    probe_url_fault(slice_of_text(url), slice_of_text(method), &out);
	bool is_same = strcmp(buf_text(&out), expected) == 0;

	if (!is_same)
		printf("# got: %s\n", buf_text(&out));
	buf_deinit(&out);
	return (is_same && is_fault == (expected[0] != '\0'));
}

static void
test_urls(void)
{
	CHECK(fault_is("http://127.0.0.1:1/", "GET", ""));
	CHECK(fault_is("HTTP://h", "", ""));
	CHECK(fault_is("https://[::1]:1/a b", "PUT", ""));
	CHECK(fault_is("http://h", "A B", "net/http: invalid method \"A B\""));
	CHECK(fault_is("http://[::1", "GET",
	    "parse \"http://[::1\": missing ']' in host"));
	CHECK(fault_is("ftp://127.0.0.1/", "GET",
	    "Get \"ftp://127.0.0.1/\": unsupported protocol scheme \"ftp\""));
	CHECK(fault_is("127.0.0.1:80/", "GET",
	    "parse \"127.0.0.1:80/\": first path segment in URL cannot contain "
	    "colon"));
	CHECK(fault_is(
	    "foo", "PUT", "Put \"foo\": unsupported protocol scheme \"\""));
	CHECK(fault_is("http://h:xx/", "GET",
	    "parse \"http://h:xx/\": invalid port \":xx\" after host"));
	CHECK(fault_is("http:///x", "GET",
	    "Get \"http:///x\": http: no Host in request URL"));
	CHECK(
	    fault_is("", "GET", "Get \"\": unsupported protocol scheme \"\""));
	CHECK(fault_is("http://a\nb/", "GET",
	    "parse \"http://a\nb/\": net/url: invalid control character in "
	    "URL"));
}

static void
test_prefix_hides_the_password(void)
{
	struct buf out = { 0 };

	probe_url_prefix(SLICE("http://u:p@h:1/x?y"), SLICE("DELETE"), &out);
	CHECK(strcmp(buf_text(&out), "Delete \"http://u:***@h:1/x?y\": ") == 0);
	buf_reset(&out);
	probe_url_prefix(SLICE("http://u@h/a:b"), SLICE(""), &out);
	CHECK(strcmp(buf_text(&out), "Get \"http://u@h/a:b\": ") == 0);
	buf_deinit(&out);
}

static void
test_hosts(void)
{
	CHECK(slice_is(probe_url_host(SLICE("http://u:p@[::1]:1/")), "::1"));
	CHECK(slice_is(probe_url_host(SLICE("http://a.b:80?x")), "a.b"));
	CHECK(slice_is(probe_url_host(SLICE("foo")), ""));
	CHECK(slice_is(probe_url_authority(SLICE("https://u@h:2#f")), "h:2"));
	CHECK(probe_url_is_absolute(SLICE("http:x")));
	CHECK(!probe_url_is_absolute(SLICE("//h/x")));
}

static void
test_where_secrets_may_go(void)
{
	CHECK(probe_url_is_below(SLICE("http://h/a"), SLICE("http://h:80/b")));
	CHECK(probe_url_is_below(SLICE("https://h:443"), SLICE("https://h/")));
	CHECK(probe_url_is_below(SLICE("http://a.h/"), SLICE("http://u@h/")));
	CHECK(!probe_url_is_below(SLICE("http://h/"), SLICE("http://a.h/")));
	CHECK(!probe_url_is_below(SLICE("http://xh/"), SLICE("http://h/")));
	CHECK(!probe_url_is_below(SLICE("https://h/"), SLICE("http://h/")));
	CHECK(!probe_url_is_below(SLICE("http://h:81/"), SLICE("http://h/")));
	CHECK(probe_header_is_secret(SLICE("authorization")));
	CHECK(!probe_header_is_secret(SLICE("X-Token")));
}

static bool
split_is(
    const char *address, const char *host, const char *port, const char *fault)
{
	struct slice got_host = SLICE(""), got_port = SLICE("");
	struct buf out = { 0 };
	bool is_ok =
	    probe_split(slice_of_text(address), &got_host, &got_port, &out);
	bool is_same = strcmp(buf_text(&out), fault) == 0;

	buf_deinit(&out);
	return (is_same && is_ok == (fault[0] == '\0') &&
		slice_is(got_host, host) && slice_is(got_port, port));
}

static void
test_split(void)
{
	CHECK(split_is("h:1", "h", "1", ""));
	CHECK(split_is("[::1]:2", "::1", "2", ""));
	CHECK(split_is(":3", "", "3", ""));
	CHECK(split_is("localhost", "", "",
	    "dial tcp: address localhost: missing port in address"));
	CHECK(split_is("a:b:c", "", "",
	    "dial tcp: address a:b:c: too many colons in address"));
	CHECK(split_is("[::1]", "", "",
	    "dial tcp: address [::1]: missing port in address"));
	CHECK(split_is(
	    "", "", "", "dial tcp: address : missing port in address"));
	CHECK(split_is("[::1:5", "", "",
	    "dial tcp: address [::1:5: missing ']' in address"));
	CHECK(split_is(
	    "[", "", "", "dial tcp: address [: missing port in address"));
}

static void
test_statuses(void)
{
	struct buf out = { 0 };

	CHECK_EQ(probe_http_status(200), CHECK_PASSING);
	CHECK_EQ(probe_http_status(299), CHECK_PASSING);
	CHECK_EQ(probe_http_status(300), CHECK_CRITICAL);
	CHECK_EQ(probe_http_status(429), CHECK_WARNING);
	CHECK_EQ(probe_http_status(199), CHECK_CRITICAL);
	probe_errno_text(ECONNREFUSED, &out);
	CHECK(strcmp(buf_text(&out), "connection refused") == 0);
	buf_deinit(&out);
}

static void
test_tail(void)
{
	struct buf out = { 0 };
	struct tail t;

	tail_init(&t, 5);
	tail_put(&t, "abc", 3);
	CHECK(slice_is(tail_get(&t), "abc"));
	tail_put(&t, "defgh", 5);
	CHECK(slice_is(tail_get(&t), "defgh"));
	tail_put(&t, "0123456789", 10);
	CHECK(slice_is(tail_get(&t), "56789"));
	for (int i = 0; i < 100; i++)
		tail_put(&t, "xy", 2);
	CHECK(slice_is(tail_get(&t), "yxyxy"));
	CHECK(t.bytes.size <= 10);
	tail_text(&t, &out);
	CHECK(
	    strcmp(buf_text(&out), "Captured 5 of 218 bytes\n...\nyxyxy") == 0);
	buf_deinit(&out);
	tail_deinit(&t);
}

int
main(void)
{
	RUN(test_urls);
	RUN(test_prefix_hides_the_password);
	RUN(test_hosts);
	RUN(test_where_secrets_may_go);
	RUN(test_split);
	RUN(test_statuses);
	RUN(test_tail);
	return (tap_done());
}
