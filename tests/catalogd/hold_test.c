/*
 * The real catalogd, with a raftd and an httpd that are played here: a question
 * is not answered from a state that may be older than what was acknowledged.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/log.h"
#include "common/privsep.h"
#include "tests/lib/tap.h"

#define SELF_MAX 4096

static struct ev_loop *loop;
static struct edge *as_raftd, *as_httpd;
static char folder[] = "/tmp/hold_test.XXXXXX";
static char paths[2][128];
static pid_t catalogd;
static unsigned ups, follows, answers;
static enum err last_err;
static struct buf last_value;

static void
on_peer(struct daemon *d, struct edge *edge, bool is_up)
{
	(void)d;
	(void)edge;
	ups += is_up;
}

static void
on_follow(struct daemon *d, struct call *call, const void *request)
{
	(void)d;
	(void)call;
	(void)request;
	follows++;
}

/* What a leader's duties bring: nobody waits for it here. */
static void
on_submit(struct daemon *d, struct call *call, const void *request)
{
	(void)d;
	(void)call;
	(void)request;
}

static call_fn *const handlers[METHOD_COUNT] = {
	[METHOD_Raft_Follow] = on_follow,
	[METHOD_Raft_Submit] = on_submit,
};

static void
on_answer(void *arg, const struct answer *answer)
{
	struct indexed_dir_entries rows;
	struct arena arena;

	(void)arg;
	arena_init(&arena);
	answers++;
	last_err = answer->err;
	buf_reset(&last_value);
	if (answer->err == ERR_OK &&
	    type_decode_all(&indexed_dir_entries_type, answer->body, &arena,
		&rows) == ERR_OK &&
	    rows.entries.count == 1)
		buf_put_slice(&last_value, rows.entries.items[0].value);
	arena_deinit(&arena);
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
		edge_flush(as_raftd);
		edge_flush(as_httpd);
		ev_timer_init(&limit, on_time_up, 0.01, 0);
		ev_timer_start(loop, &limit);
		ev_run(loop, EVRUN_ONCE);
		ev_timer_stop(loop, &limit);
	}
	return (*counter >= count);
}

static struct edge *
edge_as(enum daemon_id self, char path[128])
{
	struct edge_config config = {
		.loop = loop,
		.self = self,
		.peer = DAEMON_catalogd,
		.path = path,
		.handlers = handlers,
		.on_peer = on_peer,
	};

	snprintf(path, 128, "%s/%s/s", folder, daemon_name(self));
	return (edge_new(&config));
}

static void
folder_make(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (mkdir(path, 0755) != 0 || chown(path, privsep_uid(DAEMON_catalogd),
					  privsep_gid(DAEMON_catalogd)) != 0)
		exit(1);
}

/* Beside this test: build/tests/catalogd/hold_test, build/catalogd. */
static void
program_run(void)
{
	char self[SELF_MAX], program[SELF_MAX + 32];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (size < 0)
		_exit(127);
	self[size] = '\0';
	for (unsigned up = 0; up < 3; up++)
		*strrchr(self, '/') = '\0';
	snprintf(program, sizeof(program), "%s/catalogd", self);
	execl(program, "catalogd", "-run-dir", folder, "-dev",
	    "-bind=127.0.0.1", "-client=127.0.0.1", "-node=n1",
	    "-log-level=err", (char *)NULL);
	_exit(127);
}

static void
begin(void)
{
	if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0)
		exit(1);
#define X(peer) folder_make(#peer);
	EDGES(X)
#undef X
	folder_make("genpage");
	catalogd = fork();
	if (catalogd == 0)
		program_run();
	as_raftd = edge_as(DAEMON_raftd, paths[0]);
	as_httpd = edge_as(DAEMON_httpd, paths[1]);
}

static void
end(void)
{
	char command[160];

	kill(catalogd, SIGKILL);
	waitpid(catalogd, NULL, 0);
	edge_free(as_raftd);
	edge_free(as_httpd);
	buf_deinit(&last_value);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command) != 0)
		puts("# cannot remove the folder");
}

static void
tell_state(bool is_leader, uint64_t commit_index)
{
	struct raft_state state = {
		.role = SLICE("Leader"),
		.term = 2,
		.leader_address = SLICE("127.0.0.1:8300"),
		.is_leader = is_leader,
		.is_sole_voter = true,
		.commit_index = commit_index,
	};

	CHECK_EQ(
	    edge_tell(as_raftd, METHOD_Raft_State, &raft_state_type, &state),
	    ERR_OK);
}

static void
tell_committed(uint64_t index, const char *value)
{
	struct kvs_request set = {
		.datacenter = SLICE("dc1"),
		.op = SLICE("set"),
		.dir_ent = { .key = SLICE("a"), .value = slice_of_text(value) },
	};
	struct raft_committed committed = { .index = index, .term = 2 };
	struct buf entry = { 0 };

	buf_put_u8(&entry, 2); /* KVS, wire/raft.md 6 */
	type_encode(&kvs_request_type, &set, &entry);
	committed.data = buf_slice(&entry);
	CHECK_EQ(edge_tell(as_raftd, METHOD_Raft_Committed,
		     &raft_committed_type, &committed),
	    ERR_OK);
	buf_deinit(&entry);
}

static void
ask(void)
{
	struct key_request q = { .datacenter = SLICE("dc1"),
		.key = SLICE("a") };

	edge_ask(as_httpd, METHOD_KVS_Get, &key_request_type, &q, SECONDS(6),
	    on_answer, NULL);
}

/* A server that has just started knows its snapshot's index as the commit
 * index, and itself as the leader, before it knows what its log holds. */
static void
test_the_only_voter_answers_when_it_leads(void)
{
	begin();
	CHECK(turn_until(&follows, 1, 5000));
	CHECK(turn_until(&ups, 2, 5000));
	tell_committed(1, "old");
	tell_state(false, 1);
	ask();
	CHECK(!turn_until(&answers, 1, 300));
	tell_committed(2, "new");
	tell_state(true, 2);
	CHECK(turn_until(&answers, 1, 3000));
	CHECK_EQ(last_err, ERR_OK);
	CHECK(strcmp(buf_text(&last_value), "new") == 0);
	end();
}

int
main(void)
{
	log_set_level(LOG_LEVEL_NONE);
	loop = ev_default_loop(EVFLAG_NOENV);
	RUN(test_the_only_voter_answers_when_it_leads);
	return (tap_done());
}
