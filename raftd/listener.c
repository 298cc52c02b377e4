/*
 * Port 8300: who connects, and by the first byte, what for.
 *
 * Source  wire/rpc.md 1
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/metrics.h"
#include "raftd.h"

#define ACCEPTS_A_TURN 64

void
net_open(struct net *net, struct daemon *daemon, struct raftd *raftd)
{
	const struct config *config = daemon->config;

	net->raftd = raftd;
	net->daemon = daemon;
	net->fd = -1;
	if (config->is_server && config->server_port > 0)
		net->fd = listen_tcp(config->bind_address, config->server_port,
		    "Failed to start Consul server: Failed to start RPC layer");
}

/* --- The first byte. --- */

/* TLS comes with its own capability; until then nobody is left waiting. */
static void
refuse_tls(struct link *link)
{
	log_warn(LOG_RPC,
	    "TLS connection attempted, but this server has no certificate",
	    "conn=from=%s", link->remote);
	link_close(link);
}

static void
on_first_byte(struct link *link)
{
	struct net *net = link->keeper;
	uint8_t first = link->in.data[0];

	buf_drop_front(&link->in, 1);
	switch (first) {
	case FIRST_CALLS:
		served_begin(net, link, false);
		break;
	case FIRST_MUX:
		served_begin(net, link, true);
		break;
	case FIRST_RAFT:
		metrics_add(METRIC_rpc_handoff, 1);
		leaders_begin(net, link);
		break;
	case FIRST_TLS:
	case FIRST_TLS_INSECURE:
	case FIRST_TLS_BARE:
		refuse_tls(link);
		break;
	case FIRST_SNAPSHOT:
		visits_begin(net, link);
		break;
	default:
		log_error(LOG_RPC, "unrecognized RPC byte",
		    "byte=%u conn=from=%s", first, link->remote);
		link_close(link);
		break;
	}
}

/* rpc_handshake_timeout. */
static void
on_late(struct link *link)
{
	log_debug(
	    LOG_RPC, "no first byte in time", "conn=from=%s", link->remote);
	link_close(link);
}

static const struct link_use handshake = {
	.on_bytes = on_first_byte,
	.on_timer = on_late,
};

/* --- Accepting. --- */

static void
print_address(const struct sockaddr_storage *from, char *text, size_t size)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	char host[INET6_ADDRSTRLEN] = "";

	memcpy(&v4, from, sizeof(v4));
	memcpy(&v6, from, sizeof(v6));
	if (from->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
		snprintf(text, size, "[%s]:%u", host, ntohs(v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
		snprintf(text, size, "%s:%u", host, ntohs(v4.sin_port));
	}
}

/* False when nobody waits. */
static bool
accept_one(struct net *net)
{
	struct sockaddr_storage from = { 0 };
	socklen_t size = sizeof(from);
	char remote[RAFT_NAME_BYTES_MAX + 1];
	struct link *link;
	int fd = accept4(net->fd, (struct sockaddr *)&from, &size,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return (errno == ECONNABORTED || errno == EINTR);
	print_address(&from, remote, sizeof(remote));
	metrics_add(METRIC_rpc_accept, 1);
	link = link_accepted(&net->links, fd, remote, &handshake, net);
	if (net->links.incoming > PEER_CONNS_MAX ||
	    links_count_like(&net->links, link) > net->conns_per_address) {
		log_error(LOG_RPC,
		    "rejecting RPC conn from because "
		    "rpc_max_conns_per_client exceeded",
		    "conn=from=%s", remote);
		link_close(link);
		return (true);
	}
	link_set_timer(link, net->handshake_timeout);
	return (true);
}

static void
on_acceptable(struct ev_loop *loop, ev_io *w, int events)
{
	struct net *net = w->data;

	(void)loop;
	(void)events;
	for (unsigned i = 0; i < ACCEPTS_A_TURN && accept_one(net); i++)
		continue;
}

/* A value of this size, with its key and all around it. */
static void
grow_to(size_t *limit, uint64_t value_max)
{
	size_t needed = value_max + 1024 * 1024;

	if (needed > *limit)
		*limit = needed;
}

/* limits.*: 0 is the default, as in Consul; a negative number is no limit. */
static void
limits_read(struct net *net)
{
	const struct limits_keys *keys = &net->daemon->config->keys.limits;

	net->conns_per_address = PEER_CONNS_PER_ADDRESS;
	if (keys->rpc_max_conns_per_client > 0)
		net->conns_per_address = (size_t)keys->rpc_max_conns_per_client;
	else if (keys->rpc_max_conns_per_client < 0)
		net->conns_per_address = SIZE_MAX;
	net->body_max = PEER_BODY_BYTES;
	grow_to(&net->body_max, keys->kv_max_value_size);
	grow_to(&net->body_max, keys->txn_max_req_len);
	net->handshake_timeout = MILLISECONDS(PEER_HANDSHAKE_MS);
	if (keys->rpc_handshake_timeout.ns > 0)
		net->handshake_timeout = keys->rpc_handshake_timeout;
}

void
net_start(struct net *net)
{
	const char *source = net->daemon->config->bind_address;

	if (strcmp(source, "0.0.0.0") == 0 || strcmp(source, "::") == 0)
		source = "";
	limits_read(net);
	links_init(&net->links, net->daemon->loop, source);
	TAILQ_INIT(&net->pool);
	TAILQ_INIT(&net->followers);
	leaders_init(net);
	TAILQ_INIT(&net->visits);
	snapshot_file_init(&net->received);
	if (net->fd < 0)
		return;
	ev_io_init(&net->acceptable, on_acceptable, net->fd, EV_READ);
	net->acceptable.data = net;
	ev_io_start(net->daemon->loop, &net->acceptable);
}

void
net_turn(struct net *net)
{
	if (net->is_renewing)
		followers_renew(net);
	net->is_renewing = false;
	visits_turn(net);
	links_turn(&net->links);
	visits_tidy(net);
}
