/* `info`: what the agent says about itself, section by section. */
#include "command.h"

struct info_options {
	struct client_options client;
};

static const struct flag flags[] = {
	CLIENT_FLAGS(info_options),
	FLAGS_END,
};

static int
key_compare(const void *a, const void *b)
{
	const struct json *const *x = a, *const *y = b;

	return (slice_compare((*x)->key, (*y)->key));
}

/* The children of an object by their keys. */
static const struct json **
sorted(const struct json *object, struct arena *arena)
{
	const struct json **children, *child;
	size_t count = 0;

	children = arena_array(arena, object->count + 1, sizeof(*children));
	for (child = object->first; child != NULL; child = child->next)
		children[count++] = child;
	qsort(children, count, sizeof(*children), key_compare);
	return (children);
}

static int
info_work(struct run *run, const void *options)
{
	const struct info_options *o = options;
	const struct json **sections, **values, *self, *stats;
	struct request request;

	if (!run_connect(run, &o->client))
		return (1);
	request_init(&request, &run->arena, "GET", "/v1/agent/self");
	if ((self = run_get(run, &request)) == NULL)
		return (run_fail(run, "Error querying agent"));
	stats = json_get(self, "Stats");
	if (stats == NULL || stats->kind != JSON_OBJECT)
		return (say_error("Agent provided no 'Stats' section"));
	for (sections = sorted(stats, &run->arena); *sections != NULL;
	     sections++) {
		printf("%.*s:\n", SLICE_ARGS((*sections)->key));
		for (values = sorted(*sections, &run->arena); *values != NULL;
		     values++)
			printf("\t%.*s = %.*s\n", SLICE_ARGS((*values)->key),
			    SLICE_ARGS((*values)->text));
	}
	return (0);
}

static const struct command_spec spec = {
	.usage = "info [options]",
	.about = "Prints figures about the running agent, for those who "
		 "look after it.",
	.flags = flags,
	.work = info_work,
};

int
info_run(int argc, char **argv)
{
	struct info_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
