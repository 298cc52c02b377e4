/*
 * catalogd: the state machine. It holds nodes, services, checks, keys and
 * sessions in memory, answers or hands on every question of the others, and
 * writes through raftd's log. It touches neither network nor disk: after a
 * restart raftd tells it everything again.
 *
 * Read on at fsm.h (the core) and catalogd.h (the edges).
 */
#include <stdlib.h>

#include "catalogd.h"
#include "log.h"
#include "xmalloc.h"

/* Who answers which method is in common/rpc_methods.h; what another daemon
 * owns is handed on. catalogd's own stand behind the door (forward.h). */
static call_fn *const handlers[METHOD_COUNT] = {
	[METHOD_Catalog_Register] = on_catalog_register,
	[METHOD_Catalog_Deregister] = on_catalog_deregister,
	[METHOD_Catalog_ListDatacenters] = on_catalog_datacenters,
	[METHOD_Catalog_ListNodes] = on_read,
	[METHOD_Catalog_ListServices] = on_read,
	[METHOD_Catalog_ServiceNodes] = on_read,
	[METHOD_Catalog_NodeServices] = on_read,
	[METHOD_Catalog_NodeServiceList] = on_read,
	[METHOD_Health_ChecksInState] = on_read,
	[METHOD_Health_NodeChecks] = on_read,
	[METHOD_Health_ServiceChecks] = on_read,
	[METHOD_Health_ServiceNodes] = on_read,
	[METHOD_Internal_NodeInfo] = on_read,
	[METHOD_Internal_NodeDump] = on_read,
	[METHOD_Internal_ServiceDump] = on_read,
	[METHOD_KVS_Apply] = on_kvs_apply,
	[METHOD_KVS_Get] = on_read,
	[METHOD_KVS_List] = on_read,
	[METHOD_KVS_ListKeys] = on_read,
	[METHOD_Session_Apply] = on_session_apply,
	[METHOD_Session_Get] = on_read,
	[METHOD_Session_List] = on_read,
	[METHOD_Session_NodeSessions] = on_read,
	[METHOD_Session_Renew] = on_session_renew,
	[METHOD_Coordinate_ListNodes] = on_read,
	[METHOD_Coordinate_Node] = on_read,
	[METHOD_PreparedQuery_Apply] = on_query_apply,
	[METHOD_PreparedQuery_Get] = on_read,
	[METHOD_PreparedQuery_List] = on_read,
	[METHOD_PreparedQuery_Explain] = on_query_explain,
	[METHOD_PreparedQuery_Execute] = on_query_execute,
	[METHOD_PreparedQuery_ExecuteRemote] = on_query_execute_remote,
	[METHOD_Txn_Apply] = on_txn_apply,
	[METHOD_Txn_Read] = on_txn_read,
	[METHOD_Status_Leader] = on_status_leader,
	[METHOD_Status_Peers] = on_status_peers,
	[METHOD_Status_Ping] = on_status_ping,
	[METHOD_Operator_RaftGetConfiguration] = on_raft_configuration,
	[METHOD_Operator_RaftRemovePeerByAddress] = on_remove_by_address,
	[METHOD_Operator_RaftRemovePeerByID] = on_remove_by_id,
	[METHOD_Operator_AutopilotGetConfiguration] = on_autopilot_get,
	[METHOD_Operator_AutopilotSetConfiguration] = on_autopilot_set,
	[METHOD_Operator_ServerHealth] = on_server_health,
	[METHOD_Internal_KeyringOperation] = on_keyring,
	[METHOD_Coordinate_Update] = on_coordinate_update,
	[METHOD_Coordinate_ListDatacenters] = on_coordinate_datacenters,
	[METHOD_Internal_EventFire] = on_event_fire,
	[METHOD_Agent_Stats] = on_agent_stats,
	[METHOD_Agent_HealthStats] = on_routed,
	[METHOD_Agent_Services] = on_routed,
	[METHOD_Agent_ServicesAfter] = on_routed,
	[METHOD_Agent_Checks] = on_routed,
	[METHOD_Agent_RegisterService] = on_routed,
	[METHOD_Agent_DeregisterService] = on_routed,
	[METHOD_Agent_ServiceMaintenance] = on_routed,
	[METHOD_Agent_NodeMaintenance] = on_routed,
	[METHOD_Agent_RegisterCheck] = on_routed,
	[METHOD_Agent_DeregisterCheck] = on_routed,
	[METHOD_Agent_UpdateCheck] = on_routed,
	[METHOD_Agent_Reload] = on_routed,
	[METHOD_Agent_RemoteExec] = on_routed,
	[METHOD_Agent_EventHeard] = on_routed,
	[METHOD_Serf_Members] = on_routed,
	[METHOD_Serf_Stats] = on_routed,
	[METHOD_Serf_Leave] = on_routed,
	[METHOD_Serf_Join] = on_routed,
	[METHOD_Serf_Events] = on_routed,
	[METHOD_Serf_ForceLeave] = on_routed,
	[METHOD_Serf_Coordinates] = on_routed,
	[METHOD_Raft_Leave] = on_leave,
	[METHOD_Raft_Stats] = on_routed,
	[METHOD_Serf_MemberChanged] = on_member_changed,
	[METHOD_Raft_Refused] = on_raft_refused,
	[METHOD_Raft_Committed] = on_raft_committed,
	[METHOD_Raft_State] = on_raft_state,
	[METHOD_Raft_Contact] = on_raft_contact,
	[METHOD_Raft_SnapshotWanted] = on_raft_snapshot_wanted,
	[METHOD_Raft_RestorePiece] = on_raft_restore_piece,
	[METHOD_Raft_TrySnapshot] = on_raft_try_snapshot,
	[METHOD_Snapshot_Open] = on_snapshot_open,
	[METHOD_Snapshot_Read] = on_routed,
	[METHOD_Snapshot_Write] = on_routed,
	[METHOD_Snapshot_Close] = on_routed,
	[METHOD_Edge_Reloaded] = on_reloaded,
	[METHOD_Edge_Monitor] = on_monitor,
	[METHOD_Edge_LogLine] = on_log_line,
};

static void
catalogd_open(struct daemon *d)
{
	struct catalogd *c = d->state;

	c->daemon = d;
	c->state = xcalloc(1, sizeof(*c->state));
	state_init(c->state);
	arena_init(&c->scratch);
	c->monitor_level = LOG_LEVEL_NONE;
	c->page = genpage_create(daemon_run_path(d, GENPAGE_FILE));
	propose_init(&c->proposals);
	watch_init(&c->watches);
	servers_init(c);
	forward_init(c, handlers);
	leader_init(c);
	autopilot_init(c);
	coordinates_init(c);
	raftd_init(c);
}

/* Everything begins with what the others say. */
static void
catalogd_start(struct daemon *d)
{
	(void)d;
}

static void
catalogd_turn(struct daemon *d)
{
	struct catalogd *c = d->state;

	watch_turn(c);
	c->turned_at = instant_now();
}

/* One that was there before and now is there anew has died alone: the catalog
 * knows how its checks were. Nothing else has left on this edge yet. */
static void
healthd_up(struct catalogd *c, struct edge *edge)
{
	if (c->has_met_healthd)
		(void)edge_tell(
		    edge, METHOD_Edge_Resume, &empty_type, &(struct empty){});
	c->has_met_healthd = true;
}

static void
catalogd_on_peer(struct daemon *d, struct edge *edge, bool is_up)
{
	struct catalogd *c = d->state;
	enum daemon_id peer = edge_peer(edge);

	if (peer == DAEMON_healthd && is_up)
		healthd_up(c, edge);
	if (is_up)
		monitor_peer_up(c, edge);
	else if (peer == DAEMON_httpd)
		monitor_httpd_down(c);
	if (peer == DAEMON_gossipd && is_up)
		leader_gossipd_up(c);
	if (peer != DAEMON_raftd)
		return;
	if (is_up)
		raftd_up(c);
	else
		raftd_down(c);
}

int
main(int argc, char **argv)
{
	static call_fn *doors[METHOD_COUNT];
	static const struct daemon_spec spec = {
		.id = DAEMON_catalogd,
		.state_size = sizeof(struct catalogd),
		.open = catalogd_open,
		.start = catalogd_start,
		.turn = catalogd_turn,
		.on_peer = catalogd_on_peer,
		.handlers = doors,
	};

	for (unsigned i = 0; i < METHOD_COUNT; i++)
		doors[i] = handlers[i] != NULL && forward_has_door(i)
			       ? on_door
			       : handlers[i];
	return (daemon_main(&spec, argc, argv));
}
