/* What a request looks like, and whom it is for, before anything is sent. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proconsul/client_target.h"
#include "proconsul/url.h"
#include "tests/lib/tap.h"

static struct arena arena;

static bool
is_escaped(
    void (*put)(struct buf *, struct slice), const char *in, const char *out)
{
	struct buf text = { 0 };
	bool is_same;

	put(&text, slice_of_text(in));
	is_same = strcmp(buf_text(&text), out) == 0;
	if (!is_same)
		printf("# %s: %s\n", in, buf_text(&text));
	buf_deinit(&text);
	return (is_same);
}

static void
test_escapes(void)
{
	CHECK(is_escaped(url_put_path, "/v1/kv/a b", "/v1/kv/a%20b"));
	CHECK(is_escaped(url_put_path, "/$&+,/:;=@-_.~", "/$&+,/:;=@-_.~"));
	CHECK(is_escaped(
	    url_put_path, "?#%!*'()[]", "%3F%23%25%21%2A%27%28%29%5B%5D"));
	CHECK(is_escaped(url_put_path, "\xc3\xbc", "%C3%BC"));
	CHECK(is_escaped(url_put_query, "a b/c=d&", "a+b%2Fc%3Dd%26"));
	CHECK(is_escaped(url_put_query, " ", "+"));
	CHECK(is_escaped(url_put_query, "", ""));
	CHECK(is_escaped(url_put_host, "/tmp/x", "%2Ftmp%2Fx"));
	CHECK(is_escaped(url_put_host, "[::1]:80", "[::1]:80"));
}

static void
test_params(void)
{
	struct request r;

	request_init(&r, &arena, "GET", "/v1/kv/%s", "k");
	request_param(&r, "stale", "");
	request_param(&r, "dc", "one");
	request_param_uint(&r, "index", UINT64_MAX);
	request_param(&r, "node-meta", "b:1");
	request_param(&r, "node-meta", "a:1");
	CHECK_EQ(r.param_count, 5);
	CHECK(slice_is(r.path, "/v1/kv/k"));
	CHECK(slice_is(r.params[0].key, "dc"));
	CHECK(slice_is(r.params[1].key, "index"));
	CHECK(slice_is(r.params[1].value, "18446744073709551615"));
	/* Those of one name stay in their order. */
	CHECK(slice_is(r.params[2].value, "b:1"));
	CHECK(slice_is(r.params[3].value, "a:1"));
	CHECK(slice_is(r.params[4].key, "stale"));
}

/* The target of options and environment: its host, or why not. */
static const char *
target_of(const struct client_options *o, struct client_target *t)
{
	static struct buf why;

	buf_reset(&why);
	if (client_target_init(t, o, &why) == ERR_OK)
		return (t->host);
	return (buf_text(&why));
}

static void
test_address(void)
{
	struct client_options o = { 0 };
	struct client_target t;

	unsetenv("CONSUL_HTTP_ADDR");
	CHECK(strcmp(target_of(&o, &t), "127.0.0.1:8500") == 0);
	CHECK(!t.is_https);
	CHECK(t.verifies);
	client_target_deinit(&t);
	setenv("CONSUL_HTTP_ADDR", "https://a:1", 1);
	CHECK(strcmp(target_of(&o, &t), "a:1") == 0);
	CHECK(t.is_https);
	client_target_deinit(&t);
	o.http_addr = "unix:///run/x.sock"; /* a flag beats the environment */
	CHECK(strcmp(target_of(&o, &t), "/run/x.sock") == 0);
	CHECK(strcmp(t.unix_path, "/run/x.sock") == 0);
	client_target_deinit(&t);
	o.http_addr = "b:2";
	setenv("CONSUL_HTTP_SSL", "true", 1);
	setenv("CONSUL_HTTP_SSL_VERIFY", "0", 1);
	CHECK(strcmp(target_of(&o, &t), "b:2") == 0);
	CHECK(t.is_https);
	CHECK(!t.verifies);
	client_target_deinit(&t);
	unsetenv("CONSUL_HTTP_SSL");
	unsetenv("CONSUL_HTTP_SSL_VERIFY");
	o.http_addr = "ftp://x";
	CHECK(strcmp(target_of(&o, &t), "Unknown protocol scheme: ftp") == 0);
	unsetenv("CONSUL_HTTP_ADDR");
}

static void
test_token(void)
{
	char path[] = "/tmp/token_test_XXXXXX";
	struct client_options o = { .token = "flag" };
	struct client_target t;
	int fd = mkstemp(path);

	CHECK(write(fd, " file\n", 6) == 6);
	close(fd);
	setenv("CONSUL_HTTP_TOKEN", "environment", 1);
	target_of(&o, &t);
	CHECK(strcmp(t.token, "flag") == 0);
	client_target_deinit(&t);
	o.token = NULL;
	target_of(&o, &t);
	CHECK(strcmp(t.token, "environment") == 0);
	client_target_deinit(&t);
	o.token_file = path; /* beats all others */
	target_of(&o, &t);
	CHECK(strcmp(t.token, "file") == 0);
	client_target_deinit(&t);
	unlink(path);
	CHECK(strncmp(target_of(&o, &t), "Error loading token file: open /tmp/",
		  strlen("Error loading token file: open /tmp/")) == 0);
	unsetenv("CONSUL_HTTP_TOKEN");
}

static void
test_certificates(void)
{
	struct client_options o = { .client_cert = "/nonexistent" };
	struct client_target t;

	CHECK(strcmp(target_of(&o, &t),
		  "both client cert and client key must be provided") == 0);
	o.client_key = "/nonexistent";
	CHECK(strcmp(target_of(&o, &t),
		  "open /nonexistent: no such file or directory") == 0);
	o = (struct client_options){ .ca_file = "/nonexistent" };
	CHECK(strcmp(target_of(&o, &t),
		  "Error loading CA File: open /nonexistent: no such file or "
		  "directory") == 0);
	o = (struct client_options){ .ca_path = "/nonexistent" };
	CHECK(strcmp(target_of(&o, &t),
		  "lstat /nonexistent: no such file or directory") == 0);
	o = (struct client_options){ .ca_file = "/dev/null" };
	CHECK(strcmp(target_of(&o, &t),
		  "Error loading CA File: Couldn't parse PEM in: /dev/null") ==
	      0);
}

static void
test_host(void)
{
	static const char *const good[] = { "127.0.0.1:8500", "localhost",
		"[::1]:8500", "[::1]", "a-b.c_d:1", "x:65535" };
	static const char *const bad[][2] = {
		{ "x:65536", "dial tcp: address 65536: invalid port" },
		{ "x:zz", "dial tcp: lookup x:zz: no such host" },
		{ "x:1/", "dial tcp: lookup x:1/: no such host" },
		{ "x:", "dial tcp: lookup x: no such host" },
		{ "a b", "dial tcp: lookup a b: no such host" },
		{ "", "http: no Host in request URL" },
		{ "x:99999999999999999999",
		    "dial tcp: address 99999999999999999999: invalid port" },
	};
	struct buf why = { 0 };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(client_host_check(good[i], &why) == ERR_OK);
	CHECK_EQ(why.size, 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_reset(&why);
		CHECK(client_host_check(bad[i][0], &why) != ERR_OK);
		CHECK(strcmp(buf_text(&why), bad[i][1]) == 0);
	}
	buf_deinit(&why);
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_escapes);
	RUN(test_params);
	RUN(test_address);
	RUN(test_token);
	RUN(test_certificates);
	RUN(test_host);
	arena_deinit(&arena);
	return (tap_done());
}
