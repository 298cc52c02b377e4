/*
 * One member of one pool (LAN or WAN): an event comes in, effects go out.
 * Nothing else happens here: no clock, no file, no socket, no random source
 * of its own, no log line.
 *
 * The rules are those of memberlist 0.2.2 and Serf 0.9.4 as Consul 1.8.7 sets
 * them (wire/gossip.md); their names stand at the lines that obey them.
 *
 * Time       comes with each event; gossip_deadline() says when the next
 *            GOSSIP_TICK is due. Whoever is late (no CPU, a stopped process)
 *            should hand in the packets that wait before the tick: an answer
 *            that is there is no answer missed
 * Memory     bounded by the limits in message.h and below; what is over a
 *            limit is dropped and counted
 * Ownership  events are lent for the step. Effects own or copy what they
 *            point to: they stay whole until gossip_effects_reset(), over
 *            any number of steps
 * Threads    none; one struct gossip is one member, and there may be many
 */
#ifndef GOSSIPD_GOSSIP_H
#define GOSSIPD_GOSSIP_H

#include "common/arena.h"
#include "message.h"

struct gossip; /* opaque; gossip_new() */

/* --- Settings. --- */

/* Who may be in the pool (wire/gossip.md 13.3). */
enum gossip_rule {
	RULE_ANY,	 /* Serf's own: everyone */
	RULE_CONSUL_LAN, /* one datacenter and segment, unique ids */
	RULE_CONSUL_WAN, /* servers only */
};

/* Memberlist's and Serf's knobs; wire/gossip.md 7 has the defaults. */
struct gossip_timing {
	struct duration probe_interval;
	struct duration probe_timeout;
	unsigned indirect_checks;
	unsigned suspicion_mult;
	unsigned suspicion_max_timeout_mult;
	struct duration gossip_interval;
	unsigned gossip_nodes;
	struct duration gossip_to_the_dead_time;
	unsigned retransmit_mult;
	struct duration push_pull_interval; /* 0: none */
	struct duration tcp_timeout;
	unsigned awareness_max_multiplier;
	struct duration dead_node_reclaim_time;
	struct duration broadcast_timeout;
	struct duration leave_propagate_delay;
	struct duration reap_interval;
	struct duration reconnect_interval; /* 0: none */
	struct duration reconnect_timeout;  /* failed members are kept */
	struct duration tombstone_timeout;  /* members that left are kept */
	struct duration recent_intent_timeout;
	struct duration queue_check_interval;
};

extern const struct gossip_timing gossip_timing_lan;
extern const struct gossip_timing gossip_timing_wan;

/* A network (CIDR) that members may be of. */
struct gossip_network {
	uint8_t ip[16];
	uint8_t ip_size; /* 4 or 16 */
	uint8_t bits;
};

struct gossip_options {
	struct slice name;	 /* copied, as all here */
	struct endpoint address; /* as advertised */
	struct slice meta;	 /* our tags, encoded: ff and a map */
	struct gossip_timing timing;
	enum gossip_rule rule;
	struct slice datacenter; /* of RULE_CONSUL_* */
	struct slice segment;
	struct slice node_id;
	const struct gossip_network *networks; /* none: all */
	size_t network_count;
	size_t packet_bytes;	   /* 0: GOSSIP_PACKET_BYTES */
	bool is_encrypted;	   /* leaves less of the packet */
	size_t event_bytes_max;	   /* 0: 512, Consul's */
	size_t query_bytes_max;	   /* 0: 1024 */
	size_t response_bytes_max; /* 0: 1024 */
	uint64_t seed;
	/* Of the snapshot (wire/gossip.md 12); 0: none. */
	uint64_t clock;
	uint64_t event_clock;
	uint64_t query_clock;
	/* Off, for comparison only: no health score, no confirmations, no
	 * nacks, no word to the suspect (Lifeguard paper). */
	bool is_without_lifeguard;
};

/* --- Events. --- */

#define GOSSIP_EVENTS(X) \
	X(START)         \
	X(TICK)          \
	X(MESSAGE)       \
	X(PUSH_PULL)     \
	X(STREAM_ANSWER) \
	X(STREAM_FAILED) \
	X(JOIN)          \
	X(LEAVE)         \
	X(FORCE_LEAVE)   \
	X(SET_META)      \
	X(USER_EVENT)    \
	X(QUERY)         \
	X(RESPOND)

enum gossip_event_kind {
#define X(name) GOSSIP_##name,
	GOSSIP_EVENTS(X)
#undef X
	    GOSSIP_EVENT_COUNT
};

struct gossip_event {
	enum gossip_event_kind kind;
	struct instant now; /* never earlier than the step before */
	union {
		/* MESSAGE: of a packet, one by one; or of a user stream. */
		struct {
			struct endpoint from;
			const struct message *message;
		} message;
		/* PUSH_PULL: a stream opened by `from` brought this; it is
		 * answered by a STREAM_ANSWER effect with the same id. */
		struct {
			uint64_t stream;
			struct endpoint from;
			const struct push_pull *state;
		} push_pull;
		/* STREAM_ANSWER: what a stream of ours brought. */
		struct {
			uint64_t stream;	       /* the effect's */
			const struct push_pull *state; /* NULL: of a ping */
		} answer;
		/* STREAM_FAILED */
		struct {
			uint64_t stream;
			struct slice why;
		} failed;
		/* JOIN: one address; ends in a `done` effect. */
		struct {
			uint64_t id;
			struct endpoint to;
		} join;
		/* LEAVE: ends in has_left. */
		/* FORCE_LEAVE: `done` at once. */
		struct {
			uint64_t id;
			struct slice name;
			bool is_prune;
		} force_leave;
		/* SET_META: our tags have changed. */
		struct slice meta;
		/* USER_EVENT: `done` at once; delivered here as well. */
		struct {
			uint64_t id;
			struct slice name;
			struct slice payload;
			bool is_coalescing;
		} user_event;
		/* QUERY: ends in `done`, at the latest when its time is up.
		 * Answers are `replies` effects with this id. */
		struct {
			uint64_t id;
			struct slice name;
			struct slice payload;
			const struct slice *filters; /* encoded (9.3) */
			size_t filter_count;
			bool wants_ack;
			uint8_t relay_factor;
			struct duration timeout; /* 0: the default */
		} query;
		/* RESPOND: to an `asked` effect. */
		struct {
			uint64_t asked;
			struct slice payload;
		} respond;
	} as;
};

/* --- Effects. --- */

/* Messages first..first+count-1 to one address, in one packet: compound where
 * there are several. They fit. */
struct gossip_packet {
	struct endpoint to;
	bool has_checksum; /* the receiver is known to read it */
	uint32_t first;
	uint32_t count; /* >= 1 */
};

enum gossip_stream_kind {
	STREAM_PUSH_PULL, /* connect to `to`, write `state`, read the answer */
	STREAM_PING,	  /* connect to `to`, write `ping`, read its ack */
	STREAM_REPLY,	  /* write `state` to the stream that came */
};

struct gossip_stream {
	enum gossip_stream_kind kind;
	uint64_t id; /* for STREAM_ANSWER and STREAM_FAILED */
	struct endpoint to;
	struct instant deadline;
	const struct push_pull *state;
	struct ping ping;
};

/* Serf's statuses, with the wire's numbers. */
enum member_status {
	MEMBER_NONE = 0,
	MEMBER_ALIVE = 1,
	MEMBER_LEAVING = 2,
	MEMBER_LEFT = 3,
	MEMBER_FAILED = 4,
};

/* A member as others see it. */
struct gossip_member {
	struct slice name;
	struct endpoint address;
	struct slice meta;
	struct versions versions;
	enum member_status status;
	uint64_t status_ltime;
	uint32_t incarnation;
	enum swim_state swim;
	bool is_self;
};

enum member_change_kind {
	CHANGE_JOIN,
	CHANGE_LEAVE,
	CHANGE_FAILED,
	CHANGE_UPDATE,
	CHANGE_REAP,
};

struct member_change {
	enum member_change_kind kind;
	struct gossip_member member;
};

/* A query for this member; internal ones (name `_serf_...`) too, except
 * `_serf_ping`. Who has an answer hands in RESPOND before the deadline. */
struct gossip_asked {
	uint64_t id;
	struct slice name;
	struct slice payload;
	struct slice from;
	struct endpoint from_address;
	struct instant deadline;
};

struct gossip_reply {
	uint64_t id; /* of the QUERY */
	struct slice from;
	bool is_ack;
	struct slice payload;
};

/* The end of a command. */
struct gossip_done {
	uint64_t id;
	bool is_ok;
	struct slice why; /* if not: Consul's text */
};

/* What an operator reads in the log; the edge has the words. */
#define GOSSIP_NOTES(X)                                                 \
	X(SUSPECT)	   /* we suspect `name`: no ack */              \
	X(TCP_ONLY)	   /* `name` answers TCP but not UDP */         \
	X(FAILED)	   /* suspicion of `name` has run out */        \
	X(REFUTE)	   /* `from` suspects us, or says dead */       \
	X(REFUTE_ALIVE)	   /* an alive about us is not of us */         \
	X(CONFLICT)	   /* `name` is claimed by `address` too */     \
	X(NAME_CLAIMED)	   /* the same, as Serf says it */              \
	X(NAME_TAKEN)	   /* and of our own name */                    \
	X(ADDRESS_CHANGED) /* of a `name` that was gone */              \
	X(BAD_VERSION)	   /* of `name`: ignored */                     \
	X(OUTSIDE)	   /* `name` is of no allowed network */        \
	X(MOVED_OUTSIDE)   /* the same of one that is listed */         \
	X(REFUSED)	   /* an alive is against the rule: `text` */   \
	X(MERGE_REFUSED)   /* a push/pull of `address`: `text` */       \
	X(STREAM_FAILED)   /* a push/pull with `name`: `text` */        \
	X(LATE_EVENT)	   /* a user event too old for the buffer */    \
	X(RECONNECT)	   /* trying the failed `name` again */         \
	X(LEAVE_TIMEOUT)   /* our leave was not sent often enough */    \
	X(QUEUE_DEPTH)	   /* `number` messages wait in queue `text` */ \
	X(FULL)		   /* a limit was met: `text` was dropped */

enum gossip_note_kind {
#define X(name) GOSSIP_NOTE_##name,
	GOSSIP_NOTES(X)
#undef X
	    GOSSIP_NOTE_COUNT
};

struct gossip_note {
	enum gossip_note_kind kind;
	struct slice name;
	struct slice from;
	struct endpoint address;
	struct endpoint other;
	uint64_t number;
	struct slice text;
};

#define GOSSIP_LIST(type, name)  \
	struct {                 \
		type *items;     \
		size_t count;    \
		size_t capacity; \
	} name

struct gossip_effects {
	GOSSIP_LIST(struct message, messages);
	GOSSIP_LIST(struct gossip_packet, packets);
	GOSSIP_LIST(struct gossip_stream, streams);
	GOSSIP_LIST(struct member_change, changes);
	GOSSIP_LIST(struct user_event, events);
	GOSSIP_LIST(struct gossip_asked, asked);
	GOSSIP_LIST(struct gossip_reply, replies);
	GOSSIP_LIST(struct gossip_done, done);
	GOSSIP_LIST(struct gossip_note, notes);
	bool has_left;	    /* our leave is done: this member may go */
	struct arena arena; /* of all that they point to */
};

void gossip_effects_init(struct gossip_effects *);
void gossip_effects_deinit(struct gossip_effects *);
void gossip_effects_reset(struct gossip_effects *); /* keeps the memory */

/* --- The member. --- */

struct gossip *gossip_new(const struct gossip_options *);
void gossip_free(struct gossip *);
void gossip_step(
    struct gossip *, const struct gossip_event *, struct gossip_effects *);
/* When GOSSIP_TICK is due. */
struct instant gossip_deadline(const struct gossip *);

/* The keyring has got its first key, or lost its last. */
void gossip_set_encrypted(struct gossip *, bool);

/* All members, in order of their names; lent until the next step. */
size_t gossip_member_count(const struct gossip *);
void gossip_members(const struct gossip *, struct arena *,
    struct gossip_member **, size_t *count);
bool gossip_member_find(
    const struct gossip *, struct slice name, struct gossip_member *);

/* `consul info`, section serf_lan; and what the snapshot needs. */
struct gossip_stats {
	uint64_t clock, event_clock, query_clock;
	size_t members, failed, left, alive;
	size_t intent_queue, event_queue, query_queue, member_queue;
	unsigned health_score;
	uint64_t coord_resets;
	uint64_t dropped; /* messages over a limit */
};
void gossip_stats(const struct gossip *, struct gossip_stats *);

/* Where we are; and where a member said it is, if it did. */
void gossip_coord(const struct gossip *, struct coord *);
bool gossip_coord_of(const struct gossip *, struct slice name, struct coord *);

/* The value of a tag in an encoded meta (9.5); false: there is none. */
bool gossip_meta_tag(struct slice meta, const char *tag, struct slice *value);

#endif
