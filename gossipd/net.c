/* The port of a pool: its packets; see net.h. Streams: net_stream.c. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "codec.h"
#include "common/listen.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/xmalloc.h"
#include "net_parts.h"

#define ROUNDS_MAX     16 /* of a batch; then others have their turn */
#define COMPLAIN_EVERY SECONDS(10)

const struct net_counters *
net_counters(const struct net *n)
{
	return (&n->counters);
}

bool
net_is_encrypted(const struct net *n)
{
	return (keyring_count(n->options.keyring) > 0);
}

void
net_complain(struct net *n, const char *what, const struct endpoint *from)
{
	struct instant now = instant_now();
	char text[ENDPOINT_TEXT_MAX];

	if (n->complaint.last.ns != 0 &&
	    instant_since(now, n->complaint.last).ns < COMPLAIN_EVERY.ns) {
		n->complaint.silent++;
		return;
	}
	log_error(n->options.log_name, what, "from=%s others=%" PRIu64,
	    endpoint_print(from, text), n->complaint.silent);
	n->complaint = (struct complaint){ now, 0 };
}

/* --- Packets in. --- */

struct arrival {
	struct net *net;
	struct endpoint from;
};

static void
on_message(void *arg, const struct message *m)
{
	struct arrival *a = arg;
	struct net *n = a->net;

	n->options.handlers->message(n->options.arg, &a->from, m);
}

/* What a packet says, out of its envelope; false where it is not for us. */
static bool
packet_open(struct net *n, struct slice *packet, const struct endpoint *from)
{
	if (!net_is_encrypted(n))
		return (true);
	buf_reset(&n->plain);
	if (keyring_open(n->options.keyring, *packet, (struct slice){ 0 },
		&n->plain) == ERR_OK) {
		*packet = buf_slice(&n->plain);
		return (true);
	}
	if (n->options.has_clear_in)
		return (true);
	n->counters.refused++;
	net_complain(n,
	    "memberlist: Decrypt packet failed: No installed keys could "
	    "decrypt the message",
	    from);
	return (false);
}

static void
packet_take(
    struct net *n, struct slice packet, const struct sockaddr_storage *from)
{
	struct arrival arrival = { .net = n };
	unsigned failures;

	n->counters.packets_in++;
	n->counters.bytes_in += packet.size;
	metrics_add(METRIC_udp_received, (double)packet.size);
	endpoint_of_socket(from, &arrival.from);
	if (!packet_open(n, &packet, &arrival.from))
		return;
	failures = codec_split(packet, &n->arena, on_message, &arrival);
	arena_reset(&n->arena);
	n->counters.malformed += failures;
	if (failures > 0)
		net_complain(
		    n, "memberlist: Packet is malformed", &arrival.from);
}

/* One system call; how many packets it brought. */
static size_t
batch_take(struct net *n)
{
	struct mmsghdr heads[NET_BATCH];
	struct iovec parts[NET_BATCH];
	struct sockaddr_storage froms[NET_BATCH];
	int count;

	memset(heads, 0, sizeof(heads));
	for (size_t i = 0; i < NET_BATCH; i++) {
		parts[i].iov_base = n->packets + i * NET_PACKET_BYTES;
		parts[i].iov_len = NET_PACKET_BYTES;
		heads[i].msg_hdr.msg_iov = &parts[i];
		heads[i].msg_hdr.msg_iovlen = 1;
		heads[i].msg_hdr.msg_name = &froms[i];
		heads[i].msg_hdr.msg_namelen = sizeof(froms[i]);
	}
	count = recvmmsg(n->udp, heads, NET_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++)
		packet_take(
		    n, slice(parts[i].iov_base, heads[i].msg_len), &froms[i]);
	return (count > 0 ? (size_t)count : 0);
}

void
net_read(struct net *n)
{
	for (unsigned i = 0; i < ROUNDS_MAX; i++)
		if (batch_take(n) < NET_BATCH)
			return;
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop;
	(void)events;
	net_read(w->data);
}

/* --- Packets out. --- */

static void
packet_put(struct net *n, const struct gossip_effects *fx,
    const struct gossip_packet *p)
{
	struct codec_form form = { p->has_checksum,
		n->options.has_small_packets };

	if (!net_is_encrypted(n) || n->options.has_clear_out) {
		codec_join(
		    &fx->messages.items[p->first], p->count, form, &n->out);
		return;
	}
	buf_reset(&n->plain);
	codec_join(&fx->messages.items[p->first], p->count, form, &n->plain);
	keyring_seal(n->options.keyring, buf_slice(&n->plain),
	    (struct slice){ 0 }, &n->out);
}

/* The network may lose packets, and so may we: a full socket is a lost
 * packet. */
static void
batch_send(struct net *n, const struct gossip_effects *fx,
    const struct gossip_packet *packets, size_t count)
{
	struct mmsghdr heads[NET_BATCH];
	struct iovec parts[NET_BATCH];
	struct sockaddr_storage to[NET_BATCH];
	size_t ends[NET_BATCH], start = 0;

	memset(heads, 0, sizeof(heads));
	buf_reset(&n->out);
	for (size_t i = 0; i < count; i++) {
		packet_put(n, fx, &packets[i]);
		ends[i] = n->out.size;
	}
	for (size_t i = 0; i < count; start = ends[i++]) {
		parts[i].iov_base = n->out.data + start;
		parts[i].iov_len = ends[i] - start;
		metrics_add(METRIC_udp_sent, (double)parts[i].iov_len);
		heads[i].msg_hdr.msg_iov = &parts[i];
		heads[i].msg_hdr.msg_iovlen = 1;
		heads[i].msg_hdr.msg_name = &to[i];
		heads[i].msg_hdr.msg_namelen =
		    endpoint_to_socket(&packets[i].to, n->family, &to[i]);
	}
	/* One that cannot go (no route, the other family) holds up none. */
	for (size_t i = 0; i < count;) {
		int sent = sendmmsg(
		    n->udp, &heads[i], (unsigned)(count - i), MSG_DONTWAIT);

		i += sent > 0 ? (size_t)sent : 1;
	}
	n->counters.packets_out += count;
	n->counters.bytes_out += n->out.size;
}

void
net_send(struct net *n, const struct gossip_effects *fx)
{
	for (size_t i = 0; i < fx->packets.count; i += NET_BATCH) {
		size_t left = fx->packets.count - i;

		batch_send(n, fx, &fx->packets.items[i],
		    left < NET_BATCH ? left : NET_BATCH);
	}
}

/* --- Begin and end. --- */

struct net *
net_open(const struct net_options *options)
{
	struct net *n = xcalloc(1, sizeof(*n));
	struct endpoint at;

	n->options = *options;
	if (!endpoint_parse_ip(options->address, &at))
		fatal("%s: \"%s\" is no IP address", options->what,
		    options->address);
	n->family = at.ip_size == 4 ? AF_INET : AF_INET6;
	n->udp = listen_udp(options->address, options->port, options->what);
	n->tcp = listen_tcp(options->address, options->port, options->what);
	/* Pages that no packet has needed yet cost nothing. */
	n->packets = xmalloc((size_t)NET_BATCH * NET_PACKET_BYTES);
	arena_init(&n->arena);
	return (n);
}

void
net_start(struct net *n, struct ev_loop *loop)
{
	n->loop = loop;
	ev_io_init(&n->readable, on_readable, n->udp, EV_READ);
	n->readable.data = n;
	ev_io_start(loop, &n->readable);
	net_streams_start(n);
}
