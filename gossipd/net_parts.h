/* What the halves of net.h share: packets (net.c) and streams (net_stream.c).
 */
#ifndef GOSSIPD_NET_PARTS_H
#define GOSSIPD_NET_PARTS_H

#include <sys/queue.h>
#include <sys/socket.h>

#include "net.h"

#define NET_BATCH	 8 /* packets a system call */
#define NET_PACKET_BYTES 65536

struct stream;
LIST_HEAD(streams, stream);

/* What is wrong with strangers' bytes: said at most every so often. */
struct complaint {
	struct instant last;
	uint64_t silent; /* how many more there were */
};

struct net {
	struct net_options options;
	struct net_counters counters;
	struct complaint complaint;
	struct ev_loop *loop; /* lent */
	struct arena arena;   /* of what is being taken apart */

	/* Packets. */
	int udp;
	int family;
	ev_io readable;
	uint8_t *packets; /* owned; NET_BATCH of NET_PACKET_BYTES */
	struct buf plain; /* opened */
	struct buf out;	  /* of a batch, one behind the other */

	/* Streams. */
	int tcp;
	ev_io acceptable;
	struct streams theirs, ours;
	size_t their_count, our_count;
	uint64_t last_stream; /* number of one of theirs */
	size_t stream_bytes;  /* that have come, of all */
};

bool net_is_encrypted(const struct net *);
void net_complain(struct net *, const char *what, const struct endpoint *from);
void net_streams_start(struct net *);

#endif
