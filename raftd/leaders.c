/*
 * Raft from other servers: requests come in order on a connection, and are
 * answered in order. Several may be open at once, so that those that wait for
 * one fsync share it; a heartbeat has a connection of its own.
 *
 * A leader whose connections have all gone, and which cannot be dialled or says
 * that it does not lead, is not waited for (election_leader_gone()).
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call_frame.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "raft_wire.h"
#include "raftd.h"
#include "whole.h"

#define PROBE_REPLY_BYTES_MAX 4096
#define OPEN_MAX	      128   /* hashicorp/raft's pipeline */
#define PROBE_AGAIN_S	      0.001 /* a launcher has it back in 15 ms */

/* A request without its reply. */
struct request {
	struct idmap_node node;	     /* node.id is in its message's ticket */
	STAILQ_ENTRY(request) entry; /* of its connection, oldest first */
	struct leader_conn *conn;    /* lent */
	bool is_answered;
	struct buf reply;
};

struct leader_conn {
	TAILQ_ENTRY(leader_conn) entry;
	struct net *net; /* lent */
	struct link *link;
	struct raft_name leader; /* who last spoke here as one; "" nobody */
	struct whole whole;
	STAILQ_HEAD(requests, request) open;
	size_t open_count;
	bool is_stopped; /* as many are open as may be */
	/* The body of an install that is coming in. */
	uint64_t body_left;
	struct message install;
	struct membership membership; /* what install points to */
};

/* --- Replies. --- */

static struct request *
request_new(struct leader_conn *conn)
{
	struct request *request = xcalloc(1, sizeof(*request));

	request->node.id = ++conn->net->last_request;
	request->conn = conn;
	idmap_put(&conn->net->requests, &request->node);
	STAILQ_INSERT_TAIL(&conn->open, request, entry);
	conn->open_count++;
	return (request);
}

/* The oldest one. */
static void
request_drop(struct leader_conn *conn)
{
	struct request *request = STAILQ_FIRST(&conn->open);

	STAILQ_REMOVE_HEAD(&conn->open, entry);
	conn->open_count--;
	idmap_take(&conn->net->requests, request->node.id);
	buf_deinit(&request->reply);
	free(request);
}

/* What is answered leaves, up to the first that is not. */
static void
answered(struct request *request)
{
	struct leader_conn *conn = request->conn;

	request->is_answered = true;
	while ((request = STAILQ_FIRST(&conn->open)) != NULL &&
	       request->is_answered) {
		buf_put_slice(&conn->link->out, buf_slice(&request->reply));
		request_drop(conn);
	}
}

static struct request *
find(struct net *net, const struct message *reply)
{
	return (idmap_get(&net->requests, reply->ticket.round));
}

void
leaders_reply(struct net *net, const struct message *reply)
{
	struct request *request = find(net, reply);

	if (request == NULL)
		return; /* its connection is gone */
	wire_put_reply(&request->reply, reply);
	answered(request);
}

void
leaders_fail(struct net *net, const struct message *reply, const char *text)
{
	struct request *request = find(net, reply);

	if (request == NULL)
		return;
	wire_put_error(&request->reply, text);
	answered(request);
}

/* --- Is the leader gone? --- */

static bool
is_heard(const struct net *net, const struct raft_name *leader)
{
	const struct leader_conn *conn;

	TAILQ_FOREACH(conn, &net->leaders, entry)
	if (raft_name_is(&conn->leader, leader))
		return (true);
	return (false);
}

static void
gone(struct net *net)
{
	raftd_step(
	    net->raftd, &(struct event){
			    .kind = RAFT_LEADER_GONE,
			    .as.leader_gone = { net->probed, net->probed_at },
			});
}

/*
 * Who is refused knows that there is nobody, and who is told that nobody leads
 * there that a lease has ended: raftd may have been restarted before we could
 * be refused. Whatever else may be wrong, a leader may be alive behind it. A
 * process that dies may close its connections before its port, and then takes
 * us, to drop us at once: that is no answer yet.
 */
static void
on_probe_end(struct link *link, const char *why)
{
	struct net *net = link->keeper;
	struct instant limit =
	    instant_add(net->probed_at, net->raftd->raft.options.lease_timeout);

	(void)why;
	net->probe = NULL;
	if (is_heard(net, &net->probed))
		return;
	if (link->dial_errno == ECONNREFUSED)
		gone(net);
	else if (instant_before(instant_now(), limit))
		ev_timer_start(net->daemon->loop, &net->probe_again);
}

static void
on_probe_time(struct link *link)
{
	struct net *net = link->keeper;

	link_close(link);
	net->probe = NULL;
}

/* The leader is the one that has no contact with a leader (wire/rpc.md 8). */
static bool
says_it_does_not_lead(struct slice body)
{
	struct server_stats stats;
	struct arena arena;
	bool is_so;

	arena_init(&arena);
	is_so = type_decode_all(&server_stats_type, body, &arena, &stats) ==
		    ERR_OK &&
		stats.last_contact.size > 0 &&
		!slice_is(stats.last_contact, "0");
	arena_deinit(&arena);
	return (is_so);
}

/* It is there, and says what it is. */
static void
on_probe_bytes(struct link *link)
{
	struct net *net = link->keeper;
	struct slice in = buf_slice(&link->in);
	struct call_frame frame;
	struct call_head head;
	enum whole_state state;
	bool has_gone;

	call_frame_init(&frame);
	state = call_frame_walk(&frame, in);
	if (state == WHOLE_MORE && in.size <= PROBE_REPLY_BYTES_MAX)
		return;
	has_gone = state == WHOLE_DONE &&
		   call_frame_head(&frame, in, &head) == ERR_OK &&
		   head.error.size == 0 &&
		   says_it_does_not_lead(call_frame_body(&frame, in)) &&
		   !is_heard(net, &net->probed);
	on_probe_time(link);
	if (has_gone)
		gone(net);
}

static const struct link_use probe_use = {
	.on_bytes = on_probe_bytes,
	.on_timer = on_probe_time,
	.on_end = on_probe_end,
};

static void
probe(struct net *net)
{
	struct raft_name where = net_address(net, &net->probed);

	net->probe = link_dial(&net->links, where.text, &probe_use, net);
	buf_put_u8(&net->probe->out, FIRST_CALLS);
	call_put_request(&net->probe->out, ++net->last_seq,
	    SLICE("Status.RaftStats"), SLICE("\x80"));
	link_set_timer(net->probe, net->raftd->raft.options.lease_timeout);
}

static void
on_probe_again(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	probe(w->data);
}

void
leaders_init(struct net *net)
{
	TAILQ_INIT(&net->leaders);
	idmap_init(&net->requests);
	ev_timer_init(&net->probe_again, on_probe_again, PROBE_AGAIN_S, 0);
	net->probe_again.data = net;
}

/* Its last connection has ended: is it still there? */
static void
suspect(struct net *net, const struct raft_name *leader)
{
	const struct raft *raft = &net->raftd->raft;

	if (net->probe != NULL || ev_is_active(&net->probe_again) ||
	    raft->role != ROLE_FOLLOWER || !raft_name_is_set(leader) ||
	    !raft_name_is(&raft->leader, leader) || is_heard(net, leader))
		return;
	net->probed = *leader;
	net->probed_at = instant_now();
	probe(net);
}

/* --- Connections. --- */

static void
conn_free(struct leader_conn *conn)
{
	struct net *net = conn->net;
	struct raft_name leader = conn->leader;

	if (net->receiving == conn)
		install_stop(net);
	while (!STAILQ_EMPTY(&conn->open))
		request_drop(conn);
	TAILQ_REMOVE(&net->leaders, conn, entry);
	free(conn);
	suspect(net, &leader);
}

static void
on_end(struct link *link, const char *why)
{
	(void)why;
	conn_free(link->keeper);
}

static void
conn_end(struct leader_conn *conn, const char *why)
{
	log_warn(LOG_RAFT, "failed to decode incoming command",
	    "from=%s error=\"%s\"", conn->link->remote, why);
	link_close(conn->link);
	conn_free(conn);
}

/* --- Requests. --- */

static void
give(struct leader_conn *conn, struct message *message)
{
	/* Replies come back with the request's ticket: it names it here. */
	message->ticket.round = request_new(conn)->node.id;
	raftd_step(conn->net->raftd,
	    &(struct event){ .kind = RAFT_RECEIVE, .as.receive = message });
	if (message->kind == MESSAGE_TIMEOUT_NOW)
		leaders_reply(conn->net, message);
}

static void
begin_install(
    struct leader_conn *conn, const struct message *message, uint64_t size)
{
	conn->install = *message;
	conn->membership = *message->as.install.membership;
	conn->install.as.install.membership = &conn->membership;
	conn->body_left = size;
	(void)install_begin(conn->net, conn, message);
}

/* The body is there: to the core, if it could be kept. */
static void
end_install(struct leader_conn *conn)
{
	struct net *net = conn->net;
	struct message *message = &conn->install;

	message->ticket.round = request_new(conn)->node.id;
	if (net->receiving == conn) {
		install_end(net, message);
		return;
	}
	message->kind = MESSAGE_INSTALL_REPLY;
	message->as.install_reply.is_success = false;
	message->term = net->raftd->raft.term;
	leaders_reply(net, message);
}

/* A heartbeat is an append of nothing, behind nothing. */
static enum metric_id
metric_of(const struct message *message)
{
	if (message->kind == MESSAGE_VOTE)
		return (METRIC_raft_vote);
	return (message->as.append.prev_index == 0 &&
			message->as.append.count == 0 &&
			message->as.append.commit_index == 0
		    ? METRIC_raft_heartbeat
		    : METRIC_raft_append);
}

static bool
use_request(struct leader_conn *conn, uint8_t type, struct slice map)
{
	enum metric_id metric;
	struct message message;
	struct instant begun;
	struct arena arena;
	uint64_t size;
	enum err err;

	arena_init(&arena);
	err = wire_get_request(type, map, &arena, &message, &size);
	if (err == ERR_UNAVAILABLE) {
		struct request *request = request_new(conn);

		wire_put_error(&request->reply,
		    "operation not supported with current protocol version");
		answered(request);
	}
	if (err == ERR_OK && (type == WIRE_APPEND || type == WIRE_INSTALL))
		conn->leader = message.peer;
	if (err == ERR_OK && type == WIRE_INSTALL) {
		begin_install(conn, &message, size);
		if (size == 0)
			end_install(conn);
	} else if (err == ERR_OK) {
		begun = instant_now();
		metric = metric_of(&message);
		give(conn, &message);
		metrics_add_since(metric, begun);
	}
	arena_deinit(&arena);
	/* What follows a body that was not understood cannot be found. */
	return (
	    err == ERR_OK || (err == ERR_UNAVAILABLE && type != WIRE_INSTALL));
}

static size_t
use_body(struct leader_conn *conn, struct slice in)
{
	struct net *net = conn->net;

	if (in.size > conn->body_left)
		in = slice_head(in, (size_t)conn->body_left);
	if (net->receiving == conn)
		install_bytes(net, in);
	conn->body_left -= in.size;
	if (conn->body_left == 0)
		end_install(conn);
	return (in.size);
}

/* What one request or piece used of the bytes: 0, more must come; SIZE_MAX, it
 * is no Raft. */
static size_t
use_bytes(struct leader_conn *conn, struct slice in)
{
	enum whole_state state;
	struct slice map;

	if (conn->body_left > 0)
		return (use_body(conn, in));
	map = slice_tail(in, 1);
	state = whole_walk(&conn->whole, map);
	if (state == WHOLE_MORE && in.size <= WIRE_REQUEST_BYTES_MAX)
		return (0);
	if (state != WHOLE_DONE)
		return (SIZE_MAX);
	map = slice_head(map, conn->whole.at);
	whole_init(&conn->whole);
	return (use_request(conn, in.data[0], map) ? 1 + map.size : SIZE_MAX);
}

static void
on_bytes(struct link *link)
{
	struct leader_conn *conn = link->keeper;
	size_t used = 0;

	while (used < link->in.size && conn->open_count < OPEN_MAX) {
		size_t size =
		    use_bytes(conn, slice_tail(buf_slice(&link->in), used));

		if (size == SIZE_MAX) {
			conn_end(conn, "malformed request");
			return;
		}
		if (size == 0)
			break;
		used += size;
	}
	buf_drop_front(&link->in, used);
	conn->is_stopped = conn->open_count >= OPEN_MAX;
	link_pause(link, conn->is_stopped);
}

/* Those that had to wait for replies go on with what they have. */
void
leaders_resume(struct net *net)
{
	struct leader_conn *conn, *next;

	for (conn = TAILQ_FIRST(&net->leaders); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, entry);
		if (conn->is_stopped && conn->open_count < OPEN_MAX) {
			conn->is_stopped = false;
			link_pause(conn->link, false);
			on_bytes(conn->link);
		}
	}
}

static const struct link_use use = {
	.on_bytes = on_bytes,
	.on_end = on_end,
};

void
leaders_begin(struct net *net, struct link *link)
{
	struct leader_conn *conn = xcalloc(1, sizeof(*conn));

	conn->net = net;
	conn->link = link;
	whole_init(&conn->whole);
	STAILQ_INIT(&conn->open);
	TAILQ_INSERT_TAIL(&net->leaders, conn, entry);
	link_give(link, &use, conn);
	if (link->in.size > 0)
		on_bytes(link);
}
