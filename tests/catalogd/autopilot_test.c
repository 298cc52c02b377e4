/* Who is well, who earns a vote, who is dead: autopilot.c. */
#include "catalogd/autopilot.h"
#include "tests/lib/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct autopilot_target target = { 1000, 7 };

static struct autopilot_server
well(const char *id, bool is_voter)
{
	return ((struct autopilot_server){ .is_in_raft = true,
	    .health = {
		.id = slice_of_text(id),
		.serf_status = MEMBER_ALIVE,
		.last_contact = MILLISECONDS(20),
		.last_term = 7,
		.last_index = 1000,
		.voter = is_voter,
	    } });
}

static bool
is_well(struct autopilot_server one)
{
	struct autopilot_config config = autopilot_default();
	struct autopilot_servers all = { &one, 1 }, before = { 0 };

	autopilot_judge(&all, &before, &config, &target, (struct instant){ 1 });
	return (one.health.healthy);
}

static void
test_well(void)
{
	struct autopilot_server one = well("a", true);

	CHECK(is_well(one));
	one.health.last_contact = MILLISECONDS(200);
	one.health.last_index = 750;
	CHECK(is_well(one));
}

static void
test_ill(void)
{
	struct autopilot_server one = well("a", true);

	one.health.serf_status = MEMBER_FAILED;
	CHECK(!is_well(one));
	one = well("a", true);
	one.health.last_contact = MILLISECONDS(201);
	CHECK(!is_well(one));
	one.health.last_contact = NANOSECONDS(-1); /* never, or no answer */
	CHECK(!is_well(one));
	one = well("a", true);
	one.health.last_term = 6;
	CHECK(!is_well(one));
	one = well("a", true);
	one.health.last_index = 749;
	CHECK(!is_well(one));
}

static void
test_stable_since(void)
{
	struct autopilot_config config = autopilot_default();
	struct autopilot_server was = well("a", false), is = was;
	struct autopilot_servers before = { &was, 1 }, all = { &is, 1 };
	struct autopilot_servers none = { 0 };
	struct instant start = { SECONDS(100).ns };

	autopilot_judge(&before, &none, &config, &target, start);
	CHECK_EQ(was.stable_since.ns, start.ns);
	autopilot_judge(
	    &all, &before, &config, &target, instant_add(start, SECONDS(9)));
	CHECK_EQ(is.stable_since.ns, start.ns);
	CHECK(
	    !autopilot_promotes(&is, &config, instant_add(start, SECONDS(9))));
	CHECK(
	    autopilot_promotes(&is, &config, instant_add(start, SECONDS(10))));
	is.health.last_term = 1; /* falls ill: begins anew */
	autopilot_judge(
	    &all, &before, &config, &target, instant_add(start, SECONDS(11)));
	CHECK_EQ(is.stable_since.ns, start.ns + SECONDS(11).ns);
	CHECK(
	    !autopilot_promotes(&is, &config, instant_add(start, SECONDS(60))));
}

static void
test_who_is_promoted(void)
{
	struct autopilot_config config = autopilot_default();
	struct autopilot_server one = well("a", true);
	struct instant late = { SECONDS(1000).ns };

	one.health.healthy = true;
	CHECK(!autopilot_promotes(&one, &config, late)); /* has a vote */
	one.health.voter = false;
	CHECK(autopilot_promotes(&one, &config, late));
	one.is_kept_nonvoter = true;
	CHECK(!autopilot_promotes(&one, &config, late));
	one.is_kept_nonvoter = one.is_in_raft = false;
	CHECK(!autopilot_promotes(&one, &config, late));
}

static void
test_tolerance(void)
{
	struct autopilot_config config = autopilot_default();
	struct autopilot_server items[] = { well("a", true), well("b", true),
		well("c", true), well("d", false) };
	struct autopilot_servers all = { items, COUNT(items) }, before = { 0 };
	struct operator_health_reply reply;
	struct arena arena;

	arena_init(&arena);
	autopilot_judge(&all, &before, &config, &target, (struct instant){ 1 });
	autopilot_reply(&all, &arena, &reply);
	CHECK(reply.healthy);
	CHECK_EQ(reply.failure_tolerance, 1);
	CHECK_EQ(reply.servers.count, 4);
	items[1].health.healthy = false;
	items[3].is_in_raft = false;
	autopilot_reply(&all, &arena, &reply);
	CHECK(!reply.healthy);
	CHECK_EQ(reply.failure_tolerance, 0);
	CHECK_EQ(reply.servers.count, 3);
	arena_deinit(&arena);
}

/* --- The dead. --- */

struct cluster {
	struct autopilot_config config;
	struct autopilot_server items[6];
	enum autopilot_end ends[6];
	size_t count;
};

static struct cluster
cluster(size_t voters)
{
	struct cluster c = { .config = autopilot_default(), .count = voters };

	for (size_t i = 0; i < voters; i++)
		c.items[i] = well("x", true);
	return (c);
}

static size_t
buried(struct cluster *c)
{
	struct autopilot_servers all = { c->items, c->count };
	size_t count = 0;

	autopilot_bury(&all, &c->config, c->ends);
	for (size_t i = 0; i < c->count; i++)
		count += c->ends[i] != AUTOPILOT_STAYS;
	return (count);
}

static void
test_a_minority_is_buried(void)
{
	struct cluster c = cluster(5);

	CHECK_EQ(buried(&c), 0);
	c.items[0].health.serf_status = MEMBER_FAILED;
	c.items[1].health.serf_status = MEMBER_NONE;
	CHECK_EQ(buried(&c), 2);
	CHECK_EQ(c.ends[0], AUTOPILOT_FORCE_LEAVE);
	CHECK_EQ(c.ends[1], AUTOPILOT_REMOVE);
	c.items[2].health.serf_status = MEMBER_FAILED;
	CHECK_EQ(buried(&c), 0);
	c.config.min_quorum = 4;
	c.items[2].health.serf_status = MEMBER_ALIVE;
	CHECK_EQ(buried(&c), 0);
}

static void
test_two_keep_each_other(void)
{
	struct cluster c = cluster(2);

	c.items[1].health.serf_status = MEMBER_FAILED;
	CHECK_EQ(buried(&c), 0);
}

static void
test_non_voters_go_at_once(void)
{
	struct cluster c = cluster(2);

	c.items[1].health.voter = false;
	c.items[1].health.serf_status = MEMBER_FAILED;
	CHECK_EQ(buried(&c), 1);
	CHECK_EQ(c.ends[1], AUTOPILOT_FORCE_LEAVE);
	c.config.cleanup_dead_servers = false;
	CHECK_EQ(buried(&c), 0);
}

static void
test_who_leaves_is_not_dead(void)
{
	struct cluster c = cluster(3);

	c.items[0].health.serf_status = MEMBER_LEFT;
	c.items[1].health.serf_status = MEMBER_LEAVING;
	CHECK_EQ(buried(&c), 0);
}

/* A failed server that is in Raft no more: it is only forced out. */
static void
test_only_the_pool_knows_it(void)
{
	struct cluster c = cluster(4);

	c.items[3].is_in_raft = false;
	c.items[3].health.serf_status = MEMBER_FAILED;
	CHECK_EQ(buried(&c), 1);
	CHECK_EQ(c.ends[3], AUTOPILOT_FORCE_LEAVE);
	c.config.cleanup_dead_servers = false;
	CHECK_EQ(buried(&c), 0);
}

int
main(void)
{
	RUN(test_well);
	RUN(test_ill);
	RUN(test_stable_since);
	RUN(test_who_is_promoted);
	RUN(test_tolerance);
	RUN(test_a_minority_is_buried);
	RUN(test_two_keep_each_other);
	RUN(test_non_voters_go_at_once);
	RUN(test_who_leaves_is_not_dead);
	RUN(test_only_the_pool_knows_it);
	return (tap_done());
}
