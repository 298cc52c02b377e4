/*
 * Raft: an event comes in, effects go out. Nothing else happens here: no
 * clock, no file, no socket, no random source, no log line.
 *
 * The vocabulary and the rules are those of Ongaro's dissertation; where
 * hashicorp/raft, our peer on the wire, has a rule of its own, it is named at
 * the line that obeys it (wire/raft.md 2).
 *
 * Time     comes with each event; raft_deadline() says when the next
 *          RAFT_TICK is due
 * Disk     an effect `write` must be on disk before a message whose `after`
 *          is its number or higher may leave; RAFT_PERSISTED or
 *          RAFT_WRITE_FAILED tells how it ended. Writes end in order
 * Bodies   raft knows terms, not entries: whoever sends a RAFT_APPEND fills in
 *          the entries first_index.. from the log
 * Memory   bounded by RAFT_SERVERS_MAX, and one trail run a term
 * Threads  none; one struct raft is one server, and there may be many
 */
#ifndef RAFTD_RAFT_H
#define RAFTD_RAFT_H

#include "common/bytes.h"
#include "common/clock.h"
#include "membership.h"
#include "trail.h"

/* --- Entries. --- */

/* The numbers are those of the wire (wire/raft.md 4). */
enum entry_type {
	ENTRY_COMMAND = 0,
	ENTRY_NOOP = 1,
	ENTRY_BARRIER = 4,
	ENTRY_CONFIGURATION = 5,
};

struct entry {
	uint64_t index;
	uint64_t term;
	enum entry_type type;
	struct slice data;	 /* lent */
	struct slice extensions; /* lent; chunking, wire/raft.md 4 */
	/* Lent; set exactly for ENTRY_CONFIGURATION, whose data it is. */
	const struct membership *membership;
	uint64_t id; /* the proposal's; 0 for entries of others */
};

/* --- Messages between servers, as hashicorp/raft has them. --- */

#define RAFT_MESSAGES(X) \
	X(APPEND)        \
	X(APPEND_REPLY)  \
	X(VOTE)          \
	X(VOTE_REPLY)    \
	X(INSTALL)       \
	X(INSTALL_REPLY) \
	X(TIMEOUT_NOW)

enum message_kind {
#define X(name) MESSAGE_##name,
	RAFT_MESSAGES(X)
#undef X
};

/*
 * What the sender of a request must remember until its reply. It does not
 * travel: replies come in order on a connection, so the transport pairs them
 * and puts the request's ticket into the reply's message.
 */
struct ticket {
	struct instant sent_at;
	uint64_t prev_index;
	uint64_t match_index; /* what the follower has if it succeeds */
	uint64_t round;	      /* of leadership checks */
	uint32_t generation;  /* of the replication to this peer */
	bool is_heartbeat;
};

struct message {
	enum message_kind kind;
	struct raft_name peer; /* address: whom it goes to, or came from */
	uint64_t after; /* outgoing: the write that must be on disk; 0: none */
	uint64_t term;
	struct ticket ticket;
	union {
		struct {
			uint64_t prev_index;
			uint64_t prev_term;
			uint64_t commit_index;
			uint64_t first_index;
			size_t count;
			const struct entry *entries; /* incoming only; lent */
		} append;
		struct {
			uint64_t last_index; /* before this request's */
			bool is_success;
			bool no_retry_backoff;
		} append_reply;
		struct {
			uint64_t last_index;
			uint64_t last_term;
			bool is_transfer;
		} vote;
		struct {
			bool is_granted;
		} vote_reply;
		struct {
			uint64_t index;
			uint64_t index_term;
			uint64_t membership_index;
			const struct membership *membership; /* lent */
		} install;
		struct {
			bool is_success;
		} install_reply;
	} as;
};

/* --- Events. --- */

enum event_kind {
	RAFT_START,	/* once, after everything was loaded */
	RAFT_BOOTSTRAP, /* write the first configuration */
	RAFT_TICK,
	RAFT_PROPOSE,
	RAFT_CHANGE,   /* of the membership */
	RAFT_VERIFY,   /* am I still leader? raft_verify_round() */
	RAFT_TRANSFER, /* let another server lead */
	RAFT_RECEIVE,
	RAFT_UNREACHABLE,  /* a request got no reply */
	RAFT_LEADER_GONE,  /* its connections have ended, and it is not there */
	RAFT_DISCONNECTED, /* the connection to a follower has ended */
	RAFT_PERSISTED,
	RAFT_WRITE_FAILED,
	RAFT_SNAPSHOT_SAVED, /* one of our own is on disk */
	RAFT_INSTALLED,	     /* the effect `install` has ended */
	RAFT_RESTORE, /* a state that a user brings; raft_may_restore() */
};

struct proposal {
	uint64_t id;
	struct slice data;	 /* lent until the effects have been used */
	struct slice extensions; /* lent likewise; wire/raft.md 4 */
};

struct event {
	enum event_kind kind;
	struct instant now;
	union {
		const struct membership *bootstrap;
		struct {
			const struct proposal *items;
			size_t count;
		} propose;
		struct {
			uint64_t id;
			struct change change;
		} change;
		const struct message *receive;
		struct {
			struct raft_name peer;
			struct ticket ticket;
		} unreachable;
		struct {
			struct raft_name leader; /* its address */
			struct instant at;	 /* when they ended */
		} leader_gone;
		struct raft_name disconnected; /* address */
		struct {
			uint64_t number;
			uint64_t last_index; /* end of the log then, as the */
			uint64_t last_term;  /* effect said it */
		} persisted;
		struct {
			uint64_t number;
		} write_failed;
		struct {
			uint64_t index;
			uint64_t term;
			const struct membership *membership; /* as of then */
			uint64_t membership_index;
		} snapshot_saved;
		struct {
			bool is_success;
		} installed;
		struct {
			uint64_t index; /* of the snapshot, where it was made */
		} restore;
	} as;
};

/* --- Effects. --- */

enum refusal {
	REFUSED_NOT_LEADER,
	REFUSED_LEADERSHIP_LOST, /* it may yet be committed */
	REFUSED_WRITE_FAILED,	 /* it is not, and will not be */
	REFUSED_CHANGE_PENDING,
	REFUSED_CHANGE_UNSOUND,
	REFUSED_RESTORED, /* a user's snapshot stands in its place */
};

/* What happened, for the log and the transcripts: word by word what Consul
 * says is notes.c's. */
#define RAFT_NOTES(X)            \
	X(INITIAL_CONFIGURATION) \
	X(ENTERING_FOLLOWER)     \
	X(HEARTBEAT_TIMEOUT)     \
	X(LEADER_GONE)           \
	X(NO_KNOWN_PEERS)        \
	X(NOT_IN_CONFIGURATION)  \
	X(ENTERING_CANDIDATE)    \
	X(ELECTION_TIMEOUT)      \
	X(VOTE_GRANTED)          \
	X(ELECTION_WON)          \
	X(ENTERING_LEADER)       \
	X(NEWER_TERM)            \
	X(CONFIGURATION_CHANGED) \
	X(REMOVED_SELF)          \
	X(LEASE_LOST)            \
	X(REJECTING_VOTE_LEADER) \
	X(REJECTING_VOTE_LOG)    \
	X(PEER_UNREACHABLE)      \
	X(PIPELINE_STARTED)      \
	X(SNAPSHOT_SENT)         \
	X(SNAPSHOT_RESTORED)     \
	X(SNAPSHOT_NOT_SHARED)   \
	X(LOG_TRUNCATED)         \
	X(WRITE_FAILED)

enum note_kind {
#define X(name) NOTE_##name,
	RAFT_NOTES(X)
#undef X
	    NOTE_COUNT
};

struct note {
	enum note_kind kind;
	uint64_t number; /* a term, an index, a tally: as the note needs */
	struct raft_name name;
};

struct write {
	uint64_t number; /* 0: nothing to write */
	uint64_t term;
	struct raft_name vote; /* address of the candidate; "" is none */
	struct entry *entries; /* owned; what they point to is lent */
	size_t entry_count;
	size_t entry_capacity;
	uint64_t last_index; /* end of the log with these entries */
	uint64_t last_term;
};

struct refused {
	uint64_t id;
	enum refusal why;
};

/* The log behind `index` stays if it has that entry, of that term; else all of
 * it goes (Figure 5.3, InstallSnapshot 6 and 7). */
struct install {
	bool is_wanted;
	bool is_restore; /* what RAFT_RESTORE asked for, not a leader */
	uint64_t index;
	uint64_t term;
	uint64_t membership_index;
	const struct membership *membership; /* lent by struct raft */
};

/* Used in this order: write, messages, refused, lost, the rest. */
struct effects {
	/* One transaction. Entries that are in the log at or behind the first
	 * of these are replaced by them. */
	struct write write;
	struct message *messages; /* owned */
	size_t message_count;
	size_t message_capacity;
	struct refused *refused; /* owned */
	size_t refused_count;
	size_t refused_capacity;
	/* Proposals that hold this index or a higher one will not be answered
	 * by a commit. 0: none. */
	uint64_t lost_from;
	enum refusal lost_why;
	struct install install;
	uint64_t trim_to;   /* drop entries up to here; 0: none */
	bool has_committed; /* raft->commit_index moved */
	bool has_changed;   /* role, term, leader, readiness or membership */
	struct note *notes; /* owned */
	size_t note_count;
	size_t note_capacity;
	/* The entry that this server itself made of a change points here. */
	struct membership membership;
};

void effects_init(struct effects *);
void effects_deinit(struct effects *);
void effects_reset(struct effects *); /* keeps the memory */

/* --- The server. --- */

struct raft_options {
	struct raft_name id;
	struct raft_name address;
	struct duration heartbeat_timeout;
	struct duration election_timeout;
	struct duration lease_timeout;
	/* As long a leader's readers may trust it behind its own death. */
	struct duration gone_wait;
	struct duration reply_timeout; /* of one request */
	uint64_t append_entries_max;   /* in one message */
	uint64_t trailing_logs;
	uint64_t seed;
};

enum role {
	ROLE_FOLLOWER,
	ROLE_CANDIDATE,
	ROLE_LEADER,
};

enum replication_mode {
	REPLICATE_PROBE,    /* one at a time, until one succeeds */
	REPLICATE_PIPELINE, /* ahead of the replies */
	REPLICATE_SNAPSHOT, /* one is on its way */
};

/* What the leader knows of another server. */
struct progress {
	struct raft_name id;
	struct raft_name address;
	bool is_voter;
	enum replication_mode mode;
	uint32_t generation;
	uint32_t in_flight;
	uint32_t failures;   /* in a row: the wait doubles */
	uint32_t mismatches; /* in a row: the step back doubles */
	uint64_t next_index;
	uint64_t match_index;
	uint64_t sent_commit;
	uint64_t round;	  /* newest leadership check it has confirmed */
	uint64_t stop_at; /* removed: ends when it has this index; 0: no */
	struct instant contact; /* when the newest answered request was sent */
	struct instant trusted; /* the same; 0 once its connection has ended */
	struct instant wait_until; /* back-off */
	struct instant give_up_at; /* no reply until then: unreachable */
};

struct raft {
	struct raft_options options;
	uint64_t random;
	enum role role;

	/* Persistent, with the entries. */
	uint64_t term;
	struct raft_name vote; /* in this term */
	struct trail trail;
	struct membership latest; /* in force: newest in the log */
	uint64_t latest_index;
	struct membership committed;
	uint64_t committed_index;
	bool is_recovered; /* `latest` is an operator's, and not in the log */

	/* What is on disk: entries up to persisted_index; writes up to
	 * persisted_write; term and vote are in write state_write. */
	uint64_t persisted_index;
	uint64_t write;
	uint64_t persisted_write;
	uint64_t state_write;
	bool is_state_unsaved; /* its write failed: the next one repeats it */

	uint64_t commit_index;
	struct raft_name leader; /* address; "" if unknown */
	struct instant contact;	 /* last heard from a leader */
	bool has_contact;

	/* Whoever we have answered may still hold a lease: until then nobody
	 * has our vote, unless the leader itself wants it so. */
	struct instant lease_end;

	/* Follower and candidate. */
	struct instant election_at;
	unsigned defeats;	/* elections in a row that nobody has won */
	uint64_t leader_commit; /* matched, but maybe not on our disk yet */
	uint64_t votes;		/* set of places in `latest` */
	bool is_transfer;
	bool was_told_idle; /* "no known peers" was said */
	struct {
		bool is_running;
		bool is_restore;
		struct message request;
		struct membership membership;
	} installing;

	/* Leader. */
	struct progress progress[RAFT_SERVERS_MAX];
	size_t progress_count;
	uint32_t generation; /* of conversations: none has another's */
	uint64_t noop_index;
	uint64_t sent_index; /* highest entry that anyone may have seen */
	uint64_t round;	     /* of leadership checks */
	struct instant heartbeat_at;
	struct instant leaving_at;    /* another is to lead; NEVER: no */
	struct instant leaving_limit; /* we go on if there is none by then */
};

void raft_init(struct raft *, const struct raft_options *);
void raft_deinit(struct raft *);

/* Loading, before RAFT_START: first state and snapshot, then each entry. */
void raft_load_state(
    struct raft *, uint64_t term, const struct raft_name *vote);
void raft_load_snapshot(struct raft *, uint64_t index, uint64_t term,
    const struct membership *, uint64_t membership_index);
/* The log starts behind this index; at or before the snapshot's. */
void raft_load_first(struct raft *, uint64_t first_index);
void raft_load_entry(struct raft *, uint64_t term, const struct membership *);

/* After the entries: an operator has said who the servers are, when the log
 * ended with this index. Whoever leads first writes it into the log. */
void raft_load_recovered(
    struct raft *, uint64_t index, const struct membership *);

void raft_step(struct raft *, const struct event *, struct effects *);

/* When RAFT_TICK is due; INSTANT_NEVER if only an event can change things. */
struct instant raft_deadline(const struct raft *);
/* Leader, and an entry of its own term is committed: it knows what is. */
bool raft_is_ready(const struct raft *);
bool raft_is_sole_voter(const struct raft *);
/* May a RAFT_RESTORE come now? *why is hashicorp/raft's text. */
bool raft_may_restore(const struct raft *, const char **why);
/* One is on its way to the disk: proposals have to wait. */
bool raft_is_restoring(const struct raft *);
/* The round of the newest RAFT_VERIFY, and the newest that a quorum has
 * confirmed. Only meaningful while leader. */
uint64_t raft_verify_round(const struct raft *);
uint64_t raft_verified_round(const struct raft *);
/* Until when no other server can have committed anything: readers may trust us.
 * INSTANT_NEVER for a sole voter; in the past if we are about to leave. */
struct instant raft_lease(const struct raft *);

#endif
