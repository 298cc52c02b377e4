/*
 * DNS over UDP: up to 64 datagrams a call in, and the replies of a turn out
 * together.
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "dnsd.h"
#include "limits.h"
#include "log.h"
#include "xmalloc.h"

#define BATCH 64
/* Room for replies: one of any size always fits behind those waiting. */
#define OUT_BYTES (256U * 1024)

struct udp_socket {
	int fd;
	bool is_wildcard; /* then replies must leave from where they came to */
	ev_io watcher;
	struct dnsd *dnsd; /* lent */
	/* What comes in. */
	struct mmsghdr in[BATCH];
	struct iovec in_iov[BATCH];
	struct asker in_askers[BATCH];
	/* What goes out. */
	size_t out_count;
	size_t out_size;
	struct mmsghdr out[BATCH];
	struct iovec out_iov[BATCH];
	struct sockaddr_storage out_address[BATCH];
	uint8_t out_control[BATCH][CONTROL_BYTES_MAX];
	uint8_t in_data[BATCH][DNS_UDP_IN_BYTES];
	uint8_t out_data[OUT_BYTES];
};

/* --- Out. --- */

/* A reply that the kernel has no room for is lost, as UDP may lose it. */
static void
socket_flush(struct udp_socket *s)
{
	size_t sent = 0;

	while (sent < s->out_count) {
		int count = sendmmsg(s->fd, &s->out[sent],
		    (unsigned)(s->out_count - sent), MSG_DONTWAIT);

		if (count > 0)
			sent += (size_t)count;
		else if (errno != EINTR)
			sent++; /* this one can't be sent: go on with others */
	}
	s->out_count = 0;
	s->out_size = 0;
}

/* DNS_MESSAGE_BYTES_MAX bytes to write a reply into. */
static uint8_t *
socket_room(struct udp_socket *s)
{
	if (s->out_count == BATCH ||
	    sizeof(s->out_data) - s->out_size < DNS_MESSAGE_BYTES_MAX)
		socket_flush(s);
	return (&s->out_data[s->out_size]);
}

/* IP_PKTINFO as it came tells the interface, too: the kernel chooses. */
static void
control_clear_interface(uint8_t *control)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)control;

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo *info = (void *)CMSG_DATA(c);

		info->ipi_ifindex = 0;
		info->ipi_spec_dst = info->ipi_addr;
	}
}

static void
socket_queue(struct udp_socket *s, const struct asker *asker, size_t size)
{
	size_t i = s->out_count++;
	struct msghdr *h = &s->out[i].msg_hdr;

	memcpy(&s->out_address[i], &asker->address, asker->address_size);
	h->msg_name = &s->out_address[i];
	h->msg_namelen = asker->address_size;
	s->out_iov[i].iov_base = &s->out_data[s->out_size];
	s->out_iov[i].iov_len = size;
	h->msg_iov = &s->out_iov[i];
	h->msg_iovlen = 1;
	h->msg_control = NULL;
	h->msg_controllen = asker->control_size;
	if (asker->control_size > 0) {
		memcpy(s->out_control[i], asker->control, asker->control_size);
		control_clear_interface(s->out_control[i]);
		h->msg_control = s->out_control[i];
	}
	s->out_size += size;
}

void
udp_reply(struct dnsd *d, const struct asker *asker, struct slice message)
{
	uint8_t *room = socket_room(asker->udp);

	(void)d;
	memcpy(room, message.data, message.size);
	socket_queue(asker->udp, asker, message.size);
}

void
udp_flush(struct dnsd *d)
{
	for (size_t i = 0; i < CONFIG_ADDRESSES_MAX; i++)
		if (d->udp[i] != NULL && d->udp[i]->out_count > 0)
			socket_flush(d->udp[i]);
}

/* --- In. --- */

static void
in_prepare(struct udp_socket *s, size_t i)
{
	struct asker *asker = &s->in_askers[i];
	struct msghdr *h = &s->in[i].msg_hdr;

	s->in_iov[i].iov_base = s->in_data[i];
	s->in_iov[i].iov_len = sizeof(s->in_data[i]);
	h->msg_iov = &s->in_iov[i];
	h->msg_iovlen = 1;
	h->msg_name = &asker->address;
	h->msg_namelen = sizeof(asker->address);
	h->msg_control = s->is_wildcard ? asker->control : NULL;
	h->msg_controllen = s->is_wildcard ? sizeof(asker->control) : 0;
}

static void
in_take(struct udp_socket *s, size_t i)
{
	struct asker *asker = &s->in_askers[i];
	struct slice message = slice(s->in_data[i], s->in[i].msg_len);
	size_t size;

	asker->address_size = s->in[i].msg_hdr.msg_namelen;
	asker->control_size =
	    s->is_wildcard ? s->in[i].msg_hdr.msg_controllen : 0;
	size = serve(s->dnsd, message, asker, socket_room(s));
	if (size > 0)
		socket_queue(s, asker, size);
	in_prepare(s, i);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct udp_socket *s = w->data;
	int count = recvmmsg(s->fd, s->in, BATCH, MSG_DONTWAIT, NULL);

	(void)loop;
	(void)events;
	if (count <= 0)
		return;
	serve_begin(s->dnsd);
	for (int i = 0; i < count; i++)
		in_take(s, (size_t)i);
	socket_flush(s);
}

/* --- Opening. --- */

static bool
is_wildcard(const char *address)
{
	return (strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0);
}

void
udp_open(struct dnsd *d, size_t i, const char *address, int port)
{
	struct udp_socket *s = xcalloc(1, sizeof(*s));
	int on = 1;

	assert(i < CONFIG_ADDRESSES_MAX);
	s->dnsd = d;
	s->fd = listen_udp(address, port, "DNS");
	s->is_wildcard = is_wildcard(address);
	if (s->is_wildcard && strchr(address, ':') == NULL)
		(void)setsockopt(
		    s->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	else if (s->is_wildcard)
		(void)setsockopt(
		    s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	for (size_t k = 0; k < BATCH; k++) {
		s->in_askers[k].udp = s;
		in_prepare(s, k);
	}
	ev_io_init(&s->watcher, on_readable, s->fd, EV_READ);
	s->watcher.data = s;
	d->udp[i] = s;
}

void
udp_start(struct dnsd *d)
{
	for (size_t i = 0; i < CONFIG_ADDRESSES_MAX; i++)
		if (d->udp[i] != NULL)
			ev_io_start(d->daemon->loop, &d->udp[i]->watcher);
}
