/*
 * What the core noted, in the words of Consul's log, so that whoever watches
 * for them still finds them.
 */
#include <inttypes.h>

#include "common/log.h"
#include "common/metrics.h"
#include "raftd.h"

void
notes_print_membership(const struct membership *all, struct buf *out)
{
	static const char *const names[] = { "Voter", "Nonvoter", "Staging" };

	buf_put_text(out, "[");
	for (size_t i = 0; i < all->count; i++) {
		const struct member *one = &all->members[i];

		buf_printf(out, "%s{Suffrage:%s ID:%s Address:%s}",
		    i == 0 ? "" : " ", names[one->suffrage], one->id.text,
		    one->address.text);
	}
	buf_put_text(out, "]");
}

static const char *
self(const struct raft *raft)
{
	return (raft->options.address.text);
}

static void
log_configuration(const struct raft *raft, const struct note *note)
{
	struct buf text = { 0 };

	notes_print_membership(&raft->latest, &text);
	log_info(LOG_RAFT,
	    note->kind == NOTE_INITIAL_CONFIGURATION ? "initial configuration"
						     : "updating configuration",
	    "index=%" PRIu64 " servers=\"%s\"", note->number,
	    raft->latest.count == 0 ? "[]" : buf_text(&text));
	buf_deinit(&text);
}

static void
log_role(const struct raft *raft, const struct note *note)
{
	switch (note->kind) {
	case NOTE_ENTERING_FOLLOWER:
		log_info(LOG_RAFT, "entering follower state",
		    "follower=\"Node at %s [Follower]\" leader=%s", self(raft),
		    note->name.text);
		break;
	case NOTE_ENTERING_CANDIDATE:
		log_info(LOG_RAFT, "entering candidate state",
		    "node=\"Node at %s [Candidate]\" term=%" PRIu64, self(raft),
		    note->number);
		break;
	default:
		log_info(LOG_RAFT, "entering leader state",
		    "leader=\"Node at %s [Leader]\"", self(raft));
		break;
	}
}

static void
log_election(const struct note *note)
{
	switch (note->kind) {
	case NOTE_HEARTBEAT_TIMEOUT:
		log_warn(LOG_RAFT,
		    "heartbeat timeout reached, starting election",
		    "last-leader=%s", note->name.text);
		break;
	case NOTE_LEADER_GONE:
		log_warn(LOG_RAFT, "leader has closed its connections",
		    "leader=%s", note->name.text);
		break;
	case NOTE_ELECTION_TIMEOUT:
		log_warn(LOG_RAFT,
		    "Election timeout reached, restarting election", "");
		break;
	case NOTE_VOTE_GRANTED:
		log_debug(LOG_RAFT, "vote granted", "from=%s tally=%" PRIu64,
		    note->name.text, note->number);
		break;
	case NOTE_ELECTION_WON:
		log_info(
		    LOG_RAFT, "election won", "tally=%" PRIu64, note->number);
		break;
	case NOTE_NO_KNOWN_PEERS:
		log_warn(LOG_RAFT, "no known peers, aborting election", "");
		break;
	case NOTE_NOT_IN_CONFIGURATION:
		log_warn(LOG_RAFT,
		    "not part of stable configuration, aborting election", "");
		break;
	case NOTE_NEWER_TERM:
		log_debug(LOG_RAFT,
		    "newer term discovered, fallback to follower",
		    "term=%" PRIu64, note->number);
		break;
	default:
		log_warn(LOG_RAFT,
		    note->kind == NOTE_REJECTING_VOTE_LEADER
			? "rejecting vote request since we have a leader"
			: "rejecting vote request since our last term is "
			  "greater",
		    "from=%s", note->name.text);
		break;
	}
}

static void
log_leading(const struct note *note)
{
	switch (note->kind) {
	case NOTE_REMOVED_SELF:
		log_info(
		    LOG_RAFT, "removed ourself, transitioning to follower", "");
		break;
	case NOTE_LEASE_LOST:
		log_warn(LOG_RAFT,
		    "failed to contact quorum of nodes, stepping down", "");
		break;
	case NOTE_PEER_UNREACHABLE:
		log_error(LOG_RAFT, "failed to appendEntries to", "peer=%s",
		    note->name.text);
		break;
	case NOTE_PIPELINE_STARTED:
		log_info(LOG_RAFT, "pipelining replication", "peer=%s",
		    note->name.text);
		break;
	case NOTE_SNAPSHOT_SENT:
		log_info(LOG_RAFT, "sending snapshot", "peer=%s index=%" PRIu64,
		    note->name.text, note->number);
		break;
	case NOTE_SNAPSHOT_RESTORED:
		log_info(LOG_RAFT, "restored user snapshot", "index=%" PRIu64,
		    note->number);
		break;
	case NOTE_SNAPSHOT_NOT_SHARED:
		log_error(LOG_RAFT,
		    "a snapshot was restored here that the cluster has not "
		    "taken: remove this server's raft folder",
		    "index=%" PRIu64 " leader=%s", note->number,
		    note->name.text);
		break;
	case NOTE_WRITE_FAILED:
		log_error(LOG_RAFT, "failed to commit logs", "from=%" PRIu64,
		    note->number);
		break;
	default:
		log_debug(LOG_RAFT, "clearing log suffix", "from=%" PRIu64,
		    note->number);
		break;
	}
}

static void
note_measure(enum note_kind kind)
{
	switch (kind) {
	case NOTE_ENTERING_FOLLOWER:
		metrics_add(METRIC_raft_follower, 1);
		break;
	case NOTE_ENTERING_CANDIDATE:
		metrics_add(METRIC_raft_candidate, 1);
		break;
	case NOTE_ENTERING_LEADER:
		metrics_add(METRIC_raft_leader, 1);
		break;
	case NOTE_HEARTBEAT_TIMEOUT:
		metrics_add(METRIC_raft_timeout, 1);
		break;
	case NOTE_LEASE_LOST:
		metrics_add(METRIC_raft_lease_lost, 1);
		break;
	default:
		break;
	}
}

void
notes_log(const struct raft *raft, const struct note *notes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		note_measure(notes[i].kind);
		switch (notes[i].kind) {
		case NOTE_INITIAL_CONFIGURATION:
		case NOTE_CONFIGURATION_CHANGED:
			log_configuration(raft, &notes[i]);
			break;
		case NOTE_ENTERING_FOLLOWER:
		case NOTE_ENTERING_CANDIDATE:
		case NOTE_ENTERING_LEADER:
			log_role(raft, &notes[i]);
			break;
		case NOTE_HEARTBEAT_TIMEOUT:
		case NOTE_LEADER_GONE:
		case NOTE_NO_KNOWN_PEERS:
		case NOTE_NOT_IN_CONFIGURATION:
		case NOTE_ELECTION_TIMEOUT:
		case NOTE_VOTE_GRANTED:
		case NOTE_ELECTION_WON:
		case NOTE_NEWER_TERM:
		case NOTE_REJECTING_VOTE_LEADER:
		case NOTE_REJECTING_VOTE_LOG:
			log_election(&notes[i]);
			break;
		default:
			log_leading(&notes[i]);
			break;
		}
	}
}
