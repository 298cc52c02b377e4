/*
 * What catalogd is sent: every committed entry behind the index it named, in
 * order; first a snapshot where the log does not reach back that far; and what
 * this server is.
 *
 * Bounds  no more than FEED_QUEUE_BYTES_MAX wait in the edge for it, so that
 *         it is never flooded; reading from the disk is one piece at a time
 */
#include <assert.h>
#include <inttypes.h>

#include "common/log.h"
#include "common/metrics.h"
#include "raftd.h"

#define FEED_QUEUE_BYTES_MAX (1024 * 1024)
#define FEED_READ_BYTES	     (256 * 1024)
#define FEED_PIECE_BYTES     (128 * 1024)
#define FEED_AGAIN_S	     0.002

static struct edge *
catalogd(struct raftd *d)
{
	return (d->daemon->edges[DAEMON_catalogd]);
}

/* A peer that is gone, or a full queue: it will follow again from what it
 * has, so nothing needs to be kept. */
static bool
tell(struct raftd *d, enum method method, const struct type *type,
    const void *notice)
{
	return (edge_tell(catalogd(d), method, type, notice) == ERR_OK);
}

void
feed_refuse(struct raftd *d, uint64_t id, const char *why)
{
	struct raft_refused notice = { .id = id, .why = slice_of_text(why) };

	if (id != 0 && id != OWN_PROPOSAL)
		(void)tell(d, METHOD_Raft_Refused, &raft_refused_type, &notice);
}

void
feed_lose(struct raftd *d, uint64_t from, const char *why)
{
	struct entry *entries;
	size_t count;

	while ((count = recent_find(&d->recent, from, &entries)) > 0) {
		for (size_t i = 0; i < count; i++) {
			feed_refuse(d, entries[i].id, why);
			entries[i].id = 0;
		}
		from += count;
	}
}

void
feed_forget(struct raftd *d)
{
	struct recent *recent = &d->recent;

	for (size_t i = recent->first; i < recent->last; i++) {
		struct batch *batch = recent->nodes[i].batch;

		for (size_t j = 0; j < batch->count; j++)
			batch->entries[j].id = 0;
	}
	d->inbox.count = 0;
}

/* --- State. --- */

/* A catalogd that has not had all that was committed before it led, or before
 * it began to follow, would answer for a state that it does not have. */
static bool
may_lead(const struct raftd *d)
{
	return (raft_is_ready(&d->raft) &&
		d->feed.sent_index >= d->feed.leads_from &&
		d->feed.sent_index >= d->raft.noop_index);
}

static void
send_state(struct raftd *d)
{
	static const char *const roles[] = { "Follower", "Candidate",
		"Leader" };
	struct raft *raft = &d->raft;
	struct slice peers[RAFT_SERVERS_MAX];
	struct raft_state state = {
		.role = slice_of_text(roles[raft->role]),
		.term = raft->term,
		.leader_address = slice_of_text(raft->leader.text),
		.is_leader = may_lead(d),
		.is_sole_voter = raft_is_sole_voter(raft),
		.commit_index = raft->commit_index,
		.peers = { .items = peers },
	};

	for (size_t i = 0; i < raft->latest.count; i++)
		if (raft->latest.members[i].suffrage == SUFFRAGE_VOTER)
			peers[state.peers.count++] =
			    slice_of_text(raft->latest.members[i].address.text);
	d->feed.is_state_due =
	    !tell(d, METHOD_Raft_State, &raft_state_type, &state);
	d->feed.told_to_lead = state.is_leader;
}

/* --- Entries. --- */

/* How many of them were sent. */
static size_t
send_entries(struct raftd *d, struct entry *entries, size_t count)
{
	struct feed *feed = &d->feed;
	size_t sent = 0;

	assert(entries[0].index == feed->sent_index + 1);
	while (sent < count && entries[sent].index <= d->raft.commit_index &&
	       edge_queue_size(catalogd(d)) < FEED_QUEUE_BYTES_MAX) {
		struct entry *entry = &entries[sent];
		struct raft_committed notice = {
			.index = entry->index,
			.term = entry->term,
			.type = entry->type,
			.id = entry->id == OWN_PROPOSAL ? 0 : entry->id,
		};

		if (entry->type == ENTRY_COMMAND) {
			notice.data = entry->data;
			notice.extensions = entry->extensions;
		}
		if (!tell(d, METHOD_Raft_Committed, &raft_committed_type,
			&notice))
			break;
		feed->sent_index = entry->index;
		sent++;
	}
	return (sent);
}

void
feed_read(struct raftd *d, struct store_result *result)
{
	struct feed *feed = &d->feed;

	feed->is_reading = false;
	if (!feed->is_on || feed->is_restoring || result->batch == NULL ||
	    result->batch->entries[0].index != feed->sent_index + 1)
		return;
	(void)send_entries(d, result->batch->entries, result->batch->count);
}

/* False if there is nothing more to be sent now. */
static bool
push_entries(struct raftd *d)
{
	struct feed *feed = &d->feed;
	struct instant begun;
	struct entry *entries;
	size_t count;

	count = recent_find(&d->recent, feed->sent_index + 1, &entries);
	if (count > 0) {
		begun = instant_now();
		count = send_entries(d, entries, count);
		metrics_add_since(METRIC_raft_fsm_enqueue, begun);
		return (count > 0);
	}
	if (!feed->is_reading)
		raftd_read(d, feed->sent_index + 1, FEED_READ_BYTES, NULL);
	feed->is_reading = true;
	return (false);
}

/* --- A snapshot first. --- */

static void
start_restore(struct raftd *d)
{
	struct feed *feed = &d->feed;
	struct buf why = { 0 };

	assert(d->newest.index > 0);
	if (snapshot_open(&d->snapshots, &d->newest, &feed->restore, &why) !=
	    ERR_OK)
		fatal("%s", buf_text(&why));
	feed->restoring = d->newest;
	feed->is_restoring = true;
	log_info(
	    LOG_SNAPSHOT, "restoring snapshot", "id=%s", feed->restoring.name);
}

static void
stop_restore(struct feed *feed)
{
	snapshot_close(&feed->restore);
	feed->is_restoring = false;
}

/* A piece; a cut or damaged file never gets a last one. */
static bool
push_piece(struct raftd *d)
{
	struct feed *feed = &d->feed;
	struct snapshot_piece piece = {
		.index = feed->restoring.index,
		.term = feed->restoring.term,
		.offset = feed->restore.size,
	};
	struct buf why = { 0 };

	buf_reset(&feed->piece);
	if (snapshot_get(&feed->restore, &feed->restoring, FEED_PIECE_BYTES,
		&feed->piece, &why) != ERR_OK)
		fatal("%s", buf_text(&why));
	piece.data = buf_slice(&feed->piece);
	piece.is_last = feed->restore.size == feed->restoring.size;
	if (!tell(d, METHOD_Raft_RestorePiece, &snapshot_piece_type, &piece)) {
		feed_stop(d);
		return (false);
	}
	if (!piece.is_last)
		return (true);
	feed->sent_index = feed->restoring.index;
	stop_restore(feed);
	buf_deinit(&feed->piece);
	return (true);
}

/* --- All of it. --- */

void
feed_start(struct raftd *d, uint64_t behind)
{
	struct feed *feed = &d->feed;

	feed_stop(d);
	feed->is_on = true;
	feed->is_state_due = true;
	feed->contact = (struct raft_contact){ 0 };
	feed->sent_index = behind;
	feed->leads_from = d->raft.commit_index;
	if (behind < d->newest.index &&
	    (behind == 0 || behind + 1 < d->raft.trail.first_index))
		start_restore(d);
}

void
feed_stop(struct raftd *d)
{
	stop_restore(&d->feed);
	d->feed.is_on = false;
	buf_deinit(&d->feed.piece);
	ev_timer_stop(d->daemon->loop, &d->again);
}

/* First it hears that it does not lead, so that it takes up a leader's duties
 * anew when it does again. */
void
feed_restored(struct raftd *d)
{
	if (!d->feed.is_on)
		return;
	stop_restore(&d->feed);
	d->feed.leads_from = d->raft.commit_index;
	send_state(d);
	start_restore(d);
}

static bool
push_some(struct raftd *d)
{
	struct feed *feed = &d->feed;

	if (feed->is_restoring)
		return (push_piece(d));
	if (feed->sent_index >= d->raft.commit_index)
		return (false);
	if (feed->sent_index + 1 < d->raft.trail.first_index) {
		start_restore(d);
		return (true);
	}
	return (push_entries(d));
}

void
feed_push(struct raftd *d)
{
	struct feed *feed = &d->feed;

	while (feed->is_on &&
	       edge_queue_size(catalogd(d)) < FEED_QUEUE_BYTES_MAX &&
	       push_some(d))
		continue;
	recent_shrink(
	    &d->recent, feed->is_on ? feed->sent_index : d->raft.commit_index);
	if (feed->is_on &&
	    (feed->is_state_due || feed->told_to_lead != may_lead(d)))
		send_state(d);
	if (feed->is_on)
		contact_tell(d);
	if (feed->is_on && !feed->is_reading &&
	    (feed->is_restoring || feed->sent_index < d->raft.commit_index)) {
		ev_timer_set(&d->again, FEED_AGAIN_S, 0);
		ev_timer_start(d->daemon->loop, &d->again);
	}
}
