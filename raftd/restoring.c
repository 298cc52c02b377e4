/*
 * An archive of a user's, into this server, which leads.
 *
 * What comes is unpacked into a file as it comes. When all of it is there and
 * its sums are right catalogd looks at the state, whether it can hold all that
 * is in it; only then the core is told, and the disk, and nothing can be half
 * of the one and half of the other: the file gets its name and the log its
 * end in one transaction.
 *
 * Source  wire/raft.md 7; Consul's snapshot.Restore, hashicorp/raft's Restore
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/digest.h"
#include "common/log.h"
#include "raftd.h"

#define RAFT_ERROR "Raft error when restoring snapshot: "
/* For catalogd to look at a piece. */
#define TRY_DEADLINE SECONDS(120)

/* The only version there is of what stands in a snapshot. */
#define STATE_VERSION_MAX 1

static void
fail(struct transfer *t, const char *prefix, const char *text)
{
	struct buf why = { 0 };

	buf_printf(&why, "%s%s", prefix, text);
	log_error(
	    LOG_SNAPSHOT, "failed to restore", "error=\"%s\"", buf_text(&why));
	transfer_fail(t, buf_text(&why));
	buf_deinit(&why);
}

static bool
on_state(void *arg, struct slice bytes, struct buf *why)
{
	struct transfer *t = arg;

	return (snapshot_put(&t->as.restoring.file, bytes, why) == ERR_OK);
}

static enum err
make_file(struct raftd *d, struct restoring *restoring, struct buf *why)
{
	char name[SNAPSHOT_NAME_MAX];
	struct wall now = wall_now();

	/* In memory there is room for one that is being made. */
	if (snapshots_are_in_memory(&d->snapshots))
		taking_stop(d, "a snapshot is restored");
	snprintf(name, sizeof(name), "restored-%" PRId64,
	    now.seconds * 1000 + now.ns / 1000000);
	return (snapshot_create(&d->snapshots, name, &restoring->file, why));
}

void
restoring_begin(struct transfer *t)
{
	struct raftd *d = t->d;
	struct restoring *restoring = &t->as.restoring;
	const struct query_meta meta = { .known_leader = true };
	const char *text = "another snapshot is being restored";
	struct buf why = { 0 };

	snapshot_file_init(&restoring->file);
	if (d->transfers.restore != NULL ||
	    !raft_may_restore(&d->raft, &text)) {
		fail(t, RAFT_ERROR, text);
		return;
	}
	if (digest_load(&why) == ERR_OK &&
	    make_file(d, restoring, &why) == ERR_OK) {
		restoring->reader = archive_reader_new(on_state, t);
		d->transfers.restore = t;
		transfer_opened(t, &meta);
	} else
		fail(t, "", buf_text(&why));
	buf_deinit(&why);
}

void
restoring_deinit(struct transfer *t)
{
	struct raftd *d = t->d;
	struct restoring *restoring = &t->as.restoring;

	if (restoring->ask != 0)
		edge_cancel(d->daemon->edges[DAEMON_catalogd], restoring->ask);
	snapshot_abandon(&d->snapshots, &restoring->file);
	archive_reader_free(restoring->reader);
	if (d->transfers.restore == t)
		d->transfers.restore = NULL;
}

/* --- It is whole: may it be? --- */

/* hashicorp/raft checks both. */
static bool
check_meta(struct transfer *t, const struct archive_meta *meta)
{
	struct buf text = { 0 };
	bool is_right;

	if (meta->version < 0 || meta->version > STATE_VERSION_MAX)
		buf_printf(&text, "unsupported snapshot version %" PRId64,
		    meta->version);
	else if (meta->size < 0 ||
		 (uint64_t)meta->size != t->as.restoring.file.size)
		buf_printf(&text,
		    "failed to write snapshot, size didn't match (%" PRIu64
		    " != %" PRId64 ")",
		    t->as.restoring.file.size, meta->size);
	else if (meta->index > UINT64_MAX / 4)
		buf_put_text(&text, "its index is too high");
	is_right = text.size == 0;
	if (!is_right)
		fail(t, RAFT_ERROR, buf_text(&text));
	buf_deinit(&text);
	return (is_right);
}

static void
put_in_place(struct transfer *t)
{
	const char *why;

	/* Much time may have gone by. */
	if (!raft_may_restore(&t->d->raft, &why)) {
		fail(t, RAFT_ERROR, why);
		return;
	}
	raftd_step(t->d, &(struct event){
			     .kind = RAFT_RESTORE,
			     .as.restore = { .index = t->as.restoring.index },
			 });
}

static void try_piece(struct transfer *);

static void
on_tried(void *arg, const struct answer *answer)
{
	struct transfer *t = arg;
	struct buf text = { 0 };

	t->as.restoring.ask = 0;
	if (answer->err == ERR_OK) {
		try_piece(t);
		return;
	}
	buf_put_slice(&text, answer->text);
	fail(t, RAFT_ERROR, buf_text(&text));
	buf_deinit(&text);
}

/* The next piece for catalogd to look at; behind the last one it goes on. */
static void
try_piece(struct transfer *t)
{
	struct raftd *d = t->d;
	struct restoring *restoring = &t->as.restoring;
	struct snapshot_piece piece = { .offset = restoring->tried };
	struct buf bytes = { 0 }, why = { 0 };

	if (restoring->tried > 0 && restoring->tried == restoring->file.size) {
		put_in_place(t);
		return;
	}
	if (snapshot_look(&restoring->file, restoring->tried,
		TRANSFER_PIECE_BYTES, &bytes, &why) != ERR_OK)
		fail(t, RAFT_ERROR, buf_text(&why));
	else {
		piece.data = buf_slice(&bytes);
		restoring->tried += bytes.size;
		piece.is_last = restoring->tried == restoring->file.size;
		restoring->ask = edge_ask(d->daemon->edges[DAEMON_catalogd],
		    METHOD_Raft_TrySnapshot, &snapshot_piece_type, &piece,
		    TRY_DEADLINE, on_tried, t);
	}
	buf_deinit(&bytes);
	buf_deinit(&why);
}

static void
end(struct transfer *t)
{
	struct restoring *restoring = &t->as.restoring;
	struct archive_meta meta;
	struct buf why = { 0 };

	if (archive_reader_end(restoring->reader, &meta, &why) != ERR_OK)
		fail(t, "", buf_text(&why));
	else if (check_meta(t, &meta)) {
		restoring->index = meta.index;
		if (restoring->file.size > 0)
			try_piece(t);
		else
			fail(t, RAFT_ERROR, "the state is empty");
	}
	buf_deinit(&why);
}

void
restoring_write(struct transfer *t, struct slice data, bool is_last)
{
	struct buf why = { 0 };

	if (archive_reader_put(t->as.restoring.reader, data, &why) != ERR_OK)
		fail(t, "", buf_text(&why));
	else if (is_last)
		end(t);
	else
		transfer_piece(t, slice(NULL, 0), false);
	buf_deinit(&why);
}

/* --- To the disk. --- */

void
restoring_keep(struct raftd *d, const struct install *wanted)
{
	struct snapshot_file *file = &d->transfers.restore->as.restoring.file;
	struct wall now = wall_now();
	struct snapshot snapshot = {
		.index = wanted->index,
		.term = wanted->term,
		.membership_index = wanted->membership_index,
		.membership = *wanted->membership,
		.size = file->size,
		.crc = file->crc,
	};

	taking_stop(d, "a snapshot is restored");
	snprintf(snapshot.name, sizeof(snapshot.name),
	    "%" PRIu64 "-%" PRIu64 "-%" PRId64, wanted->term, wanted->index,
	    now.seconds * 1000 + now.ns / 1000000);
	snapshot_rename(&d->snapshots, file, snapshot.name);
	snapshot_close(file);
	store_keep_snapshot(d->store, &snapshot, SNAPSHOT_INSTALLED);
}

void
restoring_kept(struct raftd *d, const struct store_result *result)
{
	struct transfer *t = d->transfers.restore;
	bool is_success = result->kind == STORE_SNAPSHOT_KEPT;

	if (is_success) {
		d->newest = *result->snapshot;
		snapshots_promote(&d->snapshots);
	} else
		snapshot_discard(&d->snapshots, result->snapshot->name);
	raftd_step(d, &(struct event){
			  .kind = RAFT_INSTALLED,
			  .as.installed = { .is_success = is_success },
		      });
	if (is_success)
		feed_restored(d);
	/* Whoever asked may have given up meanwhile; it is restored for all
	 * that. */
	if (t == NULL)
		return;
	if (!is_success)
		fail(t, RAFT_ERROR, result->why);
	else if (d->raft.role != ROLE_LEADER)
		fail(t, RAFT_ERROR, "leadership lost while committing log");
	else
		t->as.restoring.noop_index = d->raft.noop_index;
}

/* It has been restored when an entry behind it is committed, so that a quorum
 * has it, and catalogd has been told of that. */
void
restoring_turn(struct raftd *d)
{
	struct transfer *t = d->transfers.restore;
	uint64_t index = t == NULL ? 0 : t->as.restoring.noop_index;

	if (index == 0)
		return;
	if (d->raft.role != ROLE_LEADER || d->raft.noop_index != index)
		fail(t, RAFT_ERROR, "leadership lost while committing log");
	else if (raft_is_ready(&d->raft) && d->feed.is_on &&
		 d->feed.sent_index >= index)
		transfer_piece(t, slice(NULL, 0), true);
}
