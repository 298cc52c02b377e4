/*
 * Bytes of strangers as Raft's requests and replies: what is understood is
 * within its limits, and says the same when it is written again.
 *
 * The first byte is a request's type; with its highest bit it is a reply to
 * one.
 */
#include <assert.h>
#include <stdlib.h>

#include "raftd/raft_wire.h"
#include "raftd/whole.h"

static struct arena arena;

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
put_request(struct buf *out, const struct message *m)
{
	const struct entry *entries[WIRE_ENTRIES_MAX];

	if (m->kind == MESSAGE_VOTE)
		wire_put_vote(out, m, &m->peer);
	else if (m->kind == MESSAGE_TIMEOUT_NOW)
		wire_put_timeout_now(out);
	else {
		for (size_t i = 0; i < m->as.append.count; i++)
			entries[i] = &m->as.append.entries[i];
		wire_put_append(out, m, &m->peer, entries);
	}
}

static void
check_append(const struct message *a, const struct message *b)
{
	assert(a->as.append.count == b->as.append.count);
	assert(a->as.append.prev_index == b->as.append.prev_index);
	assert(a->as.append.commit_index == b->as.append.commit_index);
	for (size_t i = 0; i < a->as.append.count; i++) {
		const struct entry *one = &a->as.append.entries[i];
		const struct entry *two = &b->as.append.entries[i];

		assert(one->index == two->index && one->term == two->term);
		assert(one->type == two->type);
		assert(slice_equal(one->data, two->data));
		assert((one->membership != NULL) ==
		       (one->type == ENTRY_CONFIGURATION));
	}
}

static void
request(uint8_t type, struct slice map)
{
	struct message once, twice;
	struct buf out = { 0 };
	uint64_t size = 0;

	if (wire_get_request(type, map, &arena, &once, &size) != ERR_OK)
		return;
	if (once.kind == MESSAGE_INSTALL) {
		assert(once.as.install.membership != NULL);
		return;
	}
	if (once.kind == MESSAGE_APPEND &&
	    once.as.append.count > WIRE_ENTRIES_MAX)
		return; /* more than we would write */
	put_request(&out, &once);
	assert(out.data[0] == type);
	assert(wire_get_request(type, slice_tail(buf_slice(&out), 1), &arena,
		   &twice, &size) == ERR_OK);
	assert(twice.term == once.term || once.kind == MESSAGE_TIMEOUT_NOW);
	if (once.kind == MESSAGE_APPEND)
		check_append(&once, &twice);
	buf_deinit(&out);
}

static void
reply(enum message_kind asked, struct slice map)
{
	struct message once;

	if (wire_get_reply(asked, map, &once) == ERR_OK)
		assert(once.kind == asked + 1 || once.kind == asked);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum message_kind kinds[] = { MESSAGE_APPEND, MESSAGE_VOTE,
		MESSAGE_INSTALL, MESSAGE_TIMEOUT_NOW };
	struct slice map = slice(data + 1, size > 0 ? size - 1 : 0);
	struct whole whole;

	if (size < 2)
		return (0);
	whole_init(&whole);
	if (whole_walk(&whole, map) != WHOLE_DONE)
		return (0); /* leaders.c never hands on what is not whole */
	map = slice_head(map, whole.at);
	if (data[0] & 0x80)
		reply(kinds[data[0] & 3], map);
	else
		request(data[0] & 7, map);
	arena_reset(&arena);
	return (0);
}
