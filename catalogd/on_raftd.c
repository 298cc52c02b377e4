/*
 * The log as it comes from raftd: what this server is, committed entries, and
 * snapshots in both directions.
 *
 * On every new connection we say how far we have come, and raftd goes on from
 * there: after a restart of ours from the beginning, after one of its own from
 * where we are.
 *
 * Source  local_types.h (raft_follow and those after it), wire/raft.md 7
 */
#include <stdlib.h>

#include "catalogd.h"
#include "figures.h"
#include "log.h"
#include "metrics.h"
#include "xmalloc.h"

#define LOG_NAME	    "agent.server"
#define SNAPSHOT_PIECE_SIZE (256 * 1024)

bool
catalogd_can_write(const struct catalogd *c)
{
	return (c->raft.is_known && c->raft.has_caught_up &&
		c->raft.state.is_leader);
}

/* The only voter may answer even while it does not lead: nobody else can have
 * accepted a write. */
bool
catalogd_can_read(const struct catalogd *c)
{
	return (c->raft.has_caught_up &&
		(c->raft.state.is_leader || c->raft.state.is_sole_voter));
}

/* As Consul, from the first word of any leader on; and a state that is being
 * rebuilt from the log is not shown. */
bool
catalogd_can_read_stale(const struct catalogd *c)
{
	return (c->raft.contact.has_contact && c->raft.has_replayed);
}

void
catalogd_meta(const struct catalogd *c, struct query_meta *meta)
{
	const struct raft_view *raft = &c->raft;

	meta->known_leader = raft->state.leader_address.size > 0;
	if (!raft->state.is_leader && raft->contact.has_contact)
		meta->last_contact =
		    NANOSECONDS(instant_now().ns - raft->contact.last_contact);
}

/* --- What this server is. --- */

/*
 * We have all that was committed when raftd last spoke. A server that has just
 * started does not know how far that is: the commit index in its state is the
 * snapshot's, until an entry of its own term is committed (Raft dissertation,
 * 6.4). So the only voter has caught up when it leads, and not before.
 */
static void
catch_up(struct catalogd *c)
{
	struct raft_view *raft = &c->raft;

	if (raft->is_known && c->applied >= raft->state.commit_index)
		raft->has_replayed = true;
	if (raft->has_caught_up || !raft->is_known ||
	    raft->state.leader_address.size == 0 ||
	    (raft->state.is_sole_voter && !raft->state.is_leader) ||
	    c->applied < raft->state.commit_index)
		return;
	raft->has_caught_up = true;
	catalogd_ready(c);
}

/*
 * How long a leader among several voters may answer without asking them.
 *
 * Its lease: no other server can become leader before lease_until, as long as
 * this server's raftd lives. When raftd dies, the others see its connections
 * close and elect earlier, but none before 300 ms have passed (raftd waits so
 * long). So nobody may rely on the lease for more than TRUST_SPAN beyond a
 * moment at which raftd's connection was seen to stand, and that is looked at
 * for every question that comes here; what is left of the 300 ms is for
 * nanomsg's thread, which may notice a closed connection late. If this process
 * did not run for a while (stopped, starved), nanomsg's thread may not have run
 * either and what it has seen is old: then one round of raft's is asked for
 * instead.
 *
 * Nothing is renewed while nobody asks: an idle leader has no timer for it.
 */
#define TRUST_SPAN MILLISECONDS(100)
#define STALLED	   MILLISECONDS(150)

static bool
has_lease(const struct catalogd *c, struct instant now)
{
	return (now.ns < c->raft.contact.lease_until &&
		instant_since(now, c->turned_at).ns < STALLED.ns &&
		edge_is_connected(c->daemon->edges[DAEMON_raftd]));
}

bool
catalogd_is_fresh(struct catalogd *c)
{
	struct instant now = instant_now();
	struct instant until = instant_add(now, TRUST_SPAN);

	if (!catalogd_can_read(c))
		return (false);
	if (c->raft.state.is_sole_voter)
		return (true);
	if (!has_lease(c, now))
		return (false);
	if (until.ns > c->raft.contact.lease_until)
		until.ns = c->raft.contact.lease_until;
	genpage_trust(c->page, until);
	return (true);
}

/* What readers of the page may do by themselves. Among several voters trust is
 * given by catalogd_is_fresh() alone, and here only taken away. */
static void
trust_set(struct catalogd *c)
{
	const struct raft_contact *contact = &c->raft.contact;
	struct instant heard = INSTANT_NONE;

	if (!c->raft.state.is_leader && catalogd_can_read_stale(c))
		heard.ns = contact->last_contact;
	if (catalogd_can_read(c) && c->raft.state.is_sole_voter)
		genpage_trust(c->page, INSTANT_NEVER);
	else if (!catalogd_can_read(c) || contact->lease_until == 0 ||
		 c->raft.state.is_sole_voter)
		genpage_trust(c->page, INSTANT_NONE);
	genpage_contact(c->page, heard);
}

void
catalogd_ready(struct catalogd *c)
{
	trust_set(c);
	leader_update(c);
	forward_release(c);
}

static bool
leader_moved(const struct raft_state *a, const struct raft_state *b)
{
	return (a->is_leader != b->is_leader ||
		!slice_equal(a->leader_address, b->leader_address));
}

void
on_raft_state(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct raft_state *new = request;
	struct raft_view *raft = &c->raft;
	bool has_moved = leader_moved(&raft->state, new);

	(void)call;
	/* Whoever leads anew may have entries that we have not seen. */
	if (new->is_leader && !raft->state.is_leader) {
		raft->has_caught_up = false;
		raft->leads_since = instant_now();
	}
	/* One voter's trust has no end. */
	if (raft->state.is_sole_voter && !new->is_sole_voter)
		genpage_trust(c->page, INSTANT_NONE);
	arena_reset(&raft->arena);
	type_copy(&raft_state_type, new, &raft->arena, &raft->state);
	raft->is_known = true;
	if (has_moved) {
		genpage_raise(c->page, genpage_bucket(GEN_LEADER, SLICE("")));
		read_moved(c);
	}
	catch_up(c);
	catalogd_ready(c);
	/* The pool may have been there before raftd was. */
	bootstrap_check(c);
}

void
on_raft_contact(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct raft_contact *new = request;

	(void)call;
	if (new->lease_until < c->raft.contact.lease_until)
		genpage_trust(c->page, INSTANT_NONE);
	c->raft.contact = *new;
	trust_set(c);
}

void
raftd_up(struct catalogd *c)
{
	struct raft_follow follow = { .index = c->applied };

	c->raft.is_known = false;
	if (edge_tell(c->daemon->edges[DAEMON_raftd], METHOD_Raft_Follow,
		&raft_follow_type, &follow) != ERR_OK)
		log_error(LOG_NAME, "cannot follow the log", "index=%ju",
		    (uintmax_t)follow.index);
	peers_addresses(c);
}

static void
snapshot_end(struct catalogd *c)
{
	ev_idle_stop(c->daemon->loop, &c->snapshot_idle);
	snapshot_free(c->snapshot);
	c->snapshot = NULL;
}

static void
load_end(struct catalogd *c)
{
	if (c->loading == NULL)
		return;
	snapshot_load_deinit(&c->load);
	state_deinit(c->loading);
	free(c->loading);
	c->loading = NULL;
}

void
raftd_down(struct catalogd *c)
{
	c->raft.is_known = false;
	c->raft.state.is_leader = false;
	c->raft.contact.lease_until = 0;
	snapshot_end(c);
	load_end(c);
	trial_end(c);
	propose_lost(c);
	read_moved(c);
	catalogd_ready(c);
}

/* --- Entries. --- */

/* What we cannot apply others have applied: to go on would be to differ from
 * them without a word. */
static void
cannot_apply(const struct raft_committed *entry, enum err err)
{
	fatal("entry %ju of the log, of type %u, cannot be applied by this "
	      "version: %s",
	    (uintmax_t)entry->index,
	    entry->data.size > 0 ? entry->data.data[0] : 0, err_text(err));
}

static void
command_apply(
    struct catalogd *c, const struct raft_committed *entry, struct slice data)
{
	struct instant begun = instant_now();
	enum err err = fsm_apply(c->state, entry->index, data, &c->result);

	if (err != ERR_OK)
		cannot_apply(entry, err);
	figures_applied(data.data[0], &c->result, begun);
	c->applied = entry->index;
	c->applied_term = entry->term;
	apply_changes(c);
	propose_applied(c, entry->id);
}

/* A piece changes nothing before all are there. The last of ours has its
 * proposal's id: what is not whole then was cut by a change of leaders. */
static void
piece_apply(struct catalogd *c, const struct raft_committed *entry)
{
	struct buf whole = { 0 };
	enum err err = pieces_add(&c->state->pieces, entry->term,
	    entry->extensions, entry->data, &whole);

	if (err != ERR_OK)
		log_error(LOG_NAME, "an entry is no piece of one", "index=%ju",
		    (uintmax_t)entry->index);
	if (whole.size > 0)
		command_apply(c, entry, buf_slice(&whole));
	else
		propose_again(c, entry->id);
	buf_deinit(&whole);
}

void
on_raft_committed(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct raft_committed *entry = request;

	(void)call;
	if (entry->index <= c->applied)
		return; /* had before raftd was restarted */
	if (entry->type == 0 && entry->extensions.size > 0)
		piece_apply(c, entry);
	else if (entry->type == 0)
		command_apply(c, entry, entry->data);
	c->applied = entry->index;
	c->applied_term = entry->term;
	catch_up(c);
}

void
on_raft_refused(struct daemon *d, struct call *call, const void *request)
{
	const struct raft_refused *refused = request;

	(void)call;
	propose_refused(catalogd_of(d), refused->id, refused->why);
}

/* --- Our snapshot, out: a piece whenever there is nothing else to do. --- */

static void
snapshot_send(struct catalogd *c)
{
	struct edge *edge = c->daemon->edges[DAEMON_raftd];
	struct snapshot_piece piece = {
		.index = c->snapshot_index,
		.term = c->snapshot_term,
		.offset = c->snapshot_offset,
	};
	struct buf bytes = { 0 };

	if (edge_queue_size(edge) > SNAPSHOT_PIECE_SIZE)
		return;
	piece.is_last =
	    !snapshot_write(c->snapshot, SNAPSHOT_PIECE_SIZE, &bytes);
	piece.data = buf_slice(&bytes);
	if (edge_tell(edge, METHOD_Raft_SnapshotPiece, &snapshot_piece_type,
		&piece) != ERR_OK ||
	    piece.is_last)
		snapshot_end(c);
	c->snapshot_offset += bytes.size;
	buf_deinit(&bytes);
}

static void
on_snapshot_idle(struct ev_loop *loop, ev_idle *w, int events)
{
	(void)loop;
	(void)events;
	snapshot_send(w->data);
}

void
on_raft_snapshot_wanted(
    struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);

	(void)call;
	(void)request;
	snapshot_end(c);
	c->snapshot = snapshot_take(c->state);
	c->snapshot_index = c->applied;
	c->snapshot_term = c->applied_term;
	c->snapshot_offset = 0;
	ev_idle_start(d->loop, &c->snapshot_idle);
}

/* --- A snapshot, in. --- */

static void
load_begin(struct catalogd *c)
{
	load_end(c);
	c->loading = xcalloc(1, sizeof(*c->loading));
	state_init(c->loading);
	snapshot_load_init(&c->load, c->loading);
}

/* Said once for each type: none of it is lost, and none of it is served. */
static void
kept_tell(const struct state *s)
{
	size_t counts[256] = { 0 };
	struct row *row;

	STATE_EACH(s, ORDER_KEPT, SLICE(""), row)
	counts[KEPT_OF(row)->record.data[0]]++;
	for (unsigned type = 0; type < 256; type++)
		if (counts[type] > 0)
			log_warn(LOG_NAME,
			    "snapshot holds records that are kept, but not "
			    "served by this version",
			    "records=\"%s\" count=%zu",
			    snapshot_kept_name((uint8_t)type), counts[type]);
}

static void
load_done(struct catalogd *c, const struct snapshot_piece *piece)
{
	struct state *old = c->state;

	c->state = c->loading;
	c->loading = NULL;
	c->applied = piece->index;
	c->applied_term = piece->term;
	snapshot_load_deinit(&c->load);
	state_deinit(old);
	free(old);
	kept_tell(c->state);
	apply_restored(c);
	trust_set(c); /* a new epoch begins without */
	catch_up(c);
}

void
on_raft_restore_piece(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct snapshot_piece *piece = request;
	struct buf why = { 0 };

	(void)call;
	if (piece->offset == 0)
		load_begin(c);
	if (c->loading == NULL)
		return; /* the rest of one that raftd gave up */
	if (snapshot_load_piece(&c->load, piece->data, piece->is_last, &why) !=
	    ERR_OK)
		fatal("cannot restore the state at index %ju: %s",
		    (uintmax_t)piece->index, buf_text(&why));
	buf_deinit(&why);
	if (piece->is_last)
		load_done(c, piece);
}

void
raftd_init(struct catalogd *c)
{
	ev_idle_init(&c->snapshot_idle, on_snapshot_idle);
	c->snapshot_idle.data = c;
	arena_init(&c->raft.arena);
}
