/*
 * Structs that travel only inside one suite: the agent's own services and
 * checks, membership, and the log between catalogd and raftd. Rows as in
 * type.h.
 */
#ifndef COMMON_LOCAL_TYPES_H
#define COMMON_LOCAL_TYPES_H

#include "rpc_types.h"

/* clang-format off */

/* What /v1/agent/services shows; JSON order of api/http.md 7. */
#define AGENT_SERVICE(F) \
	F(STR, _, kind, "Kind", 0, JSON_OMITEMPTY) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, service, "Service", 0, 0) \
	F(STRS, _, tags, "Tags", 0, JSON_EMPTY_LIST) \
	F(MAP_STR, _, meta, "Meta", 0, JSON_EMPTY_LIST) \
	F(INT, _, port, "Port", 0, 0) \
	F(STR, _, address, "Address", 0, 0) \
	F(MAP, service_address, tagged_addresses, "TaggedAddresses", 0, JSON_OMITEMPTY) \
	F(STRUCT, weights, weights, "Weights", 0, 0) \
	F(BOOL, _, enable_tag_override, "EnableTagOverride", 0, 0) \
	F(U64, _, create_index, "CreateIndex", 0, JSON_OMITEMPTY) \
	F(U64, _, modify_index, "ModifyIndex", 0, JSON_OMITEMPTY) \
	F(STR, _, content_hash, "ContentHash", 0, JSON_OMITEMPTY) \
	F(PTR, connect_proxy_config, proxy, "Proxy", 0, JSON_OMITEMPTY) \
	F(PTR, service_connect, connect, "Connect", 0, JSON_OMITEMPTY)

/* Generation: when it was last changed; never 0. */
#define AGENT_SERVICES(F) \
	F(LIST, agent_service, services, "Services", 0, 0) \
	F(U64, _, generation, "Generation", 0, 0)

/* The answer comes when the generation is another; 0: at once. */
#define AGENT_AFTER(F) \
	F(U64, _, generation, "Generation", 0, 0)

#define AGENT_CHECKS(F) \
	F(LIST, health_check, checks, "Checks", 0, 0)

/* Body of /v1/agent/check/register (api/http.md 7.2). */
#define CHECK_DEFINITION(F) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, name, "Name", 0, 0) \
	F(STR, _, notes, "Notes", 0, 0) \
	F(STR, _, service_id, "ServiceID", 0, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0) \
	F(STR, _, status, "Status", 0, 0) \
	F(STRS, _, script_args, "ScriptArgs", 0, 0) \
	F(STR, _, http, "HTTP", 0, 0) \
	F(MAP_STRS, _, header, "Header", 0, 0) \
	F(STR, _, method, "Method", 0, 0) \
	F(STR, _, body, "Body", 0, 0) \
	F(BOOL, _, disable_redirects, "DisableRedirects", 0, 0) /* of newer Consul */ \
	F(STR, _, tcp, "TCP", 0, 0) \
	F(DURATION, _, interval, "Interval", 0, 0) \
	F(STR, _, docker_container_id, "DockerContainerID", 0, 0) \
	F(STR, _, shell, "Shell", 0, 0) \
	F(STR, _, grpc, "GRPC", 0, 0) \
	F(BOOL, _, grpc_use_tls, "GRPCUseTLS", 0, 0) \
	F(BOOL, _, tls_skip_verify, "TLSSkipVerify", 0, 0) \
	F(STR, _, alias_node, "AliasNode", 0, 0) \
	F(STR, _, alias_service, "AliasService", 0, 0) \
	F(DURATION, _, timeout, "Timeout", 0, 0) \
	F(DURATION, _, ttl, "TTL", 0, 0) \
	F(INT, _, success_before_passing, "SuccessBeforePassing", 0, 0) \
	F(INT, _, failures_before_critical, "FailuresBeforeCritical", 0, 0) \
	F(DURATION, _, deregister_critical_service_after, "DeregisterCriticalServiceAfter", 0, 0) \
	F(INT, _, output_max_size, "OutputMaxSize", 0, 0)

#define AGENT_REGISTER_SERVICE(F) \
	F(STRUCT, service_definition, service, "Service", 0, 0) \
	F(BOOL, _, replace_existing_checks, "ReplaceExistingChecks", 0, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0)

#define AGENT_REGISTER_CHECK(F) \
	F(STRUCT, check_definition, check, "Check", 0, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0)

#define AGENT_ID(F) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0)

#define AGENT_MAINTENANCE(F) \
	F(STR, _, service_id, "ServiceID", 0, 0) /* unused for the node's */ \
	F(BOOL, _, is_enabled, "Enable", 0, 0) \
	F(STR, _, reason, "Reason", 0, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0)

/* pass, warn, fail and update of a TTL check. */
#define AGENT_CHECK_UPDATE(F) \
	F(STR, _, check_id, "CheckID", 0, 0) \
	F(STR, _, status, "Status", 0, 0) \
	F(STR, _, output, "Output", 0, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0)

/* One section (or several) of `consul info`. */
#define STATS_SECTION(F) \
	F(STR, _, name, "Name", 0, 0) \
	F(MAP_STR, _, values, "Values", 0, 0)

#define STATS(F) \
	F(LIST, stats_section, sections, "Sections", 0, 0)

/* --- Membership. --- */

/* JSON of api/http.md 7, member. Status: 1 alive 2 leaving 3 left 4 failed; 0 in
 * a notice: it is no member any more (reaped, pruned). */
#define SERF_MEMBER(F) \
	F(STR, _, name, "Name", 0, 0) \
	F(STR, _, addr, "Addr", 0, 0) \
	F(U64, _, port, "Port", 0, 0) \
	F(MAP_STR, _, tags, "Tags", 0, 0) \
	F(INT, _, status, "Status", 0, 0) \
	F(U64, _, protocol_min, "ProtocolMin", 0, 0) \
	F(U64, _, protocol_max, "ProtocolMax", 0, 0) \
	F(U64, _, protocol_cur, "ProtocolCur", 0, 0) \
	F(U64, _, delegate_min, "DelegateMin", 0, 0) \
	F(U64, _, delegate_max, "DelegateMax", 0, 0) \
	F(U64, _, delegate_cur, "DelegateCur", 0, 0)

#define SERF_MEMBERS(F) \
	F(LIST, serf_member, members, "Members", 0, 0)

#define SERF_MEMBERS_REQUEST(F) \
	F(BOOL, _, is_wan, "WAN", 0, 0)

/* Addresses to join, as `consul join` takes them. Refused with Consul's text
 * where none worked. */
#define SERF_JOIN_REQUEST(F) \
	F(STRS, _, addresses, "Addresses", SERF_JOIN_ADDRESSES_MAX, 0) \
	F(BOOL, _, is_wan, "WAN", 0, 0)

#define SERF_JOINED(F) \
	F(U64, _, count, "Count", 0, 0) /* of addresses that worked */

#define SERF_FORCE_LEAVE_REQUEST(F) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) /* or "node.dc": of the WAN */ \
	F(BOOL, _, is_prune, "Prune", 0, 0)

/* The name as Serf has it ("consul:event:deploy", "consul:new-leader"), the
 * payload as it goes out (user_event.h). Into the LAN pool; refused as Serf
 * does: "user event exceeds configured limit of 512 bytes before encoding". */
#define SERF_FIRE_REQUEST(F) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(BYTES, _, payload, "Payload", 0, 0)

/* A user event, as /v1/event/list shows it (api/http.md 8). */
#define USER_EVENT_ENTRY(F) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, name, "Name", 0, 0) /* without "consul:event:" */ \
	F(BYTES, _, payload, "Payload", 0, 0) \
	F(STR, _, node_filter, "NodeFilter", 0, 0) \
	F(STR, _, service_filter, "ServiceFilter", 0, 0) \
	F(STR, _, tag_filter, "TagFilter", 0, 0) \
	F(INT, _, version, "Version", 0, 0) \
	F(U64, _, ltime, "LTime", 0, 0)

#define USER_EVENTS(F) \
	F(LIST, user_event_entry, events, "Events", 0, 0) /* oldest first */ \
	F(U64, _, generation, "Generation", 0, 0) /* as of AGENT_SERVICES */

#define SERF_EVENTS_REQUEST(F) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) /* empty: all */ \
	F(INC, agent_after, after, "", 0, 0)

/* A question to the keyrings of all members of one pool. */
#define SERF_KEYRING_REQUEST(F) \
	F(STR, _, operation, "Operation", 16, 0) /* list install use remove */ \
	F(STR, _, key, "Key", 64, 0) /* base64; not to list */ \
	F(U64, _, relay_factor, "RelayFactor", 0, 0) \
	F(BOOL, _, is_wan, "WAN", 0, 0)

/* What they said; members as in Consul's KeyringResponse. */
#define SERF_KEYRING_REPLY(F) \
	F(MAP_STR, _, messages, "Messages", 0, 0) /* by node: why not */ \
	F(MAP_INT, _, keys, "Keys", 0, 0) /* base64: how many have it */ \
	F(MAP_INT, _, primary_keys, "PrimaryKeys", 0, 0) \
	F(INT, _, node_count, "NumNodes", 0, 0) \
	F(STR, _, error, "Error", 0, 0) /* "1/2 nodes reported failure", or "" */

/* --- The log, between catalogd and raftd. --- */

/* catalogd: give me everything behind this index (0: from the beginning, by
 * snapshot if need be), now and as it comes. */
#define RAFT_FOLLOW(F) \
	F(U64, _, index, "Index", 0, 0)

/* catalogd: append this. The same id comes back in Committed or Refused. */
#define RAFT_SUBMIT(F) \
	F(U64, _, id, "ID", 0, 0) \
	F(BYTES, _, data, "Data", RAFT_ENTRY_BYTES_MAX, 0) \
	F(BYTES, _, extensions, "Extensions", 0, 0) /* of a piece */

#define RAFT_REFUSED(F) \
	F(U64, _, id, "ID", 0, 0) \
	F(STR, _, why, "Why", 0, 0) /* Consul's text, e.g. "No cluster leader" */

/* raftd: entry `index` is committed. Strictly in order, every index that
 * carries a command (type 0); others only move `index` on. */
#define RAFT_COMMITTED(F) \
	F(U64, _, index, "Index", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(U64, _, type, "Type", 0, 0) /* wire/raft.md 4 */ \
	F(BYTES, _, data, "Data", RAFT_ENTRY_BYTES_MAX, 0) \
	F(BYTES, _, extensions, "Extensions", 0, 0) /* of a chunk */ \
	F(U64, _, id, "ID", 0, 0) /* of our Submit; 0 for others' */

/* raftd: what this server is now; sent at each change and after Follow. */
#define RAFT_STATE(F) \
	F(STR, _, role, "Role", 0, 0) /* "Leader", "Follower", "Candidate" */ \
	F(U64, _, term, "Term", 0, 0) \
	F(STR, _, leader_address, "LeaderAddress", 0, 0) \
	F(BOOL, _, is_leader, "IsLeader", 0, 0) /* and its noop is committed */ \
	F(BOOL, _, is_sole_voter, "IsSoleVoter", 0, 0) /* lease never ends */ \
	F(U64, _, commit_index, "CommitIndex", 0, 0) \
	F(STRS, _, peers, "Peers", 0, 0) /* addresses of the voters */

/* A piece of state.bin (wire/raft.md 7), in order. From catalogd: the answer
 * to SnapshotWanted. From raftd: what to start from after Follow. */
#define SNAPSHOT_PIECE(F) \
	F(U64, _, index, "Index", 0, 0) /* last entry in the snapshot */ \
	F(U64, _, term, "Term", 0, 0) \
	F(U64, _, offset, "Offset", 0, 0) \
	F(BYTES, _, data, "Data", 0, 0) \
	F(BOOL, _, is_last, "IsLast", 0, 0)

/* Who was heard from, as times of CLOCK_MONOTONIC in ns. On a follower, when
 * the leader last spoke; on a leader that is ready, until when no other server
 * can have become leader. Sent when either moves by a fifth of the lease or
 * 200 ms, and at once when the lease is gained or lost; the only voter has no
 * use for it (is_sole_voter). */
#define RAFT_CONTACT(F) \
	F(BOOL, _, has_contact, "HasContact", 0, 0) \
	F(INT, _, last_contact, "LastContact", 0, 0) \
	F(INT, _, lease_until, "LeaseUntil", 0, 0) /* 0: none */

/* A row of raft/peers.json. */
#define RAFT_PEER(F) \
	F(STR, _, id, "id", RAFT_NAME_BYTES_MAX, 0) \
	F(STR, _, address, "address", RAFT_NAME_BYTES_MAX, 0) /* "ip:port" */ \
	F(BOOL, _, non_voter, "non_voter", 0, 0)

/* catalogd: the servers that gossip shows are as many as bootstrap_expect;
 * ignored where the log has anything in it (wire/raft.md 5). */
#define RAFT_BOOTSTRAP(F) \
	F(LIST, raft_server_entry, servers, "Servers", RAFT_SERVERS_MAX, 0)

/* catalogd, on the leader: change who takes part. Answered when it is
 * committed; refused with why. */
#define RAFT_CHANGE_REQUEST(F) \
	F(STR, _, id, "ID", RAFT_NAME_BYTES_MAX, 0) \
	F(STR, _, address, "Address", RAFT_NAME_BYTES_MAX, 0) /* "ip:port"; not to remove */

/* gossipd, on a server that leaves: before it leaves the pool, and behind
 * that. Answered when Raft lets it go (wire/raft.md 5, leave), or will not. */
#define RAFT_LEAVE(F) \
	F(BOOL, _, has_left_pool, "HasLeftPool", 0, 0)

/* catalogd: where gossip says that this server is now. Wins over the address
 * in the log, which the leader's AddVoter or AddNonvoter then mends. */
#define RAFT_ADDRESS(F) \
	F(STR, _, id, "ID", RAFT_NAME_BYTES_MAX, 0) \
	F(STR, _, address, "Address", RAFT_NAME_BYTES_MAX, 0) /* "" when it has left */

/* --- Calls to other agents' port 8300. --- */

/* catalogd: put this call to that agent. The reply is the remote's, as it came
 * (any method's); a refusal is Consul's text with its prefix already there:
 * "rpc error making call: TEXT" where the other end said TEXT or the stream
 * broke ("... EOF"), "rpc error getting client: failed to get conn: dial tcp
 * ..." where nobody could be reached. Cancelling it gives up its stream. */
#define PEER_FORWARD(F) \
	F(STR, _, address, "Address", RAFT_NAME_BYTES_MAX, 0) /* "ip:port" */ \
	F(STR, _, method, "Method", PEER_METHOD_BYTES_MAX, 0) /* "KVS.Get" */ \
	F(BYTES, _, body, "Body", PEER_BODY_BYTES_MAX, 0) /* encoded request */

/* Stands for whatever that method answers; never decoded here. */
#define PEER_REPLY(F) \
	F(ANY, _, body, "Body", 0, 0)

/* --- Snapshots for users: archives as they are saved and restored. --- */

/* meta.json of an archive (wire/raft.md 7). */
#define ARCHIVE_META(F) \
	F(INT, _, version, "Version", 0, 0) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) /* TERM-INDEX-MS */ \
	F(U64, _, index, "Index", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(BYTES, _, peers, "Peers", 0, 0) /* msgpack: addresses of the voters */ \
	F(STRUCT, raft_configuration, configuration, "Configuration", 0, 0) \
	F(U64, _, configuration_index, "ConfigurationIndex", 0, 0) \
	F(INT, _, size, "Size", 0, 0) /* of state.bin */

#define SNAPSHOT_SAVE	 0
#define SNAPSHOT_RESTORE 1

/* catalogd has judged it: begin one. */
#define RAFT_SNAPSHOT_OPEN(F) \
	F(U64, _, op, "Op", 0, 0) /* SNAPSHOT_SAVE, SNAPSHOT_RESTORE */ \
	F(STR, _, address, "Address", RAFT_NAME_BYTES_MAX, 0) /* of the server to ask; "": this one */ \
	F(BYTES, _, request, "Request", 0, 0) /* for it: an encoded snapshot_request */

/* The handle is good for a minute without a read or write. */
#define SNAPSHOT_OPENED(F) \
	F(U64, _, handle, "Handle", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define SNAPSHOT_HANDLE(F) \
	F(U64, _, handle, "Handle", 0, 0)

/* The archive's next bytes; at least one unless is_last. */
#define SNAPSHOT_BYTES(F) \
	F(BYTES, _, data, "Data", 0, 0) \
	F(BOOL, _, is_last, "IsLast", 0, 0)

/* One at a time; the last is answered when the state is restored. */
#define SNAPSHOT_WRITE(F) \
	F(U64, _, handle, "Handle", 0, 0) \
	F(BYTES, _, data, "Data", 0, 0) \
	F(BOOL, _, is_last, "IsLast", 0, 0)

/* A key that a reload found changed; see config_changes.h. The counts are of
 * services, checks and watches. */
#define RELOAD_CHANGE(F) \
	F(STR, _, key, "Key", 0, 0) \
	F(STR, _, status, "Status", 0, 0) \
	F(STRS, _, daemons, "Daemons", 0, JSON_OMITEMPTY) \
	F(U64, _, added, "Added", 0, JSON_OMITEMPTY) \
	F(U64, _, removed, "Removed", 0, JSON_OMITEMPTY) \
	F(U64, _, changed, "Changed", 0, JSON_OMITEMPTY)

#define RELOAD_REPORT(F) \
	F(LIST, reload_change, changes, "Changes", 0, 0)

/* --- On every edge. --- */

#define EDGE_MONITOR(F) \
	F(U64, _, level, "Level", 0, 0) /* enum log_level; NONE: no more */

#define EDGE_LOG_LINE(F) \
	F(U64, _, level, "Level", 0, 0) \
	F(STR, _, line, "Line", 0, 0) /* as text */ \
	F(STR, _, json, "JSON", 0, 0) /* the same as JSON */

/* Body of /v1/agent/connect/authorize. */
#define CONNECT_AUTHORIZE(F) \
	F(STR, _, target, "Target", 0, 0) \
	F(STR, _, client_cert_uri, "ClientCertURI", 0, 0) \
	F(STR, _, client_cert_serial, "ClientCertSerial", 0, 0)

#define LOCAL_TYPES(X) \
	X(connect_authorize, CONNECT_AUTHORIZE, "ConnectAuthorizeRequest") \
	X(agent_service, AGENT_SERVICE, "AgentService") \
	X(agent_services, AGENT_SERVICES, "AgentServices") \
	X(agent_after, AGENT_AFTER, "AgentAfter") \
	X(agent_checks, AGENT_CHECKS, "AgentChecks") \
	X(check_definition, CHECK_DEFINITION, "CheckDefinition") \
	X(agent_register_service, AGENT_REGISTER_SERVICE, "AgentRegisterService") \
	X(agent_register_check, AGENT_REGISTER_CHECK, "AgentRegisterCheck") \
	X(agent_id, AGENT_ID, "AgentID") \
	X(agent_maintenance, AGENT_MAINTENANCE, "AgentMaintenance") \
	X(agent_check_update, AGENT_CHECK_UPDATE, "AgentCheckUpdate") \
	X(stats_section, STATS_SECTION, "StatsSection") \
	X(stats, STATS, "Stats") \
	X(serf_member, SERF_MEMBER, "Member") \
	X(serf_members, SERF_MEMBERS, "Members") \
	X(serf_members_request, SERF_MEMBERS_REQUEST, "MembersRequest") \
	X(serf_join_request, SERF_JOIN_REQUEST, "JoinRequest") \
	X(serf_joined, SERF_JOINED, "Joined") \
	X(serf_force_leave_request, SERF_FORCE_LEAVE_REQUEST, "ForceLeaveRequest") \
	X(serf_fire_request, SERF_FIRE_REQUEST, "FireRequest") \
	X(user_event_entry, USER_EVENT_ENTRY, "UserEvent") \
	X(user_events, USER_EVENTS, "UserEvents") \
	X(serf_events_request, SERF_EVENTS_REQUEST, "SerfEventsRequest") \
	X(serf_keyring_request, SERF_KEYRING_REQUEST, "SerfKeyringRequest") \
	X(serf_keyring_reply, SERF_KEYRING_REPLY, "SerfKeyringReply") \
	X(raft_follow, RAFT_FOLLOW, "RaftFollow") \
	X(raft_submit, RAFT_SUBMIT, "RaftSubmit") \
	X(raft_refused, RAFT_REFUSED, "RaftRefused") \
	X(raft_committed, RAFT_COMMITTED, "RaftCommitted") \
	X(raft_state, RAFT_STATE, "RaftState") \
	X(raft_peer, RAFT_PEER, "configEntry") \
	X(raft_contact, RAFT_CONTACT, "RaftContact") \
	X(snapshot_piece, SNAPSHOT_PIECE, "SnapshotPiece") \
	X(raft_bootstrap, RAFT_BOOTSTRAP, "RaftBootstrap") \
	X(raft_leave, RAFT_LEAVE, "RaftLeave") \
	X(raft_change_request, RAFT_CHANGE_REQUEST, "RaftChange") \
	X(raft_address, RAFT_ADDRESS, "RaftAddress") \
	X(peer_forward, PEER_FORWARD, "PeerForward") \
	X(peer_reply, PEER_REPLY, "PeerReply") \
	X(archive_meta, ARCHIVE_META, "SnapshotMeta") \
	X(raft_snapshot_open, RAFT_SNAPSHOT_OPEN, "RaftSnapshotOpen") \
	X(snapshot_opened, SNAPSHOT_OPENED, "SnapshotOpened") \
	X(snapshot_handle, SNAPSHOT_HANDLE, "SnapshotHandle") \
	X(snapshot_bytes, SNAPSHOT_BYTES, "SnapshotBytes") \
	X(snapshot_write, SNAPSHOT_WRITE, "SnapshotWrite") \
	X(reload_change, RELOAD_CHANGE, "ReloadChange") \
	X(reload_report, RELOAD_REPORT, "ReloadReport") \
	X(edge_monitor, EDGE_MONITOR, "EdgeMonitor") \
	X(edge_log_line, EDGE_LOG_LINE, "EdgeLogLine")
/* clang-format on */

#define X(name, rows, go_name)    \
	struct name {             \
		rows(TYPE_MEMBER) \
	};
LOCAL_TYPES(X)
#undef X

#define X(name, rows, go_name) extern const struct type name##_type;
LOCAL_TYPES(X)
#undef X

#endif
