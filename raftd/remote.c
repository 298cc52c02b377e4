/*
 * A snapshot at the server that leads, for one of ours that asked here: first
 * byte 5, the request, the archive in one direction or the other.
 *
 * It passes through as it comes: whoever wants it looks whether it is whole
 * (the command line does; the leader does, of what it is to restore).
 *
 * Source  wire/rpc.md 10
 */
#include <assert.h>
#include <string.h>

#include "common/log.h"
#include "raftd.h"
#include "whole.h"

#define HEAD_BYTES_MAX (64 * 1024)
#define SILENCE	       SECONDS(600) /* a restore of much takes its time */
#define WAITING_MAX    (512 * 1024)

static struct transfer *
of(struct link *link)
{
	return (link->keeper);
}

/* The connection is over; the transfer may live on for what has come. */
static void
hang_up(struct transfer *t)
{
	if (t->as.remote.link != NULL)
		link_close(t->as.remote.link);
	t->as.remote.link = NULL;
}

static void
give_up(struct transfer *t, const char *prefix, const char *why)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s%s", prefix, why);
	hang_up(t);
	transfer_fail(t, buf_text(&text));
	buf_deinit(&text);
}

/* --- Its answer. --- */

/* Consul: an error comes back as it is. */
static void
use_head(struct transfer *t, const struct snapshot_response *head,
    struct arena *arena)
{
	struct remote *remote = &t->as.remote;

	if (head->error.size > 0) {
		give_up(t, "", arena_text(arena, head->error));
		return;
	}
	remote->has_head = true;
	if (remote->is_save) {
		transfer_opened(t, &head->meta);
		link_pause(remote->link, true); /* until it is read */
		return;
	}
	hang_up(t);
	if (t->done != NULL && remote->is_written)
		transfer_piece(t, slice(NULL, 0), true);
	else
		transfer_fail(t, "the server has not read all of it");
}

static void
get_head(struct transfer *t)
{
	struct link *link = t->as.remote.link;
	struct snapshot_response head;
	struct whole whole;
	struct arena arena;
	enum whole_state state;

	whole_init(&whole);
	state = whole_walk(&whole, buf_slice(&link->in));
	if (state == WHOLE_MORE && link->in.size <= HEAD_BYTES_MAX)
		return;
	arena_init(&arena);
	if (state != WHOLE_DONE ||
	    type_decode_all(&snapshot_response_type,
		slice(link->in.data, whole.at), &arena, &head) != ERR_OK)
		give_up(t, "failed to decode response: ", "malformed");
	else {
		struct buf rest = link->in;

		/* What is lent by `in` stays while it is used. */
		buf_init(&link->in);
		buf_put_slice(
		    &link->in, slice_tail(buf_slice(&rest), whole.at));
		use_head(t, &head, &arena);
		buf_deinit(&rest);
	}
	arena_deinit(&arena);
}

/* --- What has come, to who waits for it. --- */

static void
give(struct transfer *t)
{
	struct remote *remote = &t->as.remote;
	struct link *link = remote->link;
	size_t size = link->in.size;
	bool is_last;

	if (size > TRANSFER_PIECE_BYTES)
		size = TRANSFER_PIECE_BYTES;
	is_last = link->is_in_over && size == link->in.size;
	if (t->done == NULL || (size == 0 && !is_last))
		return;
	buf_reset(&remote->piece);
	buf_put(&remote->piece, link->in.data, size);
	buf_drop_front(&link->in, size);
	link_pause(link, link->in.size > 0);
	link_set_timer(link, SILENCE);
	if (is_last)
		hang_up(t);
	transfer_piece(t, buf_slice(&remote->piece), is_last);
}

static void
on_bytes(struct link *link)
{
	struct transfer *t = of(link);

	if (!t->as.remote.has_head)
		get_head(t);
	else if (t->done == NULL)
		link_pause(link, true);
	else
		give(t);
}

static void
on_finished(struct link *link)
{
	struct transfer *t = of(link);

	if (!t->as.remote.has_head)
		give_up(t, "failed to decode response: ", "EOF");
	else
		give(t);
}

static void
on_end(struct link *link, const char *why)
{
	struct transfer *t = of(link);

	t->as.remote.link = NULL;
	transfer_fail(t, why);
}

static void
on_timer(struct link *link)
{
	give_up(of(link), "", "i/o timeout");
}

static void
on_room(struct link *link)
{
	struct transfer *t = of(link);

	if (t->done != NULL && !t->as.remote.is_save &&
	    !t->as.remote.is_written)
		transfer_piece(t, slice(NULL, 0), false);
}

static const struct link_use use = {
	.on_bytes = on_bytes,
	.on_room = on_room,
	.on_timer = on_timer,
	.on_finished = on_finished,
	.on_end = on_end,
};

/* --- Asking. --- */

void
remote_begin(
    struct transfer *t, struct slice address, uint64_t op, struct slice request)
{
	const struct query_meta unknown = { 0 };
	struct remote *remote = &t->as.remote;
	char text[RAFT_NAME_BYTES_MAX + 1];

	assert(address.size < sizeof(text));
	memcpy(text, address.data, address.size);
	text[address.size] = '\0';
	remote->is_save = op == SNAPSHOT_SAVE;
	remote->link = link_dial(&t->d->net.links, text, &use, t);
	link_set_timer(remote->link, SILENCE);
	buf_put_u8(&remote->link->out, FIRST_SNAPSHOT);
	buf_put_slice(&remote->link->out, request);
	if (remote->is_save)
		link_finish(remote->link);
	else
		transfer_opened(t, &unknown);
}

void
remote_read(struct transfer *t)
{
	if (!t->as.remote.is_save || t->as.remote.link == NULL) {
		transfer_fail(t, "the connection is over");
		return;
	}
	link_pause(t->as.remote.link, false);
	give(t);
}

void
remote_write(struct transfer *t, struct slice data, bool is_last)
{
	struct remote *remote = &t->as.remote;

	if (remote->is_save || remote->link == NULL) {
		transfer_fail(t, "the connection is over");
		return;
	}
	buf_put_slice(&remote->link->out, data);
	link_set_timer(remote->link, SILENCE);
	if (is_last) {
		remote->is_written = true;
		link_finish(remote->link);
	} else if (link_waiting(remote->link) < WAITING_MAX &&
		   remote->link->is_connected)
		transfer_piece(t, slice(NULL, 0), false);
	else
		remote->link->was_full = true; /* on_room() will say */
}

void
remote_deinit(struct transfer *t)
{
	hang_up(t);
	buf_deinit(&t->as.remote.piece);
}
