/* `services deregister`: takes services off the local agent. */
#include "services_file.h"

struct deregister_options {
	struct client_options client;
	const char *id;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(deregister_options),
	SERVER_FLAGS(deregister_options),
	NAMESPACE_FLAG(deregister_options),
	{ "id", FLAG_TEXT, offsetof(struct deregister_options, id), "string",
	    "ID of the service; not together with files.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* `name` is for the error alone, and empty with -id: Consul's is too. */
static int
service_deregister(struct run *run, struct slice id, struct slice name)
{
	struct request request;
	struct response response;

	request_init(&request, &run->arena, "PUT",
	    "/v1/agent/service/deregister/%.*s", SLICE_ARGS(id));
	if (client_ask_ok(run->client, &request, &response, &run->why) !=
	    ERR_OK)
		return (run_fail(run, "Error registering service \"%.*s\"",
		    SLICE_ARGS(name)));
	printf("Deregistered service: %.*s\n", SLICE_ARGS(id));
	return (0);
}

static int
deregister_work(struct run *run, const void *options)
{
	const struct deregister_options *o = options;
	struct services_file services = { 0 };
	size_t i;

	if (run->argc == 0 && *o->id == '\0')
		return (say_error("Service deregistration requires at least "
				  "one argument or -id."));
	if (run->argc > 0 && *o->id != '\0')
		return (say_error("Service deregistration requires arguments "
				  "or -id, not both."));
	if (run->argc > 0 && !services_file_read(run, &services))
		return (1);
	if (!run_connect(run, &o->client))
		return (1);
	if (run->argc == 0)
		return (
		    service_deregister(run, slice_of_text(o->id), SLICE("")));
	for (i = 0; i < services.count; i++) {
		struct slice id = services_id(&services.items[i]);

		if (id.size > 0 &&
		    service_deregister(run, id, services.items[i].name) != 0)
			return (1);
	}
	return (0);
}

static const struct command_spec spec = {
	.usage = "services deregister [options] [FILE...]",
	.about = "Takes services off the local agent: those that "
		 "configuration files define, or the one with the ID of "
		 "-id.",
	.flags = flags,
	.work = deregister_work,
};

int
services_deregister_run(int argc, char **argv)
{
	struct deregister_options options = { .id = "" };

	return (command_main(&spec, argc, argv, &options));
}
