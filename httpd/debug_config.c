/* The table of DebugConfig; see debug_config.h. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "debug_config.h"
#include "json.h"

/* How a row's value is found and shown. */
enum put {
	PUT_HIDDEN,
	PUT_FIXED, /* `text`: what no key of ours changes */
	PUT_OPEN,  /* an object: rows up to its PUT_CLOSE */
	PUT_CLOSE,
	PUT_CSTR,
	PUT_STR,
	PUT_BOOL,
	PUT_INT, /* `number`: the default, which Consul shows as 0 */
	PUT_U64,
	PUT_PORT, /* an int */
	PUT_FLOAT,
	PUT_RATE,     /* a float whose 0 is Go's largest */
	PUT_DURATION, /* `number`: as above, in seconds */
	PUT_RAFT_MS,  /* `number` ms, by performance.raft_multiplier */
	PUT_STRS,
	PUT_ALLOWED, /* of a list, those with +, without it */
	PUT_BLOCKED, /* and with - */
	PUT_MAP,
	PUT_DURATIONS, /* a map of them */
	PUT_ADDRESSES,
	PUT_HTTP_LISTENERS,
	PUT_DNS_LISTENERS,
	PUT_SERVER_URL, /* an address, and the port of that name */
	PUT_SERF_LAN_URL,
	PUT_SERF_WAN_URL,
	PUT_LOCAL_SCRIPTS,
	PUT_CHECKS,
	PUT_SERVICES,
	PUT_WATCHES,
};

struct row {
	const char *name;
	enum put kind;
	size_t at; /* in struct config */
	const char *text;
	int64_t number;
};

/* clang-format off */
#define AT(member) .at = offsetof(struct config, member)

static const struct row rows[] = {
	{ "ACLAgentMasterToken", PUT_HIDDEN },
	{ "ACLAgentToken", PUT_HIDDEN },
	{ "ACLDatacenter", PUT_CSTR, AT(datacenter) },
	{ "ACLDefaultPolicy", PUT_STR, AT(keys.acl.default_policy) },
	{ "ACLDisabledTTL", PUT_FIXED, .text = "\"2m0s\"" },
	{ "ACLDownPolicy", PUT_STR, AT(keys.acl.down_policy) },
	{ "ACLEnableKeyListPolicy", PUT_BOOL, AT(keys.acl.enable_key_list_policy) },
	{ "ACLEnableTokenPersistence", PUT_BOOL, AT(keys.acl.enable_token_persistence) },
	{ "ACLMasterToken", PUT_HIDDEN },
	{ "ACLPolicyTTL", PUT_DURATION, AT(keys.acl.policy_ttl) },
	{ "ACLReplicationToken", PUT_HIDDEN },
	{ "ACLRoleTTL", PUT_DURATION, AT(keys.acl.role_ttl) },
	{ "ACLToken", PUT_HIDDEN },
	{ "ACLTokenReplication", PUT_BOOL, AT(keys.acl.enable_token_replication) },
	{ "ACLTokenTTL", PUT_DURATION, AT(keys.acl.token_ttl) },
	{ "ACLsEnabled", PUT_BOOL, AT(keys.acl.enabled) },
	{ "AEInterval", PUT_FIXED, .text = "\"1m0s\"" },
	{ "AdvertiseAddrLAN", PUT_CSTR, AT(advertise_address) },
	{ "AdvertiseAddrWAN", PUT_CSTR, AT(advertise_wan_address) },
	{ "AllowWriteHTTPFrom", PUT_STRS, AT(keys.http_config.allow_write_http_from) },
	{ "AutoConfig", PUT_OPEN },
	{ "Authorizer", PUT_OPEN },
	{ "AllowReuse", PUT_FIXED, .text = "false" },
	{ "AuthMethod", PUT_OPEN },
	{ "ACLAuthMethodEnterpriseFields", PUT_FIXED, .text = "{}" },
	{ "Config", PUT_OPEN },
	{ "BoundAudiences", PUT_FIXED, .text = "null" },
	{ "BoundIssuer", PUT_FIXED, .text = "\"\"" },
	{ "ClaimMappings", PUT_FIXED, .text = "null" },
	{ "ClockSkewLeeway", PUT_FIXED, .text = "0" },
	{ "ExpirationLeeway", PUT_FIXED, .text = "0" },
	{ "JWKSCACert", PUT_FIXED, .text = "\"\"" },
	{ "JWKSURL", PUT_FIXED, .text = "\"\"" },
	{ "JWTSupportedAlgs", PUT_FIXED, .text = "null" },
	{ "JWTValidationPubKeys", PUT_FIXED, .text = "null" },
	{ "ListClaimMappings", PUT_FIXED, .text = "null" },
	{ "NotBeforeLeeway", PUT_FIXED, .text = "0" },
	{ "OIDCDiscoveryCACert", PUT_FIXED, .text = "\"\"" },
	{ "OIDCDiscoveryURL", PUT_FIXED, .text = "\"\"" },
	{ .kind = PUT_CLOSE },
	{ "Description", PUT_FIXED, .text = "\"\"" },
	{ "DisplayName", PUT_FIXED, .text = "\"\"" },
	{ "EnterpriseMeta", PUT_FIXED, .text = "{}" },
	{ "MaxTokenTTL", PUT_FIXED, .text = "\"0s\"" },
	{ "Name", PUT_FIXED, .text = "\"Auto Config Authorizer\"" },
	{ "RaftIndex", PUT_FIXED, .text = "{\"CreateIndex\":0,\"ModifyIndex\":0}" },
	{ "TokenLocality", PUT_FIXED, .text = "\"\"" },
	{ "Type", PUT_FIXED, .text = "\"jwt\"" },
	{ .kind = PUT_CLOSE },
	{ "ClaimAssertions", PUT_FIXED, .text = "[]" },
	{ "Enabled", PUT_FIXED, .text = "false" },
	{ .kind = PUT_CLOSE },
	{ "DNSSANs", PUT_FIXED, .text = "[]" },
	{ "Enabled", PUT_FIXED, .text = "false" },
	{ "IPSANs", PUT_FIXED, .text = "[]" },
	{ "IntroToken", PUT_HIDDEN },
	{ "IntroTokenFile", PUT_FIXED, .text = "\"\"" },
	{ "ServerAddresses", PUT_FIXED, .text = "[]" },
	{ .kind = PUT_CLOSE },
	{ "AutoEncryptAllowTLS", PUT_FIXED, .text = "false" },
	{ "AutoEncryptDNSSAN", PUT_FIXED, .text = "[]" },
	{ "AutoEncryptIPSAN", PUT_FIXED, .text = "[]" },
	{ "AutoEncryptTLS", PUT_FIXED, .text = "false" },
	{ "AutopilotCleanupDeadServers", PUT_BOOL, AT(keys.autopilot.cleanup_dead_servers) },
	{ "AutopilotDisableUpgradeMigration", PUT_BOOL, AT(keys.autopilot.disable_upgrade_migration) },
	{ "AutopilotLastContactThreshold", PUT_DURATION, AT(keys.autopilot.last_contact_threshold) },
	{ "AutopilotMaxTrailingLogs", PUT_INT, AT(keys.autopilot.max_trailing_logs) },
	{ "AutopilotMinQuorum", PUT_U64, AT(keys.autopilot.min_quorum) },
	{ "AutopilotRedundancyZoneTag", PUT_STR, AT(keys.autopilot.redundancy_zone_tag) },
	{ "AutopilotServerStabilizationTime", PUT_DURATION, AT(keys.autopilot.server_stabilization_time) },
	{ "AutopilotUpgradeVersionTag", PUT_STR, AT(keys.autopilot.upgrade_version_tag) },
	{ "BindAddr", PUT_CSTR, AT(bind_address) },
	{ "Bootstrap", PUT_BOOL, AT(has_bootstrap) },
	{ "BootstrapExpect", PUT_INT, AT(bootstrap_expect) },
	{ "CAFile", PUT_STR, AT(keys.ca_file) },
	{ "CAPath", PUT_STR, AT(keys.ca_path) },
	{ "Cache", PUT_OPEN },
	{ "EntryFetchMaxBurst", PUT_INT, AT(keys.cache.entry_fetch_max_burst) },
	{ "EntryFetchRate", PUT_RATE, AT(keys.cache.entry_fetch_rate) },
	{ .kind = PUT_CLOSE },
	{ "CertFile", PUT_STR, AT(keys.cert_file) },
	{ "CheckDeregisterIntervalMin", PUT_FIXED, .text = "\"1m0s\"" },
	{ "CheckOutputMaxSize", PUT_INT, AT(keys.check_output_max_size) },
	{ "CheckReapInterval", PUT_FIXED, .text = "\"30s\"" },
	{ "CheckUpdateInterval", PUT_DURATION, AT(keys.check_update_interval) },
	{ "Checks", PUT_CHECKS },
	{ "ClientAddrs", PUT_ADDRESSES, AT(client_addresses) },
	{ "ConfigEntryBootstrap", PUT_FIXED, .text = "[]" },
	{ "ConnectCAConfig", PUT_FIXED, .text = "{}" },
	{ "ConnectCAProvider", PUT_FIXED, .text = "\"\"" },
	{ "ConnectEnabled", PUT_FIXED, .text = "false" },
	{ "ConnectMeshGatewayWANFederationEnabled", PUT_FIXED, .text = "false" },
	{ "ConnectSidecarMaxPort", PUT_INT, AT(keys.ports.sidecar_max_port) },
	{ "ConnectSidecarMinPort", PUT_INT, AT(keys.ports.sidecar_min_port) },
	{ "ConnectTestCALeafRootChangeSpread", PUT_FIXED, .text = "\"0s\"" },
	{ "ConsulCoordinateUpdateBatchSize", PUT_FIXED, .text = "128" },
	{ "ConsulCoordinateUpdateMaxBatches", PUT_FIXED, .text = "5" },
	{ "ConsulCoordinateUpdatePeriod", PUT_FIXED, .text = "\"5s\"" },
	{ "ConsulRaftElectionTimeout", PUT_RAFT_MS, .number = 1000 },
	{ "ConsulRaftHeartbeatTimeout", PUT_RAFT_MS, .number = 1000 },
	{ "ConsulRaftLeaderLeaseTimeout", PUT_RAFT_MS, .number = 500 },
	{ "ConsulServerHealthInterval", PUT_FIXED, .text = "\"2s\"" },
	{ "DNSARecordLimit", PUT_INT, AT(keys.dns_config.a_record_limit) },
	{ "DNSAddrs", PUT_DNS_LISTENERS, AT(dns_addresses) },
	{ "DNSAllowStale", PUT_BOOL, AT(keys.dns_config.allow_stale) },
	{ "DNSAltDomain", PUT_CSTR, AT(alt_domain) },
	{ "DNSCacheMaxAge", PUT_DURATION, AT(keys.dns_config.cache_max_age) },
	{ "DNSDisableCompression", PUT_BOOL, AT(keys.dns_config.disable_compression) },
	{ "DNSDomain", PUT_CSTR, AT(domain) },
	{ "DNSEnableTruncate", PUT_BOOL, AT(keys.dns_config.enable_truncate) },
	{ "DNSMaxStale", PUT_DURATION, AT(keys.dns_config.max_stale) },
	{ "DNSNodeMetaTXT", PUT_BOOL, AT(keys.dns_config.enable_additional_node_meta_txt) },
	{ "DNSNodeTTL", PUT_DURATION, AT(keys.dns_config.node_ttl) },
	{ "DNSOnlyPassing", PUT_BOOL, AT(keys.dns_config.only_passing) },
	{ "DNSPort", PUT_PORT, AT(dns_port) },
	{ "DNSRecursorTimeout", PUT_DURATION, AT(keys.dns_config.recursor_timeout) },
	{ "DNSRecursors", PUT_STRS, AT(keys.recursors) },
	{ "DNSSOA", PUT_OPEN },
	{ "Expire", PUT_U64, AT(keys.dns_config.soa.expire) },
	{ "Minttl", PUT_U64, AT(keys.dns_config.soa.min_ttl) },
	{ "Refresh", PUT_U64, AT(keys.dns_config.soa.refresh) },
	{ "Retry", PUT_U64, AT(keys.dns_config.soa.retry) },
	{ .kind = PUT_CLOSE },
	{ "DNSServiceTTL", PUT_DURATIONS, AT(keys.dns_config.service_ttl) },
	{ "DNSUDPAnswerLimit", PUT_INT, AT(keys.dns_config.udp_answer_limit) },
	{ "DNSUseCache", PUT_BOOL, AT(keys.dns_config.use_cache) },
	{ "DataDir", PUT_CSTR, AT(data_dir) },
	{ "Datacenter", PUT_CSTR, AT(datacenter) },
	{ "DefaultQueryTime", PUT_DURATION, AT(keys.default_query_time) },
	{ "DevMode", PUT_BOOL, AT(is_dev) },
	{ "DisableAnonymousSignature", PUT_BOOL, AT(keys.disable_anonymous_signature) },
	{ "DisableCoordinates", PUT_BOOL, AT(keys.disable_coordinates) },
	{ "DisableHTTPUnprintableCharFilter", PUT_BOOL, AT(keys.disable_http_unprintable_char_filter) },
	{ "DisableHostNodeID", PUT_BOOL, AT(keys.disable_host_node_id) },
	{ "DisableKeyringFile", PUT_BOOL, AT(keys.disable_keyring_file) },
	{ "DisableRemoteExec", PUT_BOOL, AT(keys.disable_remote_exec) },
	{ "DisableUpdateCheck", PUT_BOOL, AT(keys.disable_update_check) },
	{ "DiscardCheckOutput", PUT_BOOL, AT(keys.discard_check_output) },
	{ "DiscoveryMaxStale", PUT_DURATION, AT(keys.discovery_max_stale) },
	{ "EnableAgentTLSForChecks", PUT_BOOL, AT(keys.enable_agent_tls_for_checks) },
	{ "EnableCentralServiceConfig", PUT_BOOL, AT(keys.enable_central_service_config) },
	{ "EnableDebug", PUT_BOOL, AT(keys.enable_debug) },
	{ "EnableLocalScriptChecks", PUT_LOCAL_SCRIPTS },
	{ "EnableRemoteScriptChecks", PUT_BOOL, AT(keys.enable_script_checks) },
	{ "EnableUI", PUT_BOOL, AT(has_ui) },
	{ "EncryptKey", PUT_HIDDEN },
	{ "EncryptVerifyIncoming", PUT_BOOL, AT(keys.encrypt_verify_incoming) },
	{ "EncryptVerifyOutgoing", PUT_BOOL, AT(keys.encrypt_verify_outgoing) },
	{ "EnterpriseRuntimeConfig", PUT_FIXED, .text = "{}" },
	{ "ExposeMaxPort", PUT_INT, AT(keys.ports.expose_max_port) },
	{ "ExposeMinPort", PUT_INT, AT(keys.ports.expose_min_port) },
	{ "GRPCAddrs", PUT_FIXED, .text = "[]" },
	{ "GRPCPort", PUT_FIXED, .text = "-1" },
	{ "GossipLANGossipInterval", PUT_DURATION, AT(keys.gossip_lan.gossip_interval) },
	{ "GossipLANGossipNodes", PUT_INT, AT(keys.gossip_lan.gossip_nodes) },
	{ "GossipLANProbeInterval", PUT_DURATION, AT(keys.gossip_lan.probe_interval) },
	{ "GossipLANProbeTimeout", PUT_DURATION, AT(keys.gossip_lan.probe_timeout) },
	{ "GossipLANRetransmitMult", PUT_INT, AT(keys.gossip_lan.retransmit_mult) },
	{ "GossipLANSuspicionMult", PUT_INT, AT(keys.gossip_lan.suspicion_mult) },
	{ "GossipWANGossipInterval", PUT_DURATION, AT(keys.gossip_wan.gossip_interval) },
	{ "GossipWANGossipNodes", PUT_INT, AT(keys.gossip_wan.gossip_nodes) },
	{ "GossipWANProbeInterval", PUT_DURATION, AT(keys.gossip_wan.probe_interval) },
	{ "GossipWANProbeTimeout", PUT_DURATION, AT(keys.gossip_wan.probe_timeout) },
	{ "GossipWANRetransmitMult", PUT_INT, AT(keys.gossip_wan.retransmit_mult) },
	{ "GossipWANSuspicionMult", PUT_INT, AT(keys.gossip_wan.suspicion_mult) },
	{ "HTTPAddrs", PUT_HTTP_LISTENERS, AT(http_addresses) },
	{ "HTTPBlockEndpoints", PUT_STRS, AT(keys.http_config.block_endpoints) },
	{ "HTTPMaxConnsPerClient", PUT_INT, AT(keys.limits.http_max_conns_per_client) },
	{ "HTTPPort", PUT_PORT, AT(http_port) },
	{ "HTTPResponseHeaders", PUT_MAP, AT(keys.http_config.response_headers) },
	{ "HTTPSAddrs", PUT_FIXED, .text = "[]" },
	{ "HTTPSHandshakeTimeout", PUT_DURATION, AT(keys.limits.https_handshake_timeout) },
	{ "HTTPSPort", PUT_FIXED, .text = "-1" },
	{ "HTTPUseCache", PUT_BOOL, AT(keys.http_config.use_cache) },
	{ "KVMaxValueSize", PUT_U64, AT(keys.limits.kv_max_value_size) },
	{ "KeyFile", PUT_HIDDEN },
	{ "LeaveDrainTime", PUT_DURATION, AT(keys.performance.leave_drain_time) },
	{ "LeaveOnTerm", PUT_BOOL, AT(leave_on_terminate) },
	{ "Logging", PUT_OPEN },
	{ "EnableSyslog", PUT_BOOL, AT(keys.enable_syslog) },
	{ "LogFilePath", PUT_STR, AT(keys.log_file) },
	{ "LogJSON", PUT_BOOL, AT(log_json) },
	{ "LogLevel", PUT_STR, AT(keys.log_level) },
	{ "LogRotateBytes", PUT_INT, AT(keys.log_rotate_bytes) },
	{ "LogRotateDuration", PUT_DURATION, AT(keys.log_rotate_duration), .number = 86400 },
	{ "LogRotateMaxFiles", PUT_INT, AT(keys.log_rotate_max_files) },
	{ "Name", PUT_FIXED, .text = "\"\"" },
	{ "SyslogFacility", PUT_STR, AT(keys.syslog_facility) },
	{ .kind = PUT_CLOSE },
	{ "MaxQueryTime", PUT_DURATION, AT(keys.max_query_time) },
	{ "NodeID", PUT_CSTR, AT(node_id) },
	{ "NodeMeta", PUT_MAP, AT(keys.node_meta) },
	{ "NodeName", PUT_CSTR, AT(node_name) },
	{ "NonVotingServer", PUT_BOOL, AT(keys.non_voting_server) },
	{ "PidFile", PUT_STR, AT(keys.pid_file) },
	{ "PrimaryDatacenter", PUT_CSTR, AT(datacenter) },
	{ "PrimaryGateways", PUT_STRS, AT(keys.primary_gateways) },
	{ "PrimaryGatewaysInterval", PUT_DURATION, AT(keys.primary_gateways_interval) },
	{ "RPCAdvertiseAddr", PUT_SERVER_URL, AT(advertise_address) },
	{ "RPCBindAddr", PUT_SERVER_URL, AT(bind_address) },
	{ "RPCHandshakeTimeout", PUT_DURATION, AT(keys.limits.rpc_handshake_timeout) },
	{ "RPCHoldTimeout", PUT_DURATION, AT(keys.performance.rpc_hold_timeout) },
	{ "RPCMaxBurst", PUT_INT, AT(keys.limits.rpc_max_burst) },
	{ "RPCMaxConnsPerClient", PUT_INT, AT(keys.limits.rpc_max_conns_per_client) },
	{ "RPCProtocol", PUT_INT, AT(keys.protocol) },
	{ "RPCRateLimit", PUT_FLOAT, AT(keys.limits.rpc_rate) },
	{ "RaftProtocol", PUT_INT, AT(keys.raft_protocol), .number = 3 },
	{ "RaftSnapshotInterval", PUT_DURATION, AT(keys.raft_snapshot_interval), .number = 30 },
	{ "RaftSnapshotThreshold", PUT_INT, AT(keys.raft_snapshot_threshold), .number = 16384 },
	{ "RaftTrailingLogs", PUT_INT, AT(keys.raft_trailing_logs), .number = 10240 },
	{ "ReconnectTimeoutLAN", PUT_DURATION, AT(keys.reconnect_timeout), .number = 259200 },
	{ "ReconnectTimeoutWAN", PUT_DURATION, AT(keys.reconnect_timeout_wan), .number = 259200 },
	{ "RejoinAfterLeave", PUT_BOOL, AT(keys.rejoin_after_leave) },
	{ "RetryJoinIntervalLAN", PUT_DURATION, AT(keys.retry_interval) },
	{ "RetryJoinIntervalWAN", PUT_DURATION, AT(keys.retry_interval_wan) },
	{ "RetryJoinLAN", PUT_STRS, AT(keys.retry_join) },
	{ "RetryJoinMaxAttemptsLAN", PUT_INT, AT(keys.retry_max) },
	{ "RetryJoinMaxAttemptsWAN", PUT_INT, AT(keys.retry_max_wan) },
	{ "RetryJoinWAN", PUT_STRS, AT(keys.retry_join_wan) },
	{ "Revision", PUT_FIXED, .text = "\"\"" },
	{ "SegmentLimit", PUT_FIXED, .text = "64" },
	{ "SegmentName", PUT_FIXED, .text = "\"\"" },
	{ "SegmentNameLimit", PUT_FIXED, .text = "64" },
	{ "Segments", PUT_FIXED, .text = "[]" },
	{ "SerfAdvertiseAddrLAN", PUT_SERF_LAN_URL, AT(advertise_address) },
	{ "SerfAdvertiseAddrWAN", PUT_SERF_WAN_URL, AT(advertise_wan_address) },
	{ "SerfAllowedCIDRsLAN", PUT_STRS, AT(keys.serf_lan_allowed_cidrs) },
	{ "SerfAllowedCIDRsWAN", PUT_STRS, AT(keys.serf_wan_allowed_cidrs) },
	{ "SerfBindAddrLAN", PUT_SERF_LAN_URL, AT(serf_lan_address) },
	{ "SerfBindAddrWAN", PUT_SERF_WAN_URL, AT(serf_wan_address) },
	{ "SerfPortLAN", PUT_PORT, AT(serf_lan_port) },
	{ "SerfPortWAN", PUT_PORT, AT(serf_wan_port) },
	{ "ServerMode", PUT_BOOL, AT(is_server) },
	{ "ServerName", PUT_STR, AT(keys.server_name) },
	{ "ServerPort", PUT_PORT, AT(server_port) },
	{ "Services", PUT_SERVICES },
	{ "SessionTTLMin", PUT_DURATION, AT(keys.session_ttl_min), .number = 10 },
	{ "SkipLeaveOnInt", PUT_BOOL, AT(skip_leave_on_interrupt) },
	{ "StartJoinAddrsLAN", PUT_STRS, AT(keys.start_join) },
	{ "StartJoinAddrsWAN", PUT_STRS, AT(keys.start_join_wan) },
	{ "SyncCoordinateIntervalMin", PUT_FIXED, .text = "\"15s\"" },
	{ "SyncCoordinateRateTarget", PUT_FIXED, .text = "64" },
	{ "TLSCipherSuites", PUT_FIXED, .text = "[]" },
	{ "TLSMinVersion", PUT_STR, AT(keys.tls_min_version) },
	{ "TLSPreferServerCipherSuites", PUT_BOOL, AT(keys.tls_prefer_server_cipher_suites) },
	{ "TaggedAddresses", PUT_MAP, AT(tagged_addresses) },
	{ "Telemetry", PUT_OPEN },
	{ "AllowedPrefixes", PUT_ALLOWED, AT(keys.telemetry.prefix_filter) },
	{ "BlockedPrefixes", PUT_BLOCKED, AT(keys.telemetry.prefix_filter) },
	{ "CirconusAPIApp", PUT_FIXED, .text = "\"\"" },
	{ "CirconusAPIToken", PUT_HIDDEN },
	{ "CirconusAPIURL", PUT_FIXED, .text = "\"\"" },
	{ "CirconusBrokerID", PUT_FIXED, .text = "\"\"" },
	{ "CirconusBrokerSelectTag", PUT_FIXED, .text = "\"\"" },
	{ "CirconusCheckDisplayName", PUT_FIXED, .text = "\"\"" },
	{ "CirconusCheckForceMetricActivation", PUT_FIXED, .text = "\"\"" },
	{ "CirconusCheckID", PUT_FIXED, .text = "\"\"" },
	{ "CirconusCheckInstanceID", PUT_FIXED, .text = "\"\"" },
	{ "CirconusCheckSearchTag", PUT_FIXED, .text = "\"\"" },
	{ "CirconusCheckTags", PUT_FIXED, .text = "\"\"" },
	{ "CirconusSubmissionInterval", PUT_FIXED, .text = "\"\"" },
	{ "CirconusSubmissionURL", PUT_FIXED, .text = "\"\"" },
	{ "Disable", PUT_FIXED, .text = "false" },
	{ "DisableHostname", PUT_BOOL, AT(keys.telemetry.disable_hostname) },
	{ "DogstatsdAddr", PUT_STR, AT(keys.telemetry.dogstatsd_addr) },
	{ "DogstatsdTags", PUT_STRS, AT(keys.telemetry.dogstatsd_tags) },
	{ "FilterDefault", PUT_BOOL, AT(keys.telemetry.filter_default) },
	{ "MetricsPrefix", PUT_STR, AT(keys.telemetry.metrics_prefix) },
	{ "PrometheusRetentionTime", PUT_DURATION, AT(keys.telemetry.prometheus_retention_time) },
	{ "StatsdAddr", PUT_STR, AT(keys.telemetry.statsd_address) },
	{ "StatsiteAddr", PUT_STR, AT(keys.telemetry.statsite_address) },
	{ .kind = PUT_CLOSE },
	{ "TranslateWANAddrs", PUT_BOOL, AT(keys.translate_wan_addrs) },
	{ "TxnMaxReqLen", PUT_U64, AT(keys.limits.txn_max_req_len) },
	{ "UIContentPath", PUT_CSTR, AT(ui_content_path) },
	{ "UIDir", PUT_STR, AT(keys.ui_dir) },
	{ "UnixSocketGroup", PUT_STR, AT(keys.unix_sockets.group) },
	{ "UnixSocketMode", PUT_STR, AT(keys.unix_sockets.mode) },
	{ "UnixSocketUser", PUT_STR, AT(keys.unix_sockets.user) },
	{ "VerifyIncoming", PUT_BOOL, AT(keys.verify_incoming) },
	{ "VerifyIncomingHTTPS", PUT_BOOL, AT(keys.verify_incoming_https) },
	{ "VerifyIncomingRPC", PUT_BOOL, AT(keys.verify_incoming_rpc) },
	{ "VerifyOutgoing", PUT_BOOL, AT(keys.verify_outgoing) },
	{ "VerifyServerHostname", PUT_BOOL, AT(keys.verify_server_hostname) },
	{ "Version", PUT_CSTR, AT(version) },
	{ "VersionPrerelease", PUT_FIXED, .text = "\"\"" },
	{ "Watches", PUT_WATCHES },
};
/* clang-format on */

/* --- Values. --- */

static void
put_text(struct buf *out, const char *text)
{
	json_put_text(out, slice_of_text(text));
}

static void
put_duration(struct buf *out, struct duration d)
{
	buf_put_u8(out, '"');
	duration_print(d, out);
	buf_put_u8(out, '"');
}

/* Those that begin with `sign`, without it; 0: all of them. */
static void
put_list(struct buf *out, const struct slice_list *list, uint8_t sign)
{
	bool is_first = true;

	buf_put_u8(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		struct slice item = list->items[i];

		if (sign != 0 && (item.size == 0 || item.data[0] != sign))
			continue;
		if (!is_first)
			buf_put_u8(out, ',');
		is_first = false;
		json_put_text(out, slice_tail(item, sign != 0));
	}
	buf_put_u8(out, ']');
}

/* As durations or as texts; Go sorts the keys of a map. */
static void
put_map(struct buf *out, const struct pair_list *map, bool is_of_durations)
{
	const struct pair *last = NULL;

	buf_put_u8(out, '{');
	for (size_t i = 0; i < map->count; i++) {
		const struct pair *next = NULL;
		struct duration d;
		char why[128];

		for (size_t j = 0; j < map->count; j++) {
			const struct pair *p = &map->items[j];

			if ((last == NULL ||
				slice_compare(last->key, p->key) < 0) &&
			    (next == NULL ||
				slice_compare(p->key, next->key) < 0))
				next = p;
		}
		if (next == NULL)
			break; /* keys that are there twice */
		if (last != NULL)
			buf_put_u8(out, ',');
		last = next;
		json_put_text(out, next->key);
		buf_put_u8(out, ':');
		if (is_of_durations &&
		    duration_parse(next->value, &d, why, sizeof(why)) == ERR_OK)
			put_duration(out, d);
		else
			json_put_text(out, next->value);
	}
	buf_put_u8(out, '}');
}

static void
put_url(struct buf *out, const char *network, const char *address, int port)
{
	struct buf url = { 0 };

	if (strncmp(address, "unix://", 7) == 0)
		buf_put_text(&url, address);
	else
		buf_printf(&url,
		    strchr(address, ':') != NULL ? "%s://[%s]:%d"
						 : "%s://%s:%d",
		    network, address, port);
	json_put_text(out, buf_slice(&url));
	buf_deinit(&url);
}

/* `networks` end in a NULL; port 0: no URLs, the addresses as they are. */
static void
put_addresses(struct buf *out, const struct config_addresses *all,
    const char *const *networks, int port)
{
	bool is_first = true;

	buf_put_u8(out, '[');
	for (; *networks != NULL && port >= 0; networks++)
		for (size_t i = 0; i < all->count; i++) {
			if (!is_first)
				buf_put_u8(out, ',');
			is_first = false;
			if (port > 0)
				put_url(out, *networks, all->text[i], port);
			else
				put_text(out, all->text[i]);
		}
	buf_put_u8(out, ']');
}

/* Names are enough to tell what was read from files. */
static void
put_named(struct buf *out, struct slice id, struct slice name, bool is_first)
{
	buf_put_text(out, is_first ? "{\"ID\":" : ",{\"ID\":");
	json_put_text(out, id);
	buf_put_text(out, ",\"Name\":");
	json_put_text(out, name);
	buf_put_u8(out, '}');
}

static void
put_definitions(struct buf *out, const struct config *c, bool is_of_services)
{
	buf_put_u8(out, '[');
	for (size_t i = 0; is_of_services && i < c->service_count; i++)
		put_named(out, c->services[i].id, c->services[i].name, i == 0);
	for (size_t i = 0; !is_of_services && i < c->check_count; i++)
		put_named(out, c->checks[i].id, c->checks[i].name, i == 0);
	buf_put_u8(out, ']');
}

static void
put_watches(struct buf *out, const struct config *c)
{
	buf_put_u8(out, '[');
	for (size_t i = 0; i < c->keys.watches.count; i++) {
		const struct pair_list *watch =
		    &c->keys.watches.items[i].values;

		buf_put_text(out, i == 0 ? "{" : ",{");
		for (size_t j = 0; j < watch->count; j++) {
			if (j > 0)
				buf_put_u8(out, ',');
			json_put_text(out, watch->items[j].key);
			buf_put_u8(out, ':');
			if (slice_is(watch->items[j].key, "token"))
				put_text(out, "hidden");
			else
				json_put_any(out, watch->items[j].value);
		}
		buf_put_u8(out, '}');
	}
	buf_put_u8(out, ']');
}

/* --- Rows. --- */

static void
put_number(struct buf *out, const struct row *row, const struct config *c)
{
	const void *at = (const uint8_t *)c + row->at;
	struct duration d = { 0 };
	double rate;

	switch (row->kind) {
	case PUT_INT:
		buf_printf(out, "%" PRId64,
		    *(const int64_t *)at != row->number ? *(const int64_t *)at
							: 0);
		break;
	case PUT_U64:
		buf_put_decimal(out, *(const uint64_t *)at);
		break;
	case PUT_PORT:
		buf_printf(out, "%d", *(const int *)at);
		break;
	case PUT_FLOAT:
	case PUT_RATE:
		rate = *(const double *)at;
		json_put_float(out,
		    row->kind == PUT_RATE && rate <= 0 ? __DBL_MAX__ : rate);
		break;
	case PUT_RAFT_MS:
		d = MILLISECONDS(
		    row->number * c->keys.performance.raft_multiplier);
		put_duration(out, d);
		break;
	default:
		if (((const struct duration *)at)->ns !=
		    SECONDS(row->number).ns)
			d = *(const struct duration *)at;
		put_duration(out, d);
	}
}

static void
put_network(struct buf *out, const struct row *row, const struct config *c)
{
	static const char *const tcp[] = { "tcp", NULL };
	static const char *const both[] = { "tcp", "udp", NULL };
	const void *at = (const uint8_t *)c + row->at;
	const char *const *text = at;

	if (row->kind == PUT_HTTP_LISTENERS)
		put_addresses(out, at, tcp, c->http_port);
	else if (row->kind == PUT_DNS_LISTENERS)
		put_addresses(out, at, both, c->dns_port);
	else if (row->kind == PUT_ADDRESSES)
		put_addresses(out, at, tcp, 0);
	else
		put_url(out, "tcp", *text,
		    row->kind == PUT_SERVER_URL	    ? c->server_port
		    : row->kind == PUT_SERF_LAN_URL ? c->serf_lan_port
						    : c->serf_wan_port);
}

static void
put_value(struct buf *out, const struct row *row, const struct config *c)
{
	const void *at = (const uint8_t *)c + row->at;

	switch (row->kind) {
	case PUT_HIDDEN:
		put_text(out, "hidden");
		break;
	case PUT_FIXED:
		buf_put_text(out, row->text);
		break;
	case PUT_CSTR:
		put_text(out, *(const char *const *)at);
		break;
	case PUT_STR:
		json_put_text(out, *(const struct slice *)at);
		break;
	case PUT_BOOL:
		buf_put_text(out, *(const bool *)at ? "true" : "false");
		break;
	case PUT_LOCAL_SCRIPTS: /* either key allows those of files */
		buf_put_text(out, c->keys.enable_script_checks ||
					  c->keys.enable_local_script_checks
				      ? "true"
				      : "false");
		break;
	case PUT_STRS:
	case PUT_ALLOWED:
	case PUT_BLOCKED:
		put_list(out, at,
		    row->kind == PUT_ALLOWED   ? '+'
		    : row->kind == PUT_BLOCKED ? '-'
					       : 0);
		break;
	case PUT_MAP:
	case PUT_DURATIONS:
		put_map(out, at, row->kind == PUT_DURATIONS);
		break;
	case PUT_CHECKS:
	case PUT_SERVICES:
		put_definitions(out, c, row->kind == PUT_SERVICES);
		break;
	case PUT_WATCHES:
		put_watches(out, c);
		break;
	case PUT_ADDRESSES:
	case PUT_HTTP_LISTENERS:
	case PUT_DNS_LISTENERS:
	case PUT_SERVER_URL:
	case PUT_SERF_LAN_URL:
	case PUT_SERF_WAN_URL:
		put_network(out, row, c);
		break;
	default:
		put_number(out, row, c);
	}
}

void
debug_config_put(const struct config *c, struct buf *out)
{
	bool is_first = true;

	buf_put_u8(out, '{');
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (row->kind == PUT_CLOSE) {
			buf_put_u8(out, '}');
			is_first = false;
			continue;
		}
		if (!is_first)
			buf_put_u8(out, ',');
		is_first = row->kind == PUT_OPEN;
		put_text(out, row->name);
		buf_put_u8(out, ':');
		if (row->kind == PUT_OPEN)
			buf_put_u8(out, '{');
		else
			put_value(out, row, c);
	}
	buf_put_u8(out, '}');
}
