/*
 * The simulation of gossipd's core: faults of all kinds under many seeds, the
 * worth of Lifeguard, and large pools: -m 1000 takes minutes.
 *
 *	gossip_sim [-s SEED] [-n SEEDS] [-m MEMBERS]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/xmalloc.h"
#include "gossip_sim.h"

#define MS	    1000000LL
#define SECOND	    (1000 * MS)
#define BOOT_S	    300 /* at the latest, all see all */
#define WILD_S	    60	/* of faults */
#define CALM_S	    900 /* at the latest, all see the truth again */
#define SPREAD_S    20	/* for what is said in calm */
#define FIRST_QUERY (UINT64_C(1) << 32) /* behind the ids of joins */
#define PULLED_S    300 /* and by push/pull, which one may miss */
#define CLOCKS_S    120
#define LOSSY_S	    60
#define CUT_S	    30
#define SHORT_S	    60 /* of CPU */
#define FAULT_MS    800
#define WORK_MS	    400

static uint64_t running_seed;

/* --- Time. --- */

static double
seconds(int64_t ns)
{
	return ((double)ns / 1e9);
}

static void
run_for(struct pool *p, int64_t ns)
{
	struct instant end = instant_add(p->now, NANOSECONDS(ns));

	while (run_next(p, end))
		;
}

/* Until all see the truth; how long that took, or -1. */
static int64_t
run_until_converged(struct pool *p, int64_t limit_ns, int64_t step_ns)
{
	struct instant start = p->now;

	while (!check_converged(p, NULL, 0)) {
		if (instant_since(p->now, start).ns >= limit_ns)
			return (-1);
		run_for(p, step_ns);
	}
	return (instant_since(p->now, start).ns);
}

/* --- A pool. --- */

static struct pool *
pool_new(uint64_t seed, size_t node_count)
{
	static struct pool pool; /* large */
	struct pool *p = &pool;

	p->seed = p->random = running_seed = seed;
	p->node_count = node_count;
	p->delay_ns = 2 * MS;
	p->has_seen_left = xcalloc(node_count, node_count);
	gossip_effects_init(&p->fx);
	return (p);
}

/* All within two seconds, each by way of another. */
static void
boot(struct pool *p)
{
	node_start(p, 0);
	p->nodes[0].has_joined = true;
	for (size_t i = 1; i < p->node_count; i++)
		happen(p, HAPPEN_RESTART, i,
		    (int64_t)roll(p, 2 * SECOND / 1000) * 1000);
	run_for(p, 2 * SECOND);
}

static void
expect_converged(struct pool *p, int64_t took, const char *when)
{
	char why[160];

	if (took >= 0 || check_converged(p, why, sizeof(why)))
		return;
	broken(p, "%s: %s", when, why);
}

/* --- Mischief. --- */

static size_t
some_node(struct pool *p)
{
	return ((size_t)roll(p, p->node_count));
}

static void
fault_crash(struct pool *p)
{
	size_t at = some_node(p);
	struct node *node = &p->nodes[at];

	if (node->g == NULL)
		return;
	node_stop(p, at);
	p->counts.crashes++;
	/* Some come back at another address. */
	if (chance(p, 200))
		node->address.ip[1]++;
	happen(
	    p, HAPPEN_RESTART, at, (int64_t)roll(p, (uint64_t)(30 * SECOND)));
}

static void
fault_freeze(struct pool *p)
{
	p->counts.freezes++;
	node_weaken(p, some_node(p), CONDITION_FROZEN,
	    (int64_t)roll(p, (uint64_t)(15 * SECOND)) + 1);
}

static void
fault_stall(struct pool *p)
{
	p->counts.stalls++;
	node_weaken(p, some_node(p), CONDITION_STALLED,
	    (int64_t)roll(p, (uint64_t)(15 * SECOND)) + 1);
}

static void
fault_cut(struct pool *p)
{
	unsigned share = (unsigned)roll(p, 500) + 1;

	if (p->is_cut)
		return;
	for (size_t i = 0; i < p->node_count; i++)
		p->nodes[i].is_abroad = chance(p, share);
	p->is_cut = true;
	p->counts.cuts++;
	happen(p, HAPPEN_HEAL, 0, (int64_t)roll(p, (uint64_t)(25 * SECOND)));
}

static void
fault_net(struct pool *p)
{
	static const unsigned losses[] = { 0, 0, 10, 50, 200 };
	static const int64_t delays[] = { 2 * MS, 2 * MS, 40 * MS, 200 * MS };

	p->loss = losses[roll(p, 5)];
	p->doubling = (unsigned)roll(p, 100);
	p->delay_ns = delays[roll(p, 4)];
}

void
on_fault(struct pool *p)
{
	static void (*const faults[])(struct pool *) = { fault_crash,
		fault_freeze, fault_freeze, fault_stall, fault_cut, fault_net };

	if (p->is_calm)
		return;
	faults[roll(p, sizeof(faults) / sizeof(faults[0]))](p);
	happen(p, HAPPEN_FAULT, 0, (int64_t)roll(p, 2 * FAULT_MS * MS) + 1);
}

void
on_heal(struct pool *p)
{
	p->is_cut = false;
}

/* Runs for some milliseconds, then not at all for seconds, and again. */
void
on_starve(struct pool *p, size_t at)
{
	int64_t off = (int64_t)roll(p, 8 * SECOND) + SECOND / 4;
	int64_t on = (int64_t)roll(p, 400 * MS) + MS;

	if (p->is_calm)
		return;
	node_weaken(
	    p, at, at % 2 == 0 ? CONDITION_STALLED : CONDITION_FROZEN, off);
	happen(p, HAPPEN_STARVE, at, off + on);
}

/* --- Work. --- */

static void
fire_event(struct pool *p, size_t at)
{
	struct gossip_event event = { .kind = GOSSIP_USER_EVENT };
	char name[24];

	if (p->event_count == EVENTS_MAX)
		return;
	snprintf(name, sizeof(name), "evnt-%zu", p->event_count++);
	event.as.user_event.id = UINT64_MAX;
	event.as.user_event.name = slice_of_text(name);
	event.as.user_event.payload = SLICE("something");
	p->counts.events++;
	node_step(p, at, &event);
}

static void
ask(struct pool *p, size_t at)
{
	struct gossip_event event = { .kind = GOSSIP_QUERY };

	p->query_id = FIRST_QUERY + p->counts.queries;
	p->query_acks = p->query_replies = 0;
	p->is_query_done = false;
	event.as.query.id = p->query_id;
	event.as.query.name = SLICE("who");
	event.as.query.wants_ack = true;
	event.as.query.relay_factor = 2;
	p->counts.queries++;
	node_step(p, at, &event);
}

static void
work_tags(struct pool *p, size_t at)
{
	struct gossip_event event = { .kind = GOSSIP_SET_META };
	char tags[24];

	snprintf(tags, sizeof(tags), "tags %" PRIu64, roll(p, 100));
	event.as.meta = slice_of_text(tags);
	node_step(p, at, &event);
}

static void
work_leave(struct pool *p, size_t at)
{
	/* A tenth may go. */
	if (p->counts.leaves >= p->node_count / 10)
		return;
	p->counts.leaves++;
	node_step(p, at, &(struct gossip_event){ GOSSIP_LEAVE });
}

static void
work_force_leave(struct pool *p, size_t at)
{
	struct gossip_event event = { .kind = GOSSIP_FORCE_LEAVE };
	const struct node *who = &p->nodes[some_node(p)];

	event.as.force_leave.id = UINT64_MAX;
	event.as.force_leave.name = slice_of_text(who->name);
	if (who->g == NULL)
		node_step(p, at, &event);
}

void
on_work(struct pool *p)
{
	static void (*const works[])(struct pool *, size_t) = { fire_event, ask,
		work_tags, work_leave, work_force_leave };
	size_t at = some_node(p);

	if (p->is_idle)
		return;
	happen(p, HAPPEN_WORK, 0, (int64_t)roll(p, 2 * WORK_MS * MS) + 1);
	if (p->nodes[at].g != NULL && p->nodes[at].condition == CONDITION_WELL)
		works[roll(p, sizeof(works) / sizeof(works[0]))](p, at);
}

/* --- Calm, and what must be true then. --- */

static void
calm_down(struct pool *p)
{
	p->is_calm = p->is_idle = true;
	p->is_cut = false;
	p->loss = p->doubling = 0;
	p->delay_ns = 2 * MS;
	for (size_t i = 0; i < p->node_count; i++) {
		struct node *node = &p->nodes[i];

		node->is_starved = false;
		if (node->condition != CONDITION_WELL)
			node_awake(p, i);
		if (node->g == NULL && node->was_started && !node->has_left) {
			node_start(p, i);
			node_join(p, i);
		}
	}
}

static size_t
running(struct pool *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->node_count; i++)
		count += p->nodes[i].g != NULL;
	return (count);
}

static size_t
running_node(struct pool *p)
{
	size_t at = some_node(p);

	while (p->nodes[at].g == NULL)
		at = (at + 1) % p->node_count;
	return (at);
}

static size_t
without_event(const struct pool *p, size_t event)
{
	for (size_t at = 0; at < p->node_count; at++)
		if (p->nodes[at].g != NULL && !p->has_event[event][at])
			return (at);
	return (SIZE_MAX);
}

/* Whom gossip has missed, and with that many there is one now and then, gets
 * it with a push/pull. */
static void
check_events_spread(struct pool *p, size_t first)
{
	for (size_t i = first; i < p->event_count; i++) {
		for (int64_t s = 0; s < PULLED_S; s++)
			if (without_event(p, i) != SIZE_MAX)
				run_for(p, SECOND);
		if (without_event(p, i) != SIZE_MAX)
			broken(p, "%s missed event %zu",
			    p->nodes[without_event(p, i)].name, i);
	}
}

/* What is said in calm reaches everybody. */
static void
check_spread(struct pool *p)
{
	size_t first;

	/* Who fires with a clock behind the others' is not heard by those
	 * that have joined since: let push/pulls set the clocks. */
	run_for(p, CLOCKS_S * SECOND);
	if (p->event_count > EVENTS_MAX - 3)
		p->event_count = EVENTS_MAX - 3;
	first = p->event_count;
	memset(p->has_event[first], 0,
	    (EVENTS_MAX - first) * sizeof(p->has_event[0]));
	for (size_t i = 0; i < 3; i++)
		fire_event(p, running_node(p));
	ask(p, running_node(p));
	run_for(p, SPREAD_S * SECOND);
	check_events_spread(p, first);
	/* Queries have nothing but gossip. */
	if (!p->is_query_done || p->query_acks < running(p) * 9 / 10 ||
	    p->query_replies < running(p) * 9 / 10)
		broken(p, "of %zu, %zu acknowledged a query and %zu replied",
		    running(p), p->query_acks, p->query_replies);
}

static void
run_faults(uint64_t seed)
{
	struct pool *p = pool_new(seed, 40);
	int64_t booted, calmed;

	p->node_count = 40;
	boot(p);
	booted = run_until_converged(p, BOOT_S * SECOND, 100 * MS);
	expect_converged(p, booted, "after the start");
	happen(p, HAPPEN_FAULT, 0, MS);
	happen(p, HAPPEN_WORK, 0, MS);
	run_for(p, WILD_S * SECOND);
	calm_down(p);
	calmed = run_until_converged(p, CALM_S * SECOND, 500 * MS);
	expect_converged(p, calmed, "after calm");
	check_spread(p);
	printf("ok - gossip seed %" PRIu64 ": %zu members, together in %.1f s, "
	       "%" PRIu64 " steps, %" PRIu64 " packets, %" PRIu64 " crashes, "
	       "%" PRIu64 " cuts, %" PRIu64 " freezes, %" PRIu64 " stalls, "
	       "%" PRIu64 " leaves, %" PRIu64 " events; true again in %.1f s\n",
	    seed, p->node_count, seconds(booted), p->counts.steps,
	    p->counts.packets, p->counts.crashes, p->counts.cuts,
	    p->counts.freezes, p->counts.stalls, p->counts.leaves,
	    p->counts.events, seconds(calmed));
	fflush(stdout);
	pool_clear(p);
}

/* --- The worth of Lifeguard. --- */

#define STARVED_OF 8 /* one in so many is short of CPU */

static struct counts
run_starved(
    uint64_t seed, size_t members, int64_t for_s, bool is_without_lifeguard)
{
	struct pool *p = pool_new(seed, members);
	struct counts counts;

	p->is_without_lifeguard = is_without_lifeguard;
	boot(p);
	expect_converged(p, run_until_converged(p, BOOT_S * SECOND, 100 * MS),
	    "after the start");
	p->loss = 20;
	for (size_t i = 0; i < p->node_count; i += STARVED_OF - 1) {
		p->nodes[i].is_starved = true;
		happen(p, HAPPEN_STARVE, i, (int64_t)roll(p, SECOND));
	}
	run_for(p, for_s * SECOND);
	counts = p->counts;
	pool_clear(p);
	return (counts);
}

static void
add_counts(struct counts *to, const struct counts *more)
{
	to->false_failures += more->false_failures;
	to->false_at_well += more->false_at_well;
	to->slow_failures += more->slow_failures;
}

static void
run_lifeguard(uint64_t seed, unsigned runs, size_t members, int64_t for_s)
{
	struct counts without = { 0 }, with = { 0 };

	for (unsigned i = 0; i < runs; i++) {
		struct counts counts =
		    run_starved(seed + i, members, for_s, true);

		add_counts(&without, &counts);
		counts = run_starved(seed + i, members, for_s, false);
		add_counts(&with, &counts);
	}
	printf("%s - %zu members, %" PRId64 " s, every seventh short of CPU: "
	       "healthy ones taken for failed %" PRIu64
	       " times without Lifeguard, %" PRIu64
	       " with; by healthy ones %" PRIu64 ", %" PRIu64
	       "; starved ones taken for it: %" PRIu64 ", %" PRIu64 "\n",
	    without.false_failures > 0 &&
		    with.false_failures * 20 <= without.false_failures
		? "ok"
		: "not ok",
	    members, for_s * runs, without.false_failures, with.false_failures,
	    without.false_at_well, with.false_at_well, without.slow_failures,
	    with.slow_failures);
	fflush(stdout);
}

/* --- Many. --- */

static void
run_large(uint64_t seed, size_t members)
{
	struct pool *p = pool_new(seed, members);
	int64_t booted, failed;
	size_t victim;

	boot(p);
	booted = run_until_converged(p, BOOT_S * SECOND, 100 * MS);
	expect_converged(p, booted, "after the start");
	for (size_t i = 0; i < members / 100; i++) {
		victim = running_node(p);
		node_stop(p, victim);
	}
	failed = run_until_converged(p, 120 * SECOND, 200 * MS);
	expect_converged(p, failed, "after crashes");
	check_spread(p);
	if (p->counts.false_failures > 0)
		broken(p, "%" PRIu64 " false failures in a good net",
		    p->counts.false_failures);
	printf("ok - %zu members: together in %.1f s, crashes known to all in "
	       "%.1f s, %.1f packets a member and second\n",
	    members, seconds(booted), seconds(failed),
	    (double)p->counts.packets / (double)members / seconds(p->now.ns));
	fflush(stdout);
	pool_clear(p);
}

/* In a net that loses one packet in twenty nobody may be taken for failed, or
 * hardly anybody; cut off for a while all are, and come together again. */
static void
run_large_faults(uint64_t seed, size_t members)
{
	struct pool *p = pool_new(seed, members);
	uint64_t lost, cut;
	int64_t healed;

	boot(p);
	expect_converged(p, run_until_converged(p, BOOT_S * SECOND, 100 * MS),
	    "after the start");
	p->loss = 50;
	run_for(p, LOSSY_S * SECOND);
	lost = p->counts.false_failures;
	if (lost > members / 100)
		broken(p, "%" PRIu64 " false failures at 5%% loss", lost);
	p->loss = 0;
	for (size_t i = 0; i < p->node_count; i++)
		p->nodes[i].is_abroad = i % 4 == 0;
	p->is_cut = true;
	run_for(p, CUT_S * SECOND);
	cut = p->counts.false_failures - lost;
	p->is_cut = false;
	healed = run_until_converged(p, CALM_S * SECOND, 500 * MS);
	expect_converged(p, healed, "after the cut");
	printf("ok - %zu members: %d s at 5%% loss, %" PRIu64
	       " times one was taken for failed; a quarter cut off for %d s, "
	       "%" PRIu64 " times, and true again in %.1f s\n",
	    members, LOSSY_S, lost, CUT_S, cut, seconds(healed));
	fflush(stdout);
	pool_clear(p);
}

/* --- Clients that join one server. --- */

static void
run_clients(uint64_t seed, size_t members)
{
	struct pool *p = pool_new(seed, members);
	int64_t took;

	p->is_star = true;
	p->meta_bytes = 240;
	node_start(p, 0);
	p->nodes[0].has_joined = true;
	for (size_t i = 1; i < p->node_count; i++)
		happen(p, HAPPEN_RESTART, i,
		    (int64_t)roll(p, SECOND / 1000) * 1000);
	run_for(p, SECOND);
	took = run_until_converged(p, 120 * SECOND, 20 * MS);
	expect_converged(p, took, "after the start");
	printf("ok - %zu clients of one server see each other %.2f s after "
	       "the last has joined; %.0f packets, %.0f kB, %.1f push/pulls "
	       "each\n",
	    members, seconds(took), (double)p->counts.packets / (double)members,
	    (double)p->counts.bytes / 1e3 / (double)members,
	    (double)p->counts.pulls / (double)members);
	pool_clear(p);
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
	uint64_t seed = 1, seeds = 10, members = 200;
	int option;

	while ((option = getopt(argc, argv, "s:n:m:")) != -1) {
		if (option == 's')
			seed = strtoull(optarg, NULL, 10);
		else if (option == 'n')
			seeds = strtoull(optarg, NULL, 10);
		else if (option == 'm')
			members = strtoull(optarg, NULL, 10);
		else
			return (64);
	}
	if (members == 0 || members > NODES_MAX)
		return (64);
	signal(SIGABRT, on_abort);
	printf("1..%" PRIu64 "\n", seeds + 5);
	fflush(stdout);
	for (uint64_t i = 0; i < seeds; i++)
		run_faults(seed + i);
	run_lifeguard(seed, 3, 64, 180);
	run_lifeguard(seed, 1, members, SHORT_S);
	run_clients(seed, 100);
	run_large(seed, members);
	run_large_faults(seed, members);
	return (0);
}
