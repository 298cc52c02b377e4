/*
 * Coordinates (gossipd/coord.c). The other's coordinate is one that Serf sent
 * (tests/vectors/gossip/udp-ack.hex); the expected values come from the page's
 * formulas, computed apart from this code.
 */
#include <math.h>
#include <string.h>

#include "gossipd/coord.h"
#include "tests/lib/tap.h"

static const struct coord other = {
	.vec = { -4.101792931191526e-05, 7.627291880291979e-05,
	    4.656972410908125e-05, 4.9730083473387694e-05,
	    -7.473987135066751e-06, -9.655295706130588e-05,
	    2.6740945941787382e-05, -4.262067435435868e-05 },
	.error = 1.4355169605398943,
	.adjustment = 2.7140115625000003e-05,
	.height = 1e-05,
};

static bool
is_near(double a, double b)
{
	return (fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b)));
}

static struct coord_self
fresh(void)
{
	struct coord_self self;

	coord_init(&self);
	return (self);
}

static void
test_start(void)
{
	struct coord_self self = fresh();

	CHECK(self.coord.error == 1.5);
	CHECK(self.coord.height == 10e-6);
	CHECK(self.coord.adjustment == 0);
	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		CHECK(self.coord.vec[i] == 0);
}

static void
test_real_values(void)
{
	static const int64_t rtts_us[] = { 420, 300, 9000, 510 };
	static const struct coord expected[] = {
		{ { 7.357881552415177e-06, -1.3681994962282011e-05,
		      -8.35377406103569e-06, -8.920685903142698e-06,
		      1.3406993718749527e-06, 1.731987044470688e-05,
		      -4.796846553198706e-06, 7.645385294774828e-06 },
		    1.3746187014011542, 5.337656713352518e-06,
		    1.3587641533758422e-05 },
		{ { 1.321310143371842e-05, -2.4569787643960682e-05,
		      -1.5001500531983849e-05, -1.6019546775372656e-05,
		      2.4075947222732276e-06, 3.11025943234511e-05,
		      -8.614058220139819e-06, 1.372939353264801e-05 },
		    1.259225121351808, 1.0050483483784736e-05,
		    1.6442597735234477e-05 },
		{ { 1.788863528015272e-05, -3.326395186462487e-05,
		      -2.0309869943695384e-05, -2.168815785268231e-05,
		      3.2595363098674123e-06, 4.2108430704916506e-05,
		      -1.1662193509606455e-05, 1.858762038233375e-05 },
		    1.1542096824817791, 1.4264368522474568e-05,
		    1.8722348834875676e-05 },
		{ { 2.4287938763005607e-05, -4.5163469054564884e-05,
		      -2.757532197128401e-05, -2.9446664966823005e-05,
		      4.425570595521533e-06, 5.717188429136254e-05,
		      -1.5834111287287916e-05, 2.5236971883316457e-05 },
		    1.0730473180394606, 2.0045362649000065e-05,
		    2.1842595558312978e-05 },
	};
	struct coord_self self = fresh();
	struct coord_peer peer = { .rtt_count = 0 };
	uint64_t random = 1;

	for (size_t i = 0; i < 4; i++) {
		CHECK(coord_update(&self, &peer, &other,
		    NANOSECONDS(rtts_us[i] * 1000), &random));
		for (size_t d = 0; d < COORD_DIMENSIONS; d++)
			CHECK(is_near(self.coord.vec[d], expected[i].vec[d]));
		CHECK(is_near(self.coord.error, expected[i].error));
		CHECK(is_near(self.coord.adjustment, expected[i].adjustment));
		CHECK(is_near(self.coord.height, expected[i].height));
	}
	CHECK(memcmp(&peer.coord, &other, sizeof(other)) == 0);
	CHECK_EQ(random, 1); /* never at one place: no chance needed */
}

static void
test_distance(void)
{
	struct coord a = { .height = 0.001, .adjustment = 0.1 };
	struct coord b = { .height = 0.002, .adjustment = 0.2 };

	a.vec[0] = 3;
	b.vec[1] = 4;
	CHECK(is_near(coord_distance(&a, &b), 5.303));
	b.adjustment = -6; /* would be less than nothing: left out */
	CHECK(is_near(coord_distance(&a, &b), 5.003));
}

static void
test_nonsense_is_refused(void)
{
	struct coord_self self = fresh(), before = self;
	struct coord_peer peer = { .rtt_count = 0 };
	struct coord bad = other;
	uint64_t random = 1;

	CHECK(!coord_update(&self, &peer, &other, NANOSECONDS(-1), &random));
	CHECK(!coord_update(&self, &peer, &other, SECONDS(11), &random));
	bad.vec[3] = NAN;
	CHECK(!coord_update(&self, &peer, &bad, SECONDS(1), &random));
	bad = other;
	bad.height = INFINITY;
	CHECK(!coord_update(&self, &peer, &bad, SECONDS(1), &random));
	CHECK(memcmp(&self, &before, sizeof(self)) == 0);
	CHECK_EQ(peer.rtt_count, 0);
}

static void
test_reset(void)
{
	struct coord_self self = fresh();
	struct coord_peer peer = { .rtt_count = 0 };
	struct coord far = other;
	uint64_t random = 1;

	far.vec[0] = 1e308;
	far.vec[1] = 1e308;
	CHECK(coord_update(&self, &peer, &far, SECONDS(1), &random));
	CHECK_EQ(self.resets, 1);
	CHECK(coord_is_finite(&self.coord));
	CHECK(self.coord.error == 1.5);
}

/* At one place, they part in some direction. */
static void
test_same_place(void)
{
	struct coord_self self = fresh();
	struct coord_peer peer = { .rtt_count = 0 };
	struct coord same = self.coord;
	double moved = 0;
	uint64_t random = 5;

	CHECK(coord_update(&self, &peer, &same, MILLISECONDS(10), &random));
	for (size_t i = 0; i < COORD_DIMENSIONS; i++)
		moved += fabs(self.coord.vec[i]);
	CHECK(moved > 0.0005);
	CHECK(random != 5);
}

/* Three in a line, 10 ms from one to the next: estimates come close. */
static void
test_converges(void)
{
	struct coord_self nodes[3];
	struct coord_peer peers[3][3];
	uint64_t random = 3;

	memset(peers, 0, sizeof(peers));
	for (size_t i = 0; i < 3; i++)
		coord_init(&nodes[i]);
	for (size_t round = 0; round < 600; round++) {
		size_t a = round % 3, b = (a + 1 + round / 3 % 2) % 3;
		int64_t apart = a > b ? (int64_t)(a - b) : (int64_t)(b - a);

		CHECK(coord_update(&nodes[a], &peers[a][b], &nodes[b].coord,
		    MILLISECONDS(10 * apart), &random));
	}
	CHECK(fabs(coord_distance(&nodes[0].coord, &nodes[1].coord) - 0.010) <
	      0.002);
	CHECK(fabs(coord_distance(&nodes[0].coord, &nodes[2].coord) - 0.020) <
	      0.003);
	CHECK(nodes[1].coord.error < 0.2);
}

int
main(void)
{
	RUN(test_start);
	RUN(test_real_values);
	RUN(test_distance);
	RUN(test_nonsense_is_refused);
	RUN(test_reset);
	RUN(test_same_place);
	RUN(test_converges);
	return (tap_done());
}
