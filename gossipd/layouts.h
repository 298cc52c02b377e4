/* The maps of each message, field by field: wire/gossip.md 3, 6 and 9. */
#ifndef GOSSIPD_LAYOUTS_H
#define GOSSIPD_LAYOUTS_H

#include "fields.h"
#include "message.h"

/* Types of memberlist that are no message of message.h. */
enum wire_type {
	WIRE_PING = 0,
	WIRE_ACK = 2,
	WIRE_PUSH_PULL = 6,
	WIRE_COMPOUND = 7,
	WIRE_USER = 8,
	WIRE_COMPRESSED = 9,
	WIRE_ENCRYPTED = 10,
	WIRE_CHECKSUM = 12,
	WIRE_ERROR = 13,
};

#define SERF_PUSH_PULL 2

/* By kind; without fields for RELAYED, whose bytes are not looked at. */
extern const struct layout message_layouts[MESSAGE_COUNT];
extern const struct layout push_node_layout;

/* memberlist's type, or 0x800 and Serf's. */
uint16_t message_wire(enum message_kind);
/* MESSAGE_COUNT: none of ours. */
enum message_kind message_of_wire(uint16_t);

#endif
