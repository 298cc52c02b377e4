/* Watches of the agent: question, handler, question; see watch.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "errand.h"
#include "healthd.h"
#include "log.h"
#include "watch.h"
#include "xmalloc.h"

#define LOG_NAME       "agent"
#define LOG_NAME_WATCH "agent.watch.watch"
#define RETRY_FIRST    SECONDS(5) /* times the square of the failures */
#define RETRY_MAX      SECONDS(180)
#define HANDLER_BYTES  4096 /* WatchBufSize */
#define SHELL_DEFAULT  "/bin/sh"

struct watch {
	struct watch *next;
	struct healthd *h;	       /* lent */
	const struct watch_plan *plan; /* lent; of h->watch_arena */
	uint64_t question;	       /* open, or 0 */
	uint64_t index;
	bool has_last;	     /* a result that the next is compared with */
	struct buf last;     /* it, as JSON */
	bool is_event_heard; /* while we were busy */
	unsigned failures;   /* in a row */
	ev_timer again;
	struct handling *handling; /* lent; NULL: no handler runs */
};

/* A handler at work; it outlives a watch that a reload has ended. */
struct handling {
	struct watch *watch; /* lent; NULL: ended */
	bool is_http;
	struct buf label; /* what the log calls it */
};

static void ask(struct watch *);

/* --- The handler. --- */

static void
label_put(const struct watch_plan *plan, struct buf *out)
{
	if (plan->is_http) {
		buf_put_slice(out, plan->http.http);
		return;
	}
	if (plan->args.count == 0) {
		buf_put_slice(out, plan->handler);
		return;
	}
	buf_put_u8(out, '[');
	for (size_t i = 0; i < plan->args.count; i++) {
		buf_put_text(out, i > 0 ? ", " : "");
		buf_put_slice(out, plan->args.items[i]);
	}
	buf_put_u8(out, ']');
}

static void
script_failed(const struct handling *run, const struct probe_result *result)
{
	const char *signal;
	struct buf why = { 0 };

	if (result->end == RUN_NOT_STARTED)
		buf_put_slice(&why, result->output);
	else if (result->exit_code >= 0)
		buf_printf(
		    &why, "exit status %lld", (long long)result->exit_code);
	else {
		signal = strsignal((int)-result->exit_code);
		buf_printf(&why, "signal: %c%s",
		    tolower((unsigned char)signal[0]), signal + 1);
	}
	log_error(LOG_NAME, "Failed to run watch handler",
	    "watch_handler=\"%.*s\" error=\"%s\"",
	    SLICE_ARGS(buf_slice(&run->label)), buf_text(&why));
	buf_deinit(&why);
}

static void
script_tell(const struct handling *run, const struct probe_result *result)
{
	bool has_run = result->end != RUN_NOT_STARTED;

	if (!has_run || result->exit_code != 0)
		script_failed(run, result);
	log_debug(LOG_NAME, "watch handler output",
	    "watch_handler=\"%.*s\" output=\"%.*s\"",
	    SLICE_ARGS(buf_slice(&run->label)),
	    has_run ? (int)result->output.size : 0,
	    (const char *)result->output.data);
}

/* Its status, and the words behind that, came in the place of a check's ID. */
static void
http_tell(const struct handling *run, const struct probe_result *result)
{
	struct slice label = buf_slice(&run->label);

	if (result->end == RUN_NOT_STARTED)
		log_error(LOG_NAME, "Failed to invoke http watch handler",
		    "watch=%.*s error=\"%.*s\"", SLICE_ARGS(label),
		    SLICE_ARGS(result->output));
	else if (result->exit_code >= 200 && result->exit_code <= 299)
		log_trace(LOG_NAME, "http watch handler output",
		    "watch=%.*s output=\"%.*s\"", SLICE_ARGS(label),
		    SLICE_ARGS(result->output));
	else
		log_error(LOG_NAME, "http watch handler failed with output",
		    "watch=%.*s status=\"%.*s\" output=\"%.*s\"",
		    SLICE_ARGS(label), SLICE_ARGS(result->check_id),
		    SLICE_ARGS(result->output));
}

static void
handling_end(struct handling *run)
{
	struct watch *w = run->watch;

	buf_deinit(&run->label);
	free(run);
	if (w == NULL)
		return;
	w->handling = NULL;
	if (w->plan->kind != WATCH_EVENT || w->is_event_heard)
		ask(w);
}

static void
on_handled(void *arg, const struct probe_result *result)
{
	struct handling *run = arg;

	if (run->is_http)
		http_tell(run, result);
	else
		script_tell(run, result);
	handling_end(run);
}

static struct slice_list
arguments_of(const struct watch_plan *plan, struct arena *arena)
{
	struct slice_list args = plan->args;
	const char *shell = getenv("SHELL");

	if (args.count > 0)
		return (args);
	args.items = arena_array(arena, 3, sizeof(*args.items));
	args.count = 3;
	args.items[0] = slice_of_text(
	    shell != NULL && *shell != '\0' ? shell : SHELL_DEFAULT);
	args.items[1] = SLICE("-c");
	args.items[2] = plan->handler;
	return (args);
}

static struct strs_entry
header_of(const char *name, struct slice value, struct arena *arena)
{
	struct strs_entry e = { .key = slice_of_text(name) };

	e.value.items = arena_array(arena, 1, sizeof(*e.value.items));
	e.value.items[0] = value;
	e.value.count = 1;
	return (e);
}

/* The user's headers stand behind ours of the same name. */
static struct strs_entry_list
headers_of(
    const struct watch_plan *plan, struct slice index, struct arena *arena)
{
	struct strs_entry_list all = { 0 };

	all.items =
	    arena_array(arena, plan->http.header.count + 2, sizeof(*all.items));
	all.items[all.count++] =
	    header_of("Content-Type", SLICE("application/json"), arena);
	all.items[all.count++] = header_of("X-Consul-Index", index, arena);
	for (size_t i = 0; i < plan->http.header.count; i++)
		all.items[all.count++] = plan->http.header.items[i];
	return (all);
}

static void
request_fill(const struct watch_plan *plan, uint64_t index, struct arena *arena,
    struct probe_request *request)
{
	struct slice number =
	    arena_printf(arena, "%llu", (unsigned long long)index);

	request->kind = PROBE_HANDLER;
	request->output_max = HANDLER_BYTES;
	if (plan->is_http) {
		request->check = plan->http;
		request->check.header = headers_of(plan, number, arena);
		request->timeout = plan->http.timeout;
		return;
	}
	request->check.script_args = arguments_of(plan, arena);
	request->environment.items =
	    arena_array(arena, 1, sizeof(*request->environment.items));
	request->environment.items[0] =
	    arena_printf(arena, "CONSUL_INDEX=%.*s", SLICE_ARGS(number));
	request->environment.count = 1;
}

static void
handle(struct watch *w, uint64_t index)
{
	struct handling *run = xcalloc(1, sizeof(*run));
	struct probe_request request = { 0 };
	struct arena arena;
	uint64_t number;
	enum err err;

	arena_init(&arena);
	run->watch = w;
	run->is_http = w->plan->is_http;
	label_put(w->plan, &run->label);
	request_fill(w->plan, index, &arena, &request);
	buf_put_u8(&w->last, '\n');
	request.input = buf_slice(&w->last);
	w->handling = run;
	err = errand_start(w->h, &request, on_handled, run, &number);
	w->last.size--;
	arena_deinit(&arena);
	if (err != ERR_OK) {
		log_error(LOG_NAME, "Failed to run watch handler",
		    "watch_handler=\"%.*s\" error=\"%s\"",
		    SLICE_ARGS(buf_slice(&run->label)), err_text(err));
		handling_end(run);
	}
}

/* --- The question. --- */

static void
failed(struct watch *w, struct slice why)
{
	struct duration retry = RETRY_FIRST;
	struct buf text = { 0 };

	w->failures++;
	w->index = 0;
	w->has_last = false;
	if (w->failures > 6)
		w->failures = 6; /* 5 s * 36 is the most, and so they stay */
	retry.ns *= w->failures * w->failures;
	if (retry.ns > RETRY_MAX.ns)
		retry = RETRY_MAX;
	duration_print(retry, &text);
	log_error(LOG_NAME_WATCH, "Watch errored",
	    "type=%.*s error=\"%.*s\" retry=%s", SLICE_ARGS(w->plan->type),
	    SLICE_ARGS(why), buf_text(&text));
	buf_deinit(&text);
	ev_timer_set(&w->again, duration_seconds(retry), 0);
	ev_timer_start(w->h->daemon->loop, &w->again);
}

/* A result; true if a handler is at work on it now. */
static bool
result_take(struct watch *w, struct buf *json, uint64_t index)
{
	uint64_t before = w->index;
	bool is_same;

	w->failures = 0;
	if (w->has_last && index == before)
		return (false);
	/* An index that goes back starts all over. */
	w->index = index < before ? 0 : index;
	is_same =
	    w->has_last && slice_equal(buf_slice(json), buf_slice(&w->last));
	if (is_same)
		return (false);
	w->has_last = true;
	buf_reset(&w->last);
	buf_put_slice(&w->last, buf_slice(json));
	if (w->plan->kind == WATCH_AGENT_SERVICE) {
		/* It does not skip it; neither does Consul. */
		log_error(LOG_NAME_WATCH,
		    "Handler only supports index-based watches but non "
		    "index-based watch run. Skipping Handler.",
		    "");
		index = 0;
	}
	handle(w, index);
	return (true);
}

static void
answered(struct watch *w, const struct answer *answer)
{
	uint64_t known = w->has_last ? w->index : 0, index;
	struct buf json = { 0 }, why = { 0 };
	bool is_busy = true;

	if (watch_read(w->plan, answer->body, known, &json, &index, &why) !=
	    ERR_OK)
		failed(w, buf_slice(&why));
	else
		is_busy = result_take(w, &json, index);
	buf_deinit(&json);
	buf_deinit(&why);
	if (!is_busy && w->plan->kind != WATCH_EVENT)
		ask(w);
}

static void
on_answer(void *arg, const struct answer *answer)
{
	struct watch *w = arg;
	struct buf why = { 0 };

	w->question = 0;
	if (answer->err == ERR_OK) {
		answered(w, answer);
		return;
	}
	if (answer->err == ERR_REFUSED)
		buf_printf(&why, "Unexpected response code: 500 (%.*s)",
		    SLICE_ARGS(answer->text));
	else
		buf_put_slice(&why, answer->text);
	failed(w, buf_slice(&why));
	buf_deinit(&why);
}

static void
ask(struct watch *w)
{
	struct daemon *d = w->h->daemon;

	w->is_event_heard = false;
	w->question = watch_ask(d->edges[DAEMON_catalogd], w->plan, d->config,
	    w->index, on_answer, w);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	ask(timer->data);
}

/* --- All of them. --- */

static void
watch_new(struct healthd *h, const struct watch_plan *plan)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	if (plan->handler.size > 0)
		log_warn(LOG_NAME,
		    "The 'handler' field in watches has been deprecated and "
		    "replaced with the 'args' field. See "
		    "https://www.consul.io/docs/agent/watches.html",
		    "");
	w->h = h;
	w->plan = plan;
	ev_timer_init(&w->again, on_again, 0, 0);
	w->again.data = w;
	w->next = h->watches;
	h->watches = w;
	ask(w);
}

static void
watch_free(struct watch *w)
{
	struct daemon *d = w->h->daemon;

	if (w->question != 0)
		edge_cancel(d->edges[DAEMON_catalogd], w->question);
	if (w->handling != NULL)
		w->handling->watch = NULL;
	ev_timer_stop(d->loop, &w->again);
	buf_deinit(&w->last);
	free(w);
}

void
watches_start(struct healthd *h)
{
	struct watch_plans plans;
	struct buf why = { 0 };

	while (h->watches != NULL) {
		struct watch *w = h->watches;

		h->watches = w->next;
		watch_free(w);
	}
	arena_deinit(&h->watch_arena);
	arena_init(&h->watch_arena);
	if (watch_plans_read(
		h->daemon->config, &h->watch_arena, &plans, &why) != ERR_OK)
		log_error(LOG_NAME, "Failed to run watch", "error=\"%s\"",
		    buf_text(&why));
	else
		for (size_t i = 0; i < plans.count; i++)
			watch_new(h, &plans.items[i]);
	buf_deinit(&why);
}

void
on_event_heard(struct daemon *d, struct call *call, const void *request)
{
	struct healthd *h = d->state;
	struct empty nothing;

	(void)request;
	for (struct watch *w = h->watches; w != NULL; w = w->next) {
		if (w->plan->kind != WATCH_EVENT)
			continue;
		w->is_event_heard = true;
		if (w->question == 0 && w->handling == NULL &&
		    !ev_is_active(&w->again))
			ask(w);
	}
	call_answer(call, &empty_type, &nothing);
}
