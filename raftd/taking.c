/*
 * Snapshots of our own: when it is time catalogd is asked for one, and what it
 * sends becomes a file; then the log may be trimmed.
 *
 * Source  hashicorp/raft, runSnapshots and takeSnapshot
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/metrics.h"
#include "common/xmalloc.h"
#include "raftd.h"

#define SNAPSHOT_PATIENCE SECONDS(600)
#define LOG_BYTES_HEAVY	  (64 * 1024 * 1024)

static bool
is_due(const struct raftd *d)
{
	const struct trail *trail = &d->raft.trail;

	return (
	    d->feed.is_on && !d->feed.is_restoring && !d->taking.is_wanted &&
	    d->feed.sent_index > trail->snapshot_index &&
	    trail->last_index - trail->snapshot_index >= d->snapshot_threshold);
}

void
taking_stop(struct raftd *d, const char *why)
{
	snapshot_abandon(&d->snapshots, &d->taking.file);
	d->taking.is_wanted = false;
	saving_taken(d, why);
}

static void
give_up(struct raftd *d, const char *why)
{
	log_error(LOG_RAFT, "failed to take snapshot", "error=\"%s\"", why);
	taking_stop(d, why);
}

static bool
is_overdue(const struct raftd *d)
{
	struct duration age = instant_since(instant_now(), d->taking.asked_at);

	return (age.ns > SNAPSHOT_PATIENCE.ns);
}

bool
taking_ask(struct raftd *d)
{
	/* In memory there is room for one at a time. */
	if (d->transfers.restore != NULL &&
	    snapshots_are_in_memory(&d->snapshots))
		return (false);
	d->log_bytes = 0;
	d->taking.asked_at = instant_now();
	d->taking.is_wanted = edge_tell(d->daemon->edges[DAEMON_catalogd],
				  METHOD_Raft_SnapshotWanted, &empty_type,
				  &(struct empty){}) == ERR_OK;
	return (d->taking.is_wanted);
}

void
taking_on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct raftd *d = w->data;
	struct duration wait = d->snapshot_interval;

	(void)events;
	/* hashicorp/raft: SnapshotInterval to twice that, so that servers take
	 * turns. */
	wait.ns += (int64_t)((double)wait.ns * drand48());
	w->repeat = duration_seconds(wait);
	ev_timer_again(loop, w);
	if (d->taking.is_wanted && is_overdue(d))
		give_up(d, "catalogd has not sent it");
	if (is_due(d))
		(void)taking_ask(d);
}

/*
 * A log that grows faster than the timer thinks: the next start would have to
 * read all of it. A snapshot at least as large as the last one was written to
 * the log, so this never costs more than twice the writing. (Consul has only
 * the timer.)
 */
void
taking_on_write(struct raftd *d, size_t bytes)
{
	uint64_t limit = LOG_BYTES_HEAVY;

	d->log_bytes += bytes;
	if (limit < d->newest.size)
		limit = d->newest.size;
	if (d->log_bytes >= limit && is_due(d))
		(void)taking_ask(d);
}

/* What it says it is of must be in our log, or it is of no use. */
static bool
is_of_our_log(const struct raftd *d, const struct snapshot_piece *piece)
{
	uint64_t term;

	return (piece->index > d->raft.trail.snapshot_index &&
		piece->index <= d->raft.commit_index &&
		trail_term_of(&d->raft.trail, piece->index, &term) &&
		term == piece->term);
}

static bool
begin(struct raftd *d, const struct snapshot_piece *piece)
{
	char name[SNAPSHOT_NAME_MAX];
	struct wall now = wall_now();
	struct buf why = { 0 };
	enum err err;

	d->taking.index = piece->index;
	d->taking.term = piece->term;
	log_info(LOG_RAFT, "starting snapshot up to", "index=%" PRIu64,
	    piece->index);
	snprintf(name, sizeof(name), "%" PRIu64 "-%" PRIu64 "-%" PRId64,
	    piece->term, piece->index, now.seconds * 1000 + now.ns / 1000000);
	err = snapshot_create(&d->snapshots, name, &d->taking.file, &why);
	if (err != ERR_OK)
		give_up(d, buf_text(&why));
	buf_deinit(&why);
	return (err == ERR_OK);
}

/* The configuration that belongs to the snapshot is the committed one, if that
 * lies in it (hashicorp/raft, takeSnapshot). */
static void
end(struct raftd *d)
{
	struct taking *taking = &d->taking;
	struct snapshot *snapshot;

	if (d->raft.committed_index > taking->index) {
		give_up(d, "cannot take snapshot now, wait until the "
			   "configuration entry has been applied");
		return;
	}
	snapshot = xcalloc(1, sizeof(*snapshot));
	snprintf(
	    snapshot->name, sizeof(snapshot->name), "%s", taking->file.name);
	snapshot->index = taking->index;
	snapshot->term = taking->term;
	snapshot->membership = d->raft.committed;
	snapshot->membership_index = d->raft.committed_index;
	snapshot->size = taking->file.size;
	snapshot->crc = taking->file.crc;
	snapshot_close(&taking->file);
	store_keep_snapshot(d->store, snapshot, SNAPSHOT_OURS);
	free(snapshot);
}

void
taking_piece(struct raftd *d, const struct snapshot_piece *piece)
{
	struct taking *taking = &d->taking;
	struct buf why = { 0 };

	if (!taking->is_wanted)
		return;
	if (piece->offset == 0 && taking->file.fd < 0) {
		if (!is_of_our_log(d, piece)) {
			give_up(d, "it is not of this log");
			return;
		}
		if (!begin(d, piece))
			return;
	}
	if (taking->file.fd < 0)
		return; /* the rest of one that was given up */
	if (piece->index != taking->index ||
	    piece->offset != taking->file.size) {
		give_up(d, "its pieces are out of order");
		return;
	}
	if (snapshot_put(&taking->file, piece->data, &why) != ERR_OK)
		give_up(d, buf_text(&why));
	else if (piece->is_last)
		end(d);
	buf_deinit(&why);
}

void
taking_kept(struct raftd *d, const struct store_result *result)
{
	const struct snapshot *snapshot = result->snapshot;

	if (result->kind == STORE_SNAPSHOT_FAILED) {
		snapshot_discard(&d->snapshots, snapshot->name);
		give_up(d, result->why);
		return;
	}
	d->taking.is_wanted = false;
	metrics_add_since(METRIC_raft_snapshot, d->taking.asked_at);
	d->newest = *snapshot;
	snapshots_promote(&d->snapshots);
	log_info(LOG_RAFT, "snapshot complete up to", "index=%" PRIu64,
	    snapshot->index);
	raftd_step(d, &(struct event){
			  .kind = RAFT_SNAPSHOT_SAVED,
			  .as.snapshot_saved = {
			      .index = snapshot->index,
			      .term = snapshot->term,
			  },
		      });
	saving_taken(d, NULL);
}
