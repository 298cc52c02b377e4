/*
 * What operators ask of Raft and autopilot.
 *
 * Source  api/http.md 12; Consul's operator_raft_endpoint.go and
 *         operator_autopilot_endpoint.go
 */
#include "autopilot_run.h"
#include "catalogd.h"
#include "coordinate.h"
#include "log.h"

#define LOG_NAME	"agent.server.operator"
#define ASK_DEADLINE	SECONDS(10)
#define CHANGE_DEADLINE SECONDS(60)

/* --- Removing a server from Raft, by hand. --- */

struct removal {
	struct catalogd *owner;
	struct call *call;
	struct slice id;
	struct slice address;
	bool is_by_id;
};

/* How the log and the errors name it. */
static struct slice
peer_of(const struct removal *removal)
{
	return (removal->is_by_id ? removal->id : removal->address);
}

static void
on_removed(void *arg, const struct answer *answer)
{
	const struct empty empty = {};
	struct removal *removal = arg;
	struct slice peer = peer_of(removal);

	if (answer->err != ERR_OK) {
		log_warn(LOG_NAME, "Failed to remove Raft peer",
		    "peer=%.*s error=\"%.*s\"", SLICE_ARGS(peer),
		    SLICE_ARGS(answer->text));
		call_fail_text(removal->call, answer->text);
		return;
	}
	log_warn(LOG_NAME, "Removed Raft peer", "peer=%.*s", SLICE_ARGS(peer));
	call_answer(removal->call, &empty_type, &empty);
}

static bool
is_meant(const struct removal *removal, const struct raft_server *server)
{
	return (removal->is_by_id
		    ? slice_equal(server->id, removal->id)
		    : slice_equal(server->address, removal->address));
}

static void
on_found(void *arg, const struct answer *answer)
{
	struct removal *removal = arg;
	struct call *call = removal->call;
	struct catalogd *c = removal->owner;
	struct raft_configuration_response now;
	struct raft_change_request change = { 0 };

	if (answer->err != ERR_OK ||
	    type_decode_all(&raft_configuration_response_type, answer->body,
		&call->arena, &now) != ERR_OK) {
		call_fail_text(call, answer->text);
		return;
	}
	for (size_t i = 0; i < now.servers.count; i++)
		if (is_meant(removal, &now.servers.items[i]))
			change.id = now.servers.items[i].id;
	if (change.id.size == 0) {
		call_fail(call,
		    "%s \"%.*s\" was not found in the Raft configuration",
		    removal->is_by_id ? "id" : "address",
		    SLICE_ARGS(peer_of(removal)));
		return;
	}
	edge_ask(c->daemon->edges[DAEMON_raftd], METHOD_Raft_RemoveServer,
	    &raft_change_request_type, &change, CHANGE_DEADLINE, on_removed,
	    removal);
}

static void
remove_peer(struct daemon *d, struct call *call,
    const struct raft_remove_peer_request *q, bool is_by_id)
{
	struct removal *removal = arena_alloc(&call->arena, sizeof(*removal));
	const struct empty empty = {};

	if (!datacenter_is_ours(catalogd_of(d), call, q->datacenter))
		return;
	*removal = (struct removal){ catalogd_of(d), call, q->id, q->address,
		is_by_id };
	edge_ask(d->edges[DAEMON_raftd], METHOD_Raft_Configuration, &empty_type,
	    &empty, ASK_DEADLINE, on_found, removal);
}

void
on_remove_by_address(struct daemon *d, struct call *call, const void *request)
{
	remove_peer(d, call, request, false);
}

void
on_remove_by_id(struct daemon *d, struct call *call, const void *request)
{
	remove_peer(d, call, request, true);
}

/* --- Autopilot. --- */

void
on_autopilot_get(struct daemon *d, struct call *call, const void *request)
{
	const struct dc_specific_request *q = request;
	const struct autopilot_config *config =
	    autopilot_config_of(catalogd_of(d)->state);

	if (!datacenter_is_ours(catalogd_of(d), call, q->datacenter))
		return;
	if (config == NULL)
		call_fail(call, "autopilot config not initialized yet");
	else
		call_answer(call, &autopilot_config_type, config);
}

void
on_autopilot_set(struct daemon *d, struct call *call, const void *request)
{
	const struct autopilot_set_config_request *q = request;
	struct catalogd *c = catalogd_of(d);

	if (datacenter_is_ours(c, call, q->datacenter))
		propose_call(c, call, FSM_AUTOPILOT,
		    &autopilot_set_config_request_type, q);
}

void
on_server_health(struct daemon *d, struct call *call, const void *request)
{
	const struct dc_specific_request *q = request;
	struct catalogd *c = catalogd_of(d);

	if (datacenter_is_ours(c, call, q->datacenter))
		autopilot_answer(c, call);
}
