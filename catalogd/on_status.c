/*
 * Who leads, who votes, and what `consul info` shows of this server.
 *
 * Source  api/http.md 11 and 12, api/cli.md (info)
 */
#include "catalogd.h"

/* Answered from what is known here, leader or not. */
void
on_status_leader(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct dc_specific_request *q = request;
	struct text reply = { .value = c->raft.state.leader_address };

	if (datacenter_is_ours(c, call, q->datacenter))
		call_answer(call, &text_type, &reply);
}

void
on_status_peers(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct dc_specific_request *q = request;
	struct texts reply = { .value = c->raft.state.peers };

	if (datacenter_is_ours(c, call, q->datacenter))
		call_answer(call, &texts_type, &reply);
}

void
on_status_ping(struct daemon *d, struct call *call, const void *request)
{
	const struct empty reply = {};

	(void)d;
	(void)request;
	call_answer(call, &empty_type, &reply);
}

/* --- The configuration of raft, with the names of its servers. --- */

struct naming {
	struct catalogd *owner;
	struct call *call;
};

static void
server_name(struct catalogd *c, struct raft_server *server)
{
	struct slice name = leader_member_name(c, server->id);

	server->node = name.size > 0 ? name : SLICE("(unknown)");
	server->leader =
	    slice_equal(server->address, c->raft.state.leader_address);
}

static void
on_configuration(void *arg, const struct answer *answer)
{
	struct naming *naming = arg;
	struct call *call = naming->call;
	struct raft_configuration_response reply;

	if (answer->err != ERR_OK) {
		call_fail_text(call, answer->text);
		return;
	}
	if (type_decode_all(&raft_configuration_response_type, answer->body,
		&call->arena, &reply) != ERR_OK) {
		call_fail(call, "malformed Raft configuration");
		return;
	}
	for (size_t i = 0; i < reply.servers.count; i++)
		server_name(naming->owner, &reply.servers.items[i]);
	call_answer(call, &raft_configuration_response_type, &reply);
}

void
on_raft_configuration(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct dc_specific_request *q = request;
	const struct empty empty = {};
	struct naming *naming;

	if (!datacenter_is_ours(c, call, q->datacenter))
		return;
	naming = arena_alloc(&call->arena, sizeof(*naming));
	*naming = (struct naming){ c, call };
	edge_ask(d->edges[DAEMON_raftd], METHOD_Raft_Configuration, &empty_type,
	    &empty, SECONDS(10), on_configuration, naming);
}

/* --- The section `consul` of `consul info`. --- */

static struct slice
yes_or_no(bool is_so)
{
	return (is_so ? SLICE("true") : SLICE("false"));
}

static void
client_stats(struct catalogd *c, struct call *call)
{
	struct pair values[] = {
		{ SLICE("acl"), SLICE("disabled") },
		{ SLICE("known_servers"), arena_printf(&call->arena, "%zu",
					      servers_count(&c->servers)) },
		{ SLICE("server"), SLICE("false") },
	};
	struct stats_section section = {
		.name = SLICE("consul"),
		.values = { values, sizeof(values) / sizeof(*values) },
	};
	struct stats reply = { .sections = { &section, 1 } };

	call_answer(call, &stats_type, &reply);
}

void
on_agent_stats(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	struct pair values[] = {
		{ SLICE("acl"), SLICE("disabled") },
		{ SLICE("bootstrap"), yes_or_no(d->config->has_bootstrap) },
		{ SLICE("known_datacenters"), SLICE("1") },
		{ SLICE("leader"), yes_or_no(c->raft.state.is_leader) },
		{ SLICE("leader_addr"), c->raft.state.leader_address },
		{ SLICE("server"), yes_or_no(d->config->is_server) },
	};
	struct stats_section section = {
		.name = SLICE("consul"),
		.values = { values, sizeof(values) / sizeof(*values) },
	};
	struct stats reply = { .sections = { &section, 1 } };

	(void)request;
	if (d->config->is_server)
		call_answer(call, &stats_type, &reply);
	else
		client_stats(c, call);
}
