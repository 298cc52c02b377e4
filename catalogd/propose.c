/* Writes; see propose.h. */
#include <stdlib.h>

#include "catalogd.h"
#include "log.h"
#include "xmalloc.h"

struct proposal {
	struct idmap_node node;
	struct call *call; /* kept until answered; or NULL */
	propose_fn *done;
	struct buf arg;
};

/* hashicorp/raft api.go, ErrLeadershipLost and ErrEnqueueTimeout. */
#define LOST_TEXT "leadership lost while committing log"
#define FULL_TEXT "timed out enqueuing operation"
/* raftd's, of what it has not put into the log. */
#define NO_LEADER_TEXT "No cluster leader"

void
propose_init(struct proposals *p)
{
	idmap_init(&p->open);
	/* An answer to one who was here before us must not fit. */
	p->last_id = (uint64_t)instant_now().ns;
}

static struct proposal *
proposal_new(struct catalogd *c)
{
	struct proposal *proposal = xcalloc(1, sizeof(*proposal));

	proposal->node.id = ++c->proposals.last_id;
	buf_init(&proposal->arg);
	idmap_put(&c->proposals.open, &proposal->node);
	if (c->proposals.open.count == 1)
		edge_expect(c->daemon->edges[DAEMON_raftd], true);
	return (proposal);
}

static struct proposal *
proposal_take(struct catalogd *c, uint64_t id)
{
	struct proposal *p = idmap_take(&c->proposals.open, id);

	if (p != NULL && c->proposals.open.count == 0)
		edge_expect(c->daemon->edges[DAEMON_raftd], false);
	return (p);
}

/* End of a proposal, already taken out: NULL is success. */
static void
proposal_end(struct catalogd *c, struct proposal *p, const struct buf *why)
{
	if (p->call != NULL && why != NULL)
		call_fail_text(p->call, buf_slice(why));
	else if (p->call != NULL)
		call_answer_bytes(p->call, buf_slice(&c->result.reply));
	if (p->done != NULL)
		p->done(c, buf_slice(&p->arg), why);
	buf_deinit(&p->arg);
	free(p);
}

static void
proposal_fail(struct catalogd *c, struct proposal *p, struct slice text)
{
	struct buf why = { 0 };

	buf_put_slice(&why, text);
	proposal_end(c, p, &why);
	buf_deinit(&why);
}

/* It is in nobody's log: whoever leads now can take it. */
static void
proposal_return(struct catalogd *c, struct proposal *p)
{
	struct slice why = SLICE(NO_LEADER_TEXT);

	if (p->call == NULL) {
		proposal_fail(c, p, why);
		return;
	}
	forward_again(p->call, why);
	p->call = NULL;
	proposal_end(c, p, NULL);
}

static void
submit(struct catalogd *c, struct proposal *p, enum fsm_type type,
    const struct type *shape, const void *request)
{
	struct buf entry = { 0 };
	struct raft_submit submit = { .id = p->node.id };
	enum err err;

	buf_put_u8(&entry, (uint8_t)type);
	type_encode(shape, request, &entry);
	submit.data = buf_slice(&entry);
	err = edge_tell(c->daemon->edges[DAEMON_raftd], METHOD_Raft_Submit,
	    &raft_submit_type, &submit);
	buf_deinit(&entry);
	if (err == ERR_OK)
		return;
	proposal_take(c, p->node.id);
	if (err == ERR_FULL)
		proposal_fail(c, p, SLICE(FULL_TEXT));
	else
		proposal_return(c, p);
}

void
propose_call(struct catalogd *c, struct call *call, enum fsm_type type,
    const struct type *shape, const void *request)
{
	struct proposal *p = proposal_new(c);

	p->call = call;
	submit(c, p, type, shape, request);
}

void
propose(struct catalogd *c, enum fsm_type type, const struct type *shape,
    const void *request, propose_fn *done, struct slice arg)
{
	struct proposal *p = proposal_new(c);

	p->done = done;
	buf_put_slice(&p->arg, arg);
	submit(c, p, type, shape, request);
}

void
propose_applied(struct catalogd *c, uint64_t id)
{
	struct proposal *p = proposal_take(c, id);

	if (p != NULL)
		proposal_end(
		    c, p, c->result.is_refused ? &c->result.text : NULL);
}

void
propose_refused(struct catalogd *c, uint64_t id, struct slice why)
{
	struct proposal *p = proposal_take(c, id);

	if (p == NULL)
		return;
	if (slice_is(why, NO_LEADER_TEXT))
		proposal_return(c, p);
	else
		proposal_fail(c, p, why);
}

void
propose_lost(struct catalogd *c)
{
	struct proposal *p;

	while ((p = idmap_any(&c->proposals.open)) != NULL) {
		proposal_take(c, p->node.id);
		proposal_fail(c, p, SLICE(LOST_TEXT));
	}
}
