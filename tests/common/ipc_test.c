/* Both ends of an edge in one process: questions, losses, sizes, trespass. */
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/ipc_frame.h"
#include "common/limits.h"
#include "common/log.h"
#include "tests/lib/tap.h"

/* One end: `catalogd` answers, `httpd` asks. */
struct end {
	struct edge *edge;
	unsigned ups;
	unsigned downs;
	unsigned answers;
	unsigned cancels;
	unsigned notices;
	enum err last_err;
	struct buf last_text;
	size_t last_size;
	size_t last_stamps;
	size_t reply_size;
};

static struct ev_loop *loop;
static char path[128];
static struct end server, client;

static struct end *
end_of(struct edge *edge)
{
	return (edge_peer(edge) == DAEMON_httpd ? &server : &client);
}

static void
on_peer(struct daemon *d, struct edge *edge, bool is_up)
{
	(void)d;
	if (is_up)
		end_of(edge)->ups++;
	else
		end_of(edge)->downs++;
}

/* KVS.Get answers with one entry of reply_size bytes, or is refused. */
static void
on_get(struct daemon *d, struct call *call, const void *request)
{
	const struct key_request *q = request;
	struct dir_entry entry = { .key = q->key };
	struct indexed_dir_entries reply = { .entries = { &entry, 1 } };

	(void)d;
	if (slice_is(q->key, "refuse")) {
		call_fail(call, "no key %d", 7);
		return;
	}
	entry.value = slice(arena_alloc(&call->arena, server.reply_size + 1),
	    server.reply_size);
	call_stamp(call, 5, 77);
	call_stamp(call, 6, 78);
	call_answer(call, &indexed_dir_entries_type, &reply);
}

static void
on_kept_cancel(struct call *call)
{
	(void)call;
	server.cancels++;
}

/* KVS.List is never answered, so that it stays open. */
static void
on_list(struct daemon *d, struct call *call, const void *request)
{
	(void)d;
	(void)request;
	call->on_cancel = on_kept_cancel;
}

static void
on_notice(struct daemon *d, struct call *call, const void *request)
{
	const struct edge_monitor *q = request;

	(void)d;
	(void)call;
	server.notices += q->level == 3;
}

static call_fn *const handlers[METHOD_COUNT] = {
	[METHOD_KVS_Get] = on_get,
	[METHOD_KVS_List] = on_list,
	[METHOD_Edge_Monitor] = on_notice,
};

static struct edge *
open_end(enum daemon_id self)
{
	struct edge_config config = {
		.loop = loop,
		.self = self,
		.peer =
		    self == DAEMON_catalogd ? DAEMON_httpd : DAEMON_catalogd,
		.path = path,
		.is_binder = self == DAEMON_catalogd,
		.handlers = handlers,
		.on_peer = on_peer,
	};

	return (edge_new(&config));
}

static void
on_done(void *arg, const struct answer *answer)
{
	struct end *end = arg;

	end->answers++;
	end->last_err = answer->err;
	end->last_size = answer->body.size;
	end->last_stamps = answer->stamp_count;
	buf_reset(&end->last_text);
	buf_put_slice(&end->last_text, answer->text);
}

static void
on_time_up(struct ev_loop *l, ev_timer *w, int events)
{
	(void)w;
	(void)events;
	ev_break(l, EVBREAK_ALL);
}

/* Turn the loop for at most `ms`, or until *counter has reached `count`. */
static bool
turn_until(const unsigned *counter, unsigned count, unsigned ms)
{
	struct instant end = instant_add(instant_now(), MILLISECONDS(ms));
	ev_timer limit;

	while (*counter < count && instant_before(instant_now(), end)) {
		if (server.edge != NULL)
			edge_flush(server.edge);
		if (client.edge != NULL)
			edge_flush(client.edge);
		ev_timer_init(&limit, on_time_up, 0.01, 0);
		ev_timer_start(loop, &limit);
		ev_run(loop, EVRUN_ONCE);
		ev_timer_stop(loop, &limit);
	}
	return (*counter >= count);
}

static uint64_t
ask(enum method method, const char *key, unsigned deadline_ms)
{
	struct key_request q = { .key = slice_of_text(key) };

	return (edge_ask(client.edge, method, &key_request_type, &q,
	    MILLISECONDS(deadline_ms), on_done, &client));
}

static void
begin(void)
{
	buf_deinit(&client.last_text);
	server = (struct end){ .edge = open_end(DAEMON_catalogd) };
	client = (struct end){ .edge = open_end(DAEMON_httpd) };
}

static void
end(void)
{
	edge_free(client.edge);
	edge_free(server.edge);
	client.edge = server.edge = NULL;
}

static void
test_question_is_answered_with_stamps(void)
{
	begin();
	server.reply_size = 3;
	ask(METHOD_KVS_Get, "a", 2000);
	CHECK(turn_until(&client.answers, 1, 2000));
	CHECK_EQ(client.last_err, ERR_OK);
	CHECK_EQ(client.last_stamps, 2);
	CHECK_EQ(client.ups, 1);
	CHECK_EQ(server.ups, 1);
	end();
}

static void
test_refusal_carries_its_text(void)
{
	begin();
	ask(METHOD_KVS_Get, "refuse", 2000);
	CHECK(turn_until(&client.answers, 1, 2000));
	CHECK_EQ(client.last_err, ERR_REFUSED);
	CHECK(strcmp(buf_text(&client.last_text), "no key 7") == 0);
	end();
}

static void
test_large_answer_comes_in_pieces(void)
{
	begin();
	server.reply_size = 5 * IPC_FRAME_BYTES_MAX + 17;
	ask(METHOD_KVS_Get, "a", 5000);
	ask(METHOD_KVS_Get, "b", 5000);
	CHECK(turn_until(&client.answers, 2, 5000));
	CHECK_EQ(client.last_err, ERR_OK);
	CHECK(client.last_size > server.reply_size);
	end();
}

static void
test_deadline_cancels_at_the_other_end(void)
{
	begin();
	ask(METHOD_KVS_List, "a", 300);
	CHECK(turn_until(&client.answers, 1, 3000));
	CHECK_EQ(client.last_err, ERR_TIMEOUT);
	CHECK(turn_until(&server.cancels, 1, 1000));
	end();
}

static void
test_cancelled_question_is_not_answered(void)
{
	uint64_t id;

	begin();
	id = ask(METHOD_KVS_List, "a", 60000);
	CHECK(turn_until(&client.ups, 1, 2000));
	turn_until(&client.answers, 1, 100);
	edge_cancel(client.edge, id);
	CHECK(turn_until(&server.cancels, 1, 2000));
	CHECK_EQ(client.answers, 0);
	end();
}

static void
test_death_of_the_answerer_fails_what_is_open(void)
{
	begin();
	ask(METHOD_KVS_List, "a", 60000);
	CHECK(turn_until(&client.ups, 1, 2000));
	turn_until(&client.answers, 1, 50);
	edge_free(server.edge);
	server.edge = NULL;
	CHECK(turn_until(&client.answers, 1, 3000));
	CHECK_EQ(client.last_err, ERR_PEER_GONE);
	/* Asked while nobody is there: waits for the successor. */
	ask(METHOD_KVS_Get, "a", 5000);
	turn_until(&client.answers, 2, 50);
	server.edge = open_end(DAEMON_catalogd);
	CHECK(turn_until(&client.answers, 2, 5000));
	CHECK_EQ(client.last_err, ERR_OK);
	CHECK_EQ(client.ups, 2);
	CHECK_EQ(client.downs, 1);
	end();
}

static void
test_death_of_the_asker_cancels_what_it_asked(void)
{
	begin();
	ask(METHOD_KVS_List, "a", 60000);
	CHECK(turn_until(&server.ups, 1, 2000));
	turn_until(&server.cancels, 1, 50);
	edge_free(client.edge);
	client.edge = NULL;
	CHECK(turn_until(&server.cancels, 1, 3000));
	client.edge = open_end(DAEMON_httpd);
	ask(METHOD_KVS_Get, "a", 5000);
	CHECK(turn_until(&client.answers, 1, 5000));
	CHECK_EQ(client.last_err, ERR_OK);
	end();
}

static void
test_notice_arrives_and_trespass_does_not(void)
{
	struct edge_monitor monitor = { .level = 3 };
	struct key_request q = { .key = SLICE("a") };

	begin();
	CHECK_EQ(edge_tell(client.edge, METHOD_Edge_Monitor, &edge_monitor_type,
		     &monitor),
	    ERR_PEER_GONE);
	CHECK(turn_until(&client.ups, 1, 2000));
	CHECK_EQ(edge_tell(client.edge, METHOD_Edge_Monitor, &edge_monitor_type,
		     &monitor),
	    ERR_OK);
	CHECK(turn_until(&server.notices, 1, 2000));
	/* Raft.Submit is nothing that httpd may ask: dropped, not fatal. */
	edge_ask(client.edge, METHOD_Raft_Submit, &key_request_type, &q,
	    MILLISECONDS(100), on_done, &client);
	CHECK(turn_until(&client.answers, 1, 2000));
	CHECK_EQ(client.last_err, ERR_TIMEOUT);
	ask(METHOD_KVS_Get, "a", 2000);
	CHECK(turn_until(&client.answers, 2, 2000));
	CHECK_EQ(client.last_err, ERR_OK);
	end();
}

/* --- A peer that was taken over, which writes its batches itself. --- */

static uint64_t raw_to; /* the server's epoch, when it has greeted */

/* What it said last. */
static void
raw_listen(int raw)
{
	struct batch_head head;

	while (
	    nn_recv(raw, &head, sizeof(head), NN_DONTWAIT) >= (int)sizeof(head))
		raw_to = head.from_epoch;
}

static int
raw_open(void)
{
	char url[sizeof(path) + sizeof("ipc://")];
	int raw = nn_socket(AF_SP, NN_PAIR);

	snprintf(url, sizeof(url), "ipc://%s", path);
	CHECK(raw >= 0 && nn_connect(raw, url) >= 0);
	raw_to = 0;
	for (unsigned i = 0; i < 100 && raw_to == 0; i++) {
		(void)turn_until(&server.ups, 1, 20);
		raw_listen(raw);
	}
	CHECK(raw_to != 0);
	return (raw);
}

static void
raw_send(int raw, uint32_t table, uint64_t epoch, struct slice frames)
{
	struct batch_head head = {
		.magic = BATCH_MAGIC,
		.table_hash = table,
		.from_epoch = epoch,
		.to_epoch = raw_to,
	};
	struct buf batch = { 0 };
	unsigned never = 0;

	buf_put(&batch, &head, sizeof(head));
	buf_put_slice(&batch, frames);
	/* Nobody takes it where the edge is cut. */
	(void)nn_send(raw, batch.data, batch.size, NN_DONTWAIT);
	buf_deinit(&batch);
	(void)turn_until(&never, 1, 30);
}

static void
raw_hello(int raw, uint32_t table, uint64_t epoch)
{
	struct buf frame = { 0 };
	size_t begun = frame_begin(&frame);

	frame_end(&frame, begun, FRAME_HELLO, 0, 0, 0);
	raw_send(raw, table, epoch, buf_slice(&frame));
	buf_deinit(&frame);
}

static void
test_peer_that_changes_its_table_is_cut(void)
{
	uint32_t table = method_table_hash();
	int raw;

	server = (struct end){ .edge = open_end(DAEMON_catalogd) };
	raw = raw_open();
	for (unsigned i = 0; i < IPC_EPOCHS_MAX; i++) {
		raw_hello(raw, table + 1, 100 + i);
		raw_hello(raw, table, 200 + i);
	}
	CHECK(turn_until(&server.ups, IPC_EPOCHS_MAX, 2000));
	for (unsigned i = 0; i < IPC_VIOLATIONS_MAX; i++) {
		raw_hello(raw, table + 1, 300 + i);
		raw_hello(raw, table, 400 + i);
	}
	CHECK(server.ups < IPC_EPOCHS_MAX + IPC_VIOLATIONS_MAX / 2);
	CHECK_EQ(server.downs, server.ups);
	nn_close(raw);
	edge_free(server.edge);
	server.edge = NULL;
}

static void
raw_piece(int raw, enum frame_kind kind, uint8_t flags, uint64_t id)
{
	struct buf frame = { 0 };
	size_t begun = frame_begin(&frame);

	buf_put_text(&frame, "piece");
	frame_end(&frame, begun, kind, flags, METHOD_KVS_Get, id);
	raw_send(raw, method_table_hash(), 100, buf_slice(&frame));
	buf_deinit(&frame);
}

/* Pieces that belong to nothing, and then one violation less or more. */
static void
pieces_try(bool is_honest)
{
	int raw;

	server = (struct end){ .edge = open_end(DAEMON_catalogd) };
	raw = raw_open();
	raw_hello(raw, method_table_hash(), 100);
	CHECK(turn_until(&server.ups, 1, 2000));
	for (unsigned i = 0; i <= IPC_VIOLATIONS_MAX; i++) {
		raw_piece(
		    raw, is_honest ? FRAME_ANSWER : FRAME_CALL, FRAME_MORE, 7);
		raw_piece(raw, FRAME_ANSWER, 0, 7);
	}
	CHECK_EQ(server.downs, is_honest ? 0 : 1);
	nn_close(raw);
	edge_free(server.edge);
	server.edge = NULL;
}

static void
test_pieces_belong_together(void)
{
	/* The answers are to questions that were cancelled. */
	pieces_try(true);
	pieces_try(false);
}

static void
test_peer_that_begins_anew_for_ever_is_cut(void)
{
	int raw;

	server = (struct end){ .edge = open_end(DAEMON_catalogd) };
	raw = raw_open();
	for (unsigned i = 0; i < 3 * IPC_EPOCHS_MAX; i++)
		raw_hello(raw, method_table_hash(), 100 + i);
	CHECK_EQ(server.ups, IPC_EPOCHS_MAX + IPC_VIOLATIONS_MAX);
	CHECK_EQ(server.downs, server.ups);
	nn_close(raw);
	edge_free(server.edge);
	server.edge = NULL;
}

static void
test_full_queue_says_no_at_once(void)
{
	struct buf value = { 0 };
	struct key_request q = { 0 };

	begin();
	edge_free(server.edge);
	server.edge = NULL;
	memset(buf_extend(&value, KEY_BYTES_MAX), 'k', KEY_BYTES_MAX);
	q.key = buf_slice(&value);
	for (size_t i = 0; i <= IPC_QUEUE_BYTES_MAX / KEY_BYTES_MAX + 1; i++)
		edge_ask(client.edge, METHOD_KVS_Get, &key_request_type, &q,
		    MILLISECONDS(60000), on_done, &client);
	CHECK(turn_until(&client.answers, 1, 2000));
	CHECK_EQ(client.last_err, ERR_FULL);
	end();
	buf_deinit(&value);
}

static void
test_frames_are_cut_at_whole_frames(void)
{
	struct buf frames = { 0 };
	size_t one;

	for (unsigned i = 0; i < 3; i++) {
		size_t begun = frame_begin(&frames);

		buf_put_text(&frames, "payload");
		frame_end(&frames, begun, FRAME_CALL, 0, METHOD_KVS_Get, i);
	}
	one = frames.size / 3;
	CHECK_EQ(frames_fit(buf_slice(&frames), frames.size), frames.size);
	CHECK_EQ(frames_fit(buf_slice(&frames), 2 * one + 1), 2 * one);
	CHECK_EQ(frames_fit(buf_slice(&frames), 1), one);
	buf_deinit(&frames);
}

int
main(void)
{
	char folder[] = "/tmp/ipc_test.XXXXXX";

	if (mkdtemp(folder) == NULL)
		return (1);
	snprintf(path, sizeof(path), "%s/s", folder);
	log_set_level(LOG_LEVEL_NONE);
	loop = ev_default_loop(EVFLAG_NOENV);
	RUN(test_question_is_answered_with_stamps);
	RUN(test_refusal_carries_its_text);
	RUN(test_large_answer_comes_in_pieces);
	RUN(test_deadline_cancels_at_the_other_end);
	RUN(test_cancelled_question_is_not_answered);
	RUN(test_death_of_the_answerer_fails_what_is_open);
	RUN(test_death_of_the_asker_cancels_what_it_asked);
	RUN(test_notice_arrives_and_trespass_does_not);
	RUN(test_peer_that_changes_its_table_is_cut);
	RUN(test_pieces_belong_together);
	RUN(test_peer_that_begins_anew_for_ever_is_cut);
	RUN(test_full_queue_says_no_at_once);
	RUN(test_frames_are_cut_at_whole_frames);
	buf_deinit(&client.last_text);
	unlink(path);
	rmdir(folder);
	return (tap_done());
}
