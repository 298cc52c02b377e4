/* Who should take part in Raft: quorum.c, case by case. */
#include "catalogd/quorum.h"
#include "tests/lib/tap.h"

#define S(text) slice_of_text(text)

static struct raft_server
server(const char *id, const char *address, bool is_voter)
{
	return ((struct raft_server){
	    .id = S(id), .address = S(address), .voter = is_voter });
}

static struct quorum_member
member(const char *name, const char *id, const char *address)
{
	return ((struct quorum_member){ .name = S(name),
	    .id = S(id),
	    .address = S(address),
	    .is_alive = true });
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The next step for these; self is "a". */
#define NEXT(servers, members)                            \
	quorum_next(                                      \
	    &(struct raft_configuration_response){        \
		.servers = { servers, COUNT(servers) } }, \
	    &(struct quorum_members){ members, COUNT(members) }, S("a"))

static void
test_as_it_should_be(void)
{
	struct raft_server servers[] = { server("a", "1:1", true),
		server("b", "2:1", true), server("c", "3:1", false) };
	struct quorum_member members[] = { member("na", "a", "1:1"),
		member("nb", "b", "2:1"), member("nc", "c", "3:1") };

	CHECK_EQ(NEXT(servers, members).action, QUORUM_NOTHING);
}

static void
test_new_one_has_no_vote(void)
{
	struct raft_server servers[] = { server("a", "1:1", true) };
	struct quorum_member members[] = { member("na", "a", "1:1"),
		member("nb", "b", "2:1") };
	struct quorum_step step = NEXT(servers, members);

	CHECK_EQ(step.action, QUORUM_ADD_NONVOTER);
	CHECK(slice_is(step.id, "b"));
	CHECK(slice_is(step.address, "2:1"));
	members[1].is_alive = false; /* it has failed */
	CHECK_EQ(NEXT(servers, members).action, QUORUM_NOTHING);
	members[1] = member("nb", "", "2:1"); /* not one of ours */
	CHECK_EQ(NEXT(servers, members).action, QUORUM_NOTHING);
}

static void
test_one_that_has_moved(void)
{
	struct raft_server servers[] = { server("a", "1:1", true),
		server("b", "2:1", true), server("c", "3:1", false) };
	struct quorum_member members[] = { member("na", "a", "1:1"),
		member("nb", "b", "2:9"), member("nc", "c", "3:9") };
	struct quorum_step step = NEXT(servers, members);

	CHECK_EQ(step.action, QUORUM_ADD_VOTER);
	CHECK(slice_is(step.id, "b"));
	CHECK(slice_is(step.address, "2:9"));
	servers[1] = server("b", "2:9", true);
	step = NEXT(servers, members);
	CHECK_EQ(step.action, QUORUM_ADD_NONVOTER);
	CHECK(slice_is(step.address, "3:9"));
}

static void
test_another_at_the_same_address(void)
{
	struct raft_server servers[] = { server("a", "1:1", true),
		server("old", "2:1", true) };
	struct quorum_member members[] = { member("na", "a", "1:1"),
		member("nb", "b", "2:1") };
	struct quorum_step step = NEXT(servers, members);

	CHECK_EQ(step.action, QUORUM_REMOVE);
	CHECK(slice_is(step.id, "old"));
}

static void
test_leaving(void)
{
	struct raft_server servers[] = { server("a", "1:1", true),
		server("b", "2:1", true) };
	struct quorum_member members[] = { member("na", "a", "1:1"),
		member("nb", "b", "2:1") };
	struct quorum_step step;

	members[1].is_alive = false; /* failed: stays */
	CHECK_EQ(NEXT(servers, members).action, QUORUM_NOTHING);
	members[1].has_left = true;
	step = NEXT(servers, members);
	CHECK_EQ(step.action, QUORUM_REMOVE);
	CHECK(slice_is(step.id, "b"));
	members[1] = members[0]; /* we ourselves, on our way out */
	members[0].is_alive = members[1].is_alive = false;
	members[0].has_left = members[1].has_left = true;
	CHECK_EQ(NEXT(servers, members).action, QUORUM_NOTHING);
}

/* n2 has left and is back as nb, with the same id. */
static void
test_a_node_that_was_renamed(void)
{
	struct raft_server servers[] = { server("a", "1:1", true),
		server("b", "2:1", true) };
	struct quorum_member members[] = { member("na", "a", "1:1"),
		member("n2", "b", "2:1"), member("nb", "b", "2:1") };

	members[1].is_alive = false;
	members[1].has_left = true;
	CHECK_EQ(NEXT(servers, members).action, QUORUM_NOTHING);
}

static void
test_two_that_were_told_to_bootstrap(void)
{
	struct raft_server servers[] = { server("a", "1:1", true) };
	struct quorum_member members[] = { member("na", "a", "1:1"),
		member("nb", "b", "2:1"), member("nc", "c", "3:1") };
	struct quorum_members all = { members, COUNT(members) };
	struct quorum_step step;

	members[0].is_bootstrap = members[1].is_bootstrap = true;
	step = NEXT(servers, members);
	CHECK_EQ(step.action, QUORUM_ADD_NONVOTER);
	CHECK(slice_is(step.id, "c")); /* but not b */
	CHECK(quorum_rival(&all, &members[0]) == &members[1]);
	CHECK(quorum_rival(&all, &members[2]) == NULL);
}

int
main(void)
{
	RUN(test_as_it_should_be);
	RUN(test_new_one_has_no_vote);
	RUN(test_one_that_has_moved);
	RUN(test_another_at_the_same_address);
	RUN(test_leaving);
	RUN(test_a_node_that_was_renamed);
	RUN(test_two_that_were_told_to_bootstrap);
	return (tap_done());
}
