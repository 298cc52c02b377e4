/*
 * Every limit on what strangers and peers may send or make us keep.
 *
 * Sizes are bytes, counts are elements. A limit that Consul has carries its
 * source; the others are ours, generous to any real use.
 */
#ifndef COMMON_LIMITS_H
#define COMMON_LIMITS_H

/* --- Names and values. --- */
#define DATACENTER_BYTES_MAX 256
#define TOKEN_BYTES_MAX	     1024
#define NAME_BYTES_MAX	     4096 /* names, ids, addresses; Consul checks none */
#define TAGS_MAX	     8192 /* of one service, on the wire */
#define PAIRS_MAX	     1024 /* of metadata and addresses, on the wire */
#define KEY_BYTES_MAX	     (64 * 1024) /* Consul checks none */
/* What limits.kv_max_value_size and limits.txn_max_req_len may ask for, and
 * limits.txn_max_ops. */
#define LIMIT_BYTES_MAX	       (32 * 1024 * 1024)
#define LIMIT_OPS_MAX	       16384
#define META_PAIRS_MAX	       64 /* api/http.md 5 */
#define META_KEY_BYTES_MAX     128
#define META_VALUE_BYTES_MAX   512
#define CHECK_OUTPUT_BYTES_MAX 4096 /* default of check_output_max_size */

/* --- Encoded structs (type.h). --- */
#define TYPE_TEXT_MAX	  (64U << 20)
#define TYPE_ELEMENTS_MAX (16U << 20)
#define TYPE_DEPTH_MAX	  32
/* What decoding may take from an arena, by the size of what is decoded: real
 * objects carry their field names and stay far below. */
#define TYPE_MEMORY_MIN	     (1U << 20)
#define TYPE_MEMORY_PER_BYTE 32

/* --- Configuration. --- */
#define CONFIG_FILE_BYTES_MAX (16 * 1024 * 1024)

/* --- HTTP. --- */
#define HTTP_HEAD_BYTES_MAX   (64 * 1024)
#define HTTP_HEADERS_MAX      100
#define HTTP_BODY_BYTES_MAX   (4 * 1024 * 1024)
#define HTTP_CONNS_PER_CLIENT 200   /* limits.http_max_conns_per_client */
#define HTTP_HEAD_TIMEOUT_MS  10000 /* slow-loris: the head must be here */
#define HTTP_BODY_TIMEOUT_MS  60000
#define HTTP_IDLE_TIMEOUT_MS  120000
/* Unwanted body that is read over to keep a connection: Go's
 * maxPostHandlerReadBytes. */
#define HTTP_DISCARD_BYTES_MAX	(256 * 1024)
#define UI_FILE_BYTES_MAX	(16 * 1024 * 1024) /* of ui_dir */
#define HTTP_PIPELINE_MAX	64
#define ANSWER_CACHE_BYTES_MAX	(8 * 1024 * 1024)
#define AGENT_CACHE_BYTES_MAX	(16 * 1024 * 1024)
#define AGENT_CACHE_ENTRIES_MAX 4096 /* each may keep a question open */

/* --- DNS. --- */
#define DNS_TCP_CONNS_MAX      256
#define DNS_TCP_IDLE_MS	       10000
#define DNS_TCP_WAITING_MAX    64	    /* open questions a connection */
#define DNS_TCP_OUT_BYTES      (128 * 1024) /* unread answers, then no more */
#define DNS_UDP_IN_BYTES       4096	    /* of a question */
#define DNS_OPEN_MAX	       1024	    /* distinct questions at catalogd */
#define DNS_WAITERS_MAX	       4096	    /* who waits for them */
#define DNS_CACHE_BYTES_MAX    (4 * 1024 * 1024)
#define DNS_RECURSIONS_MAX     512 /* questions at recursors, a socket each */
#define DNS_RECURSIONS_TCP_MAX 128 /* of these: 64 KiB each */

/* --- IPC. --- */
#define IPC_MESSAGE_BYTES_MAX	(768 * 1024)  /* under nanomsg's 1 MiB */
#define IPC_TRANSPORT_BYTES_MAX (1024 * 1024) /* nanomsg's own limit */
#define IPC_FRAME_BYTES_MAX	(512 * 1024)  /* larger ones go in pieces */
#define IPC_JOINED_BYTES_MAX	(256 * 1024 * 1024)
#define IPC_QUEUE_BYTES_MAX	(64 * 1024 * 1024)
#define IPC_ASKS_MAX		65536 /* open questions an edge */
/* What a peer may make catalogd keep: a request in pieces; requests not
 * answered yet, with all that they hold; answers not read yet, after which
 * nothing more is read of it, and more of which are refused. */
#define IPC_CALL_BYTES_MAX    (48 * 1024 * 1024)
#define IPC_CALLS_BYTES_MAX   (256 * 1024 * 1024)
#define IPC_ANSWERS_BYTES_MAX (256 * 1024 * 1024)
/* Of its frames are taken in a turn what takes this long, then it is the
 * others' turn. */
#define IPC_TURN_MS 4
/* So many violations in this time cut its edge; twice as long each time. */
#define IPC_VIOLATIONS_MAX 8
#define IPC_VIOLATIONS_MS  10000
#define IPC_EPOCHS_MAX	   8 /* of one process's in that time */
#define IPC_CUT_MS	   10000
#define IPC_CUT_MAX_MS	   300000

/* --- Raft. --- */
#define RAFT_BATCH_ENTRIES_MAX 512
#define RAFT_ENTRY_BYTES_MAX   (LIMIT_BYTES_MAX + 1024 * 1024)
#define RAFT_BACKLOG_BYTES_MAX (64 * 1024 * 1024) /* of proposals */
#define RAFT_SERVERS_MAX       64
#define RAFT_NAME_BYTES_MAX    127 /* an id or an address */

/* --- Gossip; message.h of gossipd has those of its packets. --- */
#define SERF_JOIN_ADDRESSES_MAX 1024

/* --- Port 8300. --- */
#define PEER_CONNS_PER_ADDRESS 100 /* limits.rpc_max_conns_per_client */
#define PEER_CONNS_MAX	       8192
#define PEER_HANDSHAKE_MS      5000 /* limits.rpc_handshake_timeout */
#define PEER_METHOD_BYTES_MAX  128
#define PEER_BODY_BYTES_MAX    RAFT_ENTRY_BYTES_MAX /* of any request */
#define PEER_BODY_BYTES	       (8 * 1024 * 1024) /* unless limits.* ask for more */
#define PEER_REPLY_BYTES_MAX   (64 * 1024 * 1024) /* of a reply */
#define PEER_STREAMS_MAX       4096		  /* open, of one connection */

#endif
