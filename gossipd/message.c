/* Sizes of messages on the wire, and their parts; see message.h. */
#include "message.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define TYPE_BYTES  1 /* memberlist's, and Serf's behind it */
#define MAP_BYTES   1 /* of a map with fewer than 16 pairs */
#define BOOL_BYTES  1
#define FLOAT_BYTES 9

bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return (a->port == b->port && a->ip_size == b->ip_size &&
		memcmp(a->ip, b->ip, sizeof(a->ip)) == 0);
}

bool
versions_equal(const struct versions *a, const struct versions *b)
{
	return (
	    a->count == b->count && memcmp(a->of, b->of, sizeof(a->of)) == 0);
}

/* --- msgpack's sizes (wire/gossip.md 1). --- */

static size_t
uint_size(uint64_t value)
{
	static const uint64_t above[] = { 0x7f, UINT8_MAX, UINT16_MAX,
		UINT32_MAX };
	static const size_t sizes[] = { 1, 2, 3, 5, 9 };
	size_t i = 0;

	while (i < 4 && value > above[i])
		i++;
	return (sizes[i]);
}

static size_t
int_size(int64_t value)
{
	if (value >= 0)
		return (uint_size((uint64_t)value));
	if (value >= -32)
		return (1);
	if (value >= INT8_MIN)
		return (2);
	if (value >= INT16_MIN)
		return (3);
	return (value >= INT32_MIN ? 5 : 9);
}

/* Of a raw with `size` bytes; nil, where nil is written, is as long as an
 * empty one. */
static size_t
raw_size(size_t size)
{
	if (size < 32)
		return (1 + size);
	return (size <= UINT16_MAX ? 3 + size : 5 + size);
}

static size_t
array_size(size_t count)
{
	if (count < 16)
		return (1);
	return (count <= UINT16_MAX ? 3 : 5);
}

/* A field: its name, then `value` bytes. */
#define FIELD(name, value) (sizeof(name) + (value))

/* --- The messages, fields in the order of wire/gossip.md 3 and 9. --- */

static size_t
source_size(const struct endpoint *source, struct slice node)
{
	size_t size = 0;

	if (source->ip_size > 0)
		size += FIELD("SourceAddr", raw_size(source->ip_size));
	if (node.size > 0)
		size += FIELD("SourceNode", raw_size(node.size));
	if (source->port > 0)
		size += FIELD("SourcePort", uint_size(source->port));
	return (size);
}

static size_t
ping_size(const struct message *m)
{
	const struct ping *ping = &m->as.ping;

	return (FIELD("Node", raw_size(ping->node.size)) +
		FIELD("SeqNo", uint_size(ping->sequence)) +
		source_size(&ping->source, ping->source_node));
}

static size_t
indirect_ping_size(const struct message *m)
{
	const struct indirect_ping *ping = &m->as.indirect_ping;

	return (FIELD("Nack", BOOL_BYTES) +
		FIELD("Node", raw_size(ping->node.size)) +
		FIELD("Port", uint_size(ping->target.port)) +
		FIELD("SeqNo", uint_size(ping->sequence)) +
		source_size(&ping->source, ping->source_node) +
		FIELD("Target", raw_size(ping->target.ip_size)));
}

/* Version byte and map of a coordinate (wire/gossip.md 11). */
static size_t
coord_size(void)
{
	return (1 + MAP_BYTES + FIELD("Adjustment", FLOAT_BYTES) +
		FIELD("Error", FLOAT_BYTES) + FIELD("Height", FLOAT_BYTES) +
		FIELD("Vec", array_size(COORD_DIMENSIONS) +
				 COORD_DIMENSIONS * FLOAT_BYTES));
}

static size_t
ack_size(const struct message *m)
{
	const struct ack *ack = &m->as.ack;

	return (FIELD("Payload", raw_size(ack->has_coord ? coord_size() : 0)) +
		FIELD("SeqNo", uint_size(ack->sequence)));
}

static size_t
nack_size(const struct message *m)
{
	return (FIELD("SeqNo", uint_size(m->as.nack.sequence)));
}

static size_t
accusation_size(const struct message *m)
{
	const struct accusation *a = &m->as.accusation;

	return (FIELD("From", raw_size(a->from.size)) +
		FIELD("Incarnation", uint_size(a->incarnation)) +
		FIELD("Node", raw_size(a->node.size)));
}

static size_t
alive_size(const struct message *m)
{
	const struct alive *a = &m->as.alive;

	return (FIELD("Addr", raw_size(a->address.ip_size)) +
		FIELD("Incarnation", uint_size(a->incarnation)) +
		FIELD("Meta", raw_size(a->meta.size)) +
		FIELD("Node", raw_size(a->node.size)) +
		FIELD("Port", uint_size(a->address.port)) +
		FIELD("Vsn", raw_size(a->versions.count)));
}

static size_t
leave_intent_size(const struct message *m)
{
	const struct intent *i = &m->as.intent;

	return (FIELD("LTime", uint_size(i->ltime)) +
		FIELD("Node", raw_size(i->node.size)) +
		FIELD("Prune", BOOL_BYTES));
}

static size_t
join_intent_size(const struct message *m)
{
	const struct intent *i = &m->as.intent;

	return (FIELD("LTime", uint_size(i->ltime)) +
		FIELD("Node", raw_size(i->node.size)));
}

static size_t
user_event_size(const struct message *m)
{
	const struct user_event *e = &m->as.user_event;

	return (FIELD("CC", BOOL_BYTES) + FIELD("LTime", uint_size(e->ltime)) +
		FIELD("Name", raw_size(e->name.size)) +
		FIELD("Payload", raw_size(e->payload.size)));
}

static size_t
query_size(const struct message *m)
{
	const struct query *q = &m->as.query;
	size_t filters = array_size(q->filter_count);

	for (size_t i = 0; i < q->filter_count; i++)
		filters += raw_size(q->filters[i].size);
	return (FIELD("Addr", raw_size(q->source.ip_size)) +
		FIELD("Filters", filters) +
		FIELD("Flags", uint_size(q->flags)) +
		FIELD("ID", uint_size(q->id)) +
		FIELD("LTime", uint_size(q->ltime)) +
		FIELD("Name", raw_size(q->name.size)) +
		FIELD("Payload", raw_size(q->payload.size)) +
		FIELD("Port", uint_size(q->source.port)) +
		FIELD("RelayFactor", uint_size(q->relay_factor)) +
		FIELD("SourceNode", raw_size(q->source_node.size)) +
		FIELD("Timeout", int_size(q->timeout.ns)));
}

static size_t
response_size(const struct query_response *r)
{
	return (FIELD("Flags", uint_size(r->flags)) +
		FIELD("From", raw_size(r->from.size)) +
		FIELD("ID", uint_size(r->id)) +
		FIELD("LTime", uint_size(r->ltime)) +
		FIELD("Payload", raw_size(r->payload.size)));
}

static size_t
query_response_size(const struct message *m)
{
	return (response_size(&m->as.query_response));
}

static size_t
relay_size(const struct message *m)
{
	const struct relay *r = &m->as.relay;
	size_t address = MAP_BYTES + FIELD("IP", raw_size(r->to.ip_size)) +
			 FIELD("Port", uint_size(r->to.port)) +
			 FIELD("Zone", raw_size(0));
	size_t inner = r->response == NULL ? r->bytes.size
					   : TYPE_BYTES + MAP_BYTES +
						 response_size(r->response);

	return (FIELD("DestAddr", address) +
		FIELD("DestName", raw_size(r->to_node.size)) + inner);
}

size_t
message_size(const struct message *m)
{
	static size_t (*const fields[MESSAGE_COUNT])(const struct message *) = {
		[MESSAGE_PING] = ping_size,
		[MESSAGE_INDIRECT_PING] = indirect_ping_size,
		[MESSAGE_ACK] = ack_size,
		[MESSAGE_SUSPECT] = accusation_size,
		[MESSAGE_ALIVE] = alive_size,
		[MESSAGE_DEAD] = accusation_size,
		[MESSAGE_NACK] = nack_size,
		[MESSAGE_LEAVE_INTENT] = leave_intent_size,
		[MESSAGE_JOIN_INTENT] = join_intent_size,
		[MESSAGE_USER_EVENT] = user_event_size,
		[MESSAGE_QUERY] = query_size,
		[MESSAGE_QUERY_RESPONSE] = query_response_size,
		[MESSAGE_RELAY] = relay_size,
	};

	assert(m->kind < MESSAGE_COUNT);
	if (m->kind == MESSAGE_RELAYED) /* already with Serf's type */
		return (TYPE_BYTES + m->as.relayed.size);
	return (TYPE_BYTES +
		(m->kind >= MESSAGE_LEAVE_INTENT ? TYPE_BYTES : 0) + MAP_BYTES +
		fields[m->kind](m));
}

/* --- Copies. --- */

#define TEXT(member) offsetof(struct message, as.member)
#define TEXTS_MAX    3

/* Where the slices of each kind are; 0 ends a row. A query's filters come
 * besides. */
static const size_t texts[MESSAGE_COUNT][TEXTS_MAX + 1] = {
	[MESSAGE_PING] = { TEXT(ping.node), TEXT(ping.source_node) },
	[MESSAGE_INDIRECT_PING] = { TEXT(indirect_ping.node),
	    TEXT(indirect_ping.source_node) },
	[MESSAGE_SUSPECT] = { TEXT(accusation.node), TEXT(accusation.from) },
	[MESSAGE_ALIVE] = { TEXT(alive.node), TEXT(alive.meta) },
	[MESSAGE_DEAD] = { TEXT(accusation.node), TEXT(accusation.from) },
	[MESSAGE_LEAVE_INTENT] = { TEXT(intent.node) },
	[MESSAGE_JOIN_INTENT] = { TEXT(intent.node) },
	[MESSAGE_USER_EVENT] = { TEXT(user_event.name),
	    TEXT(user_event.payload) },
	[MESSAGE_QUERY] = { TEXT(query.source_node), TEXT(query.name),
	    TEXT(query.payload) },
	[MESSAGE_QUERY_RESPONSE] = { TEXT(query_response.from),
	    TEXT(query_response.payload) },
	[MESSAGE_RELAY] = { TEXT(relay.to_node), TEXT(relay.bytes) },
	[MESSAGE_RELAYED] = { TEXT(relayed) },
};

static struct slice
text_at(const struct message *m, size_t offset)
{
	struct slice text;

	memcpy(&text, (const uint8_t *)m + offset, sizeof(text));
	return (text);
}

size_t
message_text_bytes(const struct message *m)
{
	size_t bytes = 0;

	for (const size_t *at = texts[m->kind]; *at != 0; at++)
		bytes += text_at(m, *at).size;
	if (m->kind == MESSAGE_QUERY)
		for (size_t i = 0; i < m->as.query.filter_count; i++)
			bytes +=
			    sizeof(struct slice) + m->as.query.filters[i].size;
	return (bytes);
}

static struct slice
move_text(struct slice text, uint8_t **to)
{
	struct slice moved = { *to, text.size };

	if (text.size == 0)
		return (text.data == NULL ? text : moved);
	memcpy(*to, text.data, text.size);
	*to += text.size;
	return (moved);
}

void
message_copy(struct message *to, const struct message *from, void *memory)
{
	uint8_t *bytes = memory;

	*to = *from;
	if (from->kind == MESSAGE_QUERY && from->as.query.filter_count > 0) {
		struct slice *filters = memory; /* first: it is aligned */
		size_t count = from->as.query.filter_count;

		bytes += count * sizeof(*filters);
		for (size_t i = 0; i < count; i++)
			filters[i] =
			    move_text(from->as.query.filters[i], &bytes);
		to->as.query.filters = filters;
	}
	for (const size_t *at = texts[from->kind]; *at != 0; at++) {
		struct slice moved = move_text(text_at(from, *at), &bytes);

		memcpy((uint8_t *)to + *at, &moved, sizeof(moved));
	}
	assert(bytes == (uint8_t *)memory + message_text_bytes(from));
}
