/*
 * Requests to an agent through libcurl's multi interface: one loop serves the
 * command that asks once and the one (lock) that does three things at a time.
 *
 * client_target.c knows whom to ask, client_error.c how Consul words failures.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client.h"
#include "client_call.h"
#include "files.h"
#include "log.h"
#include "url.h"
#include "xmalloc.h"

#define ANSWER_BYTES_MAX (1024UL * 1024 * 1024)

struct client *
client_new(const struct client_options *options, struct buf *why)
{
	struct client *c = xcalloc(1, sizeof(*c));

	if (client_target_init(&c->target, options, why) != ERR_OK) {
		free(c);
		return (NULL);
	}
	if ((c->curl = curl_library_load(why)) == NULL) {
		client_target_deinit(&c->target);
		free(c);
		return (NULL);
	}
	if ((c->multi = c->curl->multi_init()) == NULL)
		fatal("out of memory");
	return (c);
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	c->curl->multi_cleanup(c->multi);
	client_target_deinit(&c->target);
	free(c);
}

/* --- Requests. --- */

void
request_init(struct request *r, struct arena *arena, const char *method,
    const char *path, ...)
{
	va_list args;
	char *printed;

	*r = (struct request){ .arena = arena, .method = method };
	va_start(args, path);
	if (vasprintf(&printed, path, args) < 0)
		fatal("out of memory");
	va_end(args);
	r->path = arena_copy(arena, slice_of_text(printed));
	free(printed);
}

void
request_param(struct request *r, const char *name, const char *value)
{
	struct pair *params;
	size_t at = r->param_count;

	/* Few: sorted by insertion, and copied each time. */
	params = arena_array(r->arena, r->param_count + 1, sizeof(*params));
	while (at > 0 && !slice_is(r->params[at - 1].key, name) &&
	       slice_compare(r->params[at - 1].key, slice_of_text(name)) > 0)
		at--;
	if (at > 0)
		memcpy(params, r->params, at * sizeof(*params));
	params[at].key = arena_copy(r->arena, slice_of_text(name));
	params[at].value = arena_copy(r->arena, slice_of_text(value));
	if (at < r->param_count)
		memcpy(params + at + 1, r->params + at,
		    (r->param_count - at) * sizeof(*params));
	r->params = params;
	r->param_count++;
}

void
request_param_uint(struct request *r, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	request_param(r, name, text);
}

static void
put_url(struct buf *out, const struct client *c, const struct request *r)
{
	struct request full = *r;
	size_t i;

	if (*c->target.datacenter != '\0')
		request_param(&full, "dc", c->target.datacenter);
	if (*c->target.name_space != '\0')
		request_param(&full, "ns", c->target.name_space);
	url_put_path(out, full.path);
	for (i = 0; i < full.param_count; i++) {
		buf_put_u8(out, i == 0 ? '?' : '&');
		url_put_query(out, full.params[i].key);
		buf_put_u8(out, '=');
		url_put_query(out, full.params[i].value);
	}
}

/* --- A call. --- */

static size_t
on_body(char *data, size_t one, size_t size, void *arg)
{
	struct call *call = arg;

	(void)one; /* always 1 */
	if (call->on_data != NULL && call_status(call) == 200) {
		call->on_data(call->on_data_arg, slice(data, size));
		return (size);
	}
	if (call->body.size + size > ANSWER_BYTES_MAX)
		return (0); /* curl gives up with CURLE_WRITE_ERROR */
	buf_put(&call->body, data, size);
	return (size);
}

/* Of what length it is nobody says, so it goes in chunks. */
static size_t
on_upload(char *to, size_t one, size_t count, void *arg)
{
	struct call *call = arg;
	size_t size = fread(to, one, count, call->body_file);

	if (size > 0 || !ferror(call->body_file))
		return (size);
	buf_printf(&call->why, "read %s: ", call->body_name);
	errno_put(&call->why, errno);
	return (CURL_READFUNC_ABORT);
}

static size_t
on_header(char *data, size_t one, size_t size, void *arg)
{
	static const char name[] = "X-Consul-Index:";
	struct call *call = arg;
	char digits[24] = "";

	(void)one;
	if (size > sizeof(name) && size < sizeof(name) + sizeof(digits) &&
	    strncasecmp(data, name, sizeof(name) - 1) == 0) {
		memcpy(
		    digits, data + sizeof(name) - 1, size - (sizeof(name) - 1));
		call->index = strtoull(digits, NULL, 10);
	}
	return (size);
}

/* Remember who was tried: errors name the address, not the host's name. Of a
 * host with both, the IPv4 address, whichever is tried first. */
static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct call *call = arg;

	(void)purpose;
	if (call->peer.ss_family != AF_INET &&
	    to->addrlen <= sizeof(call->peer))
		memcpy(&call->peer, &to->addr, to->addrlen);
	return (socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol));
}

static void
add_header(struct call *call, const char *name, const char *value)
{
	struct buf line = { 0 };

	/* curl leaves a header out that ends in a colon. */
	buf_printf(&line, "%s:%s%s", name, *value == '\0' ? "" : " ", value);
	call->headers =
	    call->client->curl->slist_append(call->headers, buf_text(&line));
	if (call->headers == NULL)
		fatal("out of memory");
	buf_deinit(&line);
}

static bool
host_is_local(const char *host)
{
	return (*host == ':' || strncmp(host, "127.", 4) == 0 ||
		strncmp(host, "[::1]", 5) == 0 ||
		strncmp(host, "localhost", 9) == 0);
}

/* Where to, and with which certificates. */
static void
set_target(struct call *call, const char *path)
{
	const struct client_target *t = &call->client->target;
	__typeof__(curl_easy_setopt) *set = call->client->curl->easy_setopt;
	const char *scheme = t->is_https ? "https" : "http";
	const char *host = t->unix_path != NULL ? "localhost" : t->host;
	bool has_no_name = *host == ':';
	struct curl_blob blob = { t->authorities.data, t->authorities.size,
		CURL_BLOB_COPY };
	struct buf url = { 0 };

	if (t->unix_path != NULL)
		set(call->easy, CURLOPT_UNIX_SOCKET_PATH, t->unix_path);
	if (t->unix_path != NULL || host_is_local(host))
		set(call->easy, CURLOPT_PROXY, "");
	if (t->tls_server_name != NULL && t->is_https) {
		/* Connect to the host, but speak of the name. */
		buf_printf(&url, "::%s", host);
		call->connect_to =
		    call->client->curl->slist_append(NULL, buf_text(&url));
		set(call->easy, CURLOPT_CONNECT_TO, call->connect_to);
		add_header(call, "Host", host);
		host = t->tls_server_name;
		buf_reset(&url);
	}
	/* Only a port: this machine, as for Go. */
	buf_printf(&url, "%s://%s%s%s", scheme, has_no_name ? "localhost" : "",
	    host, path);
	set(call->easy, CURLOPT_URL, buf_text(&url));
	if (!t->verifies) {
		set(call->easy, CURLOPT_SSL_VERIFYPEER, 0L);
		set(call->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (t->authorities.size > 0)
		set(call->easy, CURLOPT_CAINFO_BLOB, &blob);
	if (t->client_cert != NULL) {
		set(call->easy, CURLOPT_SSLCERT, t->client_cert);
		set(call->easy, CURLOPT_SSLKEY, t->client_key);
	}
	buf_deinit(&url);
}

static void
set_request(struct call *call, const struct request *r)
{
	const struct client_target *t = &call->client->target;
	__typeof__(curl_easy_setopt) *set = call->client->curl->easy_setopt;

	set(call->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	set(call->easy, CURLOPT_NOSIGNAL, 1L);
	set(call->easy, CURLOPT_ERRORBUFFER, call->curl_why);
	set(call->easy, CURLOPT_WRITEFUNCTION, on_body);
	set(call->easy, CURLOPT_WRITEDATA, call);
	set(call->easy, CURLOPT_HEADERFUNCTION, on_header);
	set(call->easy, CURLOPT_HEADERDATA, call);
	set(call->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	set(call->easy, CURLOPT_OPENSOCKETDATA, call);
	set(call->easy, CURLOPT_PRIVATE, call);
	set(call->easy, CURLOPT_CUSTOMREQUEST, r->method);
	if (r->body_file != NULL) {
		set(call->easy, CURLOPT_UPLOAD, 1L);
		set(call->easy, CURLOPT_READFUNCTION, on_upload);
		call->body_file = r->body_file;
		call->body_name = r->body_name;
		set(call->easy, CURLOPT_READDATA, call);
		add_header(call, "Expect", "");
	} else if (strcmp(r->method, "GET") != 0) {
		set(call->easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)r->body.size);
		set(call->easy, CURLOPT_COPYPOSTFIELDS,
		    r->body.size > 0 ? (const char *)r->body.data : "");
		add_header(call, "Content-Type", "");
		add_header(call, "Expect", "");
	}
	if (*t->token != '\0')
		add_header(call, "X-Consul-Token", t->token);
	if (*t->user != '\0')
		set(call->easy, CURLOPT_USERPWD, t->user);
	if (call->headers != NULL)
		set(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

struct call *
client_start(struct client *c, const struct request *r, client_data_fn *on_data,
    void *arg)
{
	struct call *call = xcalloc(1, sizeof(*call));
	struct buf path = { 0 };

	call->client = c;
	call->on_data = on_data;
	call->on_data_arg = arg;
	put_url(&path, c, r);
	call_name(call, r->method, buf_text(&path));
	if ((c->target.unix_path == NULL || *c->target.host == '\0') &&
	    client_host_check(c->target.host, &call->why) != ERR_OK) {
		call->is_done = true;
		call->result = CURLE_COULDNT_RESOLVE_HOST;
		buf_deinit(&path);
		return (call);
	}
	if ((call->easy = c->curl->easy_init()) == NULL)
		fatal("out of memory");
	set_target(call, buf_text(&path));
	set_request(call, r);
	if (c->curl->multi_add_handle(c->multi, call->easy) != CURLM_OK)
		fatal("libcurl refuses a request");
	c->started_count++;
	buf_deinit(&path);
	return (call);
}

/* Give the calls that have ended their results. */
static void
collect(struct client *c)
{
	CURLMsg *message;
	struct call *call;
	int left;

	while ((message = c->curl->multi_info_read(c->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		c->curl->easy_getinfo(
		    message->easy_handle, CURLINFO_PRIVATE, &call);
		call->is_done = true;
		call->result = message->data.result;
	}
}

void
client_wait(struct client *c, int fd, int timeout_ms)
{
	struct curl_waitfd extra = { .fd = fd, .events = CURL_WAIT_POLLIN };
	int running;

	if (c->curl->multi_perform(c->multi, &running) != CURLM_OK)
		fatal("libcurl fails");
	collect(c);
	/* A call that has ended is news: nothing to wait for then. */
	if (running < c->started_count)
		return;
	if (c->curl->multi_poll(c->multi, &extra, fd >= 0 ? 1 : 0, timeout_ms,
		NULL) != CURLM_OK)
		fatal("libcurl fails");
	c->curl->multi_perform(c->multi, &running);
	collect(c);
}

bool
call_is_done(const struct call *call)
{
	return (call->is_done);
}

unsigned
call_status(const struct call *call)
{
	long status = 0;

	if (call->easy != NULL)
		call->client->curl->easy_getinfo(
		    call->easy, CURLINFO_RESPONSE_CODE, &status);
	return ((unsigned)status);
}

void
call_cancel(struct call *call)
{
	const struct curl_library *curl;

	if (call == NULL)
		return;
	curl = call->client->curl;
	if (call->easy != NULL) {
		curl->multi_remove_handle(call->client->multi, call->easy);
		curl->easy_cleanup(call->easy);
		call->client->started_count--;
	}
	curl->slist_free_all(call->headers);
	curl->slist_free_all(call->connect_to);
	buf_deinit(&call->body);
	buf_deinit(&call->name);
	buf_deinit(&call->why);
	free(call);
}

enum err
call_finish(struct call *call, struct arena *arena, struct response *response,
    struct buf *why)
{
	enum err err = ERR_OK;

	assert(call->is_done);
	if (call->result != CURLE_OK) {
		call_put_why(call, why);
		err = ERR_IO;
	} else {
		response->status = call_status(call);
		response->index = call->index;
		response->body = arena_copy(arena, buf_slice(&call->body));
	}
	call_cancel(call);
	return (err);
}

/* --- One question, one answer. --- */

enum err
client_ask(struct client *c, const struct request *r, struct response *response,
    struct buf *why)
{
	struct call *call = client_start(c, r, NULL, NULL);

	while (!call_is_done(call))
		client_wait(c, -1, 1000);
	return (call_finish(call, r->arena, response, why));
}

void
response_why(const struct response *response, struct buf *why)
{
	buf_printf(why, "Unexpected response code: %u (", response->status);
	buf_put_slice(why, response->body);
	buf_put_text(why, ")");
}

enum err
client_ask_ok(struct client *c, const struct request *r,
    struct response *response, struct buf *why)
{
	enum err err = client_ask(c, r, response, why);

	if (err == ERR_OK && response->status != 200) {
		response_why(response, why);
		err = ERR_REFUSED;
	}
	return (err);
}
