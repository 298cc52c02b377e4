/*
 * Docker checks: a command in a container, by three questions to Docker's API:
 * create it, start it and read what it says, ask how it ended. See prober.h.
 *
 * Where   DOCKER_HOST, unix:///path or tcp://host:port, else
 *	   /var/run/docker.sock; the prober's user must be let in there
 * Source  Consul agent/checks/docker.go and check.go (CheckDocker), as
 *	   observed; Docker Engine API, exec
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "healthd/probe_text.h"
#include "json.h"
#include "log.h"
#include "prober.h"

#define DEFAULT_HOST "unix:///var/run/docker.sock"
#define ANSWER_MAX   (64 * 1024) /* of create and inspect */

enum step {
	CREATE,
	START,
	INSPECT,
};

static const char *const step_names[] = { "create", "start", "inspect" };

static void fail(struct probe *, const char *, ...) PRINTF_LIKE(2, 3);

#define FAIL(probe, format, ...)                                    \
	fail(probe, "%s exec failed for container %.*s" format,     \
	    step_names[(probe)->step],                              \
	    SLICE_ARGS((probe)->request.check.docker_container_id), \
	    __VA_ARGS__)

static void
fail(struct probe *probe, const char *format, ...)
{
	struct buf text = { 0 };
	char line[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_put_text(&text, line);
	probe_end(probe, RUN_DONE, CHECK_CRITICAL, buf_slice(&text));
	buf_deinit(&text);
}

/* --- A question. --- */

static size_t
on_body(char *data, size_t one, size_t size, void *arg)
{
	struct probe *probe = arg;

	(void)one;
	if (probe->step == START)
		tail_put(&probe->body, data, size);
	else if (probe->answer.size + size <= ANSWER_MAX)
		buf_put(&probe->answer, data, size);
	return (size);
}

/* Where the API is: a socket's path, or an authority. */
static struct slice
host_find(bool *is_unix)
{
	const char *host = getenv("DOCKER_HOST");
	struct slice text =
	    slice_of_text(host != NULL && *host != '\0' ? host : DEFAULT_HOST);

	*is_unix = slice_starts_with(text, SLICE("unix://"));
	if (*is_unix)
		return (slice_tail(text, 7));
	if (slice_starts_with(text, SLICE("tcp://")) ||
	    slice_starts_with(text, SLICE("http://")))
		return (slice_tail(text, text.data[0] == 't' ? 6 : 7));
	return (text);
}

static void
header_add(struct probe *probe, const char *line)
{
	struct curl_slist *longer = curl_slist_append(probe->headers, line);

	if (longer == NULL)
		fatal("out of memory");
	probe->headers = longer;
}

/* A POST where there is something to say. */
static void
ask(struct probe *probe, struct slice path)
{
	bool is_unix, has_body = probe->input.size > 0;
	struct slice host = host_find(&is_unix);
	struct buf url = { 0 };
	CURL *easy;

	probe_handle_new(probe);
	easy = probe->easy;
	buf_reset(&probe->answer);
	buf_printf(&url, "http://%.*s%.*s",
	    SLICE_ARGS(is_unix ? SLICE("docker") : host), SLICE_ARGS(path));
	curl_easy_setopt(
	    easy, CURLOPT_URL, probe_text_of(probe, buf_slice(&url)));
	buf_deinit(&url);
	if (is_unix)
		curl_easy_setopt(
		    easy, CURLOPT_UNIX_SOCKET_PATH, probe_text_of(probe, host));
	if (has_body) {
		header_add(probe, "Content-Type: application/json");
		curl_easy_setopt(
		    easy, CURLOPT_POSTFIELDSIZE, (long)probe->input.size);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, probe->input.data);
	}
	header_add(probe, "User-Agent: Go-http-client/1.1");
	header_add(probe, "Accept:");
	header_add(probe, "Expect:");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, probe->headers);
	curl_easy_setopt(
	    easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
	probe_go(probe);
}

/* url.QueryEscape. */
static void
put_escaped(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') ||
		    (c != '\0' && strchr("-_.~", c) != NULL))
			buf_put_u8(out, c);
		else if (c == ' ')
			buf_put_u8(out, '+');
		else
			buf_printf(out, "%%%02X", c);
	}
}

static void
begin(struct probe *probe)
{
	const struct check_type *check = &probe->request.check;
	struct buf path = { 0 };

	probe->step = CREATE;
	buf_put_text(&probe->input,
	    "{\"AttachStdin\":false,\"AttachStdout\":true,\"AttachStderr\":"
	    "true,\"Tty\":false,\"Cmd\":[");
	for (size_t i = 0; i < check->script_args.count; i++) {
		buf_put_text(&probe->input, i > 0 ? "," : "");
		json_put_text(&probe->input, check->script_args.items[i]);
	}
	buf_put_text(&probe->input, "]}\n");
	buf_put_text(&path, "/containers/");
	put_escaped(&path, check->docker_container_id);
	buf_put_text(&path, "/exec");
	ask(probe, buf_slice(&path));
	buf_deinit(&path);
}

static void
step_begin(struct probe *probe, enum step step, const char *action)
{
	struct buf path = { 0 };

	probe->step = step;
	buf_reset(&probe->input);
	if (step == START)
		buf_put_text(
		    &probe->input, "{\"Detach\":false,\"Tty\":true}\n");
	buf_printf(&path, "/exec/%s/%s", probe->exec_id, action);
	ask(probe, buf_slice(&path));
	buf_deinit(&path);
}

/* --- Answers. --- */

/* A member of the answer; NULL where it can't be parsed, which is told. */
static const struct json *
member_read(struct probe *probe, const char *name)
{
	static const struct json none = { .kind = JSON_NULL };
	const struct json *member;
	char why[JSON_WHY_MAX];
	struct json *json;

	if (json_parse(buf_slice(&probe->answer), &probe->arena, &json, NULL,
		why) != ERR_OK) {
		fail(probe,
		    "%s exec response for container %.*s cannot be parsed: %s",
		    step_names[probe->step],
		    SLICE_ARGS(probe->request.check.docker_container_id), why);
		return (NULL);
	}
	member = json->kind == JSON_OBJECT ? json_get(json, name) : NULL;
	return (member == NULL ? &none : member);
}

static void
created(struct probe *probe)
{
	const struct json *id = member_read(probe, "Id");

	if (id == NULL)
		return;
	probe->exec_id = probe_text_of(
	    probe, id->kind == JSON_STRING ? id->text : SLICE(""));
	step_begin(probe, START, "start");
}

static void
inspected(struct probe *probe)
{
	const struct json *code = member_read(probe, "ExitCode");
	enum check_status status = CHECK_CRITICAL;
	struct buf text = { 0 };

	if (code == NULL)
		return;
	if (code->kind == JSON_NULL || slice_is(code->text, "0"))
		status = CHECK_PASSING;
	else if (slice_is(code->text, "1"))
		status = CHECK_WARNING;
	tail_text(&probe->body, &text);
	probe_end(probe, RUN_DONE, status, buf_slice(&text));
	buf_deinit(&text);
}

static void
refused(struct probe *probe, long code)
{
	struct slice container = probe->request.check.docker_container_id;
	struct slice body = probe->step == START ? tail_get(&probe->body)
						 : buf_slice(&probe->answer);

	if (code == 404 && probe->step == CREATE)
		fail(probe, "create exec failed for unknown container %.*s",
		    SLICE_ARGS(container));
	else if (code == 404)
		FAIL(probe, ": invalid exec id %s", probe->exec_id);
	else if (code == 409 && probe->step != INSPECT)
		fail(probe,
		    "%s exec failed since container %.*s is paused or stopped",
		    step_names[probe->step], SLICE_ARGS(container));
	else if (probe->step == START)
		FAIL(probe, " with status %ld: body: %.*s err: <nil>", code,
		    SLICE_ARGS(body));
	else
		FAIL(probe, " with status %ld: %.*s", code, SLICE_ARGS(body));
}

/* Nobody is there, or nobody answers. */
static void
unanswered(struct probe *probe, CURLcode code)
{
	struct buf fault = { 0 };
	struct slice host;
	bool is_unix;
	long error = 0;

	host = host_find(&is_unix);
	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &error);
	if (is_unix && code == CURLE_COULDNT_CONNECT && error != 0) {
		buf_printf(
		    &fault, "dial unix %.*s: connect: ", SLICE_ARGS(host));
		probe_errno_text((int)error, &fault);
	} else if (!dial_fault(probe, code, &fault))
		buf_put_text(&fault, "context deadline exceeded");
	FAIL(probe, ": %s", buf_text(&fault));
	buf_deinit(&fault);
}

static void
over(struct probe *probe, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
	/* What a command says may end with its connection. */
	if (code != CURLE_OK && !(probe->step == START && status == 200 &&
				    code == CURLE_RECV_ERROR))
		unanswered(probe, code);
	else if (probe->step == CREATE && status == 201)
		created(probe);
	else if (probe->step == START && status == 200)
		step_begin(probe, INSPECT, "json");
	else if (probe->step == INSPECT && status == 200)
		inspected(probe);
	else
		refused(probe, status);
}

const struct probe_kind docker_kind = { .begin = begin, .over = over };
