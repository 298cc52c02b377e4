/*
 * Log entries of any bytes: whatever comes, the state stays one that can be
 * written as a snapshot and read again, and a refused entry leaves no trace.
 *
 * Input  entries, each behind its size as a big-endian u16
 */
#include <assert.h>

#include "catalogd/fsm.h"
#include "catalogd/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
write_out(const struct state *s, struct buf *bytes)
{
	struct snapshot *snap = snapshot_take(s);

	while (snapshot_write(snap, 4096, bytes))
		;
	snapshot_free(snap);
}

/* Rows of a name that a lower-cased key cannot tell apart come back as one. */
static void
round_trip(const struct state *s)
{
	struct buf bytes = { 0 }, why = { 0 };
	struct snapshot_load load;
	struct state again;
	enum err err;

	write_out(s, &bytes);
	state_init(&again);
	snapshot_load_init(&load, &again);
	err = snapshot_load_piece(&load, buf_slice(&bytes), true, &why);
	assert(err == ERR_OK);
	for (size_t i = 0; i < TABLE_COUNT; i++)
		assert(again.counts[i] == s->counts[i]);
	snapshot_load_deinit(&load);
	state_deinit(&again);
	buf_deinit(&bytes);
	buf_deinit(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader from = reader(slice(data, size));
	struct fsm_result result = { 0 };
	uint64_t index = 1;
	struct state s;

	state_init(&s);
	while (from.rest.size > 2 && !from.has_failed) {
		size_t wanted = read_be16(&from);
		struct slice entry = read_bytes(
		    &from, wanted < from.rest.size ? wanted : from.rest.size);
		enum err err = fsm_apply(&s, index++, entry, &result);

		if (err != ERR_OK || result.is_refused)
			assert(s.change_count == 0);
	}
	round_trip(&s);
	fsm_result_deinit(&result);
	state_deinit(&s);
	return (0);
}
