/*
 * The real raftd, with a catalogd that is played here: what is submitted comes
 * back committed, once, in order, and again after kill -9 of either.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/privsep.h"
#include "tests/lib/start.h"
#include "tests/lib/tap.h"

#define ENTRIES_MAX 20000

/* What catalogd has heard since the last follow(). */
struct heard {
	unsigned ups;
	unsigned states;
	bool is_leader;
	bool is_sole_voter;
	char role[16];
	char leader[64];
	uint64_t index;
	unsigned commands;
	bool is_in_order;
	uint64_t ids[ENTRIES_MAX];
	uint8_t first_byte[ENTRIES_MAX];
	unsigned refusals;
	char why[256];
	unsigned wanted;
	struct buf restored;
	uint64_t restored_index;
	unsigned restores;
	unsigned answers;
	enum err last_err;
	struct buf last_text;
};

static struct ev_loop *loop;
static struct edge *edge;
static struct heard heard;
static char folder[128], program[512];
static pid_t raftd = -1;
static const char *data_dir = "data", *extra;

/* --- catalogd's part. --- */

static void
on_peer(struct daemon *d, struct edge *from, bool is_up)
{
	(void)d;
	(void)from;
	if (is_up)
		heard.ups++;
}

static void
on_state(struct daemon *d, struct call *call, const void *request)
{
	const struct raft_state *state = request;

	(void)d;
	(void)call;
	heard.states++;
	heard.is_leader = state->is_leader;
	heard.is_sole_voter = state->is_sole_voter;
	snprintf(
	    heard.role, sizeof(heard.role), "%.*s", SLICE_ARGS(state->role));
	snprintf(heard.leader, sizeof(heard.leader), "%.*s",
	    SLICE_ARGS(state->leader_address));
}

static void
on_committed(struct daemon *d, struct call *call, const void *request)
{
	const struct raft_committed *entry = request;

	(void)d;
	(void)call;
	if (entry->index != heard.index + 1)
		heard.is_in_order = false;
	heard.index = entry->index;
	if (entry->type != 0 || heard.commands == ENTRIES_MAX)
		return;
	heard.ids[heard.commands] = entry->id;
	heard.first_byte[heard.commands++] =
	    entry->data.size > 0 ? entry->data.data[0] : 0;
}

static void
on_refused(struct daemon *d, struct call *call, const void *request)
{
	const struct raft_refused *refused = request;

	(void)d;
	(void)call;
	heard.refusals++;
	snprintf(
	    heard.why, sizeof(heard.why), "%.*s", SLICE_ARGS(refused->why));
}

static void
on_wanted(struct daemon *d, struct call *call, const void *request)
{
	(void)d;
	(void)call;
	(void)request;
	heard.wanted++;
}

static void
on_restore(struct daemon *d, struct call *call, const void *request)
{
	const struct snapshot_piece *piece = request;

	(void)d;
	(void)call;
	if (piece->offset != heard.restored.size)
		heard.is_in_order = false;
	buf_put_slice(&heard.restored, piece->data);
	heard.restored_index = piece->index;
	if (piece->is_last) {
		heard.restores++;
		heard.index = piece->index;
	}
}

static call_fn *const handlers[METHOD_COUNT] = {
	[METHOD_Raft_State] = on_state,
	[METHOD_Raft_Committed] = on_committed,
	[METHOD_Raft_Refused] = on_refused,
	[METHOD_Raft_SnapshotWanted] = on_wanted,
	[METHOD_Raft_RestorePiece] = on_restore,
};

static void
on_time_up(struct ev_loop *l, ev_timer *w, int events)
{
	(void)w;
	(void)events;
	ev_break(l, EVBREAK_ALL);
}

/* Run the loop until the counter is there; false if it never is. */
static bool
wait_for(const unsigned *counter, unsigned count)
{
	struct instant end = instant_add(instant_now(), SECONDS(20));
	ev_timer limit;

	while (*counter < count && instant_before(instant_now(), end)) {
		edge_flush(edge);
		ev_timer_init(&limit, on_time_up, 0.02, 0);
		ev_timer_start(loop, &limit);
		ev_run(loop, EVRUN_ONCE);
		ev_timer_stop(loop, &limit);
	}
	return (*counter >= count);
}

static bool
wait_for_leader(void)
{
	while (!heard.is_leader)
		if (!wait_for(&heard.states, heard.states + 1))
			return (false);
	return (true);
}

static void
wait_ms(unsigned ms)
{
	struct instant end = instant_add(instant_now(), MILLISECONDS(ms));
	unsigned never = 0;

	(void)never;
	while (instant_before(instant_now(), end)) {
		ev_timer limit;

		edge_flush(edge);
		ev_timer_init(&limit, on_time_up, 0.01, 0);
		ev_timer_start(loop, &limit);
		ev_run(loop, EVRUN_ONCE);
		ev_timer_stop(loop, &limit);
	}
}

static void
catalogd_start(void)
{
	char path[192];
	struct edge_config config = {
		.loop = loop,
		.self = DAEMON_catalogd,
		.peer = DAEMON_raftd,
		.path = path,
		.is_binder = true,
		.handlers = handlers,
		.on_peer = on_peer,
	};

	snprintf(path, sizeof(path), "%s/raftd/s", folder);
	edge = edge_new(&config);
	start_own_socket(path, DAEMON_catalogd);
}

/* Forget everything, and say Raft.Follow. */
static void
follow(uint64_t index)
{
	struct raft_follow notice = { .index = index };

	buf_deinit(&heard.restored);
	buf_deinit(&heard.last_text);
	memset(&heard, 0, sizeof(heard));
	heard.is_in_order = true;
	heard.index = index;
	(void)edge_tell(edge, METHOD_Raft_Follow, &raft_follow_type, &notice);
}

static void
submit(uint64_t id, char byte, size_t size)
{
	uint8_t *bytes = calloc(1, size);
	struct raft_submit notice = { .id = id, .data = { bytes, size } };

	memset(bytes, byte, size);
	(void)edge_tell(edge, METHOD_Raft_Submit, &raft_submit_type, &notice);
	free(bytes);
}

/* --- raftd's process. --- */

static void
raftd_start(void)
{
	char data[192], config[192];

	snprintf(data, sizeof(data), "-data-dir=%s/%s", folder, data_dir);
	snprintf(config, sizeof(config), "-config-file=%s/config.json", folder);
	raftd = fork();
	if (raftd == 0) {
		start_exec(program,
		    (const char *[]){ "raftd", "-run-dir", folder,
			data_dir == NULL ? "-dev" : "-server",
			"-bind=127.0.14.9", "-node=n1",
			"-node-id=eb2a5df2-b4c5-cdc0-cca2-aa9075be0888", config,
			data_dir == NULL ? "-log-level=info" : data, extra,
			NULL });
	}
}

static int
raftd_end(int signal)
{
	int status = 0;

	kill(raftd, signal);
	waitpid(raftd, &status, 0);
	raftd = -1;
	return (status);
}

static bool
begin(uint64_t behind)
{
	unsigned ups = heard.ups;

	raftd_start();
	if (!wait_for(&heard.ups, ups + 1))
		return (false);
	follow(behind);
	return (true);
}

static void
configure(const char *text)
{
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/config.json", folder);
	file = fopen(path, "w");
	fprintf(file, "%s", text);
	fclose(file);
	chmod(path, 0644);
}

/* --- Tests. --- */

static void
test_first_start_leads_at_once(void)
{
	struct instant start = instant_now();

	CHECK(begin(0));
	CHECK(wait_for_leader());
	printf("# leader after %.0f ms\n",
	    duration_seconds(instant_since(instant_now(), start)) * 1000);
	CHECK(strcmp(heard.role, "Leader") == 0);
	CHECK(strcmp(heard.leader, "127.0.14.9:8300") == 0);
	CHECK(heard.is_sole_voter);
	CHECK_EQ(heard.index, 2); /* its configuration, its noop */
}

static void
test_submitted_comes_back_committed(void)
{
	submit(71, 'a', 10);
	submit(72, 'b', 2000000); /* travels in pieces */
	submit(73, 'c', 1);
	CHECK(wait_for(&heard.commands, 3));
	CHECK_EQ(heard.ids[0], 71);
	CHECK_EQ(heard.ids[1], 72);
	CHECK_EQ(heard.ids[2], 73);
	CHECK_EQ(heard.first_byte[1], 'b');
	CHECK(heard.is_in_order);
	CHECK_EQ(heard.index, 5);
}

static void
on_answer(void *arg, const struct answer *answer)
{
	(void)arg;
	heard.last_err = answer->err;
	buf_reset(&heard.last_text);
	buf_put_slice(&heard.last_text, answer->body);
	heard.answers++;
}

static void
ask(enum method method)
{
	edge_ask(edge, method, &empty_type, &(struct empty){}, SECONDS(10),
	    on_answer, NULL);
}

static void
test_questions_are_answered(void)
{
	struct raft_configuration_response all = { 0 };
	struct stats stats = { 0 };
	struct arena arena;

	arena_init(&arena);
	ask(METHOD_Raft_Verify);
	CHECK(wait_for(&heard.answers, 1));
	CHECK_EQ(heard.last_err, ERR_OK);
	ask(METHOD_Raft_Configuration);
	CHECK(wait_for(&heard.answers, 2));
	CHECK_EQ(type_decode_all(&raft_configuration_response_type,
		     buf_slice(&heard.last_text), &arena, &all),
	    ERR_OK);
	CHECK(all.servers.count == 1 &&
	      slice_is(all.servers.items[0].node, "n1") &&
	      all.servers.items[0].leader);
	ask(METHOD_Raft_Stats);
	CHECK(wait_for(&heard.answers, 3));
	CHECK_EQ(type_decode_all(
		     &stats_type, buf_slice(&heard.last_text), &arena, &stats),
	    ERR_OK);
	CHECK(stats.sections.count == 1 &&
	      stats.sections.items[0].values.count == 18);
	arena_deinit(&arena);
}

static void
test_killed_it_has_everything_again(void)
{
	raftd_end(SIGKILL);
	CHECK(begin(0));
	CHECK(wait_for_leader());
	CHECK(wait_for(&heard.commands, 3));
	CHECK(heard.is_in_order);
	CHECK_EQ(heard.ids[1], 0); /* nobody waits for it any more */
	CHECK_EQ(heard.first_byte[1], 'b');
	CHECK_EQ(heard.index, 6); /* and another noop */
}

static void
test_another_catalogd_follows_from_where_it_likes(void)
{
	follow(4);
	CHECK(wait_for(&heard.commands, 1));
	CHECK(heard.is_in_order);
	CHECK_EQ(heard.first_byte[0], 'c');
	edge_free(edge);
	heard.ups = 0;
	catalogd_start();
	CHECK(wait_for(&heard.ups, 1));
	follow(0);
	CHECK(wait_for(&heard.commands, 3));
	CHECK(heard.is_in_order);
}

/* Sixty-four clients: each submits again when it is answered. */
static void
test_many_clients(void)
{
	struct instant start;
	unsigned submitted = 64, total = 10000;

	follow(6);
	CHECK(wait_for_leader());
	start = instant_now();
	for (unsigned i = 0; i < submitted; i++)
		submit(1000 + i, 'm', 200);
	while (heard.commands < total &&
	       wait_for(&heard.commands, heard.commands + 1))
		while (submitted < total && submitted < heard.commands + 64)
			submit(1000 + submitted++, 'm', 200);
	printf("# %.0f durable entries/s with 64 clients\n",
	    total / duration_seconds(instant_since(instant_now(), start)));
	CHECK_EQ(heard.commands, total);
	CHECK(heard.is_in_order);
	for (unsigned i = 0; i < total; i++)
		if (heard.ids[i] != 1000 + i) {
			CHECK_EQ(heard.ids[i], 1000 + i);
			break;
		}
}

static void
test_acknowledged_survives_kill(void)
{
	unsigned sure;
	uint64_t behind = heard.index;

	follow(behind);
	for (unsigned i = 0; i < 3000; i++)
		submit(i + 1, 'k', 100);
	CHECK(wait_for(&heard.commands, 700));
	sure = heard.commands;
	raftd_end(SIGKILL);
	CHECK(begin(behind));
	CHECK(wait_for_leader());
	CHECK(heard.commands >= sure);
	CHECK(heard.is_in_order);
}

static void
test_the_end_keeps_what_was_submitted(void)
{
	CHECK_EQ(raftd_end(SIGTERM), 0);
}

/* --- Snapshots. --- */

static void
send_snapshot(uint64_t index, uint64_t term, size_t size)
{
	uint8_t bytes[1000];
	struct snapshot_piece piece = { .index = index, .term = term };

	while (piece.offset < size) {
		piece.data = slice(bytes, sizeof(bytes));
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)((piece.offset + i) % 251);
		piece.is_last = piece.offset + sizeof(bytes) >= size;
		(void)edge_tell(edge, METHOD_Raft_SnapshotPiece,
		    &snapshot_piece_type, &piece);
		piece.offset += sizeof(bytes);
	}
}

static void
test_snapshot_is_taken_and_restored(void)
{
	uint64_t index;

	configure("{\"raft_snapshot_threshold\":50,"
		  "\"raft_snapshot_interval\":\"50ms\","
		  "\"raft_trailing_logs\":20}");
	data_dir = "snapshots";
	CHECK(begin(0));
	CHECK(wait_for_leader());
	for (unsigned i = 0; i < 200; i++)
		submit(i + 1, 's', 100);
	CHECK(wait_for(&heard.commands, 200));
	CHECK(wait_for(&heard.wanted, 1));
	index = heard.index;
	send_snapshot(index, 2, 700000);
	wait_ms(500);
	CHECK_EQ(heard.wanted, 1);
	submit(500, 't', 10);
	CHECK(wait_for(&heard.commands, 201));
	CHECK_EQ(heard.index, index + 1);
	/* A live one goes on; one that starts anew gets the snapshot. */
	follow(index - 5);
	CHECK(wait_for(&heard.commands, 6));
	CHECK_EQ(heard.restores, 0);
	follow(3);
	CHECK(wait_for(&heard.commands, 1));
	CHECK_EQ(heard.restores, 1);
	CHECK_EQ(heard.restored.size, 700000);
	raftd_end(SIGKILL);
	CHECK(begin(0));
	CHECK(wait_for(&heard.commands, 1));
	CHECK_EQ(heard.restores, 1);
	CHECK_EQ(heard.restored.size, 700000);
	CHECK_EQ(heard.restored_index, index);
	CHECK_EQ(heard.restored.data[699999], 699999 % 251);
	CHECK(heard.is_in_order);
	CHECK(wait_for_leader());
	raftd_end(SIGTERM);
}

static void
test_damaged_snapshot_is_refused(void)
{
	char command[512];
	int status = 0;

	snprintf(command, sizeof(command),
	    "for f in %s/snapshots/raft/snapshots/*/state.bin; do "
	    "printf x | dd of=$f bs=1 seek=5000 conv=notrunc status=none; done",
	    folder);
	CHECK_EQ(system(command), 0);
	raftd_start();
	CHECK_EQ(waitpid(raftd, &status, 0), raftd);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void
test_development_keeps_all_in_memory(void)
{
	data_dir = NULL;
	extra = NULL;
	CHECK(begin(0));
	CHECK(wait_for_leader());
	for (unsigned i = 0; i < 200; i++)
		submit(i + 1, 'd', 100);
	CHECK(wait_for(&heard.commands, 200));
	CHECK(wait_for(&heard.wanted, 1));
	send_snapshot(heard.index, 2, 5000);
	wait_ms(300);
	follow(0);
	CHECK(wait_for(&heard.restores, 1));
	CHECK_EQ(heard.restored.size, 5000);
	raftd_end(SIGTERM);
}

static void
test_without_bootstrap_it_waits(void)
{
	configure("{}");
	data_dir = "waiting";
	extra = NULL;
	CHECK(begin(0));
	CHECK(wait_for(&heard.states, 1));
	CHECK(strcmp(heard.role, "Follower") == 0);
	submit(5, 'x', 1);
	CHECK(wait_for(&heard.refusals, 1));
	CHECK(strcmp(heard.why, "No cluster leader") == 0);
	raftd_end(SIGTERM);
}

static void
make_folder(const char *name, bool is_raftds)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	mkdir(path, 0755);
	if (is_raftds && geteuid() == 0 &&
	    chown(path, privsep_uid(DAEMON_raftd), privsep_gid(DAEMON_raftd)) !=
		0)
		abort();
}

/* As the launcher makes it: catalogd binds there, raftd's group connects. */
static void
make_edge_folder(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/raftd", folder);
	mkdir(path, 0710);
	if (geteuid() == 0 &&
	    chown(path, geteuid(), privsep_gid(DAEMON_raftd)) != 0)
		abort();
	chmod(path, 02710);
}

int
main(int argc, char **argv)
{
	char command[256];
	char *end;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	snprintf(program, sizeof(program), "%s", argv[0]);
	for (int i = 0; i < 3; i++) { /* build/tests/raftd/edge_test */
		end = strrchr(program, '/');
		if (end == NULL)
			return (1);
		*end = '\0';
	}
	snprintf(folder, sizeof(folder), "/tmp/raftd_edge.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return (1);
	chmod(folder, 0755);
	make_edge_folder();
	make_folder("data", true);
	make_folder("snapshots", true);
	make_folder("waiting", true);
	loop = ev_loop_new(EVFLAG_NOENV); /* the default one reaps */
	configure("{}");
	catalogd_start();
	extra = "-bootstrap";
	RUN(test_first_start_leads_at_once);
	RUN(test_submitted_comes_back_committed);
	RUN(test_questions_are_answered);
	RUN(test_killed_it_has_everything_again);
	RUN(test_another_catalogd_follows_from_where_it_likes);
	RUN(test_many_clients);
	RUN(test_acknowledged_survives_kill);
	RUN(test_the_end_keeps_what_was_submitted);
	RUN(test_snapshot_is_taken_and_restored);
	RUN(test_damaged_snapshot_is_refused);
	RUN(test_development_keeps_all_in_memory);
	RUN(test_without_bootstrap_it_waits);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command) != 0)
		return (1);
	return (tap_done());
}
