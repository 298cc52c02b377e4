/*
 * What a real Consul 1.8.7 logged, applied by us, must give the state that it
 * saved in its snapshot: rows, indexes and all (capture.py made the files).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "catalogd/fsm.h"
#include "catalogd/snapshot.h"
#include "msgpack.h"

#define DATA "tests/catalogd/data/"

static struct buf
file_read(const char *path)
{
	struct buf bytes = { 0 };
	FILE *f = fopen(path, "rb");
	size_t got;

	if (f == NULL) {
		printf("Bail out! %s is missing\n", path);
		exit(1);
	}
	do {
		buf_reserve(&bytes, 65536);
		got = fread(bytes.data + bytes.size, 1, 65536, f);
		bytes.size += got;
	} while (got > 0);
	fclose(f);
	return (bytes);
}

/* Kinds of entries and records that we do not hold yet: autopilot, federation
 * states, coordinates. */
static bool
is_later(uint8_t type)
{
	return (type == 9 || type == 30 || type == 134 || type == 6);
}

static void
log_apply(struct state *s, struct slice log)
{
	struct reader from = reader(log);
	struct fsm_result result = { 0 };

	while (from.rest.size > 0 && !from.has_failed) {
		uint64_t index = read_be64(&from);
		uint8_t type = read_u8(&from);
		struct slice data = read_bytes(&from, read_be32(&from));

		if (type != 0 || is_later(data.data[0]))
			continue;
		CHECK_EQ(fsm_apply(s, index, data, &result), ERR_OK);
	}
	CHECK(!from.has_failed);
	fsm_result_deinit(&result);
}

static struct buf
state_write(struct state *s)
{
	struct snapshot *snap = snapshot_take(s);
	struct buf bytes = { 0 };

	while (snapshot_write(snap, 512, &bytes))
		;
	snapshot_free(snap);
	return (bytes);
}

/* The next record that both sides can have; false at the end. */
static bool
record_next(struct reader *from, uint8_t *type, struct slice *body)
{
	while (from->rest.size > 0 && !from->has_failed) {
		*type = read_u8(from);
		*body = unpack_object(from);
		if (is_later(*type))
			continue;
		if (*type == FSM_INDEX &&
		    (memmem(body->data, body->size, "federation-", 11) ||
			memmem(body->data, body->size, "coordinates", 11)))
			continue;
		return (true);
	}
	return (false);
}

static const struct type *
type_of_record(uint8_t type)
{
	switch (type) {
	case FSM_REGISTER:
		return (&register_request_type);
	case FSM_SESSION:
		return (&session_type);
	case FSM_QUERY:
		return (&prepared_query_type);
	case FSM_KVS:
	case FSM_TOMBSTONE:
		return (&dir_entry_type);
	default:
		return (NULL);
	}
}

static bool
record_same(uint8_t type, struct slice a, struct slice b)
{
	const struct type *shape = type_of_record(type);
	struct arena arena = { 0 };
	void *left, *right;
	bool is_same;

	if (shape == NULL || slice_equal(a, b))
		return (slice_equal(a, b));
	/* Maps may stand in another order. */
	arena_init(&arena);
	left = arena_alloc(&arena, shape->size);
	right = arena_alloc(&arena, shape->size);
	is_same = type_decode_all(shape, a, &arena, left) == ERR_OK &&
		  type_decode_all(shape, b, &arena, right) == ERR_OK &&
		  type_equal(shape, left, right);
	arena_deinit(&arena);
	return (is_same);
}

static void
record_dump(const char *who, uint8_t type, struct slice body)
{
	printf("#  %s type %u: ", who, type);
	for (size_t i = 0; i < body.size; i++)
		putchar(body.data[i] >= ' ' && body.data[i] < 127 ? body.data[i]
								  : '.');
	putchar('\n');
}

static void
states_compare(struct slice ours, struct slice theirs)
{
	struct reader a = reader(ours), b = reader(theirs);
	uint8_t type_a, type_b;
	struct slice body_a, body_b;
	size_t count = 0;

	unpack_object(&a);
	unpack_object(&b);
	while (record_next(&b, &type_b, &body_b)) {
		bool is_there = record_next(&a, &type_a, &body_a);

		CHECK(is_there);
		if (!is_there)
			return;
		CHECK_EQ(type_a, type_b);
		if (type_a != type_b || !record_same(type_a, body_a, body_b)) {
			CHECK(!"the records are the same");
			record_dump("ours  ", type_a, body_a);
			record_dump("theirs", type_b, body_b);
			if (type_a != type_b)
				return;
		}
		count++;
	}
	CHECK(!record_next(&a, &type_a, &body_a));
	CHECK(count > 10);
}

static void
replay(const char *log_path, const char *state_path)
{
	struct buf log = file_read(log_path);
	struct buf theirs = file_read(state_path);
	struct state s;
	struct buf ours;

	state_init(&s);
	log_apply(&s, buf_slice(&log));
	ours = state_write(&s);
	states_compare(buf_slice(&ours), buf_slice(&theirs));
	state_deinit(&s);
	buf_deinit(&log);
	buf_deinit(&theirs);
	buf_deinit(&ours);
}

static void
test_mixed(void)
{
	replay(DATA "mixed.log", DATA "mixed.state");
}

/* The same after a quarter of an hour, when the leader had reaped. */
static void
test_reaped(void)
{
	replay(DATA "reaped.log", DATA "reaped.state");
}

/* One with names that differ in case only, where we once differed. */
static void
test_cases(void)
{
	replay(DATA "cases.log", DATA "cases.state");
}

/* Prepared queries and templates, right and wrong, and their sessions. */
static void
test_queries(void)
{
	replay(DATA "queries.log", DATA "queries.state");
}

int
main(void)
{
	RUN(test_mixed);
	RUN(test_reaped);
	RUN(test_cases);
	RUN(test_queries);
	return (tap_done());
}
