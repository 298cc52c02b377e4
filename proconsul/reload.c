/* `reload`: the agent reads its configuration again. */
#include "command.h"

struct reload_options {
	struct client_options client;
};

static const struct flag flags[] = {
	CLIENT_FLAGS(reload_options),
	FLAGS_END,
};

static int
reload_work(struct run *run, const void *options)
{
	const struct reload_options *o = options;
	struct request request;
	struct response response;

	if (!run_connect(run, &o->client))
		return (1);
	request_init(&request, &run->arena, "PUT", "/v1/agent/reload");
	if (client_ask_ok(run->client, &request, &response, &run->why) !=
	    ERR_OK)
		return (run_fail(run, "Error reloading"));
	puts("Configuration reload triggered");
	return (0);
}

static const struct command_spec spec = {
	.usage = "reload",
	.about = "Makes the agent read its configuration files again. Not "
		 "every key can change while it runs.",
	.flags = flags,
	.work = reload_work,
};

int
reload_run(int argc, char **argv)
{
	struct reload_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
