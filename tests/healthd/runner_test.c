/* The runner keeps to its limits, whatever healthd asks of it. */
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/arena.h"
#include "healthd/errand.h"
#include "healthd/helper.h"
#include "healthd/local.h"
#include "healthd/runner.h"
#include "healthd/script_rules.h"
#include "tests/lib/tap.h"

#define SCRIPTS_MAX 1024 /* of runner.c */
#define PIECE	    (128 * 1024)
#define ANSWER_MS   20000

static struct runner_ends ends;
static struct arena arena;
static char piece[PIECE];
static struct slice program = SLICE("/bin/true");

static bool
request_send(uint64_t run, size_t size, bool is_input_more)
{
	struct probe_request q = {
		.run = run,
		.kind = PROBE_HANDLER,
		.check.script_args = { &program, 1 },
		.input = slice(piece, size),
		.output_max = 4096,
		.is_input_more = is_input_more,
	};
	struct buf bytes = { 0 };
	bool is_sent;

	type_encode(&probe_request_type, &q, &bytes);
	is_sent = send(ends.scripts, bytes.data, bytes.size, MSG_NOSIGNAL) ==
		  (ssize_t)bytes.size;
	buf_deinit(&bytes);
	return (is_sent);
}

static bool
cancel_send(uint64_t run)
{
	struct probe_request q = { .run = run, .is_cancel = true };
	struct buf bytes = { 0 };
	bool is_sent;

	type_encode(&probe_request_type, &q, &bytes);
	is_sent = send(ends.scripts, bytes.data, bytes.size, MSG_NOSIGNAL) ==
		  (ssize_t)bytes.size;
	buf_deinit(&bytes);
	return (is_sent);
}

/* How the run ended that is the next to be told of; RUN_OUTPUT for none. */
static uint64_t
answer(uint64_t *run)
{
	static uint8_t bytes[HELPER_MESSAGE_MAX];
	struct pollfd fd = { .fd = ends.scripts, .events = POLLIN };
	struct probe_result result = { .end = RUN_OUTPUT };
	ssize_t size;

	*run = 0;
	if (poll(&fd, 1, ANSWER_MS) <= 0)
		return (RUN_OUTPUT);
	size = recv(ends.scripts, bytes, sizeof(bytes), 0);
	if (size <= 0 ||
	    type_decode_all(&probe_result_type, slice(bytes, (size_t)size),
		&arena, &result) != ERR_OK)
		return (RUN_OUTPUT);
	*run = result.run;
	return (result.end);
}

static void
test_more_runs_than_there_is_room_for(void)
{
	const uint64_t many = 3 * SCRIPTS_MAX;
	uint64_t run;

	for (uint64_t i = 1; i <= many; i++)
		CHECK(request_send(i, 1, true));
	/* One place is free, but not for what has lost a piece. */
	CHECK(cancel_send(1));
	CHECK(request_send(many, 1, false));
	CHECK_EQ(answer(&run), RUN_NOT_STARTED);
	CHECK_EQ(run, many);
	CHECK(request_send(many + 1, 1, true));
	CHECK(request_send(many + 1, 1, false));
	CHECK_EQ(answer(&run), RUN_DONE);
	CHECK_EQ(run, many + 1);
	for (uint64_t i = 2; i <= SCRIPTS_MAX; i++)
		CHECK(cancel_send(i));
}

static void
test_more_input_than_a_script_may_be_given(void)
{
	const uint64_t first = 10 * SCRIPTS_MAX;
	uint64_t run;

	for (size_t size = 0; size <= ERRAND_INPUT_MAX; size += PIECE)
		CHECK(request_send(first, PIECE, true));
	CHECK(request_send(first, 1, false));
	CHECK_EQ(answer(&run), RUN_NOT_STARTED);
	CHECK_EQ(run, first);
	CHECK(request_send(first + 1, PIECE, true));
	CHECK(request_send(first + 1, 1, false));
	CHECK_EQ(answer(&run), RUN_DONE);
	CHECK_EQ(run, first + 1);
}

/* The kernel counts what a user runs: of the agent's own user that may be
 * more than any script may start. */
static void
test_processes_are_limited_of_an_own_user_only(void)
{
	const struct limits_keys keys = {
		.script_max_processes = 2048,
		.script_max_open_files = 4096,
	};
	struct script_limits own, shared;

	script_limits_from(&keys, true, &own);
	script_limits_from(&keys, false, &shared);
	CHECK_EQ(own.count, shared.count + 1);
	for (size_t i = 0; i < shared.count; i++)
		CHECK(shared.rows[i].resource != RLIMIT_NPROC);
}

int
main(void)
{
	struct config_keys keys = { 0 };

	ends = runner_start(&keys);
	RUN(test_more_runs_than_there_is_room_for);
	RUN(test_more_input_than_a_script_may_be_given);
	RUN(test_processes_are_limited_of_an_own_user_only);
	arena_deinit(&arena);
	return (tap_done());
}
