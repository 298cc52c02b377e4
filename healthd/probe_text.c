/* Texts of probes; see probe_text.h. */
#include <ctype.h>
#include <string.h>

#include "probe_text.h"

#define HTTP_TOO_MANY_REQUESTS 429

void
probe_errno_text(int error, struct buf *out)
{
	const char *text = strerror(error);

	buf_put_u8(out, (uint8_t)tolower((unsigned char)text[0]));
	buf_put_text(out, text[0] != '\0' ? text + 1 : "");
}

enum check_status
probe_http_status(long code)
{
	if (code >= 200 && code <= 299)
		return (CHECK_PASSING);
	return (
	    code == HTTP_TOO_MANY_REQUESTS ? CHECK_WARNING : CHECK_CRITICAL);
}

/* net/url, getScheme: empty where there is none. */
static struct slice
scheme_of(struct slice url)
{
	for (size_t i = 0; i < url.size; i++) {
		uint8_t c = url.data[i];

		if (isalpha(c) ||
		    (i > 0 && (isdigit(c) || c == '+' || c == '-' || c == '.')))
			continue;
		if (c == ':')
			return (slice_head(url, i));
		break;
	}
	return (slice_head(url, 0));
}

/* Between "//" and the next of "/?#". */
static struct slice
authority_of(struct slice url)
{
	struct slice scheme = scheme_of(url);
	struct slice rest;
	size_t end = 0;

	if (scheme.size > 0)
		url = slice_tail(url, scheme.size + 1);
	if (!slice_starts_with(url, SLICE("//")))
		return (slice_head(url, 0));
	rest = slice_tail(url, 2);
	while (end < rest.size && strchr("/?#", rest.data[end]) == NULL)
		end++;
	return (slice_head(rest, end));
}

/* The authority without user and password. */
struct slice
probe_url_authority(struct slice url)
{
	struct slice authority = authority_of(url);

	for (size_t i = authority.size; i-- > 0;)
		if (authority.data[i] == '@')
			return (slice_tail(authority, i + 1));
	return (authority);
}

struct slice
probe_url_host(struct slice url)
{
	struct slice host = probe_url_authority(url);
	size_t end;

	if (host.size > 0 && host.data[0] == '[') {
		end = slice_find(host, ']', 0);
		return (end == SIZE_MAX
			    ? host
			    : slice_head(slice_tail(host, 1), end - 1));
	}
	end = slice_find(host, ':', 0);
	return (end == SIZE_MAX ? host : slice_head(host, end));
}

/* What stands behind the host, with its colon. */
static struct slice
port_of(struct slice url)
{
	struct slice host = probe_url_authority(url);
	size_t from = 0;

	if (host.size > 0 && host.data[0] == '[')
		from = slice_find(host, ']', 0);
	from = from == SIZE_MAX ? from : slice_find(host, ':', from);
	return (slice_tail(host, from == SIZE_MAX ? host.size : from));
}

static bool
port_is_valid(struct slice port)
{
	for (size_t i = 1; i < port.size; i++)
		if (!isdigit(port.data[i]))
			return (false);
	return (true);
}

/* RFC 7230 3.2.6: token. */
static bool
is_token(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] >= 0x7f || text.data[i] <= ' ' ||
		    strchr("\"(),/:;<=>?@[\\]{}", text.data[i]) != NULL)
			return (false);
	return (true);
}

static bool
has_control(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < ' ' || text.data[i] == 0x7f)
			return (true);
	return (false);
}

/* The first path segment of what has no scheme must not have a colon. */
static bool
has_early_colon(struct slice url)
{
	size_t colon = slice_find(url, ':', 0);
	size_t slash = slice_find(url, '/', 0);

	return (colon != SIZE_MAX && colon < slash);
}

void
probe_url_prefix(struct slice url, struct slice method, struct buf *out)
{
	struct slice authority = authority_of(url);
	struct slice host = probe_url_authority(url);
	size_t user_size = authority.size - host.size;
	struct slice user = slice_head(authority, user_size);
	size_t colon = slice_find(user, ':', 0);

	if (method.size == 0)
		method = SLICE("GET");
	for (size_t i = 0; i < method.size; i++)
		buf_put_u8(out, (uint8_t)(i == 0 ? toupper(method.data[i])
						 : tolower(method.data[i])));
	buf_put_text(out, " \"");
	if (colon == SIZE_MAX)
		buf_put_slice(out, url);
	else {
		size_t before = (size_t)(user.data - url.data) + colon + 1;

		buf_put_slice(out, slice_head(url, before));
		buf_put_text(out, "***@");
		buf_put_slice(
		    out, slice_tail(url, (size_t)(host.data - url.data)));
	}
	buf_put_text(out, "\": ");
}

/* What url.Parse refuses. */
static const char *
parse_fault(struct slice url)
{
	struct slice scheme = scheme_of(url);
	struct slice host = probe_url_authority(url);

	if (has_control(url))
		return ("net/url: invalid control character in URL");
	if (url.size > 0 && url.data[0] == ':')
		return ("missing protocol scheme");
	if (scheme.size == 0 && has_early_colon(url))
		return ("first path segment in URL cannot contain colon");
	if (host.size > 0 && host.data[0] == '[' &&
	    slice_find(host, ']', 0) == SIZE_MAX)
		return ("missing ']' in host");
	return (NULL);
}

bool
probe_url_parse_fault(struct slice url, struct buf *out)
{
	struct slice port = port_of(url);
	const char *fault = parse_fault(url);

	if (fault != NULL) {
		buf_printf(out, "parse \"%.*s\": %s", SLICE_ARGS(url), fault);
		return (true);
	}
	if (!port_is_valid(port)) {
		buf_printf(out,
		    "parse \"%.*s\": invalid port \"%.*s\" after "
		    "host",
		    SLICE_ARGS(url), SLICE_ARGS(port));
		return (true);
	}
	return (false);
}

bool
probe_url_fault(struct slice url, struct slice method, struct buf *out)
{
	struct slice scheme = scheme_of(url);

	if (!is_token(method)) {
		buf_printf(out, "net/http: invalid method \"%.*s\"",
		    SLICE_ARGS(method));
		return (true);
	}
	if (probe_url_parse_fault(url, out))
		return (true);
	if (!slice_equal_fold(scheme, SLICE("http")) &&
	    !slice_equal_fold(scheme, SLICE("https"))) {
		probe_url_prefix(url, method, out);
		buf_printf(out, "unsupported protocol scheme \"%.*s\"",
		    SLICE_ARGS(scheme));
		return (true);
	}
	if (probe_url_authority(url).size == 0) {
		probe_url_prefix(url, method, out);
		buf_put_text(out, "http: no Host in request URL");
		return (true);
	}
	return (false);
}

bool
probe_url_is_absolute(struct slice url)
{
	return (scheme_of(url).size > 0);
}

/* net/url, canonicalAddr: host and port, the scheme's where it has none. */
static void
canonical_put(struct slice url, struct buf *out)
{
	struct slice port = port_of(url);

	buf_put_slice(out, probe_url_host(url));
	if (port.size > 1)
		buf_put_slice(out, port);
	else
		buf_put_text(out,
		    slice_equal_fold(scheme_of(url), SLICE("https")) ? ":443"
								     : ":80");
}

bool
probe_url_is_below(struct slice url, struct slice above)
{
	struct buf child = { 0 }, parent = { 0 };
	bool is_below;

	canonical_put(url, &child);
	canonical_put(above, &parent);
	is_below = slice_ends_with(buf_slice(&child), buf_slice(&parent)) &&
		   (child.size == parent.size ||
		       child.data[child.size - parent.size - 1] == '.');
	buf_deinit(&child);
	buf_deinit(&parent);
	return (is_below);
}

bool
probe_header_is_secret(struct slice name)
{
	static const char *const names[] = { "Authorization",
		"Www-Authenticate", "Cookie", "Cookie2" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_fold(name, slice_of_text(names[i])))
			return (true);
	return (false);
}

static bool
split_fault(struct slice address, const char *fault, struct buf *out)
{
	buf_printf(
	    out, "dial tcp: address %.*s: %s", SLICE_ARGS(address), fault);
	return (false);
}

bool
probe_split(struct slice address, struct slice *host, struct slice *port,
    struct buf *out)
{
	size_t colon = SIZE_MAX;
	struct slice name;

	for (size_t i = address.size; i-- > 0 && colon == SIZE_MAX;)
		if (address.data[i] == ':')
			colon = i;
	if (colon == SIZE_MAX)
		return (split_fault(address, "missing port in address", out));
	name = slice_head(address, colon);
	if (name.size > 0 && name.data[0] == '[') {
		size_t end = slice_find(name, ']', 0);

		if (slice_find(address, ']', 0) == SIZE_MAX)
			return (split_fault(
			    address, "missing ']' in address", out));
		if (end != name.size - 1)
			return (split_fault(
			    address, "missing port in address", out));
		name = slice_head(slice_tail(name, 1), name.size - 2);
	} else if (slice_find(name, ':', 0) != SIZE_MAX)
		return (
		    split_fault(address, "too many colons in address", out));
	*host = name;
	*port = slice_tail(address, colon + 1);
	return (true);
}
