/*
 * The real catalogd, with a raftd, a gossipd and an httpd that are played here:
 * who answers a question, what is handed on and what is put again; and nothing
 * is answered from a state that may be older than what was acknowledged.
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
#include "tests/lib/start.h"
#include "tests/lib/tap.h"

#define SELF_MAX 4096
#define LEADER_1 "10.0.0.1:8300"
#define LEADER_2 "10.0.0.2:8300"
#define EOF_TEXT "rpc error making call: EOF"
#define DIAL_TEXT                                                 \
	"rpc error getting client: failed to get conn: dial tcp " \
	"10.0.0.1:8300: connect: connection refused"

static struct ev_loop *loop;
static struct edge *as_raftd, *as_httpd, *as_gossipd;
static char folder[64];
static char paths[3][128];
static pid_t catalogd;
static unsigned ups, follows, answers, forwards, verifies, submits;
static enum err last_err;
static struct buf last_value, last_text;
static struct buf last_address, last_method, last_body;
/* What the played raftd says to the next Peer.Forward; NULL: a reply. */
static const char *refusals[8];
static const char *config_json = "{}"; /* beside the flags */
static bool is_silent;		       /* it says nothing at all */
static bool is_deposed;		       /* to Raft.Verify and Raft.Submit */

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

static void
on_submit(struct daemon *d, struct call *call, const void *request)
{
	const struct raft_submit *submit = request;
	struct raft_refused refused = { .why = SLICE("No cluster leader") };

	(void)d;
	(void)call;
	refused.id = submit->id;
	if (is_deposed)
		CHECK_EQ(edge_tell(as_raftd, METHOD_Raft_Refused,
			     &raft_refused_type, &refused),
		    ERR_OK);
	submits++;
}

static void
set_text(struct buf *to, struct slice text)
{
	buf_reset(to);
	buf_put_slice(to, text);
}

/* The other server's answer to any KVS.Get. */
static void
reply_remote(struct call *call)
{
	struct dir_entry entry = { .key = SLICE("a"),
		.value = SLICE("remote") };
	struct indexed_dir_entries rows = { .entries = { &entry, 1 },
		.meta = { .index = 7, .known_leader = true } };

	call_answer(call, &indexed_dir_entries_type, &rows);
}

static void
on_forward(struct daemon *d, struct call *call, const void *request)
{
	const struct peer_forward *f = request;
	const char *refusal = forwards < sizeof(refusals) / sizeof(*refusals)
				  ? refusals[forwards]
				  : NULL;

	(void)d;
	forwards++;
	set_text(&last_address, f->address);
	set_text(&last_method, f->method);
	set_text(&last_body, f->body);
	if (is_silent)
		return;
	if (refusal != NULL)
		call_fail(call, "%s", refusal);
	else
		reply_remote(call);
}

static void
on_verify(struct daemon *d, struct call *call, const void *request)
{
	(void)d;
	(void)request;
	verifies++;
	if (is_deposed)
		call_fail(call, "node is not the leader");
	else
		call_answer(call, &empty_type, &(struct empty){});
}

static call_fn *const handlers[METHOD_COUNT] = {
	[METHOD_Raft_Follow] = on_follow,
	[METHOD_Raft_Submit] = on_submit,
	[METHOD_Raft_Verify] = on_verify,
	[METHOD_Peer_Forward] = on_forward,
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
	set_text(&last_text, answer->text);
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
		edge_flush(as_gossipd);
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

/* Beside this test: build/tests/catalogd/forward_test, build/catalogd. */
static void
program_run(const char *role)
{
	char self[SELF_MAX], data[96], file[96];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (size < 0)
		_exit(127);
	self[size] = '\0';
	for (unsigned up = 0; up < 3; up++)
		*strrchr(self, '/') = '\0';
	snprintf(data, sizeof(data), "-data-dir=%s/data", folder);
	snprintf(file, sizeof(file), "-config-file=%s/config.json", folder);
	/* Its log is not for TAP. */
	if (freopen("/dev/null", "w", stdout) == NULL)
		_exit(127);
	start_exec(
	    self, (const char *[]){ "catalogd", "-run-dir", folder, role, data,
		      file, "-bind=127.0.0.1", "-client=127.0.0.1", "-node=n1",
		      "-node-id=11111111-2222-3333-4444-555555555555",
		      "-log-level=err", NULL });
}

static void
config_make(void)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/config.json", folder);
	file = fopen(path, "w");
	if (file == NULL || fputs(config_json, file) < 0 || fclose(file) != 0)
		exit(1);
}

static void
begin(const char *role)
{
	snprintf(folder, sizeof(folder), "/tmp/forward_test.XXXXXX");
	if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0)
		exit(1);
	config_make();
	memset(refusals, 0, sizeof(refusals));
	ups = follows = answers = forwards = verifies = submits = 0;
	is_silent = is_deposed = false;
	catalogd = fork();
	if (catalogd == 0)
		program_run(role);
	as_raftd = edge_as(DAEMON_raftd, paths[0]);
	as_httpd = edge_as(DAEMON_httpd, paths[1]);
	as_gossipd = edge_as(DAEMON_gossipd, paths[2]);
	CHECK(turn_until(&follows, 1, 5000));
	CHECK(turn_until(&ups, 3, 5000));
}

static void
end(void)
{
	char command[160];

	kill(catalogd, SIGKILL);
	waitpid(catalogd, NULL, 0);
	edge_free(as_raftd);
	edge_free(as_httpd);
	edge_free(as_gossipd);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command) != 0)
		puts("# cannot remove the folder");
}

static void
tell(enum method method, const struct type *type, const void *notice)
{
	struct edge *edge =
	    method == METHOD_Serf_MemberChanged ? as_gossipd : as_raftd;

	CHECK_EQ(edge_tell(edge, method, type, notice), ERR_OK);
}

/* What was told over one edge is known before another edge asks. */
static void
settle(void)
{
	CHECK(!turn_until(&answers, answers + 1, 100));
}

static void
tell_state(const struct raft_state *state)
{
	tell(METHOD_Raft_State, &raft_state_type, state);
}

/* One of three voters, which follows. */
static void
tell_follower(const char *leader)
{
	struct raft_state state = {
		.role = SLICE("Follower"),
		.term = 2,
		.leader_address = slice_of_text(leader),
		.commit_index = 1,
	};

	tell_state(&state);
}

/* One of three voters, which leads. */
static void
tell_leader(void)
{
	struct raft_state state = {
		.role = SLICE("Leader"),
		.term = 2,
		.leader_address = SLICE("127.0.0.1:8300"),
		.is_leader = true,
		.commit_index = 1,
	};

	tell_state(&state);
}

static void
tell_contact(bool has_contact, int64_t last_contact, int64_t lease_until)
{
	struct raft_contact contact = { has_contact, last_contact,
		lease_until };

	tell(METHOD_Raft_Contact, &raft_contact_type, &contact);
}

static void
tell_server(const char *name, const char *address, int64_t status)
{
	struct pair tags[] = { { SLICE("role"), SLICE("consul") },
		{ SLICE("dc"), SLICE("dc1") }, { SLICE("port"), SLICE("8300") },
		{ SLICE("vsn"), SLICE("2") },
		{ SLICE("build"), SLICE("1.8.7:") } };
	struct serf_member member = { .name = slice_of_text(name),
		.addr = slice_of_text(address),
		.port = 8301,
		.tags = { tags, sizeof(tags) / sizeof(*tags) },
		.status = status };

	tell(METHOD_Serf_MemberChanged, &serf_member_type, &member);
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
ask_options(const struct query_options *options)
{
	struct key_request q = { .datacenter = SLICE("dc1"),
		.key = SLICE("a"),
		.options = *options };

	edge_ask(as_httpd, METHOD_KVS_Get, &key_request_type, &q, SECONDS(20),
	    on_answer, NULL);
}

static void
ask(void)
{
	ask_options(&(struct query_options){ 0 });
}

static void
ask_stale(void)
{
	ask_options(&(struct query_options){ .allow_stale = true });
}

static void
ask_write(void)
{
	struct kvs_request q = { .datacenter = SLICE("dc1"),
		.op = SLICE("set"),
		.dir_ent = { .key = SLICE("a"), .value = SLICE("v") } };

	edge_ask(as_httpd, METHOD_KVS_Apply, &kvs_request_type, &q, SECONDS(20),
	    on_answer, NULL);
}

static bool
value_is(const char *value)
{
	return (
	    last_err == ERR_OK && strcmp(buf_text(&last_value), value) == 0);
}

static bool
text_is(const struct buf *is, const char *text)
{
	return (slice_is(buf_slice(is), text));
}

/* A server that has just started knows its snapshot's index as the commit
 * index, and itself as the leader, before it knows what its log holds. */
static void
test_the_only_voter_answers_when_it_leads(void)
{
	struct raft_state state = {
		.role = SLICE("Leader"),
		.term = 2,
		.leader_address = SLICE("127.0.0.1:8300"),
		.is_sole_voter = true,
		.commit_index = 1,
	};

	begin("-server");
	tell_committed(1, "old");
	tell_state(&state);
	ask();
	CHECK(!turn_until(&answers, 1, 300));
	tell_committed(2, "new");
	state.is_leader = true;
	state.commit_index = 2;
	tell_state(&state);
	CHECK(turn_until(&answers, 1, 3000));
	CHECK(value_is("new"));
	CHECK_EQ(verifies + forwards, 0);
	end();
}

static void
test_a_follower_hands_on(void)
{
	struct key_request q;
	struct arena arena;

	begin("-server");
	tell_committed(1, "mine");
	tell_contact(true, instant_now().ns, 0);
	tell_follower(LEADER_1);
	ask();
	CHECK(turn_until(&answers, 1, 3000));
	CHECK(value_is("remote"));
	CHECK_EQ(forwards, 1);
	CHECK(text_is(&last_address, LEADER_1));
	CHECK(text_is(&last_method, "KVS.Get"));
	arena_init(&arena);
	CHECK_EQ(type_decode_all(
		     &key_request_type, buf_slice(&last_body), &arena, &q),
	    ERR_OK);
	CHECK(slice_is(q.key, "a"));
	arena_deinit(&arena);
	ask_stale();
	CHECK(turn_until(&answers, 2, 3000));
	CHECK(value_is("mine"));
	CHECK_EQ(forwards, 1);
	end();
}

/* As in Consul, until any leader has been heard of. */
static void
test_stale_reads_want_a_contact(void)
{
	begin("-server");
	tell_committed(1, "mine");
	tell_follower("");
	ask_stale();
	CHECK(!turn_until(&answers, 1, 300));
	tell_contact(true, instant_now().ns, 0);
	tell_follower(LEADER_1);
	CHECK(turn_until(&answers, 1, 3000));
	CHECK(value_is("mine"));
	tell_follower("");
	settle();
	ask_stale();
	CHECK(turn_until(&answers, 2, 3000));
	CHECK(value_is("mine"));
	CHECK_EQ(forwards, 0);
	end();
}

static void
test_what_is_put_again(void)
{
	begin("-server");
	tell_follower(LEADER_1);
	refusals[0] = EOF_TEXT;
	refusals[1] = "rpc error making call: No cluster leader";
	refusals[2] = DIAL_TEXT;
	ask();
	CHECK(turn_until(&answers, 1, 5000));
	CHECK(value_is("remote"));
	CHECK_EQ(forwards, 4);
	/* What a write has done is not known after an EOF. */
	refusals[4] = "rpc error making call: " DIAL_TEXT;
	refusals[5] = EOF_TEXT;
	ask_write();
	CHECK(turn_until(&answers, 2, 5000));
	CHECK_EQ(last_err, ERR_REFUSED);
	CHECK(text_is(&last_text, EOF_TEXT));
	CHECK_EQ(forwards, 6);
	/* Nor is what the other end refuses. */
	refusals[6] = "rpc error making call: Permission denied";
	ask();
	CHECK(turn_until(&answers, 3, 5000));
	CHECK(text_is(&last_text, refusals[6]));
	CHECK_EQ(forwards, 7);
	end();
}

static void
test_another_leader(void)
{
	begin("-server");
	tell_follower("");
	ask();
	ask_write();
	CHECK(!turn_until(&answers, 1, 200));
	CHECK_EQ(forwards, 0);
	is_silent = true;
	tell_follower(LEADER_1);
	CHECK(turn_until(&forwards, 2, 3000));
	/* The read goes to the next one; the write may have been done. */
	is_silent = false;
	tell_follower(LEADER_2);
	CHECK(turn_until(&answers, 1, 3000));
	CHECK(value_is("remote"));
	CHECK(text_is(&last_address, LEADER_2));
	CHECK(text_is(&last_method, "KVS.Get"));
	CHECK(!turn_until(&answers, 2, 200));
	end();
}

static void
test_without_a_leader(void)
{
	struct instant began;
	int64_t ms;

	begin("-server");
	tell_follower("");
	began = instant_now();
	ask();
	ask_write();
	CHECK(turn_until(&answers, 2, 10000));
	ms = instant_since(instant_now(), began).ns / 1000000;
	CHECK(ms >= 6950);
	CHECK_EQ(last_err, ERR_REFUSED);
	CHECK(text_is(&last_text, "No cluster leader"));
	end();
}

static void
test_a_lease_saves_the_round(void)
{
	int64_t soon;

	begin("-server");
	tell_committed(1, "mine");
	tell_leader();
	ask();
	CHECK(turn_until(&answers, 1, 3000));
	CHECK(value_is("mine"));
	CHECK_EQ(verifies, 1);
	soon = instant_add(instant_now(), SECONDS(60)).ns;
	tell_contact(false, 0, soon);
	settle();
	/* A pause of the machine looks like a stall: then it asks, too. */
	for (unsigned i = 0; i < 50 && verifies != 0; i++) {
		verifies = 0;
		ask();
		CHECK(turn_until(&answers, 2 + i, 3000));
	}
	CHECK_EQ(verifies, 0);
	answers = 0;
	ask_options(&(struct query_options){ .require_consistent = true });
	CHECK(turn_until(&answers, 1, 3000));
	CHECK_EQ(verifies, 1);
	tell_contact(false, 0, 0);
	settle();
	ask();
	CHECK(turn_until(&answers, 2, 3000));
	CHECK_EQ(verifies, 2);
	end();
}

/* It was the leader when it was asked, and is not when it is to answer. */
static void
test_a_blocking_read_moves_with_the_leader(void)
{
	struct query_options options = { .min_query_index = 1,
		.max_query_time = SECONDS(15) };
	struct key_request q;
	struct arena arena;

	begin("-server");
	tell_committed(1, "mine");
	tell_leader();
	ask_options(&options);
	CHECK(!turn_until(&answers, 1, 300));
	tell_follower(LEADER_2);
	CHECK(turn_until(&answers, 1, 3000));
	CHECK(value_is("remote"));
	arena_init(&arena);
	CHECK_EQ(type_decode_all(
		     &key_request_type, buf_slice(&last_body), &arena, &q),
	    ERR_OK);
	CHECK_EQ(q.options.min_query_index, 1);
	CHECK(q.options.max_query_time.ns < SECONDS(16).ns);
	CHECK(q.options.max_query_time.ns > SECONDS(5).ns);
	arena_deinit(&arena);
	end();
}

/* Raft knows it before catalogd: nothing was written, so another may. */
static void
test_a_refused_proposal_goes_to_the_leader(void)
{
	begin("-server");
	tell_committed(1, "mine");
	tell_leader();
	settle(); /* the leader's own writes have gone */
	submits = 0;
	is_deposed = true;
	ask_write();
	CHECK(turn_until(&submits, 1, 3000));
	CHECK_EQ(answers, 0);
	tell_follower(LEADER_2);
	CHECK(turn_until(&forwards, 1, 3000));
	CHECK(text_is(&last_method, "KVS.Apply"));
	CHECK(text_is(&last_address, LEADER_2));
	CHECK(turn_until(&answers, 1, 3000));
	end();
}

static void
test_a_client_asks_servers(void)
{
	begin("-server=false");
	ask();
	CHECK(turn_until(&answers, 1, 1000));
	CHECK(text_is(&last_text, "No known Consul servers"));
	tell_server("s1", "10.0.0.1", 1);
	settle();
	ask_stale();
	CHECK(turn_until(&answers, 2, 3000));
	CHECK(value_is("remote"));
	CHECK(text_is(&last_address, LEADER_1));
	/* The other one, when the first does not answer. */
	tell_server("s2", "10.0.0.2", 1);
	settle();
	refusals[1] = DIAL_TEXT;
	ask_write();
	CHECK(turn_until(&answers, 3, 3000));
	CHECK_EQ(last_err, ERR_OK);
	CHECK_EQ(forwards, 3);
	/* One that has failed is not asked. */
	tell_server("s1", "10.0.0.1", 4);
	settle();
	ask();
	CHECK(turn_until(&answers, 4, 3000));
	CHECK(text_is(&last_address, LEADER_2));
	tell_server("s2", "10.0.0.2", 3);
	settle();
	ask();
	CHECK(turn_until(&answers, 5, 1000));
	CHECK(text_is(&last_text, "No known Consul servers"));
	end();
}

static void
test_a_client_has_a_limit(void)
{
	config_json = "{\"limits\":{\"rpc_rate\":0.01,\"rpc_max_burst\":2}}";
	begin("-server=false");
	config_json = "{}";
	tell_server("s1", "10.0.0.1", 1);
	settle();
	for (unsigned i = 1; i <= 2; i++) {
		ask();
		CHECK(turn_until(&answers, i, 3000));
		CHECK(value_is("remote"));
	}
	ask();
	CHECK(turn_until(&answers, 3, 3000));
	CHECK(text_is(&last_text, "RPC rate limit exceeded"));
	CHECK_EQ(forwards, 2);
	end();
}

/* What Consul calls rpc_hold_timeout. */
static void
test_the_wait_is_configured(void)
{
	config_json = "{\"performance\":{\"rpc_hold_timeout\":\"300ms\"}}";
	begin("-server");
	config_json = "{}";
	tell_follower("");
	ask();
	CHECK(turn_until(&answers, 1, 3000));
	CHECK(text_is(&last_text, "No cluster leader"));
	end();
}

int
main(void)
{
	log_set_level(LOG_LEVEL_NONE);
	loop = ev_default_loop(EVFLAG_NOENV);
	RUN(test_the_only_voter_answers_when_it_leads);
	RUN(test_a_follower_hands_on);
	RUN(test_stale_reads_want_a_contact);
	RUN(test_what_is_put_again);
	RUN(test_another_leader);
	RUN(test_without_a_leader);
	RUN(test_a_lease_saves_the_round);
	RUN(test_a_blocking_read_moves_with_the_leader);
	RUN(test_a_refused_proposal_goes_to_the_leader);
	RUN(test_a_client_asks_servers);
	RUN(test_a_client_has_a_limit);
	RUN(test_the_wait_is_configured);
	buf_deinit(&last_value);
	buf_deinit(&last_text);
	buf_deinit(&last_address);
	buf_deinit(&last_method);
	buf_deinit(&last_body);
	return (tap_done());
}
