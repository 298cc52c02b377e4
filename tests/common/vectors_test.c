/*
 * Captured bytes of Consul 1.8.7 through our tables, both ways: what is
 * decoded and encoded again must be the same bytes.
 *
 * tests/vectors/rpc   header and body of calls, by method
 * tests/vectors/raft  log entries, calls between servers, snapshots
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/msgpack.h"
#include "common/rpc_methods.h"
#include "tests/lib/tap.h"

#define NAME_MAX_BYTES 256
#define TAR_BLOCK      512

/* A raw that holds encoded objects (ConfigEntryRequest and its like). */
#define RAW(F) F(BLOB, _, value, "", 0, 0)
struct raw {
	RAW(TYPE_MEMBER)
};
extern const struct type raw_type;
TYPE_DEFINE_BARE(raw, RAW, "raw")

#define FREE_FORM(F) F(ANY, _, value, "", 0, 0)
struct free_form {
	FREE_FORM(TYPE_MEMBER)
};
extern const struct type free_form_type;
TYPE_DEFINE_BARE(free_form, FREE_FORM, "any")

/* Methods that are no rows of the method table (yet). */
static const struct {
	const char *name;
	const struct type *request, *reply;
} extra_methods[] = {
	{ "ACL.PolicyResolve", &acl_policy_batch_get_request_type,
	    &acl_policy_batch_response_type },
	{ "ACL.PolicySet", &acl_policy_set_request_type, &acl_policy_type },
	{ "ACL.RoleSet", &acl_role_set_request_type, &acl_role_type },
	{ "ACL.TokenRead", &acl_token_get_request_type,
	    &acl_token_response_type },
	{ "ACL.TokenSet", &acl_token_set_request_type, &acl_token_type },
	{ "ConfigEntry.Apply", &raw_type, &boolean_type },
	{ "ConfigEntry.Get", &config_entry_query_type, &raw_type },
	{ "ConfigEntry.List", &config_entry_query_type, &raw_type },
	{ "Coordinate.ListNodes", &dc_specific_request_type,
	    &indexed_coordinates_type },
	{ "Coordinate.Update", &coordinate_update_request_type, &empty_type },
	{ "Intention.Apply", &intention_request_type, &text_type },
	{ "Internal.EventFire", &event_fire_request_type,
	    &event_fire_response_type },
	{ "Internal.ServiceDump", &service_dump_request_type,
	    &indexed_check_service_nodes_type },
	{ "PreparedQuery.Apply", &prepared_query_request_type, &text_type },
	{ "PreparedQuery.Execute", &prepared_query_execute_request_type,
	    &prepared_query_execute_response_type },
	{ "Status.RaftStats", &empty_type, &server_stats_type },
};

/* wire/raft.md 6: what stands behind the type byte in the log, in a snapshot.
 */
static const struct fsm_row {
	const struct type *entry, *record;
} fsm_rows[] = {
	[0] = { &register_request_type, &register_request_type },
	[1] = { &deregister_request_type, NULL },
	[2] = { &kvs_request_type, &dir_entry_type },
	[3] = { &session_request_type, &session_type },
	[5] = { &tombstone_request_type, &dir_entry_type },
	[6] = { &coordinates_type, &coordinates_type },
	[7] = { &prepared_query_request_type, &prepared_query_type },
	[8] = { &txn_request_type, NULL },
	[9] = { &autopilot_set_config_request_type, &autopilot_config_type },
	[12] = { &intention_request_type, &intention_type },
	[13] = { &ca_request_type, &ca_root_type },
	[14] = { NULL, &ca_consul_provider_state_type },
	[15] = { NULL, &ca_configuration_type },
	[16] = { NULL, &index_entry_type },
	[17] = { &acl_token_batch_set_request_type, &acl_token_type },
	[18] = { &acl_token_batch_delete_request_type, NULL },
	[19] = { &acl_policy_batch_set_request_type, &acl_policy_type },
	[21] = { &ca_leaf_request_type, NULL },
	[22] = { &raw_type, &raw_type },
	[23] = { &acl_role_batch_set_request_type, &acl_role_type },
	[29] = { NULL, &free_form_type },
	[30] = { &federation_state_request_type,
	    &federation_state_request_type },
};

static const struct {
	const char *call; /* the file's name, up to its first dot */
	const struct type *request, *reply;
} raft_calls[] = {
	{ "append-empty", &append_entries_request_type,
	    &append_entries_response_type },
	{ "append-empty-rejected", &append_entries_request_type,
	    &append_entries_response_type },
	{ "append-many", &append_entries_request_type,
	    &append_entries_response_type },
	{ "heartbeat", &append_entries_request_type,
	    &append_entries_response_type },
	{ "request-vote-granted", &request_vote_request_type,
	    &request_vote_response_type },
	{ "request-vote-rejected", &request_vote_request_type,
	    &request_vote_response_type },
	{ "install-snapshot", &install_snapshot_request_type,
	    &install_snapshot_response_type },
};

static struct arena arena;
static const char *current; /* file */

/* Decode one object from the front, copy, encode: the same bytes again. */
static void
check_object(const struct type *type, struct reader *rd, void *object)
{
	struct slice before = rd->rest;
	struct slice taken;
	struct buf again;
	void *copy;
	enum err err;

	CHECK(type != NULL);
	if (type == NULL) {
		reader_fail(rd);
		return;
	}
	err = type_decode(type, rd, &arena, object);
	if (err != ERR_OK) {
		printf("# %s: %s: %s\n", current, type->name, err_text(err));
		CHECK(err == ERR_OK);
		return;
	}
	taken = slice_head(before, before.size - rd->rest.size);
	copy = arena_alloc(&arena, type->size);
	type_copy(type, object, &arena, copy);
	CHECK(type_equal(type, object, copy));
	buf_init(&again);
	type_encode(type, copy, &again);
	if (!slice_equal(buf_slice(&again), taken)) {
		printf("# %s: %s changed\n", current, type->name);
		CHECK(slice_equal(buf_slice(&again), taken));
	}
	buf_deinit(&again);
}

static void
check_any_object(const struct type *type, struct reader *rd)
{
	check_object(
	    type, rd, arena_alloc(&arena, type == NULL ? 1 : type->size));
}

static void
find_method(
    struct slice name, const struct type **request, const struct type **reply)
{
	enum method m = method_find(name);

	*request = *reply = NULL;
	if (m != METHOD_COUNT) {
		*request = method_rows[m].request;
		*reply = method_rows[m].reply;
		return;
	}
	for (size_t i = 0; i < sizeof(extra_methods) / sizeof(extra_methods[0]);
	     i++)
		if (slice_is(name, extra_methods[i].name)) {
			*request = extra_methods[i].request;
			*reply = extra_methods[i].reply;
		}
}

static void
check_call(struct slice bytes, bool is_request)
{
	struct reader rd = reader(bytes);
	struct call_request_header asked = { 0 };
	struct call_reply_header answered = { 0 };
	const struct type *request, *reply;

	if (is_request)
		check_object(&call_request_header_type, &rd, &asked);
	else
		check_object(&call_reply_header_type, &rd, &answered);
	find_method(is_request ? asked.service_method : answered.service_method,
	    &request, &reply);
	if (answered.error.size > 0)
		reply = &empty_type;
	check_any_object(is_request ? request : reply, &rd);
	CHECK(reader_done(&rd));
}

static void
check_fsm_entry(struct slice data)
{
	struct reader rd = reader(data);
	uint8_t type = read_u8(&rd) & 0x7f;

	CHECK(type < sizeof(fsm_rows) / sizeof(fsm_rows[0]));
	if (type >= sizeof(fsm_rows) / sizeof(fsm_rows[0]))
		return;
	check_any_object(fsm_rows[type].entry, &rd);
	CHECK(reader_done(&rd));
}

static void
check_log(const struct raft_log *log)
{
	struct reader rd = reader(log->data);

	if (log->type == 0 && log->extensions.size == 0)
		check_fsm_entry(log->data);
	if (log->type != 5)
		return;
	check_any_object(&raft_configuration_type, &rd);
	CHECK(reader_done(&rd));
}

static void
check_state(struct slice state)
{
	struct reader rd = reader(state);

	check_any_object(&snapshot_header_type, &rd);
	while (rd.rest.size > 0) {
		uint8_t type = read_u8(&rd);

		CHECK(type < sizeof(fsm_rows) / sizeof(fsm_rows[0]));
		if (type >= sizeof(fsm_rows) / sizeof(fsm_rows[0]))
			return;
		check_any_object(fsm_rows[type].record, &rd);
	}
	CHECK(!rd.has_failed);
}

static void
check_raft_request(const struct type *type, struct slice bytes)
{
	struct reader rd = reader(bytes);
	void *object = arena_alloc(&arena, type->size);

	read_u8(&rd);
	check_object(type, &rd, object);
	if (type == &append_entries_request_type) {
		const struct append_entries_request *append = object;

		for (size_t i = 0; i < append->entries.count; i++)
			check_log(&append->entries.items[i]);
	}
	if (type == &install_snapshot_request_type) {
		const struct install_snapshot_request *install = object;

		CHECK_EQ(rd.rest.size, install->size);
		check_state(read_bytes(&rd, (size_t)install->size));
	}
	CHECK(reader_done(&rd));
}

static void
check_raft_reply(const struct type *type, struct slice bytes)
{
	struct reader rd = reader(bytes);

	check_any_object(&text_type, &rd);
	check_any_object(type, &rd);
	CHECK(reader_done(&rd));
}

static void
check_raft_call(struct slice bytes, bool is_request)
{
	size_t size = strcspn(current, ".");

	for (size_t i = 0; i < sizeof(raft_calls) / sizeof(raft_calls[0]);
	     i++) {
		if (strlen(raft_calls[i].call) != size ||
		    memcmp(raft_calls[i].call, current, size) != 0)
			continue;
		if (is_request)
			check_raft_request(raft_calls[i].request, bytes);
		else
			check_raft_reply(raft_calls[i].reply, bytes);
		return;
	}
	CHECK(!"a call that we know");
}

static void
check_log_file(struct slice bytes)
{
	struct reader rd = reader(bytes);
	struct raft_log log;

	check_object(&raft_log_type, &rd, &log);
	CHECK(reader_done(&rd));
	check_log(&log);
}

static void
check_snapshot_call(struct slice bytes, bool is_request)
{
	struct reader rd = reader(bytes);

	if (is_request)
		read_u8(&rd);
	check_any_object(
	    is_request ? &snapshot_request_type : &snapshot_response_type, &rd);
}

static void
check_by_kind(const char *kind, struct slice bytes)
{
	bool is_request = strstr(current, ".req.") != NULL;

	if (strcmp(kind, "rpcmsg") == 0)
		check_call(bytes, is_request);
	else if (strcmp(kind, "raft-req") == 0 || strcmp(kind, "raft-s") == 0)
		check_raft_call(bytes, is_request);
	else if (strcmp(kind, "raft-log") == 0)
		check_log_file(bytes);
	else if (strcmp(kind, "snapreq") == 0 || strcmp(kind, "snapresp") == 0)
		check_snapshot_call(bytes, strcmp(kind, "snapreq") == 0);
	else /* of other codecs: streams, TLS, protobuf */
		CHECK(strcmp(kind, "rpc") == 0 || strcmp(kind, "tls") == 0 ||
		      strcmp(kind, "pb") == 0);
}

static int
hex_value(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *at = digit == '\0' ? NULL : strchr(digits, digit);

	return (at == NULL ? -1 : (int)(at - digits));
}

static void
read_hex_file(FILE *file, char *kind, struct buf *bytes)
{
	char *line = NULL;
	size_t capacity = 0;
	bool is_hex = false;

	while (getline(&line, &capacity, file) > 0) {
		if (is_hex)
			for (char *c = line; hex_value(*c) >= 0; c += 2)
				buf_put_u8(
				    bytes, (uint8_t)(hex_value(c[0]) * 16 +
						     hex_value(c[1])));
		else if (strncmp(line, "kind: ", 6) == 0)
			snprintf(kind, NAME_MAX_BYTES, "%.*s",
			    (int)strcspn(line + 6, "\n"), line + 6);
		is_hex |= strcmp(line, "hex:\n") == 0;
	}
	free(line);
}

/* The file state.bin of the archive. */
static void
check_archive(const char *path)
{
	gzFile file = gzopen(path, "rb");
	char block[TAR_BLOCK];
	bool is_found = false;

	CHECK(file != NULL);
	while (file != NULL && gzread(file, block, TAR_BLOCK) == TAR_BLOCK &&
	       block[0] != '\0') {
		size_t size = strtoul(block + 124, NULL, 8);
		bool is_state = strcmp(block, "state.bin") == 0;
		size_t padded = (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
		uint8_t *bytes = malloc(padded + 1);

		CHECK_EQ(gzread(file, bytes, (unsigned)padded), padded);
		if (is_state)
			check_state(slice(bytes, size));
		is_found |= is_state;
		free(bytes);
	}
	CHECK(is_found);
	gzclose(file);
}

static void
check_file(const char *folder, const char *name)
{
	char path[2 * NAME_MAX_BYTES], kind[NAME_MAX_BYTES] = "";
	struct buf bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	current = name;
	if (strstr(name, ".snap") != NULL) {
		check_archive(path);
		return;
	}
	file = fopen(path, "r");
	CHECK(file != NULL);
	buf_init(&bytes);
	read_hex_file(file, kind, &bytes);
	fclose(file);
	check_by_kind(kind, buf_slice(&bytes));
	buf_deinit(&bytes);
	arena_reset(&arena);
}

/* Each file of the folder; there must be as many as we once had. */
static void
check_folder(const char *folder, size_t count_min)
{
	struct dirent *entry;
	size_t count = 0;
	DIR *dir = opendir(folder);

	CHECK(dir != NULL);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		check_file(folder, entry->d_name);
		count++;
	}
	CHECK(count >= count_min);
	if (dir != NULL)
		closedir(dir);
}

static void
test_calls(void)
{
	check_folder("tests/vectors/rpc", 91);
}

static void
test_raft(void)
{
	check_folder("tests/vectors/raft", 48);
}

int
main(void)
{
	arena_init(&arena);
	RUN(test_calls);
	RUN(test_raft);
	arena_deinit(&arena);
	return (tap_done());
}
