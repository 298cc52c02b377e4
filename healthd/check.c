/* Definitions, thresholds and texts of checks; see check.h. */
#include <assert.h>

#include "check.h"

static const char *const kind_texts[] = {
#define X(kind, text) [CHECK_##kind] = text,
	CHECK_KINDS(X)
#undef X
};

static const char *const status_texts[] = {
	[CHECK_PASSING] = "passing",
	[CHECK_WARNING] = "warning",
	[CHECK_CRITICAL] = "critical",
};

const char *
check_kind_text(enum check_kind kind)
{
	return (kind_texts[kind]);
}

bool
check_is_probe(enum check_kind kind)
{
	return (kind == CHECK_HTTP || kind == CHECK_TCP || kind == CHECK_GRPC ||
		kind == CHECK_DOCKER || kind == CHECK_SCRIPT);
}

const char *
check_status_text(enum check_status status)
{
	return (status_texts[status]);
}

bool
check_status_parse(struct slice text, enum check_status *out)
{
	for (size_t i = 0; i < sizeof(status_texts) / sizeof(*status_texts);
	     i++) {
		if (slice_is(text, status_texts[i])) {
			*out = (enum check_status)i;
			return (true);
		}
	}
	return (false);
}

static bool
is_script(const struct check_type *t)
{
	return (t->script_args.count > 0);
}

static bool
is_alias(const struct check_type *t)
{
	return (t->alias_node.size > 0 || t->alias_service.size > 0);
}

enum check_kind
check_kind_of(const struct check_type *t)
{
	if (t->ttl.ns > 0)
		return (CHECK_TTL);
	if (t->http.size > 0)
		return (CHECK_HTTP);
	if (t->tcp.size > 0)
		return (CHECK_TCP);
	if (t->grpc.size > 0)
		return (CHECK_GRPC);
	if (is_script(t) && t->docker_container_id.size > 0)
		return (CHECK_DOCKER);
	if (is_script(t))
		return (CHECK_SCRIPT);
	return (CHECK_ALIAS);
}

bool
check_is_empty(const struct check_type *t)
{
	static const struct check_type none;

	return (type_equal(&check_type_type, t, &none));
}

/* The order of the questions is Consul's: the first that fails is shown. */
const char *
check_validate(const struct check_type *t)
{
	bool is_timed = is_script(t) || t->http.size > 0 || t->tcp.size > 0 ||
			t->grpc.size > 0;

	if (t->interval.ns > 0 && t->ttl.ns > 0)
		return ("Interval and TTL cannot both be specified");
	if (is_timed && t->interval.ns <= 0)
		return ("Interval must be > 0 for Script, HTTP, or TCP checks");
	if (is_timed && is_alias(t))
		return ("Interval cannot be set for Alias checks");
	if (is_alias(t) && t->ttl.ns > 0)
		return ("TTL must be not be set for Alias checks");
	if (!is_timed && !is_alias(t) && t->ttl.ns <= 0)
		return ("TTL must be > 0 for TTL checks");
	if (t->output_max_size < 0)
		return ("MaxOutputMaxSize must be positive");
	return (NULL);
}

struct duration
check_interval(const struct check_type *t)
{
	return (t->interval.ns < CHECK_INTERVAL_MIN.ns ? CHECK_INTERVAL_MIN
						       : t->interval);
}

struct duration
check_timeout(const struct check_type *t)
{
	if (t->timeout.ns > 0)
		return (t->timeout);
	return (is_script(t) ? CHECK_SCRIPT_TIMEOUT : CHECK_TIMEOUT);
}

struct duration
check_deregister_after(const struct check_type *t)
{
	struct duration after = t->deregister_critical_service_after;

	if (after.ns <= 0)
		return (NANOSECONDS(0));
	return (
	    after.ns < CHECK_DEREGISTER_MIN.ns ? CHECK_DEREGISTER_MIN : after);
}

size_t
check_output_max(const struct check_type *t, size_t agent_max)
{
	size_t own = t->output_max_size > 0 ? (size_t)t->output_max_size : 0;

	return (own > 0 && own < agent_max ? own : agent_max);
}

void
check_counts_init(struct check_counts *c, const struct check_type *t)
{
	c->success_threshold = t->success_before_passing;
	c->failure_threshold = t->failures_before_critical;
	c->successes = c->success_threshold;
	c->failures = c->failure_threshold;
}

bool
check_counts_add(struct check_counts *c, enum check_status status)
{
	if (status == CHECK_CRITICAL) {
		c->failures++;
		c->successes = 0;
		return (c->failures >= c->failure_threshold);
	}
	c->successes++;
	c->failures = 0;
	return (c->successes >= c->success_threshold);
}

void
check_cut_note(struct slice note, size_t max, struct buf *out)
{
	if (note.size <= max) {
		buf_put_slice(out, note);
		return;
	}
	buf_put_slice(out, slice_head(note, max));
	buf_printf(out, " ... (captured %zu of %zu bytes)", max, note.size);
}

void
check_expired_text(struct slice last_output, struct buf *out)
{
	buf_put_text(out, "TTL expired");
	if (last_output.size == 0)
		return;
	buf_put_text(out, " (last output before timeout follows): ");
	buf_put_slice(out, last_output);
}
