/*
 * Every struct that travels: a row a field.
 *
 * Names are those of the wire (Go's), members the same in snake_case; a row's
 * limit and flags are explained in type.h. Wire, log entries and snapshots
 * have the fields sorted by name, which types sort out themselves.
 *
 * Source  wire/types.md; JSON shapes of api/http.md 1.5 and its examples
 */
#ifndef COMMON_RPC_TYPES_H
#define COMMON_RPC_TYPES_H

#include "limits.h"
#include "type.h"

/* clang-format off */

/* --- Groups that other structs include. --- */

#define QUERY_OPTIONS(F) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0) \
	F(U64, _, min_query_index, "MinQueryIndex", 0, 0) \
	F(DURATION, _, max_query_time, "MaxQueryTime", 0, 0) \
	F(BOOL, _, allow_stale, "AllowStale", 0, 0) \
	F(BOOL, _, require_consistent, "RequireConsistent", 0, 0) \
	F(BOOL, _, use_cache, "UseCache", 0, 0) \
	F(DURATION, _, max_stale_duration, "MaxStaleDuration", 0, 0) \
	F(DURATION, _, max_age, "MaxAge", 0, 0) \
	F(BOOL, _, must_revalidate, "MustRevalidate", 0, 0) \
	F(DURATION, _, stale_if_error, "StaleIfError", 0, 0) \
	F(STR, _, filter, "Filter", 0, 0)

#define QUERY_META(F) \
	F(U64, _, index, "Index", 0, 0) \
	F(DURATION, _, last_contact, "LastContact", 0, 0) \
	F(BOOL, _, known_leader, "KnownLeader", 0, 0) \
	F(STR, _, consistency_level, "ConsistencyLevel", 0, 0)

#define WRITE_REQUEST(F) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0)

#define RAFT_INDEX(F) \
	F(U64, _, create_index, "CreateIndex", 0, 0) \
	F(U64, _, modify_index, "ModifyIndex", 0, 0)

#define RPC_HEADER(F) \
	F(INT, _, protocol_version, "ProtocolVersion", 0, 0)

/* Before each call and each answer on port 8300 (wire/rpc.md 3). */
#define CALL_REQUEST_HEADER(F) \
	F(U64, _, seq, "Seq", 0, 0) \
	F(STR, _, service_method, "ServiceMethod", 128, 0)

#define CALL_REPLY_HEADER(F) \
	F(STR, _, service_method, "ServiceMethod", 128, 0) \
	F(U64, _, seq, "Seq", 0, 0) \
	F(STR, _, error, "Error", 0, 0)

/* In front of a snapshot's state.bin (wire/raft.md 7). */
#define SNAPSHOT_HEADER(F) \
	F(U64, _, last_index, "LastIndex", 0, 0)

/* Record 16 of state.bin: the index of a table. */
#define INDEX_ENTRY(F) \
	F(STR, _, key, "Key", KEY_BYTES_MAX, 0) \
	F(U64, _, value, "Value", 0, 0)

/* --- Bare values: a reply or request that is no map. --- */

#define EMPTY(F)
#define BOOLEAN(F) F(BOOL, _, value, "", 0, 0)
#define TEXT(F)    F(STR, _, value, "", 0, 0)
#define TEXTS(F)   F(STRS, _, value, "", 0, 0)

#define COORDINATES(F) F(LIST, coordinate, value, "", 0, 0)
#define DATACENTER_MAPS(F) F(LIST, datacenter_map, value, "", 0, 0)

/* --- Structs, by name; those that stand inside others first. --- */

#define ACL(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STR, _, rules, "Rules", 0, 0) \
	F(STR, _, type, "Type", NAME_BYTES_MAX, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define ACL_NODE_IDENTITY(F) \
	F(STR, _, node_name, "NodeName", NAME_BYTES_MAX, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0)

#define ACL_POLICY(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STR, _, description, "Description", 0, 0) \
	F(STR, _, rules, "Rules", 0, 0) \
	F(INT, _, syntax, "Syntax", 0, JSON_SKIP) \
	F(STRS, _, datacenters, "Datacenters", 0, JSON_OMITEMPTY) \
	F(BYTES, _, hash, "Hash", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define ACL_POLICY_BATCH_DELETE_REQUEST(F) \
	F(STRS, _, policy_ids, "PolicyIDs", 0, 0)

#define ACL_POLICY_BATCH_GET_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STRS, _, policy_ids, "PolicyIDs", 0, 0) \
	F(INC, query_options, options, "", 0, 0)

#define ACL_POLICY_BATCH_RESPONSE(F) \
	F(LIST, acl_policy, policies, "Policies", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define ACL_POLICY_BATCH_SET_REQUEST(F) \
	F(LIST, acl_policy, policies, "Policies", 0, 0)

#define ACL_POLICY_SET_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STRUCT, acl_policy, policy, "Policy", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define ACL_REQUEST(F) \
	F(STRUCT, acl, acl, "ACL", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(INC, write_request, write, "", 0, 0)

#define ACL_ROLE(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STR, _, description, "Description", 0, 0) \
	F(LIST, acl_role_policy_link, policies, "Policies", 0, JSON_OMITEMPTY) \
	F(LIST, acl_service_identity, service_identities, "ServiceIdentities", 0, JSON_OMITEMPTY) \
	F(LIST, acl_node_identity, node_identities, "NodeIdentities", 0, JSON_OMITEMPTY) \
	F(BYTES, _, hash, "Hash", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define ACL_ROLE_BATCH_SET_REQUEST(F) \
	F(BOOL, _, allow_missing_links, "AllowMissingLinks", 0, 0) \
	F(LIST, acl_role, roles, "Roles", 0, 0)

#define ACL_ROLE_POLICY_LINK(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0)

#define ACL_ROLE_SET_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STRUCT, acl_role, role, "Role", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define ACL_SERVICE_IDENTITY(F) \
	F(STR, _, service_name, "ServiceName", NAME_BYTES_MAX, 0) \
	F(STRS, _, datacenters, "Datacenters", 0, JSON_OMITEMPTY)

#define ACL_TOKEN(F) \
	F(STR, _, accessor_id, "AccessorID", NAME_BYTES_MAX, 0) \
	F(STR, _, secret_id, "SecretID", TOKEN_BYTES_MAX, 0) \
	F(STR, _, description, "Description", 0, 0) \
	F(LIST, acl_token_policy_link, policies, "Policies", 0, JSON_OMITEMPTY) \
	F(LIST, acl_token_role_link, roles, "Roles", 0, JSON_OMITEMPTY) \
	F(LIST, acl_service_identity, service_identities, "ServiceIdentities", 0, JSON_OMITEMPTY) \
	F(LIST, acl_node_identity, node_identities, "NodeIdentities", 0, JSON_OMITEMPTY) \
	F(STR, _, type, "Type", NAME_BYTES_MAX, JSON_SKIP) \
	F(STR, _, rules, "Rules", 0, JSON_SKIP) \
	F(BOOL, _, local, "Local", 0, 0) \
	F(STR, _, auth_method, "AuthMethod", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(TIME_PTR, _, expiration_time, "ExpirationTime", 0, JSON_OMITEMPTY) \
	F(DURATION, _, expiration_ttl, "ExpirationTTL", 0, JSON_OMITEMPTY | JSON_DURATION_TEXT) \
	F(TIME, _, create_time, "CreateTime", 0, JSON_OMITEMPTY) \
	F(BYTES, _, hash, "Hash", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define ACL_TOKEN_BATCH_DELETE_REQUEST(F) \
	F(STRS, _, token_ids, "TokenIDs", 0, 0)

#define ACL_TOKEN_BATCH_SET_REQUEST(F) \
	F(BOOL, _, allow_missing_links, "AllowMissingLinks", 0, 0) \
	F(BOOL, _, cas, "CAS", 0, 0) \
	F(BOOL, _, from_replication, "FromReplication", 0, 0) \
	F(BOOL, _, prohibit_unprivileged, "ProhibitUnprivileged", 0, 0) \
	F(LIST, acl_token, tokens, "Tokens", 0, 0)

#define ACL_TOKEN_BOOTSTRAP_REQUEST(F) \
	F(U64, _, reset_index, "ResetIndex", 0, 0) \
	F(STRUCT, acl_token, token, "Token", 0, 0)

#define ACL_TOKEN_GET_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, token_id, "TokenID", NAME_BYTES_MAX, 0) \
	F(STR, _, token_id_type, "TokenIDType", NAME_BYTES_MAX, 0) \
	F(INC, query_options, options, "", 0, 0)

#define ACL_TOKEN_POLICY_LINK(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0)

#define ACL_TOKEN_RESPONSE(F) \
	F(BOOL, _, redacted, "Redacted", 0, 0) \
	F(STR, _, source_datacenter, "SourceDatacenter", DATACENTER_BYTES_MAX, 0) \
	F(PTR, acl_token, token, "Token", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define ACL_TOKEN_ROLE_LINK(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0)

#define ACL_TOKEN_SET_REQUEST(F) \
	F(STRUCT, acl_token, acl_token, "ACLToken", 0, 0) \
	F(BOOL, _, create, "Create", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(INC, write_request, write, "", 0, 0)

#define APPEND_ENTRIES_REQUEST(F) \
	F(LIST, raft_log, entries, "Entries", 0, 0) \
	F(BYTES, _, leader, "Leader", 0, 0) \
	F(U64, _, leader_commit_index, "LeaderCommitIndex", 0, 0) \
	F(U64, _, prev_log_entry, "PrevLogEntry", 0, 0) \
	F(U64, _, prev_log_term, "PrevLogTerm", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(INC, rpc_header, header, "", 0, 0)

#define APPEND_ENTRIES_RESPONSE(F) \
	F(U64, _, last_log, "LastLog", 0, 0) \
	F(BOOL, _, no_retry_backoff, "NoRetryBackoff", 0, 0) \
	F(BOOL, _, success, "Success", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(INC, rpc_header, header, "", 0, 0)

#define AUTOPILOT_CONFIG(F) \
	F(BOOL, _, cleanup_dead_servers, "CleanupDeadServers", 0, 0) \
	F(DURATION, _, last_contact_threshold, "LastContactThreshold", 0, JSON_DURATION_TEXT) \
	F(U64, _, max_trailing_logs, "MaxTrailingLogs", 0, 0) \
	F(U64, _, min_quorum, "MinQuorum", 0, 0) \
	F(DURATION, _, server_stabilization_time, "ServerStabilizationTime", 0, JSON_DURATION_TEXT) \
	F(STR, _, redundancy_zone_tag, "RedundancyZoneTag", 0, 0) \
	F(BOOL, _, disable_upgrade_migration, "DisableUpgradeMigration", 0, 0) \
	F(STR, _, upgrade_version_tag, "UpgradeVersionTag", 0, 0) \
	F(U64, _, create_index, "CreateIndex", 0, 0) \
	F(U64, _, modify_index, "ModifyIndex", 0, 0)

#define AUTOPILOT_SET_CONFIG_REQUEST(F) \
	F(BOOL, _, cas, "CAS", 0, 0) \
	F(STRUCT, autopilot_config, config, "Config", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(INC, write_request, write, "", 0, 0)

#define CA_CONFIGURATION(F) \
	F(STR, _, cluster_id, "ClusterID", 0, 0) \
	F(MAP_ANY, _, config, "Config", 0, 0) \
	F(BOOL, _, force_without_cross_signing, "ForceWithoutCrossSigning", 0, 0) \
	F(STR, _, provider, "Provider", 0, 0) \
	F(MAP_STR, _, state, "State", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define CA_CONSUL_PROVIDER_STATE(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, intermediate_cert, "IntermediateCert", 0, 0) \
	F(STR, _, private_key, "PrivateKey", 0, 0) \
	F(STR, _, root_cert, "RootCert", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define CA_LEAF_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(INC, write_request, write, "", 0, 0)

#define CA_REQUEST(F) \
	F(PTR, ca_configuration, config, "Config", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(U64, _, index, "Index", 0, 0) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(PTR, ca_consul_provider_state, provider_state, "ProviderState", 0, 0) \
	F(LIST, ca_root, roots, "Roots", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define CA_ROOT(F) \
	F(BOOL, _, active, "Active", 0, 0) \
	F(STR, _, external_trust_domain, "ExternalTrustDomain", 0, 0) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STRS, _, intermediate_certs, "IntermediateCerts", 0, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(TIME, _, not_after, "NotAfter", 0, 0) \
	F(TIME, _, not_before, "NotBefore", 0, 0) \
	F(INT, _, private_key_bits, "PrivateKeyBits", 0, 0) \
	F(STR, _, private_key_type, "PrivateKeyType", 0, 0) \
	F(STR, _, root_cert, "RootCert", 0, 0) \
	F(TIME, _, rotated_out_at, "RotatedOutAt", 0, 0) \
	F(U64, _, serial_number, "SerialNumber", 0, 0) \
	F(STR, _, signing_cert, "SigningCert", 0, 0) \
	F(STR, _, signing_key, "SigningKey", 0, 0) \
	F(STR, _, signing_key_id, "SigningKeyID", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define CHECK_SERVICE_NODE(F) \
	F(PTR, node, node, "Node", 0, 0) \
	F(PTR, node_service, service, "Service", 0, 0) \
	F(LIST, health_check, checks, "Checks", 0, JSON_EMPTY_LIST)

/* ServiceID: taken by the API, and ignored. */
#define CHECK_TYPE(F) \
	F(STR, _, service_id, "ServiceID", NAME_BYTES_MAX, WIRE_SKIP | JSON_OMITEMPTY) \
	F(STR, _, check_id, "CheckID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STR, _, status, "Status", NAME_BYTES_MAX, 0) \
	F(STR, _, notes, "Notes", 0, 0) \
	F(STRS, _, script_args, "ScriptArgs", 0, 0) \
	F(STR, _, http, "HTTP", 0, 0) \
	F(MAP_STRS, _, header, "Header", 0, 0) \
	F(STR, _, method, "Method", NAME_BYTES_MAX, 0) \
	F(STR, _, body, "Body", 0, 0) \
	F(BOOL, _, disable_redirects, "DisableRedirects", 0, JSON_OMITEMPTY) /* of newer Consul */ \
	F(STR, _, tcp, "TCP", 0, 0) \
	F(DURATION, _, interval, "Interval", 0, 0) \
	F(STR, _, alias_node, "AliasNode", NAME_BYTES_MAX, 0) \
	F(STR, _, alias_service, "AliasService", NAME_BYTES_MAX, 0) \
	F(STR, _, docker_container_id, "DockerContainerID", NAME_BYTES_MAX, 0) \
	F(STR, _, shell, "Shell", NAME_BYTES_MAX, 0) \
	F(STR, _, grpc, "GRPC", 0, 0) \
	F(BOOL, _, grpc_use_tls, "GRPCUseTLS", 0, 0) \
	F(BOOL, _, tls_skip_verify, "TLSSkipVerify", 0, 0) \
	F(DURATION, _, timeout, "Timeout", 0, 0) \
	F(DURATION, _, ttl, "TTL", 0, 0) \
	F(INT, _, success_before_passing, "SuccessBeforePassing", 0, 0) \
	F(INT, _, failures_before_critical, "FailuresBeforeCritical", 0, 0) \
	F(STR, _, proxy_http, "ProxyHTTP", 0, 0) \
	F(STR, _, proxy_grpc, "ProxyGRPC", 0, 0) \
	F(DURATION, _, deregister_critical_service_after, "DeregisterCriticalServiceAfter", 0, 0) \
	F(INT, _, output_max_size, "OutputMaxSize", 0, 0)

#define QUERY_SOURCE(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, ip, "Ip", NAME_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, segment, "Segment", NAME_BYTES_MAX, 0)

#define CHECKS_IN_STATE_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(MAP_STR, _, node_meta_filters, "NodeMetaFilters", PAIRS_MAX, 0) \
	F(STRUCT, query_source, source, "Source", 0, 0) \
	F(STR, _, state, "State", NAME_BYTES_MAX, 0) \
	F(INC, query_options, options, "", 0, 0)

#define MESH_GATEWAY_CONFIG(F) \
	F(STR, _, mode, "Mode", NAME_BYTES_MAX, JSON_OMITEMPTY)

#define SERVICE_RESOLVER_SUBSET(F) \
	F(STR, _, filter, "Filter", 0, 0) \
	F(BOOL, _, only_passing, "OnlyPassing", 0, 0)

#define CONFIG_ENTRY_QUERY(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, kind, "Kind", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(INC, query_options, options, "", 0, 0)

#define EXPOSE_CONFIG(F) \
	F(BOOL, _, checks, "Checks", 0, JSON_OMITEMPTY) \
	F(LIST, expose_path, paths, "Paths", 0, JSON_OMITEMPTY)

#define CONNECT_PROXY_CONFIG(F) \
	F(STR, _, destination_service_name, "DestinationServiceName", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, destination_service_id, "DestinationServiceID", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, local_service_address, "LocalServiceAddress", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(INT, _, local_service_port, "LocalServicePort", 0, JSON_OMITEMPTY) \
	F(MAP_ANY, _, config, "Config", 0, JSON_OMITEMPTY) \
	F(LIST, upstream, upstreams, "Upstreams", 0, JSON_OMITEMPTY) \
	F(STRUCT, mesh_gateway_config, mesh_gateway, "MeshGateway", 0, JSON_OMITEMPTY) \
	F(STRUCT, expose_config, expose, "Expose", 0, JSON_OMITEMPTY)

#define COORDINATE(F) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, segment, "Segment", NAME_BYTES_MAX, 0) \
	F(PTR, vivaldi_coord, coord, "Coord", 0, 0)

#define COORDINATE_UPDATE_REQUEST(F) \
	F(PTR, vivaldi_coord, coord, "Coord", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, segment, "Segment", NAME_BYTES_MAX, 0) \
	F(INC, write_request, write, "", 0, 0)

#define DC_SPECIFIC_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(MAP_STR, _, node_meta_filters, "NodeMetaFilters", PAIRS_MAX, 0) \
	F(STRUCT, query_source, source, "Source", 0, 0) \
	F(INC, query_options, options, "", 0, 0)

#define DATACENTER_MAP(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, area_id, "AreaID", NAME_BYTES_MAX, 0) \
	F(LIST, coordinate, coordinates, "Coordinates", 0, 0)

#define DATACENTERS_REQUEST(F) \
	F(INC, query_options, options, "", 0, 0)

/* Address: taken by the API, and ignored. */
#define DEREGISTER_REQUEST(F) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, WIRE_SKIP) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, service_id, "ServiceID", NAME_BYTES_MAX, 0) \
	F(STR, _, check_id, "CheckID", NAME_BYTES_MAX, 0) \
	F(INC, write_request, write, "", 0, 0)

#define DIR_ENTRY(F) \
	F(U64, _, lock_index, "LockIndex", 0, 0) \
	F(STR, _, key, "Key", KEY_BYTES_MAX, 0) \
	F(U64, _, flags, "Flags", 0, 0) \
	F(BYTES, _, value, "Value", 0, 0) \
	F(STR, _, session, "Session", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(INC, raft_index, indexes, "", 0, 0)

#define EVENT_FIRE_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(BYTES, _, payload, "Payload", 0, 0) \
	F(INC, query_options, options, "", 0, 0)

#define EVENT_FIRE_RESPONSE(F) \
	F(INC, query_meta, meta, "", 0, 0)

#define EXPOSE_PATH(F) \
	F(INT, _, listener_port, "ListenerPort", 0, JSON_OMITEMPTY) \
	F(STR, _, path, "Path", 0, JSON_OMITEMPTY) \
	F(INT, _, local_path_port, "LocalPathPort", 0, JSON_OMITEMPTY) \
	F(STR, _, protocol, "Protocol", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(BOOL, _, parsed_from_check, "ParsedFromCheck", 0, 0)

#define FEDERATION_STATE(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(LIST, check_service_node, mesh_gateways, "MeshGateways", 0, 0) \
	F(U64, _, primary_modify_index, "PrimaryModifyIndex", 0, 0) \
	F(TIME, _, updated_at, "UpdatedAt", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define FEDERATION_STATE_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(PTR, federation_state, state, "State", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define SERVICE_NAME(F) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0)

#define HEALTH_CHECK_DEFINITION(F) \
	F(DURATION, _, interval, "Interval", 0, JSON_OMITEMPTY | JSON_DURATION_TEXT) \
	F(U64, _, output_max_size, "OutputMaxSize", 0, JSON_OMITEMPTY) \
	F(DURATION, _, timeout, "Timeout", 0, JSON_OMITEMPTY | JSON_DURATION_TEXT) \
	F(DURATION, _, deregister_critical_service_after, "DeregisterCriticalServiceAfter", 0, JSON_OMITEMPTY | JSON_DURATION_TEXT) \
	F(STR, _, http, "HTTP", 0, JSON_OMITEMPTY) \
	F(BOOL, _, tls_skip_verify, "TLSSkipVerify", 0, JSON_OMITEMPTY) \
	F(MAP_STRS, _, header, "Header", 0, JSON_OMITEMPTY) \
	F(STR, _, method, "Method", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, body, "Body", 0, JSON_OMITEMPTY) \
	F(STR, _, tcp, "TCP", 0, JSON_OMITEMPTY) \
	F(STRS, _, script_args, "ScriptArgs", 0, JSON_OMITEMPTY) \
	F(STR, _, docker_container_id, "DockerContainerID", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, shell, "Shell", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, grpc, "GRPC", 0, JSON_OMITEMPTY) \
	F(BOOL, _, grpc_use_tls, "GRPCUseTLS", 0, JSON_OMITEMPTY) \
	F(STR, _, alias_node, "AliasNode", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, alias_service, "AliasService", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(DURATION, _, ttl, "TTL", 0, JSON_OMITEMPTY)

/* tags_flags: how no tags look in JSON. */
#define HEALTH_CHECK_ROWS(F, tags_flags) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, check_id, "CheckID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STR, _, status, "Status", NAME_BYTES_MAX, 0) \
	F(STR, _, notes, "Notes", 0, 0) \
	F(STR, _, output, "Output", 0, 0) \
	F(STR, _, service_id, "ServiceID", NAME_BYTES_MAX, 0) \
	F(STR, _, service_name, "ServiceName", NAME_BYTES_MAX, 0) \
	F(STRS, _, service_tags, "ServiceTags", TAGS_MAX, tags_flags) \
	F(STR, _, type, "Type", NAME_BYTES_MAX, 0) \
	F(STRUCT, health_check_definition, definition, "Definition", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define HEALTH_CHECK(F) HEALTH_CHECK_ROWS(F, JSON_EMPTY_LIST)

#define INDEXED_CHECK_SERVICE_NODES(F) \
	F(LIST, check_service_node, nodes, "Nodes", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_COORDINATES(F) \
	F(LIST, coordinate, coordinates, "Coordinates", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_DIR_ENTRIES(F) \
	F(LIST, dir_entry, entries, "Entries", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_HEALTH_CHECKS(F) \
	F(LIST, health_check, health_checks, "HealthChecks", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_KEY_LIST(F) \
	F(STRS, _, keys, "Keys", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_NODE_DUMP(F) \
	F(LIST, node_info, dump, "Dump", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define NODE_SERVICE_LIST(F) \
	F(PTR, node, node, "Node", 0, 0) \
	F(LIST, node_service, services, "Services", 0, 0)

#define INDEXED_NODE_SERVICE_LIST(F) \
	F(STRUCT, node_service_list, node_services, "NodeServices", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_NODE_SERVICES(F) \
	F(PTR, node_services, node_services, "NodeServices", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_NODES(F) \
	F(LIST, node, nodes, "Nodes", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_PREPARED_QUERIES(F) \
	F(LIST, prepared_query, queries, "Queries", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_SERVICE_LIST(F) \
	F(LIST, service_name, services, "Services", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_SERVICE_NODES(F) \
	F(LIST, service_node, service_nodes, "ServiceNodes", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_SERVICES(F) \
	F(MAP_STRS, _, services, "Services", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INDEXED_SESSIONS(F) \
	F(LIST, session, sessions, "Sessions", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define INSTALL_SNAPSHOT_REQUEST(F) \
	F(BYTES, _, configuration, "Configuration", 0, 0) \
	F(U64, _, configuration_index, "ConfigurationIndex", 0, 0) \
	F(U64, _, last_log_index, "LastLogIndex", 0, 0) \
	F(U64, _, last_log_term, "LastLogTerm", 0, 0) \
	F(BYTES, _, leader, "Leader", 0, 0) \
	F(BYTES, _, peers, "Peers", 0, 0) \
	F(INT, _, size, "Size", 0, 0) \
	F(INT, _, snapshot_version, "SnapshotVersion", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(INC, rpc_header, header, "", 0, 0)

#define INSTALL_SNAPSHOT_RESPONSE(F) \
	F(BOOL, _, success, "Success", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(INC, rpc_header, header, "", 0, 0)

#define INTENTION(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, description, "Description", 0, 0) \
	F(STR, _, source_ns, "SourceNS", NAME_BYTES_MAX, 0) \
	F(STR, _, source_name, "SourceName", NAME_BYTES_MAX, 0) \
	F(STR, _, destination_ns, "DestinationNS", NAME_BYTES_MAX, 0) \
	F(STR, _, destination_name, "DestinationName", NAME_BYTES_MAX, 0) \
	F(STR, _, source_type, "SourceType", NAME_BYTES_MAX, 0) \
	F(STR, _, action, "Action", NAME_BYTES_MAX, 0) \
	F(STR, _, default_addr, "DefaultAddr", 0, JSON_SKIP) \
	F(INT, _, default_port, "DefaultPort", 0, JSON_SKIP) \
	F(MAP_STR, _, meta, "Meta", PAIRS_MAX, 0) \
	F(INT, _, precedence, "Precedence", 0, 0) \
	F(TIME, _, created_at, "CreatedAt", 0, 0) \
	F(TIME, _, updated_at, "UpdatedAt", 0, 0) \
	F(BYTES, _, hash, "Hash", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define INTENTION_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(PTR, intention, intention, "Intention", 0, 0) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(INC, write_request, write, "", 0, 0)

#define KVS_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STRUCT, dir_entry, dir_ent, "DirEnt", 0, 0) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(INC, write_request, write, "", 0, 0)

#define KEY_LIST_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, prefix, "Prefix", KEY_BYTES_MAX, 0) \
	F(STR, _, seperator, "Seperator", KEY_BYTES_MAX, 0) \
	F(INC, query_options, options, "", 0, 0)

#define KEY_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, key, "Key", KEY_BYTES_MAX, 0) \
	F(INC, query_options, options, "", 0, 0)

#define KEYRING_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(BOOL, _, forwarded, "Forwarded", 0, 0) \
	F(STR, _, key, "Key", KEY_BYTES_MAX, 0) \
	F(BOOL, _, local_only, "LocalOnly", 0, 0) \
	F(STR, _, operation, "Operation", NAME_BYTES_MAX, 0) \
	F(U64, _, relay_factor, "RelayFactor", 0, 0) \
	F(INC, query_options, options, "", 0, 0)

#define KEYRING_RESPONSE(F) \
	F(BOOL, _, wan, "WAN", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, segment, "Segment", NAME_BYTES_MAX, 0) \
	F(MAP_STR, _, messages, "Messages", 0, JSON_OMITEMPTY) \
	F(MAP_INT, _, keys, "Keys", 0, 0) \
	F(MAP_INT, _, primary_keys, "PrimaryKeys", 0, 0) \
	F(INT, _, num_nodes, "NumNodes", 0, 0) \
	F(STR, _, error, "Error", 0, JSON_OMITEMPTY)

#define KEYRING_RESPONSES(F) \
	F(LIST, keyring_response, responses, "Responses", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define RAFT_LOG(F) \
	F(BYTES, _, data, "Data", 0, 0) \
	F(BYTES, _, extensions, "Extensions", 0, 0) \
	F(U64, _, index, "Index", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(U64, _, type, "Type", 0, 0)

#define NODE(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(MAP_STR, _, tagged_addresses, "TaggedAddresses", PAIRS_MAX, 0) \
	F(MAP_STR, _, meta, "Meta", PAIRS_MAX, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define NODE_INFO(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(MAP_STR, _, tagged_addresses, "TaggedAddresses", PAIRS_MAX, 0) \
	F(MAP_STR, _, meta, "Meta", PAIRS_MAX, 0) \
	F(LIST, node_service, services, "Services", 0, 0) \
	F(LIST, health_check, checks, "Checks", 0, 0)

#define SERVICE_ADDRESS(F) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(INT, _, port, "Port", 0, 0)

#define SERVICE_CONNECT(F) \
	F(BOOL, _, native, "Native", 0, JSON_OMITEMPTY) \
	F(PTR, service_definition, sidecar_service, "SidecarService", 0, JSON_OMITEMPTY)

/* tags_flags: how no tags look in JSON. */
#define NODE_SERVICE_ROWS(F, tags_flags) \
	F(STR, _, kind, "Kind", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, service, "Service", NAME_BYTES_MAX, 0) \
	F(STRS, _, tags, "Tags", TAGS_MAX, tags_flags) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(MAP, service_address, tagged_addresses, "TaggedAddresses", PAIRS_MAX, JSON_OMITEMPTY) \
	F(MAP_STR, _, meta, "Meta", PAIRS_MAX, 0) \
	F(INT, _, port, "Port", 0, 0) \
	F(PTR, weights, weights, "Weights", 0, 0) \
	F(BOOL, _, enable_tag_override, "EnableTagOverride", 0, 0) \
	F(STRUCT, connect_proxy_config, proxy, "Proxy", 0, 0) \
	F(STRUCT, service_connect, connect, "Connect", 0, 0) \
	F(BOOL, _, locally_registered_as_sidecar, "LocallyRegisteredAsSidecar", 0, JSON_SKIP) \
	F(INC, raft_index, indexes, "", 0, 0)

#define NODE_SERVICE(F) NODE_SERVICE_ROWS(F, JSON_EMPTY_LIST)

#define NODE_SERVICES(F) \
	F(PTR, node, node, "Node", 0, 0) \
	F(MAP, node_service, services, "Services", 0, 0)

#define NODE_SPECIFIC_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(INC, query_options, options, "", 0, 0)

#define OPERATOR_HEALTH_REPLY(F) \
	F(BOOL, _, healthy, "Healthy", 0, 0) \
	F(INT, _, failure_tolerance, "FailureTolerance", 0, 0) \
	F(LIST, server_health, servers, "Servers", 0, 0)

#define QUERY_DNS_OPTIONS(F) \
	F(STR, _, ttl, "TTL", NAME_BYTES_MAX, 0)

#define QUERY_TEMPLATE_OPTIONS(F) \
	F(STR, _, type, "Type", NAME_BYTES_MAX, 0) \
	F(STR, _, regexp, "Regexp", 0, 0) \
	F(BOOL, _, remove_empty_tags, "RemoveEmptyTags", 0, 0)

#define QUERY_DATACENTER_OPTIONS(F) \
	F(INT, _, nearest_n, "NearestN", 0, 0) \
	F(STRS, _, datacenters, "Datacenters", 0, 0)

#define SERVICE_QUERY(F) \
	F(STR, _, service, "Service", NAME_BYTES_MAX, 0) \
	F(STRUCT, query_datacenter_options, failover, "Failover", 0, 0) \
	F(BOOL, _, only_passing, "OnlyPassing", 0, 0) \
	F(STRS, _, ignore_check_ids, "IgnoreCheckIDs", 0, 0) \
	F(STR, _, near, "Near", NAME_BYTES_MAX, 0) \
	F(STRS, _, tags, "Tags", TAGS_MAX, 0) \
	F(MAP_STR, _, node_meta, "NodeMeta", PAIRS_MAX, 0) \
	F(MAP_STR, _, service_meta, "ServiceMeta", PAIRS_MAX, 0) \
	F(BOOL, _, connect, "Connect", 0, 0)

#define PREPARED_QUERY(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STR, _, session, "Session", NAME_BYTES_MAX, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0) \
	F(STRUCT, query_template_options, template, "Template", 0, 0) \
	F(STRUCT, service_query, service, "Service", 0, 0) \
	F(STRUCT, query_dns_options, dns, "DNS", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define PREPARED_QUERY_EXECUTE_REQUEST(F) \
	F(STRUCT, query_source, agent, "Agent", 0, 0) \
	F(BOOL, _, connect, "Connect", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(INT, _, limit, "Limit", 0, 0) \
	F(STR, _, query_id_or_name, "QueryIDOrName", NAME_BYTES_MAX, 0) \
	F(STRUCT, query_source, source, "Source", 0, 0) \
	F(INC, query_options, options, "", 0, 0)

#define PREPARED_QUERY_EXECUTE_REMOTE_REQUEST(F) \
	F(BOOL, _, connect, "Connect", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(INT, _, limit, "Limit", 0, 0) \
	F(STRUCT, prepared_query, query, "Query", 0, 0) \
	F(INC, query_options, options, "", 0, 0)

#define PREPARED_QUERY_EXECUTE_RESPONSE(F) \
	F(STR, _, service, "Service", NAME_BYTES_MAX, 0) \
	F(LIST, check_service_node, nodes, "Nodes", 0, 0) \
	F(STRUCT, query_dns_options, dns, "DNS", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(INT, _, failovers, "Failovers", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define PREPARED_QUERY_EXPLAIN_RESPONSE(F) \
	F(STRUCT, prepared_query, query, "Query", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define PREPARED_QUERY_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(PTR, prepared_query, query, "Query", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define PREPARED_QUERY_SPECIFIC_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, query_id, "QueryID", NAME_BYTES_MAX, 0) \
	F(INC, query_options, options, "", 0, 0)

#define RAFT_CONFIGURATION(F) \
	F(LIST, raft_server_entry, servers, "Servers", 0, 0)

#define RAFT_CONFIGURATION_RESPONSE(F) \
	F(LIST, raft_server, servers, "Servers", 0, 0) \
	F(U64, _, index, "Index", 0, 0)

#define RAFT_REMOVE_PEER_REQUEST(F) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(INC, write_request, write, "", 0, 0)

#define RAFT_SERVER(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(BOOL, _, leader, "Leader", 0, 0) \
	F(STR, _, protocol_version, "ProtocolVersion", NAME_BYTES_MAX, 0) \
	F(BOOL, _, voter, "Voter", 0, 0)

#define RAFT_SERVER_ENTRY(F) \
	F(INT, _, suffrage, "Suffrage", 0, 0) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0)

#define REGISTER_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(MAP_STR, _, tagged_addresses, "TaggedAddresses", PAIRS_MAX, 0) \
	F(MAP_STR, _, node_meta, "NodeMeta", PAIRS_MAX, 0) \
	F(PTR, node_service, service, "Service", 0, 0) \
	F(PTR, health_check, check, "Check", 0, 0) \
	F(LIST, health_check, checks, "Checks", 0, 0) \
	F(BOOL, _, skip_node_update, "SkipNodeUpdate", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define REQUEST_VOTE_REQUEST(F) \
	F(BYTES, _, candidate, "Candidate", 0, 0) \
	F(U64, _, last_log_index, "LastLogIndex", 0, 0) \
	F(U64, _, last_log_term, "LastLogTerm", 0, 0) \
	F(BOOL, _, leadership_transfer, "LeadershipTransfer", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(INC, rpc_header, header, "", 0, 0)

#define REQUEST_VOTE_RESPONSE(F) \
	F(BOOL, _, granted, "Granted", 0, 0) \
	F(BYTES, _, peers, "Peers", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(INC, rpc_header, header, "", 0, 0)

#define SERVER_HEALTH(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(INT, _, serf_status, "SerfStatus", 0, 0) \
	F(STR, _, version, "Version", NAME_BYTES_MAX, 0) \
	F(BOOL, _, leader, "Leader", 0, 0) \
	F(DURATION, _, last_contact, "LastContact", 0, 0) \
	F(U64, _, last_term, "LastTerm", 0, 0) \
	F(U64, _, last_index, "LastIndex", 0, 0) \
	F(BOOL, _, healthy, "Healthy", 0, 0) \
	F(BOOL, _, voter, "Voter", 0, 0) \
	F(TIME, _, stable_since, "StableSince", 0, 0)

#define SERVER_STATS(F) \
	F(STR, _, last_contact, "LastContact", 0, 0) \
	F(U64, _, last_index, "LastIndex", 0, 0) \
	F(U64, _, last_term, "LastTerm", 0, 0)

#define SERVICE_CHECK(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, namespace, "Namespace", NAME_BYTES_MAX, 0)

#define SERVICE_CONFIG_ENTRY(F) \
	F(STRUCT, expose_config, expose, "Expose", 0, 0) \
	F(STR, _, external_sni, "ExternalSNI", 0, 0) \
	F(STR, _, kind, "Kind", NAME_BYTES_MAX, 0) \
	F(STRUCT, mesh_gateway_config, mesh_gateway, "MeshGateway", 0, 0) \
	F(MAP_STR, _, meta, "Meta", PAIRS_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STR, _, protocol, "Protocol", NAME_BYTES_MAX, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define SERVICE_DEFINITION(F) \
	F(STR, _, kind, "Kind", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STRS, _, tags, "Tags", TAGS_MAX, 0) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(MAP, service_address, tagged_addresses, "TaggedAddresses", PAIRS_MAX, 0) \
	F(MAP_STR, _, meta, "Meta", PAIRS_MAX, 0) \
	F(INT, _, port, "Port", 0, 0) \
	F(STRUCT, check_type, check, "Check", 0, 0) \
	F(LIST, check_type, checks, "Checks", 0, 0) \
	F(PTR, weights, weights, "Weights", 0, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0) \
	F(BOOL, _, enable_tag_override, "EnableTagOverride", 0, 0) \
	F(PTR, connect_proxy_config, proxy, "Proxy", 0, 0) \
	F(PTR, service_connect, connect, "Connect", 0, 0)

#define SERVICE_DUMP_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, service_kind, "ServiceKind", NAME_BYTES_MAX, 0) \
	F(STRUCT, query_source, source, "Source", 0, 0) \
	F(BOOL, _, use_service_kind, "UseServiceKind", 0, 0) \
	F(INC, query_options, options, "", 0, 0)

#define WEIGHTS(F) \
	F(INT, _, passing, "Passing", 0, 0) \
	F(INT, _, warning, "Warning", 0, 0)

#define SERVICE_NODE(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STR, _, address, "Address", NAME_BYTES_MAX, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(MAP_STR, _, tagged_addresses, "TaggedAddresses", PAIRS_MAX, 0) \
	F(MAP_STR, _, node_meta, "NodeMeta", PAIRS_MAX, 0) \
	F(STR, _, service_kind, "ServiceKind", NAME_BYTES_MAX, 0) \
	F(STR, _, service_id, "ServiceID", NAME_BYTES_MAX, 0) \
	F(STR, _, service_name, "ServiceName", NAME_BYTES_MAX, 0) \
	F(STRS, _, service_tags, "ServiceTags", TAGS_MAX, JSON_EMPTY_LIST) \
	F(STR, _, service_address, "ServiceAddress", NAME_BYTES_MAX, 0) \
	F(MAP, service_address, service_tagged_addresses, "ServiceTaggedAddresses", PAIRS_MAX, JSON_OMITEMPTY) \
	F(STRUCT, weights, service_weights, "ServiceWeights", 0, 0) \
	F(MAP_STR, _, service_meta, "ServiceMeta", PAIRS_MAX, JSON_EMPTY_LIST) \
	F(INT, _, service_port, "ServicePort", 0, 0) \
	F(BOOL, _, service_enable_tag_override, "ServiceEnableTagOverride", 0, 0) \
	F(STRUCT, connect_proxy_config, service_proxy, "ServiceProxy", 0, 0) \
	F(STRUCT, service_connect, service_connect, "ServiceConnect", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define SERVICE_RESOLVER_FAILOVER(F) \
	F(STRS, _, datacenters, "Datacenters", 0, 0) \
	F(STR, _, namespace, "Namespace", NAME_BYTES_MAX, 0) \
	F(STR, _, service, "Service", NAME_BYTES_MAX, 0) \
	F(STR, _, service_subset, "ServiceSubset", NAME_BYTES_MAX, 0)

#define SERVICE_RESOLVER_CONFIG_ENTRY(F) \
	F(DURATION, _, connect_timeout, "ConnectTimeout", 0, 0) \
	F(STR, _, default_subset, "DefaultSubset", NAME_BYTES_MAX, 0) \
	F(MAP, service_resolver_failover, failover, "Failover", 0, 0) \
	F(STR, _, kind, "Kind", NAME_BYTES_MAX, 0) \
	F(MAP_STR, _, meta, "Meta", PAIRS_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(PTR, service_resolver_redirect, redirect, "Redirect", 0, 0) \
	F(MAP, service_resolver_subset, subsets, "Subsets", 0, 0) \
	F(INC, raft_index, indexes, "", 0, 0)

#define SERVICE_RESOLVER_REDIRECT(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, namespace, "Namespace", NAME_BYTES_MAX, 0) \
	F(STR, _, service, "Service", NAME_BYTES_MAX, 0) \
	F(STR, _, service_subset, "ServiceSubset", NAME_BYTES_MAX, 0)

#define SERVICE_SPECIFIC_REQUEST(F) \
	F(BOOL, _, connect, "Connect", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(BOOL, _, ingress, "Ingress", 0, 0) \
	F(MAP_STR, _, node_meta_filters, "NodeMetaFilters", PAIRS_MAX, 0) \
	F(STR, _, service_address, "ServiceAddress", NAME_BYTES_MAX, 0) \
	F(STR, _, service_name, "ServiceName", NAME_BYTES_MAX, 0) \
	F(STR, _, service_tag, "ServiceTag", NAME_BYTES_MAX, 0) \
	F(STRS, _, service_tags, "ServiceTags", TAGS_MAX, 0) \
	F(STRUCT, query_source, source, "Source", 0, 0) \
	F(BOOL, _, tag_filter, "TagFilter", 0, 0) \
	F(INC, query_options, options, "", 0, 0)

#define SESSION(F) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(STR, _, name, "Name", NAME_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(DURATION, _, lock_delay, "LockDelay", 0, 0) \
	F(STR, _, behavior, "Behavior", NAME_BYTES_MAX, 0) \
	F(STR, _, ttl, "TTL", NAME_BYTES_MAX, 0) \
	F(STRS, _, node_checks, "NodeChecks", 0, 0) \
	F(LIST, service_check, service_checks, "ServiceChecks", 0, 0) \
	F(STRS, _, checks, "Checks", 0, JSON_OMITEMPTY) \
	F(INC, raft_index, indexes, "", 0, 0)

#define SESSION_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(STRUCT, session, session, "Session", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define SESSION_SPECIFIC_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, session, "Session", NAME_BYTES_MAX, 0) \
	F(STR, _, session_id, "SessionID", NAME_BYTES_MAX, 0) \
	F(INC, query_options, options, "", 0, 0)

#define SNAPSHOT_META(F) \
	F(INT, _, version, "Version", 0, 0) \
	F(STR, _, id, "ID", NAME_BYTES_MAX, 0) \
	F(U64, _, index, "Index", 0, 0) \
	F(U64, _, term, "Term", 0, 0) \
	F(BYTES, _, peers, "Peers", 0, 0) \
	F(STRUCT, raft_configuration, configuration, "Configuration", 0, 0) \
	F(U64, _, configuration_index, "ConfigurationIndex", 0, 0) \
	F(INT, _, size, "Size", 0, 0)

#define SNAPSHOT_REQUEST(F) \
	F(BOOL, _, allow_stale, "AllowStale", 0, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(INT, _, op, "Op", 0, 0) \
	F(STR, _, token, "Token", TOKEN_BYTES_MAX, 0)

#define SNAPSHOT_RESPONSE(F) \
	F(STR, _, error, "Error", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define TIMEOUT_NOW_REQUEST(F) \
	F(INC, rpc_header, header, "", 0, 0)

#define TIMEOUT_NOW_RESPONSE(F) \
	F(INC, rpc_header, header, "", 0, 0)

#define TOMBSTONE_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(U64, _, reap_index, "ReapIndex", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define TXN_CHECK_OP(F) \
	F(STR, _, verb, "Verb", NAME_BYTES_MAX, 0) \
	F(STRUCT, health_check, check, "Check", 0, 0)

#define TXN_ERROR(F) \
	F(INT, _, op_index, "OpIndex", 0, 0) \
	F(STR, _, what, "What", 0, 0)

#define TXN_INTENTION_OP(F) \
	F(STR, _, op, "Op", NAME_BYTES_MAX, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(PTR, intention, intention, "Intention", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define TXN_KV_OP(F) \
	F(STR, _, verb, "Verb", NAME_BYTES_MAX, 0) \
	F(STRUCT, dir_entry, dir_ent, "DirEnt", 0, 0)

#define TXN_NODE_OP(F) \
	F(STR, _, verb, "Verb", NAME_BYTES_MAX, 0) \
	F(STRUCT, node, node, "Node", 0, 0)

#define TXN_OP(F) \
	F(PTR, txn_kv_op, kv, "KV", 0, 0) \
	F(PTR, txn_node_op, node, "Node", 0, 0) \
	F(PTR, txn_service_op, service, "Service", 0, 0) \
	F(PTR, txn_check_op, check, "Check", 0, 0) \
	F(PTR, txn_session_op, session, "Session", 0, 0) \
	F(PTR, txn_intention_op, intention, "Intention", 0, 0)

#define TXN_READ_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(LIST, txn_op, ops, "Ops", 0, 0) \
	F(INC, query_options, options, "", 0, 0)

#define TXN_READ_RESPONSE(F) \
	F(LIST, txn_result, results, "Results", 0, 0) \
	F(LIST, txn_error, errors, "Errors", 0, 0) \
	F(INC, query_meta, meta, "", 0, 0)

#define TXN_REQUEST(F) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, 0) \
	F(LIST, txn_op, ops, "Ops", 0, 0) \
	F(INC, write_request, write, "", 0, 0)

#define TXN_RESPONSE(F) \
	F(LIST, txn_result, results, "Results", 0, 0) \
	F(LIST, txn_error, errors, "Errors", 0, 0)

#define TXN_RESULT(F) \
	F(PTR, dir_entry, kv, "KV", 0, JSON_OMITEMPTY) \
	F(PTR, node, node, "Node", 0, JSON_OMITEMPTY) \
	F(PTR, node_service, service, "Service", 0, JSON_OMITEMPTY) \
	F(PTR, health_check, check, "Check", 0, JSON_OMITEMPTY)

#define TXN_SERVICE_OP(F) \
	F(STR, _, verb, "Verb", NAME_BYTES_MAX, 0) \
	F(STR, _, node, "Node", NAME_BYTES_MAX, 0) \
	F(STRUCT, node_service, service, "Service", 0, 0)

#define TXN_SESSION_OP(F) \
	F(STR, _, verb, "Verb", NAME_BYTES_MAX, 0) \
	F(STRUCT, session, session, "Session", 0, 0)

#define UPSTREAM(F) \
	F(STR, _, destination_type, "DestinationType", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, destination_namespace, "DestinationNamespace", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, destination_name, "DestinationName", NAME_BYTES_MAX, 0) \
	F(STR, _, datacenter, "Datacenter", DATACENTER_BYTES_MAX, JSON_OMITEMPTY) \
	F(STR, _, local_bind_address, "LocalBindAddress", NAME_BYTES_MAX, JSON_OMITEMPTY) \
	F(INT, _, local_bind_port, "LocalBindPort", 0, JSON_OMITEMPTY) \
	F(MAP_ANY, _, config, "Config", 0, JSON_OMITEMPTY) \
	F(STRUCT, mesh_gateway_config, mesh_gateway, "MeshGateway", 0, JSON_OMITEMPTY) \
	F(STRS, _, ingress_hosts, "IngressHosts", 0, JSON_SKIP)

#define VIVALDI_COORD(F) \
	F(FLOATS, _, vec, "Vec", 0, 0) \
	F(FLOAT, _, error, "Error", 0, 0) \
	F(FLOAT, _, adjustment, "Adjustment", 0, 0) \
	F(FLOAT, _, height, "Height", 0, 0)

/* X(struct, rows, name): every struct that is a map. */
#define RPC_MAP_TYPES(X) \
	X(query_options, QUERY_OPTIONS, "QueryOptions") \
	X(query_meta, QUERY_META, "QueryMeta") \
	X(write_request, WRITE_REQUEST, "WriteRequest") \
	X(raft_index, RAFT_INDEX, "RaftIndex") \
	X(rpc_header, RPC_HEADER, "RPCHeader") \
	X(call_request_header, CALL_REQUEST_HEADER, "Request") \
	X(call_reply_header, CALL_REPLY_HEADER, "Response") \
	X(snapshot_header, SNAPSHOT_HEADER, "snapshotHeader") \
	X(index_entry, INDEX_ENTRY, "IndexEntry") \
	X(empty, EMPTY, "Empty") \
	X(acl, ACL, "ACL") \
	X(acl_node_identity, ACL_NODE_IDENTITY, "ACLNodeIdentity") \
	X(acl_policy, ACL_POLICY, "ACLPolicy") \
	X(acl_policy_batch_delete_request, ACL_POLICY_BATCH_DELETE_REQUEST, "ACLPolicyBatchDeleteRequest") \
	X(acl_policy_batch_get_request, ACL_POLICY_BATCH_GET_REQUEST, "ACLPolicyBatchGetRequest") \
	X(acl_policy_batch_response, ACL_POLICY_BATCH_RESPONSE, "ACLPolicyBatchResponse") \
	X(acl_policy_batch_set_request, ACL_POLICY_BATCH_SET_REQUEST, "ACLPolicyBatchSetRequest") \
	X(acl_policy_set_request, ACL_POLICY_SET_REQUEST, "ACLPolicySetRequest") \
	X(acl_request, ACL_REQUEST, "ACLRequest") \
	X(acl_role, ACL_ROLE, "ACLRole") \
	X(acl_role_batch_set_request, ACL_ROLE_BATCH_SET_REQUEST, "ACLRoleBatchSetRequest") \
	X(acl_role_policy_link, ACL_ROLE_POLICY_LINK, "ACLRolePolicyLink") \
	X(acl_role_set_request, ACL_ROLE_SET_REQUEST, "ACLRoleSetRequest") \
	X(acl_service_identity, ACL_SERVICE_IDENTITY, "ACLServiceIdentity") \
	X(acl_token, ACL_TOKEN, "ACLToken") \
	X(acl_token_batch_delete_request, ACL_TOKEN_BATCH_DELETE_REQUEST, "ACLTokenBatchDeleteRequest") \
	X(acl_token_batch_set_request, ACL_TOKEN_BATCH_SET_REQUEST, "ACLTokenBatchSetRequest") \
	X(acl_token_bootstrap_request, ACL_TOKEN_BOOTSTRAP_REQUEST, "ACLTokenBootstrapRequest") \
	X(acl_token_get_request, ACL_TOKEN_GET_REQUEST, "ACLTokenGetRequest") \
	X(acl_token_policy_link, ACL_TOKEN_POLICY_LINK, "ACLTokenPolicyLink") \
	X(acl_token_response, ACL_TOKEN_RESPONSE, "ACLTokenResponse") \
	X(acl_token_role_link, ACL_TOKEN_ROLE_LINK, "ACLTokenRoleLink") \
	X(acl_token_set_request, ACL_TOKEN_SET_REQUEST, "ACLTokenSetRequest") \
	X(append_entries_request, APPEND_ENTRIES_REQUEST, "AppendEntriesRequest") \
	X(append_entries_response, APPEND_ENTRIES_RESPONSE, "AppendEntriesResponse") \
	X(autopilot_config, AUTOPILOT_CONFIG, "AutopilotConfig") \
	X(autopilot_set_config_request, AUTOPILOT_SET_CONFIG_REQUEST, "AutopilotSetConfigRequest") \
	X(ca_configuration, CA_CONFIGURATION, "CAConfiguration") \
	X(ca_consul_provider_state, CA_CONSUL_PROVIDER_STATE, "CAConsulProviderState") \
	X(ca_leaf_request, CA_LEAF_REQUEST, "CALeafRequest") \
	X(ca_request, CA_REQUEST, "CARequest") \
	X(ca_root, CA_ROOT, "CARoot") \
	X(check_service_node, CHECK_SERVICE_NODE, "CheckServiceNode") \
	X(check_type, CHECK_TYPE, "CheckType") \
	X(query_source, QUERY_SOURCE, "QuerySource") \
	X(checks_in_state_request, CHECKS_IN_STATE_REQUEST, "ChecksInStateRequest") \
	X(mesh_gateway_config, MESH_GATEWAY_CONFIG, "MeshGatewayConfig") \
	X(service_resolver_subset, SERVICE_RESOLVER_SUBSET, "ServiceResolverSubset") \
	X(config_entry_query, CONFIG_ENTRY_QUERY, "ConfigEntryQuery") \
	X(expose_config, EXPOSE_CONFIG, "ExposeConfig") \
	X(connect_proxy_config, CONNECT_PROXY_CONFIG, "ConnectProxyConfig") \
	X(coordinate, COORDINATE, "Coordinate") \
	X(coordinate_update_request, COORDINATE_UPDATE_REQUEST, "CoordinateUpdateRequest") \
	X(dc_specific_request, DC_SPECIFIC_REQUEST, "DCSpecificRequest") \
	X(datacenter_map, DATACENTER_MAP, "DatacenterMap") \
	X(datacenters_request, DATACENTERS_REQUEST, "DatacentersRequest") \
	X(deregister_request, DEREGISTER_REQUEST, "DeregisterRequest") \
	X(dir_entry, DIR_ENTRY, "DirEntry") \
	X(event_fire_request, EVENT_FIRE_REQUEST, "EventFireRequest") \
	X(event_fire_response, EVENT_FIRE_RESPONSE, "EventFireResponse") \
	X(expose_path, EXPOSE_PATH, "ExposePath") \
	X(federation_state, FEDERATION_STATE, "FederationState") \
	X(federation_state_request, FEDERATION_STATE_REQUEST, "FederationStateRequest") \
	X(service_name, SERVICE_NAME, "ServiceName") \
	X(health_check_definition, HEALTH_CHECK_DEFINITION, "HealthCheckDefinition") \
	X(health_check, HEALTH_CHECK, "HealthCheck") \
	X(indexed_check_service_nodes, INDEXED_CHECK_SERVICE_NODES, "IndexedCheckServiceNodes") \
	X(indexed_coordinates, INDEXED_COORDINATES, "IndexedCoordinates") \
	X(indexed_dir_entries, INDEXED_DIR_ENTRIES, "IndexedDirEntries") \
	X(indexed_health_checks, INDEXED_HEALTH_CHECKS, "IndexedHealthChecks") \
	X(indexed_key_list, INDEXED_KEY_LIST, "IndexedKeyList") \
	X(indexed_node_dump, INDEXED_NODE_DUMP, "IndexedNodeDump") \
	X(node_service_list, NODE_SERVICE_LIST, "NodeServiceList") \
	X(indexed_node_service_list, INDEXED_NODE_SERVICE_LIST, "IndexedNodeServiceList") \
	X(indexed_node_services, INDEXED_NODE_SERVICES, "IndexedNodeServices") \
	X(indexed_nodes, INDEXED_NODES, "IndexedNodes") \
	X(indexed_prepared_queries, INDEXED_PREPARED_QUERIES, "IndexedPreparedQueries") \
	X(indexed_service_list, INDEXED_SERVICE_LIST, "IndexedServiceList") \
	X(indexed_service_nodes, INDEXED_SERVICE_NODES, "IndexedServiceNodes") \
	X(indexed_services, INDEXED_SERVICES, "IndexedServices") \
	X(indexed_sessions, INDEXED_SESSIONS, "IndexedSessions") \
	X(install_snapshot_request, INSTALL_SNAPSHOT_REQUEST, "InstallSnapshotRequest") \
	X(install_snapshot_response, INSTALL_SNAPSHOT_RESPONSE, "InstallSnapshotResponse") \
	X(intention, INTENTION, "Intention") \
	X(intention_request, INTENTION_REQUEST, "IntentionRequest") \
	X(kvs_request, KVS_REQUEST, "KVSRequest") \
	X(key_list_request, KEY_LIST_REQUEST, "KeyListRequest") \
	X(key_request, KEY_REQUEST, "KeyRequest") \
	X(keyring_request, KEYRING_REQUEST, "KeyringRequest") \
	X(keyring_response, KEYRING_RESPONSE, "KeyringResponse") \
	X(keyring_responses, KEYRING_RESPONSES, "KeyringResponses") \
	X(raft_log, RAFT_LOG, "Log") \
	X(node, NODE, "Node") \
	X(node_info, NODE_INFO, "NodeInfo") \
	X(service_address, SERVICE_ADDRESS, "ServiceAddress") \
	X(service_connect, SERVICE_CONNECT, "ServiceConnect") \
	X(node_service, NODE_SERVICE, "NodeService") \
	X(node_services, NODE_SERVICES, "NodeServices") \
	X(node_specific_request, NODE_SPECIFIC_REQUEST, "NodeSpecificRequest") \
	X(operator_health_reply, OPERATOR_HEALTH_REPLY, "OperatorHealthReply") \
	X(query_dns_options, QUERY_DNS_OPTIONS, "QueryDNSOptions") \
	X(query_template_options, QUERY_TEMPLATE_OPTIONS, "QueryTemplateOptions") \
	X(query_datacenter_options, QUERY_DATACENTER_OPTIONS, "QueryDatacenterOptions") \
	X(service_query, SERVICE_QUERY, "ServiceQuery") \
	X(prepared_query, PREPARED_QUERY, "PreparedQuery") \
	X(prepared_query_execute_request, PREPARED_QUERY_EXECUTE_REQUEST, "PreparedQueryExecuteRequest") \
	X(prepared_query_execute_remote_request, PREPARED_QUERY_EXECUTE_REMOTE_REQUEST, "PreparedQueryExecuteRemoteRequest") \
	X(prepared_query_execute_response, PREPARED_QUERY_EXECUTE_RESPONSE, "PreparedQueryExecuteResponse") \
	X(prepared_query_explain_response, PREPARED_QUERY_EXPLAIN_RESPONSE, "PreparedQueryExplainResponse") \
	X(prepared_query_request, PREPARED_QUERY_REQUEST, "PreparedQueryRequest") \
	X(prepared_query_specific_request, PREPARED_QUERY_SPECIFIC_REQUEST, "PreparedQuerySpecificRequest") \
	X(raft_configuration, RAFT_CONFIGURATION, "RaftConfiguration") \
	X(raft_configuration_response, RAFT_CONFIGURATION_RESPONSE, "RaftConfigurationResponse") \
	X(raft_remove_peer_request, RAFT_REMOVE_PEER_REQUEST, "RaftRemovePeerRequest") \
	X(raft_server, RAFT_SERVER, "RaftServer") \
	X(raft_server_entry, RAFT_SERVER_ENTRY, "RaftServerEntry") \
	X(register_request, REGISTER_REQUEST, "RegisterRequest") \
	X(request_vote_request, REQUEST_VOTE_REQUEST, "RequestVoteRequest") \
	X(request_vote_response, REQUEST_VOTE_RESPONSE, "RequestVoteResponse") \
	X(server_health, SERVER_HEALTH, "ServerHealth") \
	X(server_stats, SERVER_STATS, "ServerStats") \
	X(service_check, SERVICE_CHECK, "ServiceCheck") \
	X(service_config_entry, SERVICE_CONFIG_ENTRY, "ServiceConfigEntry") \
	X(service_definition, SERVICE_DEFINITION, "ServiceDefinition") \
	X(service_dump_request, SERVICE_DUMP_REQUEST, "ServiceDumpRequest") \
	X(weights, WEIGHTS, "Weights") \
	X(service_node, SERVICE_NODE, "ServiceNode") \
	X(service_resolver_failover, SERVICE_RESOLVER_FAILOVER, "ServiceResolverFailover") \
	X(service_resolver_config_entry, SERVICE_RESOLVER_CONFIG_ENTRY, "ServiceResolverConfigEntry") \
	X(service_resolver_redirect, SERVICE_RESOLVER_REDIRECT, "ServiceResolverRedirect") \
	X(service_specific_request, SERVICE_SPECIFIC_REQUEST, "ServiceSpecificRequest") \
	X(session, SESSION, "Session") \
	X(session_request, SESSION_REQUEST, "SessionRequest") \
	X(session_specific_request, SESSION_SPECIFIC_REQUEST, "SessionSpecificRequest") \
	X(snapshot_meta, SNAPSHOT_META, "SnapshotMeta") \
	X(snapshot_request, SNAPSHOT_REQUEST, "SnapshotRequest") \
	X(snapshot_response, SNAPSHOT_RESPONSE, "SnapshotResponse") \
	X(timeout_now_request, TIMEOUT_NOW_REQUEST, "TimeoutNowRequest") \
	X(timeout_now_response, TIMEOUT_NOW_RESPONSE, "TimeoutNowResponse") \
	X(tombstone_request, TOMBSTONE_REQUEST, "TombstoneRequest") \
	X(txn_check_op, TXN_CHECK_OP, "TxnCheckOp") \
	X(txn_error, TXN_ERROR, "TxnError") \
	X(txn_intention_op, TXN_INTENTION_OP, "TxnIntentionOp") \
	X(txn_kv_op, TXN_KV_OP, "TxnKVOp") \
	X(txn_node_op, TXN_NODE_OP, "TxnNodeOp") \
	X(txn_op, TXN_OP, "TxnOp") \
	X(txn_read_request, TXN_READ_REQUEST, "TxnReadRequest") \
	X(txn_read_response, TXN_READ_RESPONSE, "TxnReadResponse") \
	X(txn_request, TXN_REQUEST, "TxnRequest") \
	X(txn_response, TXN_RESPONSE, "TxnResponse") \
	X(txn_result, TXN_RESULT, "TxnResult") \
	X(txn_service_op, TXN_SERVICE_OP, "TxnServiceOp") \
	X(txn_session_op, TXN_SESSION_OP, "TxnSessionOp") \
	X(upstream, UPSTREAM, "Upstream") \
	X(vivaldi_coord, VIVALDI_COORD, "Coordinate")

/* Every bare value. */
#define RPC_BARE_TYPES(X) \
	X(boolean, BOOLEAN, "bool") \
	X(text, TEXT, "string") \
	X(texts, TEXTS, "[]string") \
	X(coordinates, COORDINATES, "[]Coordinate") \
	X(datacenter_maps, DATACENTER_MAPS, "[]DatacenterMap")
/* clang-format on */

#define X(name, rows, go_name) struct name;
RPC_MAP_TYPES(X)
RPC_BARE_TYPES(X)
#undef X

struct service_address_entry;
struct node_service_entry;
struct service_resolver_subset_entry;
struct service_resolver_failover_entry;

#define X(name, rows, go_name)    \
	struct name {             \
		rows(TYPE_MEMBER) \
	};
RPC_MAP_TYPES(X)
RPC_BARE_TYPES(X)
#undef X

/* Values of maps from text. */
#define X(name)                    \
	struct name##_entry {      \
		struct slice key;  \
		struct name value; \
	};
X(service_address)
X(node_service)
X(service_resolver_subset)
X(service_resolver_failover)
#undef X

#define X(name, rows, go_name) extern const struct type name##_type;
RPC_MAP_TYPES(X)
RPC_BARE_TYPES(X)
#undef X

#endif
