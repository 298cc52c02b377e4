/*
 * Our own state for a user: a fresh snapshot from catalogd, and the archive
 * made of it while it is read.
 *
 * catalogd has seen to it that we lead, where that matters; so what it sends
 * after the question holds all that was acknowledged before it.
 *
 * Without a folder (-dev) a snapshot's memory is used again by the second one
 * that follows: who reads more slowly than that gets an error, not a mixture.
 */
#include <inttypes.h>
#include <stdio.h>

#include "codec.h"
#include "common/digest.h"
#include "common/log.h"
#include "common/msgpack.h"
#include "raftd.h"

/* What is read of the state for one piece of the archive, at most. */
#define STATE_BYTES (1024 * 1024)

void
saving_begin(struct transfer *t)
{
	struct buf why = { 0 };

	snapshot_file_init(&t->as.saving.file);
	if (digest_load(&why) != ERR_OK)
		transfer_fail(t, buf_text(&why));
	buf_deinit(&why);
}

void
saving_deinit(struct saving *saving)
{
	snapshot_close(&saving->file);
	archive_writer_free(saving->writer);
	buf_deinit(&saving->piece);
}

/* --- The archive. --- */

/* As the wire's Peers: the voters' addresses. */
static void
put_peers(struct buf *out, const struct membership *all)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += all->members[i].suffrage == SUFFRAGE_VOTER;
	pack_array(out, count);
	for (size_t i = 0; i < all->count; i++)
		if (all->members[i].suffrage == SUFFRAGE_VOTER)
			pack_text(out, all->members[i].address.text);
}

static struct archive_writer *
writer_of(const struct snapshot *snapshot)
{
	struct raft_server_entry servers[RAFT_SERVERS_MAX];
	struct buf peers = { 0 };
	struct archive_writer *writer;
	struct archive_meta meta = {
		.version = 1,
		.id = slice_of_text(snapshot->name),
		.index = snapshot->index,
		.term = snapshot->term,
		.configuration = { .servers = { servers,
				       snapshot->membership.count } },
		.configuration_index = snapshot->membership_index,
		.size = (int64_t)snapshot->size,
	};

	for (size_t i = 0; i < snapshot->membership.count; i++) {
		const struct member *one = &snapshot->membership.members[i];

		servers[i] = (struct raft_server_entry){
			.suffrage = one->suffrage,
			.id = slice_of_text(one->id.text),
			.address = slice_of_text(one->address.text),
		};
	}
	put_peers(&peers, &snapshot->membership);
	meta.peers = buf_slice(&peers);
	writer = archive_writer_new(&meta, wall_now().seconds);
	buf_deinit(&peers);
	return (writer);
}

static void
make_ready(struct transfer *t)
{
	struct raftd *d = t->d;
	struct saving *saving = &t->as.saving;
	struct query_meta meta = {
		.index = d->newest.index,
		.known_leader = raft_name_is_set(&d->raft.leader),
	};
	struct buf why = { 0 };

	if (d->raft.role != ROLE_LEADER && d->raft.has_contact)
		meta.last_contact =
		    instant_since(instant_now(), d->raft.contact);
	if (snapshot_open(&d->snapshots, &d->newest, &saving->file, &why) !=
	    ERR_OK)
		transfer_fail(t, buf_text(&why));
	else {
		saving->snapshot = d->newest;
		saving->writer = writer_of(&d->newest);
		saving->stage = SAVING_READY;
		transfer_opened(t, &meta);
	}
	buf_deinit(&why);
}

void
saving_read(struct transfer *t)
{
	struct saving *saving = &t->as.saving;
	struct snapshot_file *file = &saving->file;
	uint64_t end = file->size + STATE_BYTES;
	struct buf state = { 0 }, why = { 0 };
	enum err err = ERR_OK;
	bool is_last;

	buf_reset(&saving->piece);
	if (end > saving->snapshot.size)
		end = saving->snapshot.size;
	while (err == ERR_OK && file->size < end &&
	       saving->piece.size < TRANSFER_PIECE_BYTES / 2) {
		buf_reset(&state);
		err = snapshot_get(file, &saving->snapshot,
		    TRANSFER_PIECE_BYTES, &state, &why);
		if (err == ERR_OK)
			archive_writer_put(
			    saving->writer, buf_slice(&state), &saving->piece);
	}
	is_last = file->size == saving->snapshot.size;
	if (err == ERR_OK && is_last)
		archive_writer_end(saving->writer, &saving->piece);
	if (err == ERR_OK)
		transfer_piece(t, buf_slice(&saving->piece), is_last);
	else {
		log_error(LOG_SNAPSHOT, "failed to save", "error=\"%s\"",
		    buf_text(&why));
		transfer_fail(t, buf_text(&why));
	}
	buf_deinit(&state);
	buf_deinit(&why);
}

/* --- Whose turn it is. --- */

static bool
is_at(const struct transfer *t, int stage)
{
	return (t->kind == TRANSFER_SAVE && t->opening != NULL &&
		(int)t->as.saving.stage == stage);
}

static struct transfer *
first_at(struct raftd *d, int stage)
{
	struct transfer *t;

	TAILQ_FOREACH(t, &d->transfers.all, entry)
	if (is_at(t, stage))
		return (t);
	return (NULL);
}

void
saving_taken(struct raftd *d, const char *why)
{
	struct buf text = { 0 };
	struct transfer *t;

	if (why != NULL)
		buf_printf(&text, "Raft error when taking snapshot: %s", why);
	while ((t = first_at(d, SAVING_TAKING)) != NULL) {
		if (why != NULL)
			transfer_fail(t, buf_text(&text));
		else
			make_ready(t);
	}
	buf_deinit(&text);
}

void
saving_turn(struct raftd *d)
{
	/* What catalogd has had is in the newest already, or not. */
	bool is_new = d->newest.index < d->feed.sent_index;
	bool is_empty = d->newest.index == 0 && !is_new;
	struct transfer *t, *next;

	if (first_at(d, SAVING_WAITS) == NULL || d->taking.is_wanted ||
	    !d->feed.is_on || d->feed.is_restoring)
		return;
	if (is_new && !taking_ask(d))
		return;
	for (t = TAILQ_FIRST(&d->transfers.all); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (is_at(t, SAVING_WAITS))
			t->as.saving.stage = SAVING_TAKING;
	}
	if (!is_new)
		saving_taken(d, is_empty ? "nothing new to snapshot" : NULL);
}
