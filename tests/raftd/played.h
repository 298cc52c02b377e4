/*
 * A cluster for the tests: real raftd processes, each on an address of its own
 * and with a catalogd that is played here, in one loop. The state machine that
 * is played is a count and a sum of the commands that came.
 *
 * One cluster a program: its state stands here.
 */
#ifndef TESTS_RAFTD_PLAYED_H
#define TESTS_RAFTD_PLAYED_H

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/daemon.h"
#include "common/ipc.h"
#include "common/log.h"
#include "common/msgpack.h"
#include "common/privsep.h"
#include "tests/lib/start.h"
#include "tests/lib/tap.h"

#define SERVERS	     3
#define PATIENCE     SECONDS(30)
#define PADDING_SIZE (700 * 1024) /* of a snapshot: it has several pieces */

/* What a catalogd has been told: the state machine is a count and a sum. */
struct state {
	uint64_t index;
	uint64_t term; /* of that index */
	uint64_t commands;
	uint64_t sum;
};

struct server {
	struct daemon daemon; /* handlers get it; state points back */
	struct edge *edge;
	pid_t pid;
	char address[64]; /* without the port */
	struct state state;
	struct buf restored;
	bool is_up;
	bool is_stopped; /* what it has said is old */
	bool is_leader;
	bool is_in_order;
	char leader[64];
	size_t peers;
	unsigned states, restores, snapshots, refusals, pings, contacts;
	struct raft_contact contact;
	uint64_t last_id; /* that came back */
	char why[256];
};

static struct ev_loop *loop;
static struct server servers[SERVERS];
static char folder[128], program[512];
static unsigned net; /* 127.23.NET.x */

#define LARGE_COUNT 3000000 /* of an answer: many windows of a stream */

struct reply {
	unsigned count;
	enum err err;
	char text[512];
	struct buf body;
};

static struct reply reply;

/* --- The catalogd of a server. --- */

static struct server *
of(struct daemon *daemon)
{
	return (daemon->state);
}

static void
follow(struct server *s)
{
	struct raft_follow notice = { .index = 0 };

	s->state = (struct state){ 0 };
	s->is_in_order = true;
	s->last_id = 0;
	buf_deinit(&s->restored);
	(void)edge_tell(
	    s->edge, METHOD_Raft_Follow, &raft_follow_type, &notice);
}

static void
on_peer(struct daemon *daemon, struct edge *edge, bool is_up)
{
	struct server *s = of(daemon);

	s->edge = edge;
	s->is_up = is_up;
	s->is_leader = false;
	s->leader[0] = '\0';
	if (is_up)
		follow(s);
}

static void
on_state(struct daemon *daemon, struct call *call, const void *request)
{
	const struct raft_state *state = request;
	struct server *s = of(daemon);

	(void)call;
	s->states++;
	s->is_leader = state->is_leader;
	s->peers = state->peers.count;
	snprintf(s->leader, sizeof(s->leader), "%.*s",
	    SLICE_ARGS(state->leader_address));
}

static void
on_contact(struct daemon *daemon, struct call *call, const void *request)
{
	struct server *s = of(daemon);

	(void)call;
	s->contact = *(const struct raft_contact *)request;
	s->contacts++;
}

static void
on_committed(struct daemon *daemon, struct call *call, const void *request)
{
	const struct raft_committed *entry = request;
	struct server *s = of(daemon);

	(void)call;
	if (entry->index != s->state.index + 1)
		s->is_in_order = false;
	s->state.index = entry->index;
	s->state.term = entry->term;
	if (entry->id != 0)
		s->last_id = entry->id;
	if (entry->type != 0)
		return;
	s->state.commands++;
	s->state.sum = s->state.sum * 31 + slice_hash(entry->data);
}

static void
on_refused(struct daemon *daemon, struct call *call, const void *request)
{
	const struct raft_refused *refused = request;
	struct server *s = of(daemon);

	(void)call;
	s->refusals++;
	snprintf(s->why, sizeof(s->why), "%.*s", SLICE_ARGS(refused->why));
}

/* A state and padding, in pieces. */
static void
on_wanted(struct daemon *daemon, struct call *call, const void *request)
{
	struct server *s = of(daemon);
	struct buf whole = { 0 };
	size_t at = 0;

	(void)call;
	(void)request;
	s->snapshots++;
	buf_put(&whole, &s->state, sizeof(s->state));
	memset(buf_extend(&whole, PADDING_SIZE), 'p', PADDING_SIZE);
	while (at < whole.size) {
		size_t size =
		    whole.size - at < 100000 ? whole.size - at : 100000;
		struct snapshot_piece piece = {
			.index = s->state.index,
			.term = s->state.term,
			.offset = at,
			.data = slice(whole.data + at, size),
			.is_last = at + size == whole.size,
		};

		(void)edge_tell(s->edge, METHOD_Raft_SnapshotPiece,
		    &snapshot_piece_type, &piece);
		at += size;
	}
	buf_deinit(&whole);
}

static void
on_restore(struct daemon *daemon, struct call *call, const void *request)
{
	const struct snapshot_piece *piece = request;
	struct server *s = of(daemon);

	(void)call;
	if (piece->offset == 0)
		buf_reset(&s->restored);
	if (piece->offset != s->restored.size)
		s->is_in_order = false;
	buf_put_slice(&s->restored, piece->data);
	if (!piece->is_last)
		return;
	CHECK_EQ(s->restored.size, sizeof(s->state) + PADDING_SIZE);
	memcpy(&s->state, s->restored.data, sizeof(s->state));
	CHECK_EQ(s->state.index, piece->index);
	s->restores++;
}

static void
on_ping(struct daemon *daemon, struct call *call, const void *request)
{
	(void)request;
	of(daemon)->pings++;
	call_answer(call, &empty_type, &(struct empty){});
}

/* A large answer, and an error. */
static void
on_key(struct daemon *daemon, struct call *call, const void *request)
{
	const struct key_request *q = request;
	struct buf value = { 0 };

	(void)daemon;
	if (slice_is(q->key, "bad")) {
		call_fail(call, "Permission denied");
		return;
	}
	pack_array(&value, LARGE_COUNT);
	memset(buf_extend(&value, LARGE_COUNT), 1, LARGE_COUNT);
	call_answer_bytes(call, buf_slice(&value));
	buf_deinit(&value);
}

static call_fn *const handlers[METHOD_COUNT] = {
	[METHOD_Raft_State] = on_state,
	[METHOD_Raft_Contact] = on_contact,
	[METHOD_Raft_Committed] = on_committed,
	[METHOD_Raft_Refused] = on_refused,
	[METHOD_Raft_SnapshotWanted] = on_wanted,
	[METHOD_Raft_RestorePiece] = on_restore,
	[METHOD_Status_Ping] = on_ping,
	[METHOD_KVS_Get] = on_key,
};

/* --- The loop. --- */

static void
on_time_up(struct ev_loop *l, ev_timer *w, int events)
{
	(void)w;
	(void)events;
	ev_break(l, EVBREAK_ALL);
}

static void
run_once(void)
{
	ev_timer limit;

	for (size_t i = 0; i < SERVERS; i++)
		edge_flush(servers[i].edge);
	ev_timer_init(&limit, on_time_up, 0.01, 0);
	ev_timer_start(loop, &limit);
	ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &limit);
}

typedef bool condition(const void *);

static bool
wait_until(condition *is_met, const void *arg)
{
	struct instant end = instant_add(instant_now(), PATIENCE);

	while (!is_met(arg) && instant_before(instant_now(), end))
		run_once();
	return (is_met(arg));
}

static void
wait_ms(int64_t ms)
{
	struct instant end = instant_add(instant_now(), MILLISECONDS(ms));

	while (instant_before(instant_now(), end))
		run_once();
}

/* --- Conditions. --- */

/* NULL where there is none; tests that need one have waited for it. */
static struct server *
leader(void)
{
	for (size_t i = 0; i < SERVERS; i++)
		if (servers[i].pid > 0 && servers[i].is_leader &&
		    !servers[i].is_stopped)
			return (&servers[i]);
	return (NULL);
}

static bool
has_leader(const void *arg)
{
	(void)arg;
	return (leader() != NULL);
}

/* All that run have what the leader has, and name it. */
static bool
is_in_step(const void *arg)
{
	const struct server *first = leader();

	(void)arg;
	for (size_t i = 0; first != NULL && i < SERVERS; i++) {
		const struct server *s = &servers[i];

		if (s->pid > 0 &&
		    (s->state.index != first->state.index ||
			s->state.commands != first->state.commands ||
			s->state.sum != first->state.sum || !s->is_in_order ||
			strcmp(s->leader, first->leader) != 0))
			return (false);
	}
	return (first != NULL);
}

static bool
has_id(const void *arg)
{
	const struct server *s = leader();

	return (s != NULL && s->last_id == *(const uint64_t *)arg);
}

static bool
has_reply(const void *arg)
{
	return (reply.count >= *(const unsigned *)arg);
}

static bool
is_all_up(const void *arg)
{
	(void)arg;
	for (size_t i = 0; i < SERVERS; i++)
		if (servers[i].pid > 0 && !servers[i].is_up)
			return (false);
	return (true);
}

/* --- What catalogd does. --- */

static uint64_t last_id;

static void
submit(struct server *s, size_t size)
{
	uint8_t *bytes = calloc(1, size);
	struct raft_submit notice = { .id = ++last_id,
		.data = { bytes, size } };

	memset(bytes, (int)(last_id & 0x7f), size);
	(void)edge_tell(
	    s->edge, METHOD_Raft_Submit, &raft_submit_type, &notice);
	free(bytes);
}

static bool
write_some(unsigned count, size_t size)
{
	for (unsigned i = 0; i < count; i++)
		submit(leader(), size);
	return (wait_until(has_id, &last_id));
}

static const char *
id_of(size_t i)
{
	static const char *const ids[] = {
		"11111111-b4c5-cdc0-cca2-aa9075be0888",
		"22222222-b4c5-cdc0-cca2-aa9075be0888",
		"33333333-b4c5-cdc0-cca2-aa9075be0888",
	};

	return (ids[i]);
}

static void
print_address(size_t i, char *text, size_t size)
{
	snprintf(text, size, "%s:8300", servers[i].address);
}

static void
bootstrap(struct server *s)
{
	struct raft_server_entry rows[SERVERS] = { 0 };
	struct raft_bootstrap notice = { .servers = { rows, SERVERS } };
	char addresses[SERVERS][80];

	for (size_t i = 0; i < SERVERS; i++) {
		print_address(i, addresses[i], sizeof(addresses[i]));
		rows[i].id = slice_of_text(id_of(i));
		rows[i].address = slice_of_text(addresses[i]);
	}
	(void)edge_tell(
	    s->edge, METHOD_Raft_Bootstrap, &raft_bootstrap_type, &notice);
}

/* What gossip would say to everyone. */
static void
tell_addresses(void)
{
	for (size_t i = 0; i < SERVERS; i++) {
		char address[80];
		struct raft_address notice = {
			.id = slice_of_text(id_of(i)),
		};

		print_address(i, address, sizeof(address));
		notice.address = slice_of_text(address);
		for (size_t j = 0; j < SERVERS; j++)
			(void)edge_tell(servers[j].edge, METHOD_Raft_Address,
			    &raft_address_type, &notice);
	}
}

static void
on_answer(void *arg, const struct answer *answer)
{
	(void)arg;
	reply.count++;
	reply.err = answer->err;
	snprintf(
	    reply.text, sizeof(reply.text), "%.*s", SLICE_ARGS(answer->text));
	buf_reset(&reply.body);
	buf_put_slice(&reply.body, answer->body);
}

static bool
ask(struct server *s, enum method method, const struct type *type,
    const void *request)
{
	unsigned count = reply.count + 1;

	edge_ask(s->edge, method, type, request, SECONDS(20), on_answer, NULL);
	return (wait_until(has_reply, &count));
}

static bool
change(enum method method, size_t i)
{
	char address[80];
	struct raft_change_request wanted = {
		.id = slice_of_text(id_of(i)),
	};

	print_address(i, address, sizeof(address));
	wanted.address = slice_of_text(address);
	return (ask(leader(), method, &raft_change_request_type, &wanted) &&
		reply.err == ERR_OK);
}

/* A call from one agent to another. */
static bool
forward(size_t from, const char *address, const char *method,
    const struct type *type, const void *request)
{
	struct buf body = { 0 };
	struct peer_forward wanted = {
		.address = slice_of_text(address),
		.method = slice_of_text(method),
	};
	bool has_come;

	type_encode(type, request, &body);
	wanted.body = buf_slice(&body);
	has_come = ask(
	    &servers[from], METHOD_Peer_Forward, &peer_forward_type, &wanted);
	buf_deinit(&body);
	return (has_come);
}

/* --- Processes. --- */

static void
start(size_t i)
{
	struct server *s = &servers[i];
	char run[192], data[192], bind[96], node[32], id[64], config[192];

	snprintf(run, sizeof(run), "%s/%zu", folder, i);
	snprintf(data, sizeof(data), "-data-dir=%s/%zu/data", folder, i);
	snprintf(bind, sizeof(bind), "-bind=%s", s->address);
	snprintf(node, sizeof(node), "-node=n%zu", i);
	snprintf(id, sizeof(id), "-node-id=%s", id_of(i));
	snprintf(config, sizeof(config), "-config-file=%s/config.json", folder);
	s->pid = fork();
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		start_exec(program,
		    (const char *[]){ "raftd", "-run-dir", run, "-server", bind,
			node, id, data, config, NULL });
	}
}

static void
stop(size_t i)
{
	if (servers[i].pid <= 0)
		return;
	kill(servers[i].pid, SIGKILL);
	waitpid(servers[i].pid, NULL, 0);
	servers[i].pid = -1;
	servers[i].is_leader = false;
	servers[i].is_up = false;
}

static size_t
place_of(const struct server *s)
{
	return ((size_t)(s - servers));
}

static void
make_folder(uid_t uid, gid_t gid, mode_t mode, const char *format, ...)
{
	char path[256];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (mkdir(path, 0700) != 0)
		fatal("cannot make %s", path);
	if (geteuid() == 0 && chown(path, uid, gid) != 0)
		fatal("cannot hand over %s", path);
	chmod(path, mode);
}

static void
make_server(size_t i)
{
	struct server *s = &servers[i];
	uid_t uid = privsep_uid(DAEMON_raftd);
	gid_t gid = privsep_gid(DAEMON_raftd);
	char path[192];
	struct edge_config config = {
		.daemon = &s->daemon,
		.loop = loop,
		.self = DAEMON_catalogd,
		.peer = DAEMON_raftd,
		.path = path,
		.is_binder = true,
		.handlers = handlers,
		.on_peer = on_peer,
	};

	make_folder(0, 0, 0755, "%s/%zu", folder, i);
	make_folder(0, gid, 02710, "%s/%zu/raftd", folder, i);
	make_folder(0, 0, 0755, "%s/%zu/data", folder, i);
	make_folder(uid, gid, 0700, "%s/%zu/data/raft", folder, i);
	snprintf(s->address, sizeof(s->address), "127.23.%u.%zu", net, i + 1);
	snprintf(path, sizeof(path), "%s/%zu/raftd/s", folder, i);
	s->daemon.state = s;
	s->pid = -1;
	s->edge = edge_new(&config);
	start_own_socket(path, DAEMON_catalogd);
}

static void
configure(const char *text)
{
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/config.json", folder);
	file = fopen(path, "w");
	if (file == NULL)
		fatal("cannot write %s", path);
	fprintf(file, "%s", text);
	fclose(file);
	chmod(path, 0644);
}

#endif
