/* `catalog services`: the services of a datacenter, or of one node. */
#include "api_types.h"
#include "catalog.h"
#include "command.h"
#include "table.h"

#define TAGS_GAP 6

struct services_options {
	struct client_options client;
	const char *node;
	struct flag_list meta;
	bool wants_tags;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(services_options),
	SERVER_FLAGS(services_options),
	NAMESPACE_FLAG(services_options),
	{ "node", FLAG_TEXT, offsetof(struct services_options, node),
	    "id or name", "Show the services of this node.", NULL, false },
	{ "node-meta", FLAG_PAIRS, offsetof(struct services_options, meta),
	    "key=value", "Show services of nodes with this metadata; may be "
	    "given more than once.", NULL, false },
	{ "tags", FLAG_BOOL, offsetof(struct services_options, wants_tags), "",
	    "Show the tags of each service.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

static int
name_compare(const void *a, const void *b)
{
	const struct strs_entry *x = a, *y = b;

	return (slice_compare(x->key, y->key));
}

static int
tag_compare(const void *a, const void *b)
{
	return (
	    slice_compare(*(const struct slice *)a, *(const struct slice *)b));
}

/* "a,b" */
static struct slice
tags_text(const struct slice_list *tags, struct arena *arena)
{
	struct buf text = { 0 };
	struct slice kept;
	size_t i;

	if (tags->count > 0)
		qsort(tags->items, tags->count, sizeof(struct slice),
		    tag_compare);
	for (i = 0; i < tags->count; i++)
		buf_printf(&text, "%s%.*s", i > 0 ? "," : "",
		    SLICE_ARGS(tags->items[i]));
	kept = arena_copy(arena, buf_slice(&text));
	buf_deinit(&text);
	return (kept);
}

static void
print_services(
    struct run *run, const struct api_service_tags *services, bool wants_tags)
{
	const struct strs_entry *s;
	struct table t;
	size_t i;

	qsort(services->map.items, services->map.count,
	    sizeof(struct strs_entry), name_compare);
	table_init(&t, &run->arena, wants_tags ? 2 : 1);
	for (i = 0; i < services->map.count; i++) {
		s = &services->map.items[i];
		table_add(&t, s->key);
		if (wants_tags)
			table_add(&t, tags_text(&s->value, &run->arena));
	}
	t.trims_end = true;
	table_print(&t, TAGS_GAP, stdout);
}

static enum err
services_get(struct run *run, const struct request *request,
    struct api_service_tags *services)
{
	struct response response;

	return (run_get_type(
	    run, request, &api_service_tags_type, services, &response));
}

static struct strs_entry *
entry_of(struct api_service_tags *services, struct slice name)
{
	size_t i;

	for (i = 0; i < services->map.count; i++) {
		if (slice_equal(services->map.items[i].key, name))
			return (&services->map.items[i]);
	}
	services->map.items[i].key = name;
	services->map.count++;
	return (&services->map.items[i]);
}

/* A node's instances, their tags gathered by service. */
static enum err
node_services_get(struct run *run, const struct request *request,
    struct api_service_tags *services)
{
	const struct json *node, *list, *s, *name, *tags, *tag;
	struct strs_entry *entry;
	struct slice *items;

	if ((node = run_get(run, request)) == NULL)
		return (ERR_IO);
	list = json_get(node, "Services");
	if (list == NULL || list->kind != JSON_OBJECT)
		return (ERR_OK); /* no such node */
	services->map.items = arena_array(
	    &run->arena, list->count + 1, sizeof(struct strs_entry));
	for (s = list->first; s != NULL; s = s->next) {
		name = json_get(s, "Service");
		tags = json_get(s, "Tags");
		if (name == NULL || tags == NULL)
			continue;
		entry = entry_of(services, name->text);
		items = arena_array(&run->arena,
		    entry->value.count + tags->count + 1, sizeof(*items));
		if (entry->value.count > 0)
			memcpy(items, entry->value.items,
			    entry->value.count * sizeof(*items));
		entry->value.items = items;
		for (tag = tags->first; tag != NULL; tag = tag->next)
			items[entry->value.count++] = tag->text;
	}
	return (ERR_OK);
}

static int
services_work(struct run *run, const void *options)
{
	const struct services_options *o = options;
	struct api_service_tags services = { 0 };
	bool is_node = *o->node != '\0';
	struct request request;
	enum err err;

	if (run_check_count(run, 0) != 0 || !run_connect(run, &o->client))
		return (1);
	if (is_node)
		request_init(&request, &run->arena, "GET",
		    "/v1/catalog/node/%s", o->node);
	else
		request_init(
		    &request, &run->arena, "GET", "/v1/catalog/services");
	catalog_param_meta(&request, &o->meta);
	err = is_node ? node_services_get(run, &request, &services)
		      : services_get(run, &request, &services);
	if (err != ERR_OK)
		return (run_fail(run, "Error listing services%s",
		    is_node ? " for node" : ""));
	if (services.map.count == 0) {
		say_error("No services match the given query - try expanding "
			  "your search.");
		return (0);
	}
	print_services(run, &services, o->wants_tags);
	return (0);
}

static const struct command_spec spec = {
	.usage = "catalog services [options]",
	.about = "Lists the services of a datacenter, all or those that "
		 "fit.",
	.flags = flags,
	.work = services_work,
};

int
catalog_services_run(int argc, char **argv)
{
	struct services_options options = { .node = "" };

	return (command_main(&spec, argc, argv, &options));
}
