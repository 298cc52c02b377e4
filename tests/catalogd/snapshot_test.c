/*
 * state.bin out and in again, whole and in pieces; snapshots of a real Consul
 * and the entries captured from one; what is cut, damaged or of later times.
 */
#include <zlib.h>

#include "fixture.h"
#include "msgpack.h"

#define S1 "11111111-2222-3333-4444-555555555555"

static struct buf
write_out(const struct state *s, size_t piece)
{
	struct snapshot *snap = snapshot_take(s);
	struct buf bytes = { 0 };

	while (snapshot_write(snap, piece, &bytes))
		;
	snapshot_free(snap);
	return (bytes);
}

static enum err
read_in(struct state *s, struct slice bytes, size_t piece, struct buf *why)
{
	struct snapshot_load load;
	enum err err = ERR_OK;

	state_init(s);
	snapshot_load_init(&load, s);
	for (size_t at = 0; err == ERR_OK && at < bytes.size; at += piece) {
		size_t size = bytes.size - at < piece ? bytes.size - at : piece;

		err = snapshot_load_piece(&load,
		    slice_head(slice_tail(bytes, at), size),
		    at + size == bytes.size, why);
	}
	snapshot_load_deinit(&load);
	return (err);
}

static void
fill(struct world *w)
{
	struct pair pairs[] = { { T("b"), T("2") }, { T("a"), T("1") } };
	struct register_request r = { .datacenter = T("dc1"),
		.node = T("n0"),
		.id = T("aaaaaaaa-2222-3333-4444-555555555555"),
		.address = T("10.0.0.5"),
		.node_meta = { pairs, 2 } };

	world_init(w);
	apply(w, FSM_REGISTER, &register_request_type, &r);
	service_put(w, "n1", "web1", "Web", 80);
	service_put(w, "n2", "web2", "web", 81);
	check_put(w, "n1", "c1", "web1", "passing");
	check_put(w, "n1", "mem", "", "passing");
	session_put(w, S1, "n1", "mem", "delete");
	kv_do(w, "lock", "dir/k", "v", S1);
	kv_do(w, "set", "dir/gone", "v", "");
	kv_do(w, "delete", "dir/gone", "", "");
	kv_do(w, "set", "z", "", "");
	deregister(w, "n2", "", "");
}

static void
test_round_trip(void)
{
	static const size_t pieces[] = { 1, 7, 100, 1 << 20 };
	struct world w;
	struct buf bytes;

	fill(&w);
	bytes = write_out(&w.s, 64);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct buf why = { 0 }, again;
		struct state s;

		CHECK_EQ(
		    read_in(&s, buf_slice(&bytes), pieces[i], &why), ERR_OK);
		CHECK_EQ(s.index, w.index);
		again = write_out(&s, 1 << 20);
		CHECK(slice_equal(buf_slice(&bytes), buf_slice(&again)));
		state_deinit(&s);
		buf_deinit(&again);
		buf_deinit(&why);
	}
	buf_deinit(&bytes);
	world_deinit(&w);
}

/* What was loaded goes on as if it had been applied. */
static void
test_goes_on_after_loading(void)
{
	struct world w, loaded;
	struct buf bytes, other, why = { 0 };

	fill(&w);
	world_init(&loaded);
	state_deinit(&loaded.s);
	bytes = write_out(&w.s, 1 << 20);
	CHECK_EQ(read_in(&loaded.s, buf_slice(&bytes), 1 << 20, &why), ERR_OK);
	loaded.index = w.index;
	for (struct world *x = &w;; x = &loaded) {
		check_put(x, "n1", "mem", "", "critical");
		service_put(x, "n1", "web1", "Web", 82);
		kv_do(x, "set", "z", "2", "");
		deregister(x, "n0", "", "");
		if (x == &loaded)
			break;
	}
	buf_deinit(&bytes);
	bytes = write_out(&w.s, 1 << 20);
	other = write_out(&loaded.s, 1 << 20);
	CHECK(slice_equal(buf_slice(&bytes), buf_slice(&other)));
	buf_deinit(&bytes);
	buf_deinit(&other);
	buf_deinit(&why);
	world_deinit(&w);
	world_deinit(&loaded);
}

/* Writes go on while a snapshot is written, and do not show in it. */
static void
test_snapshot_is_of_one_moment(void)
{
	struct world w;
	struct snapshot *snap;
	struct buf before, bytes = { 0 };
	int n = 0;

	fill(&w);
	before = write_out(&w.s, 1 << 20);
	snap = snapshot_take(&w.s);
	while (snapshot_write(snap, 1, &bytes)) {
		char key[16];

		snprintf(key, sizeof(key), "new/%d", n++);
		kv_do(&w, "set", key, "v", "");
		kv_do(&w, "delete", "z", "", "");
		deregister(&w, "n1", "", "");
	}
	snapshot_free(snap);
	CHECK(slice_equal(buf_slice(&before), buf_slice(&bytes)));
	CHECK(n > 5);
	/* One that is given up leaves nothing behind (the sanitizer looks). */
	snap = snapshot_take(&w.s);
	(void)snapshot_write(snap, 1, &bytes);
	snapshot_free(snap);
	buf_deinit(&before);
	buf_deinit(&bytes);
	world_deinit(&w);
}

static void
test_cut_and_damaged(void)
{
	struct world w;
	struct buf bytes;

	fill(&w);
	bytes = write_out(&w.s, 1 << 20);
	for (size_t size = 0; size < bytes.size; size += 13) {
		struct buf why = { 0 };
		struct state s;
		enum err err =
		    read_in(&s, slice(bytes.data, size), 1 << 20, &why);

		/* Between two records a cut does not show. */
		CHECK(size == 0 || err == ERR_OK || err == ERR_CORRUPT);
		CHECK(err == ERR_OK || why.size > 0);
		state_deinit(&s);
		buf_deinit(&why);
	}
	buf_deinit(&bytes);
	world_deinit(&w);
}

/* A token, as far as we care: kept, and in our next snapshot as it was. */
static void
test_records_of_later_times_are_kept(void)
{
	struct buf bytes = { 0 }, again = { 0 }, why = { 0 };
	struct snapshot *snap;
	struct state s;

	pack_map(&bytes, 1);
	pack_text(&bytes, "LastIndex");
	pack_uint(&bytes, 7);
	buf_put_u8(&bytes, 17);
	pack_map(&bytes, 1);
	pack_text(&bytes, "AccessorID");
	pack_text(&bytes, "a");
	buf_put_u8(&bytes, 17);
	pack_map(&bytes, 0);
	CHECK_EQ(read_in(&s, buf_slice(&bytes), 3, &why), ERR_OK);
	buf_put_u8(&bytes, 29);
	pack_map(&bytes, 1);
	pack_text(&bytes, "ChunkMap");
	pack_map(&bytes, 0);
	snap = snapshot_take(&s);
	while (snapshot_write(snap, 1, &again))
		continue;
	CHECK(slice_equal(buf_slice(&bytes), buf_slice(&again)));
	snapshot_free(snap);
	state_deinit(&s);
	buf_deinit(&bytes);
	buf_deinit(&again);
	buf_deinit(&why);
}

static void
test_records_of_no_type_are_refused(void)
{
	struct buf bytes = { 0 }, why = { 0 };
	struct state s;

	pack_map(&bytes, 1);
	pack_text(&bytes, "LastIndex");
	pack_uint(&bytes, 7);
	buf_put_u8(&bytes, 31);
	pack_map(&bytes, 0);
	CHECK_EQ(
	    read_in(&s, buf_slice(&bytes), 1 << 20, &why), ERR_UNAVAILABLE);
	CHECK(slice_is(buf_slice(&why), "Unrecognized msg type: 31"));
	state_deinit(&s);
	buf_deinit(&bytes);
	buf_deinit(&why);
}

/* --- A snapshot of a real Consul, without the records of later times. --- */

static struct buf
file_unzip(const char *path)
{
	struct buf bytes = { 0 };
	gzFile f = gzopen(path, "rb");
	int got;

	if (f == NULL) {
		printf("Bail out! %s is missing\n", path);
		exit(1);
	}
	while ((got = gzread(f, buf_extend(&bytes, 65536), 65536)) >= 0) {
		bytes.size -= 65536 - (size_t)got;
		if (got == 0)
			break;
	}
	gzclose(f);
	return (bytes);
}

/* The member state.bin of a tar. */
static struct slice
tar_state(struct slice tar)
{
	size_t at = 0;

	while (at + 512 <= tar.size && tar.data[at] != '\0') {
		const char *head = (const char *)tar.data + at;
		size_t size = strtoul(head + 124, NULL, 8);

		if (strcmp(head, "state.bin") == 0)
			return (slice(tar.data + at + 512, size));
		at += 512 + (size + 511) / 512 * 512;
	}
	return (slice(NULL, 0));
}

static bool
is_held(uint8_t type, struct slice body)
{
	static const char *const names[] = { "nodes", "services", "checks",
		"kvs", "tombstones", "sessions", "service" };

	if (type == FSM_INDEX) {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (memmem(body.data, body.size, names[i],
				strlen(names[i])) != NULL)
				return (true);
		return (false);
	}
	return (type == FSM_REGISTER || type == FSM_SESSION ||
		type == FSM_KVS || type == FSM_TOMBSTONE ||
		type == FSM_CHUNKING);
}

static struct buf
state_held(struct slice state)
{
	struct reader from = reader(state);
	struct buf held = { 0 };

	buf_put_slice(&held, unpack_object(&from));
	while (from.rest.size > 0 && !from.has_failed) {
		uint8_t type = read_u8(&from);
		struct slice body = unpack_object(&from);

		if (!is_held(type, body))
			continue;
		buf_put_u8(&held, type);
		buf_put_slice(&held, body);
	}
	CHECK(!from.has_failed);
	return (held);
}

static void
real_snapshot(const char *path)
{
	struct buf tar = file_unzip(path), why = { 0 }, held, again;
	struct state s;

	held = state_held(tar_state(buf_slice(&tar)));
	CHECK(held.size > 500);
	CHECK_EQ(read_in(&s, buf_slice(&held), 11, &why), ERR_OK);
	again = write_out(&s, 1 << 20);
	/* Maps come in another order; the bytes are as many. */
	CHECK_EQ(again.size, held.size);
	CHECK(s.counts[TABLE_NODES] > 0);
	CHECK(index_of(&s, INDEX_NODES) > 0);
	state_deinit(&s);
	buf_deinit(&tar);
	buf_deinit(&held);
	buf_deinit(&again);
	buf_deinit(&why);
}

static void
test_real_snapshots(void)
{
	real_snapshot("tests/vectors/raft/consul-kv-services-sessions.snap");
	real_snapshot("tests/vectors/raft/consul-acl-connect-config.snap");
}

/* --- Captured entries, in the order of their types. --- */

static struct buf
vector_read(const char *name)
{
	char path[128], line[4096];
	struct buf bytes = { 0 };
	bool is_hex = false;
	unsigned byte;
	FILE *f;

	snprintf(path, sizeof(path), "tests/vectors/raft/%s.hex", name);
	f = fopen(path, "r");
	if (f == NULL) {
		printf("Bail out! %s is missing\n", path);
		exit(1);
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		for (char *at = line; is_hex && sscanf(at, "%2x", &byte) == 1;
		     at += 2)
			buf_put_u8(&bytes, (uint8_t)byte);
		is_hex = is_hex || strcmp(line, "hex:\n") == 0;
	}
	fclose(f);
	return (bytes);
}

static enum err
vector_apply(struct world *w, const char *name)
{
	struct buf bytes = vector_read(name);
	struct raft_log log = { 0 };
	enum err err;

	CHECK_EQ(
	    type_decode_all(&raft_log_type, buf_slice(&bytes), &w->arena, &log),
	    ERR_OK);
	err = fsm_apply(&w->s, ++w->index, log.data, &w->result);
	buf_deinit(&bytes);
	return (err);
}

static void
test_captured_entries(void)
{
	static const char *const names[] = { "fsm-000-Register",
		"fsm-000-Register-check", "fsm-000-Register-service-check",
		"fsm-000-Register-service-checks", "fsm-002-KVS-set",
		"fsm-002-KVS-cas", "fsm-002-KVS-delete",
		"fsm-002-KVS-delete-tree", "fsm-003-Session-create",
		"fsm-002-KVS-lock", "fsm-002-KVS-unlock",
		"fsm-003-Session-destroy", "fsm-008-Txn", "fsm-001-Deregister",
		"fsm-009-Autopilot", "fsm-134-CoordinateBatchUpdate",
		"fsm-030-FederationState", "fsm-030-FederationState" };
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		CHECK_EQ(vector_apply(&w, names[i]), ERR_OK);
	CHECK(w.s.counts[TABLE_NODES] >= 3);
	CHECK(w.s.counts[TABLE_SERVICES] >= 2);
	CHECK(entry(&w, "k1") != NULL);
	CHECK_EQ(w.s.counts[TABLE_AUTOPILOT], 1);
	CHECK_EQ(w.s.counts[TABLE_KEPT], 1); /* one a datacenter */
	CHECK_EQ(index_of(&w.s, INDEX_FEDERATION), w.s.index);
	CHECK_EQ(index_of(&w.s, INDEX_COORDINATES), w.s.index - 2);
	world_deinit(&w);
}

static void
test_entries_of_later_times(void)
{
	static const char *const names[] = { "fsm-012-Intention",
		"fsm-017-ACLTokenSet", "fsm-022-ConfigEntry-proxy-defaults" };
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		CHECK_EQ(vector_apply(&w, names[i]), ERR_UNAVAILABLE);
	/* These are marked: whoever does not know them goes on. */
	CHECK_EQ(vector_apply(&w, "fsm-149-ConnectCALeaf"), ERR_OK);
	CHECK_EQ(w.s.change_count, 0);
	CHECK_EQ(fsm_apply(&w.s, 999, SLICE(""), &w.result), ERR_INVALID);
	CHECK_EQ(
	    fsm_apply(&w.s, 999, SLICE("\x02zap"), &w.result), ERR_INVALID);
	world_deinit(&w);
}

int
main(void)
{
	RUN(test_round_trip);
	RUN(test_goes_on_after_loading);
	RUN(test_snapshot_is_of_one_moment);
	RUN(test_cut_and_damaged);
	RUN(test_records_of_later_times_are_kept);
	RUN(test_records_of_no_type_are_refused);
	RUN(test_real_snapshots);
	RUN(test_captured_entries);
	RUN(test_entries_of_later_times);
	return (tap_done());
}
