/* `maint`: maintenance mode of the node or of a service, set or shown. */
#include "api_types.h"
#include "command.h"

#define NODE_CHECK_ID	     "_node_maintenance"
#define SERVICE_CHECK_PREFIX "_service_maintenance:"

struct maint_options {
	struct client_options client;
	bool enables;
	bool disables;
	const char *reason;
	const char *service;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(maint_options),
	{ "disable", FLAG_BOOL, offsetof(struct maint_options, disables), "",
	    "End maintenance.", NULL, false },
	{ "enable", FLAG_BOOL, offsetof(struct maint_options, enables), "",
	    "Begin maintenance: the node or service counts as critical.", NULL,
	    false },
	{ "reason", FLAG_TEXT, offsetof(struct maint_options, reason), "string",
	    "Why, for others to read.", NULL, false },
	{ "service", FLAG_TEXT, offsetof(struct maint_options, service),
	    "string", "ID of a service, instead of the whole node.", NULL,
	    false },
	FLAGS_END,
};
/* clang-format on */

static struct slice
text_of(const struct json *object, const char *key)
{
	const struct json *member = json_get(object, key);

	if (member == NULL || member->kind != JSON_STRING)
		return (SLICE(""));
	return (member->text);
}

static void
print_check(const struct json *check, struct slice node)
{
	struct slice id = text_of(check, "CheckID");
	struct slice notes = text_of(check, "Notes");

	if (slice_is(id, NODE_CHECK_ID))
		printf("Node:\n  Name:   %.*s\n  Reason: %.*s\n\n",
		    SLICE_ARGS(node), SLICE_ARGS(notes));
	else if (slice_starts_with(id, SLICE(SERVICE_CHECK_PREFIX)))
		printf("Service:\n  ID:     %.*s\n  Reason: %.*s\n\n",
		    SLICE_ARGS(text_of(check, "ServiceID")), SLICE_ARGS(notes));
}

static int
maint_show(struct run *run)
{
	const struct json *self, *config, *checks, *check;
	struct request request;
	struct slice node;

	request_init(&request, &run->arena, "GET", "/v1/agent/self");
	if ((self = run_get(run, &request)) == NULL)
		return (run_fail(run, "Error querying Consul agent"));
	config = json_get(self, "Config");
	node = config == NULL ? SLICE("") : text_of(config, "NodeName");
	request_init(&request, &run->arena, "GET", "/v1/agent/checks");
	if ((checks = run_get(run, &request)) == NULL)
		return (run_fail(run, "Error getting checks"));
	for (check = checks->first; check != NULL; check = check->next)
		print_check(check, node);
	return (0);
}

static int
maint_set(struct run *run, const struct maint_options *o)
{
	const char *verb = o->enables ? "enabl" : "disabl";
	struct request request;
	struct response response;

	if (*o->service != '\0')
		request_init(&request, &run->arena, "PUT",
		    "/v1/agent/service/maintenance/%s", o->service);
	else
		request_init(
		    &request, &run->arena, "PUT", "/v1/agent/maintenance");
	request_param(&request, "enable", o->enables ? "true" : "false");
	if (o->enables)
		request_param(&request, "reason", o->reason);
	if (client_ask_ok(run->client, &request, &response, &run->why) !=
	    ERR_OK)
		return (run_fail(run, "Error %sing %s maintenance", verb,
		    *o->service != '\0' ? "service" : "node"));
	if (*o->service != '\0')
		printf("Service maintenance is now %sed for \"%s\"\n", verb,
		    o->service);
	else
		printf("Node maintenance is now %sed\n", verb);
	return (0);
}

static int
maint_work(struct run *run, const void *options)
{
	const struct maint_options *o = options;
	bool sets = o->enables || o->disables;

	if (o->enables && o->disables)
		return (say_error(
		    "Only one of -enable or -disable may be provided"));
	if (!o->enables && *o->reason != '\0')
		return (say_error("Reason may only be provided with -enable"));
	if (!sets && *o->service != '\0')
		return (
		    say_error("Service requires either -enable or -disable"));
	if (!run_connect(run, &o->client))
		return (1);
	return (sets ? maint_set(run, o) : maint_show(run));
}

static const struct command_spec spec = {
	.usage = "maint [options]",
	.about = "Puts the agent's node, or one service of it, into "
		 "maintenance and out again: meanwhile it counts as "
		 "critical and nobody is sent to it. Without -enable and "
		 "-disable, lists what is in maintenance.",
	.flags = flags,
	.work = maint_work,
};

int
maint_run(int argc, char **argv)
{
	struct maint_options options = { .reason = "", .service = "" };

	return (command_main(&spec, argc, argv, &options));
}
