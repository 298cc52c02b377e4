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

static enum err
submit_one(struct catalogd *c, const struct raft_submit *submit)
{
	return (edge_tell(c->daemon->edges[DAEMON_raftd], METHOD_Raft_Submit,
	    &raft_submit_type, submit));
}

/* Heartbeats must not wait for one large entry: it goes as several. */
static enum err
submit_pieces(struct catalogd *c, uint64_t id, struct slice entry)
{
	struct piece_head head = { 0 };
	enum err err = ERR_OK;

	arc4random_buf(&head.number, sizeof(head.number));
	head.count = (uint32_t)((entry.size + PIECE_BYTES - 1) / PIECE_BYTES);
	for (; head.sequence < head.count && err == ERR_OK; head.sequence++) {
		bool is_last = head.sequence + 1 == head.count;
		size_t size = is_last ? entry.size : PIECE_BYTES;
		struct raft_submit submit = { .id = is_last ? id : 0,
			.data = slice_head(entry, size) };
		struct buf extensions = { 0 };

		piece_head_put(&head, &extensions);
		submit.extensions = buf_slice(&extensions);
		err = submit_one(c, &submit);
		buf_deinit(&extensions);
		entry = slice_tail(entry, size);
	}
	return (err);
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
	if (entry.size <= PIECE_BYTES)
		err = submit_one(c, &submit);
	else
		err = submit_pieces(c, p->node.id, submit.data);
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
propose_again(struct catalogd *c, uint64_t id)
{
	struct proposal *p = proposal_take(c, id);

	if (p != NULL)
		proposal_return(c, p);
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
