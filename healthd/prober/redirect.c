/*
 * Where an HTTP check goes from its URL: what the URL says of user and
 * password, and where redirects lead, with what of the request; see prober.h.
 *
 * In one thing it is stricter than the Go of Consul 1.8.7: a header that is
 * secret, once left behind, does not come back at a later redirect
 * (CVE-2024-45336 of Go).
 *
 * Source  Go net/http, Client.do, redirectBehavior, refererForURL and
 *         makeHeadersCopier
 */
#include <string.h>

#include "healthd/probe_text.h"
#include "json.h"
#include "prober.h"

#define REDIRECTS_MAX 10

/* One part of the URL appended, decoded; nothing where it has none. */
static void
part_put(CURLU *url, CURLUPart part, struct buf *out)
{
	char *text = NULL;

	if (curl_url_get(url, part, &text, CURLU_URLDECODE) == CURLUE_OK)
		buf_put_text(out, text);
	curl_free(text);
}

void
http_user_set(struct probe *probe)
{
	struct slice host = probe_url_authority(buf_slice(&probe->url));
	struct buf pair = { 0 };
	CURLU *url;

	buf_reset(&probe->user);
	if (host.data == probe->url.data || host.data[-1] != '@')
		return;
	url = curl_url();
	if (url != NULL && curl_url_set(url, CURLUPART_URL,
			       buf_text(&probe->url), 0) == CURLUE_OK) {
		part_put(url, CURLUPART_USER, &pair);
		buf_put_u8(&pair, ':');
		part_put(url, CURLUPART_PASSWORD, &pair);
		buf_put_text(&probe->user, "Basic ");
		base64_encode(buf_slice(&pair), &probe->user);
	}
	curl_url_cleanup(url);
	buf_deinit(&pair);
}

static bool
is_redirect(long code)
{
	return (code == 301 || code == 302 || code == 303 || code == 307 ||
		code == 308);
}

/* After 301, 302 and 303 the body stays behind, and what was neither GET nor
 * HEAD becomes GET; 307 and 308 ask for the same again. */
static void
method_redirect(struct probe *probe, long code)
{
	struct slice method = buf_slice(&probe->method);

	probe->drops_body = code != 307 && code != 308;
	if (!probe->drops_body || slice_is(method, "GET") ||
	    slice_is(method, "HEAD"))
		return;
	buf_reset(&probe->method);
	buf_put_text(&probe->method, "GET");
}

/* Where it came from, without user and password, but nothing of TLS to where
 * there is none. */
static void
referer_set(struct probe *probe, struct slice to)
{
	struct slice from = buf_slice(&probe->url);
	struct slice host = probe_url_authority(from);
	size_t scheme_size = slice_find(from, ':', 0);

	buf_reset(&probe->referer);
	if (scheme_size == SIZE_MAX ||
	    (slice_starts_with(from, SLICE("https:")) &&
		slice_starts_with(to, SLICE("http:"))))
		return;
	buf_put_slice(&probe->referer, slice_head(from, scheme_size));
	buf_put_text(&probe->referer, "://");
	buf_put_slice(
	    &probe->referer, slice_tail(from, (size_t)(host.data - from.data)));
}

/* The Location, which may be relative, made whole. */
static bool
resolve(struct probe *probe, struct buf *to)
{
	unsigned flags =
	    CURLU_NON_SUPPORT_SCHEME | CURLU_ALLOW_SPACE | CURLU_URLENCODE;
	struct slice location = buf_slice(&probe->location);
	CURLU *url;
	char *text = NULL;
	bool is_good;

	/* Without a host it is refused later; libcurl would find one. */
	if (probe_url_is_absolute(location) &&
	    probe_url_authority(location).size == 0) {
		buf_put_slice(to, location);
		return (true);
	}
	url = curl_url();
	is_good = url != NULL &&
		  curl_url_set(url, CURLUPART_URL, buf_text(&probe->url),
		      flags) == CURLUE_OK &&
		  curl_url_set(url, CURLUPART_URL, buf_text(&probe->location),
		      flags) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK;
	if (is_good)
		buf_put_text(to, text);
	curl_free(text);
	curl_url_cleanup(url);
	return (is_good);
}

/* False, and the fault of the answer that asks for it. */
static bool
target_find(struct probe *probe, long code, struct buf *to, struct buf *fault)
{
	struct slice location = buf_slice(&probe->location);
	struct buf why = { 0 };

	if (location.size == 0) {
		buf_printf(fault, "%ld response missing Location header", code);
		return (false);
	}
	if (!probe_url_parse_fault(location, &why) && resolve(probe, to)) {
		buf_deinit(&why);
		return (true);
	}
	buf_put_text(fault, "failed to parse Location header ");
	buf_put_quoted(fault, location);
	buf_put_text(fault, ": ");
	buf_put_text(fault, why.size > 0 ? buf_text(&why) : "not a URL");
	buf_deinit(&why);
	return (false);
}

static void
go_to(struct probe *probe, long code, struct slice to)
{
	struct slice location = buf_slice(&probe->location);
	struct slice method = probe->request.check.method;
	struct buf fault = { 0 };

	referer_set(probe, to);
	probe->drops_host = probe_url_is_absolute(location);
	probe->drops_secrets |= !probe_url_is_below(to, buf_slice(&probe->url));
	buf_reset(&probe->url);
	buf_put_slice(&probe->url, to);
	method_redirect(probe, code);
	if (++probe->redirects >= REDIRECTS_MAX) {
		buf_printf(&fault, "stopped after %d redirects", REDIRECTS_MAX);
		http_fail(probe, location, &fault);
	} else if (probe_url_fault(
		       to, method.size > 0 ? method : SLICE("GET"), &fault))
		probe_end(probe, RUN_DONE, CHECK_CRITICAL, buf_slice(&fault));
	else
		http_send(probe);
	buf_deinit(&fault);
}

bool
http_redirect(struct probe *probe, long code)
{
	struct buf to = { 0 }, fault = { 0 };

	if (!is_redirect(code) || probe->request.check.disable_redirects ||
	    (code >= 307 && probe->location.size == 0))
		return (false);
	if (target_find(probe, code, &to, &fault))
		go_to(probe, code, buf_slice(&to));
	else
		http_fail(probe, buf_slice(&probe->url), &fault);
	buf_deinit(&to);
	buf_deinit(&fault);
	return (true);
}
