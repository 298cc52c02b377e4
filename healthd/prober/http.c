/*
 * HTTP checks: a request as Go's client sends it, and what comes of the
 * answer; see prober.h, and redirect.c for where that leads elsewhere.
 *
 * Source  api/config.md 5; Consul agent/checks/check.go, CheckHTTP; Go
 *         net/http, Request.write and Transport
 */
#include <string.h>
#include <strings.h>

#include "healthd/probe_text.h"
#include "log.h"
#include "prober.h"

/* --- The request. --- */

/* A handler of a watch, not a check: the request is the watch's. */
static bool
is_handler(const struct probe *probe)
{
	return (probe->request.kind == PROBE_HANDLER);
}

static bool
is_head(const struct probe *probe)
{
	return (slice_is(buf_slice(&probe->method), "HEAD"));
}

static struct slice
body_of(const struct probe *probe)
{
	return (probe->drops_body ? SLICE("") : probe->request.check.body);
}

static bool
has_header(const struct probe *probe, const char *name)
{
	const struct strs_entry_list *header = &probe->request.check.header;

	for (size_t i = 0; i < header->count; i++)
		if (slice_equal_fold(
			header->items[i].key, slice_of_text(name)) &&
		    header->items[i].value.count > 0)
			return (true);
	return (false);
}

static bool
is_clean(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] == '\r' || text.data[i] == '\n' ||
		    text.data[i] == '\0')
			return (false);
	return (true);
}

/* libcurl takes "Name;" for a header without value. */
static void
value_add(struct probe *probe, struct slice name, struct slice value)
{
	struct buf line = { 0 };

	if (!is_clean(name) || !is_clean(value) || name.size == 0)
		return;
	buf_put_slice(&line, name);
	buf_put_text(&line, value.size > 0 ? ": " : ";");
	buf_put_slice(&line, value);
	probe_header_add(probe, buf_text(&line));
	buf_deinit(&line);
}

/* By name, and among equals as they came. */
static void
pairs_sort(struct pair *pairs, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct pair pair = pairs[i];
		size_t at = i;

		for (; at > 0 && slice_compare(pairs[at - 1].key, pair.key) > 0;
		     at--)
			pairs[at] = pairs[at - 1];
		pairs[at] = pair;
	}
}

/* Go writes these itself, whatever the user's map says of them. */
static bool
is_written_apart(struct slice name)
{
	return (slice_equal_fold(name, SLICE("Host")) ||
		slice_equal_fold(name, SLICE("User-Agent")) ||
		slice_equal_fold(name, SLICE("Content-Length")));
}

/* What a redirect takes away: secrets stay behind when it leads to another
 * host, and where it came from is ours to say. */
static bool
is_left_out(const struct probe *probe, struct slice name)
{
	return (is_written_apart(name) ||
		(probe->drops_secrets && probe_header_is_secret(name)) ||
		(probe->referer.size > 0 &&
		    slice_equal_fold(name, SLICE("Referer"))));
}

/* User and password of the URL, unless the user's map has its own. */
static bool
has_user(const struct probe *probe)
{
	return (probe->user.size > 0 &&
		(probe->drops_secrets || !has_header(probe, "Authorization")));
}

/* The user's, and what is always there unless the user says otherwise: in the
 * order of their names. */
static void
sorted_add(struct probe *probe)
{
	const struct strs_entry_list *header = &probe->request.check.header;
	struct pair *pairs;
	size_t count = 0, room = 3;

	for (size_t i = 0; i < header->count; i++)
		room += header->items[i].value.count;
	pairs = arena_array(&probe->arena, room, sizeof(*pairs));
	for (size_t i = 0; i < header->count; i++)
		for (size_t v = 0; v < header->items[i].value.count; v++)
			if (!is_left_out(probe, header->items[i].key))
				pairs[count++] =
				    (struct pair){ header->items[i].key,
					    header->items[i].value.items[v] };
	if (!is_handler(probe) && !has_header(probe, "Accept"))
		pairs[count++] = (struct pair){ SLICE("Accept"),
			SLICE("text/plain, text/*, */*") };
	if (probe->referer.size > 0)
		pairs[count++] = (struct pair){ SLICE("Referer"),
			buf_slice(&probe->referer) };
	if (has_user(probe))
		pairs[count++] = (struct pair){ SLICE("Authorization"),
			buf_slice(&probe->user) };
	pairs_sort(pairs, count);
	for (size_t i = 0; i < count; i++)
		value_add(probe, pairs[i].key, pairs[i].value);
}

static void
apart_add(struct probe *probe, const char *name, struct slice otherwise)
{
	const struct strs_entry_list *header = &probe->request.check.header;
	struct slice value = otherwise;

	for (size_t i = 0; i < header->count; i++)
		if (slice_equal_fold(
			header->items[i].key, slice_of_text(name)) &&
		    header->items[i].value.count > 0)
			value = header->items[i].value.items[0];
	if (value.size > 0)
		value_add(probe, slice_of_text(name), value);
}

static bool
has_length(const struct probe *probe)
{
	struct slice method = buf_slice(&probe->method);

	return (body_of(probe).size > 0 || slice_is(method, "POST") ||
		slice_is(method, "PUT") || slice_is(method, "PATCH"));
}

/* In Go's order: Request.write, then Transport's own. */
static void
headers_add(struct probe *probe)
{
	struct slice length =
	    arena_printf(&probe->arena, "%zu", body_of(probe).size);

	if (!probe->drops_host)
		apart_add(probe, "Host", SLICE(""));
	apart_add(probe, "User-Agent",
	    is_handler(probe) ? SLICE("Go-http-client/1.1")
			      : SLICE("Consul Health Check"));
	if (has_length(probe))
		value_add(probe, SLICE("Content-Length"), length);
	sorted_add(probe);
	if (!has_header(probe, "Accept-Encoding") && !is_head(probe))
		probe_header_add(probe, "Accept-Encoding: gzip");
	probe_header_add(probe, "Connection: close");
	/* What libcurl would add, and Go does not. */
	probe_header_add(probe, "Expect:");
	if (is_handler(probe) && !has_header(probe, "Accept"))
		probe_header_add(probe, "Accept:");
	if (!has_header(probe, "Content-Type"))
		probe_header_add(probe, "Content-Type:");
}

static size_t
on_body(char *data, size_t one, size_t size, void *arg)
{
	struct probe *probe = arg;

	(void)one;
	tail_put(&probe->body, data, size);
	return (size);
}

/* An answer to HEAD ends here, with or without the length of a body that will
 * not come. */
static bool
is_last_of_head(struct probe *probe, struct slice line)
{
	probe->has_all =
	    is_head(probe) && slice_is(line, "\r\n") &&
	    !slice_starts_with(buf_slice(&probe->status_line), SLICE("1"));
	return (probe->has_all);
}

static size_t
on_header(char *data, size_t one, size_t size, void *arg)
{
	struct probe *probe = arg;
	struct slice line = slice(data, size);
	size_t blank;

	(void)one;
	blank = slice_find(line, ' ', 0);
	if (blank == SIZE_MAX)
		return (is_last_of_head(probe, line) ? 0 : size);
	while (line.size > 0 && (line.data[line.size - 1] == '\r' ||
				    line.data[line.size - 1] == '\n'))
		line = slice_head(line, line.size - 1);
	if (slice_starts_with(line, SLICE("HTTP/"))) {
		buf_reset(&probe->status_line);
		buf_reset(&probe->location);
		buf_put_slice(&probe->status_line, slice_tail(line, blank + 1));
	} else if (slice_equal_fold(
		       slice_head(line, blank), SLICE("Location:")) &&
		   probe->location.size == 0)
		buf_put_slice(&probe->location, slice_tail(line, blank + 1));
	return (size);
}

/* http_proxy and its kin are honoured, but never for this machine. */
static bool
is_loopback(struct slice host)
{
	return (slice_is(host, "localhost") || slice_is(host, "::1") ||
		slice_starts_with(host, SLICE("127.")));
}

static void
body_set(struct probe *probe)
{
	struct slice body = body_of(probe);

	if (body.size == 0)
		return;
	curl_easy_setopt(probe->easy, CURLOPT_POSTFIELDSIZE, (long)body.size);
	curl_easy_setopt(probe->easy, CURLOPT_POSTFIELDS, body.data);
}

void
http_send(struct probe *probe)
{
	const struct check_type *check = &probe->request.check;
	bool has_body = body_of(probe).size > 0;
	long verify = check->tls_skip_verify ? 0L : 1L;
	CURL *easy;

	probe_handle_new(probe);
	easy = probe->easy;
	http_user_set(probe);
	buf_reset(&probe->status_line);
	probe->has_all = false;
	tail_deinit(&probe->body);
	tail_init(&probe->body, probe->request.output_max);
	headers_add(probe);
	body_set(probe);
	curl_easy_setopt(easy, CURLOPT_URL, buf_text(&probe->url));
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, buf_text(&probe->method));
	/* libcurl can't send a body with HEAD: see on_header(). */
	curl_easy_setopt(
	    easy, CURLOPT_NOBODY, is_head(probe) && !has_body ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, probe->headers);
	if (!is_head(probe) && !has_header(probe, "Accept-Encoding"))
		curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(
	    easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2 * verify);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, probe);
	if (is_loopback(probe_url_host(buf_slice(&probe->url))))
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	probe_go(probe);
}

static void
begin(struct probe *probe)
{
	const struct check_type *check = &probe->request.check;
	struct buf text = { 0 };

	buf_put_slice(&probe->url, check->http);
	buf_put_slice(&probe->method,
	    check->method.size > 0 ? check->method : SLICE("GET"));
	if (probe_url_fault(check->http, buf_slice(&probe->method), &text))
		probe_end(probe, is_handler(probe) ? RUN_NOT_STARTED : RUN_DONE,
		    CHECK_CRITICAL, buf_slice(&text));
	else
		http_send(probe);
	buf_deinit(&text);
}

/* --- The answer. --- */

void
http_fail(struct probe *probe, struct slice url, const struct buf *fault)
{
	struct buf text = { 0 };

	probe_url_prefix(url, probe->request.check.method, &text);
	buf_put_slice(&text, buf_slice(fault));
	probe_end(probe, is_handler(probe) ? RUN_NOT_STARTED : RUN_DONE,
	    CHECK_CRITICAL, buf_slice(&text));
	buf_deinit(&text);
}

/* For the log: the status in the place of a check's ID. */
static void
handler_answered(struct probe *probe, long code)
{
	struct buf text = { 0 };

	probe->request.check_id = buf_slice(&probe->status_line);
	probe->exit_code = code;
	tail_text(&probe->body, &text);
	probe_end(probe, RUN_DONE, CHECK_PASSING, buf_slice(&text));
	buf_deinit(&text);
}

static void
answered(struct probe *probe, long code)
{
	const struct check_type *check = &probe->request.check;
	struct slice method =
	    check->method.size > 0 ? check->method : SLICE("GET");
	struct buf text = { 0 };

	buf_printf(&text, "HTTP %.*s %.*s: %.*s Output: ", SLICE_ARGS(method),
	    SLICE_ARGS(check->http),
	    SLICE_ARGS(buf_slice(&probe->status_line)));
	buf_put_slice(&text, tail_get(&probe->body));
	probe_end(probe, RUN_DONE, probe_http_status(code), buf_slice(&text));
	buf_deinit(&text);
}

/* What fails once the head of the answer is there is only logged: the status
 * stands, with as much of the body as came. */
static void
over(struct probe *probe, CURLcode code)
{
	struct buf fault = { 0 };
	long status = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
	if (probe->has_all)
		code = CURLE_OK;
	if (status != 0 && code != CURLE_OK)
		log_warn("agent", "Check error while reading body",
		    "check=%.*s error=\"%s\"",
		    SLICE_ARGS(probe->request.check_id),
		    curl_easy_strerror(code));
	if (status != 0) {
		if (code == CURLE_OK && http_redirect(probe, status))
			return;
		if (is_handler(probe))
			handler_answered(probe, status);
		else
			answered(probe, status);
		return;
	}
	if (!dial_fault(probe, code, &fault))
		buf_put_text(&fault, "context deadline exceeded");
	if (code == CURLE_OPERATION_TIMEDOUT && !is_handler(probe))
		buf_put_text(&fault,
		    " (Client.Timeout exceeded while awaiting headers)");
	http_fail(probe, buf_slice(&probe->url), &fault);
	buf_deinit(&fault);
}

const struct probe_kind http_kind = { .begin = begin, .over = over };
