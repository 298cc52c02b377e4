/* `catalog nodes`: the nodes of a datacenter, or those of one service. */
#include "api_types.h"
#include "catalog.h"
#include "command.h"
#include "table.h"

#define SHORT_ID_BYTES 8

struct nodes_options {
	struct client_options client;
	bool is_detailed;
	const char *filter;
	const char *near;
	struct flag_list meta;
	const char *service;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(nodes_options),
	SERVER_FLAGS(nodes_options),
	{ "detailed", FLAG_BOOL, offsetof(struct nodes_options, is_detailed),
	    "", "Show whole IDs, tagged addresses and metadata too.", NULL,
	    false },
	{ "filter", FLAG_TEXT, offsetof(struct nodes_options, filter),
	    "string", "Filter expression for the agent to apply.", NULL,
	    false },
	{ "near", FLAG_TEXT, offsetof(struct nodes_options, near), "string",
	    "Sort by the distance to this node; _agent is the agent's own.",
	    NULL, false },
	{ "node-meta", FLAG_PAIRS, offsetof(struct nodes_options, meta),
	    "key=value", "Show nodes with this metadata; may be given more "
	    "than once.", NULL, false },
	{ "service", FLAG_TEXT, offsetof(struct nodes_options, service),
	    "id or name", "Show the nodes that have this service.", NULL,
	    false },
	FLAGS_END,
};
/* clang-format on */

static int
pair_compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (slice_compare(x->key, y->key));
}

/* "a=1, b=2" */
static struct slice
pairs_text(const struct pair_list *pairs, struct arena *arena)
{
	struct buf text = { 0 };
	struct slice kept;
	size_t i;

	if (pairs->count > 0)
		qsort(pairs->items, pairs->count, sizeof(struct pair),
		    pair_compare);
	for (i = 0; i < pairs->count; i++)
		buf_printf(&text, "%s%.*s=%.*s", i > 0 ? ", " : "",
		    SLICE_ARGS(pairs->items[i].key),
		    SLICE_ARGS(pairs->items[i].value));
	kept = arena_copy(arena, buf_slice(&text));
	buf_deinit(&text);
	return (kept);
}

static void
print_nodes(struct run *run, const struct api_nodes *nodes, bool is_detailed)
{
	const struct api_node *n;
	struct slice id;
	struct table t;
	size_t i;

	table_init(&t, &run->arena, is_detailed ? 6 : 4);
	table_add_text(&t, "Node");
	table_add_text(&t, "ID");
	table_add_text(&t, "Address");
	table_add_text(&t, "DC");
	if (is_detailed) {
		table_add_text(&t, "TaggedAddresses");
		table_add_text(&t, "Meta");
	}
	for (i = 0; i < nodes->list.count; i++) {
		n = &nodes->list.items[i];
		id = n->id;
		if (!is_detailed && id.size > SHORT_ID_BYTES)
			id = slice_head(id, SHORT_ID_BYTES);
		table_add(&t, n->node);
		table_add(&t, id);
		table_add(&t, n->address);
		table_add(&t, n->datacenter);
		if (!is_detailed)
			continue;
		table_add(&t, pairs_text(&n->tagged_addresses, &run->arena));
		table_add(&t, pairs_text(&n->meta, &run->arena));
	}
	table_print(&t, 2, stdout);
}

static enum err
nodes_get(
    struct run *run, const struct request *request, struct api_nodes *nodes)
{
	struct response response;

	return (run_get_type(run, request, &api_nodes_type, nodes, &response));
}

/* The nodes of a service: its instances, less what is about the service. */
static enum err
service_nodes_get(
    struct run *run, const struct request *request, struct api_nodes *nodes)
{
	struct api_catalog_services found = { 0 };
	const struct api_catalog_service *s;
	struct response response;
	enum err err;
	size_t i;

	err = run_get_type(
	    run, request, &api_catalog_services_type, &found, &response);
	if (err != ERR_OK)
		return (err);
	nodes->list.count = found.list.count;
	nodes->list.items =
	    arena_array(&run->arena, found.list.count, sizeof(struct api_node));
	for (i = 0; i < found.list.count; i++) {
		s = &found.list.items[i];
		nodes->list.items[i] = (struct api_node){
			.id = s->id,
			.node = s->node,
			.address = s->address,
			.datacenter = s->datacenter,
			.tagged_addresses = s->tagged_addresses,
			.meta = s->meta,
		};
	}
	return (ERR_OK);
}

static int
nodes_work(struct run *run, const void *options)
{
	const struct nodes_options *o = options;
	bool is_service = *o->service != '\0';
	struct api_nodes nodes = { 0 };
	struct request request;
	enum err err;

	if (run_check_count(run, 0) != 0 || !run_connect(run, &o->client))
		return (1);
	if (is_service)
		request_init(&request, &run->arena, "GET",
		    "/v1/catalog/service/%s", o->service);
	else
		request_init(&request, &run->arena, "GET", "/v1/catalog/nodes");
	if (*o->filter != '\0')
		request_param(&request, "filter", o->filter);
	if (*o->near != '\0')
		request_param(&request, "near", o->near);
	catalog_param_meta(&request, &o->meta);
	err = is_service ? service_nodes_get(run, &request, &nodes)
			 : nodes_get(run, &request, &nodes);
	if (err != ERR_OK)
		return (run_fail(run, "Error listing nodes%s",
		    is_service ? " for service" : ""));
	if (nodes.list.count == 0) {
		say_error("No nodes match the given query - try expanding "
			  "your search.");
		return (0);
	}
	print_nodes(run, &nodes, o->is_detailed);
	return (0);
}

static const struct command_spec spec = {
	.usage = "catalog nodes [options]",
	.about = "Lists the nodes of a datacenter, all or those that fit.",
	.flags = flags,
	.work = nodes_work,
};

int
catalog_nodes_run(int argc, char **argv)
{
	struct nodes_options options = {
		.filter = "", .near = "", .service = ""
	};

	return (command_main(&spec, argc, argv, &options));
}
