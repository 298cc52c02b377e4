/* What streams carry; see codec.h. */
#include <assert.h>
#include <string.h>

#include "codec.h"
#include "common/msgpack.h"
#include "layouts.h"
#include "packed.h"

/* --- Serf's part of a push/pull (9.2). --- */

static void
event_tick_put(const struct event_tick *tick, struct buf *out)
{
	pack_map(out, 2);
	pack_text(out, "Events");
	pack_array(out, tick->count);
	for (size_t i = 0; i < tick->count; i++) {
		pack_map(out, 2);
		pack_text(out, "Name");
		pack_raw(out, tick->events[i].name);
		pack_text(out, "Payload");
		if (tick->events[i].payload.size == 0)
			pack_nil(out);
		else
			pack_raw(out, tick->events[i].payload);
	}
	pack_text(out, "LTime");
	pack_uint(out, tick->ltime);
}

/* Serf writes a ring of 512 here, most of it nil, and reads any list. */
static void
serf_state_put(const struct push_pull *p, struct buf *out)
{
	buf_put_u8(out, SERF_PUSH_PULL);
	pack_map(out, 6);
	pack_text(out, "EventLTime");
	pack_uint(out, p->event_ltime);
	pack_text(out, "Events");
	pack_array(out, p->event_count);
	for (size_t i = 0; i < p->event_count; i++)
		event_tick_put(&p->events[i], out);
	pack_text(out, "LTime");
	pack_uint(out, p->ltime);
	pack_text(out, "LeftMembers");
	pack_array(out, p->left_count);
	for (size_t i = 0; i < p->left_count; i++)
		pack_raw(out, p->left_members[i]);
	pack_text(out, "QueryLTime");
	pack_uint(out, p->query_ltime);
	pack_text(out, "StatusLTimes");
	pack_map(out, p->status_count);
	for (size_t i = 0; i < p->status_count; i++) {
		pack_raw(out, p->status_times[i].name);
		pack_uint(out, p->status_times[i].ltime);
	}
}

static struct slice
limited_raw(struct reader *rd, size_t limit)
{
	struct slice raw = unpack_raw(rd);

	if (raw.size > limit)
		reader_fail(rd);
	return (raw);
}

/* A count of elements that the reader's bytes can hold, or 0 and a failure. */
static size_t
limited_count(struct reader *rd, size_t count, size_t limit)
{
	if (count > limit)
		reader_fail(rd);
	return (rd->has_failed ? 0 : count);
}

static void
event_body_get(struct reader *rd, struct event_body *out)
{
	size_t count = unpack_map(rd);

	for (size_t i = 0; i < count && !rd->has_failed; i++) {
		struct slice key = unpack_raw(rd);

		if (slice_is(key, "Name"))
			out->name = limited_raw(rd, GOSSIP_TEXT_BYTES_MAX);
		else if (slice_is(key, "Payload"))
			out->payload = limited_raw(rd, GOSSIP_TEXT_BYTES_MAX);
		else
			unpack_object(rd);
	}
}

static void
event_bodies_get(struct reader *rd, struct arena *arena, struct event_tick *out)
{
	size_t count =
	    limited_count(rd, unpack_array(rd), GOSSIP_EVENTS_PER_TICK);
	struct event_body *bodies = arena_array(arena, count, sizeof(*bodies));

	for (size_t i = 0; i < count && !rd->has_failed; i++)
		event_body_get(rd, &bodies[i]);
	out->events = bodies;
	out->count = count;
}

static void
event_tick_get(struct reader *rd, struct arena *arena, struct event_tick *out)
{
	size_t count = unpack_map(rd);

	for (size_t i = 0; i < count && !rd->has_failed; i++) {
		struct slice key = unpack_raw(rd);

		if (slice_is(key, "Events"))
			event_bodies_get(rd, arena, out);
		else if (slice_is(key, "LTime"))
			out->ltime = unpack_uint(rd);
		else
			unpack_object(rd);
	}
}

static void
events_get(struct reader *rd, struct arena *arena, struct push_pull *out)
{
	size_t count = limited_count(rd, unpack_array(rd), GOSSIP_EVENT_TICKS);

	out->event_count = 0;
	out->events = arena_array(arena, count, sizeof(*out->events));
	for (size_t i = 0; i < count && !rd->has_failed; i++) {
		if (unpack_peek(rd) == TOKEN_NIL)
			unpack(rd);
		else
			event_tick_get(
			    rd, arena, &out->events[out->event_count++]);
	}
}

static void
left_members_get(struct reader *rd, struct arena *arena, struct push_pull *out)
{
	size_t count = limited_count(rd, unpack_array(rd), GOSSIP_NODES_MAX);

	out->left_count = count;
	out->left_members =
	    arena_array(arena, count, sizeof(*out->left_members));
	for (size_t i = 0; i < count && !rd->has_failed; i++)
		out->left_members[i] = limited_raw(rd, GOSSIP_NAME_BYTES_MAX);
}

static void
status_times_get(struct reader *rd, struct arena *arena, struct push_pull *out)
{
	size_t count = limited_count(rd, unpack_map(rd), GOSSIP_NODES_MAX);

	out->status_count = count;
	out->status_times =
	    arena_array(arena, count, sizeof(*out->status_times));
	for (size_t i = 0; i < count && !rd->has_failed; i++) {
		out->status_times[i].name =
		    limited_raw(rd, GOSSIP_NAME_BYTES_MAX);
		out->status_times[i].ltime = unpack_uint(rd);
	}
}

static void
serf_state_get(struct slice in, struct arena *arena, struct reader *outer,
    struct push_pull *out)
{
	struct reader rd = reader(in);
	size_t count;

	if (read_u8(&rd) != SERF_PUSH_PULL)
		reader_fail(&rd);
	count = unpack_map(&rd);
	for (size_t i = 0; i < count && !rd.has_failed; i++) {
		struct slice key = unpack_raw(&rd);

		if (slice_is(key, "EventLTime"))
			out->event_ltime = unpack_uint(&rd);
		else if (slice_is(key, "Events"))
			events_get(&rd, arena, out);
		else if (slice_is(key, "LTime"))
			out->ltime = unpack_uint(&rd);
		else if (slice_is(key, "LeftMembers"))
			left_members_get(&rd, arena, out);
		else if (slice_is(key, "QueryLTime"))
			out->query_ltime = unpack_uint(&rd);
		else if (slice_is(key, "StatusLTimes"))
			status_times_get(&rd, arena, out);
		else
			unpack_object(&rd);
	}
	out->has_serf = true;
	if (rd.has_failed)
		reader_fail(outer);
}

/* --- Push/pull. --- */

struct push_header {
	bool is_join;
	uint64_t nodes;
	uint64_t user_bytes;
};

static const struct field push_header_fields[] = {
	{ "Join", FIELD_BOOL, offsetof(struct push_header, is_join), 0, false },
	{ "Nodes", FIELD_U64, offsetof(struct push_header, nodes), 0, false },
	{ "UserStateLen", FIELD_U64, offsetof(struct push_header, user_bytes),
	    0, false },
};
static const struct layout push_header_layout = { push_header_fields, 3 };

static void
push_pull_put(const struct push_pull *p, struct buf *out)
{
	struct push_header header = { p->is_join, p->node_count, 0 };
	struct buf user = { 0 };

	if (p->has_serf)
		serf_state_put(p, &user);
	header.user_bytes = user.size;
	fields_put(&push_header_layout, &header, out);
	for (size_t i = 0; i < p->node_count; i++)
		fields_put(&push_node_layout, &p->nodes[i], out);
	buf_put_slice(out, buf_slice(&user));
	buf_deinit(&user);
}

static void
push_pull_get(struct reader *rd, struct arena *arena, struct push_pull *out)
{
	struct push_header header = { 0 };

	fields_get(&push_header_layout, rd, arena, &header);
	/* A node takes a byte at least. */
	if (header.nodes > GOSSIP_NODES_MAX || header.nodes > rd->rest.size ||
	    header.user_bytes > rd->rest.size)
		reader_fail(rd);
	if (rd->has_failed)
		return;
	out->is_join = header.is_join;
	out->node_count = header.nodes;
	out->nodes = arena_array(arena, header.nodes, sizeof(*out->nodes));
	for (size_t i = 0; i < header.nodes && !rd->has_failed; i++)
		fields_get(&push_node_layout, rd, arena, &out->nodes[i]);
	if (header.user_bytes > 0)
		serf_state_get(
		    read_bytes(rd, header.user_bytes), arena, rd, out);
}

/* --- The others, small as they are. --- */

struct user_header {
	uint64_t bytes;
};

static const struct field user_header_fields[] = {
	{ "UserMsgLen", FIELD_U64, offsetof(struct user_header, bytes), 0,
	    false },
};
static const struct layout user_header_layout = { user_header_fields, 1 };

static const struct field error_fields[] = {
	{ "Error", FIELD_TEXT, 0, GOSSIP_TEXT_BYTES_MAX, false },
};
static const struct layout error_layout = { error_fields, 1 };

static void
user_get(struct reader *rd, struct arena *arena, struct message *out)
{
	struct user_header header = { 0 };
	struct slice bytes;
	uint8_t *whole;

	fields_get(&user_header_layout, rd, arena, &header);
	bytes = read_bytes(rd, header.bytes);
	if (rd->has_failed)
		return;
	whole = arena_alloc(arena, bytes.size + 1);
	whole[0] = WIRE_USER;
	memcpy(whole + 1, bytes.data, bytes.size);
	if (codec_get(slice(whole, bytes.size + 1), arena, out) != ERR_OK)
		reader_fail(rd);
}

static void
user_put(const struct message *m, struct buf *out)
{
	struct buf whole = { 0 };
	struct user_header header;

	codec_put(m, &whole);
	assert(whole.data[0] == WIRE_USER);
	header.bytes = whole.size - 1;
	fields_put(&user_header_layout, &header, out);
	buf_put_slice(out, slice_tail(buf_slice(&whole), 1));
	buf_deinit(&whole);
}

/* --- All of a stream. --- */

static const uint8_t stream_types[] = {
	[STREAM_HAS_PING] = WIRE_PING,
	[STREAM_HAS_ACK] = WIRE_ACK,
	[STREAM_HAS_PUSH_PULL] = WIRE_PUSH_PULL,
	[STREAM_HAS_USER] = WIRE_USER,
	[STREAM_HAS_ERROR] = WIRE_ERROR,
};

void
codec_stream_put(const struct stream_message *s, struct buf *out)
{
	buf_put_u8(out, stream_types[s->kind]);
	switch (s->kind) {
	case STREAM_HAS_PING:
		fields_put(&message_layouts[MESSAGE_PING], &s->as, out);
		break;
	case STREAM_HAS_ACK:
		fields_put(&message_layouts[MESSAGE_ACK], &s->as, out);
		break;
	case STREAM_HAS_PUSH_PULL:
		push_pull_put(&s->as.push_pull, out);
		break;
	case STREAM_HAS_USER:
		user_put(&s->as.user, out);
		break;
	case STREAM_HAS_ERROR:
		fields_put(&error_layout, &s->as, out);
		break;
	}
}

void
codec_stream_pack(const struct stream_message *s, struct buf *out)
{
	struct buf plain = { 0 }, packed = { 0 };

	codec_stream_put(s, &plain);
	packed_put(buf_slice(&plain), &packed);
	buf_put_slice(out,
	    packed.size < plain.size ? buf_slice(&packed) : buf_slice(&plain));
	buf_deinit(&plain);
	buf_deinit(&packed);
}

static void
stream_body_get(
    struct reader *rd, struct arena *arena, struct stream_message *out)
{
	switch (out->kind) {
	case STREAM_HAS_PING:
		fields_get(&message_layouts[MESSAGE_PING], rd, arena, &out->as);
		break;
	case STREAM_HAS_ACK:
		fields_get(&message_layouts[MESSAGE_ACK], rd, arena, &out->as);
		break;
	case STREAM_HAS_PUSH_PULL:
		push_pull_get(rd, arena, &out->as.push_pull);
		break;
	case STREAM_HAS_USER:
		user_get(rd, arena, &out->as.user);
		break;
	case STREAM_HAS_ERROR:
		fields_get(&error_layout, rd, arena, &out->as);
		break;
	}
}

enum err
codec_stream_get(
    struct slice in, struct arena *arena, struct stream_message *out)
{
	struct slice plain = in;
	struct reader rd;
	enum err err;
	size_t kind;
	uint8_t type;

	if (in.size > 0 && in.data[0] == WIRE_COMPRESSED &&
	    (err = packed_get(slice_tail(in, 1), CODEC_EXPANDED_MAX, arena,
		 &plain)) != ERR_OK)
		return (err);
	rd = reader(plain);
	type = read_u8(&rd);
	for (kind = 0; kind < sizeof(stream_types); kind++)
		if (stream_types[kind] == type)
			break;
	if (rd.has_failed || kind == sizeof(stream_types))
		return (ERR_INVALID);
	memset(out, 0, sizeof(*out));
	out->kind = (enum stream_kind)kind;
	stream_body_get(&rd, arena, out);
	return (rd.has_failed ? ERR_INVALID : ERR_OK);
}

/* --- Its end. --- */

/* Whether all of the next object's head has come: its lead byte, and the
 * number or length behind it. */
static bool
head_is_there(struct slice rest)
{
	/* Lengths behind c4..c6, ca..d3 and d9..df, by lead byte from c0. */
	static const uint8_t lengths[32] = { 0, 0, 0, 0, 1, 2, 4, 0, 0, 0, 4, 8,
		1, 2, 4, 8, 1, 2, 4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4 };

	if (rest.size == 0)
		return (false);
	if (rest.data[0] < 0xc0 || rest.data[0] >= 0xe0)
		return (true);
	return (rest.size > lengths[rest.data[0] - 0xc0]);
}

/* Bytes of the raw that begins here, its head among them; 0 for others. */
static uint64_t
raw_bytes(struct slice rest)
{
	uint8_t lead = rest.data[0];

	if (lead >= 0xa0 && lead < 0xc0)
		return (1U + (lead & 0x1f));
	if (lead == 0xc4 || lead == 0xd9)
		return (2U + rest.data[1]);
	if (lead == 0xc5 || lead == 0xda)
		return (3U + ((uint64_t)rest.data[1] << 8 | rest.data[2]));
	if (lead == 0xc6 || lead == 0xdb)
		return (5U + ((uint64_t)rest.data[1] << 24 |
				 (uint64_t)rest.data[2] << 16 |
				 (uint64_t)rest.data[3] << 8 | rest.data[4]));
	return (0);
}

/* Count and size of a container, which unpack() would hold against the bytes
 * that are there. */
static uint64_t
container_count(struct slice rest, size_t *head)
{
	uint8_t lead = rest.data[0];
	uint64_t each = lead < 0x90 || lead >= 0xde ? 2 : 1;

	*head = 1;
	if (lead >= 0x80 && lead < 0xa0)
		return (each * (lead & 0x0f));
	if (lead == 0xdc || lead == 0xde) {
		*head = 3;
		return (each * ((uint64_t)rest.data[1] << 8 | rest.data[2]));
	}
	*head = 5;
	return (each * ((uint64_t)rest.data[1] << 24 |
			   (uint64_t)rest.data[2] << 16 |
			   (uint64_t)rest.data[3] << 8 | rest.data[4]));
}

static bool
is_container(uint8_t lead)
{
	return ((lead >= 0x80 && lead < 0xa0) || lead >= 0xdc) && lead < 0xe0;
}

/* One object's head (and its bytes, if it is a raw) from `position`. */
static enum stream_state
object_next(struct stream_end *end, struct slice in)
{
	struct slice rest = slice_tail(in, end->position);
	struct reader rd = reader(rest);
	uint64_t size;
	size_t head;

	if (!head_is_there(rest))
		return (STREAM_MORE);
	if (is_container(rest.data[0])) {
		end->objects += container_count(rest, &head);
		end->objects--;
		end->position += head;
		return (end->objects > CODEC_STREAM_BYTES_MAX ? STREAM_BAD
							      : STREAM_WHOLE);
	}
	size = raw_bytes(rest);
	if (size > CODEC_STREAM_BYTES_MAX)
		return (STREAM_BAD);
	if (size > rest.size)
		return (STREAM_MORE);
	unpack(&rd);
	if (rd.has_failed)
		return (STREAM_BAD);
	end->objects--;
	end->position += rest.size - rd.rest.size;
	return (STREAM_WHOLE);
}

/* The header of a push/pull or user message has come: what follows it. */
static enum stream_state
header_take(struct stream_end *end, struct slice in)
{
	struct reader rd = reader(slice_tail(slice_head(in, end->position), 1));
	struct push_header push = { 0 };
	struct user_header user = { 0 };

	if (end->type == WIRE_PUSH_PULL)
		fields_get(&push_header_layout, &rd, NULL, &push);
	else
		fields_get(&user_header_layout, &rd, NULL, &user);
	end->objects = push.nodes;
	end->bytes = push.user_bytes + user.bytes;
	end->has_header = true;
	if (rd.has_failed || push.nodes > GOSSIP_NODES_MAX ||
	    push.user_bytes > CODEC_STREAM_BYTES_MAX ||
	    user.bytes > CODEC_STREAM_BYTES_MAX)
		return (STREAM_BAD);
	return (STREAM_WHOLE);
}

static enum stream_state
type_take(struct stream_end *end, struct slice in)
{
	struct reader rd = reader(in);

	end->type = read_u8(&rd);
	end->has_type = true;
	end->position = 1;
	end->objects = 1;
	if (end->type != WIRE_ENCRYPTED) {
		end->has_header =
		    end->type != WIRE_PUSH_PULL && end->type != WIRE_USER;
		return (end->type <= WIRE_ERROR ? STREAM_WHOLE : STREAM_BAD);
	}
	end->bytes = read_be32(&rd);
	if (rd.has_failed) {
		end->has_type = false;
		return (STREAM_MORE);
	}
	end->has_header = true;
	end->objects = 0;
	end->position = STREAM_ENCRYPTED_BYTES;
	return (
	    end->bytes <= CODEC_STREAM_BYTES_MAX ? STREAM_WHOLE : STREAM_BAD);
}

enum stream_state
codec_stream_end(struct stream_end *end, struct slice in)
{
	enum stream_state state = STREAM_WHOLE;

	if (in.size > CODEC_STREAM_BYTES_MAX + STREAM_ENCRYPTED_BYTES)
		return (STREAM_BAD);
	if (!end->has_type)
		state = in.size == 0 ? STREAM_MORE : type_take(end, in);
	while (state == STREAM_WHOLE) {
		while (state == STREAM_WHOLE && end->objects > 0)
			state = object_next(end, in);
		if (state != STREAM_WHOLE || end->has_header)
			break;
		state = header_take(end, in);
	}
	if (state == STREAM_WHOLE && in.size - end->position < end->bytes)
		return (STREAM_MORE);
	return (state);
}
