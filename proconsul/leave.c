/* `leave`: the agent leaves its cluster and ends. */
#include "command.h"

struct leave_options {
	struct client_options client;
};

static const struct flag flags[] = {
	CLIENT_FLAGS(leave_options),
	FLAGS_END,
};

static int
leave_work(struct run *run, const void *options)
{
	const struct leave_options *o = options;
	struct request request;
	struct response response;
	int i;

	if (run->argc > 0) {
		fputs("Error found unexpected args: [", stderr);
		for (i = 0; i < run->argc; i++)
			fprintf(stderr, "%s%s", i > 0 ? " " : "", run->argv[i]);
		fputs("]\n", stderr);
		command_usage(stdout, run->spec);
		return (1);
	}
	if (!run_connect(run, &o->client))
		return (1);
	request_init(&request, &run->arena, "PUT", "/v1/agent/leave");
	if (client_ask_ok(run->client, &request, &response, &run->why) !=
	    ERR_OK)
		return (run_fail(run, "Error leaving"));
	puts("Graceful leave complete");
	return (0);
}

static const struct command_spec spec = {
	.usage = "leave [options]",
	.about = "Makes the agent leave its cluster in good order, and "
		 "end.",
	.flags = flags,
	.work = leave_work,
};

int
leave_run(int argc, char **argv)
{
	struct leave_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
