/*
 * What the HTTP API answers, as Consul's client library sees it: `watch` and
 * `kv export` print these structs again, in this order of fields.
 *
 * Rows as in type.h; the names (for errors) and the order are the library's.
 *
 * Source  hashicorp/consul/api; output of `consul watch`
 */
#ifndef COMMON_API_TYPES_H
#define COMMON_API_TYPES_H

#include "local_types.h"
#include "rpc_types.h"

/* clang-format off */
#define API_KV_PAIR(F) \
	F(STR, _, key, "Key", 0, 0) \
	F(U64, _, create_index, "CreateIndex", 0, 0) \
	F(U64, _, modify_index, "ModifyIndex", 0, 0) \
	F(U64, _, lock_index, "LockIndex", 0, 0) \
	F(U64, _, flags, "Flags", 0, 0) \
	F(BYTES, _, value, "Value", 0, 0) \
	F(STR, _, session, "Session", 0, 0)

#define API_NODE(F) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, node, "Node", 0, 0) \
	F(STR, _, address, "Address", 0, 0) \
	F(STR, _, datacenter, "Datacenter", 0, 0) \
	F(MAP_STR, _, tagged_addresses, "TaggedAddresses", 0, 0) \
	F(MAP_STR, _, meta, "Meta", 0, 0) \
	F(U64, _, create_index, "CreateIndex", 0, 0) \
	F(U64, _, modify_index, "ModifyIndex", 0, 0)

#define API_SERVICE(F) \
	F(STR, _, kind, "Kind", 0, JSON_OMITEMPTY) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, service, "Service", 0, 0) \
	F(STRS, _, tags, "Tags", 0, 0) \
	F(MAP_STR, _, meta, "Meta", 0, 0) \
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

#define API_CHECK_DEFINITION(F) \
	F(DURATION, _, interval, "Interval", 0, JSON_DURATION_TEXT) \
	F(DURATION, _, timeout, "Timeout", 0, JSON_DURATION_TEXT) \
	F(DURATION, _, deregister_after, "DeregisterCriticalServiceAfter", 0, JSON_DURATION_TEXT) \
	F(STR, _, http, "HTTP", 0, 0) \
	F(MAP_STRS, _, header, "Header", 0, 0) \
	F(STR, _, method, "Method", 0, 0) \
	F(STR, _, body, "Body", 0, 0) \
	F(BOOL, _, tls_skip_verify, "TLSSkipVerify", 0, 0) \
	F(STR, _, tcp, "TCP", 0, 0)

#define API_CHECK(F) \
	F(STR, _, node, "Node", 0, 0) \
	F(STR, _, check_id, "CheckID", 0, 0) \
	F(STR, _, name, "Name", 0, 0) \
	F(STR, _, status, "Status", 0, 0) \
	F(STR, _, notes, "Notes", 0, 0) \
	F(STR, _, output, "Output", 0, 0) \
	F(STR, _, service_id, "ServiceID", 0, 0) \
	F(STR, _, service_name, "ServiceName", 0, 0) \
	F(STRS, _, service_tags, "ServiceTags", 0, 0) \
	F(STR, _, type, "Type", 0, 0) \
	F(STRUCT, api_check_definition, definition, "Definition", 0, 0) \
	F(U64, _, create_index, "CreateIndex", 0, 0) \
	F(U64, _, modify_index, "ModifyIndex", 0, 0)

#define API_SERVICE_ENTRY(F) \
	F(PTR, api_node, node, "Node", 0, 0) \
	F(PTR, api_service, service, "Service", 0, 0) \
	F(LIST, api_check, checks, "Checks", 0, 0)

/* /v1/catalog/service: a node and its service in one. */
#define API_CATALOG_SERVICE(F) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, node, "Node", 0, 0) \
	F(STR, _, address, "Address", 0, 0) \
	F(STR, _, datacenter, "Datacenter", 0, 0) \
	F(MAP_STR, _, tagged_addresses, "TaggedAddresses", 0, 0) \
	F(MAP_STR, _, meta, "NodeMeta", 0, 0)

#define API_MEMBER(F) \
	F(STR, _, name, "Name", 0, 0) \
	F(STR, _, address, "Addr", 0, 0) \
	F(U64, _, port, "Port", 0, 0) \
	F(MAP_STR, _, tags, "Tags", 0, 0) \
	F(INT, _, status, "Status", 0, 0)

#define API_RAFT_SERVER(F) \
	F(STR, _, id, "ID", 0, 0) \
	F(STR, _, node, "Node", 0, 0) \
	F(STR, _, address, "Address", 0, 0) \
	F(BOOL, _, is_leader, "Leader", 0, 0) \
	F(STR, _, protocol_version, "ProtocolVersion", 0, 0) \
	F(BOOL, _, is_voter, "Voter", 0, 0)

#define API_RAFT_CONFIGURATION(F) \
	F(LIST, api_raft_server, servers, "Servers", 0, 0)

/* A key as `kv export` writes and `kv import` reads it. */
#define KV_ENTRY(F) \
	F(STR, _, key, "key", 0, 0) \
	F(U64, _, flags, "flags", 0, 0) \
	F(STR, _, value, "value", 0, 0)

#define API_TYPES(X) \
	X(api_kv_pair, API_KV_PAIR, "KVPair") \
	X(api_node, API_NODE, "Node") \
	X(api_service, API_SERVICE, "AgentService") \
	X(api_check_definition, API_CHECK_DEFINITION, "HealthCheckDefinition") \
	X(api_check, API_CHECK, "HealthCheck") \
	X(api_service_entry, API_SERVICE_ENTRY, "ServiceEntry") \
	X(api_catalog_service, API_CATALOG_SERVICE, "CatalogService") \
	X(api_member, API_MEMBER, "AgentMember") \
	X(api_raft_server, API_RAFT_SERVER, "RaftServer") \
	X(api_raft_configuration, API_RAFT_CONFIGURATION, "RaftConfiguration") \
	X(kv_entry, KV_ENTRY, "Entry")

/* Answers that are not an object. */
#define API_KV_PAIRS(F)		F(LIST, api_kv_pair, list, "", 0, 0)
#define API_NODES(F)		F(LIST, api_node, list, "", 0, 0)
#define API_CHECKS(F)		F(LIST, api_check, list, "", 0, 0)
#define API_SERVICE_ENTRIES(F)	F(LIST, api_service_entry, list, "", 0, 0)
#define API_CATALOG_SERVICES(F)	F(LIST, api_catalog_service, list, "", 0, 0)
#define API_MEMBERS(F)		F(LIST, api_member, list, "", 0, 0)
#define API_SERVICE_TAGS(F)	F(MAP_STRS, _, map, "", 0, 0)
#define API_NAMES(F)		F(STRS, _, list, "", 0, 0)
#define API_USER_EVENTS(F)	F(LIST, user_event_entry, list, "", 0, 0)
#define API_TRUTH(F)		F(BOOL, _, value, "", 0, 0)
#define KV_ENTRIES(F)		F(LIST, kv_entry, list, "", 0, 0)

#define API_BARE_TYPES(X) \
	X(api_kv_pairs, API_KV_PAIRS, "KVPairs") \
	X(api_nodes, API_NODES, "[]*Node") \
	X(api_checks, API_CHECKS, "HealthChecks") \
	X(api_service_entries, API_SERVICE_ENTRIES, "[]*ServiceEntry") \
	X(api_catalog_services, API_CATALOG_SERVICES, "[]*CatalogService") \
	X(api_members, API_MEMBERS, "[]*AgentMember") \
	X(api_service_tags, API_SERVICE_TAGS, "map[string][]string") \
	X(api_names, API_NAMES, "[]string") \
	X(api_user_events, API_USER_EVENTS, "[]*UserEvent") \
	X(api_truth, API_TRUTH, "bool") \
	X(kv_entries, KV_ENTRIES, "[]*Entry")
/* clang-format on */

#define X(name, rows, go_name)    \
	struct name {             \
		rows(TYPE_MEMBER) \
	};                        \
	extern const struct type name##_type;
API_TYPES(X)
API_BARE_TYPES(X)
#undef X

#endif
