/*
 * Other agents that want a snapshot of us, or bring one: first byte 5 of port
 * 8300. They say what they want, and for a restore the archive follows, to the
 * end of what they send; we answer with a map, and for a save the archive
 * follows, to the end of what we send.
 *
 * Our catalogd is asked as it is for httpd, and may send us on to the leader.
 *
 * Source  wire/rpc.md 10; Consul's snapshot_endpoint.go
 */
#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "raftd.h"
#include "whole.h"

#define REQUEST_BYTES_MAX (64 * 1024)
#define OPEN_DEADLINE	  SECONDS(660)
#define SILENCE		  SECONDS(600)
#define WAITING_MAX	  (512 * 1024)

struct visit {
	TAILQ_ENTRY(visit) entry;
	struct net *net;   /* lent */
	struct link *link; /* lent */
	struct whole whole;
	bool is_asked; /* its request has come */
	bool is_save;
	uint64_t ask;	 /* Snapshot.Open; 0: none */
	uint64_t handle; /* 0: none is open */
	bool is_busy;	 /* a read or write has not ended */
	bool is_last;	 /* nothing is to be read or written any more */
	bool is_leaving; /* all has been put */
};

static struct edge *
catalogd(const struct visit *visit)
{
	return (visit->net->daemon->edges[DAEMON_catalogd]);
}

static struct transfer *
transfer_of(const struct visit *visit)
{
	return (transfer_find(visit->net->raftd, visit->handle));
}

/* --- The end. --- */

static void
visit_free(struct visit *visit)
{
	struct transfer *t = transfer_of(visit);

	if (visit->ask != 0)
		edge_cancel(catalogd(visit), visit->ask);
	if (t != NULL)
		transfer_close(t);
	TAILQ_REMOVE(&visit->net->visits, visit, entry);
	free(visit);
}

static void
on_end(struct link *link, const char *why)
{
	(void)why;
	visit_free(link->keeper);
}

static void
visit_end(struct visit *visit)
{
	link_close(visit->link);
	visit_free(visit);
}

static void
on_timer(struct link *link)
{
	visit_end(link->keeper);
}

/* Bytes that nobody wants any more; behind them they hang up. */
static void
on_rest(struct link *link)
{
	buf_reset(&link->in);
}

static const struct link_use leaving = {
	.on_bytes = on_rest,
	.on_timer = on_timer,
	.on_end = on_end,
};

static void
leave(struct visit *visit)
{
	visit->is_leaving = visit->is_last = true;
	link_give(visit->link, &leaving, visit);
	link_set_timer(visit->link, SILENCE);
	link_finish(visit->link);
	link_pause(visit->link, false);
}

static void
answer(struct visit *visit, struct slice error, const struct query_meta *meta)
{
	struct snapshot_response head = { .error = error };

	if (meta != NULL)
		head.meta = *meta;
	type_encode(&snapshot_response_type, &head, &visit->link->out);
}

/* --- A save: read from the transfer while they read from us. --- */

static void
on_read(void *arg, const struct transfer_result *result)
{
	struct visit *visit = arg;

	visit->is_busy = false;
	visit->net->is_visited = true;
	if (result->why != NULL) {
		/* Too late for an error: what they get is cut. */
		log_error(LOG_SNAPSHOT, "failed to send snapshot",
		    "error=\"%s\" to=%s", result->why, visit->link->remote);
		visit->is_last = true;
		return;
	}
	buf_put_slice(&visit->link->out, result->data);
	visit->is_last = result->is_last;
}

static void
read_on(struct visit *visit)
{
	struct transfer *t;

	while (!visit->is_busy && !visit->is_last &&
	       link_waiting(visit->link) < WAITING_MAX &&
	       (t = transfer_of(visit)) != NULL) {
		visit->is_busy = true;
		link_set_timer(visit->link, SILENCE);
		transfer_read(t, on_read, visit);
	}
	if (visit->is_last)
		leave(visit);
}

/* --- A restore: written to the transfer as it comes. --- */

static void
on_written(void *arg, const struct transfer_result *result)
{
	struct visit *visit = arg;

	visit->is_busy = false;
	visit->net->is_visited = true;
	if (result->why == NULL && !result->is_last)
		return;
	answer(
	    visit, slice_of_text(result->why == NULL ? "" : result->why), NULL);
	leave(visit);
}

static void
write_on(struct visit *visit)
{
	struct link *link = visit->link;
	struct transfer *t = transfer_of(visit);
	struct buf piece = { 0 };
	size_t size = link->in.size;

	if (visit->is_busy || visit->is_last || t == NULL)
		return;
	if (size == 0 && !link->is_in_over) {
		link_pause(link, false);
		return;
	}
	if (size > TRANSFER_PIECE_BYTES)
		size = TRANSFER_PIECE_BYTES;
	buf_put(&piece, link->in.data, size);
	buf_drop_front(&link->in, size);
	visit->is_busy = true;
	visit->is_last = link->is_in_over && link->in.size == 0;
	link_pause(link, true);
	link_set_timer(link, SILENCE);
	transfer_write(t, buf_slice(&piece), visit->is_last, on_written, visit);
	buf_deinit(&piece);
}

/* --- What they want. --- */

static void
go_on(struct visit *visit)
{
	if (visit->is_leaving || visit->handle == 0)
		return;
	if (visit->is_save)
		read_on(visit);
	else
		write_on(visit);
}

static void
on_opened(void *arg, const struct answer *opened)
{
	struct visit *visit = arg;
	struct snapshot_opened reply = { 0 };
	struct arena arena;

	visit->ask = 0;
	arena_init(&arena);
	if (opened->err != ERR_OK)
		answer(visit, opened->text, NULL);
	else if (type_decode_all(&snapshot_opened_type, opened->body, &arena,
		     &reply) != ERR_OK)
		answer(visit, SLICE("malformed answer of a daemon"), NULL);
	if (reply.handle == 0)
		leave(visit);
	else if (visit->is_save)
		answer(visit, SLICE(""), &reply.meta);
	visit->handle = reply.handle;
	visit->net->is_visited = true;
	arena_deinit(&arena);
}

/* The map is whole: on to catalogd, as it came. */
static void
take_request(struct visit *visit)
{
	struct link *link = visit->link;
	struct snapshot_request request;
	struct slice map = slice(link->in.data, visit->whole.at);
	struct arena arena;

	arena_init(&arena);
	if (type_decode_all(&snapshot_request_type, map, &arena, &request) !=
		ERR_OK ||
	    (request.op != SNAPSHOT_SAVE && request.op != SNAPSHOT_RESTORE)) {
		answer(visit, SLICE("unrecognized snapshot op"), NULL);
		leave(visit);
	} else {
		visit->is_save = request.op == SNAPSHOT_SAVE;
		visit->ask = edge_ask_bytes(catalogd(visit),
		    METHOD_Snapshot_Open, map, OPEN_DEADLINE, on_opened, visit);
		buf_drop_front(&link->in, visit->whole.at);
		link_pause(link, true);
		link_set_timer(link, SILENCE);
	}
	arena_deinit(&arena);
}

static void
on_bytes(struct link *link)
{
	struct visit *visit = link->keeper;
	enum whole_state state;

	if (visit->is_asked) {
		go_on(visit);
		return;
	}
	state = whole_walk(&visit->whole, buf_slice(&link->in));
	if (state == WHOLE_MORE && link->in.size <= REQUEST_BYTES_MAX)
		return;
	if (state != WHOLE_DONE) {
		log_error(LOG_RPC, "failed to decode snapshot request",
		    "conn=from=%s", link->remote);
		visit_end(visit);
		return;
	}
	visit->is_asked = true;
	take_request(visit);
}

static void
on_room(struct link *link)
{
	go_on(link->keeper);
}

static void
on_finished(struct link *link)
{
	struct visit *visit = link->keeper;

	if (!visit->is_asked)
		visit_end(visit);
	else
		go_on(visit);
}

static const struct link_use use = {
	.on_bytes = on_bytes,
	.on_room = on_room,
	.on_timer = on_timer,
	.on_finished = on_finished,
	.on_end = on_end,
};

void
visits_begin(struct net *net, struct link *link)
{
	struct visit *visit = xcalloc(1, sizeof(*visit));

	visit->net = net;
	visit->link = link;
	whole_init(&visit->whole);
	TAILQ_INSERT_TAIL(&net->visits, visit, entry);
	link_give(link, &use, visit);
	link_set_timer(link, SECONDS(10));
	if (link->in.size > 0)
		on_bytes(link);
}

void
visits_turn(struct net *net)
{
	struct visit *visit;

	while (net->is_visited) {
		net->is_visited = false;
		TAILQ_FOREACH(visit, &net->visits, entry)
		go_on(visit);
	}
}

void
visits_tidy(struct net *net)
{
	struct visit *visit, *next;

	for (visit = TAILQ_FIRST(&net->visits); visit != NULL; visit = next) {
		next = TAILQ_NEXT(visit, entry);
		if (visit->is_leaving && visit->link->is_in_over &&
		    link_waiting(visit->link) == 0)
			visit_end(visit);
	}
}
