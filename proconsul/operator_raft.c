/* `operator raft`: the servers that take part in consensus. */
#include "api_types.h"
#include "command.h"
#include "table.h"

struct list_options {
	struct client_options client;
};

struct remove_options {
	struct client_options client;
	const char *address;
	const char *id;
};

/* clang-format off */
static const struct flag list_flags[] = {
	CLIENT_FLAGS(list_options),
	SERVER_FLAGS(list_options),
	FLAGS_END,
};

static const struct flag remove_flags[] = {
	CLIENT_FLAGS(remove_options),
	SERVER_FLAGS(remove_options),
	{ "address", FLAG_TEXT, offsetof(struct remove_options, address),
	    "string", "Address of the server, with its port.", NULL, false },
	{ "id", FLAG_TEXT, offsetof(struct remove_options, id), "string",
	    "ID of the server.", NULL, false },
	FLAGS_END,
};
/* clang-format on */

static void
print_peers(struct run *run, const struct api_raft_configuration *peers)
{
	const struct api_raft_server *s;
	struct table t;
	size_t i;

	table_init(&t, &run->arena, 6);
	table_add_text(&t, "Node");
	table_add_text(&t, "ID");
	table_add_text(&t, "Address");
	table_add_text(&t, "State");
	table_add_text(&t, "Voter");
	table_add_text(&t, "RaftProtocol");
	for (i = 0; i < peers->servers.count; i++) {
		s = &peers->servers.items[i];
		table_add(&t, s->node);
		table_add(&t, s->id);
		table_add(&t, s->address);
		table_add_text(&t, s->is_leader ? "leader" : "follower");
		table_add_text(&t, s->is_voter ? "true" : "false");
		table_add(&t, s->protocol_version);
	}
	table_print(&t, 2, stdout);
}

static int
list_work(struct run *run, const void *options)
{
	const struct list_options *o = options;
	struct api_raft_configuration peers = { 0 };
	struct request request;
	struct response response;

	if (!run_connect(run, &o->client))
		return (1);
	request_init(
	    &request, &run->arena, "GET", "/v1/operator/raft/configuration");
	if (o->client.is_stale)
		request_param(&request, "stale", "");
	if (run_get_type(run, &request, &api_raft_configuration_type, &peers,
		&response) != ERR_OK)
		return (run_fail(run, "Error getting peers: Failed to "
				      "retrieve raft configuration"));
	print_peers(run, &peers);
	return (0);
}

static int
remove_work(struct run *run, const void *options)
{
	const struct remove_options *o = options;
	bool is_by_id = *o->id != '\0';
	struct request request;
	struct response response;

	if (*o->address == '\0' && !is_by_id)
		return (say_error("Error removing peer: an address or id is "
				  "required for the peer to remove"));
	if (*o->address != '\0' && is_by_id)
		return (say_error("Error removing peer: cannot give both an "
				  "address and id"));
	if (!run_connect(run, &o->client))
		return (1);
	request_init(&request, &run->arena, "DELETE", "/v1/operator/raft/peer");
	request_param(&request, is_by_id ? "id" : "address",
	    is_by_id ? o->id : o->address);
	if (client_ask_ok(run->client, &request, &response, &run->why) !=
	    ERR_OK)
		return (run_fail(run, "Error removing peer"));
	printf("Removed peer with %s \"%s\"\n", is_by_id ? "id" : "address",
	    is_by_id ? o->id : o->address);
	return (0);
}

static const struct command_spec list_spec = {
	.usage = "operator raft list-peers [options]",
	.about = "Lists the servers of the Raft configuration.",
	.flags = list_flags,
	.work = list_work,
	.connect_error = "Error initializing client",
};

static const struct command_spec remove_spec = {
	.usage = "operator raft remove-peer [options]",
	.about = "Takes a server out of the Raft configuration that is "
		 "gone for good.",
	.flags = remove_flags,
	.work = remove_work,
	.connect_error = "Error initializing client",
};

int
operator_raft_list_run(int argc, char **argv)
{
	struct list_options options = { 0 };

	return (command_main(&list_spec, argc, argv, &options));
}

int
operator_raft_remove_run(int argc, char **argv)
{
	struct remove_options options = { .address = "", .id = "" };

	return (command_main(&remove_spec, argc, argv, &options));
}
