/*
 * Failed requests in the words of Go's net/http, which scripts look for:
 *
 *	Get "http://127.0.0.1:8500/v1/agent/self": dial tcp 127.0.0.1:8500:
 *	connect: connection refused
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "client_call.h"
#include "files.h"
#include "url.h"

void
call_name(struct call *call, const char *method, const char *path)
{
	const struct client_target *t = &call->client->target;
	const char *p;

	buf_put_u8(&call->name, (uint8_t)method[0]);
	for (p = method + 1; *p != '\0'; p++)
		buf_put_u8(&call->name, (uint8_t)tolower((unsigned char)*p));
	buf_printf(&call->name, " \"%s://", t->is_https ? "https" : "http");
	url_put_host(&call->name, slice_of_text(t->host));
	buf_printf(&call->name, "%s\"", path);
}

static void
put_peer(const struct call *call, struct buf *out)
{
	const struct sockaddr_in *v4 = (const void *)&call->peer;
	const struct sockaddr_in6 *v6 = (const void *)&call->peer;
	char text[INET6_ADDRSTRLEN] = "";

	if (call->client->target.unix_path != NULL) {
		buf_printf(out, "dial unix %s", call->client->target.unix_path);
	} else if (*call->client->target.host == ':') {
		buf_printf(out, "dial tcp %s", call->client->target.host);
	} else if (call->peer.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		buf_printf(out, "dial tcp %s:%u", text, ntohs(v4->sin_port));
	} else if (call->peer.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		buf_printf(out, "dial tcp [%s]:%u", text, ntohs(v6->sin6_port));
	} else {
		buf_printf(out, "dial tcp %s", call->client->target.host);
	}
}

static void
put_connect_why(const struct call *call, struct buf *out)
{
	long error = 0;

	call->client->curl->easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &error);
	put_peer(call, out);
	buf_put_text(out, ": connect: ");
	errno_put(out, (int)error);
}

/* What curl said: its buffer where it has words, else the code's text. */
static const char *
curl_words(const struct call *call)
{
	return (call->curl_why[0] != '\0'
		    ? call->curl_why
		    : call->client->curl->easy_strerror(call->result));
}

/* A connection that was lost: `read tcp 127.0.0.1:40000->127.0.0.1:8500: read:
 * connection reset by peer`. */
static void
put_lost_why(const struct call *call, struct buf *out)
{
	const struct curl_library *curl = call->client->curl;
	const char *verb = call->result == CURLE_RECV_ERROR ? "read" : "write";
	char *address = NULL;
	long port = 0, error = 0;
	struct buf peer = { 0 };

	curl->easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &error);
	curl->easy_getinfo(call->easy, CURLINFO_LOCAL_IP, &address);
	curl->easy_getinfo(call->easy, CURLINFO_LOCAL_PORT, &port);
	if (error == 0 || address == NULL ||
	    call->client->target.unix_path != NULL) {
		buf_put_text(out, curl_words(call));
		return;
	}
	put_peer(call, &peer);
	buf_printf(out, "%s tcp %s:%ld->%s: %s: ", verb, address, port,
	    buf_text(&peer) + strlen("dial tcp "), verb);
	errno_put(out, (int)error);
	buf_deinit(&peer);
}

void
call_put_why(const struct call *call, struct buf *out)
{
	buf_put_slice(out, buf_slice(&call->name));
	buf_put_text(out, ": ");
	if (call->why.size > 0) {
		buf_put_slice(out, buf_slice(&call->why));
		return;
	}
	switch (call->result) {
	case CURLE_COULDNT_CONNECT:
		put_connect_why(call, out);
		return;
	case CURLE_COULDNT_RESOLVE_HOST:
		buf_printf(out, "dial tcp: lookup %.*s: no such host",
		    SLICE_ARGS(host_without_port(call->client->target.host)));
		return;
	case CURLE_GOT_NOTHING:
		buf_put_text(out, "EOF");
		return;
	case CURLE_PARTIAL_FILE:
		buf_put_text(out, "unexpected EOF");
		return;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		put_lost_why(call, out);
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
		buf_printf(out, "x509: %s", curl_words(call));
		return;
	case CURLE_SSL_CONNECT_ERROR:
		if (strstr(call->curl_why, "wrong version number") != NULL) {
			buf_put_text(out, "http: server gave HTTP response to "
					  "HTTPS client");
			return;
		}
		break;
	default:
		break;
	}
	buf_put_text(out, curl_words(call));
}
