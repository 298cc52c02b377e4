/* `join`: the agent joins the cluster of the addresses given. */
#include "command.h"

struct join_options {
	struct client_options client;
	bool is_wan;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(join_options),
	{ "wan", FLAG_BOOL, offsetof(struct join_options, is_wan), "",
	    "Join the pool of the servers of all datacenters.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

static int
join_work(struct run *run, const void *options)
{
	const struct join_options *o = options;
	struct request request;
	struct response response;
	int i, joined = 0;

	if (run->argc == 0) {
		say_error("At least one address to join must be specified.\n");
		command_usage(stderr, run->spec);
		return (1);
	}
	if (!run_connect(run, &o->client))
		return (1);
	for (i = 0; i < run->argc; i++) {
		request_init(&request, &run->arena, "PUT", "/v1/agent/join/%s",
		    run->argv[i]);
		if (o->is_wan)
			request_param(&request, "wan", "1");
		if (client_ask_ok(
			run->client, &request, &response, &run->why) == ERR_OK)
			joined++;
		else
			run_fail(
			    run, "Error joining address '%s'", run->argv[i]);
	}
	if (joined == 0)
		return (say_error("Failed to join any nodes."));
	printf("Successfully joined cluster by contacting %d nodes.\n", joined);
	return (0);
}

static const struct command_spec spec = {
	.usage = "join [options] address ...",
	.about = "Makes the agent join the cluster that has a member at "
		 "one of these addresses.",
	.flags = flags,
	.work = join_work,
};

int
join_run(int argc, char **argv)
{
	struct join_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
