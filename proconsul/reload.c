/* `reload`: the agent reads its configuration again. */
#include "command.h"
#include "config_changes.h"
#include "json.h"

struct reload_options {
	struct client_options client;
};

static const struct flag flags[] = {
	CLIENT_FLAGS(reload_options),
	FLAGS_END,
};

/* What became of each key that changed. An agent of Consul answers nothing. */
static void
changes_print(struct run *run, struct slice body)
{
	struct reload_change change;
	struct buf line = { 0 };
	const struct json *each;
	struct json *list;
	char why[JSON_WHY_MAX];

	if (json_parse(body, &run->arena, &list, NULL, why) != ERR_OK ||
	    list->kind != JSON_ARRAY)
		return;
	for (each = list->first; each != NULL; each = each->next) {
		change = (struct reload_change){ 0 };
		if (json_to_type(each, JSON_API_LAX, &reload_change_type,
			&run->arena, &change, why) != ERR_OK)
			continue;
		buf_reset(&line);
		config_change_put(&change, &line);
		printf("Reloaded: %s\n", buf_text(&line));
	}
	buf_deinit(&line);
}

static int
reload_work(struct run *run, const void *options)
{
	const struct reload_options *o = options;
	struct request request;
	struct response response;
	enum err err;

	if (!run_connect(run, &o->client))
		return (1);
	request_init(&request, &run->arena, "PUT", "/v1/agent/reload");
	request_param(&request, "report", "");
	err = client_ask_ok(run->client, &request, &response, &run->why);
	if (err != ERR_OK)
		return (run_fail(run, "Error reloading"));
	puts("Configuration reload triggered");
	changes_print(run, response.body);
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
