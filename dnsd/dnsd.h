/*
 * dnsd: DNS on UDP and TCP. What its edges share.
 *
 *	udp.c, tcp.c	   bytes in and out
 *	serve.c		   a query to its answer: kept, or built and kept
 *	lookup.c	   facts, asked of catalogd
 *	forward.c	   what is not ours, handed on to recursors
 *	recurse, recursors asking them, and their list
 *	cache, write, build, question, packet, reply, ...   pure
 */
#ifndef DNSD_DNSD_H
#define DNSD_DNSD_H

#include <ev.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "build.h"
#include "cache.h"
#include "daemon.h"
#include "figures.h"
#include "recurse.h"
#include "write.h"

struct tcp_conn;
struct udp_socket;
struct pending;
struct lookup;

TAILQ_HEAD(pending_list, pending);
TAILQ_HEAD(lookup_list, lookup);
TAILQ_HEAD(tcp_conn_list, tcp_conn);

#define PENDING_BUCKETS 256U

struct dnsd {
	struct daemon *daemon; /* lent */
	struct dns_settings settings;
	struct cache *cache;
	struct genpage *page; /* NULL until catalogd has made it */
	struct writer writer;
	struct figures figures;
	struct dns_answer *overload; /* owned: SERVFAIL, for when we are full */
	struct dns_answer *unresolved; /* owned: SERVFAIL of the recursors */
	struct recursors recursors;
	struct arena scratch;			/* of one build */
	struct needs needs;			/* likewise */
	struct instant now;			/* of this turn */
	uint8_t message[DNS_MESSAGE_BYTES_MAX]; /* a late reply */
	/* Open questions. */
	struct pending_list pendings[PENDING_BUCKETS];
	size_t pending_count;
	size_t waiter_count;
	struct lookup_list lookups;
	/* Sockets. */
	struct udp_socket *udp[CONFIG_ADDRESSES_MAX];
	struct tcp_listener {
		ev_io watcher;
		struct dnsd *dnsd;
	} tcp[CONFIG_ADDRESSES_MAX];
	size_t tcp_count;
	struct tcp_conn_list conns; /* who was quiet longest comes first */
	size_t conn_count;
};

/* --- Who asks: an address at a socket, or a connection. --- */

/* Room for the address a datagram was sent to. */
#define CONTROL_BYTES_MAX 64

struct asker {
	struct tcp_conn *conn; /* or NULL */
	struct udp_socket *udp;
	struct sockaddr_storage address;
	socklen_t address_size;
	uint8_t control[CONTROL_BYTES_MAX];
	size_t control_size;
};

/* --- serve.c --- */

/* The reply to one message, in data[DNS_MESSAGE_BYTES_MAX]; 0 if there is none,
 * or none yet: then asker_reply() is called for it later. */
size_t serve(
    struct dnsd *, struct slice message, const struct asker *, uint8_t *data);
void serve_init(struct dnsd *);
/* The clock of this turn. */
void serve_begin(struct dnsd *);
/* A fact that a question waited for is there. */
void pending_advance(struct dnsd *, struct pending *);
/* The late reply to who was held (tcp_hold); that is over then. */
void asker_reply(struct dnsd *, const struct asker *, struct slice message);

/* --- lookup.c --- */

/* A fact that is being asked for, by all who need it. Lent until released. */
struct lookup *lookup_get(
    struct dnsd *, const struct fact_key *, struct pending *);
void lookup_release(struct lookup *);
const struct fact *lookup_fact(const struct lookup *);
/* Until when the fact is right: NULL or no stamps, it may not be kept. */
const struct stamp *lookup_stamps(
    const struct lookup *, size_t *count, uint64_t *epoch);
/* catalogd is back: what it took with it is asked again. */
void lookups_retry(struct dnsd *);

/* --- forward.c --- */

/* As serve(): recursors are asked, and the reply comes later; or the size of
 * the reply that none can be. `message` is the question as it came. */
size_t forward(struct dnsd *, const struct dns_query *, struct slice message,
    const struct asker *, uint8_t *data);

/* --- udp.c, tcp.c --- */

void udp_open(struct dnsd *, size_t i, const char *address, int port);
void udp_start(struct dnsd *);
void udp_reply(struct dnsd *, const struct asker *, struct slice message);
void udp_flush(struct dnsd *);
void tcp_open(struct dnsd *, const char *address, int port);
void tcp_start(struct dnsd *);
void tcp_reply(struct dnsd *, struct tcp_conn *, struct slice message);
/* The address at its other end; AF_UNSPEC where it is gone. */
void tcp_peer(const struct tcp_conn *, struct sockaddr_storage *);
/* A question of this connection waits, so that it must stay; then no more. */
void tcp_hold(struct tcp_conn *);
void tcp_release(struct dnsd *, struct tcp_conn *);

#endif
