/*
 * Every figure that has a name of its own, a row each; the manual page has the
 * same list (tests/lint sees to it).
 *
 * GAUGE    a value of a moment; shown in the interval in which it was measured
 * LEVEL    a gauge that stands until it changes; shown always
 * COUNTER  how often
 * SAMPLE   how long, in milliseconds; of a queue, how many wait
 *
 * Source  api/config.md 7; names, kinds and labels as the real one has them
 */
#ifndef COMMON_METRICS_TABLE_H
#define COMMON_METRICS_TABLE_H

enum metric_kind {
	METRIC_GAUGE,
	METRIC_LEVEL,
	METRIC_COUNTER,
	METRIC_SAMPLE,
};

/* clang-format off */
#define METRICS(X)                                                             \
	/* id                 kind     name                  labels */         \
	/* all daemons; shown as a sum */                                      \
	X(runtime_alloc,      LEVEL,   "runtime.alloc_bytes",    "")           \
	X(runtime_sys,        LEVEL,   "runtime.sys_bytes",      "")           \
	X(runtime_threads,    LEVEL,   "runtime.num_goroutines", "")           \
	X(dropped,            COUNTER, "proconsul.metrics.dropped", "")        \
	X(folded,             COUNTER, "proconsul.metrics.folded", "")         \
	/* questions */                                                        \
	X(client_rpc,         COUNTER, "client.rpc",             "")           \
	X(client_failed,      COUNTER, "client.rpc.failed",      "server")     \
	X(rpc_query,          COUNTER, "rpc.query",              "")           \
	X(rpc_blocking,       LEVEL,   "rpc.queries_blocking",   "")           \
	X(rpc_consistent,     SAMPLE,  "rpc.consistentRead",     "")           \
	X(rpc_request,        COUNTER, "rpc.request",            "")           \
	X(rpc_request_error,  COUNTER, "rpc.request_error",      "")           \
	X(rpc_accept,         COUNTER, "rpc.accept_conn",        "")           \
	X(rpc_handoff,        COUNTER, "rpc.raft_handoff",       "")           \
	/* writes and reads at the server */                                   \
	X(catalog_register,   SAMPLE,  "catalog.register",       "")           \
	X(catalog_deregister, SAMPLE,  "catalog.deregister",     "")           \
	X(kvs_apply,          SAMPLE,  "kvs.apply",              "")           \
	X(session_apply,      SAMPLE,  "session.apply",          "")           \
	X(session_renew,      SAMPLE,  "session.renew",          "")           \
	X(txn_apply,          SAMPLE,  "txn.apply",              "")           \
	X(txn_read,           SAMPLE,  "txn.read",               "")           \
	X(query_apply,        SAMPLE,  "prepared-query.apply",   "")           \
	X(query_explain,      SAMPLE,  "prepared-query.explain", "")           \
	X(query_execute,      SAMPLE,  "prepared-query.execute", "")           \
	X(query_remote,       SAMPLE,  "prepared-query.execute_remote", "")    \
	X(catalog_query,      COUNTER, "catalog.service.query",  "service")    \
	X(catalog_query_tag,  COUNTER, "catalog.service.query-tag", "service tag") \
	X(catalog_query_tags, COUNTER, "catalog.service.query-tags", "service tag") \
	X(catalog_not_found,  COUNTER, "catalog.service.not-found", "service") \
	X(health_query,       COUNTER, "health.service.query",   "service")    \
	X(health_query_tag,   COUNTER, "health.service.query-tag", "service tag") \
	X(health_query_tags,  COUNTER, "health.service.query-tags", "service tag") \
	X(health_not_found,   COUNTER, "health.service.not-found", "service")  \
	/* the state machine */                                                \
	X(fsm_register,       SAMPLE,  "fsm.register",           "")           \
	X(fsm_deregister,     SAMPLE,  "fsm.deregister",         "")           \
	X(fsm_kvs,            SAMPLE,  "fsm.kvs",                "op")         \
	X(fsm_session,        SAMPLE,  "fsm.session",            "op")         \
	X(fsm_tombstone,      SAMPLE,  "fsm.tombstone",          "op")         \
	X(fsm_txn,            SAMPLE,  "fsm.txn",                "")           \
	X(fsm_query,          SAMPLE,  "fsm.prepared-query",     "op")         \
	X(fsm_coordinate,     SAMPLE,  "fsm.coordinate.batch-update", "")      \
	X(fsm_autopilot,      SAMPLE,  "fsm.autopilot",          "")           \
	/* the leader */                                                       \
	X(leader_barrier,     SAMPLE,  "leader.barrier",         "")           \
	X(leader_reconcile,   SAMPLE,  "leader.reconcile",       "")           \
	X(leader_member,      SAMPLE,  "leader.reconcileMember", "")           \
	X(autopilot_healthy,  LEVEL,   "autopilot.healthy",      "")           \
	X(autopilot_tolerance, LEVEL,  "autopilot.failure_tolerance", "")      \
	X(sessions_active,    LEVEL,   "session_ttl.active",     "")           \
	/* Raft */                                                             \
	X(raft_apply,         COUNTER, "raft.apply",             "")           \
	X(raft_verify,        COUNTER, "raft.verify_leader",     "")           \
	X(raft_commit_time,   SAMPLE,  "raft.commitTime",        "")           \
	X(raft_commit_logs,   GAUGE,   "raft.commitNumLogs",     "")           \
	X(raft_dispatch,      SAMPLE,  "raft.leader.dispatchLog", "")          \
	X(raft_dispatch_logs, GAUGE,   "raft.leader.dispatchNumLogs", "")      \
	X(raft_contact,       SAMPLE,  "raft.leader.lastContact", "")          \
	X(raft_fsm_apply,     SAMPLE,  "raft.fsm.apply",         "")           \
	X(raft_fsm_enqueue,   SAMPLE,  "raft.fsm.enqueue",       "")           \
	X(raft_applied,       LEVEL,   "raft.applied_index",     "")           \
	X(raft_last,          LEVEL,   "raft.last_index",        "")           \
	X(raft_follower,      COUNTER, "raft.state.follower",    "")           \
	X(raft_candidate,     COUNTER, "raft.state.candidate",   "")           \
	X(raft_leader,        COUNTER, "raft.state.leader",      "")           \
	X(raft_timeout,       COUNTER, "raft.transition.heartbeat_timeout", "") \
	X(raft_lease_lost,    COUNTER, "raft.transition.leader_lease_timeout", "") \
	X(raft_append,        SAMPLE,  "raft.rpc.appendEntries", "")           \
	X(raft_store_logs,    SAMPLE,  "raft.rpc.appendEntries.storeLogs", "") \
	X(raft_heartbeat,     SAMPLE,  "raft.rpc.processHeartbeat", "")        \
	X(raft_vote,          SAMPLE,  "raft.rpc.requestVote",   "")           \
	X(raft_snapshot,      SAMPLE,  "raft.snapshot.takeSnapshot", "")       \
	/* gossip */                                                           \
	X(serf_events,        COUNTER, "serf.events",            "")           \
	X(serf_queries,       COUNTER, "serf.queries",           "")           \
	X(serf_join,          COUNTER, "serf.member.join",       "")           \
	X(serf_left,          COUNTER, "serf.member.left",       "")           \
	X(serf_failed,        COUNTER, "serf.member.failed",     "")           \
	X(serf_update,        COUNTER, "serf.member.update",     "")           \
	X(queue_intent,       SAMPLE,  "serf.queue.Intent",      "")           \
	X(queue_event,        SAMPLE,  "serf.queue.Event",       "")           \
	X(queue_query,        SAMPLE,  "serf.queue.Query",       "")           \
	X(serf_append,        SAMPLE,  "serf.snapshot.appendLine", "")         \
	X(serf_compact,       SAMPLE,  "serf.snapshot.compact",  "")           \
	X(udp_sent,           COUNTER, "memberlist.udp.sent",    "")           \
	X(udp_received,       COUNTER, "memberlist.udp.received", "")          \
	X(tcp_accept,         COUNTER, "memberlist.tcp.accept",  "")           \
	X(tcp_connect,        COUNTER, "memberlist.tcp.connect", "")           \
	X(tcp_sent,           COUNTER, "memberlist.tcp.sent",    "")           \
	X(gossip,             SAMPLE,  "memberlist.gossip",      "")           \
	X(probe_node,         SAMPLE,  "memberlist.probeNode",   "")           \
	X(push_pull,          SAMPLE,  "memberlist.pushPullNode", "")          \
	X(msg_alive,          COUNTER, "memberlist.msg.alive",   "")           \
	X(msg_suspect,        COUNTER, "memberlist.msg.suspect", "")           \
	X(msg_dead,           COUNTER, "memberlist.msg.dead",    "")           \
	X(health_score,       LEVEL,   "memberlist.health.score", "")          \
	/* DNS */                                                              \
	X(dns_query,          SAMPLE,  "dns.domain_query",       "node")       \
	X(dns_ptr,            SAMPLE,  "dns.ptr_query",          "node")       \
	X(dns_stale,          COUNTER, "dns.stale_queries",      "")
/* clang-format on */

enum metric_id {
#define X(id, kind, name, labels) METRIC_##id,
	METRICS(X)
#undef X
	    METRIC_COUNT
};

#endif
