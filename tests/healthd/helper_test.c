/* A helper that talks nonsense, or without end; scripts share its user. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "healthd/helper.h"
#include "tests/lib/tap.h"

static struct ev_loop *loop;
static unsigned results, losses;
static int ends[2];
static struct helper *helpers[2]; /* they live as long as we do */

static void
on_result(void *arg, const struct probe_result *result)
{
	(void)arg;
	(void)result;
	results++;
}

static void
on_gone(void *arg)
{
	(void)arg;
	losses++;
}

static void
begin(void)
{
	results = losses = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
		fatal("no socket pair");
	helpers[helpers[0] != NULL] =
	    helper_new(loop, ends[0], on_result, on_gone, NULL);
}

static void
end(void)
{
	ev_run(loop, EVRUN_NOWAIT);
	close(ends[1]);
	ev_run(loop, EVRUN_NOWAIT); /* it stops to listen */
	close(ends[0]);
}

static void
test_nonsense_is_left_out_and_then_it_counts_as_gone(void)
{
	char noise[1000];

	begin();
	memset(noise, 0x91, sizeof(noise));
	for (unsigned i = 1; i <= HELPER_NONSENSE_MAX; i++) {
		CHECK_EQ(losses, 0);
		CHECK(send(ends[1], noise, i * 100, 0) > 0);
		ev_run(loop, EVRUN_NOWAIT);
	}
	CHECK_EQ(losses, 1);
	CHECK_EQ(results, 0);
	end();
	CHECK_EQ(losses, 1);
}

static void
test_without_end_it_gets_its_share_of_a_turn(void)
{
	const struct probe_result result = { 0 };
	struct buf bytes = { 0 };
	unsigned sent = 0, turns = 0;

	begin();
	type_encode(&probe_result_type, &result, &bytes);
	while (sent < 200 &&
	       send(ends[1], bytes.data, bytes.size, MSG_DONTWAIT) > 0)
		sent++;
	CHECK(sent > 100);
	while (results < sent && turns < 100) {
		ev_run(loop, EVRUN_NOWAIT);
		turns++;
	}
	CHECK_EQ(results, sent);
	CHECK(turns > 1);
	CHECK_EQ(losses, 0);
	end();
	CHECK_EQ(losses, 1);
	buf_deinit(&bytes);
}

int
main(void)
{
	log_set_level(LOG_LEVEL_NONE);
	loop = ev_loop_new(EVFLAG_NOENV);
	RUN(test_nonsense_is_left_out_and_then_it_counts_as_gone);
	RUN(test_without_end_it_gets_its_share_of_a_turn);
	return (tap_done());
}
