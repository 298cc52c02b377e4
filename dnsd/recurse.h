/*
 * Questions that others answer: the recursors, asked one after the other, each
 * with its time, over UDP or TCP as the asker came.
 *
 * Every question has a socket of its own, connected, with a port of the
 * kernel's choice, and a random id: so a stranger who does not see it can't
 * answer it, and what answers another question is not taken (RFC 5452).
 *
 * Bounds  open questions, bytes of each
 * Source  api/dns.md 7; Consul dns.go, handleRecurse and resolveCNAME
 */
#ifndef DNSD_RECURSE_H
#define DNSD_RECURSE_H

#include <sys/socket.h>

#include "arena.h"
#include "clock.h"
#include "config_recursors.h"
#include "packet.h"

struct dnsd;
struct config;

/* Of the configuration, their names resolved. */
struct recursors {
	struct arena arena; /* of the names */
	struct config_recursors names;
	struct recursor_address {
		struct sockaddr_storage socket;
		socklen_t size; /* 0: the name can't be resolved */
	} addresses[CONFIG_RECURSORS_MAX];
	/* What privileges were given up for: see recursors_reload(). */
	uint16_t ports[CONFIG_RECURSORS_MAX];
	size_t port_count;
	size_t open_count;	     /* questions at recursors */
	size_t tcp_count;	     /* of these */
	bool is_failing;	     /* as was told last */
	struct instant silent_until; /* nothing more is told */
};

/* Before privileges are dropped: names of hosts are looked up, too. */
void recursors_open(struct recursors *, const struct config *);
/* False: this needs what we have given up, and so a new start. */
MUST_CHECK bool recursors_reload(struct recursors *, const struct config *);

struct recurse_goal {
	const struct dns_query *query; /* lent until the end */
	size_t reply_bytes_max;	       /* over UDP */
	bool is_tcp;
	bool is_relay; /* an error's rcode makes it the next one's turn */
};

/* data[size] is a whole reply with an id of ours; size 0: nobody answered. Lent
 * for the call. Never called before recurse() has returned. */
typedef void recursed_fn(void *arg, uint8_t *data, size_t size);

/* False: too many are open. */
MUST_CHECK bool recurse(
    struct dnsd *, const struct recurse_goal *, recursed_fn *, void *arg);

#endif
