/* What catalogd says and asks. Handlers note it; the turn acts. */
#include <assert.h>
#include <stdlib.h>

#include "codec.h"
#include "common/limits.h"
#include "common/xmalloc.h"
#include "raftd.h"

static struct raftd *
self(struct daemon *daemon)
{
	return (daemon->state);
}

static void
on_follow(struct daemon *daemon, struct call *call, const void *request)
{
	const struct raft_follow *follow = request;

	(void)call;
	if (self(daemon)->store != NULL)
		feed_start(self(daemon), follow->index);
}

static void
on_submit(struct daemon *daemon, struct call *call, const void *request)
{
	const struct raft_submit *submit = request;
	struct raftd *d = self(daemon);
	struct inbox *inbox = &d->inbox;

	(void)call;
	if (d->store == NULL) {
		feed_refuse(d, submit->id, "No cluster leader");
		return;
	}
	/* The disk does not keep up. hashicorp/raft lets a client wait 30 s
	 * for a place in its queue, and then says the same. */
	if (d->recent.bytes + inbox->arena.size > RAFT_BACKLOG_BYTES_MAX) {
		feed_refuse(d, submit->id, "timed out enqueuing operation");
		return;
	}
	if (inbox->count == inbox->capacity) {
		inbox->capacity = inbox->capacity * 2 + 64;
		inbox->proposals = xreallocarray(inbox->proposals,
		    inbox->capacity, sizeof(*inbox->proposals));
	}
	inbox->proposals[inbox->count++] = (struct proposal){
		.id = submit->id,
		.data = arena_copy(&inbox->arena, submit->data),
		.extensions = arena_copy(&inbox->arena, submit->extensions),
	};
}

static void
on_snapshot_piece(struct daemon *daemon, struct call *call, const void *request)
{
	(void)call;
	taking_piece(self(daemon), request);
}

/* --- Am I still the leader? --- */

/* The asker is gone: forget its question. */
static void
on_verify_cancel(struct call *call)
{
	struct raftd *d = call->keeper;
	struct verify **at = &d->verifies, *gone;

	while (*at != NULL && (*at)->call != call)
		at = &(*at)->next;
	gone = *at;
	assert(gone != NULL);
	*at = gone->next;
	free(gone);
}

static void
on_verify(struct daemon *daemon, struct call *call, const void *request)
{
	struct raftd *d = self(daemon);
	struct verify *verify;

	(void)request;
	if (d->store == NULL || !raft_is_ready(&d->raft)) {
		call_fail(call, "node is not the leader");
		return;
	}
	verify = xcalloc(1, sizeof(*verify));
	*verify = (struct verify){ .next = d->verifies, .call = call };
	verify->term = d->raft.term;
	d->verifies = verify;
	call->keeper = d;
	call->on_cancel = on_verify_cancel;
	/* One round for all that ask in this turn; asked first, begun after. */
	d->inbox.wants_verify = true;
}

static void
answer(struct verify *verify, bool is_leader)
{
	verify->call->on_cancel = NULL;
	if (is_leader)
		call_answer(verify->call, &empty_type, &(struct empty){});
	else
		call_fail(verify->call, "node is not the leader");
	free(verify);
}

void
raftd_answer_verifies(struct raftd *d)
{
	bool is_leader = d->raft.role == ROLE_LEADER;
	struct verify **at = &d->verifies, *verify;

	while ((verify = *at) != NULL) {
		bool is_same = is_leader && verify->term == d->raft.term;

		if (verify->round == 0 && is_same)
			verify->round = raft_verify_round(&d->raft);
		if (is_same && raft_verified_round(&d->raft) < verify->round) {
			at = &verify->next;
			continue;
		}
		*at = verify->next;
		answer(verify, is_same);
	}
}

/* --- What is shown to people. --- */

static void
on_configuration(struct daemon *daemon, struct call *call, const void *request)
{
	struct raftd *d = self(daemon);
	const struct membership *all = &d->raft.latest;
	struct raft_server rows[RAFT_SERVERS_MAX] = { 0 };
	struct raft_configuration_response reply = { 0 };

	(void)request;
	/* Consul 1.8.7 always says index 0 here. */
	reply.servers.items = rows;
	reply.servers.count = all->count;
	for (size_t i = 0; i < all->count; i++) {
		const struct member *member = &all->members[i];
		bool is_self = raft_name_is(&member->id, &d->raft.options.id);

		rows[i] = (struct raft_server){
			.address = slice_of_text(member->address.text),
			.id = slice_of_text(member->id.text),
			.leader =
			    raft_name_is(&member->address, &d->raft.leader),
			.node = is_self
				    ? slice_of_text(daemon->config->node_name)
				    : SLICE("(unknown)"),
			.protocol_version = SLICE("3"),
			.voter = member->suffrage == SUFFRAGE_VOTER,
		};
	}
	call_answer(call, &raft_configuration_response_type, &reply);
}

static struct slice
print_contact(const struct raft *raft, struct arena *arena)
{
	struct buf text = { 0 };
	struct slice copy;

	if (raft->role == ROLE_LEADER)
		return (SLICE("0"));
	if (!raft->has_contact)
		return (SLICE("never"));
	duration_print(instant_since(instant_now(), raft->contact), &text);
	copy = arena_copy(arena, buf_slice(&text));
	buf_deinit(&text);
	return (copy);
}

static struct slice
print_membership(const struct raft *raft, struct arena *arena)
{
	struct buf text = { 0 };
	struct slice copy;

	notes_print_membership(&raft->latest, &text);
	copy = arena_copy(arena, buf_slice(&text));
	buf_deinit(&text);
	return (copy);
}

static uint64_t
other_voters(const struct raft *raft)
{
	return (
	    membership_voter_count(&raft->latest) -
	    (membership_is_voter(&raft->latest, &raft->options.id) ? 1 : 0));
}

/* The section `raft` of `consul info`, keys sorted. */
static void
answer_stats(struct raftd *d, struct call *call)
{
	static const char *const roles[] = { "Follower", "Candidate",
		"Leader" };
	const struct raft *raft = &d->raft;
	const struct trail *trail = &raft->trail;
	struct arena *arena = &call->arena;

#define NUMBER(n) arena_printf(arena, "%llu", (unsigned long long)(n))
	struct pair pairs[] = {
		{ SLICE("applied_index"), NUMBER(d->feed.sent_index) },
		{ SLICE("commit_index"), NUMBER(raft->commit_index) },
		{ SLICE("fsm_pending"),
		    NUMBER(d->feed.sent_index < raft->commit_index
			       ? raft->commit_index - d->feed.sent_index
			       : 0) },
		{ SLICE("last_contact"), print_contact(raft, arena) },
		{ SLICE("last_log_index"), NUMBER(trail->last_index) },
		{ SLICE("last_log_term"), NUMBER(trail_last_term(trail)) },
		{ SLICE("last_snapshot_index"), NUMBER(trail->snapshot_index) },
		{ SLICE("last_snapshot_term"), NUMBER(trail->snapshot_term) },
		{ SLICE("latest_configuration"),
		    print_membership(raft, arena) },
		/* Consul 1.8.7 always says 0 here, too. */
		{ SLICE("latest_configuration_index"), SLICE("0") },
		{ SLICE("num_peers"), NUMBER(other_voters(raft)) },
		{ SLICE("protocol_version"), SLICE("3") },
		{ SLICE("protocol_version_max"), SLICE("3") },
		{ SLICE("protocol_version_min"), SLICE("0") },
		{ SLICE("snapshot_version_max"), SLICE("1") },
		{ SLICE("snapshot_version_min"), SLICE("0") },
		{ SLICE("state"), slice_of_text(roles[raft->role]) },
		{ SLICE("term"), NUMBER(raft->term) },
	};
#undef NUMBER
	struct stats_section section = {
		.name = SLICE("raft"),
		.values = { pairs, sizeof(pairs) / sizeof(pairs[0]) },
	};
	struct stats stats = { .sections = { &section, 1 } };

	call_answer(call, &stats_type, &stats);
}

/* A client agent has no log, and `consul info` no such section. */
static void
on_stats(struct daemon *daemon, struct call *call, const void *request)
{
	struct raftd *d = self(daemon);
	struct stats none = { 0 };

	(void)request;
	if (d->store == NULL)
		call_answer(call, &stats_type, &none);
	else
		answer_stats(d, call);
}

void
raftd_put_stats(struct raftd *d, struct buf *out)
{
	const struct raft *raft = &d->raft;
	struct arena arena;
	struct server_stats stats = {
		.last_index = raft->trail.last_index,
		.last_term = trail_last_term(&raft->trail),
	};

	arena_init(&arena);
	stats.last_contact = print_contact(raft, &arena);
	type_encode(&server_stats_type, &stats, out);
	arena_deinit(&arena);
}

static void
on_raft_stats(struct daemon *daemon, struct call *call, const void *request)
{
	struct buf body = { 0 };

	(void)request;
	raftd_put_stats(self(daemon), &body);
	call_answer_bytes(call, buf_slice(&body));
	buf_deinit(&body);
}

/* --- Other servers. --- */

static void
on_bootstrap(struct daemon *daemon, struct call *call, const void *request)
{
	const struct raft_bootstrap *wanted = request;
	struct raftd *d = self(daemon);
	struct membership all;
	struct buf body = { 0 };
	enum err err;

	(void)call;
	/* Its bytes are those of a configuration entry, and so are its rules.
	 */
	type_encode(&raft_bootstrap_type, wanted, &body);
	err = codec_get_membership(buf_slice(&body), &all);
	buf_deinit(&body);
	if (d->store == NULL || err != ERR_OK)
		return;
	raftd_step(
	    d, &(struct event){ .kind = RAFT_BOOTSTRAP, .as.bootstrap = &all });
}

static void
on_address(struct daemon *daemon, struct call *call, const void *request)
{
	const struct raft_address *where = request;

	(void)call;
	if (self(daemon)->store != NULL)
		net_moved(&self(daemon)->net, where->id, where->address);
}

static void
on_transfer(struct daemon *daemon, struct call *call, const void *request)
{
	struct raftd *d = self(daemon);

	(void)request;
	if (d->store == NULL || d->raft.role != ROLE_LEADER) {
		call_fail(call, "node is not the leader");
		return;
	}
	raftd_step(d, &(struct event){ .kind = RAFT_TRANSFER });
	call_answer(call, &empty_type, &(struct empty){});
}

static void
on_forward(struct daemon *daemon, struct call *call, const void *request)
{
	pool_forward(&self(daemon)->net, call, request);
}

void
raftd_on_peer(struct daemon *daemon, struct edge *edge, bool is_up)
{
	struct raftd *d = self(daemon);

	(void)edge;
	(void)is_up;
	if (d->store == NULL)
		return;
	/* Another catalogd, or none: it says Follow, and what the old one has
	 * proposed is nobody's any more. */
	feed_stop(d);
	taking_stop(d, "catalogd has restarted");
	transfers_stop(d, "catalogd has restarted");
	feed_forget(d);
}

call_fn *const raftd_handlers[METHOD_COUNT] = {
	[METHOD_Raft_Follow] = on_follow,
	[METHOD_Raft_Submit] = on_submit,
	[METHOD_Raft_SnapshotPiece] = on_snapshot_piece,
	[METHOD_Raft_Verify] = on_verify,
	[METHOD_Raft_Configuration] = on_configuration,
	[METHOD_Raft_Stats] = on_stats,
	[METHOD_Raft_Bootstrap] = on_bootstrap,
	[METHOD_Raft_Address] = on_address,
	[METHOD_Raft_AddVoter] = on_add_voter,
	[METHOD_Raft_AddNonvoter] = on_add_nonvoter,
	[METHOD_Raft_RemoveServer] = on_remove_server,
	[METHOD_Raft_Transfer] = on_transfer,
	[METHOD_Peer_Forward] = on_forward,
	[METHOD_Raft_OpenSnapshot] = on_open_snapshot,
	[METHOD_Snapshot_Read] = on_snapshot_read,
	[METHOD_Snapshot_Write] = on_snapshot_write,
	[METHOD_Snapshot_Close] = on_snapshot_close,
	[METHOD_Status_RaftStats] = on_raft_stats,
};
