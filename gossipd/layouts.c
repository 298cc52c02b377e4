/* Rows of the messages' fields; see layouts.h. */
#include "layouts.h"

/* clang-format off */

#define F(name, kind, struct_, member, limit) \
	{ name, FIELD_##kind, offsetof(struct struct_, member), limit, false }
#define F_OPTIONAL(name, kind, struct_, member, limit) \
	{ name, FIELD_##kind, offsetof(struct struct_, member), limit, true }

#define NAME GOSSIP_NAME_BYTES_MAX
#define TEXT GOSSIP_TEXT_BYTES_MAX

static const struct field ping_fields[] = {
	F("Node",                  TEXT, ping, node, NAME),
	F("SeqNo",                 U32,  ping, sequence, 0),
	F_OPTIONAL("SourceAddr",   IP,   ping, source, 0),
	F_OPTIONAL("SourceNode",   TEXT, ping, source_node, NAME),
	F_OPTIONAL("SourcePort",   U16,  ping, source.port, 0),
};

static const struct field indirect_ping_fields[] = {
	F("Nack",                  BOOL, indirect_ping, wants_nack, 0),
	F("Node",                  TEXT, indirect_ping, node, NAME),
	F("Port",                  U16,  indirect_ping, target.port, 0),
	F("SeqNo",                 U32,  indirect_ping, sequence, 0),
	F_OPTIONAL("SourceAddr",   IP,   indirect_ping, source, 0),
	F_OPTIONAL("SourceNode",   TEXT, indirect_ping, source_node, NAME),
	F_OPTIONAL("SourcePort",   U16,  indirect_ping, source.port, 0),
	F("Target",                IP,   indirect_ping, target, 0),
};

static const struct field ack_fields[] = {
	{ "Payload", FIELD_COORD, 0, 0, false }, /* of the struct as a whole */
	F("SeqNo",                 U32,  ack, sequence, 0),
};

static const struct field nack_fields[] = {
	F("SeqNo",                 U32,  nack, sequence, 0),
};

static const struct field accusation_fields[] = {
	F("From",                  TEXT, accusation, from, NAME),
	F("Incarnation",           U32,  accusation, incarnation, 0),
	F("Node",                  TEXT, accusation, node, NAME),
};

static const struct field alive_fields[] = {
	F("Addr",                  IP,   alive, address, 0),
	F("Incarnation",           U32,  alive, incarnation, 0),
	F("Meta",                  BYTES, alive, meta, GOSSIP_META_BYTES_MAX),
	F("Node",                  TEXT, alive, node, NAME),
	F("Port",                  U16,  alive, address.port, 0),
	F("Vsn",                   VERSIONS, alive, versions, 0),
};

static const struct field leave_fields[] = {
	F("LTime",                 U64,  intent, ltime, 0),
	F("Node",                  TEXT, intent, node, NAME),
	F("Prune",                 BOOL, intent, is_prune, 0),
};

static const struct field join_fields[] = {
	F("LTime",                 U64,  intent, ltime, 0),
	F("Node",                  TEXT, intent, node, NAME),
};

static const struct field user_event_fields[] = {
	F("CC",                    BOOL, user_event, is_coalescing, 0),
	F("LTime",                 U64,  user_event, ltime, 0),
	F("Name",                  TEXT, user_event, name, TEXT),
	F("Payload",               BYTES, user_event, payload, TEXT),
};

static const struct field query_fields[] = {
	F("Addr",                  IP,   query, source, 0),
	{ "Filters", FIELD_FILTERS, 0, 0, false }, /* of the struct as a whole */
	F("Flags",                 U32,  query, flags, 0),
	F("ID",                    U32,  query, id, 0),
	F("LTime",                 U64,  query, ltime, 0),
	F("Name",                  TEXT, query, name, TEXT),
	F("Payload",               BYTES, query, payload, TEXT),
	F("Port",                  U16,  query, source.port, 0),
	F("RelayFactor",           U8,   query, relay_factor, 0),
	F("SourceNode",            TEXT, query, source_node, NAME),
	F("Timeout",               DURATION, query, timeout, 0),
};

static const struct field query_response_fields[] = {
	F("Flags",                 U32,  query_response, flags, 0),
	F("From",                  TEXT, query_response, from, NAME),
	F("ID",                    U32,  query_response, id, 0),
	F("LTime",                 U64,  query_response, ltime, 0),
	F("Payload",               BYTES, query_response, payload, TEXT),
};

static const struct field relay_fields[] = {
	F("DestAddr",              ADDRESS, relay, to, 0),
	F("DestName",              TEXT, relay, to_node, NAME),
};

static const struct field push_node_fields[] = {
	F("Addr",                  IP,   push_node, address, 0),
	F("Incarnation",           U32,  push_node, incarnation, 0),
	F("Meta",                  BYTES, push_node, meta, GOSSIP_META_BYTES_MAX),
	F("Name",                  TEXT, push_node, name, NAME),
	F("Port",                  U16,  push_node, address.port, 0),
	F("State",                 STATE, push_node, state, 0),
	F("Vsn",                   VERSIONS, push_node, versions, 0),
};

#define LAYOUT(name) { name##_fields, sizeof(name##_fields) / sizeof(struct field) }

const struct layout message_layouts[MESSAGE_COUNT] = {
	[MESSAGE_PING]           = LAYOUT(ping),
	[MESSAGE_INDIRECT_PING]  = LAYOUT(indirect_ping),
	[MESSAGE_ACK]            = LAYOUT(ack),
	[MESSAGE_SUSPECT]        = LAYOUT(accusation),
	[MESSAGE_ALIVE]          = LAYOUT(alive),
	[MESSAGE_DEAD]           = LAYOUT(accusation),
	[MESSAGE_NACK]           = LAYOUT(nack),
	[MESSAGE_LEAVE_INTENT]   = LAYOUT(leave),
	[MESSAGE_JOIN_INTENT]    = LAYOUT(join),
	[MESSAGE_USER_EVENT]     = LAYOUT(user_event),
	[MESSAGE_QUERY]          = LAYOUT(query),
	[MESSAGE_QUERY_RESPONSE] = LAYOUT(query_response),
	[MESSAGE_RELAY]          = LAYOUT(relay),
};

const struct layout push_node_layout = LAYOUT(push_node);
/* clang-format on */

static const uint16_t wires[MESSAGE_COUNT] = {
#define X(name, wire) [MESSAGE_##name] = (wire),
	MESSAGES(X)
#undef X
};

uint16_t
message_wire(enum message_kind kind)
{
	return (wires[kind]);
}

enum message_kind
message_of_wire(uint16_t wire)
{
	for (size_t i = 0; i < MESSAGE_RELAYED; i++)
		if (wires[i] == wire)
			return ((enum message_kind)i);
	return (MESSAGE_COUNT);
}
