/* Lines about requests; see access.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "access.h"
#include "log.h"

#define LOG_NAME "agent.http"

/* Legacy ACL endpoints have a token in their path. */
static void
put_path(struct buf *out, struct slice path)
{
	static const char *const secret[] = { "/v1/acl/destroy/",
		"/v1/acl/info/", "/v1/acl/clone/" };

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (slice_starts_with(path, slice_of_text(secret[i]))) {
			buf_put_text(out, secret[i]);
			buf_put_text(out, "<hidden>");
			return;
		}
	buf_put_slice(out, path);
}

void
access_begin(struct access *a, const struct head *head)
{
	buf_reset(&a->what);
	buf_put_slice(&a->what, head->method_text);
	buf_put_text(&a->what, " url=");
	put_path(&a->what, head->path);
	if (head->has_query) {
		buf_put_u8(&a->what, '?');
		buf_put_slice(&a->what, head->query);
	}
	if (log_is_wanted(LOG_LEVEL_DEBUG))
		a->begun = instant_now();
}

/* With <hidden> for the values of token=, escaped or not. */
static void
put_redacted(struct buf *out, struct slice what)
{
	static const char name[] = "token=";
	size_t size = strlen(name), at = 0;

	while (at < what.size) {
		struct slice rest = slice_tail(what, at);
		bool is_start =
		    at > 0 && strchr("?&;", what.data[at - 1]) != NULL;

		if (!is_start || !slice_starts_with(rest, SLICE("token="))) {
			buf_put_u8(out, what.data[at++]);
			continue;
		}
		buf_put(out, rest.data, size);
		buf_put_text(out, "<hidden>");
		at += size;
		while (at < what.size && what.data[at] != '&' &&
		       what.data[at] != ';')
			at++;
	}
}

static void
put_peer(struct buf *out, int fd)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t size = sizeof(peer);
	char text[INET6_ADDRSTRLEN] = "";
	void *at = &peer;

	if (getpeername(fd, at, &size) != 0)
		return; /* it has gone meanwhile */
	if (peer.ss_family == AF_INET) {
		const struct sockaddr_in *in = at;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		buf_printf(out, "%s:%u", text, ntohs(in->sin_port));
	} else if (peer.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = at;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		buf_printf(out, "[%s]:%u", text, ntohs(in6->sin6_port));
	} else
		buf_put_u8(out, '@'); /* as Go names a Unix socket's client */
}

static void
put_request(struct buf *out, const struct access *a, int fd)
{
	buf_put_text(out, "method=");
	put_redacted(out, buf_slice(&a->what));
	buf_put_text(out, " from=");
	put_peer(out, fd);
}

void
access_error(const struct access *a, int fd, struct slice why)
{
	struct buf line = { 0 };

	put_request(&line, a, fd);
	log_error(LOG_NAME, "Request error", "%s error=\"%.*s\"",
	    buf_text(&line), SLICE_ARGS(why));
	buf_deinit(&line);
}

void
access_end(const struct access *a, int fd)
{
	struct buf line = { 0 };

	if (!log_is_wanted(LOG_LEVEL_DEBUG) || a->begun.ns == 0)
		return;
	put_request(&line, a, fd);
	buf_put_text(&line, " latency=");
	duration_print(instant_since(instant_now(), a->begun), &line);
	log_debug(LOG_NAME, "Request finished", "%s", buf_text(&line));
	buf_deinit(&line);
}

void
access_deinit(struct access *a)
{
	buf_deinit(&a->what);
}
