/*
 * gRPC checks: one call of gRPC's health service, Check(service), over HTTP/2;
 * see prober.h. The message is written and read by hand: it has one field.
 *
 * Source  api/config.md 5; grpc-go's texts, as observed from Consul 1.8.7;
 *         grpc/grpc doc/PROTOCOL-HTTP2.md and doc/health-checking.md
 */
#include <stdlib.h>
#include <string.h>

#include "healthd/probe_text.h"
#include "log.h"
#include "prober.h"

#define METHOD_PATH	"/grpc.health.v1.Health/Check"
#define FRAME_HEAD	5    /* a flag, and the length of the message */
#define ANSWER_MAX	4096 /* of which a good one needs seven bytes */
#define SERVING		1
#define HTTP_STATUS_OK	200
#define GRPC_STATUS_OK	0
#define SERVICE_TAG	0x0a /* field 1, length-delimited */
#define STATUS_TAG	0x08 /* field 1, varint */
#define VARINT_MORE	0x80
#define VARINT_BITS_MAX 35

static const char *const code_names[] = { "OK", "Canceled", "Unknown",
	"InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
	"PermissionDenied", "ResourceExhausted", "FailedPrecondition",
	"Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable",
	"DataLoss", "Unauthenticated" };

/* "host:port" and, behind a slash, the service. */
static void
target_split(struct slice target, struct slice *address, struct slice *service)
{
	size_t slash = slice_find(target, '/', 0);

	*address = slash == SIZE_MAX ? target : slice_head(target, slash);
	*service =
	    slash == SIZE_MAX ? SLICE("") : slice_tail(target, slash + 1);
}

static void
rpc_fail(struct probe *probe, const char *code, struct slice why)
{
	struct buf text = { 0 };

	buf_printf(
	    &text, "rpc error: code = %s desc = %.*s", code, SLICE_ARGS(why));
	probe_end(probe, RUN_DONE, CHECK_CRITICAL, buf_slice(&text));
	buf_deinit(&text);
}

/* What stopped it before there was a connection. */
static void
connection_fail(struct probe *probe, const char *what, struct slice fault)
{
	struct buf why = { 0 };

	buf_printf(&why, "connection error: desc = \"transport: %s%.*s\"", what,
	    SLICE_ARGS(fault));
	rpc_fail(probe, "Unavailable", buf_slice(&why));
	buf_deinit(&why);
}

/* --- The request. --- */

static void
message_put(struct slice service, struct buf *out)
{
	struct buf field = { 0 };
	size_t left = service.size;

	if (service.size > 0) {
		buf_put_u8(&field, SERVICE_TAG);
		for (; left >= VARINT_MORE; left >>= 7)
			buf_put_u8(&field, (uint8_t)(left | VARINT_MORE));
		buf_put_u8(&field, (uint8_t)left);
		buf_put_slice(&field, service);
	}
	buf_put_u8(out, 0); /* not compressed */
	buf_put_be32(out, (uint32_t)field.size);
	buf_put_slice(out, buf_slice(&field));
	buf_deinit(&field);
}

static size_t
on_body(char *data, size_t one, size_t size, void *arg)
{
	struct probe *probe = arg;

	(void)one;
	if (probe->answer.size + size > ANSWER_MAX)
		return (0); /* no answer of this method is so long */
	buf_put(&probe->answer, data, size);
	return (size);
}

static void
header_keep(struct slice line, struct slice name, struct buf *out)
{
	if (line.size < name.size ||
	    !slice_equal_fold(slice_head(line, name.size), name))
		return;
	line = slice_tail(line, name.size);
	while (line.size > 0 && line.data[0] == ' ')
		line = slice_tail(line, 1);
	while (line.size > 0 && line.data[line.size - 1] <= ' ')
		line.size--;
	buf_reset(out);
	buf_put_slice(out, line);
}

/* Trailers come here, too. */
static size_t
on_header(char *data, size_t one, size_t size, void *arg)
{
	struct probe *probe = arg;
	struct slice line = slice(data, size);

	(void)one;
	header_keep(line, SLICE("grpc-status:"), &probe->grpc_status);
	header_keep(line, SLICE("grpc-message:"), &probe->grpc_message);
	header_keep(line, SLICE("content-type:"), &probe->content_type);
	return (size);
}

static void
options_set(struct probe *probe, const char *url)
{
	const struct check_type *check = &probe->request.check;
	long version = check->grpc_use_tls
			   ? (long)CURL_HTTP_VERSION_2TLS
			   : (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
	long verify = check->tls_skip_verify ? 0L : 1L;
	CURL *easy = probe->easy;

	probe_header_add(probe, "Content-Type: application/grpc");
	probe_header_add(probe, "TE: trailers");
	probe_header_add(probe, "User-Agent: grpc-go/1.25.1");
	probe_header_add(probe, "Accept:");
	probe_header_add(probe, "Expect:");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, probe->headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)probe->input.size);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, probe->input.data);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2 * verify);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, probe);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

static void
begin(struct probe *probe)
{
	const struct check_type *check = &probe->request.check;
	struct slice address, service, host, port;
	struct buf text = { 0 };

	target_split(check->grpc, &address, &service);
	if (!probe_split(address, &host, &port, &text)) {
		connection_fail(
		    probe, "Error while dialing ", buf_slice(&text));
		buf_deinit(&text);
		return;
	}
	message_put(service, &probe->input);
	probe_handle_new(probe);
	buf_printf(&text,
	    slice_find(host, ':', 0) != SIZE_MAX ? "%s://[%.*s]:%.*s%s"
						 : "%s://%.*s:%.*s%s",
	    check->grpc_use_tls ? "https" : "http",
	    SLICE_ARGS(host.size > 0 ? host : SLICE("127.0.0.1")),
	    SLICE_ARGS(port), METHOD_PATH);
	options_set(probe, probe_text_of(probe, buf_slice(&text)));
	buf_deinit(&text);
	probe_go(probe);
}

/* --- The answer. --- */

/* Field 1 of HealthCheckResponse; 0 where it is not there. */
static uint64_t
status_read(struct slice answer)
{
	struct reader rd = reader(answer);
	uint64_t value = 0;
	uint8_t byte;

	(void)read_bytes(&rd, FRAME_HEAD);
	if (rd.has_failed || read_u8(&rd) != STATUS_TAG)
		return (0);
	for (unsigned shift = 0; shift < VARINT_BITS_MAX; shift += 7) {
		byte = read_u8(&rd);
		value |= (uint64_t)(byte & ~VARINT_MORE) << shift;
		if ((byte & VARINT_MORE) == 0)
			break;
	}
	return (rd.has_failed ? 0 : value);
}

static unsigned
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10U : 16);
}

static void
message_decode(struct slice in, struct buf *out)
{
	for (size_t i = 0; i < in.size; i++) {
		if (in.data[i] == '%' && i + 2 < in.size &&
		    hex_digit(in.data[i + 1]) < 16 &&
		    hex_digit(in.data[i + 2]) < 16) {
			buf_put_u8(
			    out, (uint8_t)(hex_digit(in.data[i + 1]) << 4 |
					   hex_digit(in.data[i + 2])));
			i += 2;
		} else
			buf_put_u8(out, in.data[i]);
	}
}

/* net/http's words for the ones that grpc-go gives a code of its own. */
static void
status_fail(struct probe *probe, long status)
{
	static const struct {
		long status;
		const char *code, *text;
	} rows[] = {
		{ 400, "Internal", "Bad Request" },
		{ 401, "Unauthenticated", "Unauthorized" },
		{ 403, "PermissionDenied", "Forbidden" },
		{ 404, "Unimplemented", "Not Found" },
		{ 429, "Unavailable", "Too Many Requests" },
		{ 502, "Unavailable", "Bad Gateway" },
		{ 503, "Unavailable", "Service Unavailable" },
		{ 504, "Unavailable", "Gateway Timeout" },
	};
	const char *code = "Unknown", *text = "";
	struct buf why = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status) {
			code = rows[i].code;
			text = rows[i].text;
		}
	buf_printf(&why, "%s: HTTP status code %ld; transport: ", text, status);
	if (probe->content_type.size > 0)
		buf_printf(&why, "received the unexpected content-type \"%s\"",
		    buf_text(&probe->content_type));
	else
		buf_put_text(&why, "missing content-type field");
	rpc_fail(probe, code, buf_slice(&why));
	buf_deinit(&why);
}

static void
answered(struct probe *probe, unsigned long code)
{
	size_t names = sizeof(code_names) / sizeof(code_names[0]);
	struct buf text = { 0 };

	if (code != GRPC_STATUS_OK) {
		message_decode(buf_slice(&probe->grpc_message), &text);
		rpc_fail(probe, code < names ? code_names[code] : "Unknown",
		    buf_slice(&text));
	} else if (status_read(buf_slice(&probe->answer)) != SERVING) {
		probe_end(probe, RUN_DONE, CHECK_CRITICAL,
		    SLICE("gRPC application didn't report service healthy"));
	} else {
		buf_printf(&text, "gRPC check %.*s: success",
		    SLICE_ARGS(probe->request.check.grpc));
		probe_end(probe, RUN_DONE, CHECK_PASSING, buf_slice(&text));
	}
	buf_deinit(&text);
}

static void
failed(struct probe *probe, CURLcode code)
{
	struct buf fault = { 0 };
	bool is_tls = code == CURLE_SSL_CONNECT_ERROR ||
		      code == CURLE_PEER_FAILED_VERIFICATION;

	if (code == CURLE_OPERATION_TIMEDOUT)
		rpc_fail(probe, "DeadlineExceeded",
		    SLICE("context deadline exceeded"));
	else if (code != CURLE_COULDNT_RESOLVE_HOST &&
		 code != CURLE_COULDNT_CONNECT && !is_tls)
		rpc_fail(probe, "Unavailable", SLICE("connection closed"));
	else {
		if (strstr(probe->error, "wrong version number") != NULL)
			buf_put_text(&fault, "tls: first record does not look "
					     "like a TLS handshake");
		else
			(void)dial_fault(probe, code, &fault);
		connection_fail(probe,
		    is_tls ? "authentication handshake failed: "
			   : "Error while dialing ",
		    buf_slice(&fault));
	}
	buf_deinit(&fault);
}

static void
over(struct probe *probe, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
	if (probe->grpc_status.size > 0)
		answered(
		    probe, strtoul(buf_text(&probe->grpc_status), NULL, 10));
	else if (code != CURLE_OK)
		failed(probe, code);
	else if (status != HTTP_STATUS_OK ||
		 !slice_starts_with(buf_slice(&probe->content_type),
		     SLICE("application/grpc")))
		status_fail(probe, status);
	else
		rpc_fail(probe, "Internal",
		    SLICE("server closed the stream without sending "
			  "trailers"));
}

const struct probe_kind grpc_kind = { .begin = begin, .over = over };
