/* `event`: fires an event, which goes to every member it is meant for. */
#include "command.h"
#include "event_filters.h"

struct event_options {
	struct client_options client;
	const char *name;
	const char *node;
	const char *service;
	const char *tag;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(event_options),
	{ "name", FLAG_TEXT, offsetof(struct event_options, name), "string",
	    "Name of the event.", NULL, false },
	{ "node", FLAG_TEXT, offsetof(struct event_options, node), "string",
	    "For nodes whose name matches this regular expression.", NULL,
	    false },
	{ "service", FLAG_TEXT, offsetof(struct event_options, service),
	    "string", "For nodes with a service whose name matches.", NULL,
	    false },
	{ "tag", FLAG_TEXT, offsetof(struct event_options, tag), "string",
	    "For nodes where one of that service's tags matches; with -service "
	    "only.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

static void
param_unless_empty(struct request *request, const char *name, const char *value)
{
	if (*value != '\0')
		request_param(request, name, value);
}

static int
fire(struct run *run, const struct event_options *o)
{
	struct request request;
	struct response response;
	char why[JSON_WHY_MAX];
	const struct json *id;
	struct json *json;

	/* Consul asks who the agent is, and so does whoever stands in for it:
	 * an agent that is not there is told of in the same words. */
	request_init(&request, &run->arena, "GET", "/v1/agent/self");
	if (run_get(run, &request) == NULL)
		return (run_fail(run, "Error querying Consul agent"));
	request_init(
	    &request, &run->arena, "PUT", "/v1/event/fire/%s", o->name);
	param_unless_empty(&request, "node", o->node);
	param_unless_empty(&request, "service", o->service);
	param_unless_empty(&request, "tag", o->tag);
	if (run->argc > 0)
		request.body = slice_of_text(run->argv[0]);
	if (client_ask_ok(run->client, &request, &response, &run->why) !=
	    ERR_OK)
		return (run_fail(run, "Error firing event"));
	if (json_parse(response.body, &run->arena, &json, NULL, why) !=
	    ERR_OK) {
		buf_put_text(&run->why, why);
		return (run_fail(run, "Error firing event"));
	}
	id = json_get(json, "ID");
	printf(
	    "Event ID: %.*s\n", SLICE_ARGS(id != NULL ? id->text : SLICE("")));
	return (0);
}

static int
event_work(struct run *run, const void *options)
{
	const struct event_options *o = options;
	bool has_name = *o->name != '\0';

	if (run->argc > 1 || !has_name) {
		say_error("%s\n", has_name ? "Too many command line arguments."
					   : "Event name must be specified");
		command_usage(stderr, run->spec);
		return (1);
	}
	if (!event_filters_are_good(run, o->node, o->service, o->tag) ||
	    !run_connect(run, &o->client))
		return (1);
	return (fire(run, o));
}

static const struct command_spec spec = {
	.usage = "event [options] [payload]",
	.about = "Fires an event: it goes to all nodes of the datacenter, or "
		 "to those that the filters match. What it means is theirs to "
		 "say; `watch -type=event` hears it.",
	.flags = flags,
	.work = event_work,
};

int
event_run(int argc, char **argv)
{
	struct event_options options = {
		.name = "", .node = "", .service = "", .tag = ""
	};

	return (command_main(&spec, argc, argv, &options));
}
