/*
 * state.bin of any bytes, in two pieces: it is refused, or it gives a state
 * that can be written.
 */
#include <assert.h>

#include "catalogd/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
write_out(const struct state *s)
{
	struct snapshot *snap = snapshot_take(s);
	struct buf bytes = { 0 };

	while (snapshot_write(snap, 256, &bytes))
		;
	assert(bytes.size > 0);
	snapshot_free(snap);
	buf_deinit(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice(data, size);
	struct buf why = { 0 };
	struct snapshot_load load;
	struct state s;
	enum err err;

	state_init(&s);
	snapshot_load_init(&load, &s);
	err =
	    snapshot_load_piece(&load, slice_head(all, size / 2), false, &why);
	if (err == ERR_OK)
		err = snapshot_load_piece(
		    &load, slice_tail(all, size / 2), true, &why);
	assert((err == ERR_OK) == (why.size == 0));
	if (err == ERR_OK)
		write_out(&s);
	snapshot_load_deinit(&load);
	state_deinit(&s);
	buf_deinit(&why);
	return (0);
}
