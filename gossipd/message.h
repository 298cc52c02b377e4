/*
 * What members of a pool say to each other, as structs: memberlist's messages
 * and Serf's, which memberlist carries as user messages.
 *
 * The core makes and reads these; codec.c turns them into the bytes of
 * wire/gossip.md 3, 6 and 9 and back, and nobody else knows those bytes.
 * message_size() says how many there will be: packing into packets is a rule
 * of the protocol, and so the core's.
 *
 * Ownership  all slices and arrays are lent: of what came in by the packet or
 *            its arena, of what goes out by struct gossip_effects
 */
#ifndef GOSSIPD_MESSAGE_H
#define GOSSIPD_MESSAGE_H

#include "common/bytes.h"
#include "common/clock.h"

/* --- Limits on what comes in; the codec refuses what is above. --- */

#define GOSSIP_NAME_BYTES_MAX	  512	/* of a node; Serf: 128 and more */
#define GOSSIP_META_BYTES_MAX	  512	/* wire/gossip.md 3 */
#define GOSSIP_TEXT_BYTES_MAX	  9216	/* name or payload of event and query */
#define GOSSIP_FILTERS_MAX	  64	/* of a query */
#define GOSSIP_NODES_MAX	  65536 /* of a push/pull, and of a pool */
#define GOSSIP_EVENTS_PER_TICK	  64	/* user events of one Lamport time */
#define GOSSIP_EVENT_TICKS	  512	/* Lamport times remembered */
#define GOSSIP_VERSION_BYTES	  6
#define GOSSIP_COMPOUND_PARTS_MAX 255

/* Bytes around the parts of a packet (wire/gossip.md 2). */
#define GOSSIP_PACKET_BYTES   1400
#define GOSSIP_COMPOUND_BYTES 2	 /* of the packet */
#define GOSSIP_PART_BYTES     2	 /* of each part */
#define GOSSIP_ENCRYPT_BYTES  29 /* version 1 */

/* --- What messages are made of. --- */

/* An IP address and a port. */
struct endpoint {
	uint8_t ip[16];	 /* network order; unused bytes are zero */
	uint8_t ip_size; /* 4, 16, or 0: none given */
	uint16_t port;
};

#define COORD_DIMENSIONS 8

/* A Vivaldi coordinate; seconds (wire/gossip.md 11). */
struct coord {
	double vec[COORD_DIMENSIONS];
	double error;
	double adjustment;
	double height;
};

/* pmin, pmax, pcur, dmin, dmax, dcur: memberlist's protocol, Serf's. */
struct versions {
	uint8_t of[GOSSIP_VERSION_BYTES];
	uint8_t count; /* how many came: 0 or 6, from old nodes 3 */
};

/* memberlist's states, with the wire's numbers. */
enum swim_state {
	SWIM_ALIVE = 0,
	SWIM_SUSPECT = 1,
	SWIM_DEAD = 2,
	SWIM_LEFT = 3,
};

/* Flags of a query and of a response. */
#define QUERY_WANTS_ACK	     1
#define QUERY_NO_REBROADCAST 2
#define RESPONSE_IS_ACK	     1

/* --- The messages. --- */

/*	 name               wire: memberlist's type, then Serf's behind an 8 */
/* clang-format off */
#define MESSAGES(X)                      \
	X(PING,              0)          \
	X(INDIRECT_PING,     1)          \
	X(ACK,               2)          \
	X(SUSPECT,           3)          \
	X(ALIVE,             4)          \
	X(DEAD,              5)          \
	X(NACK,              11)         \
	X(LEAVE_INTENT,      0x800)      \
	X(JOIN_INTENT,       0x801)      \
	X(USER_EVENT,        0x803)      \
	X(QUERY,             0x804)      \
	X(QUERY_RESPONSE,    0x805)      \
	X(RELAY,             0x809)      \
	X(RELAYED,           0x8ff) /* a Serf message, bytes as they came */
/* clang-format on */

enum message_kind {
#define X(name, wire) MESSAGE_##name,
	MESSAGES(X)
#undef X
	    MESSAGE_COUNT
};

struct ping {
	uint32_t sequence;
	struct slice node;	/* who is meant; empty: whoever gets it */
	struct endpoint source; /* whom to answer; ip_size 0: not said */
	struct slice source_node;
};

struct indirect_ping {
	uint32_t sequence;
	struct slice node;
	struct endpoint target;
	bool wants_nack;
	struct endpoint source;
	struct slice source_node;
};

struct ack {
	uint32_t sequence;
	bool has_coord; /* the payload; one that is no coordinate is none */
	struct coord coord;
};

struct nack {
	uint32_t sequence;
};

/* SUSPECT and DEAD. Dead from the node itself: it has left. */
struct accusation {
	uint32_t incarnation;
	struct slice node;
	struct slice from;
};

struct alive {
	uint32_t incarnation;
	struct slice node;
	struct endpoint address;
	struct slice meta; /* the tags, encoded (9.5) */
	struct versions versions;
};

/* LEAVE_INTENT and JOIN_INTENT. */
struct intent {
	uint64_t ltime;
	struct slice node;
	bool is_prune; /* LEAVE_INTENT */
};

struct user_event {
	uint64_t ltime;
	struct slice name;
	struct slice payload;
	bool is_coalescing;
};

struct query {
	uint64_t ltime;
	uint32_t id;
	struct endpoint source;
	struct slice source_node;
	const struct slice *filters; /* as they came, encoded (9.3) */
	size_t filter_count;
	uint32_t flags;
	uint8_t relay_factor;
	struct duration timeout;
	struct slice name;
	struct slice payload;
};

struct query_response {
	uint64_t ltime;
	uint32_t id;
	struct slice from;
	uint32_t flags;
	struct slice payload;
};

/*
 * Hand this on to `to`. One that came has its message as bytes; one of ours
 * has it as a struct: a QUERY_RESPONSE.
 */
struct relay {
	struct endpoint to;
	struct slice to_node;
	struct slice bytes; /* Serf's type byte and the map */
	const struct query_response *response; /* or NULL: `bytes` */
};

struct message {
	enum message_kind kind;
	union {
		struct ping ping;
		struct indirect_ping indirect_ping;
		struct ack ack;
		struct nack nack;
		struct accusation accusation; /* SUSPECT, DEAD */
		struct alive alive;
		struct intent intent; /* LEAVE_INTENT, JOIN_INTENT */
		struct user_event user_event;
		struct query query;
		struct query_response query_response;
		struct relay relay;
		struct slice relayed; /* RELAYED */
	} as;
};

/* --- The state two members exchange over a stream (6, 9.2). --- */

struct push_node {
	struct slice name;
	struct endpoint address;
	struct slice meta;
	struct versions versions;
	uint32_t incarnation;
	enum swim_state state;
};

struct status_time {
	struct slice name;
	uint64_t ltime;
};

struct event_body {
	struct slice name;
	struct slice payload;
};

/* User events of one Lamport time. */
struct event_tick {
	uint64_t ltime;
	const struct event_body *events;
	size_t count;
};

struct push_pull {
	bool is_join;
	struct push_node *nodes;
	size_t node_count;
	/* Serf's part. Zero clocks and empty lists where there was none. */
	bool has_serf;
	uint64_t ltime;
	uint64_t event_ltime;
	uint64_t query_ltime;
	struct status_time *status_times;
	size_t status_count;
	struct slice *left_members;
	size_t left_count;
	/* Used slots only; on the wire the others are nil, or not there. */
	struct event_tick *events;
	size_t event_count;
};

/* --- message.c --- */

/* Bytes of a message in a packet: for memberlist's the type byte and the map,
 * for Serf's the type 8 as well. Exactly what the codec will write. */
size_t message_size(const struct message *);
/* A copy of a message whose texts are in `memory`, which is aligned and has
 * message_text_bytes(). What a relay has as a struct stays where it is. */
size_t message_text_bytes(const struct message *);
void message_copy(struct message *to, const struct message *from, void *memory);
bool endpoint_equal(const struct endpoint *, const struct endpoint *);
bool versions_equal(const struct versions *, const struct versions *);

#endif
