/* What goes wrong below HTTP, in Go's words; see prober.h. */
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "healthd/probe_text.h"
#include "prober.h"

/* The first name server, which Go names; the system's resolver does not say
 * whom it asked. */
static bool
name_server(char *out, size_t size)
{
	FILE *file = fopen("/etc/resolv.conf", "re");
	char line[256];
	bool is_found = false;

	if (file == NULL)
		return (false);
	while (!is_found && fgets(line, sizeof(line), file) != NULL) {
		char address[64];

		if (sscanf(line, " nameserver %63s", address) != 1)
			continue;
		is_found = true;
		snprintf(out, size,
		    strchr(address, ':') != NULL ? "[%s]:53" : "%s:53",
		    address);
	}
	fclose(file);
	return (is_found);
}

static void
lookup_text(const struct probe *probe, struct buf *out)
{
	const struct check_type *check = &probe->request.check;
	struct slice host, port, address;
	struct buf ignored = { 0 };
	char server[80];
	size_t slash;

	if (check->http.size > 0)
		host = probe_url_host(buf_slice(&probe->url));
	else {
		address = check->tcp.size > 0 ? check->tcp : check->grpc;
		slash = slice_find(address, '/', 0);
		if (slash != SIZE_MAX && check->tcp.size == 0)
			address = slice_head(address, slash);
		if (!probe_split(address, &host, &port, &ignored))
			host = address;
	}
	buf_printf(out, "dial tcp: lookup %.*s", SLICE_ARGS(host));
	if (name_server(server, sizeof(server)))
		buf_printf(out, " on %s", server);
	buf_put_text(out, ": no such host");
	buf_deinit(&ignored);
}

static void
connect_text(const struct probe *probe, struct buf *out)
{
	long error = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &error);
	buf_put_text(out, "dial tcp ");
	if (probe->refused.size > 0) {
		buf_put_slice(out, buf_slice(&probe->refused));
		buf_put_text(out, ": link-local addresses are refused by "
				  "disable_link_local_checks");
		return;
	}
	buf_put_slice(out, buf_slice(&probe->dialled));
	buf_put_text(out, ": connect: ");
	if (error != 0)
		probe_errno_text((int)error, out);
	else
		buf_put_text(out, probe->error);
}

static void
certificate_text(const struct probe *probe, struct buf *out)
{
	long result = X509_V_OK;

	curl_easy_getinfo(probe->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	buf_put_text(out, "x509: ");
	switch (result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		buf_put_text(
		    out, "certificate has expired or is not yet valid");
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		buf_put_text(out, "certificate signed by unknown authority");
		break;
	default:
		buf_put_text(out, probe->error);
		break;
	}
}

static void
tls_text(const struct probe *probe, struct buf *out)
{
	if (strstr(probe->error, "wrong version number") != NULL)
		buf_put_text(
		    out, "http: server gave HTTP response to HTTPS client");
	else
		buf_put_text(out, probe->error);
}

static void
read_text(const struct probe *probe, struct buf *out)
{
	char *from = NULL;
	long from_port = 0, error = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_LOCAL_IP, &from);
	curl_easy_getinfo(probe->easy, CURLINFO_LOCAL_PORT, &from_port);
	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &error);
	buf_printf(out,
	    "read tcp %s:%ld->%.*s: read: ", from != NULL ? from : "",
	    from_port, SLICE_ARGS(buf_slice(&probe->dialled)));
	if (error != 0)
		probe_errno_text((int)error, out);
	else
		buf_put_text(out, "connection reset by peer");
}

bool
dial_was_cut(const struct probe *probe)
{
	curl_off_t connected = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_CONNECT_TIME_T, &connected);
	return (connected == 0);
}

bool
dial_fault(const struct probe *probe, CURLcode code, struct buf *out)
{
	switch (code) {
	case CURLE_OK:
		return (false);
	case CURLE_COULDNT_RESOLVE_HOST:
		lookup_text(probe, out);
		break;
	case CURLE_COULDNT_CONNECT:
		connect_text(probe, out);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		if (!dial_was_cut(probe))
			return (false);
		buf_put_text(out, "dial tcp ");
		buf_put_slice(out, buf_slice(&probe->dialled));
		buf_put_text(out, ": i/o timeout");
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		certificate_text(probe, out);
		break;
	case CURLE_SSL_CONNECT_ERROR:
		tls_text(probe, out);
		break;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		read_text(probe, out);
		break;
	case CURLE_UNSUPPORTED_PROTOCOL: /* took it for HTTP/0.9 */
	case CURLE_WEIRD_SERVER_REPLY:
		buf_put_text(out,
		    "net/http: HTTP/1.x transport connection broken: "
		    "malformed HTTP response");
		break;
	case CURLE_GOT_NOTHING:
		buf_put_text(out, "EOF");
		break;
	default:
		buf_put_text(out, probe->error[0] != '\0'
				      ? probe->error
				      : curl_easy_strerror(code));
		break;
	}
	return (true);
}
