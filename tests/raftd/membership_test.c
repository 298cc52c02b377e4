/* Configurations: changes, quorums, and their bytes. */
#include <string.h>

#include "raftd/codec.h"
#include "raftd/membership.h"
#include "tests/lib/tap.h"

static struct member
member(const char *id, const char *address, enum suffrage suffrage)
{
	return ((struct member){
	    raft_name_of(id), raft_name_of(address), suffrage });
}

static struct membership
three(void)
{
	struct membership all = { .count = 3 };

	all.members[0] = member("a", "1.1.1.1:1", SUFFRAGE_VOTER);
	all.members[1] = member("b", "1.1.1.2:1", SUFFRAGE_VOTER);
	all.members[2] = member("c", "1.1.1.3:1", SUFFRAGE_NONVOTER);
	return (all);
}

static bool
change(struct membership *all, enum change_kind kind, const char *id,
    const char *address)
{
	struct change one = { kind, raft_name_of(id), raft_name_of(address) };

	return (membership_change(all, &one, all));
}

static void
test_quorum(void)
{
	struct membership all = three();

	CHECK_EQ(membership_voter_count(&all), 2);
	CHECK_EQ(membership_quorum(&all), 2);
	CHECK(change(&all, CHANGE_ADD_VOTER, "c", "1.1.1.3:1"));
	CHECK_EQ(all.count, 3);
	CHECK_EQ(membership_quorum(&all), 2);
	CHECK(change(&all, CHANGE_ADD_VOTER, "d", "1.1.1.4:1"));
	CHECK_EQ(membership_quorum(&all), 3);
	CHECK(change(&all, CHANGE_REMOVE, "a", ""));
	CHECK(membership_find(&all, &(struct raft_name){ "a" }) == NULL);
	CHECK_EQ(membership_quorum(&all), 2);
}

static void
test_adding_a_nonvoter_takes_no_vote(void)
{
	struct membership all = three();

	CHECK(change(&all, CHANGE_ADD_NONVOTER, "a", "9.9.9.9:1"));
	CHECK(membership_is_voter(&all, &(struct raft_name){ "a" }));
	CHECK(strcmp(all.members[0].address.text, "9.9.9.9:1") == 0);
	CHECK(change(&all, CHANGE_DEMOTE, "a", ""));
	CHECK(!membership_is_voter(&all, &(struct raft_name){ "a" }));
}

static void
test_unsound_changes_are_refused(void)
{
	struct membership all = three();

	CHECK(!change(&all, CHANGE_ADD_VOTER, "d", "1.1.1.2:1"));
	CHECK(!change(&all, CHANGE_ADD_VOTER, "d", ""));
	CHECK(!change(&all, CHANGE_ADD_VOTER, "", "1.1.1.9:1"));
	CHECK_EQ(all.count, 3);
	CHECK(change(&all, CHANGE_REMOVE, "a", ""));
	CHECK(!change(&all, CHANGE_REMOVE, "b", "")); /* the last vote */
	CHECK(!change(&all, CHANGE_DEMOTE, "b", ""));
	CHECK_EQ(all.count, 2);
}

static void
test_no_room(void)
{
	struct membership all = { 0 };
	char id[16], address[32];

	for (int i = 0; i < RAFT_SERVERS_MAX; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		snprintf(address, sizeof(address), "10.0.0.%d:1", i);
		CHECK(change(&all, CHANGE_ADD_VOTER, id, address));
	}
	CHECK(!change(&all, CHANGE_ADD_VOTER, "more", "10.0.1.1:1"));
	CHECK(change(&all, CHANGE_REMOVE, "n5", ""));
	CHECK(change(&all, CHANGE_ADD_VOTER, "more", "10.0.1.1:1"));
	CHECK_EQ(all.count, RAFT_SERVERS_MAX);
}

static void
test_bytes_both_ways(void)
{
	struct membership all = three(), back;
	struct buf bytes = { 0 };

	codec_put_membership(&bytes, &all);
	CHECK_EQ(codec_get_membership(buf_slice(&bytes), &back), ERR_OK);
	CHECK_EQ(back.count, 3);
	CHECK_EQ(back.members[2].suffrage, SUFFRAGE_NONVOTER);
	CHECK(strcmp(back.members[1].address.text, "1.1.1.2:1") == 0);
	/* A cut one, at every place, is refused and nothing is touched. */
	for (size_t size = 0; size < bytes.size; size++)
		CHECK(codec_get_membership(slice(bytes.data, size), &back) !=
		      ERR_OK);
	CHECK_EQ(back.count, 3);
	buf_deinit(&bytes);
}

static void
test_bytes_that_do_not_fit(void)
{
	struct membership all = three(), back;
	struct buf bytes = { 0 };

	all.members[1].id = all.members[0].id;
	codec_put_membership(&bytes, &all);
	CHECK_EQ(codec_get_membership(buf_slice(&bytes), &back), ERR_INVALID);
	buf_reset(&bytes);
	all = three();
	all.members[0].suffrage = (enum suffrage)7;
	codec_put_membership(&bytes, &all);
	CHECK_EQ(codec_get_membership(buf_slice(&bytes), &back), ERR_INVALID);
	buf_deinit(&bytes);
}

/* The data of a real Consul's entry: tests/vectors/raft, configuration. */
static void
test_bytes_of_consul(void)
{
	static const char hex[] =
	    "81a7536572766572739483a741646472657373af3132372e32322e302e333a38"
	    "333030a24944da002461356239393664662d353534612d626332302d30663266"
	    "2d623737646334663661346138a853756666726167650083a741646472657373"
	    "af3132372e32322e302e323a38333030a24944da002430313462373836352d66"
	    "3562342d333737632d373564352d326234613937623431336464a85375666672"
	    "6167650083a741646472657373af3132372e32322e302e313a38333030a24944"
	    "da002434313433653466312d346266312d663435322d356265322d3462303534"
	    "38643765313465a853756666726167650083a741646472657373af3132372e32"
	    "322e302e343a38333030a24944da002432643865626435392d613232632d3939"
	    "61312d366631382d626531623232333839313835a8537566667261676501";
	struct membership all;
	struct buf bytes = { 0 }, again = { 0 };
	unsigned byte;

	for (size_t i = 0; sscanf(hex + i, "%2x", &byte) == 1; i += 2)
		buf_put_u8(&bytes, (uint8_t)byte);
	CHECK_EQ(codec_get_membership(buf_slice(&bytes), &all), ERR_OK);
	CHECK_EQ(all.count, 4);
	CHECK_EQ(membership_voter_count(&all), 3);
	CHECK(strcmp(all.members[3].address.text, "127.22.0.4:8300") == 0);
	codec_put_membership(&again, &all);
	CHECK(slice_equal(buf_slice(&again), buf_slice(&bytes)));
	buf_deinit(&bytes);
	buf_deinit(&again);
}

int
main(void)
{
	RUN(test_quorum);
	RUN(test_adding_a_nonvoter_takes_no_vote);
	RUN(test_unsound_changes_are_refused);
	RUN(test_no_room);
	RUN(test_bytes_both_ways);
	RUN(test_bytes_that_do_not_fit);
	RUN(test_bytes_of_consul);
	return (tap_done());
}
