/*
 * Every key of a configuration file, a row each, as in type.h: a stanza is a
 * struct inside. Whatever is not here is an unknown key, and fatal. What is
 * here but can't be acted on yet has a row in config_refuse.c, too.
 *
 * Durations that Consul checks are DURATION rows; those that it never looks
 * at (it sets the value itself) are texts. Rows of services and checks fill
 * the structs of the API, under the names that files use.
 *
 * Source  api/config.md 3 to 5
 */
#ifndef COMMON_CONFIG_KEYS_H
#define COMMON_CONFIG_KEYS_H

#include "local_types.h"
#include "rpc_types.h"

/* clang-format off */

#define ACL_PROVIDER_KEYS(F) \
	F(STR, _, accessor_id, "accessor_id", 0, 0) \
	F(STR, _, secret_id, "secret_id", 0, 0)

#define ACL_TOKENS_KEYS(F) \
	F(STR, _, agent, "agent", 0, 0) \
	F(STR, _, agent_master, "agent_master", 0, 0) \
	F(STR, _, default_token, "default", 0, 0) \
	F(LIST, acl_provider_keys, managed_service_provider, "managed_service_provider", 0, 0) \
	F(STR, _, master, "master", 0, 0) \
	F(STR, _, replication, "replication", 0, 0)

#define ACL_KEYS(F) \
	F(STR, _, default_policy, "default_policy", 0, 0) \
	F(STR, _, disabled_ttl, "disabled_ttl", 0, 0) \
	F(STR, _, down_policy, "down_policy", 0, 0) \
	F(BOOL, _, enable_key_list_policy, "enable_key_list_policy", 0, 0) \
	F(BOOL, _, enable_token_persistence, "enable_token_persistence", 0, 0) \
	F(BOOL, _, enable_token_replication, "enable_token_replication", 0, 0) \
	F(BOOL, _, enabled, "enabled", 0, 0) \
	F(BOOL, _, msp_disable_bootstrap, "msp_disable_bootstrap", 0, 0) \
	F(DURATION, _, policy_ttl, "policy_ttl", 0, 0) \
	F(DURATION, _, role_ttl, "role_ttl", 0, 0) \
	F(DURATION, _, token_ttl, "token_ttl", 0, 0) \
	F(STRUCT, acl_tokens_keys, tokens, "tokens", 0, 0)

#define ADDRESSES_KEYS(F) \
	F(STR, _, dns, "dns", 0, 0) \
	F(STR, _, grpc, "grpc", 0, 0) \
	F(STR, _, http, "http", 0, 0) \
	F(STR, _, https, "https", 0, 0)

#define AUDIT_SINK_KEYS(F) \
	F(STR, _, delivery_guarantee, "delivery_guarantee", 0, 0) \
	F(STR, _, format, "format", 0, 0) \
	F(STR, _, name, "name", 0, 0) \
	F(STR, _, path, "path", 0, 0) \
	F(INT, _, rotate_bytes, "rotate_bytes", 0, 0) \
	F(STR, _, rotate_duration, "rotate_duration", 0, 0) \
	F(INT, _, rotate_max_files, "rotate_max_files", 0, 0) \
	F(STR, _, type, "type", 0, 0)

#define AUDIT_KEYS(F) \
	F(BOOL, _, enabled, "enabled", 0, 0) \
	F(MAP, audit_sink_keys, sink, "sink", 0, 0)

#define AUTHORIZATION_STATIC_KEYS(F) \
	F(BOOL, _, allow_reuse, "allow_reuse", 0, 0) \
	F(STRS, _, bound_audiences, "bound_audiences", 0, 0) \
	F(STR, _, bound_issuer, "bound_issuer", 0, 0) \
	F(STRS, _, claim_assertions, "claim_assertions", 0, 0) \
	F(MAP_STR, _, claim_mappings, "claim_mappings", 0, 0) \
	F(DURATION, _, clock_skew_leeway, "clock_skew_leeway", 0, 0) \
	F(DURATION, _, expiration_leeway, "expiration_leeway", 0, 0) \
	F(STR, _, jwks_ca_cert, "jwks_ca_cert", 0, 0) \
	F(STR, _, jwks_url, "jwks_url", 0, 0) \
	F(STRS, _, jwt_supported_algs, "jwt_supported_algs", 0, 0) \
	F(STRS, _, jwt_validation_pub_keys, "jwt_validation_pub_keys", 0, 0) \
	F(MAP_STR, _, list_claim_mappings, "list_claim_mappings", 0, 0) \
	F(DURATION, _, not_before_leeway, "not_before_leeway", 0, 0) \
	F(STR, _, oidc_discovery_ca_cert, "oidc_discovery_ca_cert", 0, 0) \
	F(STR, _, oidc_discovery_url, "oidc_discovery_url", 0, 0)

#define AUTHORIZATION_KEYS(F) \
	F(BOOL, _, enabled, "enabled", 0, 0) \
	F(STRUCT, authorization_static_keys, fixed, "static", 0, 0)

#define AUTO_CONFIG_KEYS(F) \
	F(STRUCT, authorization_keys, authorization, "authorization", 0, 0) \
	F(STRS, _, dns_sans, "dns_sans", 0, 0) \
	F(BOOL, _, enabled, "enabled", 0, 0) \
	F(STR, _, intro_token, "intro_token", 0, 0) \
	F(STR, _, intro_token_file, "intro_token_file", 0, 0) \
	F(STRS, _, ip_sans, "ip_sans", 0, 0) \
	F(STRS, _, server_addresses, "server_addresses", 0, 0)

#define AUTO_ENCRYPT_KEYS(F) \
	F(BOOL, _, allow_tls, "allow_tls", 0, 0) \
	F(STRS, _, dns_san, "dns_san", 0, 0) \
	F(STRS, _, ip_san, "ip_san", 0, 0) \
	F(BOOL, _, tls, "tls", 0, 0)

#define AUTOPILOT_KEYS(F) \
	F(BOOL, _, cleanup_dead_servers, "cleanup_dead_servers", 0, 0) \
	F(BOOL, _, disable_upgrade_migration, "disable_upgrade_migration", 0, 0) \
	F(DURATION, _, last_contact_threshold, "last_contact_threshold", 0, 0) \
	F(INT, _, max_trailing_logs, "max_trailing_logs", 0, 0) \
	F(U64, _, min_quorum, "min_quorum", 0, 0) \
	F(STR, _, redundancy_zone_tag, "redundancy_zone_tag", 0, 0) \
	F(DURATION, _, server_stabilization_time, "server_stabilization_time", 0, 0) \
	F(STR, _, upgrade_version_tag, "upgrade_version_tag", 0, 0)

#define CACHE_KEYS(F) \
	F(INT, _, entry_fetch_max_burst, "entry_fetch_max_burst", 0, 0) \
	F(FLOAT, _, entry_fetch_rate, "entry_fetch_rate", 0, 0)

/* A map of anything: kept as it is. */
#define ANY_MAP_KEYS(F) \
	F(MAP_ANY, _, values, "", 0, 0)

#define CONFIG_ENTRIES_KEYS(F) \
	F(LIST, any_map_keys, bootstrap, "bootstrap", 0, 0)

#define CONNECT_KEYS(F) \
	F(MAP_ANY, _, ca_config, "ca_config", 0, 0) \
	F(STR, _, ca_provider, "ca_provider", 0, 0) \
	F(BOOL, _, enable_mesh_gateway_wan_federation, "enable_mesh_gateway_wan_federation", 0, 0) \
	F(BOOL, _, enabled, "enabled", 0, 0) \
	F(STR, _, test_ca_leaf_root_change_spread, "test_ca_leaf_root_change_spread", 0, 0)

#define CONSUL_COORDINATE_KEYS(F) \
	F(INT, _, update_batch_size, "update_batch_size", 0, 0) \
	F(INT, _, update_max_batches, "update_max_batches", 0, 0) \
	F(STR, _, update_period, "update_period", 0, 0)

#define CONSUL_RAFT_KEYS(F) \
	F(STR, _, election_timeout, "election_timeout", 0, 0) \
	F(STR, _, heartbeat_timeout, "heartbeat_timeout", 0, 0) \
	F(STR, _, leader_lease_timeout, "leader_lease_timeout", 0, 0)

#define CONSUL_SERVER_KEYS(F) \
	F(STR, _, health_interval, "health_interval", 0, 0)

#define CONSUL_KEYS(F) \
	F(STRUCT, consul_coordinate_keys, coordinate, "coordinate", 0, 0) \
	F(STRUCT, consul_raft_keys, raft, "raft", 0, 0) \
	F(STRUCT, consul_server_keys, server, "server", 0, 0)

#define SOA_KEYS(F) \
	F(U64, _, expire, "expire", 0, 0) \
	F(U64, _, min_ttl, "min_ttl", 0, 0) \
	F(U64, _, refresh, "refresh", 0, 0) \
	F(U64, _, retry, "retry", 0, 0)

#define DNS_CONFIG_KEYS(F) \
	F(INT, _, a_record_limit, "a_record_limit", 0, 0) \
	F(BOOL, _, allow_stale, "allow_stale", 0, 0) \
	F(DURATION, _, cache_max_age, "cache_max_age", 0, 0) \
	F(BOOL, _, disable_compression, "disable_compression", 0, 0) \
	F(BOOL, _, enable_additional_node_meta_txt, "enable_additional_node_meta_txt", 0, 0) \
	F(BOOL, _, enable_truncate, "enable_truncate", 0, 0) \
	F(DURATION, _, max_stale, "max_stale", 0, 0) \
	F(DURATION, _, node_ttl, "node_ttl", 0, 0) \
	F(BOOL, _, only_passing, "only_passing", 0, 0) \
	F(BOOL, _, prefer_namespace, "prefer_namespace", 0, 0) \
	F(DURATION, _, recursor_timeout, "recursor_timeout", 0, 0) \
	F(MAP_STR, _, service_ttl, "service_ttl", 0, 0) /* durations */ \
	F(STRUCT, soa_keys, soa, "soa", 0, 0) \
	F(INT, _, udp_answer_limit, "udp_answer_limit", 0, 0) \
	F(BOOL, _, use_cache, "use_cache", 0, 0)

#define GOSSIP_KEYS(F) \
	F(DURATION, _, gossip_interval, "gossip_interval", 0, 0) \
	F(INT, _, gossip_nodes, "gossip_nodes", 0, 0) \
	F(DURATION, _, probe_interval, "probe_interval", 0, 0) \
	F(DURATION, _, probe_timeout, "probe_timeout", 0, 0) \
	F(INT, _, retransmit_mult, "retransmit_mult", 0, 0) \
	F(INT, _, suspicion_mult, "suspicion_mult", 0, 0)

#define HTTP_CONFIG_KEYS(F) \
	F(STRS, _, allow_write_http_from, "allow_write_http_from", 0, 0) \
	F(STRS, _, block_endpoints, "block_endpoints", 0, 0) \
	F(MAP_STR, _, response_headers, "response_headers", 0, 0) \
	F(BOOL, _, use_cache, "use_cache", 0, 0)

#define LIMITS_KEYS(F) \
	F(INT, _, http_max_conns_per_client, "http_max_conns_per_client", 0, 0) \
	F(DURATION, _, https_handshake_timeout, "https_handshake_timeout", 0, 0) \
	F(U64, _, kv_max_value_size, "kv_max_value_size", 0, 0) \
	F(DURATION, _, rpc_handshake_timeout, "rpc_handshake_timeout", 0, 0) \
	F(INT, _, rpc_max_burst, "rpc_max_burst", 0, 0) \
	F(INT, _, rpc_max_conns_per_client, "rpc_max_conns_per_client", 0, 0) \
	F(FLOAT, _, rpc_rate, "rpc_rate", 0, 0) \
	F(U64, _, script_max_file_size, "script_max_file_size", 0, 0) /* ours */ \
	F(U64, _, script_max_open_files, "script_max_open_files", 0, 0) /* ours */ \
	F(U64, _, script_max_processes, "script_max_processes", 0, 0) /* ours */ \
	F(U64, _, txn_max_ops, "txn_max_ops", 0, 0) \
	F(U64, _, txn_max_req_len, "txn_max_req_len", 0, 0)

#define PERFORMANCE_KEYS(F) \
	F(DURATION, _, leave_drain_time, "leave_drain_time", 0, 0) \
	F(INT, _, raft_multiplier, "raft_multiplier", 0, 0) \
	F(DURATION, _, rpc_hold_timeout, "rpc_hold_timeout", 0, 0)

#define PORTS_KEYS(F) \
	F(INT, _, dns, "dns", 0, 0) \
	F(INT, _, expose_max_port, "expose_max_port", 0, 0) \
	F(INT, _, expose_min_port, "expose_min_port", 0, 0) \
	F(INT, _, grpc, "grpc", 0, 0) \
	F(INT, _, http, "http", 0, 0) \
	F(INT, _, https, "https", 0, 0) \
	F(INT, _, proxy_max_port, "proxy_max_port", 0, 0) \
	F(INT, _, proxy_min_port, "proxy_min_port", 0, 0) \
	F(INT, _, serf_lan, "serf_lan", 0, 0) \
	F(INT, _, serf_wan, "serf_wan", 0, 0) \
	F(INT, _, server, "server", 0, 0) \
	F(INT, _, sidecar_max_port, "sidecar_max_port", 0, 0) \
	F(INT, _, sidecar_min_port, "sidecar_min_port", 0, 0)

#define SEGMENT_KEYS(F) \
	F(STR, _, advertise, "advertise", 0, 0) \
	F(STR, _, bind, "bind", 0, 0) \
	F(STR, _, name, "name", 0, 0) \
	F(INT, _, port, "port", 0, 0) \
	F(BOOL, _, rpc_listener, "rpc_listener", 0, 0)

#define TELEMETRY_KEYS(F) \
	F(STR, _, circonus_api_app, "circonus_api_app", 0, 0) \
	F(STR, _, circonus_api_token, "circonus_api_token", 0, 0) \
	F(STR, _, circonus_api_url, "circonus_api_url", 0, 0) \
	F(STR, _, circonus_broker_id, "circonus_broker_id", 0, 0) \
	F(STR, _, circonus_broker_select_tag, "circonus_broker_select_tag", 0, 0) \
	F(STR, _, circonus_check_display_name, "circonus_check_display_name", 0, 0) \
	F(STR, _, circonus_check_force_metric_activation, "circonus_check_force_metric_activation", 0, 0) \
	F(STR, _, circonus_check_id, "circonus_check_id", 0, 0) \
	F(STR, _, circonus_check_instance_id, "circonus_check_instance_id", 0, 0) \
	F(STR, _, circonus_check_search_tag, "circonus_check_search_tag", 0, 0) \
	F(STR, _, circonus_check_tags, "circonus_check_tags", 0, 0) \
	F(STR, _, circonus_submission_interval, "circonus_submission_interval", 0, 0) \
	F(STR, _, circonus_submission_url, "circonus_submission_url", 0, 0) \
	F(BOOL, _, disable_hostname, "disable_hostname", 0, 0) \
	F(STR, _, dogstatsd_addr, "dogstatsd_addr", 0, 0) \
	F(STRS, _, dogstatsd_tags, "dogstatsd_tags", 0, 0) \
	F(BOOL, _, filter_default, "filter_default", 0, 0) \
	F(STR, _, metrics_prefix, "metrics_prefix", 0, 0) \
	F(STRS, _, prefix_filter, "prefix_filter", 0, 0) \
	F(DURATION, _, prometheus_retention_time, "prometheus_retention_time", 0, 0) \
	F(STR, _, statsd_address, "statsd_address", 0, 0) \
	F(STR, _, statsite_address, "statsite_address", 0, 0)

#define UNIX_SOCKETS_KEYS(F) \
	F(STR, _, group, "group", 0, 0) \
	F(STR, _, mode, "mode", 0, 0) \
	F(STR, _, user, "user", 0, 0)

#define CONFIG_KEYS(F) \
	F(STRUCT, acl_keys, acl, "acl", 0, 0) \
	F(STR, _, acl_agent_master_token, "acl_agent_master_token", 0, 0) \
	F(STR, _, acl_agent_token, "acl_agent_token", 0, 0) \
	F(STR, _, acl_datacenter, "acl_datacenter", 0, 0) \
	F(STR, _, acl_default_policy, "acl_default_policy", 0, 0) \
	F(STR, _, acl_disabled_ttl, "acl_disabled_ttl", 0, 0) \
	F(STR, _, acl_down_policy, "acl_down_policy", 0, 0) \
	F(BOOL, _, acl_enable_key_list_policy, "acl_enable_key_list_policy", 0, 0) \
	F(ANY, _, acl_enforce_version_8, "acl_enforce_version_8", 0, 0) /* only warns */ \
	F(STR, _, acl_master_token, "acl_master_token", 0, 0) \
	F(STR, _, acl_replication_token, "acl_replication_token", 0, 0) \
	F(STR, _, acl_token, "acl_token", 0, 0) \
	F(DURATION, _, acl_ttl, "acl_ttl", 0, 0) \
	F(STRUCT, addresses_keys, addresses, "addresses", 0, 0) \
	F(STR, _, advertise_addr, "advertise_addr", 0, 0) \
	F(STR, _, advertise_addr_ipv4, "advertise_addr_ipv4", 0, 0) \
	F(STR, _, advertise_addr_ipv6, "advertise_addr_ipv6", 0, 0) \
	F(STR, _, advertise_addr_wan, "advertise_addr_wan", 0, 0) \
	F(STR, _, advertise_addr_wan_ipv4, "advertise_addr_wan_ipv4", 0, 0) \
	F(STR, _, ae_interval, "ae_interval", 0, 0) \
	F(STR, _, alt_domain, "alt_domain", 0, 0) \
	F(STRUCT, audit_keys, audit, "audit", 0, 0) \
	F(STRUCT, auto_config_keys, auto_config, "auto_config", 0, 0) \
	F(STRUCT, auto_encrypt_keys, auto_encrypt, "auto_encrypt", 0, 0) \
	F(STRUCT, autopilot_keys, autopilot, "autopilot", 0, 0) \
	F(STR, _, bind_addr, "bind_addr", 0, 0) \
	F(BOOL, _, bootstrap, "bootstrap", 0, 0) \
	F(INT, _, bootstrap_expect, "bootstrap_expect", 0, 0) \
	F(STR, _, ca_file, "ca_file", 0, 0) \
	F(STR, _, ca_path, "ca_path", 0, 0) \
	F(STRUCT, cache_keys, cache, "cache", 0, 0) \
	F(STR, _, cert_file, "cert_file", 0, 0) \
	F(STRUCT, config_check, check, "check", 0, 0) \
	F(STR, _, check_deregister_interval_min, "check_deregister_interval_min", 0, 0) \
	F(INT, _, check_output_max_size, "check_output_max_size", 0, 0) \
	F(STR, _, check_reap_interval, "check_reap_interval", 0, 0) \
	F(DURATION, _, check_update_interval, "check_update_interval", 0, 0) \
	F(LIST, config_check, checks, "checks", 0, 0) \
	F(STR, _, client_addr, "client_addr", 0, 0) \
	F(STRUCT, config_entries_keys, config_entries, "config_entries", 0, 0) \
	F(STRUCT, connect_keys, connect, "connect", 0, 0) \
	F(STRUCT, consul_keys, consul, "consul", 0, 0) \
	F(STR, _, data_dir, "data_dir", 0, 0) \
	F(STR, _, datacenter, "datacenter", 0, 0) \
	F(DURATION, _, default_query_time, "default_query_time", 0, 0) \
	F(BOOL, _, disable_anonymous_signature, "disable_anonymous_signature", 0, 0) \
	F(BOOL, _, disable_coordinates, "disable_coordinates", 0, 0) \
	F(BOOL, _, disable_host_node_id, "disable_host_node_id", 0, 0) \
	F(BOOL, _, disable_http_unprintable_char_filter, "disable_http_unprintable_char_filter", 0, 0) \
	F(BOOL, _, disable_keyring_file, "disable_keyring_file", 0, 0) \
	F(BOOL, _, disable_link_local_checks, "disable_link_local_checks", 0, 0) /* ours */ \
	F(BOOL, _, disable_remote_exec, "disable_remote_exec", 0, 0) \
	F(BOOL, _, disable_update_check, "disable_update_check", 0, 0) \
	F(BOOL, _, discard_check_output, "discard_check_output", 0, 0) \
	F(DURATION, _, discovery_max_stale, "discovery_max_stale", 0, 0) \
	F(STRUCT, dns_config_keys, dns_config, "dns_config", 0, 0) \
	F(STR, _, domain, "domain", 0, 0) \
	F(BOOL, _, enable_acl_replication, "enable_acl_replication", 0, 0) \
	F(BOOL, _, enable_agent_tls_for_checks, "enable_agent_tls_for_checks", 0, 0) \
	F(BOOL, _, enable_central_service_config, "enable_central_service_config", 0, 0) \
	F(BOOL, _, enable_debug, "enable_debug", 0, 0) \
	F(BOOL, _, enable_local_script_checks, "enable_local_script_checks", 0, 0) \
	F(BOOL, _, enable_script_checks, "enable_script_checks", 0, 0) \
	F(BOOL, _, enable_syslog, "enable_syslog", 0, 0) \
	F(STR, _, encrypt, "encrypt", 0, 0) \
	F(BOOL, _, encrypt_verify_incoming, "encrypt_verify_incoming", 0, 0) \
	F(BOOL, _, encrypt_verify_outgoing, "encrypt_verify_outgoing", 0, 0) \
	F(STRUCT, gossip_keys, gossip_lan, "gossip_lan", 0, 0) \
	F(STRUCT, gossip_keys, gossip_wan, "gossip_wan", 0, 0) \
	F(STRUCT, http_config_keys, http_config, "http_config", 0, 0) \
	F(STR, _, key_file, "key_file", 0, 0) \
	F(BOOL, _, leave_on_terminate, "leave_on_terminate", 0, 0) \
	F(STRUCT, limits_keys, limits, "limits", 0, 0) \
	F(STR, _, log_file, "log_file", 0, 0) \
	F(BOOL, _, log_json, "log_json", 0, 0) \
	F(STR, _, log_level, "log_level", 0, 0) \
	F(INT, _, log_rotate_bytes, "log_rotate_bytes", 0, 0) \
	F(DURATION, _, log_rotate_duration, "log_rotate_duration", 0, 0) \
	F(INT, _, log_rotate_max_files, "log_rotate_max_files", 0, 0) \
	F(DURATION, _, max_query_time, "max_query_time", 0, 0) \
	F(STR, _, node_id, "node_id", 0, 0) \
	F(MAP_STR, _, node_meta, "node_meta", 0, 0) \
	F(STR, _, node_name, "node_name", 0, 0) \
	F(BOOL, _, non_voting_server, "non_voting_server", 0, 0) \
	F(STRUCT, performance_keys, performance, "performance", 0, 0) \
	F(STR, _, pid_file, "pid_file", 0, 0) \
	F(STRUCT, ports_keys, ports, "ports", 0, 0) \
	F(STR, _, primary_datacenter, "primary_datacenter", 0, 0) \
	F(STRS, _, primary_gateways, "primary_gateways", 0, 0) \
	F(DURATION, _, primary_gateways_interval, "primary_gateways_interval", 0, 0) \
	F(INT, _, protocol, "protocol", 0, 0) \
	F(INT, _, raft_protocol, "raft_protocol", 0, 0) \
	F(DURATION, _, raft_snapshot_interval, "raft_snapshot_interval", 0, 0) \
	F(INT, _, raft_snapshot_threshold, "raft_snapshot_threshold", 0, 0) \
	F(INT, _, raft_trailing_logs, "raft_trailing_logs", 0, 0) \
	F(DURATION, _, reconnect_timeout, "reconnect_timeout", 0, 0) \
	F(DURATION, _, reconnect_timeout_wan, "reconnect_timeout_wan", 0, 0) \
	F(STRS, _, recursors, "recursors", 0, 0) \
	F(BOOL, _, rejoin_after_leave, "rejoin_after_leave", 0, 0) \
	F(DURATION, _, retry_interval, "retry_interval", 0, 0) \
	F(DURATION, _, retry_interval_wan, "retry_interval_wan", 0, 0) \
	F(STRS, _, retry_join, "retry_join", 0, 0) \
	F(STRS, _, retry_join_wan, "retry_join_wan", 0, 0) \
	F(INT, _, retry_max, "retry_max", 0, 0) \
	F(INT, _, retry_max_wan, "retry_max_wan", 0, 0) \
	F(STR, _, revision, "revision", 0, 0) \
	F(STRS, _, script_environment, "script_environment", 0, 0) /* ours */ \
	F(STR, _, segment, "segment", 0, 0) \
	F(INT, _, segment_limit, "segment_limit", 0, 0) \
	F(INT, _, segment_name_limit, "segment_name_limit", 0, 0) \
	F(LIST, segment_keys, segments, "segments", 0, 0) \
	F(STR, _, serf_lan, "serf_lan", 0, 0) \
	F(STRS, _, serf_lan_allowed_cidrs, "serf_lan_allowed_cidrs", 0, 0) \
	F(STR, _, serf_wan, "serf_wan", 0, 0) \
	F(STRS, _, serf_wan_allowed_cidrs, "serf_wan_allowed_cidrs", 0, 0) \
	F(BOOL, _, server, "server", 0, 0) \
	F(STR, _, server_name, "server_name", 0, 0) \
	F(STRUCT, config_service, service, "service", 0, 0) \
	F(LIST, config_service, services, "services", 0, 0) \
	F(DURATION, _, session_ttl_min, "session_ttl_min", 0, 0) \
	F(BOOL, _, skip_leave_on_interrupt, "skip_leave_on_interrupt", 0, 0) \
	F(MAP_ANY, _, snapshot_agent, "snapshot_agent", 0, 0) \
	F(STRS, _, start_join, "start_join", 0, 0) \
	F(STRS, _, start_join_wan, "start_join_wan", 0, 0) \
	F(STR, _, sync_coordinate_interval_min, "sync_coordinate_interval_min", 0, 0) \
	F(FLOAT, _, sync_coordinate_rate_target, "sync_coordinate_rate_target", 0, 0) \
	F(STR, _, syslog_facility, "syslog_facility", 0, 0) \
	F(MAP_STR, _, tagged_addresses, "tagged_addresses", 0, 0) \
	F(STRUCT, telemetry_keys, telemetry, "telemetry", 0, 0) \
	F(STR, _, tls_cipher_suites, "tls_cipher_suites", 0, 0) \
	F(STR, _, tls_min_version, "tls_min_version", 0, 0) \
	F(BOOL, _, tls_prefer_server_cipher_suites, "tls_prefer_server_cipher_suites", 0, 0) \
	F(BOOL, _, translate_wan_addrs, "translate_wan_addrs", 0, 0) \
	F(BOOL, _, ui, "ui", 0, 0) \
	F(STR, _, ui_content_path, "ui_content_path", 0, 0) \
	F(STR, _, ui_dir, "ui_dir", 0, 0) \
	F(STRUCT, unix_sockets_keys, unix_sockets, "unix_sockets", 0, 0) \
	F(BOOL, _, verify_incoming, "verify_incoming", 0, 0) \
	F(BOOL, _, verify_incoming_https, "verify_incoming_https", 0, 0) \
	F(BOOL, _, verify_incoming_rpc, "verify_incoming_rpc", 0, 0) \
	F(BOOL, _, verify_outgoing, "verify_outgoing", 0, 0) \
	F(BOOL, _, verify_server_hostname, "verify_server_hostname", 0, 0) \
	F(STR, _, version, "version", 0, 0) \
	F(STR, _, version_prerelease, "version_prerelease", 0, 0) \
	F(LIST, any_map_keys, watches, "watches", 0, 0)

/* --- Services and checks: the API's structs under the names of files. --- */

/* Keys that a check has in a file, on its own and inside a service. */
#define CONFIG_CHECK_PART(F) \
	F(STR, _, alias_node, "alias_node", 0, 0) \
	F(STR, _, alias_service, "alias_service", 0, 0) \
	F(STRS, _, script_args, "args", 0, 0) \
	F(STR, _, body, "body", 0, 0) \
	F(DURATION, _, deregister_critical_service_after, "deregister_critical_service_after", 0, 0) \
	F(BOOL, _, disable_redirects, "disable_redirects", 0, 0) /* of newer Consul */ \
	F(STR, _, docker_container_id, "docker_container_id", 0, 0) \
	F(INT, _, failures_before_critical, "failures_before_critical", 0, 0) \
	F(STR, _, grpc, "grpc", 0, 0) \
	F(BOOL, _, grpc_use_tls, "grpc_use_tls", 0, 0) \
	F(MAP_STRS, _, header, "header", 0, 0) \
	F(STR, _, http, "http", 0, 0) \
	F(DURATION, _, interval, "interval", 0, 0) \
	F(STR, _, method, "method", 0, 0) \
	F(STR, _, name, "name", 0, 0) \
	F(STR, _, notes, "notes", 0, 0) \
	F(INT, _, output_max_size, "output_max_size", 0, 0) \
	F(STR, _, shell, "shell", 0, 0) \
	F(STR, _, status, "status", 0, 0) \
	F(INT, _, success_before_passing, "success_before_passing", 0, 0) \
	F(STR, _, tcp, "tcp", 0, 0) \
	F(DURATION, _, timeout, "timeout", 0, 0) \
	F(BOOL, _, tls_skip_verify, "tls_skip_verify", 0, 0) \
	F(DURATION, _, ttl, "ttl", 0, 0)

/* Over struct check_definition. */
#define CONFIG_CHECK(F) \
	F(STR, _, id, "id", 0, 0) \
	F(STR, _, service_id, "service_id", 0, 0) \
	F(STR, _, token, "token", 0, 0) \
	CONFIG_CHECK_PART(F)

/* Over struct check_type; service_id and token have no place there. */
#define CONFIG_CHECK_TYPE(F) \
	F(STR, _, check_id, "id", 0, 0) \
	CONFIG_CHECK_PART(F)

#define CONFIG_SERVICE_ADDRESS(F) \
	F(STR, _, address, "address", 0, 0) \
	F(INT, _, port, "port", 0, 0)

#define CONFIG_WEIGHTS(F) \
	F(INT, _, passing, "passing", 0, 0) \
	F(INT, _, warning, "warning", 0, 0)

#define CONFIG_SERVICE_CONNECT(F) \
	F(BOOL, _, native, "native", 0, 0) \
	F(PTR, config_service, sidecar_service, "sidecar_service", 0, 0)

#define CONFIG_MESH_GATEWAY(F) \
	F(STR, _, mode, "mode", 0, 0)

#define CONFIG_UPSTREAM(F) \
	F(MAP_ANY, _, config, "config", 0, 0) \
	F(STR, _, datacenter, "datacenter", 0, 0) \
	F(STR, _, destination_name, "destination_name", 0, 0) \
	F(STR, _, destination_namespace, "destination_namespace", 0, 0) \
	F(STR, _, destination_type, "destination_type", 0, 0) \
	F(STR, _, local_bind_address, "local_bind_address", 0, 0) \
	F(INT, _, local_bind_port, "local_bind_port", 0, 0) \
	F(STRUCT, config_mesh_gateway, mesh_gateway, "mesh_gateway", 0, 0)

#define CONFIG_EXPOSE_PATH(F) \
	F(INT, _, listener_port, "listener_port", 0, 0) \
	F(INT, _, local_path_port, "local_path_port", 0, 0) \
	F(STR, _, path, "path", 0, 0) \
	F(STR, _, protocol, "protocol", 0, 0)

#define CONFIG_EXPOSE(F) \
	F(BOOL, _, checks, "checks", 0, 0) \
	F(LIST, config_expose_path, paths, "paths", 0, 0)

#define CONFIG_PROXY(F) \
	F(MAP_ANY, _, config, "config", 0, 0) \
	F(STR, _, destination_service_id, "destination_service_id", 0, 0) \
	F(STR, _, destination_service_name, "destination_service_name", 0, 0) \
	F(STRUCT, config_expose, expose, "expose", 0, 0) \
	F(STR, _, local_service_address, "local_service_address", 0, 0) \
	F(INT, _, local_service_port, "local_service_port", 0, 0) \
	F(STRUCT, config_mesh_gateway, mesh_gateway, "mesh_gateway", 0, 0) \
	F(LIST, config_upstream, upstreams, "upstreams", 0, 0)

#define CONFIG_SERVICE(F) \
	F(STR, _, address, "address", 0, 0) \
	F(STRUCT, config_check_type, check, "check", 0, 0) \
	F(LIST, config_check_type, checks, "checks", 0, 0) \
	F(PTR, config_service_connect, connect, "connect", 0, 0) \
	F(BOOL, _, enable_tag_override, "enable_tag_override", 0, 0) \
	F(STR, _, id, "id", 0, 0) \
	F(STR, _, kind, "kind", 0, 0) \
	F(MAP_STR, _, meta, "meta", 0, 0) \
	F(STR, _, name, "name", 0, 0) \
	F(INT, _, port, "port", 0, 0) \
	F(PTR, config_proxy, proxy, "proxy", 0, 0) \
	F(MAP, config_service_address, tagged_addresses, "tagged_addresses", 0, 0) \
	F(STRS, _, tags, "tags", 0, 0) \
	F(STR, _, token, "token", 0, 0) \
	F(PTR, config_weights, weights, "weights", 0, 0)

/*	rows over a struct of the API */
#define CONFIG_DEFINITION_TYPES(X) \
	X(config_check, check_definition, CONFIG_CHECK) \
	X(config_check_type, check_type, CONFIG_CHECK_TYPE) \
	X(config_service_address, service_address, CONFIG_SERVICE_ADDRESS) \
	X(config_weights, weights, CONFIG_WEIGHTS) \
	X(config_service_connect, service_connect, CONFIG_SERVICE_CONNECT) \
	X(config_mesh_gateway, mesh_gateway_config, CONFIG_MESH_GATEWAY) \
	X(config_upstream, upstream, CONFIG_UPSTREAM) \
	X(config_expose_path, expose_path, CONFIG_EXPOSE_PATH) \
	X(config_expose, expose_config, CONFIG_EXPOSE) \
	X(config_proxy, connect_proxy_config, CONFIG_PROXY) \
	X(config_service, service_definition, CONFIG_SERVICE)

/*	stanzas, in the order in which C needs them */
#define CONFIG_STANZA_TYPES(X) \
	X(acl_provider_keys, ACL_PROVIDER_KEYS) \
	X(acl_tokens_keys, ACL_TOKENS_KEYS) \
	X(acl_keys, ACL_KEYS) \
	X(addresses_keys, ADDRESSES_KEYS) \
	X(audit_sink_keys, AUDIT_SINK_KEYS) \
	X(audit_keys, AUDIT_KEYS) \
	X(authorization_static_keys, AUTHORIZATION_STATIC_KEYS) \
	X(authorization_keys, AUTHORIZATION_KEYS) \
	X(auto_config_keys, AUTO_CONFIG_KEYS) \
	X(auto_encrypt_keys, AUTO_ENCRYPT_KEYS) \
	X(autopilot_keys, AUTOPILOT_KEYS) \
	X(cache_keys, CACHE_KEYS) \
	X(config_entries_keys, CONFIG_ENTRIES_KEYS) \
	X(connect_keys, CONNECT_KEYS) \
	X(consul_coordinate_keys, CONSUL_COORDINATE_KEYS) \
	X(consul_raft_keys, CONSUL_RAFT_KEYS) \
	X(consul_server_keys, CONSUL_SERVER_KEYS) \
	X(consul_keys, CONSUL_KEYS) \
	X(soa_keys, SOA_KEYS) \
	X(dns_config_keys, DNS_CONFIG_KEYS) \
	X(gossip_keys, GOSSIP_KEYS) \
	X(http_config_keys, HTTP_CONFIG_KEYS) \
	X(limits_keys, LIMITS_KEYS) \
	X(performance_keys, PERFORMANCE_KEYS) \
	X(ports_keys, PORTS_KEYS) \
	X(segment_keys, SEGMENT_KEYS) \
	X(telemetry_keys, TELEMETRY_KEYS) \
	X(unix_sockets_keys, UNIX_SOCKETS_KEYS) \
	X(config_keys, CONFIG_KEYS)
/* clang-format on */

/* In C a definition is the struct of the API and nothing else. */
struct config_check {
	struct check_definition api;
};

struct config_service {
	struct service_definition api;
};

struct any_map_keys {
	ANY_MAP_KEYS(TYPE_MEMBER)
};

#define X(name, rows)             \
	struct name {             \
		rows(TYPE_MEMBER) \
	};
CONFIG_STANZA_TYPES(X)
#undef X

extern const struct type config_keys_type;
extern const struct type config_check_type;
extern const struct type config_check_type_type;
extern const struct type config_service_type;
extern const struct type any_map_keys_type;

#endif
