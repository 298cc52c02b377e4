/* `force-leave`: a member that failed is taken as having left. */
#include "command.h"

struct force_leave_options {
	struct client_options client;
	bool prunes;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(force_leave_options),
	{ "prune", FLAG_BOOL, offsetof(struct force_leave_options, prunes), "",
	    "Drop the member from the list at once.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

static int
force_leave_work(struct run *run, const void *options)
{
	const struct force_leave_options *o = options;
	struct request request;
	struct response response;

	if (run->argc != 1) {
		say_error(
		    "A single node name must be specified to force leave.\n");
		command_usage(stderr, run->spec);
		return (1);
	}
	if (!run_connect(run, &o->client))
		return (1);
	request_init(&request, &run->arena, "PUT", "/v1/agent/force-leave/%s",
	    run->argv[0]);
	if (o->prunes)
		request_param(&request, "prune", "1");
	if (client_ask_ok(run->client, &request, &response, &run->why) !=
	    ERR_OK)
		return (run_fail(run, "Error force leaving"));
	return (0);
}

static const struct command_spec spec = {
	.usage = "force-leave [options] name",
	.about = "Takes a member that has failed as having left, so that "
		 "it is no longer waited for. One that is alive comes back "
		 "by itself.",
	.flags = flags,
	.work = force_leave_work,
};

int
force_leave_run(int argc, char **argv)
{
	struct force_leave_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
