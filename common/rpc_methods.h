/*
 * Every question and every notice, one row each: the whole language of the
 * suite. A method without an ACL rule does not compile.
 *
 *   service, method   Consul's name: "KVS.Get" (Agent, Serf, Raft, Peer and
 *                     Edge are our own, and never leave the machine)
 *   owner             the daemon that answers; catalogd hands others' on
 *   request, reply    struct tables (rpc_types.h, local_types.h)
 *   kind              READ, WRITE (through the log), LOCAL (this agent only),
 *                     AGAIN (likewise, and twice is as good as once: it shows,
 *                     or sets what it says), NOTICE (no answer)
 *   rule              what an ACL token must grant (acl is a later capability;
 *                     until then every rule grants)
 *   from              which edges may carry it (catalogd: as router or author)
 */
#ifndef COMMON_RPC_METHODS_H
#define COMMON_RPC_METHODS_H

#include "local_types.h"
#include "rpc_types.h"
#include "wiring.h"

/* clang-format off */
#define ASK	(FROM(httpd) | FROM(healthd))
#define DNS	FROM(dnsd)
#define ROUTED	FROM(catalogd)
/* Also by other agents, over port 8300: raftd hands these on byte for byte. Any
 * other method is `rpc: can't find method` to them. */
#define PEER	FROM(raftd)

#define METHODS(X)                                                                                              \
	X(Catalog, Register,         catalogd, register_request,         empty,                       WRITE,  NODE_WRITE,    ASK | PEER)    \
	X(Catalog, Deregister,       catalogd, deregister_request,       empty,                       WRITE,  NODE_WRITE,    ASK | PEER)    \
	X(Catalog, ListDatacenters,  catalogd, datacenters_request,      texts,                       READ,   ANYONE,        FROM(httpd) | PEER) \
	X(Catalog, ListNodes,        catalogd, dc_specific_request,      indexed_nodes,               READ,   NODE_READ,     ASK | DNS | PEER) \
	X(Catalog, ListServices,     catalogd, dc_specific_request,      indexed_services,            READ,   SERVICE_READ,  ASK | PEER) \
	X(Catalog, ServiceNodes,     catalogd, service_specific_request, indexed_service_nodes,       READ,   SERVICE_READ,  FROM(httpd) | DNS | PEER) \
	X(Catalog, NodeServices,     catalogd, node_specific_request,    indexed_node_services,       READ,   NODE_READ,     FROM(httpd) | DNS | PEER) \
	X(Catalog, NodeServiceList,  catalogd, node_specific_request,    indexed_node_service_list,   READ,   NODE_READ,     ASK | PEER) \
	X(Health,  ChecksInState,    catalogd, checks_in_state_request,  indexed_health_checks,       READ,   NODE_READ,     ASK | PEER) \
	X(Health,  NodeChecks,       catalogd, node_specific_request,    indexed_health_checks,       READ,   NODE_READ,     ASK | PEER) \
	X(Health,  ServiceChecks,    catalogd, service_specific_request, indexed_health_checks,       READ,   SERVICE_READ,  ASK | PEER) \
	X(Health,  ServiceNodes,     catalogd, service_specific_request, indexed_check_service_nodes, READ,   SERVICE_READ,  ASK | DNS | PEER) \
	X(KVS,     Apply,            catalogd, kvs_request,              boolean,                     WRITE,  KEY_WRITE,     ASK | PEER) \
	X(KVS,     Get,              catalogd, key_request,              indexed_dir_entries,         READ,   KEY_READ,      ASK | PEER) \
	X(KVS,     List,             catalogd, key_request,              indexed_dir_entries,         READ,   KEY_LIST,      ASK | PEER) \
	X(KVS,     ListKeys,         catalogd, key_list_request,         indexed_key_list,            READ,   KEY_LIST,      FROM(httpd) | PEER) \
	X(Session, Apply,            catalogd, session_request,          text,                        WRITE,  SESSION_WRITE, FROM(httpd) | PEER) \
	X(Session, Get,              catalogd, session_specific_request, indexed_sessions,            READ,   SESSION_READ,  FROM(httpd) | PEER) \
	X(Session, List,             catalogd, session_specific_request, indexed_sessions,            READ,   SESSION_READ,  FROM(httpd) | PEER) \
	X(Session, NodeSessions,     catalogd, node_specific_request,    indexed_sessions,            READ,   SESSION_READ,  FROM(httpd) | PEER) \
	X(Session, Renew,            catalogd, session_specific_request, indexed_sessions,            READ,   SESSION_WRITE, FROM(httpd) | PEER) \
	X(Txn,     Apply,            catalogd, txn_request,              txn_response,                WRITE,  PER_OPERATION, FROM(httpd) | PEER) \
	X(Txn,     Read,             catalogd, txn_read_request,         txn_read_response,           READ,   PER_OPERATION, FROM(httpd) | PEER) \
	X(Status,  Leader,           catalogd, dc_specific_request,      text,                        READ,   ANYONE,        FROM(httpd) | PEER) \
	X(Status,  Peers,            catalogd, dc_specific_request,      texts,                       READ,   ANYONE,        FROM(httpd) | PEER) \
	X(Status,  Ping,             catalogd, empty,                    empty,                       READ,   ANYONE,        PEER) \
	X(Status,  RaftStats,        raftd,    empty,                    server_stats,                LOCAL,  ANYONE,        PEER)   \
	X(Internal, NodeInfo,        catalogd, node_specific_request,    indexed_node_dump,           READ,   NODE_READ,     FROM(httpd) | PEER) \
	X(Internal, NodeDump,        catalogd, dc_specific_request,      indexed_node_dump,           READ,   NODE_READ,     FROM(httpd) | PEER) \
	X(Internal, ServiceDump,     catalogd, service_dump_request,     indexed_check_service_nodes, READ,   NODE_READ,     FROM(httpd) | PEER) \
	X(Internal, EventFire,       catalogd, event_fire_request,       event_fire_response,         READ,   EVENT_WRITE,   FROM(httpd) | PEER) \
	X(Operator, RaftGetConfiguration, catalogd, dc_specific_request, raft_configuration_response, READ,   OPERATOR_READ, FROM(httpd) | PEER) \
	X(Operator, RaftRemovePeerByAddress, catalogd, raft_remove_peer_request,   empty,                       WRITE,  OPERATOR_WRITE, FROM(httpd) | PEER) \
	X(Operator, RaftRemovePeerByID, catalogd, raft_remove_peer_request,   empty,                       WRITE,  OPERATOR_WRITE, FROM(httpd) | PEER) \
	X(Operator, AutopilotGetConfiguration, catalogd, dc_specific_request,        autopilot_config,            READ,   OPERATOR_READ, FROM(httpd) | PEER) \
	X(Operator, AutopilotSetConfiguration, catalogd, autopilot_set_config_request, boolean,                     WRITE,  OPERATOR_WRITE, FROM(httpd) | PEER) \
	X(Operator, ServerHealth,   catalogd, dc_specific_request,        operator_health_reply,       READ,   OPERATOR_READ, FROM(httpd) | PEER) \
	X(Internal, KeyringOperation, catalogd, keyring_request,            keyring_responses,           LOCAL,  PER_OPERATION, FROM(httpd) | PEER) \
	X(Coordinate, Update,         catalogd, coordinate_update_request,  empty,                       WRITE,  NODE_WRITE,    FROM(httpd) | FROM(gossipd) | PEER) \
	X(Coordinate, ListDatacenters, catalogd, datacenters_request,        datacenter_maps,             READ,   ANYONE,        FROM(httpd) | PEER) \
	X(Coordinate, ListNodes,      catalogd, dc_specific_request,        indexed_coordinates,         READ,   NODE_READ,     FROM(httpd) | PEER) \
	X(Coordinate, Node,           catalogd, node_specific_request,      indexed_coordinates,         READ,   NODE_READ,     FROM(httpd) | PEER) \
	X(PreparedQuery, Apply,         catalogd, prepared_query_request,                text,                            WRITE,  QUERY_WRITE,   FROM(httpd) | PEER) \
	X(PreparedQuery, Get,           catalogd, prepared_query_specific_request,       indexed_prepared_queries,        READ,   QUERY_READ,    FROM(httpd) | PEER) \
	X(PreparedQuery, List,          catalogd, dc_specific_request,                   indexed_prepared_queries,        READ,   QUERY_READ,    FROM(httpd) | PEER) \
	X(PreparedQuery, Explain,       catalogd, prepared_query_execute_request,        prepared_query_explain_response, READ,   QUERY_READ,    FROM(httpd) | PEER) \
	X(PreparedQuery, Execute,       catalogd, prepared_query_execute_request,        prepared_query_execute_response, READ,   SERVICE_READ,  FROM(httpd) | DNS | PEER) \
	X(PreparedQuery, ExecuteRemote, catalogd, prepared_query_execute_remote_request, prepared_query_execute_response, READ,   SERVICE_READ,  PEER) \
	\
	X(Agent,   Stats,            catalogd, empty,                    stats,                       LOCAL,  AGENT_READ,    FROM(httpd)) \
	X(Agent,   HealthStats,      healthd,  empty,                    stats,                       AGAIN,  AGENT_READ,    FROM(httpd)) \
	X(Agent,   Services,         healthd,  empty,                    agent_services,              AGAIN,  SERVICE_READ,  FROM(httpd) | FROM(gossipd)) \
	X(Agent,   ServicesAfter,    healthd,  agent_after,              agent_services,              AGAIN,  SERVICE_READ,  ASK) \
	X(Agent,   Checks,           healthd,  empty,                    agent_checks,                AGAIN,  NODE_READ,     FROM(httpd)) \
	X(Agent,   RegisterService,  healthd,  agent_register_service,   empty,                       AGAIN,  SERVICE_WRITE, FROM(httpd)) \
	X(Agent,   DeregisterService, healthd, agent_id,                 empty,                       AGAIN,  SERVICE_WRITE, FROM(httpd)) \
	X(Agent,   ServiceMaintenance, healthd, agent_maintenance,       empty,                       AGAIN,  SERVICE_WRITE, FROM(httpd)) \
	X(Agent,   NodeMaintenance,  healthd,  agent_maintenance,        empty,                       AGAIN,  NODE_WRITE,    FROM(httpd)) \
	X(Agent,   RegisterCheck,    healthd,  agent_register_check,     empty,                       AGAIN,  NODE_WRITE,    FROM(httpd)) \
	X(Agent,   DeregisterCheck,  healthd,  agent_id,                 empty,                       AGAIN,  NODE_WRITE,    FROM(httpd)) \
	X(Agent,   UpdateCheck,      healthd,  agent_check_update,       empty,                       AGAIN,  NODE_WRITE,    FROM(httpd)) \
	X(Agent,   RemoteExec,       healthd,  user_event_entry,         empty,                       LOCAL,  ANYONE,        FROM(gossipd)) \
	X(Agent,   EventHeard,       healthd,  empty,                    empty,                       AGAIN,  ANYONE,        FROM(gossipd)) \
	X(Agent,   Reload,           healthd,  empty,                    reload_report,               AGAIN,  AGENT_WRITE,   FROM(httpd)) \
	X(Serf,    Members,          gossipd,  serf_members_request,     serf_members,                AGAIN,  NODE_READ,     FROM(httpd)) \
	X(Serf,    Stats,            gossipd,  empty,                    stats,                       AGAIN,  AGENT_READ,    FROM(httpd)) \
	X(Serf,    Leave,            gossipd,  empty,                    empty,                       LOCAL,  AGENT_WRITE,   FROM(httpd)) \
	X(Serf,    Join,             gossipd,  serf_join_request,        serf_joined,                 LOCAL,  AGENT_WRITE,   FROM(httpd)) \
	X(Serf,    ForceLeave,       gossipd,  serf_force_leave_request, empty,                       LOCAL,  OPERATOR_WRITE, FROM(httpd)) \
	X(Serf,    Coordinates,      gossipd,  serf_members_request,     coordinates,                 AGAIN,  NODE_READ,     FROM(httpd)) \
	X(Serf,    Events,           gossipd,  serf_events_request,      user_events,                 AGAIN,  EVENT_READ,    ASK) \
	X(Serf,    FireEvent,        gossipd,  serf_fire_request,        empty,                       LOCAL,  ANYONE,        ROUTED) \
	X(Serf,    Keyring,          gossipd,  serf_keyring_request,     serf_keyring_reply,          LOCAL,  ANYONE,        ROUTED) \
	X(Raft,    Stats,            raftd,    empty,                    stats,                       AGAIN,  AGENT_READ,    FROM(httpd)) \
	X(Raft,    Configuration,    raftd,    empty,                    raft_configuration_response, LOCAL,  OPERATOR_READ, ROUTED) \
	X(Raft,    Verify,           raftd,    empty,                    empty,                       LOCAL,  ANYONE,        ROUTED) \
	X(Raft,    AddVoter,         raftd,    raft_change_request,      empty,                       LOCAL,  ANYONE,        ROUTED) \
	X(Raft,    AddNonvoter,      raftd,    raft_change_request,      empty,                       LOCAL,  ANYONE,        ROUTED) \
	X(Raft,    RemoveServer,     raftd,    raft_change_request,      empty,                       LOCAL,  ANYONE,        ROUTED) \
	X(Raft,    Leave,            catalogd, raft_leave,               empty,                       LOCAL,  ANYONE,        FROM(gossipd)) \
	X(Raft,    Transfer,         raftd,    empty,                    empty,                       LOCAL,  ANYONE,        ROUTED) \
	X(Peer,    Forward,          raftd,    peer_forward,             peer_reply,                  LOCAL,  ANYONE,        ROUTED) \
	X(Snapshot, Open,            catalogd, snapshot_request,         snapshot_opened,             LOCAL,  MANAGEMENT,    FROM(httpd) | FROM(raftd)) \
	X(Snapshot, Read,            raftd,    snapshot_handle,          snapshot_bytes,              LOCAL,  ANYONE,        FROM(httpd)) \
	X(Snapshot, Write,           raftd,    snapshot_write,           empty,                       LOCAL,  ANYONE,        FROM(httpd)) \
	X(Snapshot, Close,           raftd,    snapshot_handle,          empty,                       LOCAL,  ANYONE,        FROM(httpd)) \
	X(Raft,    OpenSnapshot,     raftd,    raft_snapshot_open,       snapshot_opened,             LOCAL,  ANYONE,        ROUTED) \
	X(Raft,    TrySnapshot,      catalogd, snapshot_piece,           empty,                       LOCAL,  ANYONE,        FROM(raftd)) \
	\
	X(Serf,    MemberChanged,    catalogd, serf_member,              empty,                       NOTICE, ANYONE,        FROM(gossipd)) \
	X(Raft,    Follow,           raftd,    raft_follow,              empty,                       NOTICE, ANYONE,        FROM(catalogd)) \
	X(Raft,    Bootstrap,        raftd,    raft_bootstrap,           empty,                       NOTICE, ANYONE,        FROM(catalogd)) \
	X(Raft,    Address,          raftd,    raft_address,             empty,                       NOTICE, ANYONE,        FROM(catalogd)) \
	X(Raft,    Submit,           raftd,    raft_submit,              empty,                       NOTICE, ANYONE,        FROM(catalogd)) \
	X(Raft,    Refused,          catalogd, raft_refused,             empty,                       NOTICE, ANYONE,        FROM(raftd)) \
	X(Raft,    Committed,        catalogd, raft_committed,           empty,                       NOTICE, ANYONE,        FROM(raftd)) \
	X(Raft,    State,            catalogd, raft_state,               empty,                       NOTICE, ANYONE,        FROM(raftd)) \
	X(Raft,    Contact,          catalogd, raft_contact,             empty,                       NOTICE, ANYONE,        FROM(raftd)) \
	X(Raft,    SnapshotWanted,   catalogd, empty,                    empty,                       NOTICE, ANYONE,        FROM(raftd)) \
	X(Raft,    SnapshotPiece,    raftd,    snapshot_piece,           empty,                       NOTICE, ANYONE,        FROM(catalogd)) \
	X(Raft,    RestorePiece,     catalogd, snapshot_piece,           empty,                       NOTICE, ANYONE,        FROM(raftd)) \
	X(Edge,    Reloaded,         catalogd, empty,                    empty,                       NOTICE, ANYONE,        FROM(healthd)) \
	X(Edge,    Reload,           healthd,  empty,                    empty,                       NOTICE, ANYONE,        FROM(catalogd)) \
	X(Edge,    ServerJoined,     healthd,  empty,                    empty,                       NOTICE, ANYONE,        FROM(catalogd)) \
	X(Edge,    Resume,           healthd,  empty,                    empty,                       NOTICE, ANYONE,        FROM(catalogd)) \
	X(Edge,    Monitor,          catalogd, edge_monitor,             empty,                       NOTICE, AGENT_READ,    FROM(httpd) | FROM(catalogd)) \
	X(Edge,    LogLine,          catalogd, edge_log_line,            empty,                       NOTICE, ANYONE,        FROM(gossipd) | FROM(raftd) | FROM(healthd) | FROM(httpd) | FROM(dnsd) | FROM(catalogd))
/* clang-format on */

enum method {
#define X(service, method, owner, request, reply, kind, rule, from) \
	METHOD_##service##_##method,
	METHODS(X)
#undef X
	    METHOD_COUNT
};

enum method_kind {
	METHOD_READ,
	METHOD_WRITE,
	METHOD_LOCAL,
	METHOD_AGAIN,
	METHOD_NOTICE,
};

enum acl_rule {
	RULE_ANYONE,
	RULE_KEY_READ,
	RULE_KEY_LIST,
	RULE_KEY_WRITE,
	RULE_NODE_READ,
	RULE_NODE_WRITE,
	RULE_SERVICE_READ,
	RULE_SERVICE_WRITE,
	RULE_SESSION_READ,
	RULE_SESSION_WRITE,
	RULE_QUERY_READ,
	RULE_QUERY_WRITE,
	RULE_EVENT_READ,
	RULE_EVENT_WRITE,
	RULE_AGENT_READ,
	RULE_AGENT_WRITE,
	RULE_OPERATOR_READ,
	RULE_OPERATOR_WRITE,
	RULE_MANAGEMENT, /* all rights */
	RULE_PER_OPERATION,
};

struct method_row {
	const char *name; /* "KVS.Get" */
	enum daemon_id owner;
	const struct type *request;
	const struct type *reply;
	enum method_kind kind;
	enum acl_rule rule;
	uint32_t from; /* set of FROM() bits */
};

extern const struct method_row method_rows[METHOD_COUNT];

/* By Consul's name; METHOD_COUNT if there is none. */
enum method method_find(struct slice name);
/* A number that differs when any row differs: ends that were built from
 * different tables refuse each other. */
uint32_t method_table_hash(void);

#endif
