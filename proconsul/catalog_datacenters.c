/* `catalog datacenters`: one name a line. */
#include "api_types.h"
#include "command.h"

struct datacenters_options {
	struct client_options client;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(datacenters_options),
	SERVER_FLAGS(datacenters_options),
	FLAGS_END,
};
/* clang-format on */

static int
datacenters_work(struct run *run, const void *options)
{
	const struct datacenters_options *o = options;
	struct api_names names = { 0 };
	struct request request;
	struct response response;
	size_t i;

	if (run_check_count(run, 0) != 0 || !run_connect(run, &o->client))
		return (1);
	request_init(&request, &run->arena, "GET", "/v1/catalog/datacenters");
	if (run_get_type(run, &request, &api_names_type, &names, &response) !=
	    ERR_OK)
		return (run_fail(run, "Error listing datacenters"));
	for (i = 0; i < names.list.count; i++)
		printf("%.*s\n", SLICE_ARGS(names.list.items[i]));
	return (0);
}

static const struct command_spec spec = {
	.usage = "catalog datacenters [options]",
	.about = "Lists the datacenters the agent knows.",
	.flags = flags,
	.work = datacenters_work,
};

int
catalog_datacenters_run(int argc, char **argv)
{
	struct datacenters_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
