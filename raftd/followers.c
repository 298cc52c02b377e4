/*
 * Raft to other servers. To each there are two lanes, connections of their
 * own, so that a heartbeat never waits behind entries (wire/raft.md 1):
 * heartbeats and votes on one, entries on the other, in order and without
 * waiting for replies. A snapshot has a third one, for itself alone.
 *
 * A lane that fails is closed; whatever had no reply is reported, and the next
 * message dials again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "call_frame.h"
#include "common/log.h"
#include "common/msgpack.h"
#include "common/xmalloc.h"
#include "raft_wire.h"
#include "raftd.h"

/* In front of one that does not answer: heartbeats beyond are not sent, entries
 * wait. */
#define ASKED_MAX     256
#define LANE_OUT_MAX  (4 * 1024 * 1024)
#define READ_BYTES    (1024 * 1024)
#define READS_KEPT    64
#define PIECE_BYTES   (256 * 1024)
#define REPLY_TIMEOUT SECONDS(10) /* also for each 256 KiB of a snapshot */

/* What awaits its reply. */
struct asked {
	enum message_kind kind;
	uint64_t term;
	struct ticket ticket;
};

struct lane {
	struct follower *follower;     /* lent */
	struct link *link;	       /* NULL: not dialled */
	struct asked asked[ASKED_MAX]; /* a ring */
	size_t first, count;
	struct call_frame frame; /* error text, and reply */
};

struct follower {
	TAILQ_ENTRY(follower) entry;
	struct net *net;       /* lent */
	struct raft_name name; /* its address in the configuration */
	struct raft_name dialled;
	struct follower_figures figures;
	struct lane beats, entries, snapshot;
	struct message *queue; /* owned; appends that have not been sent */
	size_t queue_count;
	size_t queue_capacity;
	struct batch *read[READS_KEPT]; /* held; from the disk, for the queue */
	size_t read_count;
	bool is_reading;
	struct snapshot sending; /* on the snapshot's lane */
	struct snapshot_file file;
};

static void pump(struct follower *);
static void fill(struct follower *);

/* --- A lane. --- */

static void
lane_init(struct lane *lane, struct follower *follower)
{
	lane->follower = follower;
	lane->link = NULL;
	lane->first = lane->count = 0;
	call_frame_init(&lane->frame);
}

static struct asked *
oldest(struct lane *lane)
{
	assert(lane->count > 0);
	return (&lane->asked[lane->first]);
}

static void
pop(struct lane *lane)
{
	lane->first = (lane->first + 1) % ASKED_MAX;
	lane->count--;
}

/* Nothing that was asked on it will be answered. */
static void
lane_end(struct lane *lane)
{
	struct follower *follower = lane->follower;

	if (lane == &follower->beats && lane->link != NULL)
		net_disconnected(follower->net, &follower->name);
	if (lane->link != NULL)
		link_close(lane->link);
	for (; lane->count > 0; pop(lane)) {
		struct asked *asked = oldest(lane);

		if (asked->kind == MESSAGE_APPEND ||
		    asked->kind == MESSAGE_INSTALL)
			net_unreached(
			    follower->net, &follower->name, &asked->ticket);
	}
	lane_init(lane, follower);
	if (lane == &follower->snapshot)
		snapshot_close(&follower->file);
	if (lane != &follower->entries)
		return;
	/* Without those before them they would only be refused. */
	for (size_t i = 0; i < follower->queue_count; i++)
		net_unreached(
		    follower->net, &follower->name, &follower->queue[i].ticket);
	follower->queue_count = 0;
}

static void
on_end(struct link *link, const char *why)
{
	struct lane *lane = link->keeper;

	log_debug(LOG_RAFT, "connection lost", "peer=%s error=\"%s\"",
	    lane->follower->name.text, why);
	lane_end(lane);
}

static void
on_late(struct link *link)
{
	on_end(link, "no reply in time");
}

/* What a reply of this kind of request says, for the core. */
static bool
use_reply(struct lane *lane, struct slice error, struct slice body)
{
	struct follower *follower = lane->follower;
	struct asked asked = *oldest(lane);
	struct reader rd = reader(error);
	struct slice text = unpack_raw(&rd);
	struct message reply;

	if (rd.has_failed)
		return (false);
	if (text.size > 0) {
		log_warn(LOG_RAFT, "request refused", "peer=%s error=\"%.*s\"",
		    follower->name.text, SLICE_ARGS(text));
		pop(lane);
		if (asked.kind == MESSAGE_APPEND ||
		    asked.kind == MESSAGE_INSTALL)
			net_unreached(
			    follower->net, &follower->name, &asked.ticket);
		return (true);
	}
	if (wire_get_reply(asked.kind, body, &reply) != ERR_OK)
		return (false);
	pop(lane);
	figures_replied(&follower->figures, &follower->net->raftd->raft,
	    &follower->name, asked.kind, &asked.ticket);
	reply.peer = follower->name;
	reply.ticket = asked.ticket;
	if (reply.kind != MESSAGE_TIMEOUT_NOW)
		raftd_step(
		    follower->net->raftd, &(struct event){ .kind = RAFT_RECEIVE,
					      .as.receive = &reply });
	return (true);
}

static void
on_bytes(struct link *link)
{
	struct lane *lane = link->keeper;
	size_t used = 0;

	for (;;) {
		struct slice in = slice_tail(buf_slice(&link->in), used);
		enum whole_state state = call_frame_walk(&lane->frame, in);
		size_t size = call_frame_size(&lane->frame);

		if (state == WHOLE_MORE && in.size <= WIRE_REPLY_BYTES_MAX)
			break;
		if (state != WHOLE_DONE || lane->count == 0 ||
		    !use_reply(lane, slice_head(in, lane->frame.head.at),
			call_frame_body(&lane->frame, in))) {
			on_end(link, "malformed reply");
			return;
		}
		if (link->is_closed)
			return;
		call_frame_init(&lane->frame);
		used += size;
	}
	buf_drop_front(&link->in, used);
	link_set_timer(link, lane->count > 0 ? REPLY_TIMEOUT : SECONDS(0));
	if (lane == &lane->follower->snapshot && lane->count == 0)
		lane_end(lane); /* it is not used twice */
	else
		pump(lane->follower);
}

static void
on_room(struct link *link)
{
	struct lane *lane = link->keeper;

	if (lane == &lane->follower->snapshot)
		fill(lane->follower);
	else
		pump(lane->follower);
}

static const struct link_use use = {
	.on_bytes = on_bytes,
	.on_room = on_room,
	.on_timer = on_late,
	.on_end = on_end,
};

/* Dial if need be, and where the reply goes; what is sent is put by the caller.
 */
static struct buf *
lane_ask(struct lane *lane, const struct message *message)
{
	struct follower *follower = lane->follower;
	struct net *net = follower->net;

	assert(lane->count < ASKED_MAX);
	if (lane->link == NULL) {
		follower->dialled = net_address(net, &follower->name);
		lane->link =
		    link_dial(&net->links, follower->dialled.text, &use, lane);
		buf_put_u8(&lane->link->out, FIRST_RAFT);
	}
	if (lane->count == 0)
		link_set_timer(lane->link, REPLY_TIMEOUT);
	lane->asked[(lane->first + lane->count++) % ASKED_MAX] =
	    (struct asked){ message->kind, message->term, message->ticket };
	return (&lane->link->out);
}

/* --- Heartbeats, votes. --- */

static const struct raft_name *
self(const struct net *net)
{
	return (&net->raftd->raft.options.address);
}

static void
send_beat(struct follower *follower, const struct message *message)
{
	struct lane *lane = &follower->beats;
	struct net *net = follower->net;
	struct buf *out;

	/* One that does not answer is not asked any more often. */
	if (lane->count >= ASKED_MAX)
		return;
	out = lane_ask(lane, message);
	if (message->kind == MESSAGE_VOTE)
		wire_put_vote(out, message, self(net));
	else if (message->kind == MESSAGE_TIMEOUT_NOW)
		wire_put_timeout_now(out);
	else
		wire_put_append(out, message, self(net), NULL);
}

/* --- Entries. --- */

static void
queue_pop(struct follower *follower)
{
	follower->queue_count--;
	memmove(follower->queue, follower->queue + 1,
	    follower->queue_count * sizeof(*follower->queue));
}

static void
forget_read(struct follower *follower, uint64_t before)
{
	size_t kept = 0;

	for (size_t i = 0; i < follower->read_count; i++) {
		struct batch *batch = follower->read[i];

		if (batch->entries[batch->count - 1].index >= before)
			follower->read[kept++] = batch;
		else
			batch_drop(batch);
	}
	follower->read_count = kept;
}

static const struct entry *
find_entry(struct follower *follower, uint64_t index)
{
	struct entry *run;

	if (recent_find(&follower->net->raftd->recent, index, &run) > 0)
		return (run);
	for (size_t i = 0; i < follower->read_count; i++) {
		struct batch *batch = follower->read[i];
		uint64_t first = batch->entries[0].index;

		if (index >= first && index - first < batch->count)
			return (&batch->entries[index - first]);
	}
	return (NULL);
}

enum collected {
	COLLECTED,
	COLLECTED_NOT_YET, /* the disk is being asked */
	COLLECTED_NEVER,
};

/* The entries that the core has named, from memory or disk. */
static enum collected
collect(struct follower *follower, const struct message *message,
    const struct entry **entries)
{
	struct raftd *d = follower->net->raftd;
	uint64_t first = message->as.append.first_index;

	forget_read(follower, first);
	for (size_t i = 0; i < message->as.append.count; i++) {
		entries[i] = find_entry(follower, first + i);
		if (entries[i] != NULL)
			continue;
		if (follower->read_count == READS_KEPT ||
		    first + i < d->raft.trail.first_index)
			return (COLLECTED_NEVER);
		if (!follower->is_reading)
			raftd_read(d, first + i, READ_BYTES, follower);
		follower->is_reading = true;
		return (COLLECTED_NOT_YET);
	}
	return (COLLECTED);
}

/* A leader that is deposed must not send what stands in its log now as what it
 * had named then. */
static bool
is_current(const struct follower *follower, const struct message *message)
{
	const struct raft *raft = &follower->net->raftd->raft;

	return (raft->role == ROLE_LEADER && raft->term == message->term &&
		message->as.append.first_index + message->as.append.count <=
		    raft->trail.last_index + 1);
}

static bool
has_room(const struct lane *lane)
{
	return (
	    lane->count < ASKED_MAX &&
	    (lane->link == NULL || link_waiting(lane->link) < LANE_OUT_MAX));
}

/* Send what is queued, as far as there is room and the entries are at hand. */
static void
pump(struct follower *follower)
{
	const struct entry *entries[WIRE_ENTRIES_MAX];
	struct lane *lane = &follower->entries;

	while (follower->queue_count > 0 && has_room(lane)) {
		struct message *message = &follower->queue[0];
		enum collected state = COLLECTED_NEVER;

		if (is_current(follower, message))
			state = collect(follower, message, entries);
		if (state == COLLECTED_NOT_YET)
			return;
		if (state == COLLECTED)
			wire_put_append(lane_ask(lane, message), message,
			    self(follower->net), entries);
		else
			net_unreached(
			    follower->net, &follower->name, &message->ticket);
		queue_pop(follower);
	}
}

void
followers_read(struct net *net, struct follower *follower, struct batch *batch)
{
	(void)net;
	follower->is_reading = false;
	if (batch != NULL && follower->queue_count > 0)
		follower->read[follower->read_count++] = batch_hold(batch);
	else if (follower->queue_count > 0) {
		/* Trimmed meanwhile: the core will send a snapshot. */
		net_unreached(
		    follower->net, &follower->name, &follower->queue[0].ticket);
		queue_pop(follower);
	}
	pump(follower);
}

static void
send_append(struct follower *follower, const struct message *message)
{
	if (follower->queue_count == follower->queue_capacity) {
		follower->queue_capacity = follower->queue_capacity * 2 + 8;
		follower->queue = xreallocarray(follower->queue,
		    follower->queue_capacity, sizeof(*follower->queue));
	}
	follower->queue[follower->queue_count++] = *message;
	pump(follower);
}

/* --- A snapshot. --- */

/* The whole of it, and its reply, have 10 s for each 256 KiB. */
static struct duration
time_for(const struct snapshot *snapshot)
{
	return (SECONDS(10 * (1 + snapshot->size / PIECE_BYTES)));
}

static void
fill(struct follower *follower)
{
	struct lane *lane = &follower->snapshot;
	struct snapshot_file *file = &follower->file;
	struct buf why = { 0 };

	while (file->fd >= 0 && file->size < follower->sending.size &&
	       link_waiting(lane->link) < LANE_OUT_MAX) {
		if (snapshot_get(file, &follower->sending, PIECE_BYTES,
			&lane->link->out, &why) == ERR_OK)
			continue;
		log_error(LOG_RAFT, "failed to send snapshot",
		    "peer=%s error=\"%s\"", follower->name.text,
		    buf_text(&why));
		lane_end(lane);
		break;
	}
	buf_deinit(&why);
}

static void
send_install(struct follower *follower, const struct message *message)
{
	struct raftd *d = follower->net->raftd;
	struct lane *lane = &follower->snapshot;
	struct buf why = { 0 };

	lane_end(lane);
	if (message->as.install.index != d->newest.index ||
	    snapshot_open(&d->snapshots, &d->newest, &follower->file, &why) !=
		ERR_OK) {
		log_error(LOG_RAFT, "failed to open snapshot", "error=\"%s\"",
		    buf_text(&why));
		buf_deinit(&why);
		net_unreached(follower->net, &follower->name, &message->ticket);
		return;
	}
	follower->sending = d->newest;
	wire_put_install(lane_ask(lane, message), message, self(follower->net),
	    &follower->sending);
	link_set_timer(lane->link, time_for(&follower->sending));
	fill(follower);
}

/* --- Who there is. --- */

static struct follower *
find(struct net *net, const struct raft_name *name)
{
	struct follower *follower;

	TAILQ_FOREACH(follower, &net->followers, entry)
	if (raft_name_is(&follower->name, name))
		return (follower);
	follower = xcalloc(1, sizeof(*follower));
	follower->net = net;
	follower->name = *name;
	lane_init(&follower->beats, follower);
	lane_init(&follower->entries, follower);
	lane_init(&follower->snapshot, follower);
	snapshot_file_init(&follower->file);
	TAILQ_INSERT_TAIL(&net->followers, follower, entry);
	return (follower);
}

void
followers_send(struct net *net, const struct message *message)
{
	struct follower *follower = find(net, &message->peer);

	if (message->kind == MESSAGE_INSTALL)
		send_install(follower, message);
	else if (message->kind == MESSAGE_APPEND &&
		 !message->ticket.is_heartbeat)
		send_append(follower, message);
	else
		send_beat(follower, message);
}

static void
follower_free(struct follower *follower)
{
	TAILQ_REMOVE(&follower->net->followers, follower, entry);
	forget_read(follower, UINT64_MAX);
	free(follower->queue);
	free(follower);
}

static bool
is_idle(const struct follower *follower)
{
	return (follower->beats.count == 0 && follower->entries.count == 0 &&
		follower->snapshot.count == 0 && follower->queue_count == 0 &&
		!follower->is_reading);
}

void
followers_renew(struct net *net)
{
	const struct membership *all = &net->raftd->raft.latest;
	struct follower *follower, *next;

	for (follower = TAILQ_FIRST(&net->followers); follower != NULL;
	     follower = next) {
		struct raft_name now = net_address(net, &follower->name);

		next = TAILQ_NEXT(follower, entry);
		if (raft_name_is_set(&follower->dialled) &&
		    !raft_name_is(&follower->dialled, &now)) {
			lane_end(&follower->beats);
			lane_end(&follower->entries);
			lane_end(&follower->snapshot);
		}
		if (membership_find_address(all, &follower->name) != NULL ||
		    !is_idle(follower))
			continue;
		lane_end(&follower->beats);
		lane_end(&follower->entries);
		lane_end(&follower->snapshot);
		follower_free(follower);
	}
}
