/*
 * Three real raftd on addresses of their own, each with a catalogd that is
 * played here: they elect a leader, copy its log, lose it to kill -9, take a
 * snapshot over the net, change their number and their addresses, and carry
 * calls from one to the other.
 */
#include "played.h"

static void
test_three_elect_a_leader(void)
{
	struct instant begun;

	for (size_t i = 0; i < SERVERS; i++)
		start(i);
	CHECK(wait_until(is_all_up, NULL));
	begun = instant_now();
	for (size_t i = 0; i < SERVERS; i++)
		bootstrap(&servers[i]);
	CHECK(wait_until(has_leader, NULL));
	CHECK(wait_until(is_in_step, NULL));
	printf("# in step after %.0f ms\n",
	    duration_seconds(instant_since(instant_now(), begun)) * 1000);
	CHECK_EQ(leader()->peers, SERVERS);
}

/* The lease reaches into the future, but never further than its own length;
 * followers say when they heard the leader. */
static void
test_contact_is_told(void)
{
	unsigned before = 0, after = 0;
	int64_t now;

	wait_ms(2500);
	for (size_t i = 0; i < SERVERS; i++)
		before += servers[i].contacts;
	wait_ms(2000);
	now = instant_now().ns;
	for (size_t i = 0; i < SERVERS; i++) {
		struct raft_contact *contact = &servers[i].contact;
		bool is_leader = &servers[i] == leader();

		after += servers[i].contacts;
		CHECK_EQ(contact->has_contact, !is_leader);
		CHECK_EQ(contact->lease_until > now, is_leader);
		CHECK(contact->lease_until < now + SECONDS(5).ns / 2);
		CHECK(is_leader || now - contact->last_contact < SECONDS(2).ns);
	}
	CHECK(after > before);
	/* Each heartbeat, of which there are at most two a second. */
	CHECK(after - before <= 3 * 2 * 3);
}

static void
test_what_is_written_is_everywhere(void)
{
	struct instant begun = instant_now();

	CHECK(write_some(1000, 100));
	printf("# 1000 entries in %.0f ms\n",
	    duration_seconds(instant_since(instant_now(), begun)) * 1000);
	CHECK(write_some(3, 2000000));
	CHECK(wait_until(is_in_step, NULL));
	CHECK_EQ(leader()->state.commands, 1003);
}

static void
test_a_follower_refuses(void)
{
	struct server *s = &servers[(place_of(leader()) + 1) % SERVERS];
	unsigned before = s->refusals;

	submit(s, 10);
	wait_ms(300);
	CHECK_EQ(s->refusals, before + 1);
	CHECK(strcmp(s->why, "No cluster leader") == 0);
	last_id--;
}

static void
test_a_killed_leader_is_replaced_at_once(void)
{
	struct server *old = leader();
	struct instant begun = instant_now();
	double ms;

	stop(place_of(old));
	CHECK(wait_until(has_leader, NULL));
	CHECK(write_some(1, 10));
	ms = duration_seconds(instant_since(instant_now(), begun)) * 1000;
	printf("# kill -9 of the leader to a committed write: %.0f ms\n", ms);
	CHECK(ms < 1000);
	CHECK(write_some(200, 1000));
	CHECK(wait_until(is_in_step, NULL));
	start(place_of(old));
	CHECK(wait_until(is_all_up, NULL));
	CHECK(wait_until(is_in_step, NULL));
}

/* Nobody may be refused by its port then, so it has to be asked. */
static void
test_a_leader_that_is_back_at_once_does_not_lead(void)
{
	struct server *old = leader();
	struct instant begun = instant_now();
	double ms;

	stop(place_of(old));
	start(place_of(old));
	CHECK(wait_until(has_leader, NULL));
	CHECK(write_some(1, 10));
	ms = duration_seconds(instant_since(instant_now(), begun)) * 1000;
	printf("# restart of the leader to a committed write: %.0f ms\n", ms);
	CHECK(ms < 1000);
	CHECK(wait_until(is_all_up, NULL));
	CHECK(wait_until(is_in_step, NULL));
}

/* Its connections stay open: only timers tell. It has to see that it leads no
 * more when it goes on. */
static void
test_a_stopped_leader_is_replaced(void)
{
	struct server *old = leader();
	struct instant begun = instant_now();
	double ms;

	kill(old->pid, SIGSTOP);
	old->is_stopped = true;
	CHECK(wait_until(has_leader, NULL));
	CHECK(write_some(1, 10));
	ms = duration_seconds(instant_since(instant_now(), begun)) * 1000;
	printf("# SIGSTOP of the leader to a committed write: %.0f ms\n", ms);
	CHECK(ms > 2500); /* its lease */
	kill(old->pid, SIGCONT);
	wait_ms(500);
	old->is_stopped = false;
	CHECK(wait_until(is_in_step, NULL));
	CHECK(!old->is_leader);
}

/* Its log does not reach back: it gets the snapshot, and then the rest. */
static void
test_a_new_disk_gets_a_snapshot(void)
{
	struct server *s = &servers[(place_of(leader()) + 1) % SERVERS];
	char command[256];

	stop(place_of(s));
	for (unsigned i = 0; i < 8 && leader()->snapshots == 0; i++) {
		CHECK(write_some(50, 100));
		wait_ms(500);
	}
	CHECK(leader()->snapshots > 0);
	CHECK(write_some(20, 100));
	snprintf(command, sizeof(command), "rm -rf %s/%zu/data/raft/*", folder,
	    place_of(s));
	CHECK_EQ(system(command), 0);
	s->restores = 0;
	start(place_of(s));
	CHECK(wait_until(is_all_up, NULL));
	CHECK(wait_until(is_in_step, NULL));
	CHECK(s->restores > 0);
}

static void
test_servers_are_removed_and_added(void)
{
	size_t i = (place_of(leader()) + 1) % SERVERS;

	CHECK(change(METHOD_Raft_RemoveServer, i));
	CHECK_EQ(leader()->peers, SERVERS - 1);
	CHECK(write_some(5, 10));
	CHECK(change(METHOD_Raft_AddNonvoter, i));
	CHECK_EQ(leader()->peers, SERVERS - 1);
	CHECK(wait_until(is_in_step, NULL));
	CHECK(change(METHOD_Raft_AddVoter, i));
	CHECK_EQ(leader()->peers, SERVERS);
	CHECK(write_some(5, 10));
	CHECK(wait_until(is_in_step, NULL));
}

static void
test_calls_reach_other_agents(void)
{
	struct key_request key = { .key = SLICE("good"),
		.datacenter = SLICE("dc1") };
	char address[80];

	print_address(1, address, sizeof(address));
	CHECK(
	    forward(0, address, "Status.Ping", &empty_type, &(struct empty){}));
	CHECK_EQ(reply.err, ERR_OK);
	CHECK_EQ(servers[1].pings, 1);
	CHECK(forward(
	    0, address, "Status.RaftStats", &empty_type, &(struct empty){}));
	CHECK_EQ(reply.err, ERR_OK);
	CHECK(forward(0, address, "KVS.Get", &key_request_type, &key));
	CHECK_EQ(reply.err, ERR_OK);
	CHECK_EQ(reply.body.size, LARGE_COUNT + 5);
	key.key = SLICE("bad");
	CHECK(forward(0, address, "KVS.Get", &key_request_type, &key));
	CHECK_EQ(reply.err, ERR_REFUSED);
	CHECK(strcmp(reply.text, "rpc error making call: Permission denied") ==
	      0);
	CHECK(forward(0, address, "KVS.Nope", &key_request_type, &key));
	CHECK(
	    strcmp(reply.text,
		"rpc error making call: rpc: can't find method KVS.Nope") == 0);
	CHECK(forward(
	    0, "127.0.0.1:1", "Status.Ping", &empty_type, &(struct empty){}));
	CHECK_EQ(reply.err, ERR_REFUSED);
	CHECK(strstr(reply.text, "rpc error getting client: failed to get "
				 "conn: dial tcp ") == reply.text);
	CHECK(strstr(reply.text,
		  ":0->127.0.0.1:1: connect: connection refused") != NULL);
}

/* Nobody is where the log says: gossip tells. */
static void
test_all_come_back_elsewhere(void)
{
	for (size_t i = 0; i < SERVERS; i++)
		stop(i);
	for (size_t i = 0; i < SERVERS; i++) {
		snprintf(servers[i].address, sizeof(servers[i].address),
		    "127.23.%u.%zu", net, i + 11);
		start(i);
	}
	CHECK(wait_until(is_all_up, NULL));
	tell_addresses();
	CHECK(wait_until(has_leader, NULL));
	CHECK(write_some(5, 10));
	CHECK(wait_until(is_in_step, NULL));
	/* The leader then mends the log, as reconciling does. */
	for (size_t i = 0; i < SERVERS; i++)
		CHECK(change(METHOD_Raft_AddVoter, i));
	CHECK(write_some(5, 10));
	CHECK(wait_until(is_in_step, NULL));
}

static void
write_peers(size_t i, const char *format, ...)
{
	char path[192];
	va_list args;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%zu/data/raft/peers.json", folder, i);
	file = fopen(path, "w");
	if (file == NULL)
		fatal("cannot write %s", path);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
	chmod(path, 0644);
}

static bool
has_peers(size_t i)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%zu/data/raft/peers.json", folder, i);
	return (access(path, F_OK) == 0);
}

static int
exit_status(size_t i)
{
	int status = -1;

	waitpid(servers[i].pid, &status, 0);
	servers[i].pid = -1;
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* Two of three are lost: the last one is told that it is alone, and then takes
 * in a new one. */
static void
test_an_operator_says_who_there_is(void)
{
	uint64_t commands = leader()->state.commands;
	char command[256];

	for (size_t i = 0; i < SERVERS; i++)
		stop(i);
	write_peers(0, "[{\"id\": \"%s\"", id_of(0));
	start(0);
	CHECK(exit_status(0) != 0);
	CHECK(has_peers(0)); /* it is still there to be mended */
	write_peers(0, "[{\"id\": \"%s\", \"address\": \"%s:8300\"}]", id_of(0),
	    servers[0].address);
	start(0);
	CHECK(wait_until(has_leader, NULL));
	CHECK(!has_peers(0));
	CHECK_EQ(leader()->peers, 1);
	CHECK_EQ(leader()->state.commands, commands);
	CHECK(write_some(5, 10));
	snprintf(command, sizeof(command), "rm -rf %s/1/data/raft/*", folder);
	CHECK_EQ(system(command), 0);
	start(1);
	CHECK(wait_until(is_all_up, NULL));
	CHECK(change(METHOD_Raft_AddVoter, 1));
	CHECK(write_some(5, 10));
	CHECK(wait_until(is_in_step, NULL));
	CHECK_EQ(leader()->peers, 2);
	/* It is in the log by now, and counts no more than that. */
	stop(0);
	stop(1);
	start(0);
	start(1);
	CHECK(wait_until(has_leader, NULL));
	CHECK_EQ(leader()->peers, 2);
}

int
main(int argc, char **argv)
{
	char command[256];
	char *end;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	snprintf(program, sizeof(program), "%s", argv[0]);
	for (int i = 0; i < 3; i++) { /* build/tests/raftd/cluster_test */
		end = strrchr(program, '/');
		if (end == NULL)
			return (1);
		*end = '\0';
	}
	snprintf(folder, sizeof(folder), "/tmp/raftd_cluster.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return (1);
	chmod(folder, 0755);
	net = (unsigned)getpid() % 250 + 1;
	loop = ev_loop_new(EVFLAG_NOENV); /* the default one reaps */
	configure("{\"raft_snapshot_threshold\": 64,"
		  " \"raft_snapshot_interval\": \"500ms\","
		  " \"raft_trailing_logs\": 16}");
	for (size_t i = 0; i < SERVERS; i++)
		make_server(i);
	RUN(test_three_elect_a_leader);
	if (leader() == NULL)
		fatal("there is no cluster to go on with");
	RUN(test_contact_is_told);
	RUN(test_what_is_written_is_everywhere);
	RUN(test_a_follower_refuses);
	RUN(test_a_killed_leader_is_replaced_at_once);
	RUN(test_a_leader_that_is_back_at_once_does_not_lead);
	RUN(test_a_stopped_leader_is_replaced);
	RUN(test_a_new_disk_gets_a_snapshot);
	RUN(test_servers_are_removed_and_added);
	RUN(test_calls_reach_other_agents);
	RUN(test_all_come_back_elsewhere);
	RUN(test_an_operator_says_who_there_is);
	for (size_t i = 0; i < SERVERS; i++)
		stop(i);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command) != 0)
		return (1);
	return (tap_done());
}
