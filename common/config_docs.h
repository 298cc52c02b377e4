/*
 * What each key is for, and what becomes of a change while the agent runs. A
 * row a key of config_keys.h; the manual page is made of it (man/pages.c,
 * which fails if a key has no row), and so is what a reload tells
 * (config_changes.h).
 *
 * Row      path, what a reload does, who uses it, text of the manual page
 * APPLIED  a reload applies it; the daemons named follow it at once
 * RESTART  the daemons named go on with the old value until they are
 *          restarted
 * NOTHING  accepted, and without effect in this version
 *
 * Source  api/config.md 3
 */
#ifndef COMMON_CONFIG_DOCS_H
#define COMMON_CONFIG_DOCS_H

#include "wiring.h"

#define IN(id)	 (1U << DAEMON_##id)
#define ALL	 ((1U << DAEMON_COUNT) - 1)
#define LAUNCHER (1U << DAEMON_COUNT)

/* clang-format off */

#define CONFIG_DOCS(X) \
	X("acl.default_policy", NOTHING, 0, "What is allowed to a token without a rule for it: allow or deny.") \
	X("acl.disabled_ttl", NOTHING, 0, "Fixed at 120s.") \
	X("acl.down_policy", NOTHING, 0, "What holds while the servers that know the tokens cannot be reached: extend-cache, async-cache, allow or deny.") \
	X("acl.enable_key_list_policy", NOTHING, 0, "Listing of keys needs the right to list.") \
	X("acl.enable_token_persistence", NOTHING, 0, "Tokens that are set through the API outlive a restart.") \
	X("acl.enable_token_replication", NOTHING, 0, "Copy tokens from the primary datacenter. Not built yet.") \
	X("acl.enabled", RESTART, ALL, "Access control. Not built yet: true is refused.") \
	X("acl.msp_disable_bootstrap", NOTHING, 0, "Enterprise only.") \
	X("acl.policy_ttl", NOTHING, 0, "How long a policy is kept by agents that asked for it.") \
	X("acl.role_ttl", NOTHING, 0, "How long a role is kept by agents that asked for it.") \
	X("acl.token_ttl", NOTHING, 0, "How long a token is kept by agents that asked for it.") \
	X("acl.tokens.agent", NOTHING, 0, "Token of the agent's own doings.") \
	X("acl.tokens.agent_master", NOTHING, 0, "Token that this agent takes for its own API when no server can be asked.") \
	X("acl.tokens.default", NOTHING, 0, "Token of requests that bring none.") \
	X("acl.tokens.managed_service_provider", NOTHING, 0, "Enterprise only.") \
	X("acl.tokens.master", NOTHING, 0, "Token with all rights that the first leader makes.") \
	X("acl.tokens.replication", NOTHING, 0, "Token for copying tokens from the primary datacenter.") \
	X("acl_agent_master_token", NOTHING, 0, "Old name of acl.tokens.agent_master.") \
	X("acl_agent_token", NOTHING, 0, "Old name of acl.tokens.agent.") \
	X("acl_datacenter", RESTART, ALL, "Old name of primary_datacenter; also means acl.enabled. Not built yet.") \
	X("acl_default_policy", NOTHING, 0, "Old name of acl.default_policy.") \
	X("acl_disabled_ttl", NOTHING, 0, "Old name of acl.disabled_ttl.") \
	X("acl_down_policy", NOTHING, 0, "Old name of acl.down_policy.") \
	X("acl_enable_key_list_policy", NOTHING, 0, "Old name of acl.enable_key_list_policy.") \
	X("acl_enforce_version_8", NOTHING, 0, "Warns, and does nothing.") \
	X("acl_master_token", NOTHING, 0, "Old name of acl.tokens.master.") \
	X("acl_replication_token", NOTHING, 0, "Old name of acl.tokens.replication.") \
	X("acl_token", NOTHING, 0, "Old name of acl.tokens.default.") \
	X("acl_ttl", NOTHING, 0, "Old name of acl.token_ttl.") \
	X("addresses.dns", RESTART, IN(dnsd), "Addresses, separated by blanks, on which DNS is served; client_addr by default.") \
	X("addresses.grpc", NOTHING, 0, "Addresses of gRPC. Not built yet.") \
	X("addresses.http", RESTART, IN(httpd), "Addresses, separated by blanks, on which HTTP is served: IP addresses, or unix:// and the path of a socket; client_addr by default.") \
	X("addresses.https", NOTHING, 0, "Addresses of HTTPS. Not built yet.") \
	X("advertise_addr", RESTART, ALL, "Address that other agents are told to use for this one; bind_addr by default. May be a template.") \
	X("advertise_addr_ipv4", RESTART, ALL, "The same for IPv4, as the tagged address lan_ipv4.") \
	X("advertise_addr_ipv6", RESTART, ALL, "The same for IPv6, as the tagged address lan_ipv6.") \
	X("advertise_addr_wan", RESTART, ALL, "Address that agents of other datacenters are told; advertise_addr by default.") \
	X("advertise_addr_wan_ipv4", RESTART, ALL, "The same for IPv4, as the tagged address wan_ipv4.") \
	X("ae_interval", NOTHING, 0, "Fixed at 1m.") \
	X("alt_domain", RESTART, IN(dnsd), "A second domain that DNS answers for.") \
	X("audit.enabled", NOTHING, 0, "Enterprise only.") \
	X("audit.sink", NOTHING, 0, "Enterprise only.") \
	X("auto_config.authorization.enabled", NOTHING, 0, "Automatic configuration. Not built yet, like all keys of auto_config.") \
	X("auto_config.authorization.static.allow_reuse", NOTHING, 0, "One token may configure several agents.") \
	X("auto_config.authorization.static.bound_audiences", NOTHING, 0, "Audiences of which a token must name one.") \
	X("auto_config.authorization.static.bound_issuer", NOTHING, 0, "Who must have issued a token.") \
	X("auto_config.authorization.static.claim_assertions", NOTHING, 0, "Expressions that a token's claims must meet.") \
	X("auto_config.authorization.static.claim_mappings", NOTHING, 0, "Claims and the names they get in expressions.") \
	X("auto_config.authorization.static.clock_skew_leeway", NOTHING, 0, "How far clocks may differ.") \
	X("auto_config.authorization.static.expiration_leeway", NOTHING, 0, "How long after its expiry a token is still taken.") \
	X("auto_config.authorization.static.jwks_ca_cert", NOTHING, 0, "Certificate to verify jwks_url with.") \
	X("auto_config.authorization.static.jwks_url", NOTHING, 0, "Where the keys of tokens are found.") \
	X("auto_config.authorization.static.jwt_supported_algs", NOTHING, 0, "Signature algorithms that are taken.") \
	X("auto_config.authorization.static.jwt_validation_pub_keys", NOTHING, 0, "Keys of tokens.") \
	X("auto_config.authorization.static.list_claim_mappings", NOTHING, 0, "Claims that are lists, and the names they get.") \
	X("auto_config.authorization.static.not_before_leeway", NOTHING, 0, "How long before its start a token is taken.") \
	X("auto_config.authorization.static.oidc_discovery_ca_cert", NOTHING, 0, "Certificate to verify oidc_discovery_url with.") \
	X("auto_config.authorization.static.oidc_discovery_url", NOTHING, 0, "Where the provider of tokens is described.") \
	X("auto_config.dns_sans", NOTHING, 0, "More DNS names of the agent's certificate.") \
	X("auto_config.enabled", RESTART, ALL, "Ask a server for the configuration. Not built yet: true is refused.") \
	X("auto_config.intro_token", NOTHING, 0, "Token that introduces this agent.") \
	X("auto_config.intro_token_file", NOTHING, 0, "File with that token.") \
	X("auto_config.ip_sans", NOTHING, 0, "More IP addresses of the agent's certificate.") \
	X("auto_config.server_addresses", NOTHING, 0, "Servers to ask.") \
	X("auto_encrypt.allow_tls", RESTART, ALL, "Servers hand out certificates to clients. Not built yet: true is refused.") \
	X("auto_encrypt.dns_san", NOTHING, 0, "More DNS names of such a certificate.") \
	X("auto_encrypt.ip_san", NOTHING, 0, "More IP addresses of such a certificate.") \
	X("auto_encrypt.tls", RESTART, ALL, "Clients ask for a certificate. Not built yet: true is refused.") \
	X("autopilot.cleanup_dead_servers", RESTART, IN(catalogd), "The leader removes servers that failed. Like all keys of autopilot, only the value that a new cluster begins with.") \
	X("autopilot.disable_upgrade_migration", NOTHING, 0, "Enterprise only.") \
	X("autopilot.last_contact_threshold", RESTART, IN(catalogd), "A server that has not heard from the leader for so long is unhealthy.") \
	X("autopilot.max_trailing_logs", RESTART, IN(catalogd), "A server that is so many entries behind is unhealthy.") \
	X("autopilot.min_quorum", RESTART, IN(catalogd), "Fewer voters than that are not left over by a clean-up.") \
	X("autopilot.redundancy_zone_tag", NOTHING, 0, "Enterprise only.") \
	X("autopilot.server_stabilization_time", RESTART, IN(catalogd), "A new server must be healthy for so long before it may vote.") \
	X("autopilot.upgrade_version_tag", NOTHING, 0, "Enterprise only.") \
	X("bind_addr", RESTART, IN(gossipd) | IN(raftd), "Address on which other agents reach this one. 0.0.0.0 is all, and then the host's only private address is advertised. May be a template.") \
	X("bootstrap", RESTART, IN(raftd) | IN(catalogd), "This server may elect itself, alone.") \
	X("bootstrap_expect", RESTART, IN(raftd) | IN(catalogd), "Number of servers to wait for before the first election; 1 is bootstrap.") \
	X("ca_file", NOTHING, 0, "Certificates of authorities. Not built yet: refused.") \
	X("ca_path", NOTHING, 0, "Directory with certificates of authorities. Not built yet: refused.") \
	X("cache.entry_fetch_max_burst", APPLIED, IN(httpd), "How often one entry of the agent's cache may be fetched at once before entry_fetch_rate holds.") \
	X("cache.entry_fetch_rate", APPLIED, IN(httpd), "How often a second one entry of the agent's cache may be fetched; no limit by default.") \
	X("cert_file", NOTHING, 0, "The agent's certificate. Not built yet: refused.") \
	X("check", APPLIED, IN(healthd), "One check, as in checks.") \
	X("check_deregister_interval_min", NOTHING, 0, "Fixed at 1m.") \
	X("check_output_max_size", RESTART, IN(healthd), "Bytes of a check's output that are kept.") \
	X("check_reap_interval", NOTHING, 0, "Fixed at 30s.") \
	X("check_update_interval", RESTART, IN(healthd), "Outputs that change while the status stays are told to the catalog no more often.") \
	X("checks", APPLIED, IN(healthd), "Checks of the node, or of a service named by service_id; see CHECKS.") \
	X("client_addr", RESTART, IN(httpd) | IN(dnsd), "Addresses, separated by blanks, on which clients are served: HTTP and DNS. May be a template.") \
	X("config_entries.bootstrap", NOTHING, 0, "Config entries to begin with. Not built yet: refused.") \
	X("connect.ca_config", NOTHING, 0, "Settings of the mesh's authority. Not built yet, like all keys of connect.") \
	X("connect.ca_provider", NOTHING, 0, "Who is the mesh's authority.") \
	X("connect.enable_mesh_gateway_wan_federation", NOTHING, 0, "Join datacenters through mesh gateways.") \
	X("connect.enabled", RESTART, ALL, "The service mesh. Not built yet: true is refused.") \
	X("connect.test_ca_leaf_root_change_spread", NOTHING, 0, "For tests only.") \
	X("consul.coordinate.update_batch_size", NOTHING, 0, "Fixed, like all keys of consul.") \
	X("consul.coordinate.update_max_batches", NOTHING, 0, "Fixed.") \
	X("consul.coordinate.update_period", NOTHING, 0, "Fixed.") \
	X("consul.raft.election_timeout", NOTHING, 0, "Fixed; see performance.raft_multiplier.") \
	X("consul.raft.heartbeat_timeout", NOTHING, 0, "Fixed; see performance.raft_multiplier.") \
	X("consul.raft.leader_lease_timeout", NOTHING, 0, "Fixed; see performance.raft_multiplier.") \
	X("consul.server.health_interval", NOTHING, 0, "Fixed.") \
	X("data_dir", RESTART, ALL, "Directory in which the agent keeps its state. Needed, but for -dev.") \
	X("datacenter", RESTART, ALL, "Datacenter of this agent, in lower case.") \
	X("default_query_time", RESTART, IN(httpd), "How long a blocking query waits if it does not say so itself.") \
	X("disable_anonymous_signature", NOTHING, 0, "This agent never calls out.") \
	X("disable_coordinates", RESTART, IN(gossipd) | IN(httpd), "Do not measure how far other nodes are.") \
	X("disable_host_node_id", RESTART, LAUNCHER, "Make the node ID at random; false makes it from what the host is.") \
	X("disable_http_unprintable_char_filter", RESTART, IN(httpd), "Take requests with unprintable characters in their path.") \
	X("disable_keyring_file", RESTART, IN(gossipd), "Keep gossip keys in memory only.") \
	X("disable_link_local_checks", APPLIED, IN(healthd), "Keep checks, and requests of watches, away from link-local addresses, such as the metadata of a cloud's machines. Consul does not have it.") \
	X("disable_remote_exec", RESTART, IN(healthd), "Do not run what consul exec asks for.") \
	X("disable_update_check", NOTHING, 0, "This agent never calls out.") \
	X("discard_check_output", APPLIED, IN(healthd), "Keep no output of checks.") \
	X("discovery_max_stale", RESTART, IN(httpd), "Answers of discovery may come from any server and be so old; 0 asks the leader.") \
	X("dns_config.a_record_limit", APPLIED, IN(dnsd), "Address records in an answer at most; 0 is no limit.") \
	X("dns_config.allow_stale", APPLIED, IN(dnsd), "Any server may answer, not the leader alone.") \
	X("dns_config.cache_max_age", APPLIED, IN(dnsd), "With use_cache: answers older than this are not taken.") \
	X("dns_config.disable_compression", APPLIED, IN(dnsd), "Write every name in full.") \
	X("dns_config.enable_additional_node_meta_txt", APPLIED, IN(dnsd), "Add TXT records with a node's metadata to answers about it.") \
	X("dns_config.enable_truncate", APPLIED, IN(dnsd), "Mark UDP answers that were cut, so that the resolver asks again by TCP.") \
	X("dns_config.max_stale", APPLIED, IN(dnsd), "An answer older than this is asked of the leader.") \
	X("dns_config.node_ttl", APPLIED, IN(dnsd), "Time to live of answers about nodes.") \
	X("dns_config.only_passing", APPLIED, IN(dnsd), "Leave out services with a warning.") \
	X("dns_config.prefer_namespace", NOTHING, 0, "Enterprise only.") \
	X("dns_config.recursor_timeout", APPLIED, IN(dnsd), "How long a recursor may take.") \
	X("dns_config.service_ttl", APPLIED, IN(dnsd), "Times to live of answers about services, by name; prefix* stands for many.") \
	X("dns_config.soa.expire", APPLIED, IN(dnsd), "Seconds of the SOA record.") \
	X("dns_config.soa.min_ttl", APPLIED, IN(dnsd), "Seconds of the SOA record, for answers that something is not there.") \
	X("dns_config.soa.refresh", APPLIED, IN(dnsd), "Seconds of the SOA record.") \
	X("dns_config.soa.retry", APPLIED, IN(dnsd), "Seconds of the SOA record.") \
	X("dns_config.udp_answer_limit", APPLIED, IN(dnsd), "Records in a UDP answer without EDNS at most.") \
	X("dns_config.use_cache", APPLIED, IN(dnsd), "Answer from the agent's cache.") \
	X("domain", RESTART, IN(dnsd) | IN(httpd), "Domain that DNS answers for.") \
	X("enable_acl_replication", NOTHING, 0, "Old name of acl.enable_token_replication. Not built yet: true is refused.") \
	X("enable_agent_tls_for_checks", NOTHING, 0, "Use the agent's certificate for HTTPS checks. Not built yet: true is refused.") \
	X("enable_central_service_config", NOTHING, 0, "Services take defaults from config entries. Not built yet: true is refused.") \
	X("enable_debug", RESTART, IN(httpd), "Serve profiles of the process.") \
	X("enable_local_script_checks", RESTART, IN(healthd), "Allow checks that run commands if they come from configuration files.") \
	X("enable_script_checks", RESTART, IN(healthd), "Allow checks that run commands, wherever they come from. Dangerous without access control.") \
	X("enable_syslog", RESTART, LAUNCHER, "Write the log to syslog, too.") \
	X("encrypt", RESTART, IN(gossipd), "Key that gossip is encrypted with: 16, 24 or 32 bytes in base64. Only for the first start; then the keyring's file counts.") \
	X("encrypt_verify_incoming", RESTART, IN(gossipd), "Refuse gossip that is not encrypted.") \
	X("encrypt_verify_outgoing", RESTART, IN(gossipd), "Encrypt gossip that is sent.") \
	X("gossip_lan.gossip_interval", RESTART, IN(gossipd), "Time between rounds of gossip.") \
	X("gossip_lan.gossip_nodes", RESTART, IN(gossipd), "Nodes that each round goes to.") \
	X("gossip_lan.probe_interval", RESTART, IN(gossipd), "Time between probes of other nodes.") \
	X("gossip_lan.probe_timeout", RESTART, IN(gossipd), "How long a probe waits for its answer.") \
	X("gossip_lan.retransmit_mult", RESTART, IN(gossipd), "How often news is passed on, times the logarithm of the cluster's size.") \
	X("gossip_lan.suspicion_mult", RESTART, IN(gossipd), "How long a node is suspected before it counts as failed, times the same.") \
	X("gossip_wan.gossip_interval", RESTART, IN(gossipd), "The same between datacenters.") \
	X("gossip_wan.gossip_nodes", RESTART, IN(gossipd), "The same between datacenters.") \
	X("gossip_wan.probe_interval", RESTART, IN(gossipd), "The same between datacenters.") \
	X("gossip_wan.probe_timeout", RESTART, IN(gossipd), "The same between datacenters.") \
	X("gossip_wan.retransmit_mult", RESTART, IN(gossipd), "The same between datacenters.") \
	X("gossip_wan.suspicion_mult", RESTART, IN(gossipd), "The same between datacenters.") \
	X("http_config.allow_write_http_from", RESTART, IN(httpd), "Networks (CIDR) whose clients may call endpoints that write; all by default.") \
	X("http_config.block_endpoints", RESTART, IN(httpd), "Prefixes of paths that are refused.") \
	X("http_config.response_headers", RESTART, IN(httpd), "Headers that each answer gets.") \
	X("http_config.use_cache", RESTART, IN(httpd), "Answer ?cached requests from the agent's cache.") \
	X("key_file", NOTHING, 0, "Key of cert_file. Not built yet: refused.") \
	X("leave_on_terminate", RESTART, LAUNCHER, "Leave the cluster on SIGTERM; true for clients, false for servers.") \
	X("limits.http_max_conns_per_client", APPLIED, IN(httpd), "Connections to HTTP from one address at most; 0 is no limit.") \
	X("limits.https_handshake_timeout", NOTHING, 0, "How long a TLS handshake of HTTPS may take.") \
	X("limits.kv_max_value_size", RESTART, IN(httpd), "Bytes of a value in the key/value store; at most 33554432.") \
	X("limits.rpc_handshake_timeout", RESTART, IN(raftd), "How long a connection of another agent may take to say what it wants.") \
	X("limits.rpc_max_burst", APPLIED, IN(catalogd), "Calls to servers at once before rpc_rate holds.") \
	X("limits.rpc_max_conns_per_client", RESTART, IN(raftd), "Connections of other agents from one address at most.") \
	X("limits.rpc_rate", APPLIED, IN(catalogd), "Calls a second that a client agent makes to servers; negative is no limit.") \
	X("limits.script_max_file_size", RESTART, IN(healthd), "Bytes of a file that a check's script may write; 0 is no limit. Consul does not have it.") \
	X("limits.script_max_open_files", RESTART, IN(healthd), "Files that each process of a script may open; 0 is no limit of ours. Consul does not have it.") \
	X("limits.script_max_processes", RESTART, IN(healthd), "Processes and threads of the user of scripts beyond which scripts start no more, where that is a user of their own (_runner); 0 is no limit of ours. Consul does not have it.") \
	X("limits.txn_max_ops", RESTART, IN(httpd), "Operations in a transaction; at most 16384. Consul does not have it.") \
	X("limits.txn_max_req_len", RESTART, IN(httpd), "Bytes of a transaction; at most 33554432.") \
	X("log_file", RESTART, LAUNCHER, "File into which the log is written, too; a name that ends in / is a directory.") \
	X("log_json", RESTART, ALL | LAUNCHER, "Write the log as JSON.") \
	X("log_level", APPLIED, ALL, "Least level that is logged: TRACE, DEBUG, INFO, WARN or ERR.") \
	X("log_rotate_bytes", RESTART, LAUNCHER, "Size at which a new log file is begun.") \
	X("log_rotate_duration", RESTART, LAUNCHER, "Time after which a new log file is begun.") \
	X("log_rotate_max_files", RESTART, LAUNCHER, "Old log files that are kept; 0 is all, -1 none.") \
	X("max_query_time", RESTART, IN(httpd), "The longest that a blocking query may wait.") \
	X("node_id", RESTART, ALL, "UUID of this node; else the one in data_dir/node-id, which is made at the first start.") \
	X("node_meta", APPLIED, IN(healthd) | IN(httpd), "Up to 64 keys and values that describe this node.") \
	X("node_name", RESTART, ALL, "Name of this node, which no other in the cluster has; the host's name by default.") \
	X("non_voting_server", NOTHING, 0, "Enterprise only.") \
	X("performance.leave_drain_time", RESTART, IN(gossipd), "How long a server that leaves still answers.") \
	X("performance.raft_multiplier", RESTART, IN(raftd), "Stretches the times of elections and heartbeats, 1 to 10.") \
	X("performance.rpc_hold_timeout", RESTART, IN(catalogd), "How long a call waits for a leader to be there.") \
	X("pid_file", RESTART, LAUNCHER, "File with the agent's process ID while it runs.") \
	X("ports.dns", RESTART, IN(dnsd), "Port of DNS; -1 is off, as for the others.") \
	X("ports.expose_max_port", NOTHING, 0, "Ports of exposed checks of the mesh.") \
	X("ports.expose_min_port", NOTHING, 0, "Ports of exposed checks of the mesh.") \
	X("ports.grpc", NOTHING, 0, "Port of gRPC. Not built yet: refused.") \
	X("ports.http", RESTART, IN(httpd), "Port of HTTP.") \
	X("ports.https", NOTHING, 0, "Port of HTTPS. Not built yet: refused.") \
	X("ports.proxy_max_port", NOTHING, 0, "Ports of managed proxies, which are no more.") \
	X("ports.proxy_min_port", NOTHING, 0, "Ports of managed proxies, which are no more.") \
	X("ports.serf_lan", RESTART, IN(gossipd), "Port of gossip within the datacenter, UDP and TCP.") \
	X("ports.serf_wan", RESTART, IN(gossipd), "Port of gossip between datacenters, UDP and TCP.") \
	X("ports.server", RESTART, IN(raftd), "Port of calls between agents.") \
	X("ports.sidecar_max_port", NOTHING, 0, "Ports of sidecars of the mesh.") \
	X("ports.sidecar_min_port", NOTHING, 0, "Ports of sidecars of the mesh.") \
	X("primary_datacenter", RESTART, IN(httpd), "Datacenter that has the last word on access control.") \
	X("primary_gateways", NOTHING, 0, "Gateways of the primary datacenter. Not built yet: refused.") \
	X("primary_gateways_interval", NOTHING, 0, "How often they are tried.") \
	X("protocol", RESTART, IN(gossipd), "Version of Consul's protocol, 2 or 3.") \
	X("raft_protocol", RESTART, IN(raftd), "Version of Raft's protocol: 3.") \
	X("raft_snapshot_interval", RESTART, IN(raftd), "How often it is looked whether a snapshot is due.") \
	X("raft_snapshot_threshold", RESTART, IN(raftd), "Entries after which a snapshot is due.") \
	X("raft_trailing_logs", RESTART, IN(raftd), "Entries that are kept behind a snapshot for followers.") \
	X("reconnect_timeout", RESTART, IN(gossipd), "A failed node is forgotten after this.") \
	X("reconnect_timeout_wan", RESTART, IN(gossipd), "The same between datacenters.") \
	X("recursors", APPLIED, IN(dnsd), "DNS servers, in order, that names outside of the domain are asked of.") \
	X("rejoin_after_leave", RESTART, IN(gossipd), "Join the cluster again after a leave and a restart.") \
	X("retry_interval", RESTART, IN(gossipd), "Time between tries of retry_join.") \
	X("retry_interval_wan", RESTART, IN(gossipd), "Time between tries of retry_join_wan.") \
	X("retry_join", RESTART, IN(gossipd), "Agents to join at start, tried until one answers. May be templates.") \
	X("retry_join_wan", RESTART, IN(gossipd), "Servers of other datacenters to join. Not built yet: refused.") \
	X("retry_max", RESTART, IN(gossipd), "Tries of retry_join before the agent gives up; 0 is no end.") \
	X("retry_max_wan", RESTART, IN(gossipd), "Tries of retry_join_wan before the agent gives up.") \
	X("revision", NOTHING, 0, "Fixed.") \
	X("script_environment", RESTART, IN(healthd), "Names of variables of the agent's environment that scripts get beside those of healthd(8). Consul gives them all of it.") \
	X("segment", NOTHING, 0, "Enterprise only: refused.") \
	X("segment_limit", NOTHING, 0, "Fixed.") \
	X("segment_name_limit", NOTHING, 0, "Fixed.") \
	X("segments", NOTHING, 0, "Enterprise only: refused.") \
	X("serf_lan", RESTART, IN(gossipd), "Address on which gossip within the datacenter is heard; bind_addr by default.") \
	X("serf_lan_allowed_cidrs", RESTART, IN(gossipd), "Networks (CIDR) of which members may be; others are refused. All by default.") \
	X("serf_wan", RESTART, IN(gossipd), "Address on which gossip between datacenters is heard; bind_addr by default.") \
	X("serf_wan_allowed_cidrs", RESTART, IN(gossipd), "The same between datacenters.") \
	X("server", RESTART, ALL | LAUNCHER, "This agent is a server and keeps the cluster's state.") \
	X("server_name", NOTHING, 0, "Name in the agent's certificate.") \
	X("service", APPLIED, IN(healthd), "One service, as in services.") \
	X("services", APPLIED, IN(healthd), "Services of this agent; see SERVICES.") \
	X("session_ttl_min", RESTART, IN(catalogd), "The shortest life of a session that may be asked for.") \
	X("skip_leave_on_interrupt", RESTART, LAUNCHER, "Do not leave the cluster on SIGINT; true for servers, false for clients.") \
	X("snapshot_agent", NOTHING, 0, "Enterprise only.") \
	X("start_join", RESTART, IN(gossipd), "Agents to join at start; if none answers the agent ends. May be templates.") \
	X("start_join_wan", RESTART, IN(gossipd), "Servers of other datacenters to join. Not built yet: refused.") \
	X("sync_coordinate_interval_min", NOTHING, 0, "Fixed at 15s.") \
	X("sync_coordinate_rate_target", NOTHING, 0, "Fixed at 64.") \
	X("syslog_facility", RESTART, LAUNCHER, "Facility of syslog.") \
	X("tagged_addresses", RESTART, IN(healthd) | IN(httpd), "More addresses of this node by name; lan and wan are there already.") \
	X("telemetry.circonus_api_app", NOTHING, 0, "Circonus, like all keys of that prefix, is not built.") \
	X("telemetry.circonus_api_token", NOTHING, 0, "Refused.") \
	X("telemetry.circonus_api_url", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_broker_id", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_broker_select_tag", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_check_display_name", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_check_force_metric_activation", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_check_id", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_check_instance_id", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_check_search_tag", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_check_tags", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_submission_interval", NOTHING, 0, "Accepted.") \
	X("telemetry.circonus_submission_url", NOTHING, 0, "Refused.") \
	X("telemetry.disable_hostname", RESTART, ALL, "Do not put the host's name before names of gauges.") \
	X("telemetry.dogstatsd_addr", RESTART, ALL, "Where metrics go in DogStatsD's format, with tags.") \
	X("telemetry.dogstatsd_tags", RESTART, ALL, "Tags of all those metrics.") \
	X("telemetry.filter_default", RESTART, ALL, "Whether metrics are kept that no rule of prefix_filter names.") \
	X("telemetry.metrics_prefix", RESTART, ALL, "First part of the names of metrics.") \
	X("telemetry.prefix_filter", APPLIED, ALL, "Metrics that are kept (+prefix) or not (-prefix).") \
	X("telemetry.prometheus_retention_time", RESTART, ALL, "How long metrics for Prometheus are kept; 0 is off.") \
	X("telemetry.statsd_address", RESTART, ALL, "Where metrics go in statsd's format, by UDP.") \
	X("telemetry.statsite_address", RESTART, ALL, "Where metrics go in statsite's format, by TCP.") \
	X("tls_cipher_suites", NOTHING, 0, "TLS is not built yet, like all keys of it.") \
	X("tls_min_version", NOTHING, 0, "The oldest version of TLS: tls10, tls11, tls12 or tls13.") \
	X("tls_prefer_server_cipher_suites", NOTHING, 0, "The server chooses the cipher.") \
	X("translate_wan_addrs", RESTART, IN(httpd) | IN(dnsd), "Answer with the wan address of nodes in other datacenters.") \
	X("ui", RESTART, IN(httpd), "Serve the web page.") \
	X("ui_content_path", RESTART, IN(httpd), "Path of the web page.") \
	X("ui_dir", RESTART, IN(httpd), "Directory with a web page of one's own.") \
	X("unix_sockets.group", RESTART, IN(httpd), "Group of unix sockets, by number.") \
	X("unix_sockets.mode", RESTART, IN(httpd), "Mode of unix sockets, in octal.") \
	X("unix_sockets.user", RESTART, IN(httpd), "Owner of unix sockets, by number.") \
	X("verify_incoming", NOTHING, 0, "Ask clients of all ports for certificates. Not built yet: true is refused.") \
	X("verify_incoming_https", NOTHING, 0, "The same for HTTPS.") \
	X("verify_incoming_rpc", NOTHING, 0, "The same for calls of other agents.") \
	X("verify_outgoing", NOTHING, 0, "Use TLS to other agents. Not built yet: true is refused.") \
	X("verify_server_hostname", NOTHING, 0, "Servers must have certificates as servers. Not built yet: true is refused.") \
	X("version", NOTHING, 0, "Fixed.") \
	X("version_prerelease", NOTHING, 0, "Fixed.") \
	X("watches", APPLIED, IN(healthd), "Queries whose changes run a command or are sent to a URL; see proconsul-watch(1).")

/* Keys of services and of checks: path, text. */
#define CONFIG_SERVICE_DOCS(X) \
	X("address", "Address of the service; that of the node by default.") \
	X("check", "One check; see CHECKS.") \
	X("checks", "Checks.") \
	X("connect.native", "The service speaks the mesh's protocol itself.") \
	X("connect.sidecar_service", "A proxy beside the service, described as a service.") \
	X("enable_tag_override", "Others may change the tags in the catalog.") \
	X("id", "Unique on this agent; the name by default.") \
	X("kind", "Empty, or connect-proxy and the like.") \
	X("meta", "Up to 64 keys and values.") \
	X("name", "Name of the service. Needed.") \
	X("port", "Port of the service.") \
	X("proxy.config", "Anything that the proxy wants to know.") \
	X("proxy.destination_service_id", "Instance that the proxy stands for.") \
	X("proxy.destination_service_name", "Service that the proxy stands for.") \
	X("proxy.expose.checks", "Serve HTTP and gRPC checks through the proxy.") \
	X("proxy.expose.paths", "Paths to serve: listener_port, local_path_port, path, protocol.") \
	X("proxy.local_service_address", "Where the proxy reaches the service.") \
	X("proxy.local_service_port", "Where the proxy reaches the service.") \
	X("proxy.mesh_gateway.mode", "Which gateways the proxy uses.") \
	X("proxy.upstreams", "Services that the proxy reaches: config, datacenter, destination_name, destination_namespace, destination_type, local_bind_address, local_bind_port, mesh_gateway.") \
	X("tagged_addresses", "More addresses by name: address and port.") \
	X("tags", "Tags of the service.") \
	X("token", "Token to register the service with.") \
	X("weights.passing", "Weight in SRV records while passing; 1 by default.") \
	X("weights.warning", "Weight in SRV records while warning; 1 by default.")

#define CONFIG_CHECK_DOCS(X) \
	X("alias_node", "Node whose checks, or whose service's, this one follows.") \
	X("alias_service", "Service whose checks this one follows.") \
	X("args", "Command and arguments to run. Exit status 0 is passing, 1 warning, others critical.") \
	X("body", "Body of the HTTP request.") \
	X("deregister_critical_service_after", "Remove the service when the check was critical for so long, at least 1m.") \
	X("disable_redirects", "Do not follow redirects: they are critical. Consul has it since 1.9.17.") \
	X("docker_container_id", "Container in which args is run.") \
	X("failures_before_critical", "Failures in a row that make the check critical.") \
	X("grpc", "Address, and /service, of a gRPC health service.") \
	X("grpc_use_tls", "Use TLS for it.") \
	X("header", "Headers of the HTTP request: lists of texts.") \
	X("http", "URL to ask: 2xx is passing, 429 warning, others critical.") \
	X("id", "Unique on this agent; the name by default.") \
	X("interval", "Time between runs, at least 1s.") \
	X("method", "Method of the HTTP request; GET by default.") \
	X("name", "Name of the check.") \
	X("notes", "For people.") \
	X("output_max_size", "Bytes of output that are kept.") \
	X("service_id", "Service that a check on its own belongs to.") \
	X("shell", "Shell in the container.") \
	X("status", "Status to begin with: passing, warning or critical.") \
	X("success_before_passing", "Successes in a row that make the check passing.") \
	X("tcp", "Host and port to connect to.") \
	X("timeout", "How long a run may take.") \
	X("tls_skip_verify", "Do not verify the certificate of https.") \
	X("token", "Token to register the check with.") \
	X("ttl", "The check is critical unless somebody says otherwise through the API within this time.")
/* clang-format on */

#endif
