/* `monitor`: the agent's log, as it goes on, until interrupted. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "command.h"
#include "signals.h"

struct monitor_options {
	struct client_options client;
	bool is_json;
	const char *level;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(monitor_options),
	{ "log-json", FLAG_BOOL, offsetof(struct monitor_options, is_json), "",
	    "Print each line as JSON.", NULL, false },
	{ "log-level", FLAG_TEXT, offsetof(struct monitor_options, level),
	    "string", "Least level to print: trace, debug, info, warn or err.",
	    "\"INFO\"", false },
	FLAGS_END,
};
/* clang-format on */

static void
on_lines(void *arg, struct slice bytes)
{
	(void)arg;
	fwrite(bytes.data, 1, bytes.size, stdout);
	fflush(stdout);
}

static int
monitor_end(struct run *run, struct call *call, bool is_json)
{
	struct response response;
	enum err err;

	err = call_finish(call, &run->arena, &response, &run->why);
	if (err == ERR_OK && response.status == 200) {
		puts("\nRemote side ended the monitor! This usually means that "
		     "the\nremote side has exited or crashed.");
		return (1);
	}
	if (err == ERR_OK)
		response_why(&response, &run->why);
	return (
	    run_fail(run, "Error starting %smonitor", is_json ? "JSON " : ""));
}

static int
monitor_work(struct run *run, const void *options)
{
	const struct monitor_options *o = options;
	struct request request;
	struct call *call;
	int signals;

	if (!run_connect(run, &o->client))
		return (1);
	request_init(&request, &run->arena, "GET", "/v1/agent/monitor");
	request_param(&request, "loglevel", o->level);
	if (o->is_json)
		request_param(&request, "logjson", "true");
	signals = signals_open();
	call = client_start(run->client, &request, on_lines, NULL);
	while (!call_is_done(call) && !signals_came(signals))
		client_wait(run->client, signals, 1000);
	if (call_is_done(call))
		return (monitor_end(run, call, o->is_json));
	call_cancel(call);
	return (0);
}

static const struct command_spec spec = {
	.usage = "monitor [options]",
	.about = "Prints the log of the running agent as it goes on, at a "
		 "level of its own, until it is interrupted.",
	.flags = flags,
	.work = monitor_work,
};

int
monitor_run(int argc, char **argv)
{
	struct monitor_options options = { .level = "INFO" };

	return (command_main(&spec, argc, argv, &options));
}
