/*
 * `rtt`: how long a packet goes from one node to another and back, by their
 * network coordinates.
 *
 * Source  wire/gossip.md (Vivaldi); serf coordinate.DistanceTo
 */
#include <math.h>

#include "command.h"
#include "rpc_types.h"

struct rtt_options {
	struct client_options client;
	bool is_wan;
};

/* clang-format off */
static const struct flag flags[] = {
	CLIENT_FLAGS(rtt_options),
	{ "wan", FLAG_BOOL, offsetof(struct rtt_options, is_wan), "",
	    "Between servers, by the coordinates of the pool of all "
	    "datacenters.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

/* One of the two nodes. */
struct end {
	struct slice name; /* as given, with its datacenter or without */
	struct slice node;
	struct slice datacenter; /* with -wan */
	struct slice area;
	const struct vivaldi_coord *coord; /* NULL: not found */
};

/* Seconds. What the vectors lack of each other counts as zero. */
static double
distance(const struct vivaldi_coord *a, const struct vivaldi_coord *b)
{
	double sum = 0, estimate, adjusted, d;
	size_t i;

	for (i = 0; i < a->vec.count && i < b->vec.count; i++) {
		d = a->vec.items[i] - b->vec.items[i];
		sum += d * d;
	}
	estimate = sqrt(sum) + a->height + b->height;
	adjusted = estimate + a->adjustment + b->adjustment;
	return (adjusted > 0 ? adjusted : estimate);
}

static int
estimate_print(const struct end ends[2], const char *pool)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		if (ends[i].coord == NULL)
			return (say_error(
			    "Could not find a coordinate for node \"%.*s\"",
			    SLICE_ARGS(ends[i].name)));
	}
	printf("Estimated %.*s <-> %.*s rtt: %.3f ms (using %s coordinates)\n",
	    SLICE_ARGS(ends[0].name), SLICE_ARGS(ends[1].name),
	    distance(ends[0].coord, ends[1].coord) * 1000, pool);
	return (0);
}

/* --- Inside the datacenter. --- */

/* The coordinate in this segment; if the node has but one, that one. */
static void
find_in(const struct coordinates *all, struct slice segment, struct end *end)
{
	const struct coordinate *c;
	size_t i;

	end->coord = NULL;
	for (i = 0; i < all->value.count; i++) {
		c = &all->value.items[i];
		if (slice_equal(c->node, end->node) &&
		    slice_equal(c->segment, segment))
			end->coord = c->coord;
	}
}

/* A node in one segment decides where the other one is looked for: servers are
 * in all of them. */
static struct slice
segment_of(const struct coordinates *all, const struct end ends[2])
{
	struct slice segment = SLICE(""), only = SLICE("");
	size_t end, i, count;

	for (end = 0; end < 2; end++) {
		count = 0;
		for (i = 0; i < all->value.count; i++) {
			if (!slice_equal(
				all->value.items[i].node, ends[end].node))
				continue;
			only = all->value.items[i].segment;
			count++;
		}
		if (count == 1)
			segment = only;
	}
	return (segment);
}

static int
lan_show(struct run *run, struct end ends[2])
{
	struct coordinates all = { 0 };
	struct request request;
	struct response response;
	struct slice segment;

	request_init(&request, &run->arena, "GET", "/v1/coordinate/nodes");
	if (run_get_type(run, &request, &coordinates_type, &all, &response) !=
	    ERR_OK)
		return (run_fail(run, "Error getting coordinates"));
	segment = segment_of(&all, ends);
	find_in(&all, segment, &ends[0]);
	find_in(&all, segment, &ends[1]);
	return (estimate_print(ends, "LAN"));
}

/* --- Between datacenters. --- */

/* "node.datacenter"; a node's name may have dots itself. */
static bool
name_split(struct end *end)
{
	size_t dot = end->name.size;

	while (dot > 0 && end->name.data[dot - 1] != '.')
		dot--;
	if (dot == 0)
		return (false);
	end->node = slice_head(end->name, dot - 1);
	end->datacenter = slice_tail(end->name, dot);
	return (true);
}

static void
find_across(const struct datacenter_map *dc, struct end *end)
{
	size_t i;

	if (!slice_equal(dc->datacenter, end->datacenter))
		return;
	for (i = 0; i < dc->coordinates.count; i++) {
		if (!slice_equal(dc->coordinates.items[i].node, end->node))
			continue;
		end->area = dc->area_id;
		end->coord = dc->coordinates.items[i].coord;
	}
}

static int
wan_show(struct run *run, struct end ends[2])
{
	struct datacenter_maps all = { 0 };
	struct request request;
	struct response response;
	size_t i;

	if (!name_split(&ends[0]) || !name_split(&ends[1]))
		return (say_error("Node names must be specified as <node "
				  "name>.<datacenter> with -wan"));
	request_init(
	    &request, &run->arena, "GET", "/v1/coordinate/datacenters");
	if (run_get_type(run, &request, &datacenter_maps_type, &all,
		&response) != ERR_OK)
		return (run_fail(run, "Error getting coordinates"));
	for (i = 0; i < all.value.count; i++) {
		find_across(&all.value.items[i], &ends[0]);
		find_across(&all.value.items[i], &ends[1]);
	}
	/* Coordinates of two areas have nothing to do with each other; Consul
	 * then says that it has neither. */
	if (ends[0].coord == NULL || ends[1].coord == NULL ||
	    !slice_equal(ends[0].area, ends[1].area))
		ends[0].coord = NULL;
	return (estimate_print(ends, "WAN"));
}

/* --- The command. --- */

static struct slice
config_text(const struct json *self, const char *key)
{
	const struct json *config = json_get(self, "Config");
	const struct json *value =
	    config == NULL ? NULL : json_get(config, key);

	return (value == NULL ? SLICE("") : value->text);
}

/* Without a second node it is the agent's own. */
static bool
self_find(struct run *run, const struct rtt_options *o, struct end *end)
{
	const struct json *self;
	struct request request;

	request_init(&request, &run->arena, "GET", "/v1/agent/self");
	if ((self = run_get(run, &request)) == NULL) {
		run_fail(run, "Unable to look up agent info");
		return (false);
	}
	end->name = config_text(self, "NodeName");
	if (o->is_wan)
		end->name = arena_printf(&run->arena, "%.*s.%.*s",
		    SLICE_ARGS(end->name),
		    SLICE_ARGS(config_text(self, "Datacenter")));
	return (true);
}

static int
rtt_work(struct run *run, const void *options)
{
	const struct rtt_options *o = options;
	struct end ends[2] = { 0 };

	if (run->argc != 1 && run->argc != 2) {
		say_error("One or two node names must be specified\n");
		command_usage(stderr, run->spec);
		return (1);
	}
	if (!run_connect(run, &o->client))
		return (1);
	ends[0].name = slice_of_text(run->argv[0]);
	if (run->argc == 2)
		ends[1].name = slice_of_text(run->argv[1]);
	else if (!self_find(run, o, &ends[1]))
		return (1);
	ends[0].node = ends[0].name;
	ends[1].node = ends[1].name;
	return (o->is_wan ? wan_show(run, ends) : lan_show(run, ends));
}

static const struct command_spec spec = {
	.usage = "rtt [options] node1 [node2]",
	.about = "Estimates the round trip time between two nodes by their "
		 "network coordinates. The second one is the agent's own node "
		 "if none is given. With -wan both are servers, named as in "
		 "node.datacenter.",
	.flags = flags,
	.work = rtt_work,
};

int
rtt_run(int argc, char **argv)
{
	struct rtt_options options = { 0 };

	return (command_main(&spec, argc, argv, &options));
}
