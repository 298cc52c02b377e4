/*
 * /v1/agent/metrics: what all daemons have measured, as JSON or for Prometheus.
 *
 * Source  api/http.md 7; go-metrics, inmem_endpoint.go and prometheus.go
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "httpd.h"
#include "metrics_json.h"
#include "metrics_prometheus.h"
#include "metrics_read.h"
#include "request.h"

static struct slice
blanks_trim(struct slice s)
{
	while (s.size > 0 && s.data[0] == ' ')
		s = slice_tail(s, 1);
	while (s.size > 0 && s.data[s.size - 1] == ' ')
		s.size--;
	return (s);
}

/* One of the media types that Prometheus asks for. */
static bool
is_for_prometheus(struct slice type)
{
	size_t end = slice_find(type, ';', 0);
	struct slice rest = { 0 }, name = type;

	if (end < type.size) {
		name = slice_head(type, end);
		rest = slice_tail(type, end + 1);
		rest = slice_head(rest, slice_find(rest, ';', 0) < rest.size
					    ? slice_find(rest, ';', 0)
					    : rest.size);
	}
	name = blanks_trim(name);
	return (slice_equal_fold(name, SLICE("application/openmetrics-text")) ||
		(slice_equal_fold(name, SLICE("text/plain")) &&
		    slice_is(blanks_trim(rest), "version=0.0.4")));
}

static bool
wants_prometheus(const struct request *r)
{
	struct slice rest = r->head->accept;

	if (slice_is(query_get(&r->query, "format"), "prometheus"))
		return (true);
	while (rest.size > 0) {
		size_t end = slice_find(rest, ',', 0);

		end = end < rest.size ? end : rest.size;
		if (is_for_prometheus(slice_head(rest, end)))
			return (true);
		rest = slice_tail(rest, end < rest.size ? end + 1 : end);
	}
	return (false);
}

void
api_agent_metrics(struct request *r)
{
	const struct daemon *d = r->httpd->daemon;
	struct duration kept =
	    d->config->keys.telemetry.prometheus_retention_time;
	bool is_prometheus = wants_prometheus(r);
	struct response out = { .status = 200, .content = CONTENT_JSON };
	struct metrics_naming naming;
	struct metrics_set set = { 0 };

	if (is_prometheus && kept.ns <= 0) {
		request_text(r, 415,
		    "Prometheus is not enabled since its retention time is "
		    "not positive");
		return;
	}
	metrics_naming_init(&naming, d->config);
	metrics_gather(&set, d->run_dir, &naming);
	if (is_prometheus) {
		out.content_type =
		    SLICE("text/plain; version=0.0.4; charset=utf-8");
		out.content = CONTENT_PLAIN;
		metrics_prometheus(
		    &set, ev_now(d->loop), duration_seconds(kept), &out.body);
	} else
		metrics_json(&set,
		    (uint32_t)(ev_now(d->loop) / METRICS_INTERVAL_S),
		    &out.body);
	metrics_set_deinit(&set);
	request_answer(r, &out);
}
