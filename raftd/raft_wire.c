/* hashicorp/raft's messages. See raft_wire.h. */
#include "raft_wire.h"

#include <assert.h>
#include <string.h>

#include "codec.h"
#include "common/msgpack.h"
#include "common/rpc_types.h"

/* Far beyond any log, and far from where sums run over. */
#define INDEX_MAX (UINT64_MAX / 2)

static struct slice
slice_of(const struct raft_name *name)
{
	return (slice_of_text(name->text));
}

static enum err
get_name(struct slice from, struct raft_name *to)
{
	if (from.size == 0 || from.size > RAFT_NAME_BYTES_MAX ||
	    slice_find(from, 0, 0) != SIZE_MAX)
		return (ERR_INVALID);
	memset(to, 0, sizeof(*to));
	memcpy(to->text, from.data, from.size);
	return (ERR_OK);
}

/* --- Out. --- */

static void
put(struct buf *out, enum wire_type kind, const struct type *type,
    const void *request)
{
	buf_put_u8(out, kind);
	type_encode(type, request, out);
}

void
wire_put_append(struct buf *out, const struct message *message,
    const struct raft_name *self, const struct entry *const *entries)
{
	size_t count = message->as.append.count;
	struct raft_log logs[WIRE_ENTRIES_MAX];
	struct append_entries_request wire = {
		.leader = slice_of(self),
		.leader_commit_index = message->as.append.commit_index,
		.prev_log_entry = message->as.append.prev_index,
		.prev_log_term = message->as.append.prev_term,
		.term = message->term,
		.header.protocol_version = WIRE_VERSION,
	};

	assert(count <= WIRE_ENTRIES_MAX);
	/* A heartbeat has no entries, a commit notice has none to bring. */
	wire.entries.items = message->ticket.is_heartbeat ? NULL : logs;
	wire.entries.count = count;
	for (size_t i = 0; i < count; i++)
		logs[i] = (struct raft_log){
			.data = entries[i]->data,
			.extensions = entries[i]->extensions,
			.index = entries[i]->index,
			.term = entries[i]->term,
			.type = entries[i]->type,
		};
	put(out, WIRE_APPEND, &append_entries_request_type, &wire);
}

void
wire_put_vote(struct buf *out, const struct message *message,
    const struct raft_name *self)
{
	struct request_vote_request wire = {
		.candidate = slice_of(self),
		.last_log_index = message->as.vote.last_index,
		.last_log_term = message->as.vote.last_term,
		.leadership_transfer = message->as.vote.is_transfer,
		.term = message->term,
		.header.protocol_version = WIRE_VERSION,
	};

	put(out, WIRE_VOTE, &request_vote_request_type, &wire);
}

/* For peers of older protocols: the voters' addresses. */
static void
put_peers(struct buf *out, const struct membership *all)
{
	pack_array(out, membership_voter_count(all));
	for (size_t i = 0; i < all->count; i++)
		if (all->members[i].suffrage == SUFFRAGE_VOTER)
			pack_raw(out, slice_of(&all->members[i].address));
}

void
wire_put_install(struct buf *out, const struct message *message,
    const struct raft_name *self, const struct snapshot *snapshot)
{
	struct buf configuration = { 0 }, peers = { 0 };
	struct install_snapshot_request wire = {
		.configuration_index = snapshot->membership_index,
		.last_log_index = snapshot->index,
		.last_log_term = snapshot->term,
		.leader = slice_of(self),
		.size = (int64_t)snapshot->size,
		.snapshot_version = 1,
		.term = message->term,
		.header.protocol_version = WIRE_VERSION,
	};

	codec_put_membership(&configuration, &snapshot->membership);
	put_peers(&peers, &snapshot->membership);
	wire.configuration = buf_slice(&configuration);
	wire.peers = buf_slice(&peers);
	put(out, WIRE_INSTALL, &install_snapshot_request_type, &wire);
	buf_deinit(&configuration);
	buf_deinit(&peers);
}

void
wire_put_timeout_now(struct buf *out)
{
	struct timeout_now_request wire = {
		.header.protocol_version = WIRE_VERSION,
	};

	put(out, WIRE_TIMEOUT_NOW, &timeout_now_request_type, &wire);
}

static void
put_append_reply(struct buf *out, const struct message *message)
{
	struct append_entries_response wire = {
		.last_log = message->as.append_reply.last_index,
		.no_retry_backoff = message->as.append_reply.no_retry_backoff,
		.success = message->as.append_reply.is_success,
		.term = message->term,
		.header.protocol_version = WIRE_VERSION,
	};

	type_encode(&append_entries_response_type, &wire, out);
}

static void
put_vote_reply(struct buf *out, const struct message *message)
{
	struct request_vote_response wire = {
		.granted = message->as.vote_reply.is_granted,
		.term = message->term,
		.header.protocol_version = WIRE_VERSION,
	};

	type_encode(&request_vote_response_type, &wire, out);
}

static void
put_install_reply(struct buf *out, const struct message *message)
{
	/* hashicorp/raft leaves the version unset here. */
	struct install_snapshot_response wire = {
		.success = message->as.install_reply.is_success,
		.term = message->term,
	};

	type_encode(&install_snapshot_response_type, &wire, out);
}

void
wire_put_reply(struct buf *out, const struct message *message)
{
	struct timeout_now_response done = {
		.header.protocol_version = WIRE_VERSION,
	};

	pack_text(out, "");
	switch (message->kind) {
	case MESSAGE_APPEND_REPLY:
		put_append_reply(out, message);
		break;
	case MESSAGE_VOTE_REPLY:
		put_vote_reply(out, message);
		break;
	case MESSAGE_INSTALL_REPLY:
		put_install_reply(out, message);
		break;
	default:
		type_encode(&timeout_now_response_type, &done, out);
		break;
	}
}

void
wire_put_error(struct buf *out, const char *text)
{
	pack_text(out, text);
	pack_nil(out);
}

/* --- Requests. --- */

/* hashicorp/raft, checkRPCHeader. */
static enum err
check_version(int64_t version)
{
	return (version > WIRE_VERSION || version < WIRE_VERSION - 1
		    ? ERR_UNAVAILABLE
		    : ERR_OK);
}

static enum err
get_entry(const struct raft_log *from, struct arena *arena, struct entry *to)
{
	struct membership *membership;
	enum err err;

	*to = (struct entry){
		.index = from->index,
		.term = from->term,
		.type = (enum entry_type)from->type,
		.data = from->data,
		.extensions = from->extensions,
	};
	switch (from->type) {
	case ENTRY_COMMAND:
	case ENTRY_NOOP:
	case ENTRY_BARRIER:
		return (ERR_OK);
	case ENTRY_CONFIGURATION:
		membership = arena_alloc(arena, sizeof(*membership));
		err = codec_get_membership(from->data, membership);
		to->membership = membership;
		return (err);
	default: /* of protocols 0 and 1 */
		return (ERR_INVALID);
	}
}

static enum err
get_append(struct slice map, struct arena *arena, struct message *message)
{
	struct append_entries_request wire;
	struct entry *entries;
	enum err err =
	    type_decode_all(&append_entries_request_type, map, arena, &wire);

	if (err == ERR_OK)
		err = check_version(wire.header.protocol_version);
	if (err == ERR_OK)
		err = get_name(wire.leader, &message->peer);
	if (err == ERR_OK && wire.prev_log_entry > INDEX_MAX)
		err = ERR_INVALID;
	if (err != ERR_OK)
		return (err);
	entries = arena_array(arena, wire.entries.count, sizeof(*entries));
	for (size_t i = 0; i < wire.entries.count && err == ERR_OK; i++)
		err = get_entry(&wire.entries.items[i], arena, &entries[i]);
	message->kind = MESSAGE_APPEND;
	message->term = wire.term;
	message->as.append.prev_index = wire.prev_log_entry;
	message->as.append.prev_term = wire.prev_log_term;
	message->as.append.commit_index = wire.leader_commit_index;
	message->as.append.first_index = wire.prev_log_entry + 1;
	message->as.append.count = wire.entries.count;
	message->as.append.entries = entries;
	return (err);
}

static enum err
get_vote(struct slice map, struct arena *arena, struct message *message)
{
	struct request_vote_request wire;
	enum err err =
	    type_decode_all(&request_vote_request_type, map, arena, &wire);

	if (err == ERR_OK)
		err = check_version(wire.header.protocol_version);
	if (err == ERR_OK)
		err = get_name(wire.candidate, &message->peer);
	if (err != ERR_OK)
		return (err);
	message->kind = MESSAGE_VOTE;
	message->term = wire.term;
	message->as.vote.last_index = wire.last_log_index;
	message->as.vote.last_term = wire.last_log_term;
	message->as.vote.is_transfer = wire.leadership_transfer;
	return (ERR_OK);
}

static enum err
get_install(struct slice map, struct arena *arena, struct message *message,
    uint64_t *size)
{
	struct install_snapshot_request wire;
	struct membership *all = arena_alloc(arena, sizeof(*all));
	enum err err =
	    type_decode_all(&install_snapshot_request_type, map, arena, &wire);

	if (err == ERR_OK)
		err = check_version(wire.header.protocol_version);
	if (err == ERR_OK)
		err = get_name(wire.leader, &message->peer);
	if (err == ERR_OK &&
	    (wire.size < 0 || wire.last_log_index == 0 ||
		wire.last_log_index > INDEX_MAX ||
		wire.last_log_term > wire.term ||
		wire.configuration_index > wire.last_log_index))
		err = ERR_INVALID;
	if (err == ERR_OK)
		err = codec_get_membership(wire.configuration, all);
	if (err != ERR_OK)
		return (err);
	message->kind = MESSAGE_INSTALL;
	message->term = wire.term;
	message->as.install.index = wire.last_log_index;
	message->as.install.index_term = wire.last_log_term;
	message->as.install.membership_index = wire.configuration_index;
	message->as.install.membership = all;
	*size = (uint64_t)wire.size;
	return (ERR_OK);
}

static enum err
get_timeout_now(struct slice map, struct arena *arena, struct message *message)
{
	struct timeout_now_request wire;
	enum err err =
	    type_decode_all(&timeout_now_request_type, map, arena, &wire);

	message->kind = MESSAGE_TIMEOUT_NOW;
	return (
	    err != ERR_OK ? err : check_version(wire.header.protocol_version));
}

enum err
wire_get_request(uint8_t type, struct slice map, struct arena *arena,
    struct message *message, uint64_t *size)
{
	memset(message, 0, sizeof(*message));
	*size = 0;
	switch (type) {
	case WIRE_APPEND:
		return (get_append(map, arena, message));
	case WIRE_VOTE:
		return (get_vote(map, arena, message));
	case WIRE_INSTALL:
		return (get_install(map, arena, message, size));
	case WIRE_TIMEOUT_NOW:
		return (get_timeout_now(map, arena, message));
	default:
		return (ERR_INVALID);
	}
}

/* --- Replies. --- */

static enum err
get_append_reply(struct slice map, struct arena *arena, struct message *message)
{
	struct append_entries_response wire;
	enum err err =
	    type_decode_all(&append_entries_response_type, map, arena, &wire);

	if (err != ERR_OK)
		return (err);
	message->kind = MESSAGE_APPEND_REPLY;
	message->term = wire.term;
	message->as.append_reply.last_index = wire.last_log;
	message->as.append_reply.is_success = wire.success;
	message->as.append_reply.no_retry_backoff = wire.no_retry_backoff;
	return (ERR_OK);
}

static enum err
get_vote_reply(struct slice map, struct arena *arena, struct message *message)
{
	struct request_vote_response wire;
	enum err err =
	    type_decode_all(&request_vote_response_type, map, arena, &wire);

	if (err != ERR_OK)
		return (err);
	message->kind = MESSAGE_VOTE_REPLY;
	message->term = wire.term;
	message->as.vote_reply.is_granted = wire.granted;
	return (ERR_OK);
}

static enum err
get_install_reply(
    struct slice map, struct arena *arena, struct message *message)
{
	struct install_snapshot_response wire;
	enum err err =
	    type_decode_all(&install_snapshot_response_type, map, arena, &wire);

	if (err != ERR_OK)
		return (err);
	message->kind = MESSAGE_INSTALL_REPLY;
	message->term = wire.term;
	message->as.install_reply.is_success = wire.success;
	return (ERR_OK);
}

enum err
wire_get_reply(
    enum message_kind asked, struct slice map, struct message *message)
{
	struct arena arena;
	enum err err = ERR_OK;

	memset(message, 0, sizeof(*message));
	arena_init(&arena);
	if (asked == MESSAGE_APPEND)
		err = get_append_reply(map, &arena, message);
	else if (asked == MESSAGE_VOTE)
		err = get_vote_reply(map, &arena, message);
	else if (asked == MESSAGE_INSTALL)
		err = get_install_reply(map, &arena, message);
	else
		message->kind = MESSAGE_TIMEOUT_NOW; /* says nothing */
	arena_deinit(&arena);
	return (err);
}
