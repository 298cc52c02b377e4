/*
 * Snapshots for users: who may have one, and which server's.
 *
 * The bytes do not come this way: raftd is told where to begin, and from then
 * on httpd reads or writes there. What raftd is to put in the place of our
 * state comes here first, piece by piece, to be looked at: a state that we
 * cannot hold must be refused while the old one still stands.
 *
 * Source  wire/rpc.md 10; Consul's snapshot_endpoint.go, dispatch
 */
#include <stdlib.h>

#include "catalogd.h"
#include "log.h"
#include "xmalloc.h"

/* A snapshot of much takes its time. */
#define OPEN_DEADLINE SECONDS(600)

/* In the call's arena. */
struct opening {
	struct catalogd *owner; /* lent */
	struct call *call;
	const struct snapshot_request *request;
	uint64_t ask;
};

static struct edge *
raftd_of(const struct opening *o)
{
	return (o->owner->daemon->edges[DAEMON_raftd]);
}

static void
on_cancel(struct call *call)
{
	struct opening *o = call->keeper;

	edge_cancel(raftd_of(o), o->ask);
}

static void
on_opened(void *arg, const struct answer *answer)
{
	struct opening *o = arg;

	o->call->on_cancel = NULL;
	if (answer->err != ERR_OK)
		call_fail_text(o->call, answer->text);
	else
		call_answer_bytes(o->call, answer->body);
}

/* `address` is that of the server to ask; "" is ours. */
static void
open_at(struct opening *o, struct slice address)
{
	const struct raft_snapshot_open wanted = {
		.op = (uint64_t)o->request->op,
		.address = address,
		.request = o->call->body,
	};

	o->call->on_cancel = on_cancel;
	o->ask = edge_ask(raftd_of(o), METHOD_Raft_OpenSnapshot,
	    &raft_snapshot_open_type, &wanted, OPEN_DEADLINE, on_opened, o);
}

static void
on_verified(void *arg, const struct answer *answer)
{
	struct opening *o = arg;

	o->call->on_cancel = NULL;
	if (answer->err != ERR_OK)
		call_fail_text(o->call, answer->text);
	else
		open_at(o, SLICE(""));
}

/* We lead, as far as we know: what is saved must hold all that anybody was
 * told is done, so others must agree. */
static void
verify(struct opening *o)
{
	const struct empty empty = {};

	o->call->on_cancel = on_cancel;
	o->ask = edge_ask(raftd_of(o), METHOD_Raft_Verify, &empty_type, &empty,
	    SECONDS(30), on_verified, o);
}

static void
open_as_client(struct opening *o)
{
	struct slice address = servers_first(&o->owner->servers);

	if (address.size == 0)
		call_fail(o->call, "No known Consul servers");
	else
		open_at(o, address);
}

static void
open_as_server(struct opening *o)
{
	const struct catalogd *c = o->owner;
	bool is_save = o->request->op == SNAPSHOT_SAVE;

	if (o->request->allow_stale && !is_save)
		call_fail(o->call, "stale not allowed for restore");
	else if (o->request->allow_stale)
		open_at(o, SLICE(""));
	else if (catalogd_can_write(c) && is_save)
		verify(o);
	else if (catalogd_can_write(c))
		open_at(o, SLICE(""));
	else if (!c->raft.is_known || c->raft.state.leader_address.size == 0 ||
		 slice_is(c->raft.state.role, "Leader"))
		call_fail(o->call, "No cluster leader");
	else
		open_at(o, c->raft.state.leader_address);
}

void
on_snapshot_open(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct snapshot_request *q = request;
	struct opening *o = arena_alloc(&call->arena, sizeof(*o));

	if (!datacenter_is_ours(c, call, q->datacenter))
		return;
	*o = (struct opening){ .owner = c, .call = call, .request = q };
	call->keeper = o;
	if (d->config->is_server)
		open_as_server(o);
	else
		open_as_client(o);
}

/* --- May it be restored? --- */

void
trial_end(struct catalogd *c)
{
	if (c->trial == NULL)
		return;
	snapshot_load_deinit(&c->trial_load);
	state_deinit(c->trial);
	free(c->trial);
	c->trial = NULL;
}

void
on_raft_try_snapshot(struct daemon *d, struct call *call, const void *request)
{
	struct catalogd *c = catalogd_of(d);
	const struct snapshot_piece *piece = request;
	struct buf why = { 0 };
	enum err err = ERR_REFUSED;

	if (piece->offset == 0) {
		trial_end(c);
		c->trial = xcalloc(1, sizeof(*c->trial));
		state_init(c->trial);
		snapshot_load_init(&c->trial_load, c->trial);
	}
	if (c->trial == NULL)
		buf_put_text(&why, "its pieces are out of order");
	else
		err = snapshot_load_piece(
		    &c->trial_load, piece->data, piece->is_last, &why);
	if (err != ERR_OK || piece->is_last)
		trial_end(c);
	if (err == ERR_OK)
		call_answer(call, &empty_type, &(struct empty){});
	else
		call_fail_text(call, buf_slice(&why));
	buf_deinit(&why);
}
