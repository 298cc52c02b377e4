/*
 * One place that metrics are sent to: its name looked up, a socket to it, and
 * what has not left yet.
 *
 * Loss    what it does not take is dropped: packets as they are, and a stream
 *	   once SINK_BYTES_MAX wait. After a failure it is tried again every
 *	   five seconds, and what comes meanwhile is dropped
 * Source  go-metrics: statsd.go, statsite.go
 */
#ifndef GOSSIPD_SINK_H
#define GOSSIPD_SINK_H

#include <ev.h>

#include "common/bytes.h"
#include "common/clock.h"

#define SINK_BYTES_MAX	(64 * 1024)
#define SINK_PACKET_MAX 1400

enum sink_kind { SINK_STATSD, SINK_STATSITE, SINK_DOGSTATSD, SINK_COUNT };

struct sink {
	enum sink_kind kind;
	struct ev_loop *loop; /* lent */
	char *target;	      /* owned: "host:port"; NULL: there is none */
	int fd;		      /* -1: not connected */
	bool is_resolving;
	bool was_told; /* its failure is in the log already */
	struct instant again_at;
	struct buf out;
};

/* `target` as configured; empty: the sink is off. */
void sink_init(
    struct sink *, enum sink_kind, struct ev_loop *, struct slice target);
bool sink_is_on(const struct sink *);
/* Connected, or about to be: what is put now may arrive. */
bool sink_is_open(const struct sink *);
/* Begin to connect, if it is time to. */
void sink_open(struct sink *, struct instant now);
/* A whole line. */
void sink_put(struct sink *, struct slice line);
void sink_flush(struct sink *);

#endif
