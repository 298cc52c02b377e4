/*
 * `watch`: what the agent says to one question, now, or (with a program to
 * run) each time that it changes.
 *
 * Source  hashicorp/consul/api/watch, as observed: types and their parameters,
 *         retries, and what counts as a change
 */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api_types.h"
#include "handler.h"
#include "command.h"
#include "log.h"
#include "signals.h"
#include "watch.h"

#define RETRY_FIRST SECONDS(5) /* times the square of the failures in a row */
#define RETRY_MAX   SECONDS(180)

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(watch_options),
	SERVER_FLAGS(watch_options),
	{ "key", FLAG_TEXT, offsetof(struct watch_options, values[WATCH_KEY]),
	    "string", "Key to watch; for type key.", NULL, false },
	{ "name", FLAG_TEXT, offsetof(struct watch_options, values[WATCH_NAME]),
	    "string", "Name of the events to watch; for type event.", NULL,
	    false },
	{ "passingonly", FLAG_TEXT,
	    offsetof(struct watch_options, values[WATCH_PASSINGONLY]),
	    "[true|false]", "Whether to show only instances that pass all "
	    "checks; for type service.", NULL, false },
	{ "prefix", FLAG_TEXT,
	    offsetof(struct watch_options, values[WATCH_PREFIX]), "string",
	    "Prefix of the keys to watch; for type keyprefix.", NULL, false },
	{ "service", FLAG_TEXT,
	    offsetof(struct watch_options, values[WATCH_SERVICE]), "string",
	    "Service to watch; for types service and checks.", NULL, false },
	{ "shell", FLAG_BOOL, offsetof(struct watch_options, uses_shell), "",
	    "Run the program by a shell: that of the environment's SHELL.",
	    "true", false },
	{ "state", FLAG_TEXT,
	    offsetof(struct watch_options, values[WATCH_STATE]), "string",
	    "State of the checks to watch; for type checks.", NULL, false },
	{ "tag", FLAG_LIST, offsetof(struct watch_options, tags), "value",
	    "Tag that instances must have; for type service, may be given "
	    "more than once.", NULL, false },
	{ "type", FLAG_TEXT, offsetof(struct watch_options, type), "string",
	    "What to watch: key, keyprefix, services, nodes, service, checks "
	    "or event.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

struct watch {
	struct run *run;
	const struct watch_options *options;
	const struct watch_type *type;
	struct arena arena; /* of one round */
	struct buf last;    /* JSON of the last answer shown */
	bool has_last;
	uint64_t index;
	unsigned failures;
	int signals;
	bool is_stopped; /* asked to end by a signal */
};

/* Until a call is done, time is up (0: never), or a signal asks to end. */
static void
watch_wait(struct watch *w, const struct call *call, struct instant until)
{
	struct duration left;
	int timeout_ms;

	while (!w->is_stopped && (call == NULL || !call_is_done(call)) &&
	       instant_before(instant_now(), until)) {
		left = instant_since(until, instant_now());
		timeout_ms = left.ns < SECONDS(1).ns
				 ? (int)(left.ns / 1000000) + 1
				 : 1000;
		client_wait(w->run->client, w->signals, timeout_ms);
		w->is_stopped = signals_came(w->signals);
	}
}

/* One answer, blocking until the index moves. ERR_TIMEOUT: stopped. */
static enum err
watch_ask(struct watch *w, struct response *response)
{
	struct request request;
	struct call *call;
	enum err err;

	arena_reset(&w->arena);
	err = watch_request(
	    w->type, w->options, &w->arena, &request, &w->run->why);
	if (err != ERR_OK)
		return (err);
	if (w->options->client.is_stale)
		request_param(&request, "stale", "");
	if (w->index != 0)
		request_param_uint(&request, "index", w->index);
	call = client_start(w->run->client, &request, NULL, NULL);
	watch_wait(w, call, INSTANT_NEVER);
	if (w->is_stopped) {
		call_cancel(call);
		return (ERR_TIMEOUT);
	}
	err = call_finish(call, &w->arena, response, &w->run->why);
	if (err == ERR_OK && response->status != 200 &&
	    !(response->status == 404 && w->type->has_none)) {
		if (w->type->has_none) /* Consul's kv.Get leaves it at that */
			buf_printf(&w->run->why, "Unexpected response code: %u",
			    response->status);
		else
			response_why(response, &w->run->why);
		err = ERR_REFUSED;
	}
	return (err);
}

/* The answer as the client library prints it. */
static enum err
watch_print(struct watch *w, const struct response *response, struct buf *json)
{
	char why[JSON_WHY_MAX];
	struct json *tree;
	enum err err;

	if (response->status == 404) {
		buf_put_text(json, "null");
		return (ERR_OK);
	}
	err = json_parse(response->body, &w->arena, &tree, NULL, why);
	if (err == ERR_OK)
		err =
		    watch_render(w->type, tree, w->index, &w->arena, json, why);
	if (err != ERR_OK)
		buf_put_text(&w->run->why, why);
	return (err);
}

/* Say what went wrong, and wait before the next try. */
static void
watch_fail(struct watch *w)
{
	struct duration pause = RETRY_FIRST;
	struct buf text = { 0 };

	w->index = 0;
	w->failures++;
	pause.ns *= (int64_t)w->failures * w->failures;
	if (pause.ns > RETRY_MAX.ns) {
		pause = RETRY_MAX;
		w->failures--; /* it stays at that, and does not overflow */
	}
	duration_print(pause, &text);
	say_log("ERROR", "watch.watch",
	    "Watch errored: type=%s error=\"%s\" retry=%s", w->type->name,
	    buf_text(&w->run->why), buf_text(&text));
	buf_deinit(&text);
	buf_reset(&w->run->why);
	watch_wait(w, NULL, instant_add(instant_now(), pause));
}

/* The child gets the JSON from a file: a pipe might be smaller. */
static int
input_make(const struct buf *json)
{
	int fd = memfd_create("watch", MFD_CLOEXEC);
	size_t done = 0;
	ssize_t size;

	if (fd == -1)
		fatal("memfd_create: %m");
	while (done < json->size) {
		size = write(fd, json->data + done, json->size - done);
		if (size <= 0)
			fatal("write: %m");
		done += (size_t)size;
	}
	if (write(fd, "\n", 1) != 1 || lseek(fd, 0, SEEK_SET) != 0)
		fatal("write: %m");
	return (fd);
}

/* Run the program and wait for it; false, and said so, when it fails. */
static bool
watch_handle(struct watch *w, const struct buf *json, uint64_t index)
{
	char variable[40];
	struct handler_plan plan = {
		.argc = w->run->argc,
		.argv = w->run->argv,
		.uses_shell = w->options->uses_shell,
		.variable = variable,
		.input = input_make(json),
	};
	struct pollfd ready = { .fd = w->signals, .events = POLLIN };
	enum err err;
	pid_t pid;

	snprintf(variable, sizeof(variable), "CONSUL_INDEX=%" PRIu64, index);
	err = handler_start(&plan, &pid, &w->run->why);
	close(plan.input);
	if (err != ERR_OK) {
		run_fail(w->run, "Error starting handler");
		return (false);
	}
	while (!handler_has_ended(pid, &w->run->why)) {
		poll(&ready, 1, 1000);
		if (signals_came(w->signals)) {
			kill(pid, SIGTERM);
			w->is_stopped = true;
			return (true);
		}
	}
	if (w->run->why.size > 0)
		run_fail(w->run, "Error executing handler");
	else
		return (true);
	return (false);
}

static void
print_once(const struct buf *json)
{
	struct buf pretty = { 0 };

	json_pretty(buf_slice(json), 4, &pretty);
	puts(buf_text(&pretty));
	buf_deinit(&pretty);
}

/* One answer; true to go on. */
static bool
watch_round(struct watch *w, int *status)
{
	struct response response;
	struct buf json = { 0 };
	bool is_new, goes_on = true;
	enum err err;

	err = watch_ask(w, &response);
	if (err == ERR_OK)
		err = watch_print(w, &response, &json);
	if (err != ERR_OK) {
		if (!w->is_stopped)
			watch_fail(w);
		buf_deinit(&json);
		return (!w->is_stopped);
	}
	w->failures = 0;
	is_new = !w->has_last ||
		 (response.index != w->index &&
		     !slice_equal(buf_slice(&json), buf_slice(&w->last)));
	/* An index that goes back starts all over; those of events are no
	 * numbers. (Consul takes them for such, and shows some twice.) */
	if (response.index < w->index && !w->type->is_unordered)
		w->index = 0;
	else
		w->index = response.index;
	if (is_new) {
		w->has_last = true;
		buf_reset(&w->last);
		buf_put_slice(&w->last, buf_slice(&json));
		if (w->run->argc == 0) {
			print_once(&json);
			goes_on = false;
		} else if (!watch_handle(w, &json, response.index)) {
			*status = 1;
			goes_on = false;
		}
	}
	buf_deinit(&json);
	return (goes_on && !w->is_stopped);
}

static int
watch_work(struct run *run, const void *options)
{
	const struct watch_options *o = options;
	struct watch w = { .run = run, .options = o };
	struct request self;
	int status = 0;

	if (*o->type == '\0') {
		say_error("Watch type must be specified\n");
		command_usage(stderr, run->spec);
		return (1);
	}
	if (watch_check(o, &w.type, &run->why) != ERR_OK)
		return (say_error("%s", buf_text(&run->why)));
	/* Here Consul says no more than why. */
	if ((run->client = client_new(&o->client, &run->why)) == NULL)
		return (say_error("%s", buf_text(&run->why)));
	request_init(&self, &run->arena, "GET", "/v1/agent/self");
	if (run_get(run, &self) == NULL)
		return (run_fail(run, "Error querying Consul agent"));
	setvbuf(stdout, NULL, _IOLBF, 0); /* children print there too */
	w.signals = signals_open();
	arena_init(&w.arena);
	while (watch_round(&w, &status))
		continue;
	arena_deinit(&w.arena);
	buf_deinit(&w.last);
	return (status);
}

static const struct command_spec spec = {
	.usage = "watch [options] [child...]",
	.about = "Shows what the agent says about keys, services, nodes or "
		 "checks. With a program, runs it now and at each change, "
		 "with the JSON on its standard input and the index in "
		 "CONSUL_INDEX, until it fails or is interrupted.",
	.flags = flags,
	.work = watch_work,
};

int
watch_run(int argc, char **argv)
{
	struct watch_options options = { .type = "", .uses_shell = true };
	size_t i;

	for (i = 0; i < WATCH_VALUE_COUNT; i++)
		options.values[i] = "";
	return (command_main(&spec, argc, argv, &options));
}
