/*
 * Port 8300 and what raftd says to other agents: shared by the files that do
 * one part of it each.
 *
 *	listener.c   accepts, reads the first byte, hands the connection on
 *	served.c     calls of others, put to our catalogd
 *	pool.c       calls of our catalogd, put to others
 *	followers.c  raft to other servers: their connections, and the entries
 *	leaders.c    raft from other servers
 *	visits.c     snapshots for other agents, or from them
 *
 * A client agent only has the pool: nobody calls it.
 *
 * Source  wire/rpc.md 1 (first bytes), 2, 3, 5; wire/raft.md 1
 */
#ifndef RAFTD_NET_H
#define RAFTD_NET_H

#include <ev.h>

#include "common/daemon.h"
#include "link.h"
#include "raft.h"
#include "snapshot.h"
#include "store.h"
#include "yamux.h"

#define LOG_RPC "agent.server.rpc"

enum first_byte {
	FIRST_CALLS = 0,
	FIRST_RAFT = 1,
	FIRST_OLD_MUX = 2,
	FIRST_TLS = 3,
	FIRST_MUX = 4,
	FIRST_SNAPSHOT = 5,
	FIRST_TLS_INSECURE = 7,
	FIRST_TLS_BARE = 0x16, /* a handshake record */
};

/* Both ends of a yamux connection look after it alike (wire/rpc.md 2). */
#define MUX_PING_EVERY	SECONDS(30)
#define MUX_PONG_WITHIN SECONDS(10)
/* Replies that wait for one that does not read them: beyond the first nothing
 * more is read from it, at the second it is closed. */
#define MUX_OUT_BYTES_HIGH (1024 * 1024)
#define MUX_OUT_BYTES_MAX  (256U * 1024 * 1024)

struct raftd;
struct pool_conn;
struct follower;
struct leader_conn;
struct visit;

/* Where gossip has seen a server: wins over the log's address. */
struct moved {
	struct raft_name id;
	struct raft_name address;
};

/* A request that got no reply, or, without a ticket, a connection that has
 * ended; the core hears of it in the next turn. */
struct unreached {
	struct raft_name peer;
	struct ticket ticket;
	bool is_connection;
};

struct net {
	struct raftd *raftd;   /* lent */
	struct daemon *daemon; /* lent */
	struct links links;
	int fd; /* -1: not a server */
	ev_io acceptable;
	size_t conns_per_address;
	size_t body_max; /* of a request of others */
	struct duration handshake_timeout;
	uint64_t last_seq; /* of a call of ours */
	TAILQ_HEAD(pool_conns, pool_conn) pool;

	/* Snapshots. */
	TAILQ_HEAD(visits, visit) visits;
	bool is_visited; /* one of them may go on */

	/* Raft. */
	TAILQ_HEAD(followers, follower) followers;
	TAILQ_HEAD(leader_conns, leader_conn) leaders;
	struct idmap requests; /* of others, without a reply yet */
	uint64_t last_request;
	struct leader_conn *receiving; /* a snapshot; lent */
	struct snapshot_file received; /* into this */
	struct link *probe;	       /* of a leader that seems gone */
	ev_timer probe_again;
	struct raft_name probed;
	struct instant probed_at;
	bool is_renewing; /* addresses or members have changed */
	struct moved moved[RAFT_SERVERS_MAX];
	size_t moved_count;
	struct message *held; /* owned; until a write is on disk */
	size_t held_count;
	size_t held_capacity;
	struct unreached *unreached; /* owned */
	size_t unreached_count;
	size_t unreached_capacity;
};

/* --- listener.c --- */

/* Before privileges are dropped; only a server listens. */
void net_open(struct net *, struct daemon *, struct raftd *);
void net_start(struct net *);
void net_turn(struct net *);

/* A message of the core's, now or when its write is on disk. */
void net_send(struct net *, const struct message *);
/* Writes up to this one have ended. */
void net_written(struct net *, uint64_t number, bool is_failure);
/* Tell the core of requests that got no reply. */
void net_report(struct net *);
void net_unreached(
    struct net *, const struct raft_name *peer, const struct ticket *);
void net_disconnected(struct net *, const struct raft_name *peer);
/* Gossip: this server is there. "" forgets it. */
void net_moved(struct net *, struct slice id, struct slice address);
/* Where to dial a server that the configuration lists at `address`. */
struct raft_name net_address(
    const struct net *, const struct raft_name *address);

/* --- followers.c --- */

void followers_send(struct net *, const struct message *);
/* Entries that were read for this follower, or NULL; taken over. */
void followers_read(struct net *, struct follower *, struct batch *);
/* The configuration or an address has changed; between turns, because it may
 * free followers. */
void followers_renew(struct net *);

/* --- leaders.c --- */

void leaders_init(struct net *);
void leaders_begin(struct net *, struct link *);
void leaders_resume(struct net *);
void leaders_reply(struct net *, const struct message *);
void leaders_fail(struct net *, const struct message *, const char *text);

/* --- install.c: the snapshot that a leader sends --- */

/* False: it cannot be taken now; its bytes are to be thrown away. */
bool install_begin(struct net *, struct leader_conn *, const struct message *);
void install_bytes(struct net *, struct slice);
void install_stop(struct net *); /* before its end */
/* All has come: it goes to the core, which may want it. */
void install_end(struct net *, const struct message *);
/* The core wants it: on to the disk. */
void install_keep(struct net *, const struct install *);
void install_kept(struct net *, const struct store_result *);

/* --- served.c --- */

void served_begin(struct net *, struct link *, bool is_mux);

/* --- visits.c --- */

void visits_begin(struct net *, struct link *);
/* What has ended since the last turn lets others go on. */
void visits_turn(struct net *);
/* Those who have had all hang up. */
void visits_tidy(struct net *);

/* --- pool.c --- */

void pool_forward(struct net *, struct call *, const struct peer_forward *);

/* --- Both: a yamux connection and its life. --- */

struct mux_link {
	struct mux mux;
	struct link *link;
	size_t counted; /* by links_keep() */
	uint32_t pings;
	bool awaits_pong;
};

void mux_link_init(struct mux_link *, struct link *, bool is_client);
void mux_link_deinit(struct mux_link *);
/* What was put into the mux leaves; false if too much waits already: the
 * caller ends the connection. */
bool mux_link_push(struct mux_link *);
/* Time for a ping, or too late for its answer: false, the connection is dead.
 */
bool mux_link_tick(struct mux_link *);
void mux_link_pong(struct mux_link *);

#endif
