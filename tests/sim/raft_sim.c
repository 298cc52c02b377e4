/*
 * The simulation of raftd's core: seeds, mischief, and the end of it.
 *
 *	raft_sim [-s SEED] [-n SEEDS]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "raft_sim.h"

#define MS	  1000000LL
#define WILD_MS	  6000	/* of faults, in the cluster's time */
#define CALM_MS	  500	/* without: work goes on, */
#define CALMS_MAX 20	/* if not at once */
#define QUIET_MS  20000 /* without clients: all agree, at the latest */
#define FAULT_MS  40
#define CLIENT_MS 3

static uint64_t running_seed;

/* --- Mischief. --- */

static size_t
some_node(struct cluster *c)
{
	return ((size_t)roll(c, c->node_count));
}

static bool
is_running(const struct cluster *c, size_t at)
{
	return (c->nodes[at].is_alive && !node_is_paused(c, at));
}

static size_t
leading_node(struct cluster *c)
{
	size_t at = some_node(c);

	for (size_t i = 0; i < c->node_count; i++) {
		size_t one = (at + i) % c->node_count;

		if (is_running(c, one) &&
		    c->nodes[one].raft.role == ROLE_LEADER)
			return (one);
	}
	return (at);
}

static void
crash(struct cluster *c, size_t at)
{
	if (!c->nodes[at].is_alive || c->is_calm)
		return;
	node_crash(c, at);
	c->crashes++;
	happen(c, HAPPEN_RESTART, at, 10 * MS + (int64_t)roll(c, 400 * MS));
}

static void
fault_crash(struct cluster *c)
{
	crash(c, chance(c, 400) ? leading_node(c) : some_node(c));
}

static void
fault_heal(struct cluster *c)
{
	memset(c->is_cut, 0, sizeof(c->is_cut));
}

static void
fault_isolate(struct cluster *c)
{
	size_t at = chance(c, 500) ? leading_node(c) : some_node(c);

	for (size_t i = 0; i < c->node_count; i++)
		c->is_cut[at][i] = c->is_cut[i][at] = i != at;
}

static void
fault_split(struct cluster *c)
{
	uint64_t side = roll(c, 1ULL << c->node_count);

	for (size_t i = 0; i < c->node_count; i++)
		for (size_t j = 0; j < c->node_count; j++)
			c->is_cut[i][j] =
			    ((side >> i) & 1) != ((side >> j) & 1);
}

static void
fault_one_way(struct cluster *c)
{
	size_t from = some_node(c), to = some_node(c);

	if (from != to)
		c->is_cut[from][to] = true;
}

static void
fault_net(struct cluster *c)
{
	static const unsigned losses[] = { 0, 0, 20, 100, 300 };

	c->loss = losses[roll(c, 5)];
	c->doubling = (unsigned)roll(c, 100);
}

static void
fault_disk(struct cluster *c)
{
	struct node *node = &c->nodes[some_node(c)];
	static const int64_t speeds[] = { MS / 2, MS / 2, 5 * MS, 60 * MS };

	node->disk_ns = speeds[roll(c, 4)];
	node->is_disk_full = chance(c, 150);
}

static void
change_once(struct cluster *c, size_t at)
{
	struct node *who = &c->nodes[some_node(c)];
	struct event event = { .kind = RAFT_CHANGE };

	event.as.change.id = ++c->last_id;
	event.as.change.change = (struct change){
		.kind = (enum change_kind)roll(c, 4),
		.id = who->id,
		.address = who->address,
	};
	/* Small clusters die of every fault: let them grow rather. */
	if (membership_voter_count(&c->nodes[at].raft.latest) < 3)
		event.as.change.change.kind = CHANGE_ADD_VOTER;
	c->changes++;
	node_step(c, at, &event);
}

/* Some at once: all but the first should be refused. */
static void
fault_membership(struct cluster *c)
{
	size_t at = leading_node(c);
	uint64_t count = 1 + roll(c, 3);

	while (is_running(c, at) && count-- > 0)
		change_once(c, at);
}

static void
fault_snapshot(struct cluster *c)
{
	size_t at = some_node(c);
	struct node *node = &c->nodes[at];
	struct raft *raft = &node->raft;
	static struct snapshot snapshot; /* large */

	if (!is_running(c, at) || node->is_keeping ||
	    raft->installing.is_running ||
	    raft->commit_index <= raft->trail.snapshot_index ||
	    raft->committed_index > raft->commit_index)
		return;
	snapshot.index = raft->commit_index;
	if (!trail_term_of(&raft->trail, snapshot.index, &snapshot.term))
		broken(c, "node %zu: its commit index has no term", at);
	snapshot.membership = raft->committed;
	snapshot.membership_index = raft->committed_index;
	check_snapshot(c, snapshot.index, snapshot.term);
	node->is_keeping = true;
	c->snapshots++;
	store_keep_snapshot(node->store, &snapshot, SNAPSHOT_OURS);
	node_step(c, at, &(struct event){ .kind = RAFT_TICK });
}

static void
fault_pause(struct cluster *c)
{
	size_t at = chance(c, 700) ? leading_node(c) : some_node(c);

	if (!c->nodes[at].is_alive || node_is_paused(c, at))
		return;
	c->pauses++;
	c->nodes[at].paused_until = instant_add(
	    c->now, NANOSECONDS(10 * MS + (int64_t)roll(c, 600 * MS)));
}

static void
fault_transfer(struct cluster *c)
{
	size_t at = leading_node(c);

	if (!is_running(c, at))
		return;
	c->transfers++;
	node_step(c, at, &(struct event){ .kind = RAFT_TRANSFER });
}

static void
fault(struct cluster *c)
{
	static void (*const faults[])(struct cluster *) = { fault_crash,
		fault_crash, fault_heal, fault_heal, fault_heal, fault_isolate,
		fault_split, fault_one_way, fault_net, fault_disk, fault_disk,
		fault_membership, fault_membership, fault_snapshot,
		fault_snapshot, fault_snapshot, fault_transfer, fault_pause };

	if (c->is_calm)
		return;
	faults[roll(c, sizeof(faults) / sizeof(faults[0]))](c);
	happen(c, HAPPEN_FAULT, 0, (int64_t)roll(c, 2 * FAULT_MS * MS) + 1);
}

/* --- Clients. --- */

static void
verify(struct cluster *c, size_t at)
{
	struct node *node = &c->nodes[at];

	if (node->asked.is_open || !raft_is_ready(&node->raft))
		return;
	node->asked = (struct asked){
		.is_open = true,
		.term = node->raft.term,
		.round = node->raft.round + 1,
		.commit_index = node->raft.commit_index,
		.acknowledged = checks_acknowledged(c),
	};
	node_step(c, at, &(struct event){ .kind = RAFT_VERIFY });
}

static void
client(struct cluster *c)
{
	size_t at = chance(c, 900) ? leading_node(c) : some_node(c);
	uint64_t ids[5];
	struct proposal proposals[5];
	size_t count = 1 + (size_t)roll(c, 5);

	if (c->is_quiet)
		return;
	happen(c, HAPPEN_CLIENT, 0, (int64_t)roll(c, 2 * CLIENT_MS * MS) + 1);
	if (!is_running(c, at))
		return;
	for (size_t i = 0; i < count; i++) {
		ids[i] = ++c->last_id;
		proposals[i] =
		    (struct proposal){ ids[i], slice(&ids[i], sizeof(ids[i])) };
	}
	node_step(c, at,
	    &(struct event){
		.kind = RAFT_PROPOSE, .as.propose = { proposals, count } });
	if (chance(c, 200))
		verify(c, at);
}

/* --- The clock. --- */

static size_t
next_happening(const struct cluster *c)
{
	size_t next = 0;

	for (size_t i = 1; i < c->happening_count; i++) {
		const struct happening *a = &c->happenings[i];
		const struct happening *b = &c->happenings[next];

		if (instant_before(a->at, b->at) ||
		    (!instant_before(b->at, a->at) && a->order < b->order))
			next = i;
	}
	return (next);
}

static void
unreachable(struct cluster *c, const struct happening *one)
{
	if (!c->nodes[one->node].is_alive ||
	    c->nodes[one->node].life != one->life)
		return;
	node_step(c, one->node,
	    &(struct event){
		.kind = RAFT_UNREACHABLE,
		.as.unreachable = { one->message.peer, one->message.ticket },
	    });
}

static void
gone(struct cluster *c, const struct happening *one)
{
	if (!c->nodes[one->node].is_alive ||
	    c->nodes[one->node].life != one->life)
		return;
	c->gone++;
	node_step(c, one->node,
	    &(struct event){
		.kind = RAFT_LEADER_GONE,
		.as.leader_gone = { c->nodes[one->from].address, one->since },
	    });
}

/* One that is stopped finds it when it goes on. */
static bool
put_off(struct cluster *c, const struct happening *one)
{
	struct happening *later;

	if (!node_is_paused(c, one->node) || one->kind == HAPPEN_CRASH ||
	    one->kind == HAPPEN_RESTART || one->kind == HAPPEN_FAULT ||
	    one->kind == HAPPEN_CLIENT)
		return (false);
	later = happen(c, one->kind, one->node, 0);
	*later = *one;
	later->at = c->nodes[one->node].paused_until;
	return (true);
}

static void
run_one(struct cluster *c, struct happening *one)
{
	struct node *node = &c->nodes[one->node];

	if (put_off(c, one))
		return;
	switch (one->kind) {
	case HAPPEN_DELIVER:
		deliver(c, one);
		break;
	case HAPPEN_UNREACHABLE:
		unreachable(c, one);
		break;
	case HAPPEN_DISK:
		if (node->is_alive && node->life == one->life)
			node_disk(c, one->node);
		break;
	case HAPPEN_CRASH:
		if (node->life == one->life)
			crash(c, one->node);
		break;
	case HAPPEN_RESTART:
		if (!node->is_alive)
			node_start(c, one->node);
		break;
	case HAPPEN_GONE:
		gone(c, one);
		break;
	case HAPPEN_FAULT:
		fault(c);
		break;
	case HAPPEN_CLIENT:
		client(c);
		break;
	}
	batch_drop(one->entries);
	free(one->membership);
}

/* Whose timer is due first, if any is due by then. */
static size_t
next_tick(const struct cluster *c, struct instant *by)
{
	size_t next = c->node_count;

	for (size_t i = 0; i < c->node_count; i++) {
		struct instant due;

		if (!c->nodes[i].is_alive || node_is_paused(c, i))
			continue;
		due = node_when(c, i, raft_deadline(&c->nodes[i].raft));
		if (instant_before(due, *by)) {
			*by = due;
			next = i;
		}
	}
	return (next);
}

/* The next thing, be it a timer's end or a happening. */
static void
run_next(struct cluster *c, struct instant end)
{
	size_t at = next_happening(c), ticking;
	struct instant due = end;
	struct happening one;

	if (c->happening_count > 0 && instant_before(c->happenings[at].at, due))
		due = c->happenings[at].at;
	ticking = next_tick(c, &due);
	if (instant_before(c->now, due))
		c->now = due;
	if (ticking < c->node_count) {
		node_step(c, ticking, &(struct event){ .kind = RAFT_TICK });
	} else if (c->happening_count > 0 &&
		   !instant_before(c->now, c->happenings[at].at)) {
		one = c->happenings[at];
		c->happenings[at] = c->happenings[--c->happening_count];
		run_one(c, &one);
	}
}

static void
run_until(struct cluster *c, struct instant end, bool until_converged)
{
	while (instant_before(c->now, end)) {
		run_next(c, end);
		if (until_converged && c->steps % 50 == 0 && check_converged(c))
			return;
	}
}

/* --- One seed. --- */

static void
calm_down(struct cluster *c)
{
	c->is_calm = true;
	c->loss = c->doubling = 0;
	fault_heal(c);
	for (size_t i = 0; i < c->node_count; i++) {
		c->nodes[i].disk_ns = MS / 2;
		c->nodes[i].is_disk_full = false;
		c->nodes[i].paused_until = c->now;
		if (!c->nodes[i].is_alive)
			node_start(c, i);
	}
}

static void
populate(struct cluster *c)
{
	char name[48];

	for (size_t i = 0; i < c->node_count; i++) {
		snprintf(name, sizeof(name), "node-%zu", i);
		c->nodes[i].id = raft_name_of(name);
		snprintf(name, sizeof(name), "10.0.0.%zu:8300", i);
		c->nodes[i].address = raft_name_of(name);
		c->nodes[i].disk_ns = MS / 2;
		c->nodes[i].rate = 990 + (int64_t)roll(c, 21);
		disk_init(&c->nodes[i].disk);
	}
	for (size_t i = 0; i < c->node_count; i++)
		node_start(c, i);
	happen(c, HAPPEN_CLIENT, 0, MS);
	happen(c, HAPPEN_FAULT, 0, 500 * MS);
}

static void
clear(struct cluster *c)
{
	for (size_t i = 0; i < c->node_count; i++) {
		if (c->nodes[i].is_alive)
			node_crash(c, i);
		free(c->nodes[i].waiting);
		disk_deinit(&c->nodes[i].disk);
	}
	for (size_t i = 0; i < c->happening_count; i++) {
		batch_drop(c->happenings[i].entries);
		free(c->happenings[i].membership);
	}
	free(c->happenings);
	checks_free(c->checks);
	memset(c, 0, sizeof(*c));
}

static void
run_seed(uint64_t seed)
{
	static struct cluster cluster; /* large */
	struct cluster *c = &cluster;
	uint64_t before;

	c->seed = c->random = running_seed = seed;
	c->checks = checks_new();
	c->node_count = NODES_MAX;
	c->first_count = seed % 2 == 0 ? 3 : 5;
	populate(c);
	run_until(c, instant_add(c->now, MILLISECONDS(WILD_MS)), false);
	calm_down(c);
	before = checks_committed(c);
	for (int i = 0; i < CALMS_MAX && checks_committed(c) <= before; i++)
		run_until(c, instant_add(c->now, MILLISECONDS(CALM_MS)), false);
	if (checks_committed(c) <= before)
		broken(c, "nothing was committed in calm");
	c->is_quiet = true;
	run_until(c, instant_add(c->now, MILLISECONDS(QUIET_MS)), true);
	if (!check_converged(c))
		broken(c, "%d ms of quiet, and they do not agree", QUIET_MS);
	printf("ok - raft seed %" PRIu64 ": %zu servers, %" PRIu64 " steps, "
	       "%" PRIu64 " committed, %" PRIu64 " elections, %" PRIu64
	       " crashes, %" PRIu64 " changes, %" PRIu64 " snapshots, %" PRIu64
	       " installed, %" PRIu64 " verified, %" PRIu64 " trusted, %" PRIu64
	       " disk failures\n",
	    seed, c->first_count, c->steps, checks_committed(c), c->elections,
	    c->crashes, c->changes, c->snapshots, c->installs, c->verified,
	    c->trusted, c->failures);
	fflush(stdout);
	clear(c);
}

/* An assertion of the core has failed: say which seed it was. */
static void
on_abort(int signal)
{
	char text[96];
	int size = snprintf(text, sizeof(text),
	    "not ok\n# see it again: make sim SEED=%" PRIu64 "\n",
	    running_seed);

	(void)signal;
	if (write(STDOUT_FILENO, text, (size_t)size) != size)
		_exit(2);
	_exit(1);
}

int
main(int argc, char **argv)
{
	uint64_t seed = 1, seeds = 40;
	int option;

	while ((option = getopt(argc, argv, "s:n:")) != -1) {
		if (option == 's')
			seed = strtoull(optarg, NULL, 10);
		else if (option == 'n')
			seeds = strtoull(optarg, NULL, 10);
		else
			return (64);
	}
	signal(SIGABRT, on_abort);
	printf("1..%" PRIu64 "\n", seeds);
	fflush(stdout);
	for (uint64_t i = 0; i < seeds; i++)
		run_seed(seed + i);
	return (0);
}
