/*
 * The port of a pool, UDP and TCP: packets and streams in, opened and taken
 * apart; the core's effects out, encoded and sealed.
 *
 * Nothing is decided here; what comes is handed to the handlers, what makes no
 * sense is counted, and told in the log now and then.
 *
 * Bounds  NET_STREAMS_MAX streams each way and NET_STREAM_BYTES in all of what
 *         has come by them; what is above is closed
 * Source  memberlist net.go, net_transport.go; wire/gossip.md 2, 5 and 6
 */
#ifndef GOSSIPD_NET_H
#define GOSSIPD_NET_H

#include <ev.h>

#include "gossip.h"
#include "keyring.h"

#define NET_STREAMS_MAX	 128 /* memberlist's maxPushPullRequests */
#define NET_STREAM_BYTES (64U << 20)

struct net;

struct net_handlers {
	void (*message)(
	    void *arg, const struct endpoint *from, const struct message *);
	/* To be answered by net_stream() with STREAM_REPLY and this number. */
	void (*push_pull)(void *arg, uint64_t stream,
	    const struct endpoint *from, const struct push_pull *);
	/* Of a stream of ours: the answer (NULL: a ping's ack), or why there
	 * is none, in Go's words. One of the two comes for each, and never
	 * before net_stream() has returned. */
	void (*answer)(void *arg, uint64_t stream, const struct push_pull *);
	void (*failed)(void *arg, uint64_t stream, struct slice why);
};

struct net_options {
	const char *address; /* lent for net_open() */
	int port;
	const char *what;	 /* for what cannot be opened: "serf_lan" */
	const char *log_name;	 /* lent */
	struct slice self;	 /* our name; lent */
	struct keyring *keyring; /* lent; may be empty, and get keys later */
	bool has_clear_in;  /* what is not encrypted is taken all the same */
	bool has_clear_out; /* and we send so */
	bool has_small_packets;	 /* compressed: where bytes cost more than time
				  */
	struct duration timeout; /* of a stream that came */
	const struct net_handlers *handlers; /* lent */
	void *arg;
};

/* Opens both ports; fatal() where they can't be had. */
struct net *net_open(const struct net_options *);
void net_start(struct net *, struct ev_loop *);

/* Take all packets that wait, now. */
void net_read(struct net *);
void net_send(struct net *, const struct gossip_effects *);
void net_stream(struct net *, const struct gossip_stream *);

struct net_counters {
	uint64_t packets_in, packets_out, bytes_in, bytes_out;
	uint64_t refused;   /* not sealed, or by no key of ours */
	uint64_t malformed; /* packets, parts of packets, streams */
	uint64_t overload;  /* streams above the limits */
};

const struct net_counters *net_counters(const struct net *);

#endif
