/* What the core sends, and whom it reaches where. See net.h. */
#include <string.h>

#include "common/xmalloc.h"
#include "raftd.h"

static bool
is_request(const struct message *message)
{
	return (message->kind == MESSAGE_APPEND ||
		message->kind == MESSAGE_VOTE ||
		message->kind == MESSAGE_INSTALL ||
		message->kind == MESSAGE_TIMEOUT_NOW);
}

static void
send_now(struct net *net, const struct message *message)
{
	if (is_request(message))
		followers_send(net, message);
	else
		leaders_reply(net, message);
}

void
net_send(struct net *net, const struct message *message)
{
	if (message->after == 0) {
		send_now(net, message);
		return;
	}
	if (net->held_count == net->held_capacity) {
		net->held_capacity = net->held_capacity * 2 + 16;
		net->held = xreallocarray(
		    net->held, net->held_capacity, sizeof(*net->held));
	}
	net->held[net->held_count++] = *message;
}

/* What it would have promised is not on disk. */
static void
drop(struct net *net, const struct message *message)
{
	if (!is_request(message))
		leaders_fail(net, message, "failed to write the Raft log");
	else if (message->kind == MESSAGE_APPEND ||
		 message->kind == MESSAGE_INSTALL)
		net_unreached(net, &message->peer, &message->ticket);
}

void
net_written(struct net *net, uint64_t number, bool is_failure)
{
	size_t kept = 0;

	for (size_t i = 0; i < net->held_count; i++) {
		struct message *message = &net->held[i];

		if (message->after > number)
			net->held[kept++] = *message;
		else if (is_failure)
			drop(net, message);
		else
			send_now(net, message);
	}
	net->held_count = kept;
}

/* --- Requests that got no reply. --- */

static void
put_unreached(struct net *net, const struct unreached *one)
{
	if (net->unreached_count == net->unreached_capacity) {
		net->unreached_capacity = net->unreached_capacity * 2 + 16;
		net->unreached = xreallocarray(net->unreached,
		    net->unreached_capacity, sizeof(*net->unreached));
	}
	net->unreached[net->unreached_count++] = *one;
}

void
net_unreached(
    struct net *net, const struct raft_name *peer, const struct ticket *ticket)
{
	put_unreached(
	    net, &(struct unreached){ .peer = *peer, .ticket = *ticket });
}

void
net_disconnected(struct net *net, const struct raft_name *peer)
{
	put_unreached(
	    net, &(struct unreached){ .peer = *peer, .is_connection = true });
}

void
net_report(struct net *net)
{
	for (size_t i = 0; i < net->unreached_count; i++) {
		const struct unreached *one = &net->unreached[i];
		struct event event = { .kind = RAFT_UNREACHABLE };

		event.as.unreachable.peer = one->peer;
		event.as.unreachable.ticket = one->ticket;
		if (one->is_connection) {
			event.kind = RAFT_DISCONNECTED;
			event.as.disconnected = one->peer;
		}
		raftd_step(net->raftd, &event);
	}
	net->unreached_count = 0;
}

/* --- Addresses. --- */

static struct moved *
find_moved(struct net *net, const struct raft_name *id)
{
	for (size_t i = 0; i < net->moved_count; i++)
		if (raft_name_is(&net->moved[i].id, id))
			return (&net->moved[i]);
	return (NULL);
}

static struct raft_name
name_of(struct slice from)
{
	struct raft_name name = { "" };

	if (from.size > 0 && from.size <= RAFT_NAME_BYTES_MAX)
		memcpy(name.text, from.data, from.size);
	return (name);
}

void
net_moved(struct net *net, struct slice id, struct slice address)
{
	struct moved now = { name_of(id), name_of(address) };
	struct moved *known = find_moved(net, &now.id);

	if (known != NULL && !raft_name_is_set(&now.address))
		*known = net->moved[--net->moved_count];
	else if (known != NULL)
		*known = now;
	else if (raft_name_is_set(&now.address) &&
		 net->moved_count < RAFT_SERVERS_MAX)
		net->moved[net->moved_count++] = now;
	net->is_renewing = true;
}

struct raft_name
net_address(const struct net *net, const struct raft_name *address)
{
	const struct member *member =
	    membership_find_address(&net->raftd->raft.latest, address);

	for (size_t i = 0; member != NULL && i < net->moved_count; i++)
		if (raft_name_is(&net->moved[i].id, &member->id))
			return (net->moved[i].address);
	return (*address);
}
