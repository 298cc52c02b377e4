/*
 * What the files of the core share; nobody else includes this.
 *
 * A step is one event at work: the member, what comes out, and the time.
 */
#ifndef GOSSIPD_CORE_H
#define GOSSIPD_CORE_H

#include "broadcast.h"
#include "coord.h"
#include "gossip.h"
#include "random.h"
#include "suspicion.h"

#define UNLISTED SIZE_MAX /* a place that is none */

/* A message about a member that is not there yet (serf.go, nodeIntent). */
struct early_intent {
	enum message_kind kind; /* JOIN_INTENT or LEAVE_INTENT */
	uint64_t ltime;		/* 0: none */
	struct instant at;
};

/*
 * One name, and all we know of it: memberlist's half as long as it is listed,
 * Serf's as long as its status is not NONE, an intent that came early. It goes
 * when none of these is left.
 */
struct member {
	struct member *next; /* in its bucket */
	uint64_t hash;
	struct endpoint address;
	struct versions versions;
	struct buf meta;

	/* memberlist */
	size_t place; /* in gossip.nodes, or UNLISTED */
	enum swim_state state;
	uint32_t incarnation;
	struct instant changed_at;
	struct suspicion *suspicion; /* owned; set exactly while SUSPECT */
	struct broadcast *queued;    /* lent by swim_queue: the last word */

	/* Serf */
	enum member_status status;
	uint64_t status_ltime;
	struct instant gone_at;	 /* or LEAVING since; FAILED, LEFT */
	struct instant prune_at; /* NEVER, but for one that leaves and is to
				    be forgotten then */
	struct early_intent early;
	struct coord_peer *peer; /* owned, or NULL: never pinged */

	uint16_t name_size;
	uint8_t name[];
};

/* --- members.c: names to members, whoever chose the names. --- */

struct members {
	struct member **buckets; /* owned, as what they point to */
	size_t bucket_count;	 /* a power of two */
	size_t count;
	uint64_t key[2];
};

void members_init(struct members *, uint64_t *random);
void members_deinit(struct members *);
struct member *members_find(const struct members *, struct slice name);
/* The name is not there yet. Returns NULL when there are too many. */
struct member *members_add(struct members *, struct slice name);
void members_remove(struct members *, struct member *); /* and free */
/* All, one by one; NULL begins and ends it. The one before may be removed. */
struct member *members_next(const struct members *, const struct member *);
struct slice member_name(const struct member *);
void member_set_meta(struct member *, struct slice);

/* --- One event buffer of Serf: by Lamport time, which events were seen. --- */

struct seen_event {
	struct event_body body; /* in the block behind it */
	struct seen_event *next;
	size_t bytes;
};

struct event_slot {
	uint64_t ltime;
	size_t count;
	struct seen_event *first; /* owned */
};

#define QUERIES_PER_TICK 32
struct query_slot {
	uint64_t ltime;
	uint32_t count;
	uint32_t ids[QUERIES_PER_TICK];
};

/* --- What is under way. --- */

enum probe_phase {
	PROBE_NONE,
	PROBE_DIRECT,
	PROBE_INDIRECT,
};

struct probe {
	enum probe_phase phase;
	struct member *target; /* NULL: it has gone */
	uint32_t incarnation;  /* when it was pinged */
	uint32_t sequence;
	struct instant sent;
	struct instant end;
	unsigned expected_nacks;
	unsigned nacks;
	uint64_t stream; /* of the fallback ping; 0: none */
	bool is_stream_acked;
};

/* A ping for somebody else. */
#define ERRANDS_MAX 256
struct errand {
	uint32_t sequence; /* ours; 0: done */
	uint32_t asked_sequence;
	struct endpoint asker;
	bool wants_nack;
	struct instant until;
};

/* A push/pull that we began. */
#define PULLS_MAX 128
enum pull_kind {
	PULL_NONE,
	PULL_ROUTINE,
	PULL_RECONNECT,
	PULL_JOIN,
};

struct pull {
	enum pull_kind kind;
	uint64_t stream;
	uint64_t join; /* of a JOIN: the command */
	struct endpoint to;
};

/* A query of ours that runs. */
#define QUERIES_MAX 32
struct names_seen {
	uint64_t *hashes; /* owned */
	size_t count, capacity;
};

struct own_query {
	bool is_open;
	uint64_t command;
	uint64_t ltime;
	uint32_t id;
	struct instant deadline;
	struct names_seen acks, responses;
};

/* A query that we were asked. */
#define ASKED_MAX 64
struct asked_query {
	uint64_t number; /* 0: free, or answered */
	uint64_t ltime;
	uint32_t id;
	struct endpoint source;
	struct buf source_node;
	uint8_t relay_factor;
	struct instant deadline;
};

enum leave_phase {
	LEAVE_NONE,
	LEAVE_INTENT,	 /* Serf's word goes out */
	LEAVE_DEAD,	 /* memberlist's */
	LEAVE_PROPAGATE, /* others may still ask */
	LEAVE_DONE,
};

struct leaving {
	enum leave_phase phase;
	bool is_intent_sent; /* often enough: what the phase waits for */
	bool is_dead_sent;
	struct instant until;
};

struct gossip {
	struct gossip_options options; /* its texts point to `texts` */
	struct arena texts;
	uint64_t random;
	bool is_started;
	bool is_encrypted;
	uint64_t dropped;

	/* memberlist */
	struct members members;
	struct member *self;
	struct member **nodes; /* owned; what is listed, in order of probing */
	size_t node_count, node_capacity;
	size_t suspect_count;
	size_t probe_place;
	uint32_t incarnation;
	uint32_t sequence;
	unsigned health; /* 0: well (Lifeguard's score) */
	struct broadcast_queue swim_queue;
	struct probe probe;
	struct errand errands[ERRANDS_MAX]; /* a ring, in order of time */
	size_t errand_first, errand_count;
	struct pull pulls[PULLS_MAX];
	uint64_t last_stream;
	size_t open_joins;
	bool has_joined;	   /* one of these worked */
	struct instant settle_at;  /* a push/pull soon after joining */
	struct instant settled_at; /* as a newcomer we ask for no more */
	struct instant gossip_at, probe_at, push_pull_at, suspicion_at;
	struct coord_self coord;

	/* Serf */
	size_t serf_count;
	uint64_t clock, event_clock, query_clock;
	uint64_t event_min, query_min;
	struct broadcast_queue intent_queue, query_queue, event_queue;
	struct event_slot events[GOSSIP_EVENT_TICKS];
	size_t event_bytes;
	struct query_slot *queries; /* owned; NULL until there is one */
	struct own_query own_queries[QUERIES_MAX];
	struct asked_query asked[ASKED_MAX]; /* by number modulo */
	uint64_t last_asked;
	size_t early_count; /* members with an early intent */
	struct instant reap_at, reconnect_at, queue_check_at, prune_at;
	struct leaving leaving;
};

struct step {
	struct gossip *g;
	struct gossip_effects *fx;
	struct instant now;
	bool is_newcomer; /* all we learn is known to all we could tell */
};

/* --- effects.c --- */

struct gossip_note *effects_note(struct gossip_effects *, enum gossip_note_kind,
    struct slice name, struct slice text);
void effects_done(
    struct gossip_effects *, uint64_t id, bool is_ok, struct slice why);
void effects_change(struct gossip_effects *, enum member_change_kind,
    const struct gossip_member *);
void effects_event(struct gossip_effects *, const struct user_event *);
void effects_asked(struct gossip_effects *, const struct gossip_asked *);
void effects_reply(struct gossip_effects *, const struct gossip_reply *);
/* To be filled in; zeroed. Lent until the next. */
struct gossip_stream *effects_stream(struct gossip_effects *);
/* A packet to be filled by effects_message(), until the next is begun. */
void effects_packet(
    struct gossip_effects *, const struct endpoint *to, bool has_checksum);
void effects_message(struct gossip_effects *, const struct message *);

/* --- send.c --- */

/* The message, and in the same packet what waits to be gossiped. */
void send_with_gossip(
    struct step *, const struct endpoint *to, const struct message *);
/* These messages alone. */
void send_alone(struct step *, const struct endpoint *to, bool has_checksum,
    const struct message *, size_t count);
/* What waits to be gossiped, if anything does. */
bool send_gossip(struct step *, const struct member *to);
bool send_has_gossip(const struct gossip *);
/* About members, and sent less than half as often as it will be. */
bool send_has_news(const struct gossip *);
/* May be larger than a packet: nobody would ever get it. */
bool send_is_too_big(const struct gossip *, const struct message *);

/* --- swim.c --- */

struct member *swim_self_start(struct step *);
void swim_set_meta(struct step *, struct slice meta);
/* Is it of a network that members may be of? */
bool swim_is_inside(const struct gossip *, const struct endpoint *);
void swim_on_alive(struct step *, const struct alive *);
void swim_on_suspect(struct step *, const struct accusation *);
void swim_on_dead(struct step *, const struct accusation *);
void swim_leave(struct step *); /* this member is dead, by its own word */
void swim_suspicions_tick(struct step *);
/* The dead of long ago go out of the list, and the rest is shuffled. */
void swim_reshuffle(struct step *);
bool swim_is_gone(const struct member *); /* dead or left */
/* Up to `count` random listed members for which `fits`; returns how many. */
size_t swim_choose(struct step *, size_t count, struct member **out,
    bool (*fits)(const struct step *, const struct member *));
bool swim_fits_alive(const struct step *, const struct member *);
void swim_health(struct gossip *, int delta);
void swim_unlist(struct gossip *, struct member *);
/* Forget it, if nothing of it is left. */
void swim_release(struct gossip *, struct member *);

/* --- probe.c --- */

void probe_tick(struct step *);
struct instant probe_deadline(const struct gossip *);
void probe_on_ping(
    struct step *, const struct endpoint *from, const struct ping *);
void probe_on_indirect(
    struct step *, const struct endpoint *from, const struct indirect_ping *);
void probe_on_ack(struct step *, const struct ack *);
void probe_on_nack(struct step *, const struct nack *);
/* False: this stream is none of the probe's. */
bool probe_on_stream(struct step *, uint64_t stream, bool is_acked);

/* --- pull.c --- */

void pull_tick(struct step *);
void pull_join(struct step *, uint64_t command, const struct endpoint *);
void pull_reconnect(struct step *, const struct member *);
void pull_on_request(struct step *, uint64_t stream, const struct endpoint *,
    const struct push_pull *);
void pull_on_answer(struct step *, uint64_t stream, const struct push_pull *);
void pull_on_failed(struct step *, uint64_t stream, struct slice why);
struct duration pull_interval(const struct gossip *);
/* Somebody new: if we are new as well, we may miss others. */
void pull_settle(struct step *);

/* --- rule.c --- */

/* False: against the pool's rule, and *why says it in Consul's words. */
bool rule_allows(const struct gossip *, const struct push_node *, size_t count,
    struct arena *, struct slice *why);

/* --- serf.c --- */

void serf_start(struct step *);
void serf_on_join(struct step *, struct member *);
void serf_on_update(struct step *, struct member *);
void serf_on_leave(struct step *, struct member *);
bool serf_on_intent(struct step *, enum message_kind, const struct intent *);
void serf_merge(struct step *, const struct push_pull *, bool ignores_old);
void serf_announce_join(struct step *);
void serf_force_leave(
    struct step *, uint64_t command, struct slice name, bool is_prune);
void serf_leave(struct step *);
void serf_leave_tick(struct step *);
bool serf_has_others(const struct gossip *);
void serf_view(
    const struct gossip *, const struct member *, struct gossip_member *);

/* --- serf_reap.c --- */

void serf_reap_tick(struct step *);
void serf_erase(struct step *, struct member *);

/* --- serf_event.c --- */

void clock_witness(uint64_t *clock, uint64_t seen);
void serf_event_fire(struct step *, uint64_t command, struct user_event *);
/* True if it was news. */
bool serf_on_event(struct step *, const struct user_event *);
void serf_events_free(struct gossip *);

/* --- serf_query.c --- */

void serf_query_fire(struct step *, const struct gossip_event *);
void serf_respond(struct step *, uint64_t number, struct slice payload);
bool serf_on_query(struct step *, const struct query *);
void serf_on_response(struct step *, const struct query_response *);
void serf_on_relay(struct step *, const struct relay *);
void serf_query_tick(struct step *);
struct instant serf_query_deadline(const struct gossip *);
void serf_queries_free(struct gossip *);

/* --- filter.c --- */

bool filter_matches(struct slice filter, struct slice name, struct slice meta);

/* --- Small things. --- */

static inline struct instant
sooner(struct instant a, struct instant b)
{
	return (instant_before(a, b) ? a : b);
}

/* Ticks that were missed are missed, as those of Go's tickers. */
static inline struct instant
next_tick(struct instant at, struct duration interval, struct instant now)
{
	int64_t late_ns = instant_since(now, at).ns;

	return (instant_add(
	    at, NANOSECONDS((late_ns / interval.ns + 1) * interval.ns)));
}

static inline bool
is_due(const struct step *s, struct instant at)
{
	return (!instant_before(s->now, at));
}

#endif
