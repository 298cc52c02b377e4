/* TCP checks: does it connect? See prober.h. */
#include "healthd/probe_text.h"
#include "prober.h"

static void
tcp_fail(struct probe *probe, const struct buf *text)
{
	probe_end(probe, RUN_NOT_CONNECTED, CHECK_CRITICAL, buf_slice(text));
}

static void
begin(struct probe *probe)
{
	struct slice host, port;
	struct slice bracket = SLICE("");
	struct buf text = { 0 };

	if (!probe_split(probe->request.check.tcp, &host, &port, &text)) {
		tcp_fail(probe, &text);
		buf_deinit(&text);
		return;
	}
	if (slice_find(host, ':', 0) != SIZE_MAX)
		bracket = SLICE("[]");
	probe_handle_new(probe);
	/* An empty host is this machine's, as in Go. */
	buf_printf(&text, "http://%.*s%.*s%.*s:%.*s/", bracket.size > 0 ? 1 : 0,
	    "[", SLICE_ARGS(host.size > 0 ? host : SLICE("127.0.0.1")),
	    bracket.size > 0 ? 1 : 0, "]", SLICE_ARGS(port));
	curl_easy_setopt(
	    probe->easy, CURLOPT_URL, probe_text_of(probe, buf_slice(&text)));
	curl_easy_setopt(probe->easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(probe->easy, CURLOPT_PROXY, "");
	buf_deinit(&text);
	probe_go(probe);
}

static void
over(struct probe *probe, CURLcode code)
{
	struct buf text = { 0 };

	if (code == CURLE_OK) {
		buf_printf(&text, "TCP connect %.*s: Success",
		    SLICE_ARGS(probe->request.check.tcp));
		probe_end(probe, RUN_DONE, CHECK_PASSING, buf_slice(&text));
	} else {
		if (!dial_fault(probe, code, &text))
			buf_put_text(&text, curl_easy_strerror(code));
		tcp_fail(probe, &text);
	}
	buf_deinit(&text);
}

const struct probe_kind tcp_kind = { .begin = begin, .over = over };
